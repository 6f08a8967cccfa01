"""Pieces of text parsed: by pandas where it sees what docs/data.md says, else cell by cell.

What each column is must be said before a piece is parsed; a number column that meets a word fails there and then, with
its line. `cell_by_cell` is the rule, and `at_once` the fast way: whatever it does not refuse, both read alike
(tests/test_fast_and_slow.py).
"""

import io
import math
from array import array
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smtrain.errors import DataError, Place
from smtrain.softmax.design import Floats
from smtrain.sources.cells import TextCells, edge_cells
from smtrain.sources.dialect import BLANKS, Dialect
from smtrain.sources.interface import Reading, Readings, positions
from smtrain.sources.meaning import Meaning, meaning_of
from smtrain.sources.misreading import compact, hides_booleans, odd_blanks, padded_plus, too_large
from smtrain.sources.notation import not_a_number
from smtrain.sources.piece import Piece
from smtrain.sources.records import BOM

Cells = tuple[Floats, dict[int, TextCells]]


def bare(cell: str) -> str:
    """A cell as a name of a header: without blanks, and without the byte order mark of a file that was joined on."""
    return cell.removeprefix("\ufeff").strip(BLANKS)


@dataclass
class Parser:
    """Parses pieces of a table whose columns have these `names`, by the marks and missing cells of a dialect.

    `fitting` says that the options of a fit are at hand: messages then name the one that helps.
    """

    names: list[str]
    dialect: Dialect
    fitting: bool = False
    _padded: frozenset[str] = field(default_factory=frozenset)  # missing numbers with blanks, as far as they were met

    @cached_property
    def meaning(self) -> Meaning:
        """What the cells mean."""
        return meaning_of(self.dialect)

    def parse(self, piece: Piece, readings: Readings, weight: int | None = None) -> Cells:
        """The numbers (n, q) of one piece, and its texts by position. `weight` is the position of the weights, if any.

        Raises DataError with the line of the first cell that cannot be read so.
        """
        text = piece.checked(len(readings))
        cells = self.at_once(text, piece.delimiter, readings) or self.cell_by_cell(piece, readings, weight)
        self._check_no_header(piece, readings, cells[1])
        return cells

    def cell_by_cell(self, piece: Piece, readings: Readings, weight: int | None = None) -> Cells:
        """The cells by the csv module and Python's numbers. Slow, and the rule.

        Raises DataError at the first cell of a number column that is neither a number nor missing.
        """
        numeric, texts = positions(readings, Reading.NUMBER), positions(readings, Reading.TEXT, Reading.LABEL)
        count, numbers = 0, array("d")
        columns: dict[int, list[str]] = {i: [] for i in texts}
        for line, cells in piece.records():
            count += 1
            for i in numeric:
                missing = self.meaning.is_missing_number(cells[i])
                number = math.nan if missing else self.meaning.number(cells[i])
                if missing:
                    self._learn_spelling(cells[i])
                elif math.isnan(number):
                    raise self._fault(cells, i, Place(piece.source, line), of_weight=i == weight)
                numbers.append(number)
            for i in texts:
                columns[i].append(cells[i])
        matrix = np.array(numbers, np.float64).reshape(count, len(numeric))
        return compact(matrix), {i: self._text_cells(column, readings[i]) for i, column in columns.items()}

    def at_once(self, text: bytes, delimiter: str, readings: Readings) -> Cells | None:
        """The cells by pandas; None where it fails, or may see numbers that docs/data.md does not know."""
        try:
            numbers, texts = self._cells(text, delimiter, readings)
        except (ValueError, OverflowError) as error:
            if "out of memory" in str(error):
                raise MemoryError from error
            return None
        odd = (
            too_large(numbers)
            or hides_booleans(text, numbers)
            or odd_blanks(text, len(numbers), delimiter)
            or padded_plus(text, delimiter)
        )
        return None if odd else (numbers, texts)

    def _cells(self, text: bytes, delimiter: str, readings: Readings) -> Cells:
        """The numbers (n, q), and by position the texts. Raises ValueError where a number column is not plain."""
        texts = self._edge_label(text, delimiter, readings)
        frame = self._read_csv(text, delimiter, _without(readings, texts))
        wanted = positions(_without(readings, texts), Reading.TEXT, Reading.LABEL)
        columns = frame[[*wanted]].to_numpy(object).T  # at once: frame[i] takes long where columns are many
        for i, column in zip(wanted, columns, strict=True):
            texts[i] = self._text_cells(column, readings[i])
        parsed = [i for i in texts if i in frame]
        numbers = (frame.drop(columns=parsed) if parsed else frame).to_numpy(np.float64)
        return compact(self.meaning.without_values(numbers)), texts

    def _read_csv(self, text: bytes, delimiter: str, readings: Readings) -> pd.DataFrame:
        """The columns that are not skipped: numbers, NaN where plainly missing, and texts as they stand."""
        missing: Any = [*self.meaning.plain, *self._padded]
        if positions(readings, Reading.TEXT, Reading.LABEL):
            missing = dict.fromkeys(positions(readings, Reading.NUMBER), missing)
        # pandas takes a byte order mark off whatever it is given, wherever that is in the file: it gets one to take.
        return pd.read_csv(
            io.BytesIO(BOM + text if text.startswith(BOM) else text),
            sep=delimiter,
            decimal=self.dialect.decimal,
            header=None,
            names=range(len(readings)),
            index_col=False,
            usecols=[i for i, reading in enumerate(readings) if reading is not Reading.SKIP],
            dtype=_dtypes(readings),
            na_values=missing,
            keep_default_na=False,
            skip_blank_lines=False,
            low_memory=False,
        )

    def _edge_label(self, text: bytes, delimiter: str, readings: Readings) -> dict[int, TextCells]:
        """The label's cells by its position, if they are the only text and can be read without pandas; else nothing."""
        label, edges = positions(readings, Reading.LABEL), (0, len(readings) - 1)
        others = {*readings} - {Reading.LABEL, Reading.SKIP}
        if not label or label[0] not in edges or others != {Reading.NUMBER}:
            return {}
        cells = edge_cells(text, delimiter, last=label[0] > 0)
        return {} if cells is None else {label[0]: cells}

    def _text_cells(self, column: "NDArray[Any] | list[str]", reading: Reading) -> TextCells:
        """Codes and levels of a column of text; every text is a label."""
        codes, levels = pd.factorize(np.asarray(column, object))
        cells = TextCells(codes, list(levels))
        return cells if reading is Reading.LABEL else cells.without(self.meaning.is_missing)

    def _learn_spelling(self, cell: str) -> None:
        """Have pandas know a missing text with blanks around it in the pieces to come: it saves the slow path."""
        if cell not in self._padded and cell.strip(BLANKS) in self.meaning.plain:
            self._padded |= {cell}  # a new set, for other threads may be reading the old one

    def _fault(self, cells: list[str], i: int, place: Place, *, of_weight: bool) -> DataError:
        """The error for the cell of a record that is neither a number nor missing."""
        if self._is_header(cells):
            return _second_header(place)
        decimal, fitting = self.dialect.decimal, self.fitting
        return not_a_number(cells[i], self.names[i], place, decimal, fitting=fitting, weight=of_weight)

    def _is_header(self, cells: list[str]) -> bool:
        return self.dialect.header and [bare(cells[0]), *(cell.strip(BLANKS) for cell in cells[1:])] == self.names

    def _check_no_header(self, piece: Piece, readings: Readings, texts: dict[int, TextCells]) -> None:
        """Raise DataError at a record equal to the header, which is looked for if all columns may hold their names."""
        read = positions(readings, Reading.NUMBER, Reading.TEXT, Reading.LABEL)
        if not self.dialect.header or not all(self._may_hold_its_name(i, readings[i], texts) for i in read):
            return
        for line, cells in piece.records():
            if self._is_header(cells):
                raise _second_header(Place(piece.source, line))

    def _may_hold_its_name(self, i: int, reading: Reading, texts: dict[int, TextCells]) -> bool:
        name = self.names[i]
        if reading is Reading.NUMBER:
            return self.meaning.is_missing_number(name) or self.meaning.can_read(name)
        missing = reading is Reading.TEXT and self.meaning.is_missing(name)  # then there is no such level
        return missing or self.holds_its_name(i, texts[i])

    def holds_its_name(self, i: int, cells: TextCells) -> bool:
        """Whether some cell of a column of words is its name."""
        name = self.names[i]
        return any(bare(level) == name for level in cells.levels if name in level)


def _second_header(place: Place) -> DataError:
    hint = "remove the line; several files with the same header can be given one after another"
    return place.error("the header once more, among the rows", hint=hint)


def _without(readings: Readings, columns: dict[int, TextCells]) -> Readings:
    """The same readings but for some columns, which are skipped."""
    return tuple(Reading.SKIP if i in columns else reading for i, reading in enumerate(readings))


def _dtypes(readings: Readings) -> np.dtype[Any] | defaultdict[int, np.dtype[Any]]:
    """The columns' types: one for all where it can be, because pandas takes its time over types by column."""
    texts = positions(readings, Reading.TEXT, Reading.LABEL)
    if not texts:
        return np.dtype(np.float64)
    # Text is object, not pandas' category: that turns a piece of texts that all look like numbers into numbers.
    return defaultdict(lambda: np.dtype(np.float64), dict.fromkeys(texts, np.dtype(object)))
