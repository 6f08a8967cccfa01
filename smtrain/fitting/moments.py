"""Means, deviations and ranges of columns of numbers: sums over raw partitions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smtrain.fitting.raw import RawPartition
from smtrain.partitions.interface import Home, Items
from smtrain.softmax.design import Floats, row_tiles
from smtrain.softmax.tree import pairwise_sum

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ColumnMoments:
    """What the numbers of a column come to: weighted mean and deviation, and the range.

    A column without any number has the range from infinity to minus infinity. `largest` is the largest |x| of the rows
    that count, those with a weight.
    """

    mean: float
    deviation: float
    low: float
    high: float
    largest: float


@dataclass(frozen=True)
class FirstSums:
    """Sums of the first pass over some columns, (q,) each; x is taken from a shift near it, c, in units of r."""

    weight: Array
    shifted: Array
    all_weight: float

    def __add__(self, other: "FirstSums") -> "FirstSums":
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return FirstSums(*(a + b for a, b in pairs))


def moments(raws: Items[RawPartition], slots: Sequence[int], home: Home) -> list[ColumnMoments]:
    """Mean and deviation of some columns by two passes, each accurate for any offset and without overflow to 1e150.

    A missing cell counts as the mean. The corrected two-pass algorithm (Chan, Golub & LeVeque, 1983):
    1. c is the first number of the column, r = max |x − c|: then (x − c)/r is at most 1, and small where c is large;
    2. the mean m = c + r Σ v (x − c)/r / Σ v;
    3. Var = Σ v ((x − m)/r)² / Σ v, corrected by the square of the mean of what is left, which rounding makes of 0.
    """
    if not slots:
        return []
    shift = first_numbers(raws, slots, home)
    tops, counted = np.maximum.reduce(list(home.map(partial(largest, slots=slots), raws)))
    counted = np.where(np.isfinite(counted), counted, tops)  # no row of a number counts
    r = np.maximum(np.maximum(counted[0] - shift, counted[1] + shift), np.finfo(float).tiny)
    one = home.sum(partial(first_sums, slots=slots, shift=shift, r=r), raws)
    centre = one.shifted / np.where(one.weight > 0, one.weight, 1)
    squares = home.sum(partial(second_sums, slots=slots, shift=shift, r=r, centre=centre), raws)
    two: Array = squares / one.all_weight
    deviation = r * np.sqrt(np.maximum(two[0] - two[1] ** 2, 0))
    lines = zip(shift + centre * r, deviation, -tops[1], tops[0], np.abs(counted).max(axis=0), strict=True)
    return [ColumnMoments(*map(float, line)) for line in lines]


def first_numbers(raws: Items[RawPartition], slots: Sequence[int], home: Home) -> Array:
    """The first number (q,) of each column in a row that counts; 0 for none. Reads on until each has one."""
    first = np.full(len(slots), np.nan)
    for here in home.map(partial(first_of, slots=slots), raws):
        first = np.where(np.isnan(first), here, first)
        if not np.isnan(first).any():
            break
    return np.asarray(np.nan_to_num(first))


def first_of(raw: RawPartition, slots: Sequence[int]) -> Array:
    """The first number (q,) of each column in a row of one partition that counts, NaN for none."""
    x = raw.of(slots)[raw.weights > 0]
    if not len(x):
        return np.full(len(slots), np.nan)
    rows = (~np.isnan(x)).argmax(axis=0)
    return np.asarray(x[rows, np.arange(len(slots))], np.float64)


def largest(raw: RawPartition, slots: Sequence[int]) -> Array:
    """The largest x and −x (2, q) of all rows of a partition, and those of the rows that count."""
    x = raw.of(slots)
    return np.stack([_tops(x), _tops(x[raw.weights > 0]) if (raw.weights == 0).any() else _tops(x)])


def _tops(x: Floats) -> Array:
    """The largest x and the largest −x of each column, (2, q); minus infinity without a number."""
    both = [np.fmax.reduce(x, axis=0, initial=-np.inf), -np.fmin.reduce(x, axis=0, initial=np.inf)]
    return np.stack(both).astype(np.float64)


def first_sums(raw: RawPartition, slots: Sequence[int], shift: Array, r: Array) -> FirstSums:
    """Σ v and Σ v (x − c)/r over the numbers of each column of a partition, and Σ v over its rows."""
    return pairwise_sum(_first_sums(x, v) for x, v in _shifted(raw, slots, shift, r))


def second_sums(raw: RawPartition, slots: Sequence[int], shift: Array, r: Array, centre: Array) -> Array:
    """Σ v d² and Σ v d (2, q) over the numbers of a partition, of d = (x − c)/r − centre."""
    return pairwise_sum(_second_sums(x, v, centre) for x, v in _shifted(raw, slots, shift, r))


def _shifted(raw: RawPartition, slots: Sequence[int], shift: Array, r: Array) -> Iterator[tuple[Array, Array]]:
    """(x − c)/r and the weights of some rows after another, NaN where missing."""
    every = raw.of(slots)
    for rows in row_tiles(every):
        x, v = every[rows] - shift, raw.weights[rows]  # in float64
        if (v == 0).any():
            np.clip(x, -r, r, out=x)  # of rows that do not count, the others are within: none may overflow
        x /= r
        yield x, v


def _first_sums(x: Array, v: Array) -> FirstSums:
    gaps = np.isnan(x)
    if not gaps.any():
        return FirstSums(np.full(x.shape[1], v.sum()), _weighed(x, v), float(v.sum()))
    x[gaps] = 0
    return FirstSums(_weighed(~gaps, v), _weighed(x, v), float(v.sum()))


def _second_sums(x: Array, v: Array, centre: Array) -> Array:
    x -= centre
    gaps = np.isnan(x)
    if gaps.any():
        x[gaps] = 0
    mean = _weighed(x, v)
    x *= x
    return np.stack([_weighed(x, v), mean])


def _weighed(x: NDArray[Any], v: Array) -> Array:
    """Σ v x of each column (q,): numpy's own sum, whose bits are those of every processor. A BLAS product's are not."""
    return np.asarray((x * v[:, None]).sum(axis=0), np.float64)
