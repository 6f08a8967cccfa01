"""The largest first, in an order that does not hang on last bits."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

# Sizes that agree to so many significant digits count as equal: sums of another order, as another processor makes
# them, differ beyond. With more digits equal effects would trade places from one processor to the next.
DIGITS = 9


def largest_first(sizes: NDArray[Any]) -> NDArray[np.intp]:
    """The places of some sizes (n,), at least 0, from the largest to the smallest; equal ones as they stand."""
    with np.errstate(divide="ignore"):
        digits = DIGITS - 1 - np.floor(np.log10(np.asarray(sizes, np.float64)))
    scale = 10.0 ** np.where(np.isfinite(digits), np.clip(digits, -300, 300), 0)
    return np.argsort(-np.rint(sizes * scale) / scale, kind="stable")
