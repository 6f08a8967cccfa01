"""How good predictions are: sums that can be added partition by partition, and the metrics as functions of the sums."""

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.design import Floats
from smtrain.softmax.loss import nll, softmax

# Bins of the calibration error, as in Guo et al. (2017): other numbers of bins give other errors.
CALIBRATION_BINS = 15
# Classes beyond which their bins are not kept: they would take longer than everything else, for tables nobody reads.
MOST_BINNED_CLASSES = 200
Array = NDArray[np.float64]


@dataclass(frozen=True)
class EvaluationSum:
    """Weighted sums over labelled rows.

    `support` (K,) is the weight of the rows of each class, `predicted` that of the rows that are predicted to be of it,
    and `right` that of the rows where both hold.
    `bins` (3, 15): per bin of the highest probability, the weight, the weighted confidence, and the weight of the rows
    that were right. `class_bins` (3, K, 15) the same for the probability of each class: the weight, the weighted
    probability, and the weight of the rows that are of the class; (3, 0, 15) for very many classes.
    `confusion` is sparse, for many classes fill their square badly.
    """

    rows: int
    nll: float
    brier: float
    support: Array
    predicted: Array
    right: Array
    bins: Array
    class_bins: Array
    confusion: "Confusion"

    def __add__(self, other: "EvaluationSum") -> "EvaluationSum":
        return EvaluationSum(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    @property
    def weight(self) -> float:
        """Σ v: the number of rows, unless they have weights."""
        return float(self.support.sum())


@dataclass(frozen=True)
class Confusion:
    """The weight of each pair of true and predicted class that occurs: `pairs` = true · K + predicted, ascending."""

    classes: int
    pairs: NDArray[np.intp]
    weights: Array

    def __add__(self, other: "Confusion") -> "Confusion":
        both = np.concatenate([self.pairs, other.pairs]), np.concatenate([self.weights, other.weights])
        return Confusion.of(self.classes, *both)

    @classmethod
    def of(cls, classes: int, pairs: NDArray[np.intp], weights: Array) -> "Confusion":
        """Add up the weights of equal pairs."""
        distinct, place = np.unique(pairs, return_inverse=True)
        return cls(classes, distinct, _totals(place, weights, len(distinct)))

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


def evaluation_sum(Z: Floats, y: NDArray[np.intp], v: Array) -> EvaluationSum:
    """The sums of some rows: logits (K, m), class codes (m,), weights (m,)."""
    K, m = Z.shape
    S = softmax(Z)
    predicted, confidence = S.argmax(axis=0), S.max(axis=0)
    # Σ_k (s_k − y_k)² = Σ_k s_k² − 2 s_y + 1: no matrix of the labels is made.
    s_y = S[y, np.arange(m)]
    brier = (S * S).sum(axis=0) - 2 * s_y + 1
    place, columns = _bin(confidence), (v, v * confidence, v * (predicted == y))
    bins = np.stack([_totals(place, column, CALIBRATION_BINS) for column in columns])
    return EvaluationSum(
        rows=m,
        nll=float((v * nll(Z, y)).sum()),  # no product of a BLAS, whose order hangs on the processor
        brier=float((v * brier).sum()),
        support=_totals(y, v, K),
        predicted=_totals(predicted, v, K),
        right=_totals(y, v * (predicted == y), K),
        bins=bins,
        class_bins=_class_bins(S, y, v),
        confusion=Confusion.of(K, y * K + predicted, v),
    )


def _bin(probability: Floats) -> NDArray[np.intp]:
    """The number of the bin of each probability, from 0."""
    # A probability of 1 belongs to the last bin.
    return np.minimum((probability * CALIBRATION_BINS).astype(np.intp), CALIBRATION_BINS - 1)


def _class_bins(S: Floats, y: NDArray[np.intp], v: Array) -> Array:
    """The sums of each class's probability by its bin, (3, K, 15)."""
    K, m = S.shape
    if K > MOST_BINNED_CLASSES:
        return np.zeros((3, 0, CALIBRATION_BINS))
    # One count for all classes: the bins of class k are numbered from 15 k.
    place = _bin(S) + CALIBRATION_BINS * np.arange(K)[:, None]
    size = K * CALIBRATION_BINS
    weight = np.bincount(place.ravel(), np.broadcast_to(v, S.shape).ravel(), size)
    probability = np.bincount(place.ravel(), (S * v).ravel(), size)
    return np.stack([weight, probability, _totals(place[y, np.arange(m)], v, size)]).reshape(3, K, CALIBRATION_BINS)


def accuracy(s: EvaluationSum) -> float:
    """The share of rows whose most probable class is the true one."""
    return float(s.right.sum() / s.weight)


def recall(s: EvaluationSum) -> Array:
    """Per class (K,): the share of its rows that are predicted to be of it; NaN for a class without rows."""
    return _ratio(s.right, s.support)


def precision(s: EvaluationSum) -> Array:
    """Per class (K,): the share that is of it of the rows predicted to be of it; NaN for a class never predicted."""
    return _ratio(s.right, s.predicted)


def f1(s: EvaluationSum) -> Array:
    """Per class (K,): the harmonic mean of precision and recall; NaN for a class neither there nor predicted."""
    return _ratio(2.0 * s.right, s.support + s.predicted)


def calibration_error(s: EvaluationSum) -> float:
    """Expected calibration error: Σ over bins of their share × |accuracy − mean confidence| (Naeini et al., 2015)."""
    _, confidence, right = s.bins
    return float(np.abs(right - confidence).sum() / s.weight)


def class_calibration_error(s: EvaluationSum) -> Array:
    """Per class (K,): Σ over bins of their share × |share of the class − mean probability| (Kull et al., 2019)."""
    _, probability, observed = s.class_bins
    error = np.abs(observed - probability).sum(axis=1) / s.weight
    return np.asarray(error if len(error) else np.full(len(s.support), np.nan))


def _totals(codes: NDArray[np.intp], weights: Array, count: int) -> Array:
    """The weight of each code, (count,)."""
    return np.bincount(codes, weights=weights, minlength=count).astype(np.float64)


def _ratio(part: Array, whole: Array) -> Array:
    return np.asarray(np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0))


METRICS: dict[str, Callable[[EvaluationSum], float]] = {
    "nll": lambda s: s.nll / s.weight,
    "accuracy": accuracy,
    "balanced_accuracy": lambda s: float(np.nanmean(recall(s))),
    "macro_f1": lambda s: float(np.nanmean(f1(s))),
    "brier": lambda s: s.brier / s.weight,
    "calibration_error": calibration_error,
}
CLASS_METRICS: dict[str, Callable[[EvaluationSum], Array]] = {
    "support": lambda s: s.support,
    "precision": precision,
    "recall": recall,
    "f1": f1,
    "calibration_error": class_calibration_error,
}
