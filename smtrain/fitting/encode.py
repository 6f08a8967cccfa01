"""Raw rows made into X: a function of one partition, once the encoder is settled."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtrain.fitting.columns import Columns
from smtrain.fitting.raw import RawPartition
from smtrain.fitting.read import RawTable
from smtrain.model.encoder import Encoder
from smtrain.softmax.loss import Partition

Recoding = dict[int, NDArray[np.intp]]


def recoding(table: RawTable, columns: Columns) -> Recoding:
    """For each column of words that is kept, the number of the level of each code of first sight; last of no level."""
    return {i: column.numbers(table.summary.columns[i].vocabulary.texts) for i, column in columns.categorical.items()}


def recoded(raw: RawPartition, tables: Mapping[int, NDArray[np.intp]]) -> tuple[NDArray[np.intp], ...]:
    """The numbers of the levels (m,) of each column of words."""
    return tuple(np.take(table, raw.words(i)) for i, table in tables.items())  # a missing cell's −1 takes the last


@dataclass(frozen=True)
class Encoding:
    """What makes rows with the numbers of their classes and all of their weights into a partition of X.

    `groups` (G,) are the numbers of the groups by their codes.
    """

    encoder: Encoder
    slots: tuple[int, ...]
    tables: Recoding
    single: bool
    groups: NDArray[np.int32] | None = None

    def __call__(self, raw: RawPartition) -> Partition:
        """The rows encoded. The numbers of `raw` may become those of X."""
        dtype = np.float32 if self.single else np.float64
        sizes = [column.size for column in self.encoder.categorical]
        # Rare levels, which come last, have one column of X together.
        codes = [np.minimum(one, size) for one, size in zip(recoded(raw, self.tables), sizes, strict=True)]
        X = self.encoder.design(raw.of(self.slots), tuple(codes), dtype)
        return Partition(X, raw.labels, raw.weights, groups=self.numbered(raw))

    def numbered(self, raw: RawPartition) -> NDArray[np.int32] | None:
        """The numbers of the groups (m,) of the rows, None if they have none."""
        return None if self.groups is None or raw.groups is None else self.groups[raw.groups]
