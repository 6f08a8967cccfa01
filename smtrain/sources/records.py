"""A stream of bytes cut into pieces of whole records, however the bytes arrive."""

import csv
import io
import re
from collections.abc import Iterator
from itertools import takewhile

from smtrain.errors import DataError, Place
from smtrain.sources.hints import MOST_TEXT, first_lines
from smtrain.sources.piece import LINE_ENDS, Piece, line_ends, raw_cells, whole

# Bytes of the first piece, which tells how the others are read: small, because it is parsed twice, and alone.
FIRST_PIECE = 1 << 16
# Bytes of the others: with fewer, pandas spends its time on calls; with more, a thread takes more memory.
PIECE = 1 << 21
# Bytes for each column of a wide table: pandas spends some 30 µs a column and a piece, which this makes small.
PIECE_PER_COLUMN = 1 << 14
# Bytes for each column of a narrow table, at most: each of its many rows takes some 300 bytes while it is parsed.
NARROW_PER_COLUMN = 1 << 17
# Bytes of the longest record; beyond, a quote that is never closed would read the whole file into memory.
LONGEST_RECORD = 1 << 26
BOM = b"\xef\xbb\xbf"


def piece_bytes(columns: int) -> int:
    """The text that is read and parsed at once, by one thread."""
    return max(min(PIECE, NARROW_PER_COLUMN * columns), min(PIECE_PER_COLUMN * columns, LONGEST_RECORD))


def _cells_of_first_record(text: str, delimiter: str) -> int:
    """How many cells the record at the start of `text` has, if this is what parts them."""
    ends = (cell["end"] for cell in raw_cells(delimiter).finditer(text))
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
        offset: int = 0,
        line: int = 1,
    ) -> None:
        """`piece` is the size of all pieces, about; None takes FIRST_PIECE, then `piece_bytes` of the columns.

        `decimal` tells an unknown delimiter: cells with decimal commas are rarely parted by commas. `offset` and `line`
        are those of the source where the stream begins; later, where what was not given yet begins. `mark` is its byte
        order mark, if it has one, and `head` the text of its header, once that was read.
        """
        self._stream, self.source, self.offset, self.line = stream, source, offset, line
        self._buffer, self._ended = b"", False
        self.mark, self.head, self._completed = b"", b"", False
        self._first_piece, self._asked = piece or FIRST_PIECE, piece
        self._skip_mark()
        self._skip_blank_lines()
        self.delimiter = delimiter or self._sniff(decimal)
        self._piece = piece or PIECE

    def _skip_mark(self) -> None:
        """Take away the byte order mark at the start of the source. Anywhere else it is text."""
        self._fill(len(BOM))
        if not self.offset and self._buffer.startswith(BOM):
            self.mark = BOM
            self._drop(len(BOM))

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
            self._completed = True

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
        return first_lines(self._buffer[: 4 * MOST_TEXT].decode(errors="replace"), self.line)

    def first(self, *, keep: bool) -> tuple[int, list[str]] | None:
        """The first record that is not blank, if any, with its line; with `keep` it will be read again."""
        end = self._have_whole_records(self._first_piece)
        text = self._buffer[:end]
        reader = csv.reader(io.StringIO(text.decode(errors="replace"), newline=""), delimiter=self.delimiter)
        cells = next(reader, None)
        if cells is None:
            return None
        line, length = self.line, sum(map(len, text.splitlines(keepends=True)[: reader.line_num]))
        record = Piece(self.source, text[:length], line, self.delimiter)
        record.check_characters()
        next(record.checked_records(len(cells)))
        self._piece = self._asked or piece_bytes(len(cells))
        if not keep:
            self.head = self._take(length).text
        return line, cells

    def __iter__(self) -> Iterator[Piece]:
        """The pieces that are left; none is of blank lines only."""
        size = self._first_piece
        while end := self._have_whole_records(size):
            piece = self._take(end)
            if piece.text.strip(LINE_ENDS):
                yield piece
            size = self._piece

    @property
    def completed(self) -> bool:
        """Whether the piece that was given last ends the stream, and has a line end there that the stream has not."""
        return self._completed and not self._buffer

    def _take(self, end: int) -> Piece:
        piece = Piece(self.source, self._buffer[:end], self.line, self.delimiter)
        self._drop(end)
        return piece

    def _drop(self, end: int) -> None:
        self.offset += end
        self.line += line_ends(self._buffer[:end])
        self._buffer = self._buffer[end:]

    def _have_whole_records(self, size: int) -> int:
        """Fill the buffer with about `size` bytes, more for a longer record; how many of them are whole records."""
        while True:
            size = min(size, LONGEST_RECORD)
            self._fill(size)
            # No more than LONGEST_RECORD is looked at: how much of the stream is here must not settle what is too long.
            end = whole(self._buffer[:size], self.delimiter) or whole(self._buffer[:LONGEST_RECORD], self.delimiter)
            if end or not self._buffer:
                return end
            if self._ended or len(self._buffer) >= LONGEST_RECORD:
                raise self._endless()
            size = 2 * len(self._buffer)

    def _endless(self) -> DataError:
        never_closed = b'"' in self._buffer[:LONGEST_RECORD]
        what = "a quoted cell is never closed" if never_closed else "a line of more than 64 MiB"
        return Place(self.source, self.line).error(what)
