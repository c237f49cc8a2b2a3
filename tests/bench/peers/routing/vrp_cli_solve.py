"""vrp-cli: the task in its own format, and the program named by `VRP_CLI`. It draws its own dice."""

import array
import json
import os
import subprocess
import tempfile
from datetime import datetime, timedelta, timezone

from task import Task


def moment(seconds):
    return (datetime(2000, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def job(number, visit, has_skills):
    times = [[moment(visit["from"]), moment(visit["until"])]]
    place = {"location": {"index": visit["place"]}, "duration": visit["service"], "times": times}
    asked = {"id": str(number), "deliveries": [{"places": [place], "demand": [visit["load"]]}]}
    return {**asked, "skills": {"allOf": [str(number)]}} if has_skills else asked


def vehicle(group):
    place = {"index": group["place"]}
    return {
        "typeId": str(group["numbers"][0]),
        "vehicleIds": [str(number) for number in group["numbers"]],
        "profile": {"matrix": "car"},
        "costs": {"fixed": 0, "distance": 1, "time": 0},
        "shifts": [
            {
                "start": {"earliest": moment(group["from"]), "location": place},
                "end": {"latest": moment(group["until"]), "location": place},
            }
        ],
        "capacity": [group["capacity"]],
        "skills": [str(number) for number in group["serves"] or []],
    }


def files(task, folder):
    has_skills = any(group["serves"] is not None for group in task.vehicles)
    aims = ["minimize-unassigned", *(["minimize-tours"] if task.vehicle_cost else []), "minimize-cost"]
    plan = {"jobs": [job(number, visit, has_skills) for number, visit in enumerate(task.visits)]}
    fleet = {"vehicles": [vehicle(group) for group in task.vehicles], "profiles": [{"name": "car"}]}
    ways = array.array("i")
    with open(task.ways, "rb") as file:
        ways.frombytes(file.read())
    matrix = {"profile": "car", "travelTimes": list(ways), "distances": list(ways)}
    problem = {"plan": plan, "fleet": fleet, "objectives": [{"type": aim} for aim in aims]}
    for name, content in [("problem.json", problem), ("matrix.json", matrix)]:
        with open(os.path.join(folder, name), "w") as file:
            json.dump(content, file)


def main():
    task = Task()
    with tempfile.TemporaryDirectory() as folder:
        files(task, folder)
        words = [os.environ["VRP_CLI"], "solve", "pragmatic", "problem.json", "-m", "matrix.json", "-o", "plan.json"]
        limits = ["--max-time", str(max(int(task.seconds), 1)), "--parallelism", "1,1"]
        # Its memory counts, not that of this script.
        environment = dict(os.environ)
        os.environ.pop("PEAK_MEMORY_FILE", None)
        subprocess.run(words + limits, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
        with open(os.path.join(folder, "plan.json")) as file:
            told = json.load(file)
    tours = []
    for tour in told["tours"]:
        activities = [activity for stop in tour["stops"] for activity in stop["activities"]]
        visits = [int(activity["jobId"]) for activity in activities if activity["type"] == "delivery"]
        tours.append((int(tour["vehicleId"]), visits))
    task.tell(tours)


main()
