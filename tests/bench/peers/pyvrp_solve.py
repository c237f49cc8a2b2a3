"""Solves a VRPTW instance in Solomon's format with PyVRP, in the DIMACS convention, for so many seconds of processor time.

usage: pyvrp_solve.py FILE SECONDS SEED
"""

import json
import math
import sys
import time

import numpy
from pyvrp import Client, Depot, Location, ProblemData, VehicleType, solve


def read(file):
    """The instance, in tenths."""
    rows = [line.split() for line in open(file) if line.strip()[:1].isdigit()]
    (vehicles, capacity), people = map(int, rows[0]), [list(map(float, row)) for row in rows[1:]]

    def way(a, b):
        return int(10 * math.hypot(a[1] - b[1], a[2] - b[2]))

    ways = [[way(a, b) for b in people] for a in people]
    def tenths(value):
        return int(round(10 * value))

    depot, *customers = people
    clients = [
        Client(
            location=number,
            delivery=[int(row[3])],
            service_duration=tenths(row[6]),
            tw_early=tenths(row[4]),
            tw_late=tenths(row[5]),
        )
        for number, row in enumerate(customers, 1)
    ]
    vehicle = VehicleType(
        num_available=vehicles, capacity=[capacity], tw_early=tenths(depot[4]), tw_late=tenths(depot[5])
    )
    locations = [Location(row[1], row[2]) for row in people]
    ways = numpy.array(ways)
    return ProblemData(locations, clients, [Depot(location=0)], [vehicle], [ways], [ways])


def main():
    file, seconds, seed = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    data = read(file)
    # What reading and importing took is a gift: only the search is timed.
    begin = time.process_time()
    result = solve(data, stop=lambda _: time.process_time() - begin >= seconds, seed=seed, display=False)
    print(json.dumps({"distance": result.cost() / 10 if result.is_feasible() else None}))


main()
