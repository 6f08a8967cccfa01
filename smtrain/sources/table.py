"""A table as smtrain sees it: a header, then rows in pieces, each cell a number, a level of text, or skipped.

The table is read once, a piece of whole records at a time, in threads.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import chain
from typing import TypeVar

from smtrain.errors import DataError, UsageError, quoted
from smtrain.sources.dialect import Dialect
from smtrain.sources.header import check_header, check_names
from smtrain.sources.hints import Beginning, advice, advise, check_excel_line, cut_otherwise, units_hint
from smtrain.sources.likeness import did_you_mean
from smtrain.sources.parser import Parser
from smtrain.sources.records import BLANKS, LINE_ENDS, Piece, RecordReader
from smtrain.sources.rows import Reading, Readings, Rows
from smtrain.sources.threads import in_order
from smtrain.sources.usable import Skipped, UsableLabels

T = TypeVar("T")


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
        self.dialect, self._frame, self._piece = dialect, frame, piece
        self._streams = list(streams)
        self._first = self._open(0)
        self.source = self._first.source
        self.delimiter = self._first.delimiter
        lines = () if frame else self._first.beginning()
        self._beginning = Beginning(lines, self.delimiter, dialect.decimal, dialect.header, fitting)
        with self.advising():
            self.header_line, self.names = self._header(self._first)
        self.parser = Parser(self.names, dialect, fitting)
        self.bytes_read = 0
        self._labels: UsableLabels | None = None

    def _open(self, index: int) -> RecordReader:
        name, stream = self._streams[index]
        return RecordReader(stream, name, self.dialect.delimiter, piece=self._piece, decimal=self.dialect.decimal)

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
            check_header(names, reader.source, line)
        check_names(names, reader.source, line)
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

    @property
    def doubt(self) -> str | None:
        """What is to be said of first lines that another delimiter would cut as well, into more cells."""
        return None if self.dialect.delimiter is not None else cut_otherwise(self._beginning)

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

    def check_target(self, rows: Rows, column: int) -> None:
        """Raise DataError if one of the labels in a column is its name: then the header may be a row."""
        name, labels = self.names[column], {level.strip(BLANKS) for level in rows.texts[column].levels}
        if self._frame or not self.dialect.header or name not in labels:
            return
        line, text = rows.find(column, lambda cell: cell.strip(BLANKS) == name)
        what = f"the label {quoted(text)} is the name of its column, too"
        hint = "--no-header if the first line is a row; if not, give the column another name in the header"
        raise DataError(what, source=rows.piece.source, line=line, column=name, hint=hint)

    def rows(self, readings: Callable[[], Readings], threads: int = 1) -> Iterator[Rows]:
        """Parse all pieces in order; `readings` is asked anew for each, since a first value may settle a column.

        At a record that cannot be read, the rows before it come first, then its DataError.
        """
        for rows, error in self.map(lambda piece: self.parser.parse_until_fault(piece, readings()), threads):
            if rows is not None:
                yield rows
            if error is not None:
                with self.advising():
                    raise error

    def map(self, function: Callable[[Piece], T], threads: int = 1) -> Iterator[T]:
        """`function` of all pieces, by threads, in order; the first one alone, for it may settle something."""

        def of_rows(piece: Piece) -> list[T]:
            usable = self._usable(piece)
            return [function(usable)] if usable.text.strip(LINE_ENDS) else []  # all of its rows may be left out

        with self.advising():
            yield from chain.from_iterable(in_order(of_rows, self.pieces(), threads))

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
        return self._labels.kept(piece, self.parser.parse(piece, tuple(readings)).texts[self._labels.column])

    def rows_in_ways(self, ways: Sequence[tuple[Parser, Readings]], threads: int = 1) -> Iterator[list[Rows]]:
        """Parse each piece of this table in several ways, by parsers of its columns.

        Raises the DataError of a record that one of them cannot read.
        """
        return self.map(lambda piece: [parser.parse(piece, how) for parser, how in ways], threads)

    def parser_for(self, dialect: Dialect) -> Parser:
        """A parser of these columns with the decimal mark and the missing cells of another dialect."""
        return Parser(self.names, dialect)
