"""A second opinion on what is in a table: a slow and simple reader, written from docs/data.md alone.

The sentences in quotes are those of docs/data.md. `read` gives what `smtrain.fit` must find, or what is wrong.
"""

import itertools
import math
import re
from collections import Counter
from collections.abc import Sequence

from tests.oracle.moments import moments, weighted
from tests.oracle.rules import LARGEST, MISSING, ROUNDING, SMALLEST, Answer, Column, Options, class_order, number
from tests.oracle.text import (
    UTF_16,
    Fault,
    Record,
    agrees_with_csv,
    blank_stripped,
    decoded,
    records,
    sniffed,
    unpacked,
)

NAMES_THE_ROWS = "nearly every row has another text: it names the rows"
VOTING = 1000
# In another notation than the table's.
SURELY_A_NUMBER = re.compile(r"-?[0-9]+(,[0-9]+|%)")
SURELY_NONE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[a-z]-[0-9]+")
MAYBE_MISSING = re.compile(r"(?i)[\W_]*(na|n/a|n\.a\.|nan|nat|null|none|missing|unknown|-nan|\+nan)?[\W_]*")
MAYBE_A_NUMBER = re.compile(r"\d|inf|nan", re.IGNORECASE)
NUMBERS_THE_ROWS = "it has no name and numbers the rows"
# Rows from which on whole numbers that go up may be the index of a longer table.
INDEX_ROWS = 5


