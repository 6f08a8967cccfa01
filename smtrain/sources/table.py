"""A table as smtrain sees it: named columns, then rows in batches, each cell a number, a level of text, or skipped.

The table is read once, a batch at a time, in threads; whatever its source is.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from itertools import chain
from typing import Any, TypeVar

from smtrain.errors import DataError, Place, UsageError, quoted
from smtrain.softmax.threads import in_order
from smtrain.sources.dialect import BLANKS, Dialect
from smtrain.sources.interface import Batch, Copier, LabelType, Reading, Readings, Rows, Run, Source, Span, columns_of
from smtrain.sources.likeness import did_you_mean
from smtrain.sources.meaning import Meaning
from smtrain.sources.reading import until_fault
from smtrain.sources.usable import Skipped, UsableLabels

T = TypeVar("T")


class Table:
    """The rows of a source. `source` is its name, `names` are those of the columns.

    `batches` are some rows of the source, None for all of them as they come; `spans` are some for other processes, or
    tasks of a home that give them, which this one cannot read itself. `array` and `unnamed` are as in
    `Source`.
    """

    def __init__(
        self, origin: Source, batches: Iterable[Batch] | None = None, spans: Sequence[Any] | None = None
    ) -> None:
        self._origin, self._batches, self._spans = origin, batches, spans
        self.source, self.names, self.dialect = origin.name, origin.names, origin.dialect
        self.delimiter, self.header_line, self.batch_bytes = origin.delimiter, origin.header_line, origin.batch_bytes
        self.own_bytes, self.array, self.unnamed = origin.own_bytes, origin.array, origin.unnamed
        self._labels: UsableLabels | None = None
        self.skipped = Skipped()  # the rows that were left out so far
        self._carried: frozenset[int] = frozenset()

    def of(self, batches: Iterable[Batch]) -> "Table":
        """The table of some rows of the same source; if they were kept, it may be read again, unlike the source."""
        return Table(self._origin, batches)

    def of_spans(self, spans: Sequence[Any]) -> "Table":
        """The table of some rows of the same source: those of spans, or of tasks that give them."""
        return Table(self._origin, (), spans)

    @classmethod
    def of_span(cls, span: Span) -> "Table":
        """The table of the rows of a span alone."""
        source = span.open()
        return cls(source, span.chosen(source))

    @property
    def own_names(self) -> list[str]:
        """The names of the columns that the source itself has; the others, behind them, are made of these."""
        return self.names[: self._origin.own]

    def base(self, column: int) -> int:
        """The column of the source that a column is, or is made of."""
        return self._origin.base(column)

    @cached_property
    def places(self) -> dict[str, int]:
        """The position of each column by its name."""
        return {name: i for i, name in enumerate(self.names)}

    def column(self, name: str, option: str) -> int:
        """The position of the column that an option names."""
        if name in self.places:
            return self.places[name]
        hint = self.likely(name) or f"the columns are {self.listed()}"
        raise UsageError(f"{self.source}: {option}: there is no column {quoted(name)}", hint=hint)

    def likely(self, name: str) -> str | None:
        """A hint on what may be meant by a name that no column has."""
        return self._origin.elsewhere(name) or did_you_mean(name, self.names)

    def listed(self) -> str:
        """The first names, for a message."""
        return ", ".join(quoted(n) for n in self.own_names[:8]) + (", …" if len(self.own_names) > 8 else "")

    @property
    def meaning(self) -> Meaning:
        """What the texts of its cells mean."""
        return self._origin.meaning()

    def kind(self, column: int) -> Reading | None:
        """How a column is to be read by its type; None if only its texts can tell."""
        return self._origin.kind(column)

    def label_type(self, column: int) -> LabelType:
        """What labels in a column are by its type."""
        return self._origin.label_type(column)

    @property
    def bytes_read(self) -> int:
        """How much of the source was read so far."""
        return self._origin.bytes_read

    @property
    def doubt(self) -> str | None:
        """A warning that the source may be meant to be read otherwise."""
        return self._origin.doubt

    def advice(self, line: int | None = None) -> str | None:
        """A hint, where the beginning of the source shows why it is not the table that is wanted, in a line of it."""
        return self._origin.advice(line)

    @contextmanager
    def advising(self) -> Iterator[None]:
        """Give an error of the data in here the hint that the beginning of its source calls for."""
        try:
            yield
        except DataError as error:
            self._origin.advise(error)
            raise

    def weigh_by(self, column: int | None) -> None:
        """From now on a column is that of the weights, if it is not None: what is wrong there gets its own hint."""
        self._origin.weight = column

    def is_own_name(self, label: str, column: int) -> bool:
        """Whether a label in a column is its name, which may be one in a header: then that may be a row."""
        return self._origin.names_are_a_row and label.strip(BLANKS) == self.names[column]

    def own_name(self, label: str, column: int, place: Place) -> DataError:
        """The error for a label in a column that is its name."""
        hint = "--no-header if the first line is a row; if not, give the column another name in the header"
        what = f"the label {quoted(label)} is the name of its column, too"
        return place.error(what, column=self.names[column], hint=hint)

    def rows(self, readings: Readings, threads: int = 1) -> Iterator[Rows]:
        """Read all batches in order. Raises DataError at a row that cannot be read, behind the rows before it."""

        def read(batch: Batch) -> tuple[Rows | None, DataError | None]:
            return until_fault(lambda some: some.read(readings), batch)

        for rows, error in self.map(read, threads, columns_of(readings)):
            if rows is not None:
                yield rows
            if error is not None:
                with self.advising():
                    raise error

    def rows_in_ways(self, ways: Sequence[tuple[Dialect, Readings]], threads: int = 1) -> Iterator[list[Rows]]:
        """Read each batch in several ways. Raises the DataError of a row that one of them cannot read."""

        def read(batch: Batch) -> list[Rows]:
            return [batch.read(readings, dialect) for dialect, readings in ways]

        return self.map(read, threads, columns_of(*(readings for _, readings in ways)))

    def map(
        self, function: Callable[[Batch], T], threads: int = 1, columns: frozenset[int] | None = None
    ) -> Iterator[T]:
        """`function` of all batches, by threads, in order; the first one alone, for it may settle something.

        It reads some of the `columns`, None for all; another one it may look at, for a message, at more cost.
        """
        labels = () if self._labels is None else (self._labels.column,)
        self._origin.wanted = None if columns is None else columns.union(self._carried, labels)

        def of_usable(batch: Batch) -> list[T]:
            usable = self._usable(batch)
            return [] if usable is None else [function(usable)]  # all of its rows may be left out

        with self.advising():
            # One after another until a batch has rows: its kinds are known when the others are read.
            batches = self._origin.batches() if self._batches is None else iter(self._batches)
            for batch in batches:
                first = of_usable(batch)
                yield from first
                if first:
                    break
            yield from chain.from_iterable(_by_threads(of_usable, batches, threads))

    @property
    def total_bytes(self) -> int:
        """The bytes of all files of the source; 0 if it has none."""
        return self._origin.total_bytes()

    def spans(self, size: int, run: Run) -> Sequence[Any]:
        """The rows cut into spans of about `size` bytes, or into those it was made of, or the tasks that give them.

        They are in order; `Table.of_span` has the rows of one. Raises UsageError for a table that other processes
        cannot read.
        """
        if self._spans is not None:
            return self._spans
        assert self._batches is None, "spans are of all rows of a source"
        with self.advising():
            return self._origin.spans(size, run)

    def copier(self) -> Copier:
        """What writes rows as they stand in the files. Raises UsageError for a source that is no file."""
        return self._origin.copier()

    def carry(self, columns: Collection[int]) -> None:
        """From now on some columns will be written beside what is made of the rows."""
        self._carried = frozenset(columns)

    def check_texts(self, columns: Sequence[int], hint: str | None = None) -> None:
        """Raise DataError at one of some columns that has neither numbers nor texts by its type.

        Its hint is what helps a fit, or another.
        """
        self._origin.check_texts(columns, hint)

    def skip_unlabelled(self, column: int, classes: Collection[str] | None = None) -> None:
        """From now on leave out the rows whose label, in a column, is empty or none of `classes`.

        If these are not known, also those whose label is a text that the dialect adds to the missing ones.
        """
        self._labels = UsableLabels(column, self.dialect.na_values, classes, self.skipped)

    def no_rows(self) -> DataError:
        """The error for a table without rows, or whose rows were all left out."""
        left = f"no row has a label that can be used: {self.skipped.rows:,} were skipped"
        none = "no rows" if self.header_line is None else "no rows below the header"
        return DataError(left if self.skipped.rows else none, source=self.source)

    def _usable(self, batch: Batch) -> Batch | None:
        """The batch without the rows that are to be left out; None if that are all."""
        return batch if self._labels is None else self._labels.usable(batch, len(self.names))


def _by_threads(function: Callable[[Batch], T], batches: Iterator[Batch], threads: int) -> Iterator[T]:
    """`function` of each batch, a few batches ahead of the one that is asked for."""
    if threads == 1:
        yield from map(function, batches)
        return
    with ThreadPoolExecutor(threads) as pool:
        yield from in_order(function, batches, pool, ahead=threads)
