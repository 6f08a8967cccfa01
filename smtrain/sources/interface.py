"""What a source of rows is: it names its columns, and gives its rows in batches that can be read in different ways.

A new source is a module with a `Source` and a `Batch`, and a line in smtrain.sources.opening. Everything else works
with any of them: threads, rows that are left out, errors with their place, learning, scoring and inspecting.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property, lru_cache
from itertools import islice
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from smtrain.errors import DataError, Place, UsageError
from smtrain.softmax.design import Floats
from smtrain.sources.cells import TextCells, quoted_cell
from smtrain.sources.dialect import Dialect
from smtrain.sources.meaning import Meaning, meaning_of

S = TypeVar("S")
R = TypeVar("R")


class Reading(Enum):
    """How a column's cells are read. TEXT knows missing cells, LABEL takes every text as it stands."""

    SKIP = "skip"
    NUMBER = "number"
    TEXT = "text"
    LABEL = "label"


Readings = tuple[Reading, ...]
LabelType = type[str] | type[int] | type[bool]


@lru_cache(maxsize=64)
def positions(readings: Readings, *kinds: Reading) -> tuple[int, ...]:
    """The positions of the columns that are read in one of these ways."""
    return tuple(i for i, reading in enumerate(readings) if reading in kinds)


def reading_alone(column: int, columns: int) -> Readings:
    """One of so many columns read as labels, the others skipped."""
    return tuple(Reading.LABEL if i == column else Reading.SKIP for i in range(columns))


def columns_of(*ways: Readings) -> frozenset[int]:
    """The positions of the columns that are not skipped in all of these ways."""
    return frozenset(i for readings in ways for i, reading in enumerate(readings) if reading is not Reading.SKIP)


@dataclass(frozen=True)
class Places:
    """The places of some rows (n,): `lines` (n,), or None where each row is one line further, from `first` on."""

    source: str
    first: int
    lines: NDArray[np.intp] | None = None

    def __getitem__(self, i: int) -> Place:
        """The place of row i."""
        return Place(self.source, self.first + int(i) if self.lines is None else int(self.lines[i]))


class Batch(Protocol):
    """Some rows of a source, in its order. Nothing is read of them before they are asked; they may be asked again."""

    def read(self, readings: Readings, dialect: Dialect | None = None) -> "Rows":
        """Read the cells so, with the missing cells and the decimal mark of a dialect, None for that of the source.

        Raises DataError, with its place, at the first row that cannot be read so.
        """
        ...

    def before(self, error: DataError) -> "Batch | None":
        """The rows before the one that an error of `read` is about; None if there are none, or it has no place."""
        ...

    def without(self, gone: NDArray[np.bool_]) -> "Batch | None":
        """The rows but for those (n,) that are gone, in their old places; None if none is left."""
        ...

    def lenient_in(self, columns: Collection[int]) -> "Batch":  # noqa: ARG002 - for batches whose columns are made
        """The same rows, to be examined: where some columns are read as text, what they cannot be made of stays."""
        return self

    def places(self, count: int) -> Places:
        """The places of these rows, which are so many."""
        ...

    def cells(self, column: int) -> Iterator[str]:
        """The texts of a column's cells, as they stand. May be slow: for messages."""
        ...

    def written(self, columns: Sequence[int], delimiter: str) -> list[list[str]]:
        """The cells of some columns, row by row, as a CSV file has them; a cell of text that was one keeps its form."""
        texts = [[quoted_cell(cell, delimiter) for cell in self.cells(i)] for i in columns]
        return [list(row) for row in zip(*texts, strict=True)]


@dataclass(frozen=True)
class Rows:
    """The rows of a `batch`, read: `count` rows, whose columns have the `readings`.

    `matrix` (n, q) are the number columns in order, NaN where missing: in float32 where that is exact, which it is for
    most files, and takes half of the memory. `columns` are the columns of text by their positions.
    """

    batch: Batch
    readings: Readings
    count: int
    matrix: Floats
    columns: dict[int, TextCells]

    def numbers(self, columns: Sequence[int]) -> Floats:
        """The cells (n, q) of some number columns, NaN where missing; without a copy if they lie side by side."""
        return self.matrix[:, _span([self._order[i] for i in columns])]

    @cached_property
    def _order(self) -> dict[int, int]:
        """The place among the number columns of each of them, by its position."""
        return _order(self.readings)

    def number(self, column: int) -> NDArray[np.float64]:
        """The cells (n,) of one number column."""
        return np.asarray(self.numbers([column])[:, 0], np.float64)

    def texts(self, column: int) -> TextCells:
        """The cells of a column that was read as text or as labels: codes (n,) and levels."""
        return self.columns[column]

    def is_text(self, column: int) -> bool:
        """Whether a column was read as text."""
        return column in self.columns

    @cached_property
    def places(self) -> Places:
        """Where the rows are. Slow where a record has more than one line, or blank lines are between."""
        return self.batch.places(self.count)

    def place(self, i: int) -> Place:
        """Where row i is."""
        return self.places[i]

    def cell(self, i: int, column: int) -> str:
        """The text of a cell, as it stands. Slow; for messages."""
        return next(islice(self.batch.cells(column), i, None))

    def find(self, column: int, wanted: Callable[[str], bool]) -> tuple[Place, str]:
        """The place and text of the column's first cell that is `wanted`. Raises LookupError for none. Slow."""
        for i, cell in enumerate(self.batch.cells(column)):
            if wanted(cell):
                return self.place(i), cell
        raise LookupError("no such cell")


