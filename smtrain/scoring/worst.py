"""The rows that a model finds most surprising: likely errors of the labels, or of the model."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from smtrain.scoring.predict import Scored
from smtrain.softmax.design import Design
from smtrain.softmax.loss import nll


@dataclass(frozen=True)
class WorstRow:
    """A row with its place, X (1, p), NLL, and its classes by number.

    `row` counts the rows of all files from 1. `rival` is the most probable class besides the label; it is the
    `prediction` unless that is right.
    """

    source: str
    line: int | None
    row: int
    X: Design
    nll: float
    label: int
    prediction: int
    rival: int


class WorstRows:
    """Keeps the `count` rows of highest NLL of those that it is shown, the highest first, the earlier of equals first.

    Rows of weight 0 count in no metric, and are not kept. The memory is that of `count` rows, however many are shown.
    """

    def __init__(self, count: int) -> None:
        self._count, self._seen = count, 0
        self.rows: list[WorstRow] = []

    def add(self, scored: Scored) -> None:
        """Keep those of some rows that are among the worst so far."""
        # Only rows above the least of those that are kept take a place. Mostly there are none, and nothing is sorted.
        cost = np.where(scored.v > 0, nll(scored.Z, scored.y), -np.inf)
        least = self.rows[-1].nll if len(self.rows) == self._count else -np.inf
        above = np.flatnonzero(cost > least)
        chosen = above[np.argsort(-cost[above], kind="stable")[: self._count]]
        self.include([_row(scored, int(i), float(cost[i])) for i in chosen], scored.X.rows)

    def include(self, rows: Sequence[WorstRow], seen: int) -> None:
        """Keep those that are among the worst so far of the worst of `seen` further rows, which are counted from 1."""
        if rows:
            new = [replace(row, row=self._seen + row.row) for row in rows]
            self.rows = sorted([*self.rows, *new], key=lambda row: -row.nll)[: self._count]
        self._seen += seen


def _row(scored: Scored, i: int, cost: float) -> WorstRow:
    """The row at a place of some rows, counted from 1 among them."""
    place = scored.rows.place(scored.start + i)
    z, label = scored.Z[:, i].copy(), int(scored.y[i])
    prediction = int(z.argmax())
    z[label] = -np.inf
    return WorstRow(
        source=place.source,
        line=place.line,
        row=i + 1,
        X=scored.X.take([i]),  # a copy: a slice would keep all rows that were read with it in memory
        nll=cost,
        label=label,
        prediction=prediction,
        rival=int(z.argmax()),
    )
