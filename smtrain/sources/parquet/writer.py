"""Rows written as a Parquet file, in row groups that depend on the rows alone."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from smtrain.errors import DataError
from smtrain.sources.parquet.gathering import Gathering

# Cells and rows of a row group: of fewer a reader has many to look at, of more it must take more memory.
GROUP_CELLS, FEWEST_ROWS = 1 << 21, 1 << 10


class ParquetWriter:
    """Takes rows of named columns, and gives the bytes of the file as they come to be."""

    def __init__(self) -> None:
        self._sink = _Sink()
        self._gathering: Gathering | None = None
        self._writer: Any = None

    def add(self, columns: Mapping[str, Any]) -> bytes:
        """Take some further rows; return the bytes of the file that are ready with them."""
        return self.add_table(pa.table(dict(columns)))

    def add_table(self, table: pa.Table) -> bytes:
        """The same of rows with the types and the metadata that the file is to have."""
        if self._gathering is None:
            self._gathering = Gathering(max(FEWEST_ROWS, GROUP_CELLS // table.num_columns))
        for rows in self._gathering.add(table):
            self._write(rows)
        return self._sink.take()

    def end(self) -> bytes:
        """Return the rest of the file. Some rows must have been added, be they none."""
        assert self._gathering is not None
        self._write(self._gathering.rest())
        self._writer.close()
        return self._sink.take()

    def _write(self, rows: pa.Table) -> None:
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._sink, rows.schema, write_page_checksum=True)
        if rows.num_rows:
            self._writer.write_table(rows, row_group_size=rows.num_rows)


class _Sink(io.RawIOBase):
    """A file in memory that is only as long as what was not taken yet."""

    def __init__(self) -> None:
        super().__init__()
        self._parts, self._place = list[bytes](), 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        self._place += len(self._parts[-1])
        return len(self._parts[-1])

    def take(self) -> bytes:
        """What was written since this was called before."""
        taken, self._parts = b"".join(self._parts), []
        return taken


def texts(cells: Sequence[str | None]) -> pa.Array:
    """A column of texts, None for null. Raises DataError at one that is none."""
    try:
        return pa.array(cells, pa.string())
    except MemoryError:  # that of pyarrow is one of its errors, too
        raise
    except (UnicodeEncodeError, pa.ArrowException) as error:
        raise DataError(f"a text cannot be written to Parquet: {error}") from error
