"""Parsed rows, and how each of their columns was read."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property, lru_cache
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.design import Floats
from smtrain.sources.cells import TextCells
from smtrain.sources.records import Piece

BEGINNING = 16  # records


class Reading(Enum):
    """How a column's cells are read. TEXT knows missing cells, LABEL takes every text as it stands."""

    SKIP = "skip"
    NUMBER = "number"
    TEXT = "text"
    LABEL = "label"


Readings = tuple[Reading, ...]


@lru_cache(maxsize=64)
def positions(readings: Readings, *kinds: Reading) -> tuple[int, ...]:
    """The positions of the columns that are read in one of these ways."""
    return tuple(i for i, reading in enumerate(readings) if reading in kinds)


@dataclass(frozen=True)
class Rows:
    """Some parsed rows: `numbers` (n, q) of the number columns in order, NaN where missing; by position, `texts`.

    The numbers are kept in float32 where that is exact: for most files it is, and takes half of the memory.
    """

    piece: Piece
    readings: Readings
    count: int
    numbers: Floats
    texts: dict[int, TextCells]

    def number(self, column: int) -> NDArray[np.float64]:
        """The cells (n,) of the number column at a position."""
        cells = self.numbers[:, positions(self.readings, Reading.NUMBER).index(column)]
        return np.asarray(cells, np.float64)

    def find(self, column: int, wanted: Callable[[str], bool]) -> tuple[int, str]:
        """The line and text of the column's first cell that is `wanted`. Slow; for messages."""
        for line, cells in chain(self._beginning, islice(self.piece.records(), len(self._beginning), None)):
            if wanted(cells[column]):
                return line, cells[column]
        raise LookupError("no such cell")

    @cached_property
    def _beginning(self) -> list[tuple[int, list[str]]]:
        """The first records, where most columns have what is looked for: a wide table is not cut anew for each."""
        return list(islice(self.piece.records(), BEGINNING))

    def lines(self) -> list[int]:
        """The line that each row starts at. Slow where a record has more than one line, or blank lines are between."""
        if self.piece.line_ends() == self.count:
            return list(range(self.piece.line, self.piece.line + self.count))
        return [line for line, _ in self.piece.records()]
