"""A source of another sort, for the tests: rows as Python lists. All that it takes is in this file."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from smtrain.sources.cells import TextCells
from smtrain.sources.dialect import Dialect
from smtrain.sources.interface import Batch, Places, Reading, Rows, Source, Span, positions
from smtrain.sources.meaning import meaning_of


@dataclass(frozen=True)
class ListBatch(Batch):
    """Some rows, from number `start` on: as a spreadsheet counts them, below the names."""

    source: "Lists"
    start: int
    rows: list

    def read(self, readings, dialect=None):
        meaning, texts = meaning_of(dialect or self.source.dialect), {}
        for i in positions(readings, Reading.TEXT, Reading.LABEL):
            codes, levels = pd.factorize(np.array(list(self.cells(i)), object))
            cells = TextCells(codes, list(levels))
            texts[i] = cells if readings[i] is Reading.LABEL else cells.without(meaning.is_missing)
        numbers = [
            [self._number(meaning, k, i) for i in positions(readings, Reading.NUMBER)] for k in range(len(self.rows))
        ]
        return Rows(self, readings, len(self.rows), np.array(numbers).reshape(len(self.rows), -1), texts)

    def _number(self, meaning, k, i):
        cell = self.rows[k][i]
        if not meaning.is_missing_number(cell) and not meaning.can_read(cell):
            raise self.places(len(self.rows))[k].error(f"not a number: {cell}", column=self.source.names[i])
        return np.nan if meaning.is_missing_number(cell) else meaning.number(cell)

    def before(self, error):
        whole = self.rows[: error.line - self.start]
        return ListBatch(self.source, self.start, whole) if whole else None

    def without(self, gone):
        raise NotImplementedError

    def places(self, count):  # noqa: ARG002 - every row has a place
        return Places(self.source.name, self.start)

    def cells(self, column):
        return (row[column] for row in self.rows)


@dataclass(frozen=True)
class ListSpan(Span):
    """Some rows, from number `start` on."""

    names: list
    rows: list
    typed: tuple
    start: int

    def open(self):
        return Lists(self.names, self.rows, typed=self.typed, start=self.start)


class Lists(Source):
    """`typed` columns are words, whatever their texts look like."""

    name, dialect = "lists", Dialect()

    def __init__(self, names, rows, size=7, typed=(), start=2):
        self.names, self._rows, self._size, self._typed, self._start = list(names), rows, size, typed, start

    def batches(self):
        for start in range(0, len(self._rows), self._size):
            yield ListBatch(self, self._start + start, self._rows[start : start + self._size])

    def spans(self, size, run):  # noqa: ARG002 - nothing has to be found out
        """`size` is a number of rows."""
        runs = [self._rows[start : start + size] for start in range(0, len(self._rows), size)]
        return [ListSpan(self.names, rows, self._typed, 2 + size * k) for k, rows in enumerate(runs)]

    def kind(self, column):
        return Reading.TEXT if self.names[column] in self._typed else None
