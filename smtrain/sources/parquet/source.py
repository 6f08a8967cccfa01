"""Rows of Parquet files. The type of a column says what it is, as in a DataFrame; docs/data.md has the rules."""

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from smtrain.errors import DataError, Numbered, quoted
from smtrain.sources.cells import TextCells
from smtrain.sources.dates import plain_batch
from smtrain.sources.dialect import BLANKS, Dialect
from smtrain.sources.header import check_names
from smtrain.sources.interface import Batch, Copier, Places, Reading, Run, Source, Span
from smtrain.sources.meaning import Meaning
from smtrain.sources.parquet.columns import DATES, TIMES, floats, has_text, joined, sort_of, text_cells
from smtrain.sources.parquet.files import ParquetFile
from smtrain.sources.parquet.writer import ParquetWriter, texts
from smtrain.sources.typed import TypedBatch, typed_meaning
from smtrain.wording import given

# Cells and bytes of a batch: few enough that one for each thread takes little room, and many enough that a call for
# each column costs little. The bytes are those before compression, so that long texts come in fewer rows.
BATCH_CELLS, BATCH_BYTES, FEWEST_ROWS = 1 << 18, 1 << 22, 1 << 8
# The bytes of a page of a column: what the programs that write Parquet aim at.
PAGE = 1 << 20
# The library. Measured: 70 MB, the most of it shared with other processes.
LIBRARY = 70 << 20


@dataclass(frozen=True)
class ParquetBatch(TypedBatch):
    """Some rows of a file, numbered from 1, and those columns of them that were asked for, by their names in it."""

    source: "Parquet"
    file: ParquetFile
    table: pa.Table
    rows: NDArray[np.intp]

    @property
    def origin(self) -> "Parquet":
        """The files."""
        return self.source

    def before(self, error: DataError) -> "ParquetBatch | None":
        """The rows before that of an error."""
        count = self.rows_before(error)
        return replace(self, table=self.table.slice(0, count), rows=self.rows[:count]) if count else None

    def without(self, gone: NDArray[np.bool_]) -> "ParquetBatch | None":
        """The other rows."""
        if gone.all():
            return None
        return replace(self, table=self.chosen(~gone), rows=self.rows[~gone])

    def chosen(self, some: NDArray[np.bool_]) -> pa.Table:
        """The columns of some of the rows, (m,). Raises DataError at a type that Arrow takes no rows of."""
        columns, mask = {}, pa.array(some)
        for name in self.table.column_names:
            values = self.table[name]
            try:
                # Of a view of bytes Arrow takes no rows.
                plain = values.cast(pa.large_binary()) if pa.types.is_binary_view(values.type) else values
                columns[name] = plain.filter(mask)
            except pa.ArrowNotImplementedError as error:
                what = f"values of type {values.type}, of which pyarrow takes no rows"
                raise DataError(what, source=self.file.name, column=name, hint="write it as plain texts") from error
        return pa.table(columns)

    def places(self, count: int) -> Places:  # noqa: ARG002 - they are known
        """The rows of the file, from 1."""
        return Places(self.file.name, 1, self.rows)

    def holds_numbers(self, i: int) -> bool:
        """Whether a column is one of numbers in this file."""
        return sort_of(self.file.types[i]) is Reading.NUMBER

    def floats(self, i: int) -> NDArray[np.float64]:
        """A column of numbers, in float64."""
        return floats(self.column(i))

    def text_cells_of(self, i: int, some: slice) -> TextCells:
        """Some rows of a column as texts."""
        if not has_text(self.file.types[i]):
            raise self.source.refused(self.file, i)
        return text_cells(self.column(i)[some])

    def column(self, i: int) -> pa.Array:
        """The values of a column. Slow for one that was not asked for."""
        name = self.file.columns[i]
        values = self.table[name] if name in self.table.column_names else self._looked_up(name)
        return joined(values)

    def _looked_up(self, name: str) -> pa.ChunkedArray:
        """A column of these rows that was not asked for, from the file; for messages."""
        parts, last = [], self.file.first
        for table in self.file.batches([name], BATCH_CELLS):
            first, last = last, last + table.num_rows
            parts.append(table.take(pa.array(self.rows[(first < self.rows) & (self.rows <= last)] - first - 1)))
            if last >= self.rows[-1]:
                break
        return pa.concat_tables(parts)[name]


