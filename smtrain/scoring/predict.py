"""A model applied to a table, a piece of rows at a time, in constant memory."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smtrain.errors import UnknownLevelWarning, UsageError, counted, listed, quoted, warn
from smtrain.model.labels import SKIP, label_of_row, labelled
from smtrain.model.model import Model, as_model
from smtrain.model.tables import open_for
from smtrain.scoring.decisions import decision_of
from smtrain.softmax.design import Design, Floats
from smtrain.softmax.loss import softmax
from smtrain.sources.interface import Rows
from smtrain.sources.opening import Data
from smtrain.sources.table import Table

# Logits that are computed at a time, 32 MiB: 10,000 classes fit in memory as well as two.
TILE_LOGITS = 1 << 22
# What may become of levels that training did not have.
ON_UNKNOWN = ("warn", "error", "ignore")


@dataclass(frozen=True)
class Scored:
    """Some rows of a table with their X and, if asked for, class codes y and weights v (m,), and the model."""

    model: Model
    rows: Rows
    start: int
    X: Design
    y: NDArray[np.intp]
    v: NDArray[np.float64]

    @cached_property
    def Z(self) -> Floats:  # noqa: N802 - the matrix
        """The logits (K, m)."""
        return self.model.logits(self.X)

    @property
    def probabilities(self) -> Floats:
        """S = softmax(Z), class-major (K, m)."""
        return softmax(self.Z)


def score(model: Model, table: Table, *, labels: bool, threads: int = 1, hint: str | None = None) -> Iterator[Scored]:
    """The rows of `table` in order. With `labels`, the target column must be there and hold the model's classes.

    `hint` is what helps where a label does not.

    Raises ModelError if the columns do not fit, before any row is read; DataError at a row that cannot be used.
    """
    readings = model.encoder.readings(table, labels=labels)
    for rows in table.rows(readings, threads):
        step = TILE_LOGITS // len(model.encoder.classes)
        yield from _tiles(model, table.names, rows, labels=labels, step=step, hint=hint)


def score_pair(old: Model, new: Model, table: Table, *, threads: int = 1) -> Iterator[tuple[Scored, Scored]]:
    """The same labelled rows of `table` as two models see them, read once. The models may read other columns.

    Raises as `score` does, for either model.
    """
    names = ("the old model", "the new model")
    ways = [
        (model.encoder.dialect, model.encoder.readings(table, labels=True, model=name))
        for model, name in zip((old, new), names, strict=True)
    ]
    if ways[0] == ways[1]:
        ways = ways[:1]  # as a rule both read the same, and the text is parsed once
    step = TILE_LOGITS // max(len(old.encoder.classes), len(new.encoder.classes))
    for parsed in table.rows_in_ways(ways, threads):
        tiles = [
            _tiles(model, table.names, rows, labels=True, step=step, name=name, hint=SKIP)
            for model, rows, name in zip((old, new), (parsed[0], parsed[-1]), names, strict=True)
        ]
        yield from zip(*tiles, strict=True)


def _tiles(
    model: Model,
    names: Sequence[str],
    rows: Rows,
    *,
    labels: bool,
    step: int,
    name: str = "the model",
    hint: str | None = None,
) -> Iterator[Scored]:
    """Parsed rows, scored some `step` at a time."""
    # X is made of all rows at once, as they were parsed; the logits, which are K times as long, of some at a time.
    X, step = model.encoder.encode(rows, names), max(1, step)
    y, v = np.zeros(rows.count, np.intp), np.ones(rows.count)
    if labels:
        y, v = labelled(model.encoder, names, rows, name, hint=hint)
    for start in range(0, rows.count, step):
        tile = slice(start, start + step)
        yield Scored(model, rows, start, X.take(tile), y[tile], v[tile])


class UnseenLevels:
    """Counts the cells whose level training did not have, by column; with `error`, the first one is a DataError."""

    def __init__(self, model: Model, *, error: bool = False) -> None:
        self._columns, self._error = model.encoder.categorical, error
        self._counts = {column.name: 0 for column in self._columns}

    @property
    def counts(self) -> dict[str, int]:
        """The cells of each column that has any, in the order of the model's columns."""
        return {name: count for name, count in self._counts.items() if count}

    def add(self, scored: Scored) -> None:
        """Count the unseen levels of some rows. Raises DataError at the first one, if that was asked for."""
        for column, codes in zip(self._columns, scored.X.codes, strict=True):
            unseen = np.flatnonzero(codes == 0)  # level 0 is the one that training did not have
            if not len(unseen):
                continue
            if self._error:
                place = scored.rows.place(scored.start + unseen[0])
                raise place.error("a level that training did not have", column=column.name)
            self._counts[column.name] += len(unseen)

    def include(self, counts: Mapping[str, int]) -> None:
        """Count those of further rows, which were counted elsewhere."""
        for name, count in counts.items():
            self._counts[name] += count


