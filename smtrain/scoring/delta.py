"""How sure the figures of the confusion of classes are, of one model or of the difference of two: the delta method.

The shares of the cells are those of a multinomial sample of n rows, and `slopes` are the derivatives of the figure by
each of them: its variance is Σ share · (slope − mean slope)² / n. Where that is nothing, as without an error, the
method knows no doubt, and what it would say is NaN.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtrain.scoring.curves import others
from smtrain.scoring.metrics import METRICS, f1, kappa, mcc, recall
from smtrain.scoring.moments import Mean
from smtrain.scoring.sums import Confusion, EvaluationSum
from smtrain.scoring.totals import Array, Codes
from smtrain.softmax.distributions import normal_quantile

# A variance below this share of the square of what varies is that of rounding.
ROUNDING = 1e-24
# Its low and its high end.
Interval = tuple[float, float]


@dataclass(frozen=True)
class Cells:
    """The cells of the confusion of classes that hold rows: true class `i`, predicted class `j` and share (c,).

    `true` and `called` (K,) are the shares of the rows of each class, and of those that are predicted to be of it.
    """

    i: Codes
    j: Codes
    shares: Array
    true: Array
    called: Array

    @classmethod
    def of(cls, s: EvaluationSum) -> "Cells":
        """Those of an evaluation."""
        i, j = np.divmod(s.confusion.pairs, s.confusion.classes)
        shares = s.confusion.weights / s.weight
        there = shares > 0
        return cls(i[there], j[there], shares[there], s.support / s.weight, s.predicted / s.weight)

    @property
    def right(self) -> NDArray[np.bool_]:
        """Which cells are on the diagonal, (c,)."""
        return np.asarray(self.i == self.j)


def interval(name: str, s: EvaluationSum, level: float) -> Interval:
    """The large-sample interval of a figure of SLOPES, within what the figure can be."""
    figure, cells = METRICS[name](s), Cells.of(s)
    error = math.nan if math.isnan(figure) else _error(SLOPES[name](s, cells), cells.shares, s.nll.effective_rows)
    if math.isnan(error):
        return math.nan, math.nan
    half = normal_quantile(level) * error
    return max(LEAST[name], figure - half), min(1.0, figure + half)


def difference(name: str, old: EvaluationSum, new: EvaluationSum, joint: Confusion, level: float) -> Mean:
    """A figure of SLOPES, new − old, of two models on the same rows, with its error, its interval and p of 0.

    `joint` has the rows in each cell of the old confusion by the cell of the new one. A row moves the difference by
    what it moves the new figure less what it moves the old one.
    """
    mean = METRICS[name](new) - METRICS[name](old)
    before, after = np.divmod(joint.pairs, joint.classes)
    if math.isnan(mean) or not joint.pairs.size:
        return Mean(mean, *[math.nan] * 4)
    slopes = _by_cell(name, new)[after] - _by_cell(name, old)[before]
    error = _error(slopes, joint.weights / new.weight, new.nll.effective_rows)
    half = normal_quantile(level) * error
    return Mean(mean, error, mean - half, mean + half, math.erfc(abs(mean) / error / math.sqrt(2)))


def _by_cell(name: str, s: EvaluationSum) -> Array:
    """The slopes of all cells, (K · K,), in the order of the pairs of a Confusion; 0 of those that hold no row."""
    cells, K = Cells.of(s), s.confusion.classes
    slopes = np.zeros(K * K)
    slopes[cells.i * K + cells.j] = SLOPES[name](s, cells)
    return slopes


def _error(slopes: Array, shares: Array, n: float) -> float:
    """The standard error of a figure with these slopes by the shares (c,) of n rows; NaN where it is nothing."""
    variance = float((shares * (slopes - (shares * slopes).sum()) ** 2).sum())
    known = n > 0 and variance > ROUNDING * float((slopes * slopes).max())
    return math.sqrt(variance / n) if known else math.nan


def _of_balanced_accuracy(s: EvaluationSum, cells: Cells) -> Array:
    recalls = recall(s)
    return (cells.right - recalls[cells.i]) / cells.true[cells.i] / np.count_nonzero(~np.isnan(recalls))


def _of_macro_f1(s: EvaluationSum, cells: Cells) -> Array:
    """As Takahashi, Yamamoto, Kuchiba & Koyama (2022)."""
    each, both = f1(s), cells.true + cells.called
    share = each / np.where(both > 0, both, 1.0)
    slopes = 2 * cells.right / both[cells.i] - share[cells.i] - share[cells.j]
    return slopes / np.count_nonzero(~np.isnan(each))


def _of_mcc(s: EvaluationSum, cells: Cells) -> Array:
    """As Itaya, Tamura, Hayashi & Yamamoto (arXiv:2405.12622) for two classes; for more, of the same correlation."""
    true, called, i, j = cells.true, cells.called, cells.i, cells.j
    spreads = float((true * others(true)).sum()), float((called * others(called)).sum())
    beyond = (cells.right - called[i] - true[j]) / math.sqrt(spreads[0]) / math.sqrt(spreads[1])
    return beyond + mcc(s) * (true[i] / spreads[0] + called[j] / spreads[1])


def _of_kappa(s: EvaluationSum, cells: Cells) -> Array:
    """As Fleiss, Cohen & Everitt (1969)."""
    by_chance = float((cells.true * others(cells.called)).sum())
    beyond = (1 - kappa(s)) * (cells.called[cells.i] + cells.true[cells.j])
    return (cells.right - beyond) / by_chance


# By metric: the slopes (c,) of the cells that hold rows, and the least value.
SLOPES: dict[str, Callable[[EvaluationSum, Cells], Array]] = {
    "balanced_accuracy": _of_balanced_accuracy,
    "macro_f1": _of_macro_f1,
    "mcc": _of_mcc,
    "kappa": _of_kappa,
}
LEAST = {"balanced_accuracy": 0.0, "macro_f1": 0.0, "mcc": -1.0, "kappa": -1.0}
