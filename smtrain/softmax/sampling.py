"""A sample of the rows, for the first steps of a fit: of each class its share, and a rare class nearly whole."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.loss import Partition

# Of a class as many rows as this, if it has them, however small its share of the sample would be.
FEWEST_OF_CLASS = 8


@dataclass(frozen=True)
class RowCounts:
    """The rows of weight in each partition, by class: the partitions' starts (P,), in order, and counts (P, K)."""

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
        """The rows of each class in all partitions, (K,)."""
        return np.asarray(self.counts.sum(axis=0))

    @property
    def total(self) -> int:
        """The rows that weigh anything."""
        return int(self.counts.sum())

    def before(self, start: int) -> NDArray[np.intp]:
        """The rows of each class in the partitions before the one that starts there, (K,)."""
        return np.asarray(self._before[np.searchsorted(self.starts, start)])

    @cached_property
    def _before(self) -> NDArray[np.intp]:
        return np.cumsum(self.counts, axis=0) - self.counts


def row_counts(partition: Partition, classes: int) -> RowCounts:
    """Those of one partition."""
    counts = np.bincount(partition.y[partition.v > 0], minlength=classes)
    return RowCounts(np.array([partition.start]), counts[None])


class Sampler:
    """Picks one row in `every` of each class, but at least FEWEST_OF_CLASS.

    Systematic: the rows of a class are counted through all partitions and taken at equal distances, so that the sample
    needs no random numbers, and every stretch of the file has its share. Rows of no weight are not taken.
    """

    def __init__(self, counts: RowCounts, every: int) -> None:
        self._counts = counts
        self._distance = np.clip(counts.of_class // FEWEST_OF_CLASS, 1, every)

    def pick(self, partition: Partition) -> Partition:
        """The rows of a partition that are taken, none of them set aside."""
        return replace(partition.take(self.rows(partition)), u=None)

    def rows(self, partition: Partition) -> NDArray[np.intp]:
        """The positions of the rows of a partition that are taken, ascending."""
        rows = np.flatnonzero(partition.v > 0)
        order = np.argsort(partition.y[rows], kind="stable")
        y = partition.y[rows][order]
        first = np.searchsorted(y, y)  # the place where each one's class begins
        place = self._counts.before(partition.start)[y] + np.arange(len(y)) - first
        distance = self._distance[y]
        return np.sort(rows[order[place % distance == distance - 1]])
