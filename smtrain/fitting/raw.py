"""Rows before they are encoded: numbers as they are, words as codes of first sight."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtrain.fitting.roles import Roles
from smtrain.fitting.summary import Summary
from smtrain.softmax.design import Floats
from smtrain.sources.interface import Reading, Rows


@dataclass(frozen=True)
class RawPartition:
    """Some rows from number `start` on, not encoded yet.

    `numbers` (m, slots) are NaN where missing, in float32 as long as that is exact. `codes` (m,) of words, by the
    column's position, are those of the vocabulary of the table as far as it was read, −1 where missing; a column
    without any is missing in all of the rows. `labels` (m,) are codes of the labels, `weights` (m,) those of the rows.
    `groups` (m,) are codes of their groups, None if they have none.
    """

    numbers: Floats
    codes: Mapping[int, NDArray[np.int32]]
    labels: NDArray[np.intp]
    weights: NDArray[np.float64]
    start: int = 0
    groups: NDArray[np.int32] | None = None

    @property
    def rows(self) -> int:
        """The number of rows, m."""
        return len(self.labels)

    def words(self, column: int) -> NDArray[np.int32]:
        """The codes (m,) of a column of words."""
        return self.codes[column] if column in self.codes else np.full(self.rows, -1, np.int32)

    def of(self, slots: Sequence[int]) -> Floats:
        """The numbers (m, q) of some slots, in ascending order.

        Contiguous always: the order of a sum's additions, and so its bits, depend on the layout.
        """
        return self.numbers if len(slots) == self.numbers.shape[1] else np.ascontiguousarray(self.numbers[:, slots])

    def copy(self, rows: slice) -> "RawPartition":
        """Some of the rows, in arrays of their own."""
        codes = {i: column[rows].copy() for i, column in self.codes.items()}
        groups = None if self.groups is None else self.groups[rows].copy()
        labels, weights = self.labels[rows].copy(), self.weights[rows].copy()
        return RawPartition(self.numbers[rows].copy(), codes, labels, weights, groups=groups)


def joined(parts: Sequence[RawPartition]) -> RawPartition:
    """The rows of several, one behind the other."""
    if len(parts) == 1:
        return parts[0]
    columns = dict.fromkeys(i for part in parts for i in part.codes)
    groups = [part.groups for part in parts if part.groups is not None]
    return RawPartition(
        np.concatenate([part.numbers for part in parts]),
        {i: np.concatenate([part.words(i) for part in parts]) for i in columns},
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.weights for part in parts]),
        groups=np.concatenate(groups) if groups else None,
    )


def slots_of(summary: Summary) -> dict[int, int]:
    """The place among the numbers of each column, by its position, as far as the first rows tell: those not of words.

    A column that turns out to be words later keeps its slot, without a number in it.
    """
    return {i: slot for slot, i in enumerate(i for i, kind in summary.kinds.items() if kind is not Reading.TEXT)}


def raw_partition(rows: Rows, summary: Summary, slots: Mapping[int, int], roles: Roles) -> RawPartition:
    """Rows with the codes of the summary of the table up to their end."""
    words = [i for i, kind in summary.kinds.items() if kind is Reading.TEXT]
    weights = np.ones(rows.count) if roles.weight is None else rows.number(roles.weight)
    labels, vocabulary = rows.texts(roles.target), summary.labels
    # The summary grows to the right only, so these codes hold in all that it grows into: no row is coded twice.
    return RawPartition(
        _numbers(rows, slots),
        {i: _coded(rows, i, summary) for i in words},
        vocabulary.codes(labels.levels).astype(np.intp)[labels.codes],
        weights,
        groups=None if roles.groups is None else _groups(rows, roles.groups, summary),
    )


def _groups(rows: Rows, i: int, summary: Summary) -> NDArray[np.int32]:
    """The codes (m,) of the groups."""
    cells = rows.texts(i)
    return np.take(summary.groups.codes(cells.levels), cells.codes)


def _numbers(rows: Rows, slots: Mapping[int, int]) -> Floats:
    """The numbers (m, slots) of some rows; NaN where a column was read as text: it has no number yet, or is words."""
    numeric = [i for i in slots if not rows.is_text(i)]
    # The usual block: all of its columns of numbers, side by side, without a copy.
    if len(numeric) == len(slots):
        return rows.numbers(numeric)
    numbers = np.full((rows.count, len(slots)), np.nan, rows.matrix.dtype)
    numbers[:, [slots[i] for i in numeric]] = rows.numbers(numeric)
    return numbers


def _coded(rows: Rows, i: int, summary: Summary) -> NDArray[np.int32]:
    """The codes (m,) of a column of words."""
    cells = rows.texts(i)
    table = np.append(summary.columns[i].vocabulary.codes(cells.levels), np.int32(-1))
    return np.take(table, cells.codes)  # a missing cell's −1 takes the last