@lru_cache(maxsize=64)
def _order(readings: Readings) -> dict[int, int]:
    """The place among the number columns of each of them, by its position."""
    return {i: j for j, i in enumerate(positions(readings, Reading.NUMBER))}


def _span(indices: Sequence[int]) -> slice | list[int]:
    """A run of indices as a slice, of which numpy makes no copy."""
    if indices and list(indices) == list(range(indices[0], indices[0] + len(indices))):
        return slice(indices[0], indices[0] + len(indices))
    return list(indices)


class Copier(Protocol):
    """Writes rows of a source as they stand in it, to a file of the same form."""

    def head(self) -> bytes:
        """What stands before the first row."""
        ...

    def rows(self, batch: Batch, some: NDArray[np.bool_]) -> bytes:
        """Those of the rows of a batch that a mask (n,) has. Raises DataError for rows that do not go together."""
        ...

    def end(self) -> bytes:
        """What stands behind the last row."""
        ...


class Span(Protocol):
    """Some rows of a source that another process can read. It can be pickled, and names files by absolute paths."""

    def open(self) -> "Source":
        """A source of these rows alone, with the names, dialect, messages and lines or numbers of the whole one."""
        ...

    def chosen(self, source: "Source") -> "Iterable[Batch] | None":  # noqa: ARG002 - for spans of some of the rows
        """The rows of that source that are meant; None for all."""
        return None


class Run(Protocol):
    """How a function of things is computed where the files are: on one machine, `map`."""

    def __call__(self, function: Callable[[S], R], things: Sequence[S], /) -> Iterable[R]:
        """`function` of each thing, in order. They can be pickled: it is a function of a module."""
        ...


class Source(Protocol):
    """Rows from somewhere. `names` are those of the columns, in order; `name` is what messages call the source.

    `dialect` has the texts that mean a missing cell, and the decimal mark; `delimiter` is that of CSV which is written
    beside the rows. What follows may stay as it is: `header_line` is the line of the names; `names_are_a_row` says that
    they might be a row of the table by mistake; `bytes_read` is for a progress bar; `batch_bytes` is what a batch takes
    before it is read, and `own_bytes` what else the source takes; `weight` is the position of the column of weights,
    once that is known: its cells can be nothing but numbers; `fitting` says that the options of a fit are at hand, for
    messages name the one that helps; `array` are the names of the columns of an array, in order, and `unnamed` those of
    labels and weights that were given beside a table and had no name of their own; `wanted` are the columns that will
    be read, None for all: of the others a source may spare the work; `own` is how many of the columns, the first ones,
    are those of the source itself, None for all: the others are made of them.
    """

    name: str
    names: list[str]
    dialect: Dialect
    delimiter: str = ","
    header_line: int | None = None
    names_are_a_row: bool = False
    bytes_read: int = 0
    batch_bytes: int = 0
    own_bytes: int = 0
    weight: int | None = None
    fitting: bool = False
    array: tuple[str, ...] = ()
    unnamed: tuple[str, ...] = ()
    wanted: frozenset[int] | None = None
    own: int | None = None

    def batches(self) -> Iterator[Batch]:
        """The rows, once. Raises DataError where they cannot be told from each other any more."""
        ...

    def total_bytes(self) -> int:
        """The bytes of all files of the source, for the size of its spans; 0 if it has none."""
        return 0

    def spans(self, size: int, run: Run) -> Sequence[Span]:  # noqa: ARG002 - for sources of files
        """The rows cut into spans of about `size` bytes each, in order; one without rows may have none.

        What is wrong in the rows is said where they are read: by the span that holds them. Raises UsageError for a
        source that other processes cannot read.
        """
        what = f"{self.name}: the table is in the memory of this process, where others cannot read it"
        raise UsageError(what, hint="write it to CSV or Parquet files, and give their paths")

    def base(self, column: int) -> int:
        """The column of the source itself that a column is, or is made of."""
        return column

    def copier(self) -> Copier:
        """What writes rows as they stand. Raises UsageError for a source that is no file."""
        raise UsageError(f"{self.name}: the table is no file, whose rows could be copied")

    def kind(self, column: int) -> Reading | None:  # noqa: ARG002 - for sources that know
        """How a column is to be read by its type, NUMBER or TEXT; None if only its texts can tell."""
        return None

    def label_type(self, column: int) -> LabelType:  # noqa: ARG002 - for sources that know
        """What labels in a column are by its type, and as what they are given back."""
        return str

    def elsewhere(self, name: str) -> str | None:  # noqa: ARG002 - for sources that know
        """A hint, where a name that no column has is that of something else."""
        return None

    def check_texts(self, columns: Sequence[int], hint: str | None = None) -> None:  # noqa: ARG002 - for sources that know
        """Raise DataError at one of some columns that has neither numbers nor texts by its type.

        Its hint is what helps a fit, or another.
        """
        return

    @property
    def doubt(self) -> str | None:
        """A warning that the source may be meant to be read otherwise."""
        return None

    def advice(self, line: int | None = None) -> str | None:  # noqa: ARG002 - for sources that know
        """A hint, where the beginning of the source shows why it is not the table that is wanted, in a line of it."""
        return None

    def advise(self, error: DataError) -> None:  # noqa: ARG002 - for sources that know
        """Give an error of the source the hint that its beginning calls for."""
        return

    def meaning(self, dialect: Dialect | None = None) -> Meaning:
        """What texts of its cells mean, by a dialect, None for that of the source."""
        return meaning_of(dialect or self.dialect)
