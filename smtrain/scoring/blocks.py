"""Labelled rows in blocks of a fixed number, so that sums over them have the same bits however the rows arrived."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from smtrain.model.model import Model
from smtrain.partitions.cutter import Cuttable, Join, cut
from smtrain.partitions.sizes import PARTITION_ROWS
from smtrain.scoring.predict import TILE_LOGITS, Scored
from smtrain.scoring.sums import EvaluationSum, evaluation_sum, places
from smtrain.scoring.totals import Array
from smtrain.softmax import tree
from smtrain.softmax.loss import Partition
from smtrain.softmax.tree import Additive

C = TypeVar("C", bound=Cuttable)
T = TypeVar("T", bound=Additive)


def block_rows(classes: int) -> int:
    """The rows of a block: a number that follows from that of the classes alone."""
    return max(1, min(PARTITION_ROWS, TILE_LOGITS // classes))


def total(term: Callable[[C], T], parts: Iterable[C], rows: int, join: Join[C]) -> T | None:
    """Σ term(block) over blocks of so many rows, added in the fixed tree, in constant memory; None for no rows."""
    nodes = tree.subtotals(0, map(term, cut(parts, rows, join)))
    return tree.joined([nodes]) if nodes else None


def labelled_rows(scored: Iterable[Scored], *watchers: Callable[[Scored], object]) -> Iterator[Partition]:
    """Rows with their labels and weights; `watchers` are shown them in order, some at a time."""
    for some in scored:
        for show in watchers:
            show(some)
        yield Partition(some.X, some.y, some.v)


def sums_of(block: Partition, model: Model, costs: Array | None = None) -> EvaluationSum:
    """What the metrics of a model are made of, for a block of rows; `costs` (K, K) are those of errors."""
    return evaluation_sum(model.logits(block.X), block.y, block.v, places(model.encoder.classes), costs)
