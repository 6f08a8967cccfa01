"""Where records begin in a file that is cut anywhere, found by several processes.

Behind a line end there are two states only: a record begins, or the text is inside a quoted cell. What the lines of a
range do to each of the two is found without the ranges before it; the maps that result are composed from left to right.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from smtrain.sources.files import File
from smtrain.sources.piece import LINE_ENDS, first_record, line_ends, whole_of_lines
from smtrain.sources.records import LONGEST_RECORD

LINE_END = re.compile(rb"\r?\n|\r")
# Bytes that are read at once behind a range, for the end of its last line.
FURTHER = 1 << 16


@dataclass(frozen=True)
class ByteRange:
    """The bytes of a plain file from one offset to another; `size` is that of the file, which must not change.

    The lines of a range are those that begin in it; what is left of another line at its start is not. `rows_begin` says
    that a record begins right at its start.
    """

    file: File
    size: int
    begin: int
    end: int
    rows_begin: bool = False

    def __iter__(self) -> Iterator[bytes]:
        """The bytes."""
        return self.file.between(self.begin, self.end, self.size)

    def cut(self, size: int) -> "list[ByteRange]":
        """The same bytes in ranges of one size. A record begins at the start of the first."""
        cuts = [*range(self.begin, self.end, size), self.end]
        return [replace(self, begin=a, end=b, rows_begin=a == self.begin) for a, b in pairwise(cuts)]

    def lines(self) -> tuple[int, bytes]:
        """The offset of the first line, and the text of all, the last to its end; no text if no line begins here."""
        if self.rows_begin:
            begin, data = self.begin, b"".join(self)
        else:
            begin, data = self._behind_line_end()
        return (begin, self._to_line_end(data)) if data else (self.end, b"")

    def _behind_line_end(self) -> tuple[int, bytes]:
        """The bytes behind the first line end, and their offset. One byte more is read: it may be the line end."""
        data = b"".join(self.file.between(self.begin - 1, self.end, self.size))
        found = LINE_END.search(data)
        start = found.end() if found else len(data)
        return self.begin - 1 + start, data[start:]

    def _to_line_end(self, data: bytes) -> bytes:
        """The bytes with what follows to the next line end, as far as a record may go. Of a CRLF the CR is enough."""
        parts = [data]
        if data[-1:] not in LINE_ENDS:
            for more in self._further():
                found = LINE_END.search(more)
                parts.append(more[: found.end()] if found else more)
                if found:
                    break
        return b"".join(parts)

    def _further(self) -> Iterator[bytes]:
        """The bytes behind the range, a few at a time; no more than the longest record has, for then it is refused."""
        end = min(self.size, self.end + LONGEST_RECORD)
        for begin in range(self.end, end, FURTHER):
            yield b"".join(self.file.between(begin, min(begin + FURTHER, end), self.size))


@dataclass(frozen=True)
class Way:
    """What the lines of a range do to a state.

    `start` is the offset of the first record that begins in them, None for none, and `before` the line ends before it;
    `quoted` tells the state behind them.
    """

    start: int | None
    before: int
    quoted: bool


@dataclass(frozen=True)
class RangeMap:
    """The ways from both states, and all line ends of the lines."""

    at_record: Way
    in_quotes: Way
    line_ends: int


def map_of(some: ByteRange, delimiter: str) -> RangeMap:
    """What the lines of a range do to both states. Raises DataError if they cannot be read."""
    start, text = some.lines()
    ends = line_ends(text)
    if not text:
        return RangeMap(Way(None, 0, quoted=False), Way(None, 0, quoted=True), 0)
    if b'"' not in text:
        return RangeMap(Way(start, 0, quoted=False), Way(None, ends, quoted=True), ends)
    at_record = Way(start, 0, quoted=whole_of_lines(text, delimiter) < len(text))
    return RangeMap(at_record, _from_quotes(start, b'"' + text, delimiter), ends)


def _from_quotes(start: int, text: bytes, delimiter: str) -> Way:
    """The way of lines in quotes: `text` has a quote before them, and so begins with a record."""
    first, ended = first_record(text, delimiter), whole_of_lines(text, delimiter) == len(text)
    # A record that begins right behind the lines is of the next range.
    if not 0 < first < len(text):
        return Way(None, 0, quoted=not ended)
    return Way(start + first - 1, line_ends(text[:first]), quoted=not ended)


def record_starts(maps: Iterable[RangeMap], line: int) -> Iterator[tuple[int, int]]:
    """The offset of the first record that begins in each range where one does, and its line.

    The first range begins with a record, in a `line`.
    """
    quoted = False
    for one in maps:
        way = one.in_quotes if quoted else one.at_record
        if way.start is not None:
            yield way.start, line + way.before
        line, quoted = line + one.line_ends, way.quoted
