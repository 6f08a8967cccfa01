"""The digest of the rows of a fit: a sum over raw partitions."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from smtrain.fitting.columns import Columns
from smtrain.fitting.encode import Encoding, Recoding, recoded
from smtrain.fitting.raw import RawPartition
from smtrain.fitting.read import RawTable
from smtrain.model.digest import DataDigest, Sums, column_sums, row_keys
from smtrain.partitions.interface import Home


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
