"""The text of a table cut into pieces of whole records, each knowing its line in the file.

A record is a line, or more where a quoted cell holds line ends. The rules of quoting are those of Python's csv module
and of pandas: a quote opens a quoted cell only as its first character. What they take in silence is an error here:
blanks before that quote, and text after the one that closes the cell. The fast paths below decide the usual files by a
few passes in C; whatever they cannot decide goes to the csv module, record by record.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import takewhile

from smtrain.errors import DataError, quoted
from smtrain.sources.hints import MOST_TEXT, first_lines

FIRST_PIECE = 1 << 16
# pandas spends some 30 µs a column and a piece: a piece has enough bytes a column to make that small.
PIECE, PIECE_PER_COLUMN = 1 << 21, 1 << 14
# A narrow table has few bytes a row, and each row of a piece takes some 300 bytes while it is parsed.
NARROW_PER_COLUMN = 1 << 17
LONGEST_RECORD = 1 << 26
BOM = b"\xef\xbb\xbf"
LINE_ENDS = b"\r\n"
# What does not count around a name, a number, or the text of a missing cell.
BLANKS = " \t"

csv.field_size_limit(1 << 30)


def piece_bytes(columns: int) -> int:
    """The text that is read and parsed at once, by one thread."""
    return max(min(PIECE, NARROW_PER_COLUMN * columns), min(PIECE_PER_COLUMN * columns, LONGEST_RECORD))


@dataclass(frozen=True)
class Piece:
    """Some whole records of a source: their `text`, ending in a line end, and the line that they start at."""

    source: str
    text: bytes
    line: int
    delimiter: str

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Every record that is not blank, with the line it starts at. Slow: for headers and for finding faults."""
        yield from _records(self.text.decode(errors="replace"), self.line, self.delimiter)

    def line_ends(self) -> int:
        """The number of line ends."""
        return line_ends(self.text)

    def before(self, line: int) -> "Piece | None":
        """The whole records before the one at `line`, or None if there are none."""
        lines = self.text.splitlines(keepends=True)[: line - self.line]
        text = b"".join(lines)
        text = text[: _whole(text, self.delimiter)]
        return replace(self, text=text) if text.strip(LINE_ENDS) else None

    def raw_records(self) -> Iterator[list[str]]:
        """The cells of every record that is not blank, as they stand in the file, quotes included."""
        text = self.text.decode()
        if '"' not in text:
            yield from (line.split(self.delimiter) for line in re.split(r"\r?\n|\r", text) if line)
            return
        cells: list[str] = []
        for found in _raw_cells(self.delimiter).finditer(text):
            end = found["end"]
            cells.append(found[1])
            if end != self.delimiter:
                if cells != [""]:
                    yield cells
                cells = []

    def checked(self, width: int) -> bytes:
        """The text, once it is known that it is UTF-8 without NULs and every record has `width` cells.

        Blank lines are taken out. Where there are no quotes, every line ends in LF alone. Raises DataError with the
        line of the first fault.
        """
        self.check_characters()
        text = self.text if b'"' in self.text else _with_line_feeds(self.text)
        if self._is_regular(text, width):
            return text
        return written((cells for _, cells in self.checked_records(width)), self.delimiter)

    def checked_records(self, width: int) -> Iterator[tuple[int, list[str]]]:
        """Every record that is not blank, with the line it starts at. Raises DataError at the first fault."""
        fault = self._quote_fault()
        for line, cells in self.records():
            if fault is not None and fault.line is not None and fault.line <= line:
                raise fault
            if len(cells) != width:
                raise self._ragged(line, len(cells), width)
            yield line, cells

    def _quote_fault(self) -> DataError | None:
        """The first cell whose quotes do not enclose it."""
        if b'"' not in self.text:
            return None
        text, record = self.text.decode(errors="replace"), 0
        for cell in _raw_cells(self.delimiter).finditer(text):
            quoted_part, rest, end = cell.group("quoted", "rest", "end")
            before = quoted_part is None and rest.lstrip(BLANKS).startswith('"') and rest[0] != '"'
            if before or (quoted_part is not None and rest):
                line = self.line + line_ends(text[:record].encode())
                what = "a blank before the quote of a cell" if before else "text after the quote that closes a cell"
                hint = "quotes enclose a whole cell: nothing stands between them and the delimiter"
                return DataError(f"{what}: {quoted(cell[1])}", source=self.source, line=line, hint=hint)
            record = record if end == self.delimiter else cell.end()
        return None

    def _is_regular(self, text: bytes, width: int) -> bool:
        """Whether the separators outside quotes are exactly those of records of `width` cells, no line blank."""
        delimiter = self.delimiter.encode()
        if b"\r" in text and text.count(b"\r") != text.count(b"\r\n"):
            return False
        if b'"' in text:
            text = _quoted_cells(self.delimiter).sub(b"", text)
            if b'"' in text:
                return False
        if width == 1 and (b"\n\n" in text or b"\n\r" in text or text[:1] in b"\r\n"):
            return False
        separators = text.translate(None, _all_bytes_but(delimiter + b"\n"))
        record = delimiter * (width - 1) + b"\n"
        return separators == record * (len(separators) // len(record))

    def check_characters(self) -> None:
        """Raise DataError where the text holds a NUL or is not UTF-8."""
        if b"\0" in self.text:
            line = self.line + line_ends(self.text[: self.text.index(b"\0")])
            raise DataError("a NUL character", source=self.source, line=line, hint="the file is binary or damaged")
        if not self.text.isascii():
            try:
                self.text.decode()
            except UnicodeDecodeError as error:
                line = self.line + line_ends(self.text[: error.start])
                hint = "convert it first, for example: iconv -f WINDOWS-1252 -t UTF-8"
                raise DataError("not UTF-8 text", source=self.source, line=line, hint=hint) from error

    def _ragged(self, line: int, found: int, width: int) -> DataError:
        cells = "cell" if found == 1 else "cells"
        hint = "a cell with a delimiter inside needs quotes around it" if found > width else None
        return DataError(f"{found} {cells} where the header has {width}", source=self.source, line=line, hint=hint)


def _records(text: str, line: int, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    while True:
        start = line + reader.line_num
        cells = next(reader, None)
        if cells is None:
            return
        if cells:
            yield start, cells


def written(records: Iterable[list[str]], delimiter: str) -> bytes:
    """Records as text, quoted where they need it. Where there are no quotes, every line ends in LF alone."""
    out = io.StringIO()
    # CRLF, because the writer puts quotes around a cell only for the line ends that it writes itself
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows(records)
    text = out.getvalue().encode()
    return text if b'"' in text else _with_line_feeds(text)


def _with_line_feeds(text: bytes) -> bytes:
    """The text with LF for every line end. For text without quotes, whose line ends are all ends of records."""
    return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in text else text


def line_ends(text: bytes) -> int:
    """The number of line ends: LF, CRLF, or CR alone."""
    ends = text.count(b"\n")
    return ends + text.count(b"\r") - text.count(b"\r\n") if b"\r" in text else ends


@lru_cache
def _all_bytes_but(kept: bytes) -> bytes:
    return bytes(set(range(256)) - set(kept))


@lru_cache
def _quoted_cells(delimiter: str) -> re.Pattern[bytes]:
    """A quoted cell, its quotes included, between where a cell may start and where one may end."""
    d = re.escape(delimiter.encode())
    return re.compile(rb'(?:\A|(?<=[%s\n\r]))"(?:[^"]++|"")*+"(?=[%s\n\r])' % (d, d))


@lru_cache
def _whole_records(delimiter: str) -> re.Pattern[bytes]:
    """As many whole records as there are. A CR at the end may be half of a CRLF, so it does not count yet."""
    d = re.escape(delimiter.encode())
    plain = rb"[^%s\r\n]*+" % d
    cell = rb'(?:"(?:[^"]++|"")*+"%s|(?!")%s)' % (plain, plain)
    return re.compile(rb"(?:%s(?:%s%s)*+(?:\r?\n|\r(?=[^\n])))*+" % (cell, d, cell))


@lru_cache
def _raw_cells(delimiter: str) -> re.Pattern[str]:
    """A cell and what ends it; the cell's part in quotes, if it begins with one, and the rest."""
    d = re.escape(delimiter)
    return re.compile(rf'((?P<quoted>"(?:[^"]++|"")*+")?(?P<rest>[^{d}\r\n]*+))(?P<end>{d}|\r?\n|\r)')


def _whole(text: bytes, delimiter: str) -> int:
    """How many bytes of `text`, which starts at a record, are whole records."""
    if b'"' in text:
        found = _whole_records(delimiter).match(text)
        return found.end() if found else 0
    end = text.rfind(b"\n") + 1
    return end or text.rfind(b"\r", 0, -1) + 1


def _cells_of_first_record(text: str, delimiter: str) -> int:
    """How many cells the record at the start of `text` has, if this is what parts them."""
    ends = (cell["end"] for cell in _raw_cells(delimiter).finditer(text))
    return 1 + sum(1 for _ in takewhile(delimiter.__eq__, ends))


class RecordReader:
    """Cuts a stream of bytes into pieces of whole records; iterate after `first`.

    How the bytes arrive changes where the pieces are cut, never which records there are.
    """

    def __init__(
        self,
        stream: Iterator[bytes],
        source: str,
        delimiter: str | None,
        *,
        piece: int | None = None,
        decimal: str = ".",
    ) -> None:
        """`piece` is the size of all pieces, about; None takes FIRST_PIECE, then `piece_bytes` of the columns.

        `decimal` tells an unknown delimiter: cells with decimal commas are rarely parted by commas.
        """
        self._stream, self.source = stream, source
        self._buffer, self._line, self._ended = b"", 1, False
        self._first_piece, self._asked = piece or FIRST_PIECE, piece
        self._fill(len(BOM))
        self._buffer = self._buffer.removeprefix(BOM)
        self._skip_blank_lines()
        self.delimiter = delimiter or self._sniff(decimal)
        self._piece = piece or PIECE

    def _skip_blank_lines(self) -> None:
        """Have the first line that is not blank at the start of the buffer, whole unless it is endless."""
        while True:
            self._fill(max(2, self._first_piece))  # more than what is kept below
            blank = len(self._buffer) - len(self._buffer.lstrip(LINE_ENDS))
            if blank < len(self._buffer) or self._ended:
                break
            self._drop(blank - self._buffer.endswith(b"\r"))  # the last CR may be half of a CRLF
        self._drop(blank)
        while not re.search(rb"[\r\n]", self._buffer) and not self._ended and len(self._buffer) <= LONGEST_RECORD:
            self._fill(2 * len(self._buffer))

    def _fill(self, size: int) -> None:
        """Have at least `size` bytes in the buffer, or all that are left, ending in a line end."""
        parts, have = [self._buffer], len(self._buffer)
        while have < size and not self._ended:
            data = next(self._stream, None)
            self._ended = data is None
            parts.append(data or b"")
            have += len(parts[-1])
        self._buffer = b"".join(parts)
        if self._ended and self._buffer and not self._buffer.endswith(b"\n"):
            self._buffer += b"\n"

    def _sniff(self, decimal: str) -> str:
        """The comma; or the tab or semicolon, whichever makes more cells of a first line that a comma does not part.

        Where the comma is the decimal mark it comes last.
        """
        text = self._buffer.decode(errors="replace")
        cells = {delimiter: _cells_of_first_record(text, delimiter) for delimiter in ",;\t"}
        other = max(";\t", key=lambda delimiter: cells[delimiter])
        first, last = (other, ",") if decimal == "," else (",", other)
        return last if cells[first] == 1 and cells[last] > 1 else first if cells[first] > 1 else ","

    def beginning(self) -> tuple[tuple[int, str], ...]:
        """The first lines with their numbers, for hints."""
        return first_lines(self._buffer[: 4 * MOST_TEXT].decode(errors="replace"), self._line)

    def first(self, *, keep: bool) -> tuple[int, list[str]] | None:
        """The first record that is not blank, if any, with its line; with `keep` it will be read again."""
        end = self._have_whole_records(self._first_piece)
        text = self._buffer[:end]
        reader = csv.reader(io.StringIO(text.decode(errors="replace"), newline=""), delimiter=self.delimiter)
        cells = next(reader, None)
        if cells is None:
            return None
        line, length = self._line, sum(map(len, text.splitlines(keepends=True)[: reader.line_num]))
        record = Piece(self.source, text[:length], line, self.delimiter)
        record.check_characters()
        next(record.checked_records(len(cells)))
        self._piece = self._asked or piece_bytes(len(cells))
        if not keep:
            self._take(length)
        return line, cells

    def __iter__(self) -> Iterator[Piece]:
        """The pieces that are left; none is of blank lines only."""
        size = self._first_piece
        while end := self._have_whole_records(size):
            piece = self._take(end)
            if piece.text.strip(LINE_ENDS):
                yield piece
            size = self._piece

    def _take(self, end: int) -> Piece:
        piece = Piece(self.source, self._buffer[:end], self._line, self.delimiter)
        self._drop(end)
        return piece

    def _drop(self, end: int) -> None:
        self._line += line_ends(self._buffer[:end])
        self._buffer = self._buffer[end:]

    def _have_whole_records(self, size: int) -> int:
        """Fill the buffer with about `size` bytes, more for a longer record; how many of them are whole records."""
        while True:
            self._fill(size)
            end = _whole(self._buffer[:size], self.delimiter) or _whole(self._buffer, self.delimiter)
            if end or not self._buffer:
                return end
            if self._ended or len(self._buffer) > LONGEST_RECORD:
                raise self._endless()
            size = 2 * len(self._buffer)

    def _endless(self) -> DataError:
        what = "a quoted cell is never closed" if b'"' in self._buffer else "a line of more than 64 MiB"
        return DataError(what, source=self.source, line=self._line)
