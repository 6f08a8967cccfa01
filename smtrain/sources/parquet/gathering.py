"""Rows that come in parts of any size, so many at a time."""

from collections.abc import Iterator

import pyarrow as pa


class Gathering:
    """Takes parts of a table in order, and gives them back as tables of `size` rows."""

    def __init__(self, size: int) -> None:
        self._size, self._parts, self._rows = size, list[pa.Table](), 0

    def add(self, part: pa.Table) -> Iterator[pa.Table]:
        """Take a part; the tables that are full with it."""
        self._parts.append(part)
        self._rows += part.num_rows
        while self._rows >= self._size:
            rows = self.rest()
            self._parts, self._rows = [rows.slice(self._size)], self._rows - self._size
            yield rows.slice(0, self._size)

    def rest(self) -> pa.Table:
        """What is left, fewer rows, be they none. Some part must have been added."""
        return pa.concat_tables(self._parts)
