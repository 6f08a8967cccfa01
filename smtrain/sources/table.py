"""A table as smtrain sees it: a header, then rows in pieces, each cell a number, a level of text, or skipped.

The table is parsed once, by pandas' C parser, a piece of whole records at a time, in threads. What each column is must
be said before a piece is parsed; a number column that meets a word fails there and then, with its line.
"""

import io
import math
import re
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property, lru_cache
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smtrain.errors import DataError, UsageError, quoted
from smtrain.softmax.design import Floats
from smtrain.sources.cells import TextCells, edge_cells
from smtrain.sources.dialect import LARGEST, Dialect
from smtrain.sources.hints import Beginning, advice, advise, check_excel_line, units_hint
from smtrain.sources.likeness import did_you_mean
from smtrain.sources.missing import missing_of
from smtrain.sources.notation import NUMBER, not_a_number, number
from smtrain.sources.records import BLANKS, BOM, Piece, RecordReader, line_ends, written
from smtrain.sources.usable import Skipped, UsableLabels

BOOLEANS = (b"rue", b"RUE", b"alse", b"ALSE")

T = TypeVar("T")


class Reading(Enum):
    """How a column's cells are read. TEXT knows missing cells, LABEL takes every text as it stands."""

    SKIP = "skip"
    NUMBER = "number"
    TEXT = "text"
    LABEL = "label"


