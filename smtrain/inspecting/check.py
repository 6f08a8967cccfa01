"""A table held against the data contract of a model: what is not as it was in training."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smtrain.errors import ModelError
from smtrain.inspecting.bins import Bins
from smtrain.inspecting.counts import Counting, LevelCounts, NumericCounts, TableCounts, total
from smtrain.inspecting.diagnosis import Diagnosis, Finding, Severity, diagnosis
from smtrain.inspecting.drift import CHANCE, beyond_by_chance, shares_differ
from smtrain.inspecting.shift import class_shift, drifted
from smtrain.model.contract import EDGES, HIGH, LOW, MISSING, SHARES, Contract, sample_rows
from smtrain.model.encoder import MISSING_LEVEL, CategoricalColumn
from smtrain.model.model import Model, as_model
from smtrain.model.tables import open_for
from smtrain.partitions import PATIENCE
from smtrain.partitions.interface import Home, Spread
from smtrain.scoring.home import home_of
from smtrain.sources.likeness import did_you_mean, look_alike
from smtrain.sources.opening import Data
from smtrain.sources.table import Table

# Each pair is what makes a warning and what makes an error. They are about size alone, as those of drift are
# (smtrain/inspecting/shift.py).
# The share of a column's cells that are outside the range of training.
OUTSIDE = 0.01
MUCH_OUTSIDE = 0.1
# By how much the share of missing cells has changed.
MISSING_CHANGE = 0.05
STRONG_MISSING_CHANGE = 0.25
# What the rare levels of a column are called together.
OTHER = "(other)"
# The share of cells of levels that training did not have; any such cell is a warning.
MANY_UNSEEN = 0.1

Array = NDArray[np.float64]


class ContractCheck:
    """The findings on a table whose cells are counted, beside the contract of a model."""

    def __init__(self, model: Model, contract: Contract, table: Table, counts: TableCounts) -> None:
        self._model, self._contract, self._table = model, contract, table
        self._encoder, self._counts, self._rows = model.encoder, counts, counts.rows

    def findings(self) -> Iterator[Finding]:
        """Everything that is not as in training, column by column."""
        yield from self._columns()
        by_level = self._contract.of_levels(self._encoder)
        levels = {c.name: shares for c, shares in zip(self._encoder.categorical, by_level, strict=True)}
        lines = {c.name: line for c, line in zip(self._encoder.numeric, self._contract.numbers, strict=True)}
        for column in self._encoder.columns:
            name = column.name
            if name in self._counts.numeric:
                yield from self._of_numbers(name, self._counts.numeric[name], lines[name])
            elif isinstance(column, CategoricalColumn) and name in self._counts.levels:
                yield from self._of_levels(column, self._counts.levels[name], levels[name])
        yield from self._of_classes()

    def _columns(self) -> Iterator[Finding]:
        """Columns that are not there, and those that training did not have."""
        encoder = self._encoder
        for column in encoder.columns:
            if column.name not in self._table.places:
                hint = did_you_mean(column.name, self._table.names)
                yield Finding(Severity.ERROR, "missing column", "the column is not there", column.name, hint=hint)
        known = {column.name for column in encoder.columns} | {name for name, _ in encoder.ignored}
        # A column that was left out on purpose, or was of no use, is no news when it is there again.
        known |= {*filter(None, (encoder.named_target, encoder.named_weight)), *self._model.fit.options.drop}
        known |= {*encoder.dialect.dates}
        for name in self._table.own_names:
            if name not in known:
                yield Finding(Severity.WARNING, "new column", "training had no such column", name)

    def _of_numbers(self, name: str, counts: NumericCounts, line: Array) -> Iterator[Finding]:
        """A column of numbers beside its line of the contract."""
        wrong = counts.wrong
        if wrong.cells:
            what = f"{wrong.cells:,} {_cells(wrong.cells)} no number: {wrong.named()}"
            numbers = {"cells": wrong.cells, "share": wrong.cells / self._rows, "texts": wrong.most}
            yield Finding(Severity.ERROR, "no number", what, name, *wrong.where, numbers=numbers)
        yield from self._outside(name, counts, line)
        yield from self._missing(name, float(line[MISSING]), counts.missing)
        # The shares of the bins are those of a sample of the rows: chance moves them more than those of all rows.
        sample = sample_rows(self._model.fit.rows, len(self._encoder.numeric))
        n = max(1, round(sample * (1 - float(line[MISSING]))))
        bins = Bins("the numbers have", line[SHARES], counts.bins, line[EDGES])
        yield from filter(None, [drifted("drift", name, bins, n)])

    def _outside(self, name: str, counts: NumericCounts, line: Array) -> Iterator[Finding]:
        """Numbers outside the range of training, if there are any.

        The largest of new rows is often beyond that of the old ones, by a little: such a number is a note. It is a
        warning if it is farther away than the range is wide, and more than that if numbers outside are more than chance
        has.
        """
        outside = int(counts.outside.sum())
        if not outside:
            return
        low, high = float(line[LOW]), float(line[HIGH])
        far = max(low - counts.low, counts.high - high) > high - low
        share, rows = outside / counts.numbers, self._model.fit.rows
        by_chance = beyond_by_chance(int(counts.outside.max()), rows, counts.numbers) > CHANCE
        severity = Severity.WARNING if far else Severity.NOTE
        if share > OUTSIDE and not by_chance:
            severity = Severity.ERROR if share > MUCH_OUTSIDE else Severity.WARNING
        trained, now = f"{low:g} … {high:g}", f"{counts.low:g} … {counts.high:g}"
        what = f"{outside:,} {_cells(outside)} outside {trained} ({share:.2%}); the numbers are {now}"
        numbers = {"cells": outside, "share": share, "low": counts.low, "high": counts.high, "trained": [low, high]}
        source, at = (None, None) if counts.first_outside is None else counts.first_outside
        yield Finding(severity, "out of range", what, name, source, at, numbers=numbers)

    def _of_levels(self, column: CategoricalColumn, counts: LevelCounts, shares: Array) -> Iterator[Finding]:
        """A column of words beside the shares (L,) of its levels in training."""
        name, unseen, n = column.name, counts.unseen, self._model.fit.rows
        if unseen.cells:
            share = unseen.cells / self._rows
            severity = Severity.ERROR if share > MANY_UNSEEN else Severity.WARNING
            what = f"{unseen.cells:,} {_cells(unseen.cells)} a level that training did not have ({share:.2%}): "
            numbers = {"cells": unseen.cells, "share": share, "levels": unseen.most}
            hint = look_alike(unseen.most, filter(None, column.places))
            yield Finding(severity, "unseen level", what + unseen.named(), name, *unseen.where, hint, numbers)
        # The missing level is told of as missing cells; the bins are the levels that are texts.
        gaps = float(shares[column.places[MISSING_LEVEL]]) if MISSING_LEVEL in column.levels else 0.0
        yield from self._missing(name, gaps, counts.missing)
        named = [k for k, feature in enumerate(column.features) if feature.level is not MISSING_LEVEL or feature.rare]
        names = [OTHER if feature.rare else feature.level or "" for feature in column.features]
        bins = Bins("the levels have", shares[named], counts.counts[named], [names[k] for k in named])
        yield from filter(None, [drifted("drift", name, bins, n)])

    def _missing(self, name: str, before: float, missing: int) -> Iterator[Finding]:
        """A share of missing cells that has changed; any at all where training had none."""
        n, now = self._model.fit.rows, missing / self._rows
        change = abs(now - before)
        surely = shares_differ(before, n, now, self._rows)
        numbers = {"cells": missing, "share": now, "trained": before}
        if surely and change > MISSING_CHANGE:
            severity = Severity.ERROR if change > STRONG_MISSING_CHANGE else Severity.WARNING
            yield Finding(
                severity, "missing cells", f"{now:.2%} missing, {before:.2%} in training", name, numbers=numbers
            )
        elif missing and before == 0:
            what = f"{missing:,} missing {'cell' if missing == 1 else 'cells'}, none in training"
            yield Finding(Severity.WARNING, "missing cells", what, name, numbers=numbers)

    def _of_classes(self) -> Iterator[Finding]:
        """Rows without a label, rows of classes that training did not have, shares of classes that have moved."""
        classes, name = self._counts.classes, self._encoder.target
        if classes is None:
            return
        if classes.missing:
            what = f"{classes.missing:,} {'row has' if classes.missing == 1 else 'rows have'} no label"
            numbers: dict[str, Any] = {"cells": classes.missing, "share": classes.missing / self._rows}
            yield Finding(Severity.NOTE, "unlabelled rows", what, name, numbers=numbers)
        unseen = classes.unseen
        if unseen.cells:
            what = f"{unseen.cells:,} {_cells(unseen.cells)} a class that training did not have: {unseen.named()}"
            numbers = {"cells": unseen.cells, "share": unseen.cells / self._rows, "classes": unseen.most}
            hint = look_alike(unseen.most, self._model.encoder.classes)
            yield Finding(Severity.ERROR, "unseen class", what, name, *unseen.where, hint, numbers)
        shift = class_shift(name, self._encoder.classes, self._model.fit.class_counts, classes.counts)
        yield from filter(None, [shift])


def _cells(count: int) -> str:
    return "cell is" if count == 1 else "cells are"


def check_table(model: Model, table: Table, home: Home) -> Diagnosis:
    """Hold a table against the contract of a model. Raises ModelError if the model has none."""
    if model.contract is None:
        raise ModelError("the model holds no data contract: it is of an earlier smtrain", hint="fit again to have one")
    counts = total(_counted(table, Counting(model, model.contract), home), table)
    return diagnosis(counts.rows, ContractCheck(model, model.contract, table, counts).findings())


def _counted(table: Table, counting: Counting, home: Home) -> Iterator[TableCounts | None]:
    """The counts of runs of a table's rows, in order: counted here, or by the workers of a home."""
    if not isinstance(home, Spread):
        return counting.pieces(table, home.threads)
    counting.readings(table)
    return home.told(counting, table.spans(home.span_size(table.total_bytes), home.told))


def check(
    model: Model,
    data: Data,
    *,
    threads: int | None = None,
    cluster: str | None = None,
    cluster_wait: int = PATIENCE,
    home: Home | None = None,
) -> Diagnosis:
    """Hold `data` against the data contract of `model`. Raises ModelError if it has none, DataError if it is no table.

    Errors are columns that are missing, cells that cannot be used, and strong drift; warnings what is merely unusual.
    `cluster` says where the workers are that read the files, `cluster_wait` how many seconds they may be missing;
    `home` is where the rows are to be read, None is what `cluster` asks for.

    >>> model = smtrain.fit("iris.csv")
    >>> flowers = pandas.read_csv("iris.csv")
    >>> smtrain.check(model, flowers)
    <Diagnosis of 150 rows: no findings>
    >>> smtrain.check(model, flowers.assign(petal_width=flowers["petal_width"] * 10)).findings[0]
    <error: column "petal_width": 116 cells are outside 0.1 … 2.5 (77.33%); the numbers are 1 … 25>
    """
    table = open_for(as_model(model), data)
    with home_of(home, threads, cluster, cluster_wait) as opened:
        return check_table(model, table, opened)
