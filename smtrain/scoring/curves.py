"""How well one class is ranked: the area under its ROC curve and its like, from the weights at each of its scores.

The score of a row is the probability of the class. Rows of equal score are ties: they count half, and rows in one bin
are such too. So a figure of bins may be off, by no more than how the rows of a bin could lie within it.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from smtrain.scoring.totals import Array, Codes, ratio, totals

# The share of the rows whose lift is told.
TOP = 0.1


@dataclass(frozen=True)
class Ranked:
    """A figure of a ranking, and how far off it is at most if ties are rows of a bin; NaN where it is not defined."""

    value: float
    error: float


@dataclass(frozen=True)
class ClassRanks:
    """How well a class is ranked; `against` (2, K) the same of the class and each other one, with its error.

    `against` is the probability that a row of the class has a higher score than one of the other. `spreads` are the
    variances, over the rows of the class and over the others, of the share of the rows on the other side that a row is
    ranked rightly with.
    """

    auc: Ranked
    average_precision: Ranked
    ks: Ranked
    lift: Ranked
    against: Array
    spreads: tuple[float, float]


def class_ranks(k: int, classes: int, place: Codes, y: Codes, v: Array) -> ClassRanks:
    """The ranking of class `k`: of (c,) rows or bins the place of the score, ascending, true class and weight."""
    size, own = int(place.max(initial=-1)) + 1, y == k
    curve = Curve(totals(place[own], v[own], size), totals(place[~own], v[~own], size))
    by_class = totals(y, v, classes)
    against = [ratio(totals(y, v * some[place], classes), by_class) for some in (curve.beats, curve.ties / 2)]
    return ClassRanks(
        curve.auc(), curve.average_precision(), curve.ks(), curve.lift(), np.stack(against), curve.spreads()
    )


@dataclass(frozen=True)
class Curve:
    """The weight of the rows of a class, `rows`, and of the `others` at each score, ascending, (G,)."""

    rows: Array
    others: Array

    @cached_property
    def n(self) -> tuple[float, float]:
        """The weight of the rows of the class, and of the others."""
        return float(self.rows.sum()), float(self.others.sum())

    @cached_property
    def ties(self) -> Array:
        """The share of the rows of the class that have each score, (G,)."""
        return ratio(self.rows, self.n[0])

    @cached_property
    def beats(self) -> Array:
        """The share of the rows of the class that are above each score, half of those at it, (G,)."""
        return ratio(_above(self.rows) + self.rows / 2, _in_turn(self.rows[::-1]))

    @cached_property
    def beaten(self) -> Array:
        """The share of the other rows that are below each score, half of those at it, (G,)."""
        return ratio(_above(self.others[::-1])[::-1] + self.others / 2, _in_turn(self.others))

    def auc(self) -> Ranked:
        """The probability that a row of the class has a higher score than another: the area under the ROC curve."""
        ties = _divided(float((self.ties * self.others).sum()), self.n[1])
        return Ranked(_divided(float((self.rows * self.beaten).sum()), self.n[0]), ties / 2)

    def spreads(self) -> tuple[float, float]:
        """The variances of `beaten` over the rows of the class, and of `beats` over the others."""
        area = self.auc().value
        squares = (self.rows * (self.beaten - area) ** 2).sum(), (self.others * (self.beats - area) ** 2).sum()
        return _divided(float(squares[0]), self.n[0]), _divided(float(squares[1]), self.n[1])

    def average_precision(self) -> Ranked:
        """Σ of the precision at each score, for the share of the rows of the class that have it."""
        there = self.rows > 0
        rows, others = _above(self.rows)[there], _above(self.others)[there]
        own, rest = self.rows[there], self.others[there]
        value = (own * ((rows + own) / (rows + own + others + rest))).sum()
        # The rows of the class may be the first in the bin, or the last.
        error = (own * ((rows + own) / (rows + own + others) - rows / _positive(rows + others + rest))).sum()
        whole = float(own.sum())
        return Ranked(_divided(float(value), whole), _divided(float(error), whole))

    def ks(self) -> Ranked:
        """The largest distance between the distributions of the scores of the class and of the others."""
        if not min(self.n):
            return Ranked(math.nan, math.nan)
        apart = np.abs(self.rows.cumsum() / _in_turn(self.rows) - self.others.cumsum() / _in_turn(self.others))
        step = np.maximum(self.rows / self.n[0], self.others / self.n[1])
        return Ranked(float(apart.max()), float(step.max()))

    def lift(self) -> Ranked:
        """How much more frequent the class is among the tenth of the rows of the highest scores than among all."""
        if not self.n[0]:
            return Ranked(math.nan, math.nan)
        both = self.rows + self.others
        top, above = TOP * sum(self.n), _above(both)
        at = int(np.flatnonzero((above < top) & (both > 0))[0])
        # Of the rows at the last score some belong to the top: as many of the class as their share is.
        part = min(top - above[at], both[at])
        own = self.rows[at] * (part / both[at])
        error = max(own - max(0.0, part - self.others[at]), min(part, self.rows[at]) - own)
        # The class's share of the top over its share of all is the share of its rows that are in the top, over TOP.
        return Ranked(float((_above(self.rows)[at] + own) / self.n[0] / TOP), float(error / self.n[0] / TOP))


def _above(weights: Array) -> Array:
    """The weight above each place, (G,)."""
    return np.append(weights[::-1].cumsum()[::-1], 0.0)[1:]


def _in_turn(weights: Array) -> float:
    """Their sum in the order of a cumulated one, so that a share of all of it is exactly 1."""
    return float(weights.cumsum()[-1:].sum())


def others(weights: Array) -> Array:
    """For each place the weight of all others, (G,), without a difference that rounding could eat up."""
    return _above(weights) + _above(weights[::-1])[::-1]


def _positive(weights: Array) -> Array:
    """Weights to divide nothing by."""
    return np.where(weights > 0, weights, 1.0)


def _divided(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
