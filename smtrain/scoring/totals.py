"""Weights of rows added up by a code, and their quotients."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Codes = NDArray[np.intp]


def totals(codes: Codes, weights: Array, count: int) -> Array:
    """The weight of each code, (count,)."""
    return np.bincount(codes, weights=weights, minlength=count).astype(np.float64)


def ratio(part: Array, whole: Array | float) -> Array:
    """Quotients (n,), NaN where there is nothing to divide by."""
    return np.asarray(np.divide(part, whole, out=np.full(len(part), np.nan), where=np.asarray(whole) > 0))
