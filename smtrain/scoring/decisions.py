"""What to call a row, by what errors cost; and what such decisions cost on labelled rows."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, Protocol

import numpy as np

from smtrain.errors import UsageError
from smtrain.scoring.costs import cost_matrix
from smtrain.scoring.moments import Mean, Moments, weighted_mean
from smtrain.scoring.ranks import Scores
from smtrain.scoring.totals import Array, Codes, totals
from smtrain.softmax.design import Floats
from smtrain.sources.arguments import Range, check_range


class Decision(Protocol):
    """A function from the probabilities S (K, m) of some rows to the class that each is called, (m,)."""

    def __call__(self, S: Floats, /) -> Codes:
        """The classes."""
        ...


def most_probable(S: Floats) -> Codes:
    """The most probable class of each row; of equal ones the first."""
    return np.asarray(S.argmax(axis=0))


@dataclass(frozen=True, eq=False)
class LeastCost:
    """The class of the least expected cost Σ_k s_k c_kj, by costs c (K, K); of equal ones the first."""

    costs: Array

    def __call__(self, S: Floats) -> Codes:
        """The classes."""
        expected = np.zeros(S.shape)
        # No product of a BLAS, whose order hangs on a row's place: a row alone is called what it is called here.
        for s, cost in zip(S, self.costs, strict=True):
            expected += cost[:, None] * s
        return np.asarray(expected.argmin(axis=0))


@dataclass(frozen=True)
class Threshold:
    """Of two classes the second one, if its probability is at least `least`."""

    least: float

    def __call__(self, S: Floats) -> Codes:
        """The classes."""
        return np.asarray(S[1] >= self.least, np.intp)


def decision_of(decide: Any, classes: Sequence[str]) -> Decision:
    """The decision that a caller asks for: a threshold, costs as a file or a DataFrame, or None for the most probable.

    Raises UsageError for a threshold of more than two classes, and as `cost_matrix` does.
    """
    if decide is None:
        return most_probable
    if isinstance(decide, Real) and not isinstance(decide, bool):
        if len(classes) != 2:
            what = f"--decide: a threshold is for two classes, and there are {len(classes)}"
            raise UsageError(what, hint="give a file with the costs of errors")
        return Threshold(check_range("decide", float(decide), Range(0, 1)))
    return LeastCost(cost_matrix("decide", decide, classes))


@dataclass(frozen=True)
class CostSum:
    """The moments of what each row costs above the `least` of all costs, by which a spread is not lost in rounding.

    `predicted` are those of calling it its most probable class, `best` those of the class of the least expected cost.
    """

    predicted: Moments
    best: Moments
    least: float

    def __add__(self, other: "CostSum") -> "CostSum":
        return CostSum(self.predicted + other.predicted, self.best + other.best, self.least)

    @classmethod
    def of(cls, S: Floats, y: Codes, v: Array, costs: Array) -> "CostSum":
        """Of some rows: probabilities (K, m), class codes and weights (m,); costs (K, K)."""
        least = float(costs.min())
        predicted, best = (Moments.of((costs - least)[y, how(S)], v) for how in (most_probable, LeastCost(costs)))
        return cls(predicted, best, least)


@dataclass(frozen=True)
class Decided:
    """A way to decide, with the mean cost of a row and its interval from `low` to `high`, NaN where there is none.

    `label` is the class that it always calls rows, or calls them from the probability `least` on.
    """

    cost: float
    low: float = math.nan
    high: float = math.nan
    label: Any = None
    least: float = math.nan


def decided(
    sums: CostSum, costs: Array, scores: Scores, support: Array, *, labels: Sequence[Any], level: float
) -> dict[str, Decided]:
    """Ways to decide about some rows, and what they cost.

    `predicted` is the most probable class, `least_cost` that of the least expected cost; `always` is the one class that
    costs least on the rows. Of two classes `threshold` is the one that costs least on the rows.
    """
    two = len(costs) == 2
    means = {"predicted": weighted_mean(sums.predicted, level), "least_cost": weighted_mean(sums.best, level)}
    ways = {way: Decided(sums.least + mean.mean, *_ends(mean, costs)) for way, mean in means.items()}
    if two:
        ways["least_cost"] = replace(ways["least_cost"], label=labels[1], least=threshold_of(costs))
    means_of_one = (support[:, None] / support.sum() * costs).sum(axis=0)
    ways["always"] = Decided(float(means_of_one.min()), label=labels[int(means_of_one.argmin())])
    if two:
        least, cost = best_threshold(scores, costs)
        ways["threshold"] = Decided(cost, label=labels[1], least=least)
    return ways


def _ends(mean: Mean, costs: Array) -> tuple[float, float]:
    """The interval of a mean cost, which is not beyond the costs; NaN where all rows cost the same."""
    if not mean.error > 0:
        return math.nan, math.nan
    least, most = float(costs.min()), float(costs.max())
    return max(least + mean.low, least), min(least + mean.high, most)


def threshold_of(costs: Array) -> float:
    """The least probability of the second class at which calling it so is expected to cost less; NaN for none."""
    wrong = float(costs[0, 1] - costs[0, 0]), float(costs[1, 0] - costs[1, 1])
    return wrong[0] / sum(wrong) if min(wrong) > 0 else math.nan


def best_threshold(scores: Scores, costs: Array) -> tuple[float, float]:
    """The threshold that costs least on some rows of two classes, and the mean cost of a row.

    Of equally good ones it is the nearest to the one by the costs alone.
    """
    found, place, y, v = scores.of_class(1)
    rows = [totals(place[y == k], v[y == k], len(found)) for k in range(2)]
    # What it costs more to call rows the second class, from each score on, than to call all of them the first.
    more = np.asarray(sum(rows[k] * (costs[k, 1] - costs[k, 0]) for k in range(2)))
    none = sum(float(rows[k].sum()) * float(costs[k, 0]) for k in range(2))
    least, total = np.asarray(found, np.float64), none + more[::-1].cumsum()[::-1]
    if scores.exact:
        least = _between(least)
        if found[-1] < 1:  # and above all rows
            least, total = np.append(least, (found[-1] + 1) / 2), np.append(total, none)
    good = np.flatnonzero(total <= total.min() + 1e-12 * abs(total).max())
    near = np.abs(least[good] - np.nan_to_num(threshold_of(costs), nan=0.5)).argmin()
    return float(least[good[near]]), float(total[good[near]] / v.sum())


def _between(found: Array) -> Array:
    """A threshold below each probability and above the one before it; the first is 0."""
    middle = np.append(0.0, (found[:-1] + found[1:]) / 2)
    return np.where(middle > np.append(-1.0, found[:-1]), middle, found)
