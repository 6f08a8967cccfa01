"""Numbers as blocks of characters, for any terminal: bars, shades and curves. Colours are not needed to read them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Characters of a bar, and of one in a terminal of fewer than so many.
LENGTH, SHORT, NARROW = 20, 10, 60
FULL = "█"
# A character that is filled from the left by so many eighths.
EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
# The heights of a curve, each one character.
HEIGHTS = "▁▂▃▄▅▆▇█"
CURVE_LENGTH = 60  # characters: with the two numbers beside it a curve fits a terminal of 80
# Shares up to a quarter, a half, three quarters, and above; NONE is nothing at all.
SHADES = "░▒▓█"
NONE = "·"
AXIS, MARK = "│", "┃"


@dataclass(frozen=True)
class Bars:
    """A drawing for each line of a table, which a terminal has behind the numbers; and the head of that column."""

    head: str
    lines: Sequence[str]


def bar_length(width: int) -> int:
    """The characters of a bar in a terminal so wide."""
    return SHORT if width < NARROW else LENGTH


def bar(value: float, most: float, length: int = LENGTH) -> str:
    """A bar to the right, of `length` characters for `most`; nothing for a number that is none."""
    if not (math.isfinite(value) and most > 0):
        return ""
    eighths = round(8 * length * min(max(value / most, 0.0), 1.0))
    return FULL * (eighths // 8) + EIGHTHS[eighths % 8]


def bar_with_mark(value: float, mark: float, length: int = LENGTH) -> str:
    """A bar of a share, and a mark where another share would end."""
    cells = list(bar(value, 1.0, length).ljust(length))
    cells[min(int(mark * length), length - 1)] = MARK
    return "".join(cells).rstrip()


def signed_bar(value: float, most: float, length: int = LENGTH) -> str:
    """A bar from an axis in the middle: to the right above zero, to the left, of whole characters, below."""
    half = length // 2
    if value < 0:
        return f"{FULL * round(half * min(-value / most, 1.0)):>{half}}{AXIS}" if most > 0 else ""
    return f"{'':{half}}{AXIS}{bar(value, most, half)}"


def shade(share: float) -> str:
    """A character, the fuller the larger the share."""
    return SHADES[min(int(4 * share), 3)] if share > 0 else NONE


def curve(values: NDArray[np.float64]) -> str:
    """Positive numbers as a line of blocks on a logarithmic scale, between the first and the last; "" for none."""
    there = values[(values > 0) & np.isfinite(values)]
    if not len(there):
        return ""
    picked = there[np.unique(np.linspace(0, len(there) - 1, CURVE_LENGTH).round().astype(int))]
    heights = np.log(picked)
    low, span = heights.min(), np.ptp(heights) or 1.0
    blocks = "".join(HEIGHTS[i] for i in ((heights - low) / span * (len(HEIGHTS) - 1)).round().astype(int))
    return f"{there[0]:.1e} {blocks} {there[-1]:.1e}"
