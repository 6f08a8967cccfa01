"""Rows as they are read, before the encoder is settled, and the moments of their number columns."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smtrain.partitions.interface import Home, Items
from smtrain.partitions.memory import each
from smtrain.softmax.design import Floats, row_tiles
from smtrain.softmax.tree import pairwise_sum


@dataclass
class RawPartition:
    """A partition as it is read: numbers (m, slots) with NaN where missing, codes of first sight, labels, weights.

    The numbers are float32 as long as that is exact.
    """

    numbers: Floats
    codes: dict[int, NDArray[np.int32]]
    labels: NDArray[np.intp]
    weights: NDArray[np.float64]

    def words(self, column: int) -> NDArray[np.int32]:
        """The codes (m,) of a column; a column that had no value yet has the first code, that of the missing level."""
        codes = self.codes.get(column)
        return np.zeros(len(self.labels), np.int32) if codes is None else codes


@dataclass(frozen=True)
class ColumnMoments:
    """What the numbers of a column come to: weighted mean and deviation, the range, the number missing.

    A column without any number has the range from infinity to minus infinity. `largest` is the largest |x| of the rows
    that count, those with a weight.
    """

    mean: float
    deviation: float
    low: float
    high: float
    missing: int
    largest: float


@dataclass(frozen=True)
class _First:
    """Sums of the first pass over some columns, (q,) each; x is taken from a shift near it, c."""

    weight: NDArray[np.float64]
    shifted: NDArray[np.float64]
    missing: NDArray[np.float64]
    all_weight: float

    def __add__(self, other: "_First") -> "_First":
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return _First(*(a + b for a, b in pairs))


def moments(raws: Items[RawPartition], slots: list[int], home: Home) -> list[ColumnMoments]:
    """Mean and deviation of some columns by two passes, each accurate for any offset and without overflow to 1e150.

    A missing cell counts as the mean. Var = Σ v ((x − m)/r)² / Σ v, r = max |x − c|, corrected by the square of the
    mean of what is left (the corrected two-pass algorithm of Chan, Golub & LeVeque, 1983).
    """
    if not slots:
        return []
    shift = _first_values(raws, slots)
    every = slots == list(range(raws[0].numbers.shape[1]))

    def columns(raw: RawPartition) -> Floats:
        # Contiguous always: the order of a sum's additions, so its bits, depend on the layout.
        return raw.numbers if every else np.ascontiguousarray(raw.numbers[:, slots])

    def largest(raw: RawPartition) -> NDArray[np.float64]:
        x = columns(raw)
        return np.stack([_tops(x), _tops(x[raw.weights > 0]) if (raw.weights == 0).any() else _tops(x)])

    tops, counted = np.maximum.reduce(list(home.map(largest, raws)))
    counted = np.where(np.isfinite(counted), counted, tops)  # no row of a number counts
    r = np.maximum(np.maximum(counted[0] - shift, counted[1] + shift), np.finfo(float).tiny)

    def first(raw: RawPartition) -> _First:
        return pairwise_sum(_first(x, v) for x, v in tiles(raw))

    def tiles(raw: RawPartition) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
        every = columns(raw)
        for rows in row_tiles(every):
            x, v = every[rows] - shift, raw.weights[rows]  # in float64
            if (v == 0).any():
                np.clip(x, -r, r, out=x)  # of rows that do not count, the others are within: none may overflow
            x /= r
            yield x, v

    one = home.sum(first, raws)
    centre = one.shifted / np.where(one.weight > 0, one.weight, 1)

    def second(raw: RawPartition) -> NDArray[np.float64]:
        return pairwise_sum(_second(x, v, centre) for x, v in tiles(raw))

    two: NDArray[np.float64] = home.sum(second, raws) / one.all_weight
    deviation = r * np.sqrt(np.maximum(two[0] - two[1] ** 2, 0))
    found = zip(shift + centre * r, deviation, -tops[1], tops[0], one.missing, np.abs(counted).max(axis=0), strict=True)
    return [
        ColumnMoments(float(mean), float(scale), float(low), float(high), int(missing), float(top))
        for mean, scale, low, high, missing, top in found
    ]


def _tops(x: Floats) -> NDArray[np.float64]:
    """The largest x and the largest −x of each column, (2, q); minus infinity without a number."""
    both = [np.fmax.reduce(x, axis=0, initial=-np.inf), -np.fmin.reduce(x, axis=0, initial=np.inf)]
    return np.stack(both).astype(np.float64)


def _first(x: NDArray[np.float64], v: NDArray[np.float64]) -> _First:
    gaps = np.isnan(x)
    if not gaps.any():
        return _First(np.full(x.shape[1], v.sum()), _weighed(x, v), np.zeros(x.shape[1]), float(v.sum()))
    x[gaps] = 0
    return _First(_weighed(~gaps, v), _weighed(x, v), gaps.sum(axis=0, dtype=np.float64), float(v.sum()))


def _second(x: NDArray[np.float64], v: NDArray[np.float64], centre: NDArray[np.float64]) -> NDArray[np.float64]:
    x -= centre
    gaps = np.isnan(x)
    if gaps.any():
        x[gaps] = 0
    mean = _weighed(x, v)
    x *= x
    return np.stack([_weighed(x, v), mean])


def _weighed(x: NDArray[Any], v: NDArray[np.float64]) -> NDArray[np.float64]:
    """Σ v x of each column (q,): numpy's own sum, whose bits are those of every processor. A BLAS product's are not."""
    return np.asarray((x * v[:, None]).sum(axis=0), np.float64)


def _first_values(raws: Items[RawPartition], slots: list[int]) -> NDArray[np.float64]:
    """The first number of each column that is not missing, in a row that counts; 0 for none."""
    shift = np.full(len(slots), np.nan)
    for raw in each(raws):
        for j in np.flatnonzero(np.isnan(shift)):
            column = raw.numbers[:, slots[j]]
            seen = np.flatnonzero(~np.isnan(column) & (raw.weights > 0))
            if len(seen):
                shift[j] = column[seen[0]]
        if not np.isnan(shift).any():
            break
    return np.asarray(np.nan_to_num(shift))


def sampled(raws: Items[RawPartition], slots: list[int], most: int) -> Floats:
    """At most `most` rows of some number columns, as columns (q, m): one row, at random, of each stretch of the rows.

    Which rows is a function of their number alone.
    """
    lengths = [len(raw.labels) for raw in each(raws)]
    ends, n = np.cumsum(lengths), sum(lengths)
    stretch = -(-n // most)
    starts = np.arange(0, n, stretch)
    # not every stretch-th row: rows may come in a rhythm
    rows = np.minimum(starts + np.random.default_rng(0).integers(0, stretch, len(starts)), n - 1)
    home = np.searchsorted(ends, rows, side="right")
    found = []
    for k in np.unique(home):
        here = rows[home == k] - (ends[k] - lengths[k])
        found.append(raws[k].numbers[here][:, slots].T)
    return np.concatenate(found, axis=1)


def code_counts(raws: Items[RawPartition], codes: dict[int, int], home: Home) -> dict[int, NDArray[np.intp]]:
    """How many rows have each code of first sight, by column of words; `codes` says how many codes each column has."""
    if not codes:
        return {}

    def counts(raw: RawPartition) -> NDArray[np.intp]:
        return np.concatenate([np.bincount(raw.words(i), minlength=size) for i, size in codes.items()])

    ends = np.cumsum(list(codes.values()))
    return dict(zip(codes, np.split(home.sum(counts, raws), ends[:-1]), strict=True))


def counting(raws: Items[RawPartition], slots: list[int]) -> dict[int, float]:
    """Of some number columns those whose numbers go up by one from row to row, with the first number of each."""
    firsts: dict[int, float] = {}
    start = 0
    for raw in each(raws):
        if start == 0:
            firsts = {slot: float(raw.numbers[0, slot]) for slot in slots}
        rows = np.arange(start, start + len(raw.labels))
        for slot, first in list(firsts.items()):
            ends = raw.numbers[[0, -1], slot] == first + rows[[0, -1]]  # mostly enough to tell
            if not (ends.all() and np.array_equal(raw.numbers[:, slot], first + rows)):
                del firsts[slot]
        if not firsts:
            break
        start += len(rows)
    return firsts
