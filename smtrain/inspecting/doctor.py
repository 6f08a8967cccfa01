"""A table examined before a fit: every cell as it stands, also in tables that a fit refuses.

One pass. What is kept grows with the file by two hashes a row only: distinct values up to a number of them, the
places of the first cells of each sort, a sample of the rows.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smtrain.errors import DataError
from smtrain.fitting.arguments import config_of, with_labels
from smtrain.fitting.options import FitConfig
from smtrain.fitting.refusals import COUNTED_ROWS
from smtrain.fitting.roles import refused_types, roles_of
from smtrain.inspecting.diagnosis import BROKEN, Diagnosis, Finding, Severity, diagnosis
from smtrain.inspecting.examined import Examined
from smtrain.inspecting.findings import findings
from smtrain.inspecting.profile import Met, Profile, hashed_numbers, hashed_texts, tally
from smtrain.inspecting.rows import LevelSample, Lines, RowHashes, Sample, combined
from smtrain.model.labels import unusable_weights
from smtrain.partitions.memory import available_threads
from smtrain.sources.cells import TextCells
from smtrain.sources.dialect import SMALLEST_SCALE
from smtrain.sources.interface import Batch, Reading, Readings, Rows, columns_of
from smtrain.sources.opening import Data, open_table
from smtrain.sources.reading import read_leniently, until_fault
from smtrain.sources.table import Table
from smtrain.sources.usable import is_no_label

Array = NDArray[np.float64]
# Rows of the first piece from which on a column whose texts are all different there is taken for one of names: it does
# not count where rows are compared, for with it no two rows are equal.
NAMING_ROWS = 20


def examine(table: Table, config: FitConfig, threads: int) -> Diagnosis:
    """Examine the table for a fit with these options. Raises DataError if it is no table, or has no rows."""
    errors = refused_types(table, config)
    examiner = Examiner(table, _without(config, [str(error.column) for error in errors]))
    examiner.read(threads)
    advised = _advised(table, findings(examiner.examined())) if examiner.rows else ()
    plain = (one for one in advised if one.kind != "no features" or not errors)  # it has columns, of other types
    every = diagnosis(examiner.rows, [*_broken(examiner.broken), *map(_of_type, errors), *plain])
    return replace(every, target=examiner.target, last=config.target is None)


def _without(config: FitConfig, columns: Collection[str]) -> FitConfig:
    """The same options without some columns."""
    categorical, numeric = (
        tuple(name for name in names if name not in columns) for names in (config.categorical, config.numeric)
    )
    return replace(config, drop=(*config.drop, *columns), categorical=categorical, numeric=numeric)


def _of_type(error: DataError) -> Finding:
    """The finding on a column that is refused by its type, in the words of a fit."""
    return Finding(Severity.ERROR, "type", error.plain, error.column, hint=error.hint)


def _broken(error: DataError | None) -> Iterator[Finding]:
    """The record that could not be read, in the words of a fit, and a note that the rows behind it were not read."""
    if error is not None:
        yield Finding(Severity.ERROR, BROKEN, str(error.what), None, error.source, error.line, error.hint)
        what = "the rows from there on are not looked at"
        yield Finding(Severity.NOTE, "unread", what, None, error.source, error.line)


def _advised(table: Table, plain: Iterable[Finding]) -> Iterator[Finding]:
    """What the table itself has to say, and the findings; errors get the hint that its first lines call for, if any."""
    if table.skipped.rows:
        yield Finding(Severity.NOTE, "unlabelled rows", f"{table.skipped.rows:,} without a label, which a fit skips")
    if table.doubt:
        yield Finding(Severity.WARNING, "delimiter", table.doubt, None, table.source, table.header_line)
    for one in plain:
        hint = table.advice(one.line) if one.severity is Severity.ERROR else None
        yield one if hint is None else replace(one, hint=hint)


class Examiner:
    """Reads a table, and keeps what is to be known of it."""

    def __init__(self, table: Table, config: FitConfig) -> None:
        self._table, self._config, self._roles = table, config, roles_of(table, config)
        if config.unlabelled == "skip":
            table.skip_unlabelled(self._roles.target)
        self._lines, self._hashes = Lines(), RowHashes()
        self._profiles = {
            i: Profile(
                table.names[i], table, self._lines, typed_words=self._is_typed_words(i), min_count=config.min_count
            )
            for i in self._roles.features
        }
        self._labels = Profile(table.names[self._roles.target], table, self._lines)
        self._empty = Met(is_no_label, self._lines)
        self._sample = Sample(len(self._profiles))
        self._tails = [LevelSample(self._sample.most) for _ in self._profiles]
        self._names: set[int] = set()
        self._wrong_weights: tuple[int, str, int | None] | None = None
        self._weighing: set[str] = set()
        self._named_label: DataError | None = None
        self.broken: DataError | None = None
        self._settled: Readings | None = None

    def _is_typed_words(self, i: int) -> bool:
        return i not in self._roles.forced and self._roles.kinds[i] is Reading.TEXT

    @property
    def target(self) -> str:
        """The column of the labels."""
        return self._table.names[self._roles.target]

    @property
    def rows(self) -> int:
        """The rows that were read."""
        return self._lines.rows

    def read(self, threads: int) -> None:
        """Read all rows, or those before the first record that cannot be read: `broken` says why.

        Raises DataError where there is no row, or the fault has no line.
        """
        try:
            with self._table.advising():
                columns = columns_of(self._readings(Reading.TEXT))
                for rows, error in self._table.map(partial(until_fault, self._rows), threads, columns):
                    if rows is not None:
                        self._add(rows)
                    if error is not None:
                        raise error
        except DataError as error:
            if error.line is None:
                raise
            self.broken = error
        # The rows before a broken record are examined; without any there is nothing to say but that it is broken.
        if not self.rows and self.broken is None:
            raise self._table.no_rows()

    def _rows(self, batch: Batch) -> Rows:
        """A batch with the readings that the first one has settled, every column text where it must be."""
        batch = batch.lenient_in(self._roles.features)
        # The first batch is read alone, before others are read in threads: it settles the readings for all of them.
        if self._settled is None:
            self._settle(batch.read(self._readings(Reading.TEXT)))
        assert self._settled is not None
        return read_leniently(batch, self._settled, self._table.meaning)

    def _readings(self, features: Reading) -> Readings:
        readings = [Reading.SKIP] * len(self._table.names)
        for i in self._roles.features:
            readings[i] = features
        readings[self._roles.target] = Reading.LABEL
        if self._roles.weight is not None:
            readings[self._roles.weight] = Reading.TEXT
        return tuple(readings)

    def _settle(self, rows: Rows) -> None:
        """Decide by the first rows which columns to read as numbers, if they can be, and which ones name the rows."""
        readings = list(self._readings(Reading.TEXT))
        for i, profile in self._profiles.items():
            cells = rows.texts(i)
            numbers = [self._table.meaning.can_read(level) for level in cells.levels]
            if self._roles.kinds[i] is not Reading.TEXT and numbers and all(numbers):
                readings[i] = Reading.NUMBER
                profile.padded.add(tally(cells, 0))
            # Columns that count the rows, and names, tell all rows apart: they are left out where rows are compared.
            steps = np.diff(self._table.meaning.numbers(cells))
            counting = rows.count >= COUNTED_ROWS and bool((steps == 1).all())
            if counting or (rows.count >= NAMING_ROWS and len(cells.levels) == rows.count and not any(numbers)):
                self._names.add(i)
        self._settled = tuple(readings)

    def _add(self, rows: Rows) -> None:
        """Count some rows in everything that is kept of the table."""
        v = self._weights(rows)
        columns = [self._add_column(rows, i, v) for i in self._profiles]
        numbers, hashes = [x for x, _ in columns], [hashed for _, hashed in columns]
        labels = self._add_labels(rows)
        # Two rows are equal if all columns but those that name the rows are.
        telling = [column for i, column in zip(self._profiles, hashes, strict=True) if i not in self._names]
        self._hashes.add(combined(telling, rows.count), labels)
        self._sample.add(hashes, numbers, labels)
        for tail, column in zip(self._tails, hashes, strict=True):
            tail.add(column, labels)
        self._lines.add(rows)

    def _add_column(self, rows: Rows, i: int, v: Array) -> tuple[Array, NDArray[np.uint64]]:
        """Count the cells of a column of features in rows of weights v. Returns them as numbers and as hashes, (m,).

        A cell's hash is that of its number, or of its text where it is none: so equal cells have equal hashes, however
        they are read.
        """
        profile = self._profiles[i]
        if rows.is_text(i):
            x = profile.add_texts(rows.texts(i), self.rows, v)
            hashed = np.where(np.isnan(x), hashed_texts(rows.texts(i)), hashed_numbers(x))
        else:
            x = rows.number(i)
            hashed = hashed_numbers(x)
            profile.add_numbers(x, v)
            # Digits that floating point has lost can only be seen in the text: it is looked at once, where numbers are
            # large enough.
            if profile.look_for_long(x):
                profile.long.add(tally(self._texts(rows, i), self.rows))
        profile.keep(hashed)
        return x, hashed

    def _check_target(self, rows: Rows) -> None:
        """Keep what a fit says of a label that is the name of its column."""
        at = self._roles.target
        is_name = partial(self._table.is_own_name, column=at)
        if self._named_label is None and any(map(is_name, rows.texts(at).levels)):
            place, label = rows.find(at, is_name)
            self._named_label = self._table.own_name(label, at, place)

    def _texts(self, rows: Rows, i: int) -> TextCells:
        """The cells of a number column as texts."""
        only = tuple(Reading.TEXT if j == i else Reading.SKIP for j in range(len(self._table.names)))
        return rows.batch.read(only).texts(i)

    def _add_labels(self, rows: Rows) -> NDArray[np.uint64]:
        self._check_target(rows)
        cells = rows.texts(self._roles.target)
        self._labels.add_texts(cells, self.rows, np.ones(rows.count))
        self._empty.add(tally(cells, self.rows))
        return hashed_texts(cells)

    def _weights(self, rows: Rows) -> NDArray[np.float64]:
        """The weights of some rows. Cells that cannot be weights are counted, and 0 stands for them."""
        if self._roles.weight is None:
            return np.ones(rows.count)
        cells = rows.texts(self._roles.weight).without(self._table.meaning.is_missing_number)
        v = self._table.meaning.numbers(cells)
        labels = rows.texts(self._roles.target)
        # A class weighs something as soon as one of its rows does.
        self._weighing.update(labels.levels[k] for k in np.unique(labels.codes[v > 0]))
        wrong = unusable_weights(v, SMALLEST_SCALE)
        if len(wrong):
            count, source, line = self._wrong_weights or (0, *rows.place(wrong[0]))
            self._wrong_weights = count + len(wrong), source, line
        return np.where(v > 0, v, 0.0)

    def _kind(self, i: int) -> Reading | None:
        """The kind that was asked for, or that of dates; or words, where the source says so of texts like numbers."""
        if self._table.base(i) != i:
            return Reading.NUMBER
        typed = self._roles.kinds[i] if self._profiles[i].numbers else None
        return self._roles.forced.get(i) or (typed if typed is Reading.TEXT else None)

    def examined(self) -> Examined:
        """All that the findings are made of."""
        return Examined(
            table=self._table,
            config=self._config,
            rows=self.rows,
            profiles=tuple(self._profiles.values()),
            kinds=tuple(map(self._kind, self._profiles)),
            names=frozenset(self._table.names[i] for i in self._names),
            labels=self._labels,
            empty=self._empty,
            wrong_weights=self._wrong_weights,
            weighing=frozenset(self._weighing),
            named_label=self._named_label,
            repeats=self._hashes.repeats(),
            line_of=self._lines.of,
            sample=self._sample.columns(),
            tails=tuple(tail.columns() for tail in self._tails),
        )


def doctor(
    data: Data,
    y: Any = None,
    sample_weight: Any = None,
    *,
    config: FitConfig | None = None,
    names: Sequence[str] | None = None,
    **options: Any,
) -> Diagnosis:
    """What there is to say of `data` before it is fitted with these options, in the form that `fit` takes.

    Errors are what `fit` would refuse; warnings what makes a model other than it seems; notes what is good to know.
    Raises DataError if the data are no table.

    >>> smtrain.doctor("iris.csv")
    <Diagnosis of 150 rows: 1 note>
    """
    data, options = with_labels(data, y, sample_weight, options, names=names, config=config)
    config = config_of(config, options)
    return examine(open_table(data, config.dialect, fitting=True), config, config.threads or available_threads())
