"""Two models on the same rows: sums that can be added piece by piece, and the paired tests as functions of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from smtrain.model.model import Model
from smtrain.partitions import memory
from smtrain.scoring.delta import SLOPES, difference
from smtrain.scoring.moments import Mean, Moments
from smtrain.scoring.sums import Confusion, EvaluationSum, evaluation_sum, places
from smtrain.scoring.totals import Array, Codes
from smtrain.softmax.design import Floats
from smtrain.softmax.distributions import LEVEL, quantile, sign_test
from smtrain.softmax.loss import Partition, nll

# Discordant pairs up to which McNemar's test sums the binomial distribution. Beyond them the sum is long, and the
# normal distribution near.
MOST_EXACT = 1000
# Classes up to which it is counted how the models confuse rows together: the counts have up to K⁴ cells, those that
# rows are in, and without an end they would grow with the rows.
MOST_JOINT = 100
# The metrics that have a paired difference, besides the NLL and the accuracy.
DIFFERENCES = tuple(SLOPES)


@dataclass(frozen=True)
class McNemar:
    """McNemar's test: rows that only the new model has right (`gained`), or only the old one (`lost`), and p.

    `difference` is that of the accuracies, new − old, with its interval from `low` to `high`.
    `exact` says that p is the binomial distribution's, not the normal one's.
    """

    gained: int
    lost: int
    difference: float
    low: float
    high: float
    p: float
    exact: bool


@dataclass(frozen=True)
class PairedSum:
    """Sums over labelled rows that an old and a new model scored.

    `old` and `new` are the sums of each alone. `nll` are the moments of NLL new − old; `right` those of +1 for a row
    that the new model gained, −1 for one that it lost. `predicted` is the weight of each pair of old and new
    predictions, by their places in the union of the classes; `better` and `worse` are the parts of it that were gained
    and lost. `joint` is the weight in each cell of the old confusion by the cell of the new one, nothing of more than
    100 classes.
    """

    old: EvaluationSum
    new: EvaluationSum
    nll: Moments
    right: Moments
    gained: int
    lost: int
    predicted: Confusion
    better: Confusion
    worse: Confusion
    joint: Confusion

    def __add__(self, other: "PairedSum") -> "PairedSum":
        return PairedSum(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def mcnemar(self, level: float = LEVEL) -> McNemar:
        """The test of equal error rates; exact for up to 1,000 discordant rows of equal weight."""
        exact = self.right.equal_weights and self.gained + self.lost <= MOST_EXACT
        z = self.right.vd / math.sqrt(self.right.vvdd) if self.right.vvdd else 0.0
        p = sign_test(self.gained, self.lost) if exact else math.erfc(abs(z) / math.sqrt(2))
        low, high = accuracy_interval(self.right, level)
        return McNemar(self.gained, self.lost, self.right.vd / self.right.v, low, high, p, exact)

    def difference(self, metric: str, level: float = LEVEL) -> Mean:
        """A metric, one of DIFFERENCES, new − old, with its interval by the delta method and p of no difference.

        All but the mean are NaN of more than 100 classes, and where the models predict the same.
        """
        return difference(metric, self.old, self.new, self.joint, level)


def accuracy_interval(sums: Moments, level: float = LEVEL) -> tuple[float, float]:
    """The interval of a difference of paired proportions by Agresti and Min (2005).

    Half a row is added to each of the four cells, so that no discordant row does not mean no doubt.
    """
    n, scale = sums.rows, sums.rows / sums.v  # weights with a mean of 1
    centre = scale * sums.vd / (n + 2)
    squares = scale**2 * (sums.vvdd - 2 * centre * sums.vvd + centre**2 * sums.vv) + 1 + 2 * centre**2
    half = quantile(level, n + 1) * math.sqrt(squares) / (n + 2)
    return centre - half, centre + half


@dataclass(frozen=True)
class Side:
    """What a model says of some rows: logits Z (K, m), class codes y (m,), places (K,) of its classes in the union.

    `order` are their places in the order of the labels, None for labels that are no numbers.
    """

    Z: Floats
    y: Codes
    places: Codes
    order: Array | None = None

    @cached_property
    def predicted(self) -> Codes:
        """The most probable class, (m,)."""
        return np.asarray(self.Z.argmax(axis=0))


@dataclass(frozen=True)
class PairedRows:
    """The same labelled rows as an old and a new model see them; their weights are those of `new`."""

    old: Partition
    new: Partition
    start: int = 0

    @property
    def rows(self) -> int:
        """The number of rows, m."""
        return self.new.rows

    def copy(self, rows: slice) -> "PairedRows":
        """Some of the rows, in arrays of their own."""
        return PairedRows(self.old.copy(rows), self.new.copy(rows))


def joined(parts: Sequence[PairedRows]) -> PairedRows:
    """The rows of several parts, one behind the other."""
    return PairedRows(memory.joined([one.old for one in parts]), memory.joined([one.new for one in parts]))


def sums_of(block: PairedRows, models: tuple[Model, Model], codes: Sequence[Codes], classes: int) -> PairedSum:
    """The sums of a block of rows; `codes` (K,) are those of each model's classes among the `classes` of both."""
    old, new = (
        Side(model.logits(part.X), part.y, code, places(model.encoder.classes))
        for model, part, code in zip(models, (block.old, block.new), codes, strict=True)
    )
    return paired_sum(old, new, block.new.v, classes)


def paired_sum(old: Side, new: Side, v: Array, classes: int) -> PairedSum:
    """The sums of some rows of weights v (m,), with `classes` in the union of those of both models."""
    right = (new.predicted == new.y).astype(np.float64) - (old.predicted == old.y)
    pairs = old.places[old.predicted] * classes + new.places[new.predicted]

    def total(rows: NDArray[np.bool_]) -> Confusion:
        return Confusion.of(classes, pairs[rows], v[rows])

    there = v > 0
    return PairedSum(
        old=evaluation_sum(old.Z, old.y, v, old.order),
        new=evaluation_sum(new.Z, new.y, v, new.order),
        nll=Moments.of(np.asarray(nll(new.Z, new.y) - nll(old.Z, old.y), np.float64), v),
        right=Moments.of(right, v),
        gained=int(((right > 0) & there).sum()),
        lost=int(((right < 0) & there).sum()),
        predicted=total(there),
        better=total((right > 0) & there),
        worse=total((right < 0) & there),
        joint=_joint(old, new, v),
    )


def _joint(old: Side, new: Side, v: Array) -> Confusion:
    """The weight in each cell of the old confusion of classes by the cell of the new one."""
    cells, rows = len(new.Z) ** 2, slice(None) if max(len(old.Z), len(new.Z)) <= MOST_JOINT else slice(0)
    before, after = (side.y[rows] * len(side.Z) + side.predicted[rows] for side in (old, new))
    return Confusion.of(cells, before * cells + after, v[rows])
