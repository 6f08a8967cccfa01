"""A table read once for a fit: its blocks summarised and added from left to right, its rows kept as raw partitions."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from smtrain.errors import DataError
from smtrain.fitting.blocks import Block, read_block
from smtrain.fitting.options import FitConfig
from smtrain.fitting.raw import RawPartition, joined, raw_partition, slots_of
from smtrain.fitting.roles import Roles, roles_of
from smtrain.fitting.summary import Summary
from smtrain.partitions.cutter import Cutter
from smtrain.partitions.interface import Home, Shelf
from smtrain.partitions.sizes import Sizes
from smtrain.sources.interface import Batch, Reading, Rows
from smtrain.sources.table import Table


@dataclass(frozen=True)
class RawTable:
    """A table that was read: the `summary` of its rows, and these, not encoded yet, in partitions of these sizes.

    `slots` are the places of the columns among the numbers of the partitions, by position.
    """

    table: Table
    config: FitConfig
    roles: Roles
    summary: Summary
    slots: dict[int, int]
    raws: Shelf[RawPartition]
    sizes: Sizes

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return self.table.names

    @property
    def rows(self) -> int:
        """The number of rows, n."""
        return self.summary.rows

    @property
    def numeric(self) -> list[int]:
        """The positions of the columns of numbers."""
        return [i for i, kind in self.summary.kinds.items() if kind is Reading.NUMBER]


def read_table(table: Table, config: FitConfig, home: Home, on_piece: Callable[[int, int], None]) -> RawTable:
    """Read the whole table; `on_piece` is told the bytes and the rows that were read so far.

    Raises DataError at the first row that cannot be used, or that shows that a column cannot; and for no rows.
    """
    roles = roles_of(table, config)
    table.weigh_by(roles.weight)
    if config.unlabelled == "skip":
        table.skip_unlabelled(roles.target)
    sizes = Sizes(len(table.names), home.partition_rows(len(table.names)), home.threads)
    home.reserve(sizes.reading(table.batch_bytes))
    raws: Shelf[RawPartition] = home.shelf()
    cutter, slots, total = Cutter(sizes.rows, joined), None, Summary.of_nothing(roles.kinds)
    for rows, total in _summed(table, roles, home.threads):
        _raise(total.error(table.names, table.dialect.decimal, ended=False))
        slots = slots_of(total) if slots is None else slots
        if rows is not None and total.usable:  # else the rows are for the message only
            for raw in cutter.add(raw_partition(rows, total, slots, roles)):
                raws.append(replace(raw, start=len(raws) * sizes.rows))
        on_piece(table.bytes_read, total.rows)
    _raise(total.error(table.names, table.dialect.decimal, ended=True) or (None if total.rows else table.no_rows()))
    for raw in cutter.rest():
        raws.append(replace(raw, start=len(raws) * sizes.rows))
    return RawTable(table, config, roles, total, slots or {}, raws, sizes)


def _summed(table: Table, roles: Roles, threads: int) -> Iterator[tuple[Rows | None, Summary]]:
    """The rows of each block, None for none, and the summary of all rows up to its end."""
    total = Summary.of_nothing(roles.kinds)

    def read(batch: Batch) -> Block:
        return read_block(batch, table, roles, total)  # the total when it is read, which spares work

    for block in table.map(read, threads):
        total = total + block.summary
        yield block.rows, total


def _raise(error: DataError | None) -> None:
    if error is not None:
        raise error
