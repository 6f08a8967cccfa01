"""Rows set aside, for validation and in the folds of a cross-validation: drawn by seed, a share of each class.

A class always keeps a row for training, so that every class can be learned: the row of a class of one is never set
aside. Rows of no weight are not counted and never set aside. Where rows have groups, whole groups are dealt, and what
becomes of the classes shows in a tally.

Each partition shuffles its rows by (seed, position of its first row). Then it numbers the rows of each class, beginning
where the partition before it ended. This number, the place of a row among its class, decides. So all that has to be
known of all rows is how many rows of each class each partition has.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.loss import Partition
from smtrain.softmax.sampling import RowCounts

# The fold of a row that is in none.
NEVER = -1

Counts = NDArray[np.intp]
FoldOf = NDArray[np.int32]


@dataclass(frozen=True)
class Share:
    """Sets about `fraction` of each class aside, but never all. Called with a partition, it returns a mask (m,)."""

    counts: RowCounts
    fraction: float
    seed: int

    @property
    def quota(self) -> NDArray[np.intp]:
        """The number of rows of each class that are set aside, (K,): within one of fraction · n_k.

        The number of all rows set aside is within one of fraction · n, unless some class is too small.
        """
        # Not each fraction · n_k is rounded, but each sum of the first k: what rounding takes from a class the next one
        # gets.
        totals = self.counts.of_class
        ends = np.floor(self.fraction * np.cumsum(totals) + 0.5)
        return np.asarray(np.minimum(np.diff(ends, prepend=0.0).astype(np.intp), np.maximum(totals - 1, 0)))

    def __call__(self, partition: Partition) -> NDArray[np.bool_]:
        """Return which rows of a partition are set aside, (m,)."""
        # Of the places 0 … n_k − 1 of a class q are set aside, evenly spread: those where ⌊place · q / n_k⌋ goes up.
        rows, place = _places(partition, self.counts, self.seed)
        q, n = self.quota[partition.y[rows]], self.counts.of_class[partition.y[rows]]
        aside = np.zeros(partition.rows, np.bool_)
        aside[rows] = (place + 1) * q // n > place * q // n
        return aside


@dataclass(frozen=True)
class Folds:
    """Deals the rows out to `most` folds. Called with a partition, it returns the fold of each row, (m,), or NEVER.

    The rows of each class are dealt in turn, beginning at the fold where the class before ended. The row of a class of
    one is in no fold: it gets NEVER, and so do rows of no weight.
    """

    counts: RowCounts
    most: int
    seed: int

    @property
    def dealt(self) -> NDArray[np.intp]:
        """The number of rows of each class that are dealt out, (K,)."""
        totals = self.counts.of_class
        return np.where(totals > 1, totals, 0)

    @property
    def number(self) -> int:
        """The number of folds that have rows: with fewer rows than folds the last folds are empty."""
        return min(self.most, int(self.dealt.sum()))

    def __call__(self, partition: Partition) -> NDArray[np.int32]:
        """Return the fold of each row of a partition, 0 … most − 1 or NEVER, (m,)."""
        rows, place = _places(partition, self.counts, self.seed)
        y, first = partition.y[rows], np.cumsum(self.dealt) - self.dealt
        fold = np.full(partition.rows, NEVER, np.int32)
        fold[rows] = np.where(self.dealt[y] > 0, (first[y] + place) % self.most, NEVER)
        return fold


@dataclass(frozen=True)
class GroupFolds:
    """Deals whole groups out: `fold_of` (G,) is the fold of each. Called with a partition, as `Folds`."""

    fold_of: FoldOf

    def __call__(self, partition: Partition) -> FoldOf:
        """Return the fold of each row of a partition, that of its group; NEVER for one of no weight, (m,)."""
        return of_groups(self.fold_of, NEVER, partition)


@dataclass(frozen=True)
class GroupShare:
    """Sets whole groups aside: those of a mask `aside` (G,). Called with a partition, it returns a mask (m,)."""

    aside: NDArray[np.bool_]

    def __call__(self, partition: Partition) -> NDArray[np.bool_]:
        """Return which rows of a partition are set aside, (m,)."""
        return of_groups(self.aside, False, partition)


def of_groups(values: NDArray[Any], otherwise: Any, partition: Partition) -> NDArray[Any]:
    """Return the value (m,) of the group of each row, of `values` (G,); another for a row of no weight or no group."""
    if partition.groups is None:
        return np.full(partition.rows, otherwise, values.dtype)
    return np.where(partition.v > 0, values[partition.groups], otherwise).astype(values.dtype)


def folds_of_groups(sizes: Counts, folds: int, seed: int) -> FoldOf:
    """Return the fold of each group, of so many rows (G,): the largest group first, each where the fewest rows are.

    Of groups as large as each other the seed says which comes first. A group of no rows is in no fold: NEVER.
    """
    shuffled = np.random.default_rng(seed).permutation(len(sizes))
    fold_of, filled = np.full(len(sizes), NEVER, np.int32), np.zeros(min(folds, int((sizes > 0).sum())), np.intp)
    for one in shuffled[np.argsort(-sizes[shuffled], kind="stable")]:
        if sizes[one]:
            fold_of[one] = filled.argmin()
            filled[fold_of[one]] += sizes[one]
    return fold_of


def group_sizes(partition: Partition, groups: int) -> Counts:
    """Return the rows of each group that have a weight, (G,)."""
    if partition.groups is None:
        return np.zeros(groups, np.intp)
    return np.bincount(partition.groups[partition.v > 0], minlength=groups)


def fold_tally(partition: Partition, fold: FoldOf, classes: int, folds: int) -> Counts:
    """Return the rows of each class that have a weight, in no fold and in each, (K, folds + 1)."""
    there = partition.v > 0
    pairs = partition.y[there] * (folds + 1) + fold[there] + 1
    return np.bincount(pairs, minlength=classes * (folds + 1)).reshape(classes, folds + 1)


def _places(partition: Partition, counts: RowCounts, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the positions of the rows that have a weight, (w,), and the place of each among its class, (w,).

    The places count from 0, in a shuffled order.
    """
    # 1. The rows that have a weight, shuffled, then sorted by class. Within a class they stay shuffled.
    rows = np.flatnonzero(partition.v > 0)
    shuffled = np.random.default_rng([seed, partition.start]).permutation(len(rows))
    order = shuffled[np.argsort(partition.y[rows][shuffled], kind="stable")]
    # 2. Within each class they are numbered on from the number of its rows in the partitions before.
    of_class = np.bincount(partition.y[rows], minlength=counts.classes)
    first = np.cumsum(of_class) - of_class
    place = np.empty(len(rows), np.intp)
    place[order] = np.arange(len(rows)) - np.repeat(first - counts.before(partition.start), of_class)
    return rows, place
