"""Rows without a label that can be used, taken out of a table before it is parsed: as if they were not in the file."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from threading import Lock

import numpy as np

from smtrain.sources.cells import TextCells
from smtrain.sources.records import BLANKS, Piece

MOST_NAMES = 1000  # so many of the labels that a model does not know are counted by name


def is_no_label(text: str) -> bool:
    """Whether a cell of the target is empty, or blanks alone."""
    return not text.strip(BLANKS)


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

    def count(self, label: str, rows: int) -> None:
        """Some rows of a label."""
        if is_no_label(label):
            self.unlabelled += rows
            return
        self.unknown += rows
        if label in self.names or len(self.names) < MOST_NAMES:
            self.names[label] += rows


class UsableLabels:
    """Leaves out the rows whose label, in a column, is empty or none of `classes`; None knows every class."""

    def __init__(self, column: int, classes: Collection[str] | None = None) -> None:
        self.column, self._classes = column, None if classes is None else frozenset(classes)
        self.skipped, self._lock = Skipped(), Lock()

    def kept(self, piece: Piece, labels: TextCells) -> Piece:
        """The piece with blank lines in place of these rows, so that all others keep their lines."""
        wrong = {label for label in labels.levels if not self._usable(label)}
        if not wrong:
            return piece
        counts = np.bincount(labels.codes, minlength=len(labels.levels)).tolist()
        with self._lock:  # pieces are read in threads
            for label, rows in zip(labels.levels, counts, strict=True):
                if label in wrong:
                    self.skipped.count(label, rows)
        return _without(piece, self.column, wrong)

    def _usable(self, label: str) -> bool:
        return not is_no_label(label) and (self._classes is None or label in self._classes)


def _without(piece: Piece, column: int, labels: set[str]) -> Piece:
    lines = piece.text.splitlines(keepends=True)
    records = list(piece.records())
    ends = [line for line, _ in records[1:]] + [piece.line + len(lines)]
    for (start, cells), end in zip(records, ends, strict=True):
        if cells[column] in labels:
            for i in range(start - piece.line, end - piece.line):
                lines[i] = lines[i][len(lines[i].rstrip(b"\r\n")) :]
    return replace(piece, text=b"".join(lines))
