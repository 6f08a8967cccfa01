"""How sure the metrics are: intervals by published formulas, as functions of the same sums.

Rows with weights count as their effective number, (Σ v)² / Σ v² (Kish, 1965): the number of rows of one weight that say
as much. What is not defined is NaN.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtrain.scoring.curves import others
from smtrain.scoring.metrics import METRICS, accuracy, class_ranking, f1, kappa, mcc, precision, recall, top_accuracy
from smtrain.scoring.moments import Moments, weighted_mean
from smtrain.scoring.sums import EvaluationSum
from smtrain.scoring.totals import Array, Codes, ratio
from smtrain.softmax.distributions import normal_quantile

# A variance below this share of the square of what varies is that of rounding.
ROUNDING = 1e-24
# Its low and its high end.
Interval = tuple[float, float]


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


@dataclass(frozen=True)
class _Cells:
    """The cells of the confusion of classes that hold rows: true class `i`, predicted class `j` and share (c,).

    `true` and `called` (K,) are the shares of the rows of each class, and of those that are predicted to be of it.
    """

    i: Codes
    j: Codes
    shares: Array
    true: Array
    called: Array

    @classmethod
    def of(cls, s: EvaluationSum) -> "_Cells":
        i, j = np.divmod(s.confusion.pairs, s.confusion.classes)
        shares = s.confusion.weights / s.weight
        there = shares > 0
        return cls(i[there], j[there], shares[there], s.support / s.weight, s.predicted / s.weight)

    @property
    def right(self) -> NDArray[np.bool_]:
        """Which cells are on the diagonal, (c,)."""
        return np.asarray(self.i == self.j)


def _by_cells(
    value: Callable[[EvaluationSum], float], slopes: Callable[[EvaluationSum, _Cells], Array], least: float = 0.0
) -> Callable[[EvaluationSum, float], Interval]:
    """The large-sample interval of a figure of the confusion of classes between `least` and 1, by the delta method.

    The shares of its cells are those of a multinomial sample, and `slopes` (c,) the derivatives of the figure by each:
    its variance is Σ share · (slope − mean slope)² / n. Where that is nothing, as without an error, it knows no doubt.
    """

    def interval(s: EvaluationSum, level: float) -> Interval:
        figure, cells, n = value(s), _Cells.of(s), s.nll.effective_rows
        if math.isnan(figure) or not n > 0:
            return math.nan, math.nan
        slope = slopes(s, cells)
        variance = float((cells.shares * (slope - (cells.shares * slope).sum()) ** 2).sum())
        if not variance > ROUNDING * float((slope * slope).max()):
            return math.nan, math.nan
        half = normal_quantile(level) * math.sqrt(variance / n)
        return max(least, figure - half), min(1.0, figure + half)

    return interval


def _slopes_of_balanced_accuracy(s: EvaluationSum, cells: _Cells) -> Array:
    recalls = recall(s)
    return (cells.right - recalls[cells.i]) / cells.true[cells.i] / np.count_nonzero(~np.isnan(recalls))


def _slopes_of_macro_f1(s: EvaluationSum, cells: _Cells) -> Array:
    """As Takahashi, Yamamoto, Kuchiba & Koyama (2022)."""
    each, both = f1(s), cells.true + cells.called
    share = each / np.where(both > 0, both, 1.0)
    slopes = 2 * cells.right / both[cells.i] - share[cells.i] - share[cells.j]
    return slopes / np.count_nonzero(~np.isnan(each))


def _slopes_of_mcc(s: EvaluationSum, cells: _Cells) -> Array:
    """As Itaya, Tamura, Hayashi & Yamamoto (arXiv:2405.12622) for two classes; for more, of the same correlation."""
    true, called, i, j = cells.true, cells.called, cells.i, cells.j
    spreads = float((true * others(true)).sum()), float((called * others(called)).sum())
    beyond = (cells.right - called[i] - true[j]) / math.sqrt(spreads[0]) / math.sqrt(spreads[1])
    return beyond + mcc(s) * (true[i] / spreads[0] + called[j] / spreads[1])


def _slopes_of_kappa(s: EvaluationSum, cells: _Cells) -> Array:
    """As Fleiss, Cohen & Everitt (1969)."""
    by_chance = float((cells.true * others(cells.called)).sum())
    beyond = (1 - kappa(s)) * (cells.called[cells.i] + cells.true[cells.j])
    return (cells.right - beyond) / by_chance


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
    "balanced_accuracy": _by_cells(METRICS["balanced_accuracy"], _slopes_of_balanced_accuracy),
    "macro_f1": _by_cells(METRICS["macro_f1"], _slopes_of_macro_f1),
    "brier": lambda s, level: _mean(s.brier, level),
    "auc": _auc,
    "mcc": _by_cells(mcc, _slopes_of_mcc, -1.0),
    "kappa": _by_cells(kappa, _slopes_of_kappa, -1.0),
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
