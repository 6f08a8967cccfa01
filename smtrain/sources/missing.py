"""Which cells are missing: a few texts, those of --na-values, and in columns of numbers the numbers among these."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from smtrain.sources.dialect import Dialect
from smtrain.sources.notation import number
from smtrain.sources.records import BLANKS


@dataclass(frozen=True)
class Missing:
    """The missing cells of a dialect. Blanks around a cell do not count.

    `texts` are missing in every feature. `values` are the numbers among them, by the decimal mark of the dialect: in a
    column of numbers every spelling of such a number is missing. `plain` are the texts that pandas can be told without
    its taking them for numbers, as Python reads 1_000; it fails at the others where they are, or makes infinities.
    """

    texts: frozenset[str]
    values: frozenset[float]
    plain: tuple[str, ...]
    decimal: str

    def is_text(self, cell: str) -> bool:
        """Whether a cell is missing in any column."""
        return cell.strip(BLANKS) in self.texts

    def is_number(self, cell: str) -> bool:
        """Whether a cell is missing in a column of numbers."""
        return self.is_text(cell) or (bool(self.values) and number(cell, self.decimal) in self.values)

    def without_values(self, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        """The same numbers, NaN where their value is missing."""
        return np.where(np.isin(numbers, list(self.values)), np.nan, numbers) if self.values else numbers


@lru_cache(maxsize=16)
def missing_of(dialect: Dialect) -> Missing:
    """The missing cells of a dialect."""
    texts = frozenset(text.strip(BLANKS) for text in dialect.missing)
    values = frozenset(number(text, dialect.decimal) for text in texts)
    plain = tuple(sorted(text for text in texts if math.isnan(_as_python_reads(text))))
    return Missing(texts, frozenset(value for value in values if not math.isnan(value)), plain, dialect.decimal)


def _as_python_reads(text: str) -> float:
    """What pandas makes of a text that is to mean missing, before it compares numbers with it."""
    try:
        return float(text)
    except ValueError:
        return math.nan
