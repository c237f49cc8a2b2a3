"""PyVRP. It knows no skills: a group of vehicles has its own ways, prohibitive to the visits it may not serve."""

import pyvrp
from task import Task, square


def profile(task, ways, vehicle):
    if vehicle["serves"] is None:
        return ways
    ways, served = ways.copy(), set(vehicle["serves"])
    for number, visit in enumerate(task.visits):
        if number not in served:
            ways[:, visit["place"]] = 10 * task.unserved_cost
            ways[visit["place"], visit["place"]] = 0
    return ways


def problem(task):
    ways = square(task)
    depots = sorted({vehicle["place"] for vehicle in task.vehicles})
    has_skills = any(vehicle["serves"] is not None for vehicle in task.vehicles)
    clients = [
        pyvrp.Client(
            location=visit["place"],
            delivery=[visit["load"]],
            service_duration=visit["service"],
            tw_early=visit["from"],
            tw_late=visit["until"],
            required=not task.may_leave_out,
            prize=task.unserved_cost if task.may_leave_out else 0,
        )
        for visit in task.visits
    ]
    vehicles = [
        pyvrp.VehicleType(
            num_available=len(vehicle["numbers"]),
            capacity=[vehicle["capacity"]],
            start_depot=depots.index(vehicle["place"]),
            end_depot=depots.index(vehicle["place"]),
            fixed_cost=task.vehicle_cost,
            tw_early=vehicle["from"],
            tw_late=vehicle["until"],
            profile=number if has_skills else 0,
        )
        for number, vehicle in enumerate(task.vehicles)
    ]
    costs = [profile(task, ways, vehicle) for vehicle in task.vehicles] if has_skills else [ways]
    return pyvrp.ProblemData(
        [pyvrp.Location(0, 0)] * task.places,
        clients,
        [pyvrp.Depot(location=place) for place in depots],
        vehicles,
        costs,
        [ways] * len(costs),
    )


def main():
    task = Task()

    def stop(best_cost):
        if best_cost < 2**62:  # an infeasible one costs as much as an integer can
            task.is_complete()
        return task.used_seconds() >= task.seconds

    result = pyvrp.solve(problem(task), stop=stop, seed=task.seed, display=False)
    if not result.is_feasible():
        return task.tell(None)
    left, tours = [list(vehicle["numbers"]) for vehicle in task.vehicles], []
    for route in result.best.routes():
        visits = [activity.idx for activity in route.schedule() if activity.is_client()]
        tours.append((left[route.vehicle_type()].pop(0), visits))
    task.tell(tours)


main()
