"""A table read once for a fit: its blocks summarised and added from left to right, its rows kept as raw partitions."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from smtrain.fitting.blocks import Block, read_block
from smtrain.fitting.options import FitConfig
from smtrain.fitting.raw import RawPartition, joined, raw_partition, slots_of
from smtrain.fitting.roles import Roles
from smtrain.fitting.summary import Summary
from smtrain.partitions.cutter import Cutter
from smtrain.partitions.interface import Home, Shelf
from smtrain.partitions.sizes import Sizes
from smtrain.sources.interface import Batch, Reading, Rows, columns_of
from smtrain.sources.table import Table


@dataclass(frozen=True)
class RawTable:
    """A table that was read: as it was `opened`, the `summary` of its rows, and these, in partitions not encoded yet.

    `slots` are the places of the columns among the numbers of the partitions, by position.
    """

    opened: Table
    config: FitConfig
    roles: Roles
    summary: Summary
    slots: dict[int, int]
    raws: Shelf[RawPartition]
    sizes: Sizes

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return self.opened.names

    @property
    def rows(self) -> int:
        """The number of rows, n."""
        return self.summary.rows

    @property
    def numeric(self) -> list[int]:
        """The positions of the columns of numbers."""
        return [i for i, kind in self.summary.kinds.items() if kind is Reading.NUMBER]


def read_table(
    table: Table, roles: Roles, config: FitConfig, home: Home, on_piece: Callable[[int, int], None]
) -> RawTable:
    """Read the whole table; `on_piece` is told the bytes and the rows that were read so far.

    Raises DataError at the first row that cannot be used, or that shows that a column cannot; and for no rows.
    """
    sizes = Sizes(len(table.names), home.partition_rows(len(table.names)), home.threads, table.own_bytes)
    # Before the first byte is read: a limit that is too low is said at once.
    home.reserve(sizes.reading(table.batch_bytes))
    raws: Shelf[RawPartition] = home.shelf()
    cutter, slots, total = Cutter(sizes.rows, joined), dict[int, int](), Summary.of_nothing(roles.kinds)
    for rows, total in summed(table, roles, home.threads):
        raise_error(total, table, ended=False)
        on_piece(table.bytes_read, total.rows)
        slots = slots or slots_of(total)
        if rows is not None and total.usable:  # else they are read for the message only
            _append(raws, cutter.add(raw_partition(rows, total, slots, roles)), sizes)
    raise_error(total, table, ended=True)
    _append(raws, cutter.rest(), sizes)
    return RawTable(table, config, roles, total, slots, raws, sizes)


def _append(raws: Shelf[RawPartition], partitions: Iterable[RawPartition], sizes: Sizes) -> None:
    """Keep the partitions that follow, each with the number of its first row."""
    for raw in partitions:
        raws.append(replace(raw, start=len(raws) * sizes.rows))


def summed(table: Table, roles: Roles, threads: int = 1) -> Iterator[tuple[Rows | None, Summary]]:
    """The rows of each block, None for none, and the summary of all rows up to its end."""
    total = Summary.of_nothing(roles.kinds)

    def read(batch: Batch) -> Block:
        return read_block(batch, table, roles, total)  # the total when it is read, which spares work

    for block in table.map(read, threads, columns_of(roles.readings(len(table.names), roles.kinds))):
        total = total + block.summary
        yield block.rows, total


def raise_error(total: Summary, table: Table, *, ended: bool) -> None:
    """Raise the first error of rows as soon as it is known; and, when no more come, DataError for no rows."""
    error = total.error(table.names, table.dialect.decimal, ended=ended)
    if error is None and ended and not total.rows:
        error = table.no_rows()
    if error is not None:
        raise error
