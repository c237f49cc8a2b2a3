"""VROOM, explored as deeply as it goes. It ends by itself when it has tried everything it tries."""

from datetime import timedelta

import vroom
from task import Task, square


def problem(task):
    asked = vroom.Input()
    asked.set_durations_matrix("car", square(task))
    has_skills = any(vehicle["serves"] is not None for vehicle in task.vehicles)
    for vehicle in task.vehicles:
        for number in vehicle["numbers"]:
            asked.add_vehicle(
                vroom.Vehicle(
                    id=number,
                    start=vehicle["place"],
                    end=vehicle["place"],
                    capacity=[vehicle["capacity"]],
                    skills=set(vehicle["serves"] or []),
                    time_window=vroom.TimeWindow(vehicle["from"], vehicle["until"]),
                    costs=vroom.VehicleCosts(fixed=task.vehicle_cost),
                )
            )
    for number, visit in enumerate(task.visits):
        asked.add_job(
            vroom.Job(
                id=number,
                location=visit["place"],
                default_service=visit["service"],
                delivery=vroom.Amount([visit["load"]]),
                skills={number} if has_skills else set(),
                time_windows=[vroom.TimeWindow(visit["from"], visit["until"])],
            )
        )
    return asked


def main():
    task = Task()
    asked = problem(task)
    left = timedelta(seconds=max(task.seconds - task.used_seconds(), 0.001))
    told = asked.solve(exploration_level=5, nb_threads=1, timeout=left)
    jobs = told.routes[told.routes["type"] == "job"]
    task.tell([(int(number), [int(job) for job in of["id"]]) for number, of in jobs.groupby("vehicle_id", sort=False)])


main()