class Parquet(Source):
    """One or more files of equal columns. `fitting` says that the options of a fit are at hand.

    Of a dialect the missing texts count, and the decimal mark, where texts are asked for as numbers. The others say how
    text is cut into cells. `batch` is the size of a batch in bytes, about; None takes what is fast. `called` is what
    messages call a single file, None its path.

    Raises DataError for files that are damaged, and where columns differ.
    """

    def __init__(
        self,
        paths: Sequence[str],
        dialect: Dialect,
        *,
        fitting: bool = False,
        batch: int | None = None,
        called: str | None = None,
    ) -> None:
        self._files = self._deciding = [ParquetFile(path, called) for path in paths]
        first = self._files[0]
        self.fitting, self._decimal = fitting, dialect.decimal
        self._whole = False
        self.dialect = replace(dialect, header=True, delimiter=",", decimal=".")
        self.name: Numbered = first.name
        self.names = [name.strip(BLANKS) for name in first.columns]
        check_names(self.names, first.name)
        for other in self._files[1:]:
            self._check_same(first, other)
        self._rows = self._batch_rows(batch)
        long = min(BATCH_BYTES, int(self._row_bytes() * self._rows))
        self.batch_bytes = max(8 * len(self.names) * self._rows, long)
        # Of each column a page is unpacked.
        self.own_bytes = LIBRARY + max(min(file.group_bytes, PAGE * len(self.names)) for file in self._files)

    def _row_bytes(self) -> float:
        """The bytes of a row before compression, at most."""
        return max(1.0, *(file.row_bytes for file in self._files))

    def _batch_rows(self, batch: int | None) -> int:
        """The rows of a batch."""
        columns = len(self.names)
        if batch is not None:
            return max(1, batch // (8 * columns))
        return max(1, min(max(FEWEST_ROWS, BATCH_CELLS // columns), int(BATCH_BYTES / self._row_bytes())))

    def _check_same(self, first: ParquetFile, other: ParquetFile) -> None:
        """Raise DataError where a file has other columns than the first, or a column is of another sort."""
        names = [name.strip(BLANKS) for name in other.columns]
        pairs = list(zip(names, self.names, strict=False))
        at = next((i for i, (a, b) in enumerate(pairs) if a != b), len(pairs))
        if at < max(len(names), len(self.names)):
            here, there = (quoted(some[at]) if at < len(some) else "no more columns" for some in (names, self.names))
            what = f"other columns than {first.path}: column {at + 1} is {here}, there {there}"
            raise DataError(what, source=other.name)
        for i, name in enumerate(names):
            if not other.has_sort_of(first, i):
                what = f"of type {other.types[i]}, in {first.path} of type {first.types[i]}"
                raise DataError(what, source=other.name, column=name, hint="write both with one type")

    def batches(self) -> Iterator[ParquetBatch]:
        """The rows of all files; a batch is of one."""
        wanted = range(len(self.names)) if self.wanted is None else sorted(self.wanted)
        for file in self._files:
            last = file.first
            columns = file.schema.names if self._whole else [file.columns[i] for i in wanted]
            for table in file.batches(columns, self._rows):
                first, last = last, last + table.num_rows
                self.bytes_read += file.size * table.num_rows // max(1, file.total)
                yield ParquetBatch(self, file, table, np.arange(first + 1, last + 1))

    def copier(self) -> "ParquetCopier":
        """What writes rows with all columns of the files, those of pandas' index among them."""
        self._whole = True
        return ParquetCopier(self._files)

    def total_bytes(self) -> int:
        """The bytes of all files."""
        return sum(file.size for file in self._files)

    def spans(self, size: int, run: Run) -> Sequence[Span]:  # noqa: ARG002 - the footers say where the rows are
        """Runs of row groups of about `size` bytes before compression, each of one file."""
        deciding = self._first_with_values()
        return [ParquetSpan(self._part(part, deciding)) for file in self._files for part in file.parts(size)]

    def _first_with_values(self) -> list[ParquetFile]:
        """The files, without their rows, that tell the kinds of the columns: for each the first where it has values."""
        types = [[sort_of(one) for one in file.types] for file in self._files]
        first = {
            next((k for k, sorts in enumerate(types) if sorts[i] is not None), 0) for i, _ in enumerate(self.names)
        }
        return [self._files[k].part(0, 0) for k in sorted({0, *first})]

    def _part(self, part: ParquetFile, deciding: list[ParquetFile]) -> "Parquet":
        """The same source of the rows of a part alone."""
        source = copy(self)
        source._files, source._deciding = [part], deciding
        return source

    def meaning(self, dialect: Dialect | None = None) -> Meaning:
        """Missing are an empty text and those of na_values, for the types tell the others."""
        return typed_meaning(dialect or self.dialect, self._decimal if dialect is None else dialect.decimal)

    def check_texts(self, columns: Sequence[int], hint: str | None = None) -> None:
        """Raise DataError at a column whose type has no texts, in any of the files."""
        for i, file in product(columns, self._files):
            if not has_text(file.types[i]):
                raise self.refused(file, i, hint)

    def kind(self, column: int) -> Reading | None:
        """NUMBER or TEXT by the type of a column; None if no file has a value.

        Raises DataError for a column that is neither.
        """
        file = next((file for file in self._deciding if sort_of(file.types[column]) is not None), self._deciding[0])
        sort = sort_of(file.types[column])
        if isinstance(sort, str):
            raise self.refused(file, column)
        return sort

    def refused(self, file: ParquetFile, i: int, hint: str | None = None) -> DataError:
        """The error for a column that is neither of numbers nor of words; its hint is that of a fit, or another."""
        sort, name = str(sort_of(file.types[i])), self.names[i]
        what = f"a column of {sort}"
        return DataError(what, source=file.name, column=name, hint=hint or _way_out(sort, name))


def carried(batch: Batch, column: int, rows: slice) -> pa.Array:
    """A column of some rows of a batch: as it is, if they come from Parquet; else as texts."""
    batch = plain_batch(batch)
    if not isinstance(batch, ParquetBatch):
        return texts(list(batch.cells(column))[rows])
    values = batch.column(column)[rows]
    return values.dictionary_decode() if pa.types.is_dictionary(values.type) else values


class ParquetCopier(Copier):
    """Writes rows with the types and the metadata of their files, which must have the same."""

    def __init__(self, files: Sequence[ParquetFile]) -> None:
        first = files[0]
        for other in files[1:]:
            if not other.schema.equals(first.schema):
                what = f"its columns are of other types than those of {first.path}"
                raise DataError(what, source=other.name, hint="write both with one type, or split each by itself")
        self._schema, self._writer = first.schema, ParquetWriter()

    def head(self) -> bytes:
        """Nothing: a file begins with its first rows."""
        return b""

    def rows(self, batch: Batch, some: NDArray[np.bool_]) -> bytes:
        """The bytes that are ready with these rows."""
        assert isinstance(batch, ParquetBatch)
        rows = batch.chosen(some)
        columns = [_of_type(rows[field.name], field.type) for field in self._schema]
        return self._writer.add_table(pa.table(columns, self._schema))

    def end(self) -> bytes:
        """The rest of the file."""
        return self._writer.end()


def _of_type(values: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """A column as its file has it: texts were read as codes, which Arrow casts to no view of texts."""
    coded = pa.types.is_dictionary(values.type) and not pa.types.is_dictionary(kind)
    return (values.cast(values.type.value_type) if coded else values).cast(kind)


@dataclass(frozen=True)
class ParquetSpan(Span):
    """Some row groups of a file."""

    source: Parquet

    def open(self) -> Parquet:
        """Their rows, numbered as in the file."""
        return copy(self.source)


def _way_out(sort: str, name: str) -> str:
    """What helps a fit with a column of this sort."""
    words = given("categorical", name)
    ways = {
        DATES: f"{given('dates', name)} makes numbers of them; {words} takes them as words",
        TIMES: f"{words} takes them as words; write a column of hours or minutes for numbers",
    }
    return f"{ways.get(sort, 'write numbers or texts in its place')}; {given('drop', name)} leaves it out"
