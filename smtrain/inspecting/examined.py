"""What was found of a table, and how findings of it are worded."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtrain.errors import DataError, quoted
from smtrain.fitting.options import FitConfig
from smtrain.inspecting.profile import Met, Profile
from smtrain.inspecting.rows import Repeats
from smtrain.sources.rows import Reading
from smtrain.sources.table import Table

NAMED = 4
Hashes = NDArray[np.uint64]


@dataclass(frozen=True)
class Examined:
    """What was found of a table: `profiles` of the features, with the `kinds` asked for, and of the labels.

    `names` are the columns that name the rows; they do not count where rows are compared. `sample` are hashes (q, m),
    numbers (q, m) and labels (m,) of some rows; `tails`, of each column, hashes and labels of all rows of some values.
    """

    table: Table
    config: FitConfig
    rows: int
    profiles: tuple[Profile, ...]
    kinds: tuple[Reading | None, ...]
    names: frozenset[str]
    labels: Profile
    empty: Met
    wrong_weights: tuple[int, str, int] | None
    weighing: frozenset[str]
    named_label: DataError | None
    repeats: Repeats
    line_of: Callable[[int], tuple[str, int]]
    sample: tuple[Hashes, NDArray[np.float64], Hashes]
    tails: tuple[tuple[Hashes, Hashes], ...]


def counted(count: int, what: str) -> str:
    """A number of things."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def listed(names: Iterable[str], most: int = NAMED) -> str:
    """The first few names, and an ellipsis for more."""
    names = list(names)
    return ", ".join([*names[:most], *(["…"] if len(names) > most else [])])


def with_rows(counts: Iterable[tuple[str, int]]) -> str:
    """Texts, each in quotes and with its rows."""
    return listed(f"{quoted(text)} {counted(n, 'row')}" for text, n in counts)


def with_cells(counts: Iterable[tuple[str, int]]) -> str:
    """Texts, each in quotes and with its cells."""
    return listed(f"{quoted(text)} {n:,}" for text, n in counts)
