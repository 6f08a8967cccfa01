"""An order from the largest to the smallest that does not depend on last bits."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

# Sizes that agree to this many significant digits count as equal. Another processor adds in another order, which
# changes the digits beyond. With more digits, equal effects would trade places from one processor to the next.
DIGITS = 9


def largest_first(sizes: NDArray[Any]) -> NDArray[np.intp]:
    """Return the places of the sizes (n,), each at least 0, from the largest to the smallest.

    Equal sizes keep their order.
    """
    # Each size is multiplied by the power of ten that leaves DIGITS digits before the point, rounded, and divided
    # again.
    with np.errstate(divide="ignore"):
        digits = DIGITS - 1 - np.floor(np.log10(np.asarray(sizes, np.float64)))
    scale = 10.0 ** np.where(np.isfinite(digits), np.clip(digits, -300, 300), 0)
    return np.argsort(-np.rint(sizes * scale) / scale, kind="stable")
