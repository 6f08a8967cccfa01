"""Weighted means with their errors, from sums that can be added piece by piece.

A weighted mean and its standard error are those of importance, not of repeated rows: doubling all weights changes
nothing. With equal weights they are the textbook's.
"""

import math
from dataclasses import dataclass, fields

import numpy as np

from smtrain.scoring.totals import Array
from smtrain.softmax.distributions import LEVEL, quantile, two_sided


@dataclass(frozen=True)
class Moments:
    """Σ over rows of what the mean of a number d and its error are made of; rows of weight 0 are not counted."""

    rows: int
    v: float
    vv: float
    vd: float
    vvd: float
    vvdd: float

    def __add__(self, other: "Moments") -> "Moments":
        return Moments(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    @classmethod
    @np.errstate(over="ignore", under="ignore")  # of squares of weights: the error is then not defined
    def of(cls, d: Array, v: Array) -> "Moments":
        """The sums of some rows: numbers (m,), weights (m,)."""
        vd = v * d
        # No products of a BLAS, whose order hangs on the processor.
        sums = (v.sum(), (v * v).sum(), vd.sum(), (v * vd).sum(), (vd * vd).sum())
        return cls(int(np.count_nonzero(v)), *map(float, sums))

    @property
    def mean(self) -> float:
        """The weighted mean of d."""
        return self.vd / self.v

    @property
    def effective_rows(self) -> float:
        """How many rows of one weight say as much as these: (Σ v)² / Σ v² (Kish, 1965)."""
        return self.v * (self.v / self.vv) if self.vv else math.nan

    @property
    def equal_weights(self) -> bool:
        """Whether all rows have the same weight, up to rounding: (Σ v)² = n Σ v² for no others."""
        return self.rows * self.vv <= self.v * self.v * (1 + 1e-12)


@dataclass(frozen=True)
class Mean:
    """A mean with its standard error, its interval at a level, and p of 0.

    All but the mean are NaN where there is only one row, or weights are too large or too small for their squares.
    """

    mean: float
    error: float
    low: float
    high: float
    p: float


def weighted_mean(sums: Moments, level: float = LEVEL) -> Mean:
    """The weighted mean of d, with Student's t of n − 1 degrees of freedom for the test against 0 and the interval.

    The variance is n / (n − 1) · Σ v² (d − mean)² / (Σ v)²: s² / n for equal weights, the linearised one for others.
    """
    mean, degrees = sums.mean, sums.rows - 1
    if degrees < 1 or not sums.vv or not math.isfinite(sums.vv + sums.vvdd):
        return Mean(mean, *[math.nan] * 4)
    # Σ v² (d − mean)² from the sums; rounding may leave it a little below 0 where all differences are equal.
    squares = max(0.0, sums.vvdd - 2 * mean * sums.vvd + mean**2 * sums.vv)
    error = math.sqrt(squares * sums.rows / degrees) / sums.v
    half = quantile(level, degrees) * error
    # Without spread any difference but 0 is beyond all doubt.
    t = mean / error if error else math.copysign(math.inf, mean) if mean else 0.0
    return Mean(mean, error, mean - half, mean + half, two_sided(t, degrees))
