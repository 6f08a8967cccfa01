"""Bins of numbers or levels with what they held in training and hold now, and what a bin is called."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtrain.errors import quoted

# Digits by which a number must be shorter than its neighbour to be the one that a sentence names: the edges beside a
# spike are neighbours in floating point, 3 and 2.9999999999999996.
ROUNDER = 5

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Bins:
    """Shares `before` and `counts` now, (B,) each, with the names of the bins or the numbers between them."""

    what: str
    before: Array
    counts: NDArray[np.intp]
    names: Sequence[str] | Array

    def name(self, k: int) -> str:
        """What is in a bin."""
        if not isinstance(self.names, np.ndarray):
            return quoted(self.names[k])
        return _between(*np.concatenate([[-np.inf], self.names, [np.inf]])[k : k + 2])


def _between(low: float, high: float) -> str:
    """The numbers above `low`, up to `high`, in words.

    A bin of one number is that number. An edge that is the neighbour of a shorter number is told by that one: above the
    neighbour is from that number on, up to the neighbour is below it.
    """
    if np.nextafter(low, np.inf) == high:
        return f"{high:g}"
    above, beyond = np.nextafter(low, np.inf), np.nextafter(high, np.inf)
    start = f"{above:g} or more" if _rounder(above, low) else f"above {low:g}"
    end = f"below {beyond:g}" if _rounder(beyond, high) else f"up to {high:g}"
    if low == -np.inf or high == np.inf:
        return end if low == -np.inf else start
    return f"{low:g} to {high:g}" if end.startswith("up") and not start.endswith("more") else f"{start}, {end}"


def _rounder(number: float, other: float) -> bool:
    """Whether a number is written with far fewer digits than its neighbour."""
    return len(repr(number)) + ROUNDER < len(repr(other))
