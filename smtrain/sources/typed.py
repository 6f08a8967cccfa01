"""What batches have in common whose columns have types: a DataFrame's, and those of a Parquet file.

The type of a column says what it is. Only texts that are asked for as numbers are read as those of a file are.
"""

from abc import abstractmethod
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smtrain.errors import DataError
from smtrain.sources.cells import TextCells
from smtrain.sources.dialect import BLANKS, LARGEST, Dialect
from smtrain.sources.header import NUL
from smtrain.sources.interface import Batch, Reading, Readings, Rows, Source, positions
from smtrain.sources.meaning import Meaning
from smtrain.sources.misreading import compact, too_large
from smtrain.sources.notation import not_a_number, number

# Floats up to here are whole numbers exactly where they look so; beyond, their digits are not those of one integer.
LARGEST_WHOLE = 2.0**53
NOT_UNICODE = "not Unicode text"
NO_NUL = "take it out, as .replace('\\0', '') does: a file of text with one is refused, too"
HALF = "replace half surrogates, for example: .encode(errors='replace').decode()"
DIGITS = "Python writes integers of at most 4,300 digits: make texts of them"


class NoTextError(ValueError):
    """A value that has no text: what it is, and what helps, if that is known."""

    def __init__(self, what: str, hint: str | None = None) -> None:
        super().__init__(what)
        self.what, self.hint = what, hint


class TypedBatch(Batch):
    """Rows (m,) of a source of typed columns. `rows` are the numbers that messages call them by, in ascending order."""

    rows: NDArray[np.intp]

    @property
    @abstractmethod
    def origin(self) -> Source:
        """The source of the rows."""

    @abstractmethod
    def holds_numbers(self, i: int) -> bool:
        """Whether a column is one of numbers by its type."""

    @abstractmethod
    def floats(self, i: int) -> NDArray[np.float64]:
        """A column of numbers (m,), NaN where missing, whatever their size."""

    @abstractmethod
    def text_cells_of(self, i: int, some: slice) -> TextCells:
        """Some rows of a column as codes (m,) and texts, in the order of their first sight; −1 where it is missing.

        Raises DataError for a type that has no texts, NoTextError or UnicodeDecodeError for a value that has none.
        """

    def text_cells(self, i: int) -> TextCells:
        """A column as texts, missing by its type alone. Raises DataError for a type, or at a cell, that has none."""
        try:
            return self.text_cells_of(i, slice(None))
        except (NoTextError, UnicodeDecodeError) as error:
            raise self._first_without_text(i) from error

    def _first_without_text(self, i: int) -> DataError:
        """The error for the first cell of a column that has no text."""
        places = self.places(len(self.rows))
        for row in range(len(self.rows)):
            try:
                self.text_cells_of(i, slice(row, row + 1))
            except NoTextError as error:
                return places[row].error(error.what, column=self.origin.names[i], hint=error.hint)
            except UnicodeDecodeError:
                return places[row].error(NOT_UNICODE, column=self.origin.names[i])
        raise AssertionError("every cell has a text")

    def read(self, readings: Readings, dialect: Dialect | None = None) -> Rows:
        """Take the cells of the columns that are asked for."""
        meaning, wanted = self.origin.meaning(dialect), positions(readings, Reading.NUMBER)
        numbers = np.empty((len(self.rows), len(wanted)))
        for j, i in enumerate(wanted):
            numbers[:, j] = self._numbers(i, meaning)
        # A NaN may be of the sort that signals, of which NumPy would warn wherever it is computed with.
        numbers[np.isnan(numbers)] = np.nan
        texts = {i: self._texts(i, readings[i], meaning) for i in positions(readings, Reading.TEXT, Reading.LABEL)}
        return Rows(self, readings, len(self.rows), compact(numbers), texts)

    def cells(self, column: int) -> Iterator[str]:
        """The texts of a column; of a missing cell the empty one."""
        cells = self._checked(column)
        levels = [*cells.levels, ""]
        return (levels[code] for code in cells.codes)

    def rows_before(self, error: DataError) -> int:
        """How many rows are before that of an error."""
        return 0 if error.line is None else int(np.searchsorted(self.rows, error.line))

    def _no_number(self, i: int, row: int, text: str, meaning: Meaning, *, large: bool = False) -> DataError:
        """The error for a cell that is to be a number and is none."""
        origin, place = self.origin, self.places(len(self.rows))[row]
        known = {"fitting": origin.fitting, "weight": i == origin.weight, "large": large}
        return not_a_number(text, origin.names[i], place, meaning.decimal, **known)

    def _numbers(self, i: int, meaning: Meaning) -> NDArray[np.float64]:
        """The cells of a column as numbers (m,). Raises DataError at the first that is none."""
        if not self.holds_numbers(i):
            return self._numbers_of_texts(i, self.text_cells(i), meaning)
        numbers = meaning.without_values(self.floats(i))
        if too_large(numbers):
            row = int(np.flatnonzero(np.abs(numbers) > LARGEST)[0])
            cells = self.text_cells(i)
            raise self._no_number(i, row, cells.levels[cells.codes[row]], meaning, large=True)
        return numbers

    def _numbers_of_texts(self, i: int, cells: TextCells, meaning: Meaning) -> NDArray[np.float64]:
        """The same of texts, as a file would be read."""
        cells = cells.without(meaning.is_missing_number)
        numbers = meaning.numbers(cells)
        wrong = np.flatnonzero(np.isnan(numbers) & (cells.codes >= 0))
        if len(wrong):
            raise self._no_number(i, int(wrong[0]), cells.levels[cells.codes[wrong[0]]], meaning)
        return numbers

    def _texts(self, i: int, reading: Reading, meaning: Meaning) -> TextCells:
        """The cells of a column as text; a label that is missing is the empty text."""
        cells = self._checked(i)
        return cells.without(meaning.is_missing) if reading is Reading.TEXT else cells.labels()

    def _checked(self, i: int) -> TextCells:
        """The cells of a column as text. Raises DataError at the first that no file of text may hold."""
        cells = self.text_cells(i)
        wrong = next((code for code, level in enumerate(cells.levels) if "\0" in level or is_broken(level)), None)
        if wrong is None:
            return cells
        place = self.places(len(self.rows))[int((cells.codes == wrong).argmax())]
        what, hint = (NOT_UNICODE, HALF) if is_broken(cells.levels[wrong]) else (NUL, NO_NUL)
        raise place.error(what, column=self.origin.names[i], hint=hint)