Readings = tuple[Reading, ...]
Cells = tuple[Floats, dict[int, TextCells]]


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
        piece: int | None = None,
    ) -> None:
        """`frame` says that the names are those of a DataFrame; `piece` is the size of pieces, None the usual ones."""
        self._fitting, self._frame, self._piece = fitting, frame, piece
        self.dialect, self.missing = dialect, missing_of(dialect)
        self._padded = frozenset[str]()  # spellings of missing numbers with blanks, as far as they were met
        self._streams = list(streams)
        self._first = self._open(0)
        self.source = self._first.source
        self.delimiter = self._first.delimiter
        lines = () if frame else self._first.beginning()
        self._beginning = Beginning(lines, self.delimiter, dialect.decimal, dialect.header, fitting)
        with self.advising():
            self.header_line, self.names = self._header(self._first)
        self.bytes_read = 0
        self._labels: UsableLabels | None = None

    def _open(self, index: int) -> RecordReader:
        name, stream = self._streams[index]
        return RecordReader(stream, name, self.dialect.delimiter, piece=self._piece)

    def _header(self, reader: RecordReader) -> tuple[int, list[str]]:
        found = reader.first(keep=not self.dialect.header)
        if found is None:
            raise DataError("the file is empty", source=reader.source)
        line, cells = found
        check_excel_line(reader.delimiter.join(cells), reader.source, line)
        if not self.dialect.header:
            return line, [f"c{i}" for i in range(1, len(cells) + 1)]
        names = [cell.strip(BLANKS) for cell in cells]
        if not self._frame:
            _check_header(names, reader.source, line)
        _check_names(names, reader.source, line)
        return line, names

    @cached_property
    def places(self) -> dict[str, int]:
        """The position of each column by its name."""
        return {name: i for i, name in enumerate(self.names)}

    def column(self, name: str, option: str) -> int:
        """The position of the column that an option names."""
        if name in self.places:
            return self.places[name]
        hint = did_you_mean(name, self.names) or f"the columns are {self.listed()}"
        raise UsageError(f"{self.source}: {option}: there is no column {quoted(name)}", hint=hint)

    def listed(self) -> str:
        """The first names, for a message."""
        return ", ".join(quoted(n) for n in self.names[:8]) + (", …" if len(self.names) > 8 else "")

    def advice(self, line: int | None = None) -> str | None:
        """A hint, where the first lines show why this is not the table that is wanted, for an error in a line."""
        return advice(self._beginning) or units_hint(line, self._beginning)

    @contextmanager
    def advising(self) -> Iterator[None]:
        """Give an error of the data in here the hint that the first lines of its file call for."""
        try:
            yield
        except DataError as error:
            if error.source == self.source:
                advise(error, self._beginning)
            raise

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
        cells = self._cells_if_plain(text, piece.delimiter, readings)
        if cells is None:
            cells = self._cells(self._in_plain_numbers(piece, readings), piece.delimiter, readings)
        numbers, texts = cells
        self._check_no_header(piece, readings, texts)
        return Rows(piece, readings, len(numbers), numbers, texts)

    def _cells_if_plain(self, text: bytes, delimiter: str, readings: Readings) -> Cells | None:
        """The cells by pandas alone; None where it fails, or may see numbers that docs/data.md does not know."""
        try:
            numbers, texts = self._cells(text, delimiter, readings)
        except (ValueError, OverflowError) as error:
            if "out of memory" in str(error):
                raise MemoryError from error
            return None
        odd = (
            _too_large(numbers)
            or _hides_booleans(text, numbers)
            or _odd_blanks(text, len(numbers), delimiter)
            or _padded_plus(text, delimiter)
        )
        return None if odd else (numbers, texts)

    def _cells(self, text: bytes, delimiter: str, readings: Readings) -> Cells:
        """The numbers (n, q), and by position the texts. Raises ValueError where a number column is not plain."""
        texts = self._edge_label(text, delimiter, readings)
        frame = self._read_csv(text, delimiter, _without(readings, texts))
        for i in positions(_without(readings, texts), Reading.TEXT, Reading.LABEL):
            texts[i] = self._text_cells(frame[i], readings[i])
        parsed = [i for i in texts if i in frame]
        numbers = (frame.drop(columns=parsed) if parsed else frame).to_numpy(np.float64)
        return _compact(self.missing.without_values(numbers)), texts

    def _in_plain_numbers(self, piece: Piece, readings: Readings) -> bytes:
        """The text with the cells of the number columns bare of blanks, those missing empty. Slow, cell by cell.

        Raises DataError at the first cell of a number column that is neither a number nor missing.
        """
        return written(self._plain_records(piece, readings), piece.delimiter)

    def _plain_records(self, piece: Piece, readings: Readings) -> Iterator[list[str]]:
        columns = positions(readings, Reading.NUMBER)
        for line, cells in piece.records():
            for i in columns:
                if self.missing.is_number(cells[i]):
                    self._learn_spelling(cells[i])
                    cells[i] = ""
                elif not self.can_read(cells[i]):
                    raise self._fault(cells, i, piece.source, line)
                cells[i] = cells[i].strip(BLANKS)
            yield cells

    def _learn_spelling(self, cell: str) -> None:
        """Have pandas know a missing text with blanks around it in the pieces to come: it saves the slow path."""
        if cell not in self._padded and cell.strip(BLANKS) in self.missing.plain:
            self._padded |= {cell}  # a new set, for other threads may be reading the old one

    def _fault(self, cells: list[str], i: int, source: str, line: int) -> DataError:
        """The error for the cell of a record that is neither a number nor missing."""
        if self._is_header(cells):
            return self._second_header(source, line)
        error = not_a_number(cells[i], self.names[i], source, line, self.dialect.decimal)
        error.hint = error.hint if self._fitting else "the model was fitted on numbers in this column"
        return error

    def _is_header(self, cells: list[str]) -> bool:
        return self.dialect.header and [cell.strip(BLANKS) for cell in cells] == self.names

    def _second_header(self, source: str, line: int) -> DataError:
        hint = "remove the line; several files with the same header can be given one after another"
        return DataError("the header once more, among the rows", source=source, line=line, hint=hint)

    def _check_no_header(self, piece: Piece, readings: Readings, texts: dict[int, TextCells]) -> None:
        """Raise DataError at a record equal to the header, which is looked for if all columns may hold their names."""
        read = positions(readings, Reading.NUMBER, Reading.TEXT, Reading.LABEL)
        if not self.dialect.header or not all(self._may_hold_its_name(i, readings[i], texts) for i in read):
            return
        for line, cells in piece.records():
            if self._is_header(cells):
                raise self._second_header(piece.source, line)

    def _may_hold_its_name(self, i: int, reading: Reading, texts: dict[int, TextCells]) -> bool:
        name = self.names[i]
        if reading is Reading.NUMBER:
            return self.missing.is_number(name) or self.can_read(name)
        missing = reading is Reading.TEXT and self.missing.is_text(name)  # then there is no such level
        return missing or self._holds_its_name(i, texts[i])

    def _holds_its_name(self, i: int, cells: TextCells) -> bool:
        name = self.names[i]
        return any(level.strip(BLANKS) == name for level in cells.levels if name in level)

    def check_target(self, rows: Rows, column: int) -> None:
        """Raise DataError if one of the labels in a column is its name: then the header may be a row."""
        name = self.names[column]
        if self._frame or not self.dialect.header or not self._holds_its_name(column, rows.texts[column]):
            return
        line, text = rows.find(column, lambda cell: cell.strip(BLANKS) == name)
        what = f"the label {quoted(text)} is the name of its column, too"
        hint = "--no-header if the first line is a row; if not, give the column another name in the header"
        raise DataError(what, source=rows.piece.source, line=line, column=name, hint=hint)

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
        rows = self.parse(piece, tuple(Reading.TEXT if i in wrong else reading for i, reading in enumerate(readings)))
        return replace(rows, texts={i: self._gaps(c) if i in wrong else c for i, c in rows.texts.items()})

    def _gaps(self, cells: TextCells) -> TextCells:
        """Cells of a column of numbers that was read as text, with what is missing there."""
        return cells.without(self.missing.is_number)

    def number(self, cell: str) -> float:
        """A cell as a number that a number column may hold, or NaN."""
        return number(cell, self.dialect.decimal)

    def can_read(self, cell: str) -> bool:
        """Whether a cell is a number that a number column may hold."""
        return not math.isnan(self.number(cell))

    def numbers(self, cells: TextCells) -> NDArray[np.float64]:
        """Cells of text as numbers (n,), NaN for those that are none."""
        values = np.array([*map(self.number, cells.levels), np.nan], np.float64)
        return np.take(values, cells.codes)  # a missing cell's −1 takes the last

    def _read_csv(self, text: bytes, delimiter: str, readings: Readings) -> pd.DataFrame:
        """The columns that are not skipped: numbers, NaN where plainly missing, and texts as they stand."""
        missing: Any = [*self.missing.plain, *self._padded]
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

    def _text_cells(self, column: "pd.Series[str]", reading: Reading) -> TextCells:
        """Codes and levels of a column of text; every text is a label."""
        codes, levels = pd.factorize(column)
        cells = TextCells(codes, list(levels))
        return cells if reading is Reading.LABEL else cells.without(self.missing.is_text)

    def rows(self, readings: Callable[[], Readings], threads: int = 1) -> Iterator[Rows]:
        """Parse all pieces in order; `readings` is asked anew for each, since a first value may settle a column.

        At a record that cannot be read, the rows before it come first, then its DataError.
        """
        for rows, error in self.map(lambda piece: self._parse_until_fault(piece, readings()), threads):
            if rows is not None:
                yield rows
            if error is not None:
                with self.advising():
                    raise error

    def map(self, function: Callable[[Piece], T], threads: int = 1) -> Iterator[T]:
        """`function` of all pieces, by threads, in order; the first one alone, for it may settle something."""
        with self.advising():
            yield from _in_order(lambda piece: function(self._usable(piece)), self.pieces(), threads)

    def skip_unlabelled(self, column: int, classes: Collection[str] | None = None) -> None:
        """From now on leave out the rows whose label, in a column, is empty or none of `classes`, if they are known."""
        self._labels = UsableLabels(column, classes)

    @property
    def skipped(self) -> Skipped:
        """The rows that were left out so far."""
        return Skipped() if self._labels is None else self._labels.skipped

    def no_rows(self) -> DataError:
        """The error for a table without rows, or whose rows were all left out."""
        left = f"no row has a label that can be used: {self.skipped.rows:,} were skipped"
        return DataError(left if self.skipped.rows else "no rows below the header", source=self.source)

    def _usable(self, piece: Piece) -> Piece:
        """The piece without the rows that are to be left out."""
        if self._labels is None:
            return piece
        readings = [Reading.SKIP] * len(self.names)
        readings[self._labels.column] = Reading.LABEL
        return self._labels.kept(piece, self.parse(piece, tuple(readings)).texts[self._labels.column])

    def rows_in_ways(self, ways: Sequence[tuple["Table", Readings]], threads: int = 1) -> Iterator[list[Rows]]:
        """Parse each piece of this table in several ways: as cells of another table of its columns, with its readings.

        Raises the DataError of a record that one of them cannot read.
        """
        return self.map(lambda piece: [table.parse(piece, how) for table, how in ways], threads)

    def with_dialect(self, dialect: Dialect) -> "Table":
        """The same table with the decimal mark and the missing cells of another dialect, for `rows_in_ways`."""
        found = copy(self)
        found.dialect, found.missing, found._padded = dialect, missing_of(dialect), frozenset()
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


