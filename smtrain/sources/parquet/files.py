"""A Parquet file: its footer, and its rows in batches, some columns of them. Whatever is wrong in it is a DataError."""

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from smtrain.errors import DataError, Numbered
from smtrain.sources.files import check_size
from smtrain.sources.parquet.columns import is_string, sort_of
from smtrain.sources.parquet.gathering import Gathering
from smtrain.sources.paths import absolute_path, native_path

MAGIC, ENCRYPTED = b"PAR1", b"PARE"
# Bytes that are read ahead of each column. With none a whole column of a row group would be read at once.
BUFFER = 1 << 16
# What pyarrow raises for files that are not as they should be; among them mistakes of types, sizes and encodings.
FAULTS = (pa.ArrowException, OSError, ValueError, TypeError, LookupError, ArithmeticError)
# Characters of pyarrow's own words that a message has.
LONGEST = 100


class Group(NamedTuple):
    """A row group: its number in the file, its rows, and their bytes before compression."""

    number: int
    rows: int
    bytes: int

    @classmethod
    def of(cls, metadata: Any, k: int) -> "Group":
        """Row group k of a footer."""
        group = metadata.row_group(k)
        return cls(k, group.num_rows, group.total_byte_size)


class ParquetFile:
    """A file by its path, or some row groups of it. It is open only while it is read.

    `columns` are the names in the file of those that are columns of the table: all but the index of pandas, which is no
    column of a DataFrame either. `rows` are their number, behind the `first` rows of the `total` of the file;
    `row_bytes` the bytes of one before compression, at most. `groups` are the row groups, with their rows and bytes.
    Raises DataError if it is no whole Parquet file, or it is encrypted.
    """

    def __init__(self, path: str) -> None:
        self.path, self.name = path, Numbered(path, "{} row {}")
        self.size = os.stat(native_path(path)).st_size  # noqa: PTH116 - a path of "" must fail like any other
        with self._opened(()) as file:
            metadata, self.schema = file.metadata, file.schema_arrow
            self.groups = [Group.of(metadata, k) for k in range(metadata.num_row_groups)]
            self.first, self.rows, self.total = 0, metadata.num_rows, metadata.num_rows
            index = _index_of(self.schema.pandas_metadata)
        self._check_count(sum(group.rows for group in self.groups))
        self.columns = [name for name in self.schema.names if name not in index]
        self.row_bytes = max((group.bytes / group.rows for group in self.groups if group.rows > 0), default=0.0)
        self.group_bytes = max((group.bytes for group in self.groups), default=0)
        if not self.columns:
            raise DataError("the file has no columns", source=self.name)

    def parts(self, size: int) -> Iterator["ParquetFile"]:
        """Runs of row groups that have about `size` bytes before compression, or one that has more; in order."""
        end = begin = 0
        while begin < len(self.groups):
            total = 0
            while end == begin or (end < len(self.groups) and total + self.groups[end].bytes <= size):
                total, end = total + self.groups[end].bytes, end + 1
            if any(group.rows for group in self.groups[begin:end]):
                yield self.part(begin, end)
            begin = end

    def part(self, begin: int, end: int) -> "ParquetFile":
        """The row groups from one to another, whatever folder a process is in; none tell the types alone."""
        part = copy(self)
        part.path, part.groups = absolute_path(self.path), self.groups[begin:end]
        part.first, part.rows = sum(g.rows for g in self.groups[:begin]), sum(g.rows for g in part.groups)
        return part

    @cached_property
    def types(self) -> list[pa.DataType]:
        """The types of the columns."""
        return [self.schema.field(self.schema.get_field_index(name)).type for name in self.columns]

    def batches(self, columns: Sequence[str], size: int) -> Iterator[pa.Table]:
        """Some columns of all rows, so many rows at a time, across row groups. Raises DataError where it is damaged."""
        done, gathering = 0, Gathering(size)
        for part in self._parts(columns, size):
            done += part.num_rows
            yield from gathering.add(pa.Table.from_batches([part]))
        if done % size:
            yield gathering.rest()
        self._check_count(done)

    def _parts(self, columns: Sequence[str], size: int) -> Iterator[pa.RecordBatch]:
        """Some columns of the rows, at most so many at a time, each part of one row group."""
        with self._opened(columns) as file:
            # A call for all row groups would lose errors: where a batch goes over the end of a row group and pyarrow
            # cannot read on, it has been seen to try again behind the place, and to give other bytes as values.
            for group in self.groups:
                parts = file.iter_batches(size, row_groups=[group.number], columns=list(columns), use_threads=False)
                for part in parts:
                    if part.num_rows:
                        # A name before a point also means the columns inside one of that name.
                        wanted = part.select(list(columns))
                        self._check_codes(wanted)
                        yield wanted

    @contextmanager
    def _opened(self, columns: Sequence[str]) -> Iterator[Any]:
        """The open file, the texts of some columns as codes: a long text that is often there takes little room so."""
        words = [name for name in columns if is_string(self.schema.field(self.schema.get_field_index(name)).type)]
        with self._guarded(), Path(native_path(self.path)).open("rb") as stream:
            check_size(stream, self.size, self.name)
            self._check_ends(stream)
            yield pq.ParquetFile(
                stream, read_dictionary=words, buffer_size=BUFFER, pre_buffer=False, page_checksum_verification=True
            )

    def _check_count(self, rows: int) -> None:
        """Raise DataError at another number of rows than that of the footer."""
        if rows != self.rows:
            raise self._damaged(f"{rows:,} rows where its footer says {self.rows:,}")

    def _check_ends(self, stream: Any) -> None:
        start = stream.read(len(MAGIC))
        stream.seek(-min(len(MAGIC), self.size), os.SEEK_END)
        end = stream.read(len(MAGIC))
        stream.seek(0)
        if ENCRYPTED in (start, end):
            raise self._encrypted()
        if end != MAGIC:
            what = "a damaged Parquet file: it does not end as one does"
            raise DataError(what, source=self.name, hint="it may have been cut short: copy it again")

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Turn what pyarrow says of the file into a DataError. What the system says of it stays as it is."""
        try:
            yield
        except (DataError, MemoryError):  # that of pyarrow is one of its errors, too
            raise
        except FAULTS as error:
            if isinstance(error, OSError) and error.errno == errno.ENOMEM:
                raise MemoryError from error
            if isinstance(error, OSError) and error.errno is not None:
                raise DataError(f"cannot be read: {error.strerror}", source=self.name) from error
            said = (str(error).splitlines() or [type(error).__name__])[0]
            raise self._encrypted() if "crypt" in said.lower() else self._damaged(said[:LONGEST]) from error

    def _check_codes(self, part: pa.RecordBatch) -> None:
        """Raise DataError at a code of a text that is not there. pyarrow looks for none, and might read beside it."""
        for column in part.columns:
            if pa.types.is_dictionary(column.type):
                ends = pc.min_max(column.indices).as_py()
                if ends["min"] is not None and not 0 <= ends["min"] <= ends["max"] < len(column.dictionary):
                    raise self._damaged("a code of a text that is not there")

    def _damaged(self, what: str) -> DataError:
        return DataError(f"a damaged Parquet file: {what}", source=self.name)

    def _encrypted(self) -> DataError:
        return DataError("an encrypted Parquet file", source=self.name, hint="write it without encryption first")

    def has_sort_of(self, other: "ParquetFile", i: int) -> bool:
        """Whether column i is one of numbers, or of words, as that of another file; one without values is both."""
        sorts = {sort_of(self.types[i]), sort_of(other.types[i])} - {None}
        return len(sorts) < 2


def _index_of(metadata: dict[str, Any] | None) -> set[str]:
    """The names of the columns that are pandas' index."""
    index = (metadata or {}).get("index_columns", [])
    return {name for name in index if isinstance(name, str)}
