"""Rows set aside: for validation, and in the folds of a cross-validation. By class, drawn by seed.

A class keeps a row for training whatever happens, so that every class can be learned: a class of a single row is never
set aside. Rows of no weight say nothing, here or there: they are not counted and never set aside.

Each partition shuffles its rows by (seed, its place), and counts those of each class on from where the partitions
before it ended. The place of a row in that count decides; so nothing about all rows is known anywhere but how many of
each class a partition has.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.loss import Partition
from smtrain.softmax.sampling import RowCounts

NEVER = -1


@dataclass(frozen=True)
class Share:
    """Sets about `fraction` of each class aside, but never all: called with a partition, it returns a mask (m,)."""

    counts: RowCounts
    fraction: float
    seed: int

    @property
    def quota(self) -> NDArray[np.intp]:
        """How many rows of each class are set aside, (K,): within one of fraction · n_k.

        So is the number in all of fraction · n, as far as no class is too small: what rounding takes from a class the
        next one gets.
        """
        totals = self.counts.of_class
        ends = np.floor(self.fraction * np.cumsum(totals) + 0.5)
        return np.asarray(np.minimum(np.diff(ends, prepend=0.0).astype(np.intp), np.maximum(totals - 1, 0)))

    def __call__(self, partition: Partition) -> NDArray[np.bool_]:
        """Of the places 0 … n_k − 1 of a class q are set aside, evenly spread: where ⌊place · q / n_k⌋ goes up."""
        rows, place = _places(partition, self.counts, self.seed)
        q, n = self.quota[partition.y[rows]], self.counts.of_class[partition.y[rows]]
        aside = np.zeros(partition.rows, np.bool_)
        aside[rows] = (place + 1) * q // n > place * q // n
        return aside


@dataclass(frozen=True)
class Folds:
    """Deals the rows out to `most` folds: called with a partition, it returns the fold of each row, (m,), or NEVER.

    The rows of each class are dealt in turn, going on where the class before ended. NEVER is for the row of a class of
    one.
    """

    counts: RowCounts
    most: int
    seed: int

    @property
    def dealt(self) -> NDArray[np.intp]:
        """How many rows of each class are dealt out, (K,)."""
        totals = self.counts.of_class
        return np.where(totals > 1, totals, 0)

    @property
    def number(self) -> int:
        """The folds that there are: with fewer rows than folds the last ones are left out."""
        return min(self.most, int(self.dealt.sum()))

    def __call__(self, partition: Partition) -> NDArray[np.int32]:
        """The fold, 0 … most − 1, of each row, (m,)."""
        rows, place = _places(partition, self.counts, self.seed)
        y, first = partition.y[rows], np.cumsum(self.dealt) - self.dealt
        fold = np.full(partition.rows, NEVER, np.int32)
        fold[rows] = np.where(self.dealt[y] > 0, (first[y] + place) % self.most, NEVER)
        return fold


def _places(partition: Partition, counts: RowCounts, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The rows that weigh something, (w,), and the place of each, from 0, among its class in a shuffled order."""
    rows = np.flatnonzero(partition.v > 0)
    shuffled = np.random.default_rng([seed, partition.start]).permutation(len(rows))
    order = shuffled[np.argsort(partition.y[rows][shuffled], kind="stable")]  # by class, and shuffled in each
    of_class = np.bincount(partition.y[rows], minlength=counts.classes)
    first = np.cumsum(of_class) - of_class
    place = np.empty(len(rows), np.intp)
    place[order] = np.arange(len(rows)) - np.repeat(first - counts.before(partition.start), of_class)
    return rows, place
