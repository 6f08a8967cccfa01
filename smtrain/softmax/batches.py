"""Mini-batches: every row is in one batch of an epoch, and each batch has rows from all over the table.

Each partition shuffles its rows by (seed, epoch, position of its first row). Then it deals them out to the batches in
turn, and begins where the partition before it ended: the row in place i of a partition that starts at row s goes to the
batch (s + i) modulo the number of batches. So the sizes of batches differ by one at most, and no part of the program
needs the order of all rows.
"""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.loss import Partition
from smtrain.softmax.rows import Handle, Rows


def shuffled(rows: Rows, seed: int, epoch: int) -> Handle:
    """Keep beside each partition the order in which an epoch deals its rows out; return the handle."""
    return rows.keep(partial(_shuffled, seed=seed, epoch=epoch))


def mini_batch(rows: Rows, order: Handle, number: int, count: int) -> Partition:
    """Return the rows of batch `number` of `count`, 0 ≤ `number` < `count`, in the `order` that `shuffled` returned."""
    return rows.gather(partial(_dealt, number=number, count=count), order)


def _shuffled(partition: Partition, seed: int, epoch: int) -> NDArray[np.int32]:
    """Return a permutation (m,) of the rows of a partition."""
    return np.random.default_rng([seed, epoch, partition.start]).permutation(partition.rows).astype(np.int32)


def _dealt(partition: Partition, order: NDArray[np.int32], number: int, count: int) -> Partition:
    """Return the rows of a batch: those at the places i of the new order with start + i ≡ `number` modulo `count`."""
    return partition.take(order[(number - partition.start) % count :: count])
