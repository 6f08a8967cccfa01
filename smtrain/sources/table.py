"""A table as smtrain sees it: a header, then rows in pieces, each cell a number, a level of text, or skipped.

The table is parsed once, by pandas' C parser, a piece of whole records at a time, in threads. What each column is must
be said before a piece is parsed; a number column that meets a word fails there and then, with its line.
"""

import io
import math
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smtrain.config import LARGEST, Dialect
from smtrain.design import Floats
from smtrain.errors import DataError, UsageError, quoted
from smtrain.sources.cells import TextCells, edge_cells
from smtrain.sources.notation import NUMBER, not_a_number, with_point
from smtrain.sources.records import Piece, RecordReader

BOOLEANS = (b"rue", b"RUE", b"alse", b"ALSE")

T = TypeVar("T")


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
        for line, cells in self.piece.records():
            if wanted(cells[column]):
                return line, cells[column]
        raise LookupError("no such cell")

    def lines(self) -> list[int]:
        """The line that each row starts at. Slow where a record has more than one line, or blank lines are between."""
        if self.piece.line_ends() == self.count:
            return list(range(self.piece.line, self.piece.line + self.count))
        return [line for line, _ in self.piece.records()]


class Table:
    """One or more sources with the same header, read one after another.

    `names` are the columns' names, stripped of blanks around them; without a header they are c1, c2, ….
    """

    def __init__(
        self,
        streams: Sequence[tuple[str, Iterator[bytes]]],
        dialect: Dialect,
        *,
        fitting: bool = False,
        frame: bool = False,
    ) -> None:
        self._fitting, self._frame = fitting, frame
        self.dialect, self._missing = dialect, sorted(dialect.missing)
        self._streams = list(streams)
        self._first = self._open(0)
        self.source = self._first.source
        self.delimiter = self._first.delimiter
        self.header_line, self.names = self._header(self._first)
        self.bytes_read = 0

    def _open(self, index: int) -> RecordReader:
        name, stream = self._streams[index]
        return RecordReader(stream, name, self.dialect.delimiter)

    def _header(self, reader: RecordReader) -> tuple[int, list[str]]:
        found = reader.first(keep=not self.dialect.header)
        if found is None:
            raise DataError("the file is empty", source=reader.source)
        line, cells = found
        if not self.dialect.header:
            return line, [f"c{i}" for i in range(1, len(cells) + 1)]
        names = [cell.strip() for cell in cells]
        if not self._frame:
            _check_header(names, reader.source, line)
        _check_names(names, reader.source, line)
        return line, names

    def column(self, name: str, option: str) -> int:
        """The position of the column that an option names."""
        if name in self.names:
            return self.names.index(name)
        known = ", ".join(quoted(n) for n in self.names[:8]) + (", …" if len(self.names) > 8 else "")
        raise UsageError(f"{self.source}: {option}: there is no column {quoted(name)}", hint=f"the columns are {known}")

    def pieces(self) -> Iterator[Piece]:
        """The pieces of text of all sources, in order."""
        for index in range(len(self._streams)):
            reader = self._first if index == 0 else self._open(index)
            if index:
                self._check_same_header(reader)
            for piece in reader:
                self.bytes_read += len(piece.text)
                yield piece

    def _check_same_header(self, reader: RecordReader) -> None:
        line, names = self._header(reader)
        if names == self.names:
            return
        pairs = zip(names, self.names, strict=False)
        at = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(names), len(self.names)))
        here, there = (quoted(n[at]) if at < len(n) else "no more columns" for n in (names, self.names))
        what = f"another header than {self.source}: column {at + 1} is {here}, there {there}"
        raise DataError(what, source=reader.source, line=line)

    def parse(self, piece: Piece, readings: Readings) -> Rows:
        """Parse one piece. Raises DataError with the line of the first cell that cannot be read so."""
        text = piece.checked(len(readings))
        try:
            texts = self._edge_label(text, piece.delimiter, readings)
            frame = self._read_csv(text, piece.delimiter, _without(readings, texts))
            for i in positions(_without(readings, texts), Reading.TEXT, Reading.LABEL):
                texts[i] = self._text_cells(text, piece.delimiter, frame[i], i, readings)
        except (ValueError, OverflowError) as error:
            if "out of memory" in str(error):
                raise MemoryError from error
            raise self._fault(piece, readings) or DataError(str(error), source=piece.source, line=piece.line) from error
        parsed_texts = [i for i in texts if i in frame]
        numbers = _compact((frame.drop(columns=parsed_texts) if parsed_texts else frame).to_numpy(np.float64))
        if _too_large(numbers) or _hides_booleans(text, numbers):
            fault = self._fault(piece, readings)
            if fault:
                raise fault
        return Rows(piece, readings, len(frame), numbers, texts)

    def parse_leniently(self, piece: Piece, readings: Readings) -> Rows:
        """Like `parse`, but a number column with a cell that is neither a number nor missing is read as text."""
        try:
            return self.parse(piece, readings)
        except DataError as error:
            if error.column is None:
                raise
        as_text = {Reading.NUMBER: Reading.TEXT}
        texts = self.parse(piece, tuple(as_text.get(reading, reading) for reading in readings)).texts
        wrong = {i for i in positions(readings, Reading.NUMBER) if not all(map(self.can_read, texts[i].levels))}
        return self.parse(piece, tuple(Reading.TEXT if i in wrong else reading for i, reading in enumerate(readings)))

    def number(self, cell: str) -> float:
        """A cell as a number that a number column may hold, or NaN."""
        cell = with_point(cell, self.dialect.decimal)
        return float(cell) if NUMBER.fullmatch(cell) and abs(float(cell)) <= LARGEST else math.nan

    def can_read(self, cell: str) -> bool:
        """Whether a cell is a number that a number column may hold."""
        return not math.isnan(self.number(cell))

    def numbers(self, cells: TextCells) -> NDArray[np.float64]:
        """Cells of text as numbers (n,), NaN for those that are none."""
        values = np.array([*map(self.number, cells.levels), np.nan], np.float64)
        return np.take(values, cells.codes)  # a missing cell's −1 takes the last

    def _read_csv(self, text: bytes, delimiter: str, readings: Readings, *, missing: bool = True) -> pd.DataFrame:
        return pd.read_csv(
            io.BytesIO(text),
            sep=delimiter,
            decimal=self.dialect.decimal,
            header=None,
            names=range(len(readings)),
            index_col=False,
            usecols=[i for i, reading in enumerate(readings) if reading is not Reading.SKIP],
            dtype=_dtypes(readings),
            na_filter=missing,
            na_values=self._missing,
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

    def _text_cells(self, text: bytes, delimiter: str, column: "pd.Series[str]", i: int, all_: Readings) -> TextCells:
        """Codes and levels of a text column; a label that looks like a missing cell is read again as it stands."""
        if all_[i] is Reading.LABEL and column.isna().any():
            only = tuple(Reading.LABEL if j == i else Reading.SKIP for j in range(len(all_)))
            column = self._read_csv(text, delimiter, only, missing=False)[i]
        codes, levels = pd.factorize(column)
        return TextCells(codes, list(levels))

    def _fault(self, piece: Piece, readings: Readings) -> DataError | None:
        """The first cell of a number column that is neither a number nor missing."""
        columns = positions(readings, Reading.NUMBER)
        missing = self.dialect.missing
        for line, cells in piece.records():
            for i in columns:
                if cells[i] not in missing and not self.can_read(cells[i]):
                    error = not_a_number(cells[i], self.names[i], piece.source, line)
                    error.hint = error.hint if self._fitting else "the model was fitted on numbers in this column"
                    return error
        return None

    def rows(self, readings: Callable[[], Readings], threads: int = 1) -> Iterator[Rows]:
        """Parse all pieces in order; `readings` is asked anew for each, since a first value may settle a column.

        At a record that cannot be read, the rows before it come first, then its DataError.
        """
        for rows, error in self.map(lambda piece: self._parse_until_fault(piece, readings()), threads):
            if rows is not None:
                yield rows
            if error is not None:
                raise error

    def map(self, function: Callable[[Piece], T], threads: int = 1) -> Iterator[T]:
        """`function` of all pieces, by threads, in order; the first one alone, for it may settle something."""
        return _in_order(function, self.pieces(), threads)

    def rows_in_ways(self, ways: Sequence[tuple["Table", Readings]], threads: int = 1) -> Iterator[list[Rows]]:
        """Parse each piece of this table in several ways: as cells of another table of its columns, with its readings.

        Raises the DataError of a record that one of them cannot read.
        """
        return self.map(lambda piece: [table.parse(piece, how) for table, how in ways], threads)

    def with_dialect(self, dialect: Dialect) -> "Table":
        """The same table with the decimal mark and the missing cells of another dialect, for `rows_in_ways`."""
        found = copy(self)
        found.dialect, found._missing = dialect, sorted(dialect.missing)
        return found

    def _parse_until_fault(self, piece: Piece, readings: Readings) -> tuple[Rows | None, DataError | None]:
        try:
            return self.parse(piece, readings), None
        except DataError as error:
            before = piece.before(error.line) if error.line is not None else None
            return (None if before is None else self.parse(before, readings)), error


def _check_header(names: list[str], source: str, line: int) -> None:
    if sum(NUMBER.fullmatch(name) is not None for name in names) >= max(1, len(names) - 1):
        hint = "--no-header if it is data; if not, give the columns names that are no numbers"
        raise DataError("the header is a row of numbers", source=source, line=line, hint=hint)


def _check_names(names: list[str], source: str, line: int) -> None:
    seen: set[str] = set()
    for position, name in enumerate(names, 1):
        if not name and position > 1:
            raise DataError(f"column {position} has no name", source=source, line=line, hint="name it in the header")
        if name in seen:
            raise DataError(
                f"two columns are named {quoted(name)}", source=source, line=line, hint="rename one of them"
            )
        seen.add(name)


@np.errstate(over="ignore")  # what is too large for float32 becomes infinite, and so differs
def _compact(numbers: NDArray[np.float64]) -> Floats:
    """The same numbers, row-major, in float32 if each of them has the same value there."""
    half = numbers.astype(np.float32)
    exact = ((half == numbers) | np.isnan(half)).all()
    return np.ascontiguousarray(half if exact else numbers)


def _too_large(numbers: Floats) -> bool:
    """Whether some number is infinite or beyond LARGEST."""
    return bool((np.abs(numbers) > min(LARGEST, float(np.finfo(numbers.dtype).max))).any())


def _hides_booleans(text: bytes, numbers: Floats) -> bool:
    """Whether a number column may be words: pandas reads a piece of nothing but True and False as ones and zeros."""
    # A single letter is looked for ten times faster than a word, and most files of numbers have none.
    if not (b"e" in text or b"E" in text):
        return False
    binary = (np.isnan(numbers) | (numbers == 0) | (numbers == 1)).all(axis=0)
    return bool(binary.any()) and any(word in text for word in BOOLEANS)


def _without(readings: Readings, found: dict[int, TextCells]) -> Readings:
    return tuple(Reading.SKIP if i in found else reading for i, reading in enumerate(readings))


def _dtypes(readings: Readings) -> np.dtype[Any] | defaultdict[int, np.dtype[Any]]:
    """The columns' types: one for all where it can be, because pandas takes its time over types by column."""
    texts = positions(readings, Reading.TEXT, Reading.LABEL)
    if not texts:
        return np.dtype(np.float64)
    # Text is object, not pandas' category: that turns a piece of texts that all look like numbers into numbers.
    return defaultdict(lambda: np.dtype(np.float64), dict.fromkeys(texts, np.dtype(object)))


def _in_order(function: Callable[[Piece], T], pieces: Iterable[Piece], threads: int) -> Iterator[T]:
    """Map in `threads` threads, a few pieces ahead, results in order."""
    if threads == 1:
        yield from map(function, pieces)
        return
    waiting: deque[Future[T]] = deque()
    fault: Exception | None = None
    ahead = 0  # the first piece settles how the others are read
    with ThreadPoolExecutor(threads) as pool:
        try:
            remaining = iter(pieces)
            while True:
                try:
                    waiting.append(pool.submit(function, next(remaining)))
                except StopIteration:
                    break
                except DataError as error:  # what was read before it is still to come
                    fault = error
                    break
                if len(waiting) > ahead:
                    ahead = threads
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
    if fault is not None:
        raise fault
