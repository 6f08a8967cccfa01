"""A sample of the rows, for the first steps of a fit: a share of each class, and nearly all rows of a rare class."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.loss import Partition

# The fewest rows of a class in the sample, if the class has as many. With fewer, the sample's fit would say little of a
# rare class.
FEWEST_OF_CLASS = 8


@dataclass(frozen=True)
class RowCounts:
    """The rows of each class in each partition, rows of no weight not counted.

    `starts` (P,) are the positions of the partitions' first rows, ascending; `counts` is (P, K).
    """

    starts: NDArray[np.intp]
    counts: NDArray[np.intp]

    def __add__(self, other: "RowCounts") -> "RowCounts":
        return RowCounts(np.append(self.starts, other.starts), np.concatenate([self.counts, other.counts]))

    @property
    def classes(self) -> int:
        """The number of classes, K."""
        return int(self.counts.shape[1])

    @cached_property
    def of_class(self) -> NDArray[np.intp]:
        """The number of rows of each class in all partitions, (K,)."""
        return np.asarray(self.counts.sum(axis=0))

    @property
    def total(self) -> int:
        """The number of rows that have a weight."""
        return int(self.counts.sum())

    def before(self, start: int) -> NDArray[np.intp]:
        """Return the number of rows of each class in the partitions before the one that starts at `start`, (K,)."""
        return np.asarray(self._before[np.searchsorted(self.starts, start)])

    @cached_property
    def _before(self) -> NDArray[np.intp]:
        """The rows of each class before each partition, (P, K)."""
        return np.cumsum(self.counts, axis=0) - self.counts


def row_counts(partition: Partition, classes: int) -> RowCounts:
    """Return the counts of one partition."""
    counts = np.bincount(partition.y[partition.v > 0], minlength=classes)
    return RowCounts(np.array([partition.start]), counts[None])


class Sampler:
    """Picks one row in `every` of each class, but at least FEWEST_OF_CLASS. Rows of no weight are not taken.

    The sample is systematic: the rows of a class are counted through all partitions, and every d-th one is taken. So it
    needs no random numbers, and every stretch of the table has its share.
    """

    def __init__(self, counts: RowCounts, every: int) -> None:
        self._counts = counts
        self._distance = np.clip(counts.of_class // FEWEST_OF_CLASS, 1, every)

    def pick(self, partition: Partition) -> Partition:
        """Return the rows of a partition that are taken. None of them is set aside."""
        return replace(partition.take(self.rows(partition)), u=None)

    def rows(self, partition: Partition) -> NDArray[np.intp]:
        """Return the positions of the rows of a partition that are taken, ascending."""
        # 1. The rows that have a weight, sorted by class; rows of a class stay in their order.
        rows = np.flatnonzero(partition.v > 0)
        order = np.argsort(partition.y[rows], kind="stable")
        y = partition.y[rows][order]
        # 2. The place of each row among all rows of its class: those of earlier partitions, then those of this one.
        first = np.searchsorted(y, y)
        place = self._counts.before(partition.start)[y] + np.arange(len(y)) - first
        # 3. Every d-th row of a class is taken, d the class's distance.
        distance = self._distance[y]
        return np.sort(rows[order[place % distance == distance - 1]])
