"""Some whole records of a text, each with its line: the rules of quoting, and the faults of cells.

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

from smtrain.errors import DataError, Place, quoted
from smtrain.sources.dialect import BLANKS
from smtrain.sources.header import NUL

LINE_ENDS = b"\r\n"
# A cell in quotes; a quote in it is doubled. Before Python 3.11.5 a possessive repetition of what has alternatives, or
# anything else to come back to, finds wrong ends (CPython's issue 106052): there are none here, nor around it below.
IN_QUOTES = '"[^"]*+(?:""[^"]*+)*+"'

# The longest cell that Python's csv module reads, in characters: more than LONGEST_RECORD has. Its own limit of 131,072
# would end the reading of a long text.
csv.field_size_limit(1 << 30)


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
        text = text[: whole_of_lines(text, self.delimiter)]
        return replace(self, text=text) if text.strip(LINE_ENDS) else None

    def raw_records(self) -> Iterator[list[str]]:
        """The cells of every record that is not blank, as they stand in the file, quotes included."""
        text = self.text.decode()
        if '"' not in text:
            yield from (line.split(self.delimiter) for line in re.split(r"\r?\n|\r", text) if line)
            return
        cells: list[str] = []
        for cell in raw_cells(self.delimiter).finditer(text):
            end = cell["end"]
            cells.append(cell[1])
            if end != self.delimiter:
                if cells != [""]:
                    yield cells
                cells = []

    def texts(self) -> Iterator[bytes]:
        """The text of every record that is not blank, with its line end. The records must be known to be sound."""
        if b'"' not in self.text:
            yield from (line for line in self.text.splitlines(keepends=True) if line.strip(LINE_ENDS))
            return
        # Of a CR at the end it is known here that no LF follows.
        ended = self.text + b"\n" if self.text.endswith(b"\r") else self.text
        for record in _first_record(self.delimiter).finditer(ended):
            text = self.text[record.start() : record.end()]
            if text.strip(LINE_ENDS):
                yield text

    def checked(self, width: int) -> bytes:
        """The text, once it is known that it is UTF-8 without NULs and every record has `width` cells.

        Blank lines are taken out. Where there are no quotes, every line ends in LF alone. Raises DataError with the
        line of the first fault.
        """
        self.check_characters()
        text = self.text if b'"' in self.text else _without_blank_lines(_with_line_feeds(self.text))
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
        for cell in raw_cells(self.delimiter).finditer(text):
            quoted_part, rest, end = cell.group("quoted", "rest", "end")
            before = quoted_part is None and rest.lstrip(BLANKS).startswith('"') and rest[0] != '"'
            if before or (quoted_part is not None and rest):
                line = self.line + line_ends(text[:record].encode())
                what = "a blank before the quote of a cell" if before else "text after the quote that closes a cell"
                hint = "quotes enclose a whole cell: nothing stands between them and the delimiter"
                return Place(self.source, line).error(f"{what}: {quoted(cell[1])}", hint=hint)
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
            raise Place(self.source, line).error(NUL, hint="the file is binary or damaged")
        if not self.text.isascii():
            try:
                self.text.decode()
            except UnicodeDecodeError as error:
                line = self.line + line_ends(self.text[: error.start])
                hint = "convert it first, for example: iconv -f WINDOWS-1252 -t UTF-8"
                raise Place(self.source, line).error("not UTF-8 text", hint=hint) from error

    def _ragged(self, line: int, count: int, width: int) -> DataError:
        cells = "cell" if count == 1 else "cells"
        hint = "a cell with a delimiter inside needs quotes around it" if count > width else None
        return Place(self.source, line).error(f"{count} {cells} where the header has {width}", hint=hint)


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


def _without_blank_lines(text: bytes) -> bytes:
    """The text without lines that are empty. For text without quotes, whose line ends are all LF."""
    return re.sub(rb"\n{2,}", b"\n", text).lstrip(b"\n") if b"\n\n" in text or text[:1] == b"\n" else text


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
    return re.compile(rb"(?:\A|(?<=[%s\n\r]))%s(?=[%s\n\r])" % (d, IN_QUOTES.encode(), d))


@lru_cache
def raw_cells(delimiter: str) -> re.Pattern[str]:
    """A cell and what ends it; the cell's part in quotes, if it begins with one, and the rest."""
    d = re.escape(delimiter)
    return re.compile(rf"((?P<quoted>{IN_QUOTES})?(?P<rest>[^{d}\r\n]*+))(?P<end>{d}|\r?\n|\r)")


def _record(delimiter: str) -> bytes:
    """The pattern of a record. A CR at the end may be half of a CRLF, so it does not count yet."""
    d = re.escape(delimiter.encode())
    cell = rb'(?:%s)?+(?!")[^%s\r\n]*+' % (IN_QUOTES.encode(), d)
    return rb"%s(?:%s%s)*+(?=[\r\n])(?!\r\Z)\r?+\n?+" % (cell, d, cell)


@lru_cache
def _whole_records(delimiter: str) -> re.Pattern[bytes]:
    """As many whole records as there are, and an empty group where the last one ends."""
    # The end of the match itself is, before Python 3.11.5, where the record after these ceases to be one.
    return re.compile(rb"(?:%s())*+" % _record(delimiter))


@lru_cache
def _first_record(delimiter: str) -> re.Pattern[bytes]:
    return re.compile(_record(delimiter))


def whole(text: bytes, delimiter: str) -> int:
    """How many bytes of `text`, which starts at a record, are whole records."""
    if b'"' in text:
        return _end(_whole_records(delimiter).match(text), 1)
    end = text.rfind(b"\n") + 1
    return end or text.rfind(b"\r", 0, -1) + 1


def whole_of_lines(text: bytes, delimiter: str) -> int:
    """The same of a text of whole lines, where a CR at the end is a line end."""
    return min(len(text), whole(text + b"\n" if text.endswith(b"\r") else text, delimiter))


def first_record(text: bytes, delimiter: str) -> int:
    """How many bytes the record at the start of `text` has; 0 if it is not whole."""
    return _end(_first_record(delimiter).match(text))


def _end(match: re.Match[bytes] | None, group: int = 0) -> int:
    """Where a group of a match ends; 0 if there is none."""
    return max(match.end(group), 0) if match else 0
