"""A table held against the data contract of a model, in one pass and constant memory."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smtrain.errors import DataError, ModelError, Place, quoted
from smtrain.inspecting.diagnosis import Diagnosis, Finding, Severity, diagnosis
from smtrain.inspecting.drift import CHANCE, beyond_by_chance, drift, shares_differ
from smtrain.model.contract import BINS, EDGES, HIGH, LOW, MISSING, SHARES, Contract, bin_counts, sample_rows
from smtrain.model.encoder import MISSING_LEVEL, CategoricalColumn, NumericColumn
from smtrain.model.model import Model, as_model
from smtrain.partitions.memory import available_threads
from smtrain.sources.arguments import threads_of
from smtrain.sources.cells import TextCells
from smtrain.sources.interface import Batch, Reading, Rows
from smtrain.sources.likeness import did_you_mean, look_alike
from smtrain.sources.opening import Data, open_table
from smtrain.sources.reading import read_leniently
from smtrain.sources.records import BLANKS
from smtrain.sources.table import Table

# The population stability index by which a column or the classes have drifted: a warning, an error.
DRIFT, STRONG_DRIFT = 0.1, 0.25
# The share of cells outside the range: a warning, an error. Of cells of a new level: an error.
OUTSIDE, MUCH_OUTSIDE = 0.01, 0.1
MANY_UNSEEN = 0.1
# By how much the share of missing cells has changed: a warning, an error.
MISSING_CHANGE, STRONG_MISSING_CHANGE = 0.05, 0.25
# So many distinct new texts of a column are counted one by one.
MOST_TEXTS = 1000
NAMED = 3

Array = NDArray[np.float64]


@dataclass
class NewTexts:
    """Texts that should not be there: how many cells, the first of them, and counts of the distinct ones."""

    cells: int = 0
    first: Place | None = None
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, rows: Rows, column: int, cells: TextCells, new: set[str]) -> None:
        """Count the cells whose text is among `new`."""
        if not new:
            return
        counts = np.bincount(cells.codes[cells.codes >= 0], minlength=len(cells.levels))
        for level, count in zip(cells.levels, counts.tolist(), strict=True):
            if level in new:
                self.cells += count
                if level in self.counts or len(self.counts) < MOST_TEXTS:
                    self.counts[level] += count
        if self.first is None:
            self.first, _ = rows.find(column, lambda cell: cell in new)

    def named(self) -> str:
        """The most frequent ones, with their cells."""
        most = sorted(self.counts.items(), key=lambda pair: (-pair[1], pair[0]))
        names = [f"{quoted(text)} {count:,}" for text, count in most[:NAMED]]
        return ", ".join([*names, *(["…"] if len(most) > NAMED else [])])

    @property
    def where(self) -> tuple[str | None, int | None]:
        """Source and line of the first."""
        return (None, None) if self.first is None else self.first


class NumericCheck:
    """What the cells of a numeric column come to, beside its line of the contract."""

    def __init__(self, line: Array, edges: Array) -> None:
        self._line, self._edges = line, edges
        self.bins = np.zeros(BINS, np.intp)
        self.missing, self.outside = 0, np.zeros(2, np.intp)
        self.low, self.high = np.inf, -np.inf
        self.wrong = NewTexts()
        self.first_outside: Place | None = None

    def add(self, table: Table, rows: Rows, i: int) -> None:
        """Count the cells of some rows; those that are no numbers apart."""
        if rows.is_text(i):
            cells = rows.texts(i)
            self.wrong.add(rows, i, cells, {level for level in cells.levels if not table.meaning.can_read(level)})
            x, gaps = table.meaning.numbers(cells), cells.codes < 0
        else:
            x = rows.number(i)
            gaps = np.isnan(x)
        self.missing += int(gaps.sum())
        x = x[~np.isnan(x)]
        if len(x):
            self._count(table, rows, i, x)

    def _count(self, table: Table, rows: Rows, i: int, x: Array) -> None:
        self.bins += bin_counts(x, self._edges)
        self.low, self.high = min(self.low, float(x.min())), max(self.high, float(x.max()))
        low, high = float(self._line[LOW]), float(self._line[HIGH])
        self.outside += (x < low).sum(), (x > high).sum()
        if self.first_outside is None and self.outside.any():
            number = table.meaning.number
            self.first_outside = place(rows, i, lambda cell: number(cell) < low or number(cell) > high)

    @property
    def numbers(self) -> int:
        """The cells that are numbers."""
        return int(self.bins.sum())


def place(rows: Rows, i: int, wanted: Callable[[str], bool]) -> Place | None:
    """Where the first cell that is wanted is; None if reading one by one finds none."""
    try:
        return rows.find(i, wanted)[0]
    except LookupError:  # pandas and Python may read the last bit of a number at the border differently
        return None


class LevelCheck:
    """How often each level of a column of words, or each class, is met; and the texts that are none."""

    def __init__(self, levels: tuple[str | None, ...]) -> None:
        self._place = {level: k for k, level in enumerate(levels)}
        self.counts, self.missing = np.zeros(len(levels), np.intp), 0
        self.unseen = NewTexts()

    def add(self, rows: Rows, i: int, cells: TextCells) -> None:
        """Count the cells of a column of some rows."""
        counts = np.bincount(cells.codes[cells.codes >= 0], minlength=len(cells.levels))
        known = [k for k, level in enumerate(cells.levels) if level in self._place]
        self.counts[[self._place[cells.levels[k]] for k in known]] += counts[known]
        self.missing += int((cells.codes < 0).sum())
        self.unseen.add(rows, i, cells, {level for level in cells.levels if level not in self._place})


@dataclass(frozen=True)
class Bins:
    """Shares `before` and `counts` now, (B,) each, with the names of the bins or the numbers between them."""

    what: str
    before: Array
    counts: NDArray[np.intp]
    names: Sequence[str] | Array

    def name(self, k: int) -> str:
        """What is in a bin."""
        if not isinstance(self.names, np.ndarray):
            return quoted(self.names[k])
        return _between(*np.concatenate([[-np.inf], self.names, [np.inf]])[k : k + 2])


def _between(low: float, high: float) -> str:
    """The numbers above `low`, up to `high`; edges just below a number are told by that number."""
    if np.nextafter(low, np.inf) == high:
        return f"{high:g}"
    above, beyond = np.nextafter(low, np.inf), np.nextafter(high, np.inf)
    start = f"{above:g} or more" if _rounder(above, low) else f"above {low:g}"
    end = f"below {beyond:g}" if _rounder(beyond, high) else f"up to {high:g}"
    if low == -np.inf or high == np.inf:
        return end if low == -np.inf else start
    return f"{low:g} to {high:g}" if end.startswith("up") and not start.endswith("more") else f"{start}, {end}"


def _rounder(number: float, other: float) -> bool:
    """Whether a number is written with far fewer digits than its neighbour."""
    return len(repr(number)) + 5 < len(repr(other))


class Check:
    """All columns of a table beside those of a model."""

    def __init__(self, model: Model, contract: Contract, table: Table) -> None:
        self._model, self._contract, self._table = model, contract, table
        self._encoder, self.rows = model.encoder, 0
        at = {name: i for i, name in enumerate(table.names)}
        lines = zip(self._encoder.numeric, contract.numbers, contract.edges, strict=True)
        self.numeric = {at[c.name]: NumericCheck(line, edges) for c, line, edges in lines if c.name in at}
        self.levels = {at[c.name]: LevelCheck(c.levels) for c in self._encoder.categorical if c.name in at}
        self.classes = LevelCheck(model.classes) if self._encoder.target in at else None
        self._target = at.get(self._encoder.target)
        self._at = at

    def read(self, threads: int) -> None:
        """Count everything, piece by piece."""
        readings = self._encoder.readings_there(self._table)
        if all(reading is Reading.SKIP for reading in readings):
            raise ModelError(f"{self._table.source}: not one of the model's columns is there")

        def read(batch: Batch) -> Rows:
            return read_leniently(batch, readings, self._table.meaning)

        for rows in self._table.map(read, threads):
            self.rows += rows.count
            for i, numeric in self.numeric.items():
                numeric.add(self._table, rows, i)
            for i, words in self.levels.items():
                words.add(rows, i, rows.texts(i))
            if self.classes is not None and self._target is not None:
                self.classes.add(rows, self._target, rows.texts(self._target).without(_is_blank))
        if self.rows == 0:
            raise DataError("no rows below the header", source=self._table.source)

    # Findings

    def findings(self) -> Iterator[Finding]:
        """Everything that is not as in training, column by column."""
        yield from self._columns()
        by_level = self._contract.of_levels(self._encoder)
        levels = {c.name: shares for c, shares in zip(self._encoder.categorical, by_level, strict=True)}
        lines = {c.name: line for c, line in zip(self._encoder.numeric, self._contract.numbers, strict=True)}
        for column in self._encoder.columns:
            i = self._at.get(column.name)
            if i is None:
                continue
            if isinstance(column, NumericColumn):
                yield from self._of_numbers(column, self.numeric[i], lines[column.name])
            else:
                yield from self._of_levels(column, self.levels[i], levels[column.name])
        yield from self._of_classes()

    def _columns(self) -> Iterator[Finding]:
        """Columns that are not there, and those that training did not have."""
        encoder = self._encoder
        for column in encoder.columns:
            if column.name not in self._at:
                hint = did_you_mean(column.name, self._table.names)
                yield Finding(Severity.ERROR, "missing column", "the column is not there", column.name, hint=hint)
        known = {column.name for column in encoder.columns} | {name for name, _ in encoder.ignored}
        known |= {encoder.target, encoder.weight or encoder.target, *self._model.fit.options.drop}
        for name in self._table.names:
            if name not in known:
                yield Finding(Severity.WARNING, "new column", "training had no such column", name)

    def _of_numbers(self, column: NumericColumn, found: NumericCheck, line: Array) -> Iterator[Finding]:
        name, wrong = column.name, found.wrong
        if wrong.cells:
            what = f"{wrong.cells:,} {_cells(wrong.cells)} no number: {wrong.named()}"
            numbers = {"cells": wrong.cells, "share": wrong.cells / self.rows, "texts": dict(wrong.counts)}
            yield Finding(Severity.ERROR, "no number", what, name, *wrong.where, numbers=numbers)
        yield from self._outside(name, found, line)
        yield from self._missing(name, float(line[MISSING]), found.missing)
        sample = sample_rows(self._model.fit.rows, len(self._encoder.numeric))
        n = max(1, round(sample * (1 - float(line[MISSING]))))
        yield from self._drift("drift", name, Bins("the numbers have", line[SHARES], found.bins, line[EDGES]), n)

    def _outside(self, name: str, found: NumericCheck, line: Array) -> Iterator[Finding]:
        outside = int(found.outside.sum())
        if not outside:
            return
        low, high = float(line[LOW]), float(line[HIGH])
        far = max(low - found.low, found.high - high) > high - low
        share, rows = outside / found.numbers, self._model.fit.rows
        by_chance = beyond_by_chance(int(found.outside.max()), rows, found.numbers) > CHANCE
        severity = Severity.WARNING if far else Severity.NOTE
        if share > OUTSIDE and not by_chance:
            severity = Severity.ERROR if share > MUCH_OUTSIDE else Severity.WARNING
        trained, now = f"{low:g} … {high:g}", f"{found.low:g} … {found.high:g}"
        what = f"{outside:,} {_cells(outside)} outside {trained} ({share:.2%}); the numbers are {now}"
        numbers = {"cells": outside, "share": share, "low": found.low, "high": found.high, "trained": [low, high]}
        source, at = (None, None) if found.first_outside is None else found.first_outside
        yield Finding(severity, "out of range", what, name, source, at, numbers=numbers)

    def _of_levels(self, column: CategoricalColumn, found: LevelCheck, shares: Array) -> Iterator[Finding]:
        name, unseen, n = column.name, found.unseen, self._model.fit.rows
        if unseen.cells:
            share = unseen.cells / self.rows
            severity = Severity.ERROR if share > MANY_UNSEEN else Severity.WARNING
            what = f"{unseen.cells:,} {_cells(unseen.cells)} a level that training did not have ({share:.2%}): "
            numbers = {"cells": unseen.cells, "share": share, "levels": dict(unseen.counts)}
            hint = look_alike(unseen.counts, filter(None, column.levels))
            yield Finding(severity, "unseen level", what + unseen.named(), name, *unseen.where, hint, numbers)
        gaps = float(shares[-1]) if column.levels[-1] is MISSING_LEVEL else 0.0
        yield from self._missing(name, gaps, found.missing)
        named = [k for k, level in enumerate(column.levels) if level is not MISSING_LEVEL]
        bins = Bins("the levels have", shares[named], found.counts[named], [column.levels[k] or "" for k in named])
        yield from self._drift("drift", name, bins, n)

    def _missing(self, name: str, before: float, missing: int) -> Iterator[Finding]:
        """A share of missing cells that has changed; any at all where training had none."""
        n, now = self._model.fit.rows, missing / self.rows
        change = abs(now - before)
        surely = shares_differ(before, n, now, self.rows)
        numbers = {"cells": missing, "share": now, "trained": before}
        if surely and change > MISSING_CHANGE:
            severity = Severity.ERROR if change > STRONG_MISSING_CHANGE else Severity.WARNING
            yield Finding(
                severity, "missing cells", f"{now:.2%} missing, {before:.2%} in training", name, numbers=numbers
            )
        elif missing and before == 0:
            what = f"{missing:,} missing {'cell' if missing == 1 else 'cells'}, none in training"
            yield Finding(Severity.WARNING, "missing cells", what, name, numbers=numbers)

    def _drift(self, kind: str, name: str, bins: "Bins", n: int) -> Iterator[Finding]:
        """Shares that have moved from those of `n` rows of training."""
        found = drift(bins.before, n, bins.counts)
        if not found.above(DRIFT):
            return
        now = bins.counts / bins.counts.sum()
        k = int(np.abs(now - bins.before).argmax())
        strong = found.above(STRONG_DRIFT)
        threshold = STRONG_DRIFT if strong else DRIFT
        numbers: dict[str, Any] = {"psi": found.psi, "threshold": threshold, "chance": found.chance}
        numbers |= {"most": bins.name(k), "before": float(bins.before[k]), "now": float(now[k])}
        what = f"{bins.what} drifted: PSI {found.psi:.3f}, above {threshold:g}; most {bins.name(k)}: "
        what += f"{bins.before[k]:.1%} in training, {now[k]:.1%} here"
        yield Finding(Severity.ERROR if strong else Severity.WARNING, kind, what, name, numbers=numbers)

    def _of_classes(self) -> Iterator[Finding]:
        if self.classes is None:
            return
        name, unseen = self._encoder.target, self.classes.unseen
        if self.classes.missing:
            what = f"{self.classes.missing:,} {'row has' if self.classes.missing == 1 else 'rows have'} no label"
            numbers: dict[str, Any] = {"cells": self.classes.missing, "share": self.classes.missing / self.rows}
            yield Finding(Severity.NOTE, "unlabelled rows", what, name, numbers=numbers)
        if unseen.cells:
            what = f"{unseen.cells:,} {_cells(unseen.cells)} a class that training did not have: {unseen.named()}"
            numbers = {"cells": unseen.cells, "share": unseen.cells / self.rows, "classes": dict(unseen.counts)}
            hint = look_alike(unseen.counts, self._model.classes)
            yield Finding(Severity.ERROR, "unseen class", what, name, *unseen.where, hint, numbers)
        counts, n = np.array(self._model.fit.class_counts, np.float64), self._model.fit.rows
        shares = counts / max(1.0, counts.sum())
        bins = Bins("the shares of the classes have", shares, self.classes.counts, self._model.classes)
        yield from self._drift("class shift", name, bins, n)


def _is_blank(label: str) -> bool:
    return not label.strip(BLANKS)


def _cells(count: int) -> str:
    return "cell is" if count == 1 else "cells are"


def check_table(model: Model, table: Table, threads: int) -> Diagnosis:
    """Hold a table against the contract of a model. Raises ModelError if the model has none."""
    if model.contract is None:
        raise ModelError("the model holds no data contract: it is of an earlier smtrain", hint="fit again to have one")
    found = Check(model, model.contract, table)
    found.read(threads)
    return diagnosis(found.rows, found.findings())


def check(model: Model, data: Data, *, threads: int | None = None) -> Diagnosis:
    """Hold `data` against the data contract of `model`. Raises ModelError if it has none, DataError if it is no table.

    Errors are columns that are missing, cells that cannot be used, and strong drift; warnings what is merely unusual.
    """
    return check_table(
        model, open_table(data, as_model(model).encoder.dialect), threads_of(threads) or available_threads()
    )
