"""Mini-batches: every row is in one batch of an epoch, and each batch has rows from all over the table.

Each partition shuffles its rows by (seed, epoch, position of its first row). Then it deals them out to the batches in
turn, and begins where the partition before it ended: the row that the shuffle puts at a position goes to the batch of
that position modulo the number of batches. So the sizes of batches differ by one at most, and no part of the program
needs the order of all rows.
"""

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.loss import Partition
from smtrain.softmax.rows import Positions, Rows

# Cells of the rows that are fetched at a time, for many batches if these are small: 2 MiB of float64. With fewer, each
# batch visits the partitions again that its neighbours have just visited; with more, there is more memory in use.
FETCHED_CELLS = 1 << 18


def mini_batches(rows: Rows, size: int, seed: int, epoch: int) -> Iterator[Partition]:
    """Yield the batches of an epoch, which have at most `size` rows, in order."""
    count = -(-rows.count // size)
    order = rows.keep(partial(_shuffled, seed=seed, epoch=epoch))
    # 1. Fetch the rows of some neighbouring batches together. Batch k has the positions k, k + count, k + 2 count, ….
    # 2. They come in the order of their positions: one row of each batch in turn. Only the last turn may be shorter.
    together = max(1, FETCHED_CELLS // ((1 + rows.cells) * size))
    for first in range(0, count, together):
        numbers = np.arange(first, min(first + together, count))
        positions = (np.arange(0, rows.count, count)[:, None] + numbers).ravel()
        positions = positions[positions < rows.count]
        fetched = rows.gather(partial(_dealt, positions=positions), order, at=positions)
        yield from (fetched.take(np.arange(k, fetched.rows, len(numbers))) for k in range(len(numbers)))


def _shuffled(partition: Partition, seed: int, epoch: int) -> NDArray[np.int32]:
    """Return a permutation (m,) of the rows of a partition."""
    return np.random.default_rng([seed, epoch, partition.start]).permutation(partition.rows).astype(np.int32)


def _dealt(partition: Partition, order: NDArray[np.int32], positions: Positions) -> Partition:
    """Return the rows of a partition that the new order puts at some ascending positions among all rows."""
    return partition.take(order[partition.places(positions)])