def predict_proba(model: Model, data: Data, *, on_unknown: str = "warn") -> NDArray[np.float64]:
    """Probabilities (n, K) of the rows of a file, a DataFrame or an array; columns in the order of `model.classes`.

    A level that training did not have counts as none; `on_unknown` says what becomes of that besides: "warn" gives an
    UnknownLevelWarning, "error" a DataError at the first, "ignore" nothing.

    >>> model = smtrain.fit("iris.csv")
    >>> smtrain.predict_proba(model, "iris.csv").shape
    (150, 3)
    """
    return np.concatenate(
        [np.empty((0, len(as_model(model).encoder.classes))), *probabilities(model, data, on_unknown)]
    )


def probabilities(model: Model, data: Data, on_unknown: str = "warn") -> Iterator[NDArray[np.float64]]:
    """Probabilities (m, K) of some rows after another, in constant memory. For `on_unknown` see `predict_proba`."""
    if on_unknown not in ON_UNKNOWN:
        raise UsageError(f"on_unknown is {quoted(str(on_unknown))}", hint=f"there are {', '.join(ON_UNKNOWN)}")
    table = open_for(as_model(model), data)
    unseen = UnseenLevels(model, error=on_unknown == "error")
    for scored in score(model, table, labels=False):
        unseen.add(scored)
        yield np.asarray(scored.probabilities.T, np.float64)
    if on_unknown == "warn":
        warn_of(unseen.counts)


def unseen_cells(count: int) -> str:
    """What is to be said of so many cells of a column."""
    return f"{counted(count, 'cell')} with a level that training did not have, which counts as none"


def warn_of(unseen: Mapping[str, int]) -> None:
    """Give an UnknownLevelWarning if there are cells of levels that training did not have, by column."""
    if unseen:
        columns = listed(f"{quoted(name)} in {counted(n, 'row')}" for name, n in unseen.items())
        warn(f"levels that training did not have: {columns}", UnknownLevelWarning)


def predict(model: Model, data: Data, *, on_unknown: str = "warn", decide: Any = None) -> list[str] | list[int]:
    """The most probable class of each row: a text; an integer or a boolean if the labels of the fit were such.

    For `on_unknown` see `predict_proba`. `decide` calls rows otherwise: costs, as `evaluate` takes them, what is
    expected to cost least; a number, of two classes the second from that probability on.

    >>> model = smtrain.fit("iris.csv")
    >>> smtrain.predict(model, "iris.csv")[-2:]
    ['virginica', 'virginica']
    """
    labels: Sequence[Any] = as_model(model).classes
    called = decision_of(decide, model.encoder.classes)
    return [labels[k] for k in called(predict_proba(model, data, on_unknown=on_unknown).T)]


def scored_row(model: Model, data: Data, number: int, counted_from: int) -> tuple[Scored, tuple[str, ...], bool]:
    """A row of `data`, scored; what stands in the model's columns; and whether it has a label.

    What the labels of other rows are does not matter. Raises UsageError if there is no row of this number, DataError if
    its label is none of the classes.
    """
    table = open_for(model, data)
    labels, before = model.encoder.named_target in table.places, 0
    # Rows are read up to the one that is asked for, and no further.
    for rows in table.rows(model.encoder.readings(table, labels=labels)):
        here = number - counted_from - before
        if 0 <= here < rows.count:
            y = label_of_row(model.encoder, table.names, rows, here) if labels else None
            X = model.encoder.encode(rows, table.names).take(slice(here, here + 1))
            scored = Scored(model, rows, here, X, np.array([0 if y is None else y], np.intp), np.ones(1))
            unseen = UnseenLevels(model)
            unseen.add(scored)
            warn_of(unseen.counts)
            cells = tuple(rows.cell(here, table.places[column.name]) for column in model.encoder.columns)
            return scored, cells, y is not None
        before += rows.count
    raise UsageError(
        f"there is no row {number}: {table.source} has {before}", hint=f"they are counted from {counted_from}"
    )
