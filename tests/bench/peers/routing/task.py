"""What the benchmark asks every peer to plan, and how a peer tells its plan.

The benchmark judges the plan itself, so no peer says what its own is worth.
"""

import json
import os
import sys
import time


class Task:
    """`TASK.json SECONDS SEED` on the command line.

    `ways` names a file of 32-bit integers, row by row, the costs and times from place to place. `vehicles` are groups of equal ones,
    each with the `numbers` of its members and, where skills matter, the visits it `serves`.
    """

    def __init__(self):
        file, self.seconds, self.seed = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
        with open(file) as text:
            self.__dict__.update(json.load(text))
        self.ways = os.path.join(os.path.dirname(file), self.ways)
        # What reading and importing takes is a gift: only the search is timed.
        self.begun = time.process_time()
        self.complete_after_seconds = None

    def used_seconds(self):
        return time.process_time() - self.begun

    def is_complete(self):
        """Takes in that a plan serves everybody."""
        if self.complete_after_seconds is None:
            self.complete_after_seconds = self.used_seconds()

    def tell(self, tours):
        """Tours are pairs of a vehicle's number and its visits; `None` when no plan was found."""
        print(json.dumps({"tours": tours, "complete_after_seconds": self.complete_after_seconds}))


def square(task):
    """The ways as an array, for peers that have numpy anyway."""
    import numpy

    return numpy.fromfile(task.ways, dtype="<i4").reshape(task.places, task.places).astype(numpy.int64)
