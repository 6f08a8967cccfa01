"""What metrics are made of: sums over labelled rows that can be added partition by partition."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from smtrain.scoring.decisions import CostSum
from smtrain.scoring.moments import Moments
from smtrain.scoring.ranks import Scores
from smtrain.scoring.totals import Array, Codes, totals
from smtrain.softmax.design import Floats
from smtrain.softmax.loss import nll, softmax

# Bins of the calibration error, as in Guo et al. (2017): other numbers of bins give other errors.
CALIBRATION_BINS = 15
# Classes beyond which their bins are not kept: they would take longer than everything else, for tables nobody reads.
MOST_BINNED_CLASSES = 200
# For these k it is told how often the right class is among the k most probable ones.
TOPS = (2, 3, 5)
# A label that is a number in an order of labels.
NUMBER = re.compile(r"[+-]?[0-9]{1,300}(\.[0-9]{1,300})?")


@dataclass(frozen=True)
class EvaluationSum:
    """Weighted sums over labelled rows.

    `support` (K,) is the weight of the rows of each class, `predicted` that of the rows that are predicted to be of it,
    and `right` that of the rows where both hold.
    `nll` and `brier` are the moments of the two. `squares` (2, K) are Σ v² of the rows of each class, and of those
    that are predicted to be of it.
    `bins` (4, 15): per bin of the highest probability, the weight, the weighted confidence, the weight of the rows
    that were right, and Σ v². `class_bins` (4, K, 15) the same for the probability of each class: the weight, the
    weighted probability, the weight of the rows that are of the class, and Σ v²; (4, 0, 15) for very many classes.
    `confusion` is sparse, for many classes fill their square badly.
    `top` (3,) is the weight of the rows whose class is among the 2, 3 and 5 most probable. `steps` (5,) are the sums of
    the places t and p of the true and the predicted class in the order of the labels: t, p, t², p², (t − p)²; NaN if
    the labels are no numbers. `scores` are what the ranking of rows is made of, `costs` what decisions cost,
    None without costs of errors.
    """

    rows: int
    nll: Moments
    brier: Moments
    support: Array
    predicted: Array
    right: Array
    squares: Array
    bins: Array
    class_bins: Array
    confusion: "Confusion"
    top: Array
    steps: Array
    scores: Scores
    costs: CostSum | None = None

    def __add__(self, other: "EvaluationSum") -> "EvaluationSum":
        added: dict[str, Any] = {
            f.name: None if getattr(self, f.name) is None else getattr(self, f.name) + getattr(other, f.name)
            for f in fields(self)
        }
        return EvaluationSum(**added)

    @property
    def weight(self) -> float:
        """Σ v: the number of rows, unless they have weights."""
        return float(self.support.sum())


@dataclass(frozen=True)
class Confusion:
    """The weight of each pair of true and predicted class that occurs: `pairs` = true · K + predicted, ascending."""

    classes: int
    pairs: Codes
    weights: Array

    def __add__(self, other: "Confusion") -> "Confusion":
        both = np.concatenate([self.pairs, other.pairs]), np.concatenate([self.weights, other.weights])
        return Confusion.of(self.classes, *both)

    @classmethod
    def of(cls, classes: int, pairs: Codes, weights: Array) -> "Confusion":
        """Add up the weights of equal pairs."""
        distinct, place = np.unique(pairs, return_inverse=True)
        return cls(classes, distinct, totals(place, weights, len(distinct)))

    def dense(self) -> Array:
        """The (K, K) matrix: true class by predicted class."""
        matrix = np.zeros(self.classes**2)
        matrix[self.pairs] = self.weights
        return matrix.reshape(self.classes, self.classes)

    def errors(self) -> list[tuple[int, int, float]]:
        """(true, predicted, weight) of the pairs that differ, the heaviest first."""
        true, predicted = np.divmod(self.pairs, self.classes)
        # Of equal weights the first pair: the order must not depend on how the sums were added.
        order = np.lexsort((self.pairs, -self.weights))
        return [(int(true[i]), int(predicted[i]), float(self.weights[i])) for i in order if true[i] != predicted[i]]


def places(classes: Sequence[str]) -> Array:
    """The place of each class in the order of its label (K,), from 0; NaN if the labels are not different numbers."""
    numbers = [float(name) if NUMBER.fullmatch(name) else math.nan for name in classes]
    distinct, place = np.unique(numbers, return_inverse=True)
    return np.where(np.isfinite(distinct).all() & (len(distinct) == len(classes)), place, np.nan)


def evaluation_sum(
    Z: Floats, y: Codes, v: Array, order: Array | None = None, costs: Array | None = None
) -> EvaluationSum:
    """The sums of some rows: logits (K, m), class codes (m,), weights (m,).

    `order` are the `places` of the classes (K,), None for labels that are no numbers; `costs` (K, K) are of errors.
    """
    K, m = Z.shape
    S, order = softmax(Z), np.full(K, np.nan) if order is None else order
    predicted, confidence = S.argmax(axis=0), S.max(axis=0)
    # Σ_k (s_k − y_k)² = Σ_k s_k² − 2 s_y + 1: no matrix of the labels is made.
    s_y = S[y, np.arange(m)]
    brier = (S * S).sum(axis=0) - 2 * s_y + 1
    with np.errstate(over="ignore", under="ignore"):
        vv = v * v
    place, columns = _bin(confidence), (v, v * confidence, v * (predicted == y), vv)
    bins = np.stack([totals(place, column, CALIBRATION_BINS) for column in columns])
    return EvaluationSum(
        rows=m,
        nll=Moments.of(np.asarray(nll(Z, y), np.float64), v),
        brier=Moments.of(brier, v),
        support=totals(y, v, K),
        predicted=totals(predicted, v, K),
        right=totals(y, v * (predicted == y), K),
        squares=np.stack([totals(y, vv, K), totals(predicted, vv, K)]),
        bins=bins,
        class_bins=_class_bins(S, y, v, vv),
        confusion=Confusion.of(K, y * K + predicted, v),
        top=_top(S, y, s_y, v),
        steps=_steps(order[y], order[predicted], v),
        scores=Scores.of(S, y, v),
        costs=None if costs is None else CostSum.of(S, y, v, costs),
    )


def _top(S: Floats, y: Codes, s_y: Floats, v: Array) -> Array:
    """The weight of the rows whose class is among the k most probable, for each k of TOPS."""
    # Of equal probabilities the first class counts as the more probable one, as it is predicted.
    before = (s_y < S).sum(axis=0) + ((s_y == S) & (np.arange(len(S))[:, None] < y)).sum(axis=0)
    return np.array([(v * (before < k)).sum() for k in TOPS])


def _steps(t: Array, p: Array, v: Array) -> Array:
    return np.array([(v * x).sum() for x in (t, p, t * t, p * p, (t - p) ** 2)])


def _bin(probability: Floats) -> Codes:
    """The number of the bin of each probability, from 0."""
    # A probability of 1 belongs to the last bin.
    return np.minimum((probability * CALIBRATION_BINS).astype(np.intp), CALIBRATION_BINS - 1)


def _class_bins(S: Floats, y: Codes, v: Array, vv: Array) -> Array:
    """The sums of each class's probability by its bin, (4, K, 15)."""
    K, m = S.shape
    if K > MOST_BINNED_CLASSES:
        return np.zeros((4, 0, CALIBRATION_BINS))
    # One count for all classes: the bins of class k are numbered from 15 k.
    place = _bin(S) + CALIBRATION_BINS * np.arange(K)[:, None]
    size = K * CALIBRATION_BINS
    weight = np.bincount(place.ravel(), np.broadcast_to(v, S.shape).ravel(), size)
    probability = np.bincount(place.ravel(), (S * v).ravel(), size)
    # Where rows have no weights they are their own squares, and a fourth count is saved.
    squares = weight if (vv == v).all() else np.bincount(place.ravel(), np.broadcast_to(vv, S.shape).ravel(), size)
    own = totals(place[y, np.arange(m)], v, size)
    return np.stack([weight, probability, own, squares]).reshape(4, K, CALIBRATION_BINS)
