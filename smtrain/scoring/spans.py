"""A labelled table read by workers, a span each: what they keep are encoded rows, what they tell are counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from smtrain.model.labels import SKIP, settle_unlabelled
from smtrain.model.model import Model
from smtrain.partitions.interface import Spread
from smtrain.partitions.memory import joined
from smtrain.scoring.blocks import labelled_rows
from smtrain.scoring.predict import UnseenLevels, score
from smtrain.scoring.worst import WorstRow, WorstRows
from smtrain.softmax.loss import Partition
from smtrain.sources.interface import Span
from smtrain.sources.table import Table
from smtrain.sources.usable import Skipped


@dataclass(frozen=True)
class Told:
    """What a span tells: its rows, cells of unseen levels by column, the rows of highest NLL, and those left out."""

    rows: int
    unseen: dict[str, int]
    worst: Sequence[WorstRow]
    skipped: Skipped


@dataclass(frozen=True)
class SpanRows:
    """The rows of a span, None for none, and what it tells."""

    rows: Partition | None
    told: Told


@dataclass(frozen=True)
class SpanReading:
    """How a span is read: by a model, with what becomes of unlabelled rows, and how many of the worst rows are kept."""

    model: Model
    unlabelled: str
    worst: int

    def __call__(self, span: Span) -> SpanRows:
        """The rows of a span. Raises as `score` does."""
        table, unseen, worst = Table.of_span(span), UnseenLevels(self.model), WorstRows(self.worst)
        settle_unlabelled(table, self.unlabelled, self.model.encoder.target, self.model.encoder.classes)
        scored = score(self.model, table, labels=True, hint=SKIP)
        parts = list(labelled_rows(scored, unseen.add, *([worst.add] if self.worst else [])))
        told = Told(sum(part.rows for part in parts), unseen.counts, worst.rows, table.skipped)
        return SpanRows(joined(parts) if parts else None, told)


class AllTold:
    """What the spans of a table tell, added up in their order; `counts` are the rows of each."""

    def __init__(self, model: Model, worst: int) -> None:
        self.counts: list[int] = []
        self.unseen, self.worst = UnseenLevels(model), WorstRows(worst)

    def include(self, told: Told) -> None:
        """What one more span tells."""
        self.counts.append(told.rows)
        self.unseen.include(told.unseen)
        self.worst.include(told.worst, told.rows)

    @property
    def rows(self) -> int:
        """The number of all rows."""
        return sum(self.counts)


def read_spans(home: Spread, table: Table, reading: SpanReading) -> tuple[Sequence[Any], AllTold]:
    """The tasks of a home that hold the rows of a table's spans, and what these tell.

    Raises as `score` does: ModelError before any row is read, DataError at the first that cannot be used.
    """
    reading.model.encoder.readings(table, labels=True)
    tasks = home.spread(reading, table.spans(home.span_size(table.total_bytes), home.told))
    total = AllTold(reading.model, reading.worst)
    for told in home.told(attrgetter("told"), tasks):
        total.include(told)
        table.skipped.include(told.skipped)
    return home.spread(attrgetter("rows"), tasks), total