def _odd_blanks(text: bytes, rows: int, delimiter: str) -> bool:
    """Whether a cell may begin or end with what pandas passes over beside a number, and docs/data.md does not.

    That is a form feed, a vertical tab, or, in quotes, a line end: then there are more line ends than rows.
    """
    if b"\f" in text or b"\v" in text:
        return True
    return b'"' in text and line_ends(text) != rows and _line_end_in_quotes(delimiter).search(text) is not None


@lru_cache
def _line_end_in_quotes(delimiter: str) -> re.Pattern[bytes]:
    """A line end right behind the quote that opens a cell, or right before the one that closes it."""
    d = re.escape(delimiter.encode())
    return re.compile(rb'(?:\A|(?<=[%s\r\n]))"[ \t]*[\r\n]|[\r\n][ \t]*"(?=[%s\r\n])' % (d, d))


def _padded_plus(text: bytes, delimiter: str) -> bool:
    """Whether a number may have a plus sign and blanks: of these pandas 3.1 rounds one in a hundred wrongly."""
    delimiter = "" if b'"' in text else delimiter  # in quotes a delimiter that is a blank may stand beside a number
    return b"+" in text and _plus_and_blank(delimiter).search(text) is not None


@lru_cache
def _plus_and_blank(delimiter: str) -> re.Pattern[bytes]:
    blank = b"[%s]" % "".join(c for c in BLANKS if c != delimiter).encode()
    return re.compile(rb"%s\+[\d.,]|\+[\d.,]+(?:[eE][+-]?\d+)?%s" % (blank, blank))


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