def is_broken(text: str) -> bool:
    """Whether a text has half of a surrogate pair, which no file can hold."""
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)


@lru_cache(maxsize=16)
def typed_meaning(dialect: Dialect, decimal: str) -> Meaning:
    """What texts mean beside types: missing are an empty one and those of na_values, for the types tell the others."""
    texts = frozenset({"", *(text.strip(BLANKS) for text in dialect.na_values)})
    values = frozenset(value for value in (_value(text, decimal) for text in texts) if not np.isnan(value))
    return Meaning(texts, values, (), decimal)


def _value(text: str, decimal: str) -> float:
    """The number that a text is, those that are infinite or too large to learn from among them; NaN if it is none."""
    value = number(text, decimal)
    try:
        return float(text) if np.isnan(value) and "_" not in text else value
    except ValueError:
        return value


def coded(codes: NDArray[np.integer[Any]], texts: list[str | None]) -> TextCells:
    """Cells (m,) of codes into texts that may be there twice, None for a missing one; each text has one code then."""
    levels = {text: k for k, text in enumerate(dict.fromkeys(text for text in texts if text is not None))}
    table = np.array([*(-1 if text is None else levels[text] for text in texts), -1], np.intp)
    return TextCells(np.take(table, codes), list(levels))  # a missing cell's −1 takes the last


def text_of(value: Any) -> str:
    """A cell as a text: of a float all digits that it takes to read it back, and of a whole one those of an integer.

    A column of integers becomes one of floats in pandas where a cell is missing, and its texts are the same then.
    Raises NoTextError for an integer of too many digits for Python to write.
    """
    if isinstance(value, float | np.floating):
        if abs(float(value)) <= LARGEST_WHOLE and float(value).is_integer():
            return str(int(value))
        return repr(float(value)) if isinstance(value, float) else str(value)
    try:
        return str(value)
    except ValueError as error:
        raise NoTextError("an integer of too many digits", DIGITS) from error
