"""How good predictions are: the metrics, as functions of sums over the rows."""

import math
from collections.abc import Callable, Mapping

import numpy as np

from smtrain.scoring.curves import others
from smtrain.scoring.sums import TOPS, EvaluationSum
from smtrain.scoring.totals import Array, ratio


def accuracy(s: EvaluationSum) -> float:
    """The share of rows whose most probable class is the true one."""
    return float(s.right.sum() / s.weight)


def recall(s: EvaluationSum) -> Array:
    """Per class (K,): the share of its rows that are predicted to be of it; NaN for a class without rows."""
    return ratio(s.right, s.support)


def precision(s: EvaluationSum) -> Array:
    """Per class (K,): the share that is of it of the rows predicted to be of it; NaN for a class never predicted."""
    return ratio(s.right, s.predicted)


def f1(s: EvaluationSum) -> Array:
    """Per class (K,): the harmonic mean of precision and recall; NaN for a class neither there nor predicted."""
    return ratio(2.0 * s.right, s.support + s.predicted)


def calibration_error(s: EvaluationSum) -> float:
    """Expected calibration error: Σ over bins of their share × |accuracy − mean confidence| (Naeini et al., 2015)."""
    _, confidence, right, _ = s.bins
    return float(np.abs(right - confidence).sum() / s.weight)


def class_calibration_error(s: EvaluationSum) -> Array:
    """Per class (K,): Σ over bins of their share × |share of the class − mean probability| (Kull et al., 2019)."""
    _, probability, observed, _ = s.class_bins
    error = np.abs(observed - probability).sum(axis=1) / s.weight
    return np.asarray(error if len(error) else np.full(len(s.support), np.nan))


def mcc(s: EvaluationSum) -> float:
    """Matthews' correlation of true and predicted classes, for any number of them (Gorodkin, 2004); NaN without any."""
    true, predicted = s.support / s.weight, s.predicted / s.weight
    spread = math.sqrt(float((true * others(true)).sum())) * math.sqrt(float((predicted * others(predicted)).sum()))
    beyond = float((true * others(predicted)).sum()) - _wrong(s)
    return max(-1.0, min(1.0, beyond / spread)) if spread else math.nan


def kappa(s: EvaluationSum) -> float:
    """Cohen's kappa: the accuracy beyond that of chance, as a share of what there could be; NaN for one class alone."""
    by_chance = float((s.support / s.weight * others(s.predicted / s.weight)).sum())
    return 1 - _wrong(s) / by_chance if by_chance else math.nan


def quadratic_kappa(s: EvaluationSum) -> float:
    """Cohen's kappa with the square of the steps between classes as the weight of an error (Cohen, 1968).

    NaN if the labels are no numbers, or all rows are of one class and are predicted to be.
    """
    t, p, tt, pp, off = s.steps / s.weight
    by_chance = tt + pp - 2 * t * p
    return float(1 - off / by_chance) if _several(s) and by_chance > 0 else math.nan


def top_accuracy(s: EvaluationSum, k: int) -> float:
    """The share of the rows whose class is among the `k` most probable, k of TOPS; NaN if there are no more classes."""
    return float(s.top[TOPS.index(k)] / s.nll.v) if len(s.support) > k else math.nan


def class_ranking(s: EvaluationSum, name: str) -> Array:
    """A figure of `ClassRanks` for each class, (K,); NaN where it is not defined."""
    return np.array([getattr(one, name).value for one in s.scores.ranks] or np.full(len(s.support), np.nan))


def hand_till(s: EvaluationSum) -> float:
    """The mean over all pairs of classes of the AUC between the two, by the probability of each (Hand & Till, 2001)."""
    against = np.stack([one.against[0] for one in s.scores.ranks] or [np.full(1, np.nan)])
    return _mean(against[np.eye(*against.shape) == 0])


def _wrong(s: EvaluationSum) -> float:
    """The share of rows whose most probable class is another than the true one."""
    return float((s.support - s.right).sum() / s.weight)


def _several(s: EvaluationSum) -> bool:
    """Whether not all rows are of one class and predicted to be of it."""
    return bool(np.count_nonzero(s.support + s.predicted) > 1)


def _mean(values: Array, weights: Array | None = None) -> float:
    """The mean of the values that are defined; NaN if none is."""
    there = ~np.isnan(values)
    return (
        float(np.average(values[there], weights=None if weights is None else weights[there]))
        if there.any()
        else math.nan
    )


METRICS: dict[str, Callable[[EvaluationSum], float]] = {
    "nll": lambda s: s.nll.mean,
    "accuracy": accuracy,
    "balanced_accuracy": lambda s: float(np.nanmean(recall(s))),
    "macro_f1": lambda s: float(np.nanmean(f1(s))),
    "brier": lambda s: s.brier.mean,
    "calibration_error": calibration_error,
    "auc": lambda s: _mean(class_ranking(s, "auc")),
    "auc_weighted": lambda s: _mean(class_ranking(s, "auc"), s.support),
    "auc_hand_till": hand_till,
    "average_precision": lambda s: _mean(class_ranking(s, "average_precision")),
    "mcc": mcc,
    "kappa": kappa,
    "quadratic_kappa": quadratic_kappa,
    "nll_bits": lambda s: s.nll.mean / math.log(2),
    "top_2_accuracy": lambda s: top_accuracy(s, 2),
    "top_3_accuracy": lambda s: top_accuracy(s, 3),
    "top_5_accuracy": lambda s: top_accuracy(s, 5),
    "cost": lambda s: math.nan if s.costs is None else s.costs.least + s.costs.best.mean,
}
# Those that people look at first, and tables have room for.
HEADLINE = ("nll", "accuracy", "balanced_accuracy", "macro_f1", "brier", "calibration_error", "auc")
# Means of the areas of the classes: of two classes both areas are one, and so are the means.
MEANS_OF_AREAS = ("auc_weighted", "auc_hand_till")
CLASS_METRICS: dict[str, Callable[[EvaluationSum], Array]] = {
    "support": lambda s: s.support,
    "precision": precision,
    "recall": recall,
    "f1": f1,
    "calibration_error": class_calibration_error,
    "auc": lambda s: class_ranking(s, "auc"),
    "average_precision": lambda s: class_ranking(s, "average_precision"),
    "ks": lambda s: class_ranking(s, "ks"),
    "lift": lambda s: class_ranking(s, "lift"),
}
CLASS_HEADLINE = ("precision", "recall", "f1", "auc")


def shown_metrics(metrics: Mapping[str, float], classes: int) -> dict[str, float]:
    """The metrics that people are shown: those that are defined, and what says the same once."""
    same = MEANS_OF_AREAS if classes == 2 else ()
    return {name: value for name, value in metrics.items() if not (math.isnan(value) or name in same)}
