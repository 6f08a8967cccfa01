"""The deviation of a column of numbers, read piece by piece, as a fit would have it."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Spread:
    """Numbers with weights: their deviation, missing ones counting as the mean, and the largest in size that counts."""

    def __init__(self) -> None:
        self._origin: float | None = None
        self._sums = np.zeros(3)  # v, v d, v d² of the numbers, d from the first that weighs something
        self._weight = 0.0
        self.largest = 0.0

    @np.errstate(over="ignore", invalid="ignore")  # what is too large to compute is no constant
    def add(self, x: Array, v: Array) -> None:
        """Go on with some numbers (n,), NaN where missing, of weights v (n,)."""
        there = ~np.isnan(x)
        self._weight += float(v.sum())
        x, v = x[there & (v > 0)], v[there & (v > 0)]
        self.largest = max(self.largest, float(np.abs(x).max(initial=0)))
        if len(x):
            self._origin = float(x[0]) if self._origin is None else self._origin
            d = x - self._origin
            self._sums += v.sum(), v @ d, v @ d**2

    @property
    @np.errstate(over="ignore", invalid="ignore")
    def deviation(self) -> float:
        """The deviation; NaN if it is too large to compute."""
        known, first, second = self._sums
        if not known > 0:
            return 0.0
        return float(np.sqrt(np.maximum(second - first / known * first, 0) / self._weight))
