"""What a cell of text means: that it is missing, or a number; by the missing texts and the decimal mark of a dialect.

Missing are a few texts, those of --na-values, and in columns of numbers every spelling of the numbers among these.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from smtrain.sources.cells import TextCells
from smtrain.sources.dialect import BLANKS, Dialect
from smtrain.sources.notation import number


@dataclass(frozen=True)
class Meaning:
    """What the cells of a dialect mean. Blanks around a cell do not count.

    `missing` are texts that are missing in every feature. `values` are the numbers among them, by the `decimal` mark of
    the dialect: in a column of numbers every spelling of such a number is missing. `plain` are the texts that pandas
    can be told without its taking them for numbers, as Python reads 1_000; it fails at the others where they are, or
    makes infinities.
    """

    missing: frozenset[str]
    values: frozenset[float]
    plain: tuple[str, ...]
    decimal: str

    def is_missing(self, cell: str) -> bool:
        """Whether a cell is missing in any column."""
        return cell.strip(BLANKS) in self.missing

    def is_missing_number(self, cell: str) -> bool:
        """Whether a cell is missing in a column of numbers."""
        return self.is_missing(cell) or (bool(self.values) and self.number(cell) in self.values)

    def number(self, cell: str) -> float:
        """A cell as a number that a number column may hold, or NaN."""
        return number(cell, self.decimal)

    def can_read(self, cell: str) -> bool:
        """Whether a cell is a number that a number column may hold."""
        return not math.isnan(self.number(cell))

    def numbers(self, cells: TextCells) -> NDArray[np.float64]:
        """Cells of text as numbers (n,), NaN for those that are none."""
        values = np.array([*map(self.number, cells.levels), np.nan], np.float64)
        return np.take(values, cells.codes)  # a missing cell's −1 takes the last

    def without_values(self, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        """The same numbers, NaN where their value is missing."""
        return np.where(np.isin(numbers, list(self.values)), np.nan, numbers) if self.values else numbers


@lru_cache(maxsize=16)
def meaning_of(dialect: Dialect) -> Meaning:
    """What the cells of a dialect mean."""
    texts = frozenset(text.strip(BLANKS) for text in dialect.missing)
    values = frozenset(number(text, dialect.decimal) for text in texts)
    plain = tuple(sorted(text for text in texts if math.isnan(_as_python_reads(text))))
    return Meaning(texts, frozenset(value for value in values if not math.isnan(value)), plain, dialect.decimal)


def _as_python_reads(text: str) -> float:
    """What pandas makes of a text that is to mean missing, before it compares numbers with it."""
    try:
        return float(text)
    except ValueError:
        return math.nan
