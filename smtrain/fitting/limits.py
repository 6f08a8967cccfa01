"""Where a fit draws the line, for those too that say it before: constant columns, names of rows, quantities."""

import re

import numpy as np

from smtrain.errors import quoted
from smtrain.sources.dialect import SMALLEST_SCALE

IDENTIFIER_SHARE, IDENTIFIER_ROWS = 0.9, 20
REGRESSION_SHARE, REGRESSION_VALUES = 0.5, 100
# Of a column whose numbers differ by their last bit the deviation is at most this share of the largest.
CONSTANT = 2 * float(np.finfo(float).eps)
# Whole numbers from here on are not all floating-point numbers: different ones of 16 digits and more become equal.
LARGEST_WHOLE = 2.0**53
# A column of numbers that goes up by one is believed to count the rows from so many rows on.
COUNTED_ROWS = 5
# How pandas calls an index that it wrote without a name and read back as a column.
UNNAMED = re.compile(r"Unnamed: \d+(?:\.\d+)*|")
NO_COLUMN = "no column is left to learn from"


def constant(deviation: float, largest: float) -> str | None:
    """The reason to leave numbers of this deviation out, the largest of this size, if they differ by rounding at most.

    Also NaN for a deviation too large to compute.
    """
    if not deviation <= max(CONSTANT * largest, SMALLEST_SCALE):
        return None
    if largest >= LARGEST_WHOLE:
        return "it is constant in floating point, which tells about 15 digits; --categorical keeps longer codes apart"
    return "it is constant" if deviation == 0 else "it is constant but for rounding"


def index_name(name: str, first: float | None) -> str | None:
    """The reason to leave out a column that goes up by one from `first`, None for another, if it is an index."""
    if first not in {0, 1} or UNNAMED.fullmatch(name) is None:
        return None
    return f"it has {'the name of an index' if name else 'no name'} and counts the rows"


def name_the_rows(levels: int, rows: int) -> bool:
    """Whether so many texts, a missing one among them, are names of the rows."""
    return levels > max(IDENTIFIER_ROWS, IDENTIFIER_SHARE * rows)


def are_a_quantity(numbers: int, rows: int) -> bool:
    """Whether so many different numbers are a quantity, and no classes of so many rows."""
    return numbers > max(REGRESSION_VALUES, REGRESSION_SHARE * rows)


def quantity(numbers: int, rows: int) -> str:
    """What is wrong with labels that are a quantity."""
    return f"{numbers} different numbers in {rows} rows: this looks like a regression target"


def one_class(label: str) -> str:
    """What is wrong with labels that are all this one."""
    return f"only one class, {quoted(label)}: there is nothing to tell apart"
