"""The digests of the rows of a fit, sums over raw partitions, and of rows beside them, over encoded ones."""

import hashlib
from functools import partial

import numpy as np
from numpy.typing import NDArray

from smtrain.fitting.columns import Columns
from smtrain.fitting.encode import Encoding, Recoding, recoded
from smtrain.fitting.raw import RawPartition
from smtrain.fitting.read import RawTable
from smtrain.model.digest import DataDigest, Sums, column_sums, row_keys
from smtrain.partitions.interface import Home
from smtrain.softmax.loss import Partition
from smtrain.softmax.rows import Rows


def digest_of(
    table: RawTable, columns: Columns, encoding: Encoding, number_of: NDArray[np.intp], home: Home
) -> DataDigest:
    """The digest of the `columns` that are encoded, of the labels and the weights.

    A word counts as the number of its level, from 1, in the order of the levels; a label as that of its class, from 0:
    `number_of` (K,) its code.
    """
    encoder, words = encoding.encoder, encoding.tables
    sums = home.sum(partial(digest_sums, words=words, number_of=number_of), table.raws)
    # The sums come slot by slot, and behind them those of the words.
    places = table.slots | {i: len(table.slots) + j for j, i in enumerate(words)}  # words may have had a slot at first
    order = [places[i] for i, _ in columns.kept] + [-2] + [-1] * (encoder.weight is not None)
    return DataDigest.of(encoder, table.rows, sums[order])


def digest_sums(raw: RawPartition, words: Recoding, number_of: NDArray[np.intp]) -> Sums:
    """The sums of a partition: of each slot, of each column of words, of the labels, of the weights of the table."""
    keys = row_keys(raw.start, raw.rows)
    cells = [*recoded(raw, words), number_of[raw.labels], raw.weights]
    return np.concatenate([column_sums(raw.numbers, keys), column_sums(np.stack(cells, axis=1), keys)])


def sha256_beside(rows: Rows, *left_out: int, aside: bool = False) -> str:
    """The SHA-256 of rows that a fit does not learn from, in their order, and of how many were left out.

    They are encoded by its model: to another one, the same cells may be other rows. `aside` takes those of the
    partitions that are set aside, else it is all.
    """
    total = np.append(rows.sum(partial(sums_beside, aside=aside)), np.array(left_out, np.uint64))
    return hashlib.sha256(total.astype("<u8").tobytes()).hexdigest()


def sums_beside(rows: Partition, *, aside: bool) -> Sums:
    """The number of some rows, and the sums of their columns of X, of their codes, labels and weights."""
    if aside and rows.u is None:
        rows = rows.take(slice(0))
    X, keys = rows.X.in_double(), row_keys(rows.start, rows.rows)
    cells = np.stack([*X.codes, rows.y, rows.v if rows.u is None else rows.u], axis=1)
    return np.concatenate([np.array([rows.rows], np.uint64), column_sums(X.numeric, keys), column_sums(cells, keys)])
