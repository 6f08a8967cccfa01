"""Rows without a label that can be used, left out of a table before it is read: as if they were not there."""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import partial
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from smtrain.sources.cells import TextCells
from smtrain.sources.dialect import BLANKS
from smtrain.sources.interface import Batch, reading_alone

MOST_NAMES = 1000  # so many of the labels that a model does not know are counted by name


def is_no_label(text: str) -> bool:
    """Whether a cell of the target is empty, or blanks alone."""
    return not text.strip(BLANKS)


def missing_label(missing: Collection[str]) -> Callable[[str], bool]:
    """What tells whether a cell of the target is empty, or one of some texts that mean a missing one."""
    return partial(_is_one_of, frozenset(text.strip(BLANKS) for text in ("", *missing)))


def _is_one_of(texts: frozenset[str], text: str) -> bool:
    return text.strip(BLANKS) in texts


@dataclass
class Skipped:
    """Rows that were left out: `unlabelled` have no label, `unknown` one that is no class; some of those by `names`."""

    unlabelled: int = 0
    unknown: int = 0
    names: Counter[str] = field(default_factory=Counter)

    @property
    def rows(self) -> int:
        """All of them."""
        return self.unlabelled + self.unknown

    def include(self, other: "Skipped") -> None:
        """Those of another table too."""
        self.unlabelled, self.unknown = self.unlabelled + other.unlabelled, self.unknown + other.unknown
        self.names.update(other.names)

    def count_unknown(self, label: str, rows: int) -> None:
        """Some rows of a label that is no class."""
        self.unknown += rows
        if label in self.names or len(self.names) < MOST_NAMES:
            self.names[label] += rows


class UsableLabels:
    """Tells the rows whose label, in a column, is empty or none of `classes`, and counts them in `skipped`.

    Without `classes` every label is a class but those that are called `missing` by name.
    """

    def __init__(
        self, column: int, missing: Collection[str], classes: Collection[str] | None, skipped: Skipped
    ) -> None:
        self.column, self._is_missing = column, missing_label(missing)
        self._classes = None if classes is None else frozenset(classes)
        self.skipped, self._lock = skipped, Lock()

    def usable(self, batch: Batch, columns: int) -> Batch | None:
        """A batch of so many columns without the rows that are to be left out; None if that are all."""
        gone = self.gone(batch.read(reading_alone(self.column, columns)).texts(self.column))
        return batch if gone is None else batch.without(gone)

    def gone(self, labels: TextCells) -> NDArray[np.bool_] | None:
        """Which of some rows (n,) are to be left out; None if none is."""
        wrong = np.array([not self._usable(label) for label in labels.levels])
        if not wrong.any():
            return None
        counts = np.bincount(labels.codes, minlength=len(labels.levels))
        with self._lock:  # batches are read in threads
            for k in np.flatnonzero(wrong):
                self._count(labels.levels[k], int(counts[k]))
        return np.asarray(wrong[labels.codes])

    def _usable(self, label: str) -> bool:
        if self._classes is None:
            return not self._is_missing(label)
        return not is_no_label(label) and label in self._classes

    def _count(self, label: str, rows: int) -> None:
        if self._is_missing(label):
            self.skipped.unlabelled += rows
        else:
            self.skipped.count_unknown(label, rows)
