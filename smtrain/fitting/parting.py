"""A table parted in two before anything is learned of it: rows to train on, and rows to test with."""

from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Real
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from smtrain.errors import DataError, UsageError
from smtrain.fitting.arguments import column_of
from smtrain.fitting.draws import Draw, Mask, groups_drawn, later
from smtrain.fitting.roles import labelled_rows
from smtrain.fitting.strata import strata_drawn, strata_of
from smtrain.sources.arguments import COUNTS, Range, check_range, whole, wrong
from smtrain.sources.dialect import Dialect
from smtrain.sources.frame import SOURCE
from smtrain.sources.interface import Rows
from smtrain.sources.opening import open_table
from smtrain.sources.table import Table

SHARES = Range(0, 1, above=True, below=True)


@dataclass(frozen=True)
class Parting:
    """How a table is parted.

    A `share` of the rows is put aside, drawn by `seed`: of each text of the column `stratify`, True for the target, or
    False for a share of all rows alike; or, with `by`, of whole groups, the texts of that column. Or, with `after`, the
    rows with a later value in the column `on`. Rows of no `weight`, and those without a label where the target is
    stratified, are not put aside; with `unlabelled` "skip" these are in neither part.
    """

    share: float = 0.25
    seed: int = 0
    stratify: str | bool = True
    by: str | None = None
    after: str | None = None
    on: str | None = None
    target: str | None = None
    weight: str | None = None
    unlabelled: str = "error"


def to_part(table: Table, parting: Parting) -> Table:
    """The table without the rows that are in neither part. Raises UsageError for a target that is not there."""
    return labelled_rows(table, parting.target, parting.unlabelled)


def drawn(table: Table, parting: Parting, threads: int = 1) -> Draw:
    """What is put aside of a table, which is read for it, but with `after`.

    Raises UsageError for options that contradict each other, DataError if no row, or every row, would be put aside.
    """
    _check(parting)
    if parting.after is not None and parting.on is not None:
        return later(table, parting.after, parting.on)
    if parting.by is not None:
        return groups_drawn(table, parting.by, parting.share, parting.seed, threads)
    strata = strata_of(table, parting.stratify, parting.target, parting.weight)
    draw = strata_drawn(table, strata, parting.share, parting.seed, threads)
    draw.check("a larger share" if strata.alike else "a larger share; or --no-stratify draws from all rows alike")
    return draw


def parted(table: Table, draw: Draw, threads: int = 1) -> Iterator[tuple[Rows, Mask]]:
    """The rows of a table, some at a time, and which of them are put aside. Their batches have all columns."""
    table.carry(range(len(table.names)))
    yield from draw.masks(table.rows(draw.readings(len(table.names)), threads))


def copied(table: Table, draw: Draw, outputs: tuple[BinaryIO, BinaryIO], threads: int = 1) -> tuple[int, int]:
    """Copy the rows of files as they stand, those that are put aside to the second output; the numbers of both.

    Raises DataError if one has none, which is known when all but the end is written.
    """
    parts = [(out, table.copier(), bool(k)) for k, out in enumerate(outputs)]
    rows = [0, 0]
    for out, copier, _ in parts:
        out.write(copier.head())
    for some, aside in parted(table, draw, threads):
        for out, copier, is_test in parts:
            mine = aside == is_test
            out.write(copier.rows(some.batch, mine))
            rows[is_test] += int(mine.sum())
    check_parts(rows[0], rows[1], table.source)
    for out, copier, _ in parts:
        out.write(copier.end())
    return rows[0], rows[1]


def split(
    data: pd.DataFrame,
    test: float | None = None,
    *,
    stratify: str | bool = True,
    by: str | None = None,
    after: Any = None,
    on: str | None = None,
    target: str | None = None,
    weight: str | None = None,
    seed: int = 0,
    unlabelled: str = "error",
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Part a DataFrame in two, rows to train on and rows to test with, by the rows that `smtrain split` puts aside.

    A share `test`, 0.25 if it is None, is drawn by `seed`: of each class of the `target`, None for the last column; or
    of each text of another column, `stratify`, or of all rows alike, if that is False; or of whole groups, the texts of
    the column `by`. In place of a share, `after` is a number or a date: rows with a later one in the column `on` are
    put aside. Rows whose `weight`, a column, is 0 are trained on; so are those without a label, and `unlabelled` "skip"
    leaves these out of both parts.
    Raises UsageError, and DataError for rows that cannot be parted.

    >>> train, test = smtrain.split(pandas.read_csv("iris.csv"), 0.2)
    >>> len(train), test["species"].value_counts().to_dict()
    (120, {'setosa': 10, 'versicolor': 10, 'virginica': 10})
    """
    if not isinstance(data, pd.DataFrame):
        raise wrong("data", data, "a DataFrame", "smtrain split DATA, on the command line, parts files")
    names = {"by": by, "on": on, "target": target, "weight": weight}
    columns = {name: None if value is None else column_of(name, value) for name, value in names.items()}
    if not isinstance(stratify, bool):
        stratify = column_of("stratify", stratify)
    after = None if after is None else str(after)
    check_range("seed", whole("seed", seed), COUNTS)
    parting = Parting(share_of(test, after), seed, stratify, after=after, unlabelled=unlabelled, **columns)
    draw = drawn(to_part(open_table(data, Dialect()), parting), parting)
    train, aside = np.zeros((2, len(data)), np.bool_)
    for rows, mask in parted(to_part(open_table(data, Dialect()), parting), draw):
        train[rows.places.lines], aside[rows.places.lines] = ~mask, mask
    check_parts(int(train.sum()), int(aside.sum()), SOURCE)
    return data[train], data[aside]


def share_of(test: Any, after: str | None) -> float:
    """The share that is put aside, or its default. Raises UsageError for what is none, and for one beside `after`."""
    if test is not None and after is not None:
        raise UsageError("--test and --after exclude each other", hint="leave out --test: all later rows are put aside")
    if test is None:
        return Parting.share
    if not isinstance(test, Real) or isinstance(test, bool):
        raise wrong("test", test, "a share of the rows")
    return check_range("test", float(test), SHARES)


def check_parts(train: int, test: int, source: str) -> None:
    """Raise DataError if one of the two parts has no rows."""
    if not train + test:
        raise DataError("no rows", source=source)
    if not train or not test:
        what = "--after: every row is later" if not train else "--after: no row is later"
        raise DataError(f"{what}, and so one of the two parts would be empty", source=source)


def _check(parting: Parting) -> None:
    """Raise UsageError for options that contradict each other."""
    if (parting.after is None) != (parting.on is None):
        raise UsageError("--after and --on go together", hint="--after 2024-06-30 --on date")
    asked = {"--by": parting.by, "--after": parting.after, "--stratify": parting.stratify is not True or None}
    several = [option for option, value in asked.items() if value is not None]
    if len(several) > 1:
        raise UsageError(f"{several[0]} and {several[1]} exclude each other", hint=f"leave out {several[1]}")
