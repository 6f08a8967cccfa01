"""Homes for rows that are for tests: one that keeps nothing back for the program, and one that pickles everything."""

import pickle

from smtrain.partitions.disk import DiskHome
from smtrain.partitions.memory import LocalRows, MemoryHome


class Spilling(DiskHome):
    """A limit of memory for the rows alone."""

    def reserve(self, size):
        pass


def home_of(memory, threads=1, **more):
    """The home of a fit with so much memory for its rows; None is no limit."""
    return MemoryHome(threads, **more) if memory is None else Spilling(memory, threads, **more)


def copied(thing):
    return pickle.loads(pickle.dumps(thing))


class PicklingRows(LocalRows):
    """Every function, partition, kept piece and result goes through a pickle, and every function runs twice."""

    def apply(self, function, kept, k):
        def once():
            return copied(super(PicklingRows, self).apply(copied(function), [[*map(copied, one)] for one in kept], k))

        once()
        return once()


class Pickling(MemoryHome):
    """A home in which no function can share anything with its caller, as in another process."""

    def rows(self, partitions):
        return PicklingRows([copied(partitions[k]) for k in range(len(partitions))], self)
