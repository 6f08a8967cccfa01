"""Predictions as Parquet: probabilities are numbers, and columns that are kept have the types that they had."""

from typing import Any

import numpy as np

from smtrain.model.model import Model
from smtrain.reports.numerals import rounded
from smtrain.reports.predictions import PredictionWriter, largest
from smtrain.scoring.predict import Scored
from smtrain.softmax.design import Design, Floats
from smtrain.sources.parquet.source import carried
from smtrain.sources.parquet.writer import ParquetWriter, texts
from smtrain.sources.table import Table


class TypedPredictionWriter(PredictionWriter):
    """Turns scored rows into the bytes of a Parquet file."""

    def __init__(self, model: Model, table: Table, **options: Any) -> None:
        super().__init__(model, table, **options)
        self._writer, self._begun = ParquetWriter(), False

    def head(self) -> bytes:
        """Nothing: the file begins with its first rows."""
        return b""

    def rows(self, scored: Scored) -> bytes:
        """The bytes that are ready with some rows."""
        here = slice(scored.start, scored.start + scored.X.rows)
        kept = {self.table.names[i]: carried(scored.rows.batch, i, here) for i in self.keep}
        self._begun = True
        return self._writer.add(kept | self._all(scored.probabilities, scored.X))

    def unkept(self, S: Floats) -> bytes:
        """The bytes that are ready with some rows, by their probabilities alone; where these are NaN cells are null."""
        self._begun = True
        known = ~np.isnan(S[0])
        columns = {name: iter(column) for name, column in self._typed(S[:, known]).items()}
        padded = {name: [next(cells) if one else None for one in known] for name, cells in columns.items()}
        return self._writer.add(padded)

    def end(self) -> bytes:
        """The rest of the file; of a table without rows its columns alone."""
        if not self._begun:
            nothing = np.empty((len(self.model.encoder.classes), 0))
            X = self.model.encoder.empty()
            self._writer.add({self.table.names[i]: texts([]) for i in self.keep} | self._all(nothing, X))
        return self._writer.end()

    def _typed(self, S: Floats) -> dict[str, Any]:
        """The output's own columns that the probabilities make, by name."""
        columns = [self._classes(self.decide(S).tolist())]
        if self.proba:
            columns += [np.asarray(row, np.float64) for row in rounded(S, self.digits)]
        if self.top:
            order = largest(S, self.top)
            largest_ones = rounded(np.take_along_axis(S, order, axis=0), self.digits)
            for ranked, p in zip(order, largest_ones, strict=True):
                columns += [self._classes(ranked.tolist()), np.asarray(p, np.float64)]
        return dict(zip(self.columns, columns, strict=False))

    def _all(self, S: Floats, X: Design) -> dict[str, Any]:
        """The output's own columns, by name."""
        found = self._typed(S)
        if self.explain:
            order, pushes = self._pushes(S, X)
            names = [column.name for column in self.model.encoder.columns]
            pairs = zip(order.tolist(), pushes, strict=True)
            more = [cells for ranked, push in pairs for cells in (texts([names[i] for i in ranked]), push)]
            found |= dict(zip(self.columns[len(found) :], more, strict=True))
        return found

    def _classes(self, codes: list[int]) -> Any:
        return texts([self.model.encoder.classes[k] for k in codes])
