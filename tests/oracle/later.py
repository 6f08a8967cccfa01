"""What is in a file that a model is to predict, by docs/data.md: 'At prediction'. In quotes its sentences."""

import math

from tests.oracle.oracle import Reader
from tests.oracle.rules import LARGEST, Answer, Column, Options, number
from tests.oracle.text import Record


class LaterReader(Reader):
    """The reading of a table by what another taught: `learned`."""

    def __init__(self, data: bytes, options: Options, learned: Answer, *, labels: bool) -> None:
        super().__init__(data, options)
        self.learned, self.with_labels = learned, labels

    def read(self) -> Answer:
        """The whole table."""
        if self.answer.faults:
            return self.answer
        if not self.records:
            self.fault("an empty file")
            return self.answer
        rows = self.header()
        self.check_header()
        rows = self.check_rows(rows)
        wanted = [column.name for column in self.learned.columns] + [self.learned.target] * self.with_labels
        if {*wanted} - {*self.answer.names}:
            self.fault("a column of the model is not there", usage=True)
        else:
            self.known_columns(rows)
        return self.answer

    def known_columns(self, rows: list[Record]) -> None:
        """'Columns are matched by name, in any order. Columns that the model does not use are passed over.'"""
        place = {name: i for i, name in enumerate(self.answer.names)}
        self.answer.lines = [record.line for record in rows]
        for column in self.learned.columns:
            cells = [record.cells[place[column.name]] for record in rows]
            self.answer.columns.append(Column(column.name, self.cells(column, cells), column.levels))
        if self.with_labels:
            self.known_labels([record.cells[place[self.learned.target]] for record in rows])
            if self.learned.weight_name in place:
                self.later_weights([record.cells[place[self.learned.weight_name]] for record in rows])
            if not any(self.answer.weights or self.answer.labels):
                self.fault("nothing to measure")

    def cells(self, column: Column, cells: list[str]) -> list:
        """'A cell that cannot be read' in a column of numbers is an error; texts are all read."""
        if column.levels is not None:
            return [None if self.is_missing(cell, numeric=False) else cell for cell in cells]
        values = []
        for line, cell in zip(self.answer.lines, cells, strict=True):
            value = math.nan if self.is_missing(cell, numeric=True) else number(cell, self.options.decimal)
            if value is None or abs(value) > LARGEST:
                self.fault("no number that can be computed with", line, column.name)
            values.append(math.nan if value is None else value)
        return values

    def known_labels(self, labels: list[str]) -> None:
        """'Every label must be a class of the model.'"""
        self.answer.labels = labels
        for line, label in zip(self.answer.lines, labels, strict=True):
            if label not in self.learned.classes:
                self.fault("the model has no such class", line, self.learned.target)

    def later_weights(self, cells: list[str]) -> None:
        """'`evaluate` uses the column if the file has it.'"""
        self.answer.weights = [self.weight(cell) for cell in cells]
        for line, value in zip(self.answer.lines, self.answer.weights, strict=True):
            if not 0 <= value <= LARGEST:
                self.fault("no weight", line, self.learned.weight_name)
