"""Scored rows in blocks of a fixed number of rows, so that sums have the same bits however the rows arrived."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtrain.partitions.cutter import Cutter
from smtrain.partitions.sizes import PARTITION_ROWS
from smtrain.scoring.metrics import EvaluationSum, evaluation_sum
from smtrain.scoring.predict import TILE_LOGITS, Scored
from smtrain.softmax.design import Floats


@dataclass(frozen=True)
class ScoredRows:
    """Logits Z (K, m), class codes y and weights v (m,) of some rows; `start` is the position of the first one."""

    Z: Floats
    y: NDArray[np.intp]
    v: NDArray[np.float64]
    start: int = 0

    @property
    def rows(self) -> int:
        """The number of rows, m."""
        return len(self.y)

    def copy(self, rows: slice) -> "ScoredRows":
        """Some of the rows, in arrays of their own."""
        return ScoredRows(self.Z[:, rows].copy(), self.y[rows].copy(), self.v[rows].copy())

    @property
    def sums(self) -> EvaluationSum:
        """What the metrics are made of."""
        return evaluation_sum(self.Z, self.y, self.v)


def joined(parts: Sequence[ScoredRows]) -> ScoredRows:
    """The rows of several, one behind the other."""
    if len(parts) == 1:
        return parts[0]
    Z = np.concatenate([part.Z for part in parts], axis=1)
    y, v = (np.concatenate([getattr(part, name) for part in parts]) for name in ("y", "v"))
    return ScoredRows(Z, y, v)


def block_rows(classes: int) -> int:
    """The rows of a block: a number that follows from that of the classes alone."""
    return max(1, min(PARTITION_ROWS, TILE_LOGITS // classes))


def sums_of(scored: Iterable[Scored], classes: int) -> Iterator[EvaluationSum]:
    """Yield the sums of each block of rows."""
    cutter = Cutter(block_rows(classes), joined)
    for some in scored:
        for block in cutter.add(ScoredRows(some.Z, some.y, some.v)):
            yield block.sums
    for block in cutter.rest():
        yield block.sums
