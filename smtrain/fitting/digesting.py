"""The digest of the rows of a fit, from what was gathered of them."""

import numpy as np
from numpy.typing import NDArray

from smtrain.fitting.gathering import Gatherer
from smtrain.fitting.raw import RawPartition
from smtrain.model.digest import DataDigest, Sums, column_sums, row_keys
from smtrain.model.encoder import CategoricalColumn, Column, Encoder
from smtrain.partitions.interface import Home

Recoding = dict[int, NDArray[np.intp]]


def digest_of(got: Gatherer, columns: list[tuple[int, Column]], encoder: Encoder, home: Home) -> DataDigest:
    """The digest of the `columns` of `encoder`, with their positions in the table, of the labels and the weights.

    A word counts as the number of its level, from 1, in the order of the levels; a label as that of its class, from 0.
    """
    words = {
        i: got.vocabularies[i].recoding(list(column.levels), 1)
        for i, column in columns
        if isinstance(column, CategoricalColumn)
    }
    classes = got.vocabularies[got.target].recoding(list(encoder.classes), 0)

    def sums(k: int) -> Sums:
        raw = got.raw[k]
        keys = row_keys(k * got.partition_rows, len(raw.labels))
        cells = [*_words(raw, words), classes[raw.labels], raw.weights]
        return np.concatenate([column_sums(raw.numbers, keys), column_sums(np.stack(cells, axis=1), keys)])

    found = home.sum(sums, range(len(got.raw)))
    places = got.slots | {i: len(got.slots) + j for j, i in enumerate(words)}  # words may have had a slot at first
    order = [places[i] for i, _ in columns] + [-2] + [-1] * (encoder.weight is not None)
    return DataDigest.of(encoder, got.rows, found[order])


def _words(raw: RawPartition, tables: Recoding) -> list[NDArray[np.intp]]:
    """The codes (m,) of each column of words, as its table has them."""
    return [table[raw.words(i)] for i, table in tables.items()]
