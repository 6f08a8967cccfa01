"""CSV, and other text whose cells are parted by a character: files and pipes, one after another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, islice
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from smtrain.errors import DataError, Place, quoted
from smtrain.sources.dialect import BLANKS, Dialect
from smtrain.sources.header import check_header, check_names
from smtrain.sources.hints import Beginning, advice, advise, check_excel_line, cut_otherwise, units_hint
from smtrain.sources.interface import Batch, Places, Readings, Rows, Source
from smtrain.sources.parser import Parser
from smtrain.sources.piece import LINE_ENDS, Piece
from smtrain.sources.records import RecordReader, piece_bytes

# Of a batch so many records are kept in cells once one is looked for: most columns have there what is looked for, and
# a wide table is not cut anew for each.
BEGINNING = 16


@dataclass(frozen=True)
class TextBatch(Batch):
    """A piece of text, and the source that it is of."""

    piece: Piece
    source: "Delimited"

    def read(self, readings: Readings, dialect: Dialect | None = None) -> Rows:
        """Parse the text."""
        numbers, texts = self.source.parser(dialect).parse(self.piece, readings, self.source.weight)
        return Rows(self, readings, len(numbers), numbers, texts)

    def before(self, error: DataError) -> "TextBatch | None":
        """The records before the line of an error."""
        piece = self.piece.before(error.line) if error.line is not None else None
        return None if piece is None else replace(self, piece=piece)

    def without(self, gone: NDArray[np.bool_]) -> "TextBatch | None":
        """The same text with blank lines in place of the rows that are gone, so that all others keep their lines."""
        if gone.all():
            return None
        lines = self.piece.text.splitlines(keepends=True)
        # As many lines as rows: each record has one. Else they are looked for, which is slow.
        plain = len(lines) == len(gone)
        starts = [*range(len(lines))] if plain else [line - self.piece.line for line, _ in self.piece.records()]
        for start, end, out in zip(starts, [*starts[1:], len(lines)], gone, strict=True):
            if out:
                lines[start:end] = [line[len(line.rstrip(LINE_ENDS)) :] for line in lines[start:end]]
        return replace(self, piece=replace(self.piece, text=b"".join(lines)))

    def places(self, count: int) -> Places:
        """The lines that the records start at."""
        # As many lines as rows: each record has one, and none is blank.
        if self.piece.line_ends() == count:
            return Places(self.piece.source, self.piece.line)
        lines = np.array([line for line, _ in self.piece.records()], np.intp)
        return Places(self.piece.source, self.piece.line, lines)

    def cells(self, column: int) -> Iterator[str]:
        """The texts of a column, by Python's csv module."""
        further = (cells for _, cells in islice(self.piece.records(), len(self._beginning), None))
        return map(itemgetter(column), chain(self._beginning, further))

    @cached_property
    def _beginning(self) -> list[list[str]]:
        return [cells for _, cells in islice(self.piece.records(), BEGINNING)]

    def written(self, columns: Sequence[int], delimiter: str) -> list[list[str]]:  # noqa: ARG002 - it is the text's own
        """The cells as they stand in the file, quotes included."""
        return [[cells[i] for i in columns] for cells in self._raw_records]

    @cached_property
    def _raw_records(self) -> list[list[str]]:
        return list(self.piece.raw_records())


class Delimited(Source):
    """One or more streams of text with the same header. Without a header the columns are c1, c2, ….

    Names are stripped of blanks around them. `piece` is the size of the pieces that are parsed at once, in bytes, None
    the usual one.
    """

    def __init__(
        self,
        streams: Sequence[tuple[str, Iterator[bytes]]],
        dialect: Dialect,
        *,
        fitting: bool = False,
        piece: int | None = None,
    ) -> None:
        self.dialect, self._piece, self._fitting = dialect, piece, fitting
        self.names_are_a_row = dialect.header
        self._streams = list(streams)
        self._first = self._open(0)
        self.name, self.delimiter = self._first.source, self._first.delimiter
        self._beginning = Beginning(self._first.beginning(), self.delimiter, dialect.decimal, dialect.header, fitting)
        try:
            self.header_line, self.names = self._header(self._first)
        except DataError as error:
            self.advise(error)
            raise
        self.batch_bytes = piece or piece_bytes(len(self.names))
        self._parsers: dict[Dialect, Parser] = {}

    def _open(self, index: int) -> RecordReader:
        name, stream = self._streams[index]
        return RecordReader(stream, name, self.dialect.delimiter, piece=self._piece, decimal=self.dialect.decimal)

    def _header(self, reader: RecordReader) -> tuple[int, list[str]]:
        record = reader.first(keep=not self.dialect.header)
        if record is None:
            raise DataError("the file is empty", source=reader.source)
        line, cells = record
        check_excel_line(reader.delimiter.join(cells), reader.source, line)
        if not self.dialect.header:
            return line, [f"c{i}" for i in range(1, len(cells) + 1)]
        names = [cell.strip(BLANKS) for cell in cells]
        check_header(names, reader.source, line)
        check_names(names, reader.source, line)
        return line, names

    def batches(self) -> Iterator[TextBatch]:
        """The pieces of text of all streams, in order."""
        for index in range(len(self._streams)):
            reader = self._first if index == 0 else self._open(index)
            if index:
                self._check_same_header(reader)
            for piece in reader:
                self.bytes_read += len(piece.text)
                yield TextBatch(piece, self)

    def _check_same_header(self, reader: RecordReader) -> None:
        line, names = self._header(reader)
        if names == self.names:
            return
        pairs = zip(names, self.names, strict=False)
        at = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(names), len(self.names)))
        here, there = (quoted(n[at]) if at < len(n) else "no more columns" for n in (names, self.names))
        what = f"another header than {self.name}: column {at + 1} is {here}, there {there}"
        raise Place(reader.source, line).error(what)

    def parser(self, dialect: Dialect | None = None) -> Parser:
        """The parser of the columns, by another dialect if one is given; one for each, for it learns as it goes."""
        dialect = dialect or self.dialect
        return self._parsers.setdefault(dialect, Parser(self.names, dialect, self._fitting))

    @property
    def doubt(self) -> str | None:
        """What is to be said of first lines that another delimiter would cut as well, into more cells."""
        return None if self.dialect.delimiter is not None else cut_otherwise(self._beginning)

    def advice(self, line: int | None = None) -> str | None:
        """A hint, where the first lines show why this is not the table that is wanted, for an error in a line."""
        return advice(self._beginning) or units_hint(line, self._beginning)

    def advise(self, error: DataError) -> None:
        """Give an error of the first stream the hint that its first lines call for."""
        if error.source == self.name:
            advise(error, self._beginning)
