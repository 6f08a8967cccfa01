"""The digests of the rows of a fit, sums over raw partitions, and of rows beside them, over encoded ones."""

import hashlib
from collections.abc import Callable
from functools import partial
from typing import Any

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

    And of the groups, if there are any, by their places in the order of their texts. A word counts as the number of its
    level, from 1, in the order of the levels; a label as that of its class, from 0: `number_of` (K,) its code.
    """
    encoder, words = encoding.encoder, encoding.tables
    sums = home.sum(partial(digest_sums, words=words, number_of=number_of, numbered=encoding.numbered), table.raws)
    # The sums come slot by slot, and behind them those of the words, the labels, the weights, and any groups.
    places = table.slots | {i: len(table.slots) + j for j, i in enumerate(words)}  # words may have had a slot at first
    labels, groups = len(table.slots) + len(words), table.config.groups
    behind = [labels] + [labels + 1] * (encoder.weight is not None) + [labels + 2] * (groups is not None)
    return DataDigest.of(encoder, table.rows, sums[[places[i] for i, _ in columns.kept] + behind], groups)


def digest_sums(
    raw: RawPartition,
    words: Recoding,
    number_of: NDArray[np.intp],
    numbered: Callable[[RawPartition], NDArray[np.int32] | None],
) -> Sums:
    """The sums of a partition: of each slot and column of words, of labels, of weights of the table, of any groups."""
    keys = row_keys(raw.start, raw.rows)
    groups = numbered(raw)
    cells: list[NDArray[Any]] = [*recoded(raw, words), number_of[raw.labels], raw.weights]
    cells += [] if groups is None else [groups]
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
