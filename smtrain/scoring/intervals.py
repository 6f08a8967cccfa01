"""How sure the metrics are: intervals by published formulas, as functions of the same sums.

Rows with weights count as their effective number, (Σ v)² / Σ v² (Kish, 1965): the number of rows of one weight that say
as much. What is not defined is NaN.
"""

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from smtrain.scoring.curves import others
from smtrain.scoring.delta import Interval, interval
from smtrain.scoring.metrics import accuracy, class_ranking, precision, recall, top_accuracy
from smtrain.scoring.moments import Moments, weighted_mean
from smtrain.scoring.sums import EvaluationSum
from smtrain.scoring.totals import Array, ratio
from smtrain.softmax.distributions import normal_quantile


def wilson(shares: Array, rows: Array, level: float) -> Array:
    """The score interval (2, n) of the shares (n,) of so many rows (Wilson, 1927)."""
    z = normal_quantile(level)
    zz = ratio(np.full(len(rows), z * z), rows)
    half = np.sqrt(zz * shares * (1 - shares) + zz * zz / 4) / (1 + zz)
    centre = (shares + zz / 2) / (1 + zz)
    # Of a share of 0 or 1 the end is there, but for rounding.
    low, high = np.where(shares == 0, 0.0, centre - half), np.where(shares == 1, 1.0, centre + half)
    return np.where(np.isnan(shares * zz), np.nan, np.stack([low, high]))


def effective(weights: Array, squares: Array) -> Array:
    """The effective number of rows, from Σ v and Σ v², (n,)."""
    return weights * ratio(weights, squares)


def bin_intervals(bins: Array, level: float) -> Array:
    """The intervals (2, 15) of what came true in the bins of EvaluationSum, (4, 15)."""
    weights, _, right, squares = bins
    return wilson(ratio(right, weights), effective(weights, squares), level)


def _share(share: float, s: EvaluationSum, level: float) -> Interval:
    low, high = wilson(np.array([share]), np.array([s.nll.effective_rows]), level)[:, 0]
    return float(low), float(high)


def _mean(sums: Moments, level: float, unit: float = 1.0) -> Interval:
    """Student's interval of the mean of what is not negative."""
    found = weighted_mean(sums, level)
    low, high = found.low / unit, found.high / unit
    return low if math.isnan(low) else max(0.0, low), high


@np.errstate(invalid="ignore")  # of squares that are infinite
def _rows_and_others(s: EvaluationSum) -> Array:
    """The effective number of the rows of each class, and of the others, (2, K); exactly 1 of a single one."""
    weights, squares = s.support, s.squares[0]
    rows = np.stack([effective(weights, squares), effective(others(weights), others(squares))])
    return np.where(rows < 1 + 1e-9, 1.0, rows)


def auc_intervals(s: EvaluationSum, level: float) -> Array:
    """The interval (2, K) of the AUC of each class (DeLong, DeLong & Clarke-Pearson, 1988).

    NaN where there is a single row on one side, or all rows are in order, or none: the formula then knows no doubt.
    """
    if not s.scores.ranks:
        return np.full((2, len(s.support)), np.nan)
    spreads = np.array([one.spreads for one in s.scores.ranks]).T
    variance = sum(ratio(spread, n - 1) for spread, n in zip(spreads, _rows_and_others(s), strict=True))
    variance = np.where(spreads.sum(axis=0) > 0, variance, np.nan)
    half = normal_quantile(level) * np.sqrt(variance)
    value = np.array([one.auc.value for one in s.scores.ranks])
    return np.clip(np.stack([value - half, value + half]), 0, 1)


def _auc(s: EvaluationSum, level: float) -> Interval:
    """Of two classes, where the mean over the classes is that of either."""
    low, high = auc_intervals(s, level)[:, 1] if len(s.support) == 2 else (math.nan, math.nan)
    return float(low), float(high)


def average_precision_intervals(s: EvaluationSum, level: float) -> Array:
    """The logit interval (2, K) of the average precision of each class (Boyd, Eng & Page, 2013).

    It takes the rows of the class as so many trials. NaN where the figure is 0 or 1: the formula then knows no doubt.
    """
    value, rows = class_ranking(s, "average_precision"), effective(s.support, s.squares[0])
    doubt = (value > 0) & (value < 1) & (rows > 0)
    value = np.where(doubt, value, np.nan)
    odds, half = np.log(value / (1 - value)), normal_quantile(level) / np.sqrt(rows * value * (1 - value))
    with np.errstate(over="ignore"):  # of a class whose few rows come last: the low end is then 0
        return np.asarray(1 / (1 + np.exp(-np.stack([odds - half, odds + half]))))


INTERVALS: dict[str, Callable[[EvaluationSum, float], Interval]] = {
    "nll": lambda s, level: _mean(s.nll, level),
    "accuracy": lambda s, level: _share(accuracy(s), s, level),
    "balanced_accuracy": partial(interval, "balanced_accuracy"),
    "macro_f1": partial(interval, "macro_f1"),
    "brier": lambda s, level: _mean(s.brier, level),
    "auc": _auc,
    "mcc": partial(interval, "mcc"),
    "kappa": partial(interval, "kappa"),
    "nll_bits": lambda s, level: _mean(s.nll, level, math.log(2)),
    "top_2_accuracy": lambda s, level: _share(top_accuracy(s, 2), s, level),
    "top_3_accuracy": lambda s, level: _share(top_accuracy(s, 3), s, level),
    "top_5_accuracy": lambda s, level: _share(top_accuracy(s, 5), s, level),
}
# (2, K) each.
CLASS_INTERVALS: dict[str, Callable[[EvaluationSum, float], Array]] = {
    "precision": lambda s, level: wilson(precision(s), effective(s.predicted, s.squares[1]), level),
    "recall": lambda s, level: wilson(recall(s), effective(s.support, s.squares[0]), level),
    "auc": auc_intervals,
    "average_precision": average_precision_intervals,
}
