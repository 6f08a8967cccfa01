"""A table as doctor has examined it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtrain.errors import DataError, Place
from smtrain.fitting.options import FitConfig
from smtrain.inspecting.profile import Met, Profile
from smtrain.inspecting.rows import Repeats
from smtrain.sources.interface import Reading
from smtrain.sources.table import Table

Hashes = NDArray[np.uint64]


@dataclass(frozen=True)
class Examined:
    """What the rules of doctor look at: `profiles` of the features and of the labels.

    `kinds` are those of the features, as they were asked for, or words whatever their looks, or None. `names` are the
    columns that name the rows; they do not count where rows are compared. `sample` are hashes (q, m), numbers (q, m)
    and labels (m,) of some rows; `tails`, of each column, hashes and labels of all rows of some values.
    `empty` are the empty labels, `named_label` is the error for a label that is the name of its column. Of the weights,
    `wrong_weights` is the number of cells that cannot be weights with the place of the first, and `weighing` are the
    labels of the rows above 0. `line_of` tells the place of a row by its number from 0.
    """

    table: Table
    config: FitConfig
    rows: int
    profiles: tuple[Profile, ...]
    kinds: tuple[Reading | None, ...]
    names: frozenset[str]
    labels: Profile
    empty: Met
    wrong_weights: tuple[int, str, int | None] | None
    weighing: frozenset[str]
    named_label: DataError | None
    repeats: Repeats
    line_of: Callable[[int], Place]
    sample: tuple[Hashes, NDArray[np.float64], Hashes]
    tails: tuple[tuple[Hashes, Hashes], ...]
