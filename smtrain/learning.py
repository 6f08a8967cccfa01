"""From a table to an encoder and encoded partitions, in one parse of the file.

A feature column starts open. Its first value that is not missing makes it numeric or categorical; a value of the other
kind is an error from then on (a mixture is never guessed about). Numbers go straight into arrays of partition size,
words into a growing vocabulary whose final order is settled at the end.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from smtrain.config import FitConfig
from smtrain.encoding import MISSING_LEVEL, CategoricalColumn, Column, Encoder, NumericColumn
from smtrain.errors import DataError, UsageError, quoted
from smtrain.partitions.memory import MemoryPartitions, available_threads
from smtrain.softmax import Partition
from smtrain.sources.table import (
    Reading,
    Readings,
    Rows,
    Table,
    TextCells,
    is_number,
    looks_like_other_notation,
    not_a_number,
    notation_hint,
    shell_word,
)

# Rows of a partition: fewer for wide tables. A function of the header alone, so the sums are the same however it is read.
PARTITION_ROWS, PARTITION_CELLS = 8192, 1 << 22
IDENTIFIER_SHARE, IDENTIFIER_ROWS = 0.9, 20
REGRESSION_SHARE, REGRESSION_VALUES = 0.5, 100
CONSTANT = 1e-12


class Vocabulary:
    """Texts in the order of their first sight, each with its code."""

    def __init__(self) -> None:
        self.codes: dict[str | None, int] = {}

    def new(self, cells: TextCells) -> list[str]:
        """The levels of `cells` that are not known yet."""
        return [level for level in cells.levels if level not in self.codes]

    def add(self, cells: TextCells) -> NDArray[np.int32]:
        """Codes (n,) of the cells; new texts are added."""
        known = self.codes
        table = [known.setdefault(level, len(known)) for level in cells.levels]
        if (cells.codes < 0).any():
            table.append(known.setdefault(MISSING_LEVEL, len(known)))
        return np.array(table, np.int32)[cells.codes]

    def ordered(self) -> list[str | None]:
        """The texts in their final order: whole numbers by value, other texts by their characters, missing last."""
        texts = [text for text in self.codes if text is not None]
        return [*sorted(texts, key=_text_order), *([MISSING_LEVEL] if MISSING_LEVEL in self.codes else [])]

    def recoding(self, ordered: list[str | None], first: int) -> NDArray[np.intp]:
        """The table from codes of first sight to places in `ordered`, counted from `first`."""
        table = np.zeros(len(self.codes), np.intp)
        table[[self.codes[text] for text in ordered]] = np.arange(first, first + len(ordered))
        return table


def _text_order(text: str) -> tuple[int, int, str]:
    whole = text.isascii() and text.isdigit() and len(text) < 19
    return (0, int(text), text) if whole else (1, 0, text)


@dataclass
class RawPartition:
    """A partition as it is read: numbers (m, slots) with NaN where missing, codes of first sight, labels, weights."""

    numbers: NDArray[np.float64]
    codes: dict[int, NDArray[np.int32]]
    labels: NDArray[np.int32]
    weights: NDArray[np.float64]


@dataclass
class Learned:
    """What reading a table for a fit gives: the encoder, the encoded rows, and counts for the report."""

    encoder: Encoder
    partitions: MemoryPartitions
    class_counts: dict[str, int]
    missing: dict[str, int]
    notes: list[str] = field(default_factory=list)


class Learner:
    """Reads a table for a fit. `readings` is how each column is to be read, as far as is known by now."""

    def __init__(self, table: Table, config: FitConfig) -> None:
        self.table, self.config = table, config
        names = table.names
        self.target = table.column(config.target, "--target") if config.target is not None else len(names) - 1
        self.weight = table.column(config.weight, "--weight") if config.weight is not None else None
        self._forced = self._forced_kinds()
        dropped = {table.column(name, "--drop") for name in config.drop}
        self._index = self._index_column(dropped)
        self.features = [i for i in range(len(names)) if i not in {self.target, self.weight} | dropped]
        self._slot = {i: slot for slot, i in enumerate(self.features)}
        self._kinds: dict[int, Reading | None] = {i: self._forced.get(i) for i in self.features}
        self._vocabularies = {i: Vocabulary() for i in (*self.features, self.target)}
        self._first_seen: dict[int, tuple[str, int]] = {}
        self._partition_rows = max(256, min(PARTITION_ROWS, PARTITION_CELLS // len(names)))
        self._raw: list[RawPartition] = []
        self._room = 0
        self.rows = 0
        self._counts_rows = True

    def _forced_kinds(self) -> dict[int, Reading]:
        forced = {self.table.column(name, "--categorical"): Reading.TEXT for name in self.config.categorical}
        for name in self.config.numeric:
            i = self.table.column(name, "--numeric")
            if i in forced:
                raise UsageError(f"column {quoted(name)} is both in --categorical and in --numeric")
            forced[i] = Reading.NUMBER
        for i, option in ((self.target, "target"), (self.weight, "weight")):
            if i in forced:
                raise UsageError(f"column {quoted(self.table.names[i])} is the {option}, it cannot be a feature")
        return forced

    def _index_column(self, dropped: set[int]) -> int | None:
        """A first column without a name: pandas' index, to be left out if it counts the rows."""
        return 0 if not self.table.names[0] and 0 not in dropped and self.target != 0 else None

    def readings(self) -> Readings:
        """How each column is to be read; an open column as text, until its first value."""
        found = [Reading.SKIP] * len(self.table.names)
        for i, kind in self._kinds.items():
            found[i] = kind or Reading.TEXT
        found[self.target] = Reading.LABEL
        if self.weight is not None:
            found[self.weight] = Reading.NUMBER
        return tuple(found)
