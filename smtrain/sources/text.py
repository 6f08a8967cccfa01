"""Rows of CSV, and other text whose cells are parted by a character, wherever its readers come from."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, islice
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from smtrain.errors import DataError, quoted
from smtrain.sources.dialect import Dialect
from smtrain.sources.heading import Heading
from smtrain.sources.hints import advice, advise, cut_otherwise, units_hint
from smtrain.sources.interface import Batch, Copier, Places, Readings, Rows, Source
from smtrain.sources.parser import Parser
from smtrain.sources.piece import LINE_ENDS, Piece
from smtrain.sources.records import RecordReader

# Of a batch so many records are kept in cells once one is looked for: most columns have there what is looked for, and
# a wide table is not cut anew for each.
BEGINNING = 16


@dataclass(frozen=True)
class TextBatch(Batch):
    """A piece of text, and the source that it is of. `completed` says that its last line end is not in the source."""

    piece: Piece
    source: "TextSource"
    completed: bool = False

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
    def texts(self) -> list[bytes]:
        """The texts of the records, as they stand in the source. They must be known to be sound."""
        texts = list(self.piece.texts())
        if self.completed and self.piece.text.endswith(texts[-1]):  # behind it there may be blank lines
            texts[-1] = texts[-1][:-1]
        return texts

    @cached_property
    def _raw_records(self) -> list[list[str]]:
        return list(self.piece.raw_records())


class TextCopier(Copier):
    """Writes records byte for byte behind the header of the first file. Blank lines are no records."""

    def __init__(self, heading: Heading) -> None:
        self._heading = heading
        end = re.search(rb"[\r\n]+\Z", heading.text)
        self._line_end = end[0] if end else b"\n"
        self._unended = False

    def head(self) -> bytes:
        """The byte order mark and the header, if they are there."""
        return self._heading.text

    def rows(self, batch: Batch, some: NDArray[np.bool_]) -> bytes:
        """The texts of records. A last line without an end is given one only if another follows."""
        assert isinstance(batch, TextBatch)
        self._check(batch.piece)
        texts = [text for text, one in zip(batch.texts, some.tolist(), strict=True) if one]
        if not texts:
            return b""
        begin = self._line_end if self._unended else b""
        self._unended = texts[-1][-1:] not in LINE_ENDS
        return begin + b"".join(texts)

    def end(self) -> bytes:
        """Nothing."""
        return b""

    def _check(self, piece: Piece) -> None:
        delimiter = self._heading.beginning.delimiter
        if piece.delimiter != delimiter:
            what = f"parted by {quoted(piece.delimiter)}, and {self._heading.source} by {quoted(delimiter)}"
            raise DataError(what, source=piece.source, hint="copied rows stay as they are: split each file by itself")


class TextSource(Source):
    """The rows of some readers, one after another; `heading` is what the first lines of the table settle for all."""

    def __init__(self, heading: Heading, readers: Iterator[RecordReader]) -> None:
        self.heading, self._readers = heading, readers
        self.name, self.names, self.header_line = heading.source, list(heading.names), heading.line
        self.dialect, self.delimiter = heading.dialect, heading.beginning.delimiter
        self.names_are_a_row = self.dialect.header
        self.batch_bytes, self.fitting = heading.piece_bytes, heading.beginning.fitting
        self._parsers: dict[Dialect, Parser] = {}

    def batches(self) -> Iterator[TextBatch]:
        """The pieces of text, in order."""
        for reader in self._readers:
            for piece in reader:
                self.bytes_read += len(piece.text)
                yield TextBatch(piece, self, reader.completed)

    def copier(self) -> TextCopier:
        """What writes records byte for byte."""
        return TextCopier(self.heading)

    def parser(self, dialect: Dialect | None = None) -> Parser:
        """The parser of the columns, by another dialect if one is given; one for each, for it learns as it goes."""
        dialect = dialect or self.dialect
        return self._parsers.setdefault(dialect, Parser(self.names, dialect, self.fitting))

    @property
    def doubt(self) -> str | None:
        """What is to be said of first lines that another delimiter would cut as well, into more cells."""
        return None if self.dialect.delimiter is not None else cut_otherwise(self.heading.beginning)

    def advice(self, line: int | None = None) -> str | None:
        """A hint, where the first lines show why this is not the table that is wanted, for an error in a line."""
        return advice(self.heading.beginning) or units_hint(line, self.heading.beginning)

    def advise(self, error: DataError) -> None:
        """Give an error of the first file the hint that its first lines call for."""
        if error.source == self.name:
            advise(error, self.heading.beginning)