class Reader:
    """The reading of one table."""

    def __init__(self, data: bytes, options: Options) -> None:
        self.options = options
        self.answer = Answer()
        self.weight_cells: list[float] = []
        self.missing = {blank_stripped(text) for text in (*MISSING, *options.na_values)}
        numbers = (number(text, options.decimal) for text in options.na_values)
        self.missing_numbers = {value for value in numbers if value is not None}
        self.records = self.split(data)

    def fault(self, what: str, line: int | None = None, column: str | None = None, *, usage: bool = False) -> None:
        self.answer.faults.append(Fault(what, line, column, usage))

    def split(self, data: bytes) -> list[Record]:
        """The records of a file."""
        data = unpacked(data)
        if data.startswith(UTF_16):
            self.fault("this is UTF-16 text, not CSV")
            return []
        text = decoded(data)
        delimiter = self.options.delimiter or sniffed(text, self.options.decimal)
        found = records(text, delimiter)
        assert any(record.faults for record in found) or agrees_with_csv(text, delimiter, found)
        return found

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
        if not rows and not self.answer.faults:
            self.fault("no rows below the header")
        self.check_roles()
        if rows and not any(fault.usage for fault in self.answer.faults):
            self.columns(rows)
        return self.answer

    def header(self) -> list[Record]:
        """'The first line with a character in it. With --no-header the columns are c1, c2, …'; gives the rows."""
        first = self.records[0]
        if self.options.header:
            self.answer.names = [blank_stripped(cell) for cell in first.cells]
            self.text_faults(first)
            return self.records[1:]
        self.answer.names = [f"c{i}" for i, _ in enumerate(first.cells, 1)]
        return self.records

    def text_faults(self, record: Record) -> None:
        for what, line in record.faults:
            self.fault(what, line)

    def check_header(self) -> None:
        """'A header whose names are numbers, all of them or all but one, is taken for a row.'"""
        names, line = self.answer.names, self.records[0].line
        if not self.options.header:
            return
        numbers = sum(number(name, self.options.decimal) is not None for name in names)
        if numbers and numbers >= len(names) - 1:
            self.fault("the header is a row of numbers", line)
        for name, count in Counter(names).items():
            if count > 1 and name:
                self.fault("two columns have one name", line)
        for place, name in enumerate(names):
            if not name and place:  # the first may be the index that pandas writes
                self.fault("a column has no name", line)

    def check_rows(self, rows: list[Record]) -> list[Record]:
        """'Every record must have as many cells as the header.' Gives the rows that can be looked at."""
        good = []
        header = self.answer.names if self.options.header else None
        for record in rows:
            self.text_faults(record)
            if len(record.cells) != len(self.answer.names):
                self.fault("another number of cells than the header", record.line)
            elif not record.faults:
                good.append(record)
                cells = [record.cells[0].removeprefix("\ufeff"), *record.cells[1:]]
                if header == [blank_stripped(cell) for cell in cells]:
                    self.fault("the header once more, among the rows", record.line)
        return good

    def columns(self, rows: list[Record]) -> None:
        """Which column is what."""
        answer, options = self.answer, self.options
        answer.target = answer.names[-1] if options.target is None else options.target
        if options.unlabelled == "skip":
            rows = self.labelled(rows)
        answer.lines = [record.line for record in rows]
        table = [(name, [record.cells[place] for record in rows]) for place, name in enumerate(answer.names)]
        self.weight_cells = [self.weight(cell) for name, cells in table if name == options.weight for cell in cells]
        for place, (name, cells) in enumerate(table):
            if name == answer.target:
                self.target(cells)
            elif name == options.weight:
                self.weights(cells)
            elif name not in options.drop:
                self.feature(place, name, cells)
        self.finish()

    def labelled(self, rows: list[Record]) -> list[Record]:
        """'`--unlabelled skip` leaves these rows out', and those whose label `--na-values` names."""
        place = self.answer.names.index(self.answer.target)
        none = {"", *map(blank_stripped, self.options.na_values)}
        found = [record for record in rows if blank_stripped(record.cells[place]) not in none]
        if not found:
            self.fault("no rows with a label")
        return found

    def check_roles(self) -> None:
        """Names that are asked for are there; and a column is one thing."""
        options, names = self.options, self.answer.names
        target = names[-1] if options.target is None else options.target
        one = [target] if options.weight is None else [target, options.weight]
        kinds = [*options.numeric, *options.categorical]
        if {*one, *options.drop, *kinds} - {*names}:
            self.fault("there is no such column", usage=True)
        if len({*one, *kinds}) < len([*one, *kinds]) or target in options.drop:
            self.fault("a column that is to be two things", usage=True)

    def target(self, cells: list[str]) -> None:
        """'Labels are text, kept as they stand. An empty label, or one of blanks alone, is an error.'"""
        answer = self.answer
        answer.labels = cells
        answer.classes = sorted(set(cells), key=class_order)
        for line, cell in zip(answer.lines, cells, strict=True):
            if not blank_stripped(cell):
                self.fault("an empty label", line, answer.target)
            if self.options.header and blank_stripped(cell) == answer.target:
                self.fault("the label is the name of its column, too", line, answer.target)
        if len(set(cells)) == 1:
            self.fault("only one class", column=answer.target)
        quantities = {cell for cell in cells if number(cell, self.options.decimal) is not None}
        if len(quantities) > 100 and len(quantities) > len(cells) / 2:
            self.fault("this looks like a regression target", column=answer.target)

    def weights(self, cells: list[str]) -> None:
        """'A number of 0 or more a row'; 'an error is a weight between 0 and 1e-50'."""
        self.answer.weight_name, self.answer.weights = self.options.weight, [self.weight(cell) for cell in cells]
        for line, value in zip(self.answer.lines, self.answer.weights, strict=True):
            if value != 0 and not SMALLEST <= value <= LARGEST:
                self.fault("no weight", line, self.options.weight)

    def weight(self, cell: str) -> float:
        value = None if self.is_missing(cell, numeric=True) else number(cell, self.options.decimal)
        return math.nan if value is None else value

    def is_missing(self, cell: str, *, numeric: bool) -> bool:
        """'In a numeric column a number among them also matches its other spellings.'"""
        if blank_stripped(cell) in self.missing:
            return True
        return numeric and number(cell, self.options.decimal) in self.missing_numbers

    def feature(self, place: int, name: str, cells: list[str]) -> None:
        """'Every other column is a feature, numeric or categorical, as its cells decide.'"""
        options = self.options
        there = [i for i, cell in enumerate(cells) if not self.is_missing(cell, numeric=False)]
        numbers = [i for i in there if number(cells[i], options.decimal) is not None]
        if name in options.categorical:
            self.categorical(name, cells)
        elif name in options.numeric or len(numbers) == len(there):
            self.numeric(place, name, cells)
        elif numbers:
            self.mixture(name, sorted(set(there) - set(numbers)), numbers)
        else:
            self.another_notation(name, cells, there)
            self.categorical(name, cells)

    def mixture(self, name: str, words: list[int], numbers: list[int]) -> None:
        """'The first cell of the sort that the first 1,000 rows have fewer of', or that is not like those before it."""
        votes = [sum(row < VOTING for row in sort) for sort in (words, numbers)]
        odd = words if votes[0] < votes[1] or (votes == [0, 0] and words[0] > numbers[0]) else numbers
        places = {odd[0]}
        if self.answer.faults:  # the table may not have been read to its end
            places |= {words[0], numbers[0]}
        for place in sorted(places):
            self.fault("numbers and words in one column", self.answer.lines[place], name)

    def another_notation(self, name: str, cells: Sequence[str], there: Sequence[int]) -> None:
        """'Numbers in another notation are not let through as words, if more than half of the levels look like them.'

        Decimal commas and percent do, dates and codes that begin with a letter and a dash do not; of the rest, what has
        a digit in it is left to judgement.
        """
        levels = {cells[i] for i in there}
        sure = {level for level in levels if SURELY_A_NUMBER.fullmatch(level)}
        if len(sure) > len(levels) / 2:
            self.fault(
                "numbers in another notation", next(self.answer.lines[i] for i in there if cells[i] in sure), name
            )
        looks = {level for level in levels if MAYBE_A_NUMBER.search(level) and not SURELY_NONE.fullmatch(level)}
        if len(looks) > len([level for level in levels if not MAYBE_MISSING.fullmatch(level)]) / 2:
            self.answer.doubts.append(Fault("numbers in another notation", None, name))  # a word is the first cell
            lines = {self.answer.lines[i] for i in there if cells[i] in looks}
            self.answer.doubts += [Fault("numbers in another notation", line, name) for line in sorted(lines)]

    def numeric(self, place: int, name: str, cells: list[str]) -> None:
        """A column of numbers."""
        answer, values = self.answer, []
        for line, cell in zip(answer.lines, cells, strict=True):
            value = math.nan if self.is_missing(cell, numeric=True) else number(cell, self.options.decimal)
            if value is None:
                self.fault("not a number", line, name)
            elif abs(value) > LARGEST:
                self.fault("not a finite number below 1e152", line, name)
            values.append(math.nan if value is None else value)
        column = Column(name, values)
        kept = name in self.options.numeric
        if place == 0 and not name and numbers_rows(values) and not kept:
            answer.ignored[name] = NUMBERS_THE_ROWS
        elif column.missing == len(values) and not kept:
            answer.ignored[name] = "every cell is missing"
        elif not name:
            self.fault("a column has no name", self.records[0].line)
        elif not column.missing and not kept and (reason := self.constant(values)):
            answer.ignored[name] = reason
        else:
            answer.columns.append(column)

    def constant(self, values: list[float]) -> str | None:
        """'All its cells are equal', or 'their deviation is' but rounding; 'a row of weight 0 does not count'."""
        weights = self.weight_cells if len(self.weight_cells) == len(values) else []  # else a cell is a fault
        pairs = weighted(values, weights) or [(0.0, 1.0)]
        if len({value for value, _ in pairs}) == 1:
            return "it is constant"
        deviation, size = moments(pairs)[1], max(abs(value) for value, _ in pairs)
        return "it is constant but for rounding" if deviation <= max(SMALLEST, ROUNDING * size) else None

    def categorical(self, name: str, cells: list[str]) -> None:
        """'Levels are compared as texts', 'kept as they stand, blanks included'."""
        answer = self.answer
        texts = [None if self.is_missing(cell, numeric=False) else cell for cell in cells]
        levels = sorted({text for text in texts if text is not None}, key=class_order)
        column = Column(name, texts, levels)
        kept = name in self.options.categorical
        if not levels and not kept:
            answer.ignored[name] = "every cell is missing"
        elif not name:
            self.fault("a column has no name", self.records[0].line)
        elif len({*texts}) == 1 and not kept:
            answer.ignored[name] = "it is constant"
        elif len({*texts}) > max(20, 0.9 * len(cells)) and not kept:  # 'missing cells count as one'
            answer.ignored[name] = NAMES_THE_ROWS
        else:
            column.levels = [*levels, None] if column.missing else levels
            answer.columns.append(column)

    def finish(self) -> None:
        """What can only be said of the whole."""
        answer = self.answer
        answer.missing = {column.name: column.missing for column in answer.columns if column.missing}
        if not answer.columns:
            self.fault("no column to learn from")
        if answer.weights is not None:
            for name in answer.classes:
                if not sum(w for w, label in zip(answer.weights, answer.labels, strict=True) if label == name):
                    self.fault("a class whose rows weigh nothing together", column=self.options.weight)


def numbers_rows(values: list[float]) -> bool:
    """'It counts 0, 1, 2, … or 1, 2, 3, …', or in five rows or more its whole numbers 'go up from row to row'."""
    counts = any(values == [float(i) for i in range(start, start + len(values))] for start in (0, 1))
    whole = all(value >= 0 and value == value // 1 for value in values)
    rising = whole and all(a < b for a, b in itertools.pairwise(values))
    return counts or (rising and len(values) >= INDEX_ROWS)


def read(data: bytes, options: Options) -> Answer:
    """What is in a table."""
    return Reader(data, options).read()
