"""The routing library of OR-tools: parallel cheapest insertion, then guided local search."""

from ortools.constraint_solver import pywrapcp, routing_enums_pb2
from task import Task, square


def model(task):
    numbers = {number: vehicle for vehicle in task.vehicles for number in vehicle["numbers"]}
    homes = [numbers[number]["place"] for number in range(len(numbers))]
    manager = pywrapcp.RoutingIndexManager(task.places, len(homes), homes, homes)
    routing = pywrapcp.RoutingModel(manager)
    ways = square(task)
    routing.SetArcCostEvaluatorOfAllVehicles(routing.RegisterTransitMatrix(ways.tolist()))
    routing.SetFixedCostOfAllVehicles(task.vehicle_cost)
    services, loads = [0] * task.places, [0] * task.places
    for visit in task.visits:
        services[visit["place"]], loads[visit["place"]] = visit["service"], visit["load"]
    for row, service in zip(ways, services):
        row += service
    horizon = max(vehicle["until"] for vehicle in task.vehicles)
    routing.AddDimension(routing.RegisterTransitMatrix(ways.tolist()), horizon, horizon, False, "time")
    if any(loads):
        capacities = [numbers[number]["capacity"] for number in range(len(numbers))]
        load = routing.RegisterUnaryTransitVector(loads)
        routing.AddDimensionWithVehicleCapacity(load, 0, capacities, True, "load")
    restrict(task, manager, routing, numbers)
    return manager, routing


def restrict(task, manager, routing, numbers):
    time = routing.GetDimensionOrDie("time")
    for number, vehicle in numbers.items():
        time.CumulVar(routing.Start(number)).SetRange(vehicle["from"], vehicle["until"])
        time.CumulVar(routing.End(number)).SetRange(vehicle["from"], vehicle["until"])
    served = {number: set(vehicle["serves"]) for number, vehicle in numbers.items() if vehicle["serves"] is not None}
    for number, visit in enumerate(task.visits):
        index = manager.NodeToIndex(visit["place"])
        time.CumulVar(index).SetRange(visit["from"], visit["until"])
        if served:
            # -1 is nobody; `SetAllowedVehiclesForIndex` takes no list in the Python of 9.15.
            may_serve = [one for one, visits in served.items() if number in visits]
            routing.VehicleVar(index).SetValues([-1, *may_serve])
        if task.may_leave_out:
            routing.AddDisjunction([index], task.unserved_cost)
    # A place where nobody lives and nothing is to be done, such as a depot that is not looked at, is left out for nothing.
    used = {one["place"] for one in [*task.visits, *task.vehicles]}
    for place in set(range(task.places)) - used:
        index = manager.NodeToIndex(place)
        routing.AddDisjunction([index], 0)
        routing.ActiveVar(index).SetValue(0)


def main():
    task = Task()
    manager, routing = model(task)
    options = pywrapcp.DefaultRoutingSearchParameters()
    options.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION
    options.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    options.time_limit.FromNanoseconds(int(max(task.seconds - task.used_seconds(), 0.001) * 1e9))
    routing.AddAtSolutionCallback(task.is_complete)
    found = routing.SolveWithParameters(options)
    if found is None:
        return task.tell(None)
    visit_at, tours = {visit["place"]: number for number, visit in enumerate(task.visits)}, []
    for number in range(routing.vehicles()):
        index, visits = found.Value(routing.NextVar(routing.Start(number))), []
        while not routing.IsEnd(index):
            visits.append(visit_at[manager.IndexToNode(index)])
            index = found.Value(routing.NextVar(index))
        tours.append((number, visits))
    task.tell([tour for tour in tours if tour[1]])


main()
