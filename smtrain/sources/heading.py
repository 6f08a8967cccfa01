"""What the first lines of a table of text settle for all of its rows, and the headers of the files that follow."""

from collections.abc import Iterable
from dataclasses import dataclass

from smtrain.errors import DataError, Place, quoted
from smtrain.sources.dialect import BLANKS, Dialect
from smtrain.sources.header import check_header, check_names
from smtrain.sources.hints import Beginning, advise, check_excel_line
from smtrain.sources.records import RecordReader, piece_bytes


@dataclass(frozen=True)
class Heading:
    """The names of the columns and the `line` where they are in their `source`, and the first lines, for hints.

    Names are stripped of blanks around them; without a header they are c1, c2, …. `piece` is the size of the pieces
    that are parsed at once, in bytes, None the usual one. `text` is what stands before the first row: a byte order mark
    and the header, if they are there.
    """

    source: str
    line: int
    names: tuple[str, ...]
    beginning: Beginning
    dialect: Dialect
    piece: int | None = None
    text: bytes = b""

    @property
    def piece_bytes(self) -> int:
        """The size of a piece."""
        return self.piece or piece_bytes(len(self.names))

    def reader_of(self, name: str, stream: Iterable[bytes]) -> RecordReader:
        """A reader of a file of the table, behind its header. Raises DataError if that is another one."""
        dialect = self.dialect
        reader = RecordReader(iter(stream), name, dialect.delimiter, piece=self.piece, decimal=dialect.decimal)
        self._check_same(*_header(reader, dialect), reader.source)
        return reader

    def _check_same(self, line: int, names: tuple[str, ...], source: str) -> None:
        if names == self.names:
            return
        pairs = zip(names, self.names, strict=False)
        at = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(names), len(self.names)))
        here, there = (quoted(n[at]) if at < len(n) else "no more columns" for n in (names, self.names))
        what = f"another header than {self.source}: column {at + 1} is {here}, there {there}"
        raise Place(source, line).error(what)


def read_heading(reader: RecordReader, dialect: Dialect, piece: int | None, *, fitting: bool) -> Heading:
    """Read the header of the first file. Raises DataError, with the hint that the first lines call for."""
    beginning = Beginning(reader.beginning(), reader.delimiter, dialect.decimal, dialect.header, fitting)
    try:
        line, names = _header(reader, dialect)
    except DataError as error:
        advise(error, beginning)
        raise
    return Heading(reader.source, line, names, beginning, dialect, piece, reader.mark + reader.head)


def _header(reader: RecordReader, dialect: Dialect) -> tuple[int, tuple[str, ...]]:
    record = reader.first(keep=not dialect.header)
    if record is None:
        raise DataError("the file is empty", source=reader.source)
    line, cells = record
    check_excel_line(reader.delimiter.join(cells), reader.source, line)
    if not dialect.header:
        return line, tuple(f"c{i}" for i in range(1, len(cells) + 1))
    names = [cell.strip(BLANKS) for cell in cells]
    check_header(names, reader.source, line)
    check_names(names, reader.source, line)
    return line, tuple(names)
