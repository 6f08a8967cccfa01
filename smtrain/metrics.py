"""How good predictions are: sums that can be added partition by partition, and the metrics as functions of the sums."""

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from smtrain.design import Floats
from smtrain.softmax import nll, softmax

CALIBRATION_BINS = 15
Array = NDArray[np.float64]


@dataclass(frozen=True)
class EvaluationSum:
    """Weighted sums over labelled rows.

    `confusion` (K, K): true class by predicted class. `bins` (3, 15): per bin of the highest probability, the weight,
    the weighted confidence, and the weight of the rows that were right.
    """

    rows: int
    nll: float
    brier: float
    confusion: Array
    bins: Array

    def __add__(self, other: "EvaluationSum") -> "EvaluationSum":
        return EvaluationSum(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    @property
    def weight(self) -> float:
        """Σ v: the number of rows, unless they have weights."""
        return float(self.confusion.sum())


def evaluation_sum(Z: Floats, y: NDArray[np.intp], v: Array) -> EvaluationSum:
    """The sums of some rows: logits (K, m), class codes (m,), weights (m,)."""
    K, m = Z.shape
    S = softmax(Z)
    predicted, confidence = S.argmax(axis=0), S.max(axis=0)
    confusion = np.bincount(y * K + predicted, weights=v, minlength=K * K).astype(np.float64).reshape(K, K)
    s_y = S[y, np.arange(m)]
    brier = (S * S).sum(axis=0) - 2 * s_y + 1  # Σ_k (s_k − y_k)²
    place = np.minimum((confidence * CALIBRATION_BINS).astype(np.intp), CALIBRATION_BINS - 1)
    columns = (v, v * confidence, v * (predicted == y))
    bins: Array = np.stack([np.bincount(place, weights=column, minlength=CALIBRATION_BINS) for column in columns])
    return EvaluationSum(m, float(v @ nll(Z, y)), float(v @ brier), confusion, bins)


def accuracy(s: EvaluationSum) -> float:
    """The share of rows whose most probable class is the true one."""
    return float(np.trace(s.confusion) / s.weight)


def recall(s: EvaluationSum) -> Array:
    """Per class (K,): the share of its rows that were found; NaN for a class without rows."""
    return _ratio(np.diag(s.confusion), s.confusion.sum(axis=1))


def precision(s: EvaluationSum) -> Array:
    """Per class (K,): the share of the rows called so that are; NaN for a class never predicted."""
    return _ratio(np.diag(s.confusion), s.confusion.sum(axis=0))


def f1(s: EvaluationSum) -> Array:
    """Per class (K,): the harmonic mean of precision and recall; NaN for a class neither there nor predicted."""
    return _ratio(2.0 * np.diag(s.confusion), s.confusion.sum(axis=0) + s.confusion.sum(axis=1))


def calibration_error(s: EvaluationSum) -> float:
    """Expected calibration error: Σ over bins of their share × |accuracy − mean confidence| (Naeini et al., 2015)."""
    _, confidence, right = s.bins
    return float(np.abs(right - confidence).sum() / s.weight)


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
    "support": lambda s: np.asarray(s.confusion.sum(axis=1)),
    "precision": precision,
    "recall": recall,
    "f1": f1,
}
