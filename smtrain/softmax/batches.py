"""Mini-batches: every row in one batch of an epoch, and each batch from all over the rows.

Each partition shuffles its rows by (seed, epoch, its place), and deals them out in turn to the batches of the epoch,
going on where the partition before it ended. So the sizes of batches differ by one at most, and nothing about the
order of all rows has to be known anywhere.
"""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.loss import Partition
from smtrain.softmax.rows import Handle, Rows


def shuffled(rows: Rows, seed: int, epoch: int) -> Handle:
    """The rows of each partition in the order in which an epoch deals them out, kept beside them."""
    return rows.keep(partial(_shuffled, seed=seed, epoch=epoch))


def mini_batch(rows: Rows, order: Handle, number: int, count: int) -> Partition:
    """The rows of one of `count` batches of the epoch that was shuffled so, 0 ≤ `number` < `count`."""
    return rows.gather(partial(_dealt, number=number, count=count), order)


def _shuffled(partition: Partition, seed: int, epoch: int) -> NDArray[np.int32]:
    return np.random.default_rng([seed, epoch, partition.start]).permutation(partition.rows).astype(np.int32)


def _dealt(partition: Partition, order: NDArray[np.int32], number: int, count: int) -> Partition:
    """Of the rows in their new order those whose place among all, start + i, is `number` modulo `count`."""
    return partition.take(order[(number - partition.start) % count :: count])
