"""How far counts have moved from what they were, and how far chance alone moves them."""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
# How often chance alone may do what is told of a column: one table in ten, of 100 columns, gets a false finding.
CHANCE = 1e-3
# Rows to be expected in a bin, on either side, with less than which bins are taken together: the usual rule for χ²
# (Cochran, 1954), which holds badly where few rows are to be expected.
FEWEST = 5


@dataclass(frozen=True)
class Drift:
    """`psi`, the population stability index, and what it exceeds by chance once in a thousand times."""

    psi: float
    chance: float

    def above(self, threshold: float) -> bool:
        """Whether it is above a threshold, and above what chance does."""
        return self.psi > max(threshold, self.chance)


def drift(before: Array, n: int, counts: NDArray[np.intp]) -> Drift:
    """Shares `before` (B,), of n rows, against `counts` (B,) of other rows.

    PSI = Σ (a − b) ln(a / b), with half a row added to every bin on both sides, so that an empty bin counts as less
    than a row. Bins that are rare on both sides are taken together. Without any difference PSI is distributed about as
    χ² with B − 1 degrees of freedom, times 1/n + 1/m (Yurdakul, 2018).
    """
    m = int(counts.sum())
    if m == 0 or before.sum() == 0:
        return Drift(0.0, 0.0)
    old, new = _without_rare(before * n, counts.astype(np.float64))
    a, b = (old + 0.5) / (old + 0.5).sum(), (new + 0.5) / (new + 0.5).sum()
    return Drift(float(((a - b) * np.log(a / b)).sum()), chi_squared(len(old) - 1) * (1 / n + 1 / m))


def _without_rare(old: Array, new: Array) -> tuple[Array, Array]:
    """The counts of the bins, rare ones taken together, and without bins that are empty on both sides."""
    share = (old + new) / (old.sum() + new.sum())
    rare = share * min(old.sum(), new.sum()) < FEWEST
    pairs = [np.append(counts[~rare], counts[rare].sum()) for counts in (old, new)]
    met = pairs[0] + pairs[1] > 0
    return pairs[0][met], pairs[1][met]


def chi_squared(degrees: int) -> float:
    """What a χ² variable exceeds with the probability CHANCE (Wilson & Hilferty, 1931)."""
    if degrees == 0:
        return 0.0
    spread = 2 / (9 * degrees)
    return float(degrees * (1 - spread + NormalDist().inv_cdf(1 - CHANCE) * math.sqrt(spread)) ** 3)


def shares_differ(before: float, n: int, now: float, m: int) -> bool:
    """Whether two shares differ by more than chance: the test of two proportions."""
    pooled = (before * n + now * m) / (n + m)
    error = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    return abs(now - before) > NormalDist().inv_cdf(1 - CHANCE / 2) * error


def beyond_by_chance(outside: int, n: int, m: int) -> float:
    """The probability, at most, that `outside` of m rows are beyond the largest of n rows like them, or the least.

    The largest of all n + m rows is any of them with the same probability, so a new one with m / (n + m); that the next
    largest is a new one, too, has less than that again. The factor 2 is for the two ends.
    """
    return min(1.0, 2 * (m / (n + m)) ** outside)
