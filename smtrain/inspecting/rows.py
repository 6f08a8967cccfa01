"""Rows as hashes: equal rows, with the same label or another one; and a sample of the rows."""

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smtrain.errors import Place
from smtrain.sources.interface import Places, Rows

Hashes = NDArray[np.uint64]
# Rows that are compared with each other, at 16 bytes each: 160 MB.
MOST_ROWS = 10_000_000
# Rows of the sample. In wide tables they are fewer, for 16 MiB of cells at most, but not below the second number.
SAMPLED_ROWS = 10_000
FEWEST_SAMPLED = 1_000
SAMPLED_CELLS = 1 << 21
# 2⁶⁴ divided by the golden ratio, odd: multiplied with it, hashes spread over all 64 bits (Knuth, vol. 3, 6.4).
FACTOR = np.uint64(0x9E3779B97F4A7C15)


class Lines:
    """The line at which each row starts, by its number from 0."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._places: list[Places] = []
        self.rows = 0

    def add(self, rows: Rows) -> None:
        """Go on with some more rows."""
        self._starts.append(self.rows)
        self._places.append(rows.places)
        self.rows += rows.count

    def of(self, row: int) -> Place:
        """The source and line of a row."""
        k = bisect_right(self._starts, row) - 1
        return self._places[k][row - self._starts[k]]


def combined(columns: list[Hashes], rows: int) -> Hashes:
    """One hash for each row of several columns of hashes."""
    hashes = np.zeros(rows, np.uint64)
    for column in columns:
        hashes = hashes * FACTOR + column
        hashes ^= hashes >> np.uint64(29)
    return hashes


@dataclass(frozen=True)
class Repeats:
    """`same` rows repeat an earlier one, its label too; `contradicting` rows are equal to one with another label.

    `labels` counts the different labels.
    `first_same` and `first_contradiction` are pairs of rows; `distinct` counts the rows that differ in their features.
    """

    rows: int
    labels: int
    distinct: int
    same: int
    contradicting: int
    first_same: tuple[int, int] | None
    first_contradiction: tuple[int, int] | None


class RowHashes:
    """The hash of the features and that of the label of every row, up to MOST_ROWS."""

    def __init__(self) -> None:
        self._features: list[Hashes] = []
        self._labels: list[Hashes] = []
        self.rows = 0

    def add(self, features: Hashes, labels: Hashes) -> None:
        """Keep the hashes of some rows."""
        if self.rows < MOST_ROWS:
            self._features.append(features)
            self._labels.append(labels)
            self.rows += len(features)

    def repeats(self) -> Repeats:
        """Count equal rows, and find the first ones.

        Rows are put in the order of the hashes of their features, so that equal ones stand together, the earliest
        first. A row contradicts if its label is another than that of the first row of its group; all rows of a group
        with such a row count as contradicting. Rows are equal if the hash of features and label is.
        """
        features, labels = np.concatenate(self._features), np.concatenate(self._labels)
        order = np.argsort(features, kind="stable")
        starts = np.flatnonzero(np.diff(features[order], prepend=~features[order[:1]]) != 0)
        group = np.repeat(np.arange(len(starts)), np.diff([*starts, len(order)]))
        first = order[starts][group]  # of each row, in this order: the first that is equal to it
        other = labels[order] != labels[first]
        mixed = np.bincount(group, other, minlength=len(starts)) > 0
        whole = combined([features, labels], len(labels))
        same, earlier = _repeated(whole)
        return Repeats(
            rows=len(labels),
            labels=len(np.unique(labels)),
            distinct=len(starts),
            same=len(same),
            contradicting=int(mixed[group].sum()),
            first_same=_least(earlier, same),
            first_contradiction=_least(first[other], order[other]),
        )


class LevelSample:
    """All rows of some of the values of a column, drawn by a hash of the value: the values and labels, as hashes.

    A sample of rows has too few of each value of a column of very many.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = np.uint64(np.iinfo(np.uint64).max)
        self._kept: list[Hashes] = []
        self._rows = 0

    def add(self, values: Hashes, labels: Hashes) -> None:
        """Go on with some more rows."""
        rank = (values ^ FACTOR) * FACTOR  # the hash of 0 is 0
        chosen = rank <= self._limit
        self._kept.append(np.stack([rank[chosen], values[chosen], labels[chosen]]))
        self._rows += self._kept[-1].shape[1]
        while self._rows > self._most and self._limit:
            self._limit = np.uint64(int(self._limit) // 2)
            self._kept = [part[:, part[0] <= self._limit] for part in self._kept]
            self._rows = sum(part.shape[1] for part in self._kept)

    def columns(self) -> tuple[Hashes, Hashes]:
        """Values (m,) and labels (m,)."""
        whole = np.concatenate(self._kept, axis=1)
        return whole[1], whole[2]


def _repeated(values: Hashes) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The rows that repeat an earlier one, and the first that they repeat."""
    _, firsts, inverse = np.unique(values, return_index=True, return_inverse=True)
    again = np.flatnonzero(firsts[inverse] != np.arange(len(values)))
    return again, firsts[inverse[again]]


def _least(first: NDArray[np.intp], second: NDArray[np.intp]) -> tuple[int, int] | None:
    """The pair of rows whose second comes earliest."""
    if not len(second):
        return None
    k = int(second.argmin())
    return int(first[k]), int(second[k])


class Sample:
    """Some of the rows, drawn by a hash of their number: their cells by column, as hashes and as numbers; labels."""

    def __init__(self, columns: int) -> None:
        self.most = max(FEWEST_SAMPLED, min(SAMPLED_ROWS, SAMPLED_CELLS // max(1, columns)))
        self._limit = np.uint64(np.iinfo(np.uint64).max)
        self._kept: list[NDArray[np.uint64]] = []
        self._rows = self._seen = 0

    def add(self, columns: list[Hashes], numbers: list[NDArray[np.float64]], labels: Hashes) -> None:
        """Go on with some more rows: hashes (n,) and numbers (n,) of each column, hashes of the labels."""
        count = len(labels)
        # The rows of the lowest ranks are kept. When there are too many, the limit is halved: so the sample is spread
        # over all rows, though nobody knew how many there would be.
        rank = np.asarray(pd.util.hash_array(np.arange(self._seen, self._seen + count)), np.uint64)
        self._seen += count
        chosen = np.flatnonzero(rank <= self._limit)
        bits = [x[chosen].view(np.uint64) for x in numbers]
        hashes = [column[chosen] for column in columns]
        self._kept.append(np.stack([rank[chosen], labels[chosen], *hashes, *bits]))
        self._rows += len(chosen)
        while self._rows > self.most:
            self._limit = np.uint64(int(self._limit) // 2)
            self._kept = [part[:, part[0] <= self._limit] for part in self._kept]
            self._rows = sum(part.shape[1] for part in self._kept)

    def columns(self) -> tuple[NDArray[np.uint64], NDArray[np.float64], Hashes]:
        """Hashes (q, m), numbers (q, m) and labels (m,)."""
        whole = np.concatenate(self._kept, axis=1)
        q = (len(whole) - 2) // 2
        return whole[2 : 2 + q], whole[2 + q :].view(np.float64), whole[1]
