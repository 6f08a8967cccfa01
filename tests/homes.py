"""Homes for rows that are for tests: one that keeps nothing back for the program, and one that pickles everything."""

import pickle
from functools import partial

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


def twice(function, *things):
    """What a function gives that goes through a pickle, as the things and the result do, and runs twice."""

    def once():
        return copied(copied(function)(*map(copied, things)))

    once()
    return once()


class PicklingRows(LocalRows):
    """Every function, partition, kept piece and result goes through a pickle, and every function runs twice."""

    def apply(self, function, kept, k):
        return super().apply(partial(twice, function), kept, k)


class ThreadsOfRows(MemoryHome):
    """The threads that work over PicklingRows, whose functions have been through a pickle already."""

    def rows(self, partitions):
        return PicklingRows([copied(partitions[k]) for k in range(len(partitions))], self)


class Pickling(MemoryHome):
    """A home in which no function can share anything with its caller, as in another process: neither those over raw
    partitions (`map`, `sum`, `listed`) nor those over rows.
    """

    def __init__(self, threads=1, **more):
        super().__init__(threads, **more)
        self._of_rows = ThreadsOfRows(threads, **more)

    def map(self, function, things):
        return super().map(partial(twice, function), things)

    def rows(self, partitions):
        return self._of_rows.rows(partitions)

    def close(self):
        super().close()
        self._of_rows.close()
