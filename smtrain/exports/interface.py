"""A model as plain data, from which every export is written, and what a format of export has to have.

z_k = b_k + Σ over columns of numbers ((x − mean) / scale · w_k, or for a missing cell the w_k of the gap)
          + Σ over columns of words (the w_k of the level)
p = softmax(z), the prediction is the first class of the largest z
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from smtrain.errors import UsageError, quoted
from smtrain.model.encoder import CategoricalColumn
from smtrain.model.model import Model, as_model, bytes_of
from smtrain.sources.meaning import Meaning, meaning_of

# A cell: a number, a word, or None where it is missing.
Cell = float | str | None
Row = dict[str, Cell]
Weights = tuple[float, ...]


@dataclass(frozen=True)
class Numbers:
    """A column of numbers: what is taken off, what it is divided by, and the weights (K,) of its cells.

    `gap` are the weights (K,) of a missing cell: zeros where training had none.
    """

    name: str
    mean: float
    scale: float
    weights: Weights
    gap: Weights


@dataclass(frozen=True)
class Words:
    """A column of words: the weights (K,) of each level, rare ones among them, and of a missing cell.

    A level that is not there adds nothing.
    """

    name: str
    levels: Mapping[str, Weights]
    gap: Weights


@dataclass(frozen=True)
class Portable:
    """All that a prediction needs, without arrays. `columns` are in the order of the model's."""

    model: Model
    columns: tuple[Numbers | Words, ...]
    intercept: Weights

    @classmethod
    def of(cls, model: Model) -> "Portable":
        """The model as plain data. Raises UsageError for one that reads dates, for which no format has a part."""
        encoder = as_model(model).encoder
        if encoder.dialect.dates:
            what = f"the model reads dates, {quoted(encoder.dialect.dates[0])}, which no export can"
            raise UsageError(what, hint="make numbers of them in the table, and fit these")
        lines = dict(zip(encoder.parts, model.W.tolist(), strict=True))
        nothing = (0.0,) * len(encoder.classes)
        rows = {part: tuple(line) for part, line in lines.items()}
        columns: list[Numbers | Words] = []
        for column in encoder.columns:
            mine = [part for part in encoder.parts if part.column == column.name]
            if isinstance(column, CategoricalColumn):
                columns.append(_words(column, [rows[part] for part in mine], nothing))
            else:
                gap = rows[mine[1]] if column.missing else nothing
                columns.append(Numbers(column.name, column.mean, column.scale, rows[mine[0]], gap))
        return cls(model, tuple(columns), tuple(model.b.tolist()))

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes (K,)."""
        return self.model.encoder.classes

    @property
    def numbers(self) -> tuple[Numbers, ...]:
        """The columns of numbers."""
        return tuple(column for column in self.columns if isinstance(column, Numbers))

    @property
    def words(self) -> tuple[Words, ...]:
        """The columns of words."""
        return tuple(column for column in self.columns if isinstance(column, Words))

    @property
    def meaning(self) -> Meaning:
        """What the text of a cell means: which texts and which numbers are missing, and the decimal mark."""
        return meaning_of(self.model.encoder.dialect)

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of the model's file."""
        return hashlib.sha256(bytes_of(self.model)).hexdigest()


def _words(column: CategoricalColumn, weights: Sequence[Weights], nothing: Weights) -> Words:
    # The rare levels are the places behind the others, and share the last weights.
    all_levels = {level: weights[min(i, len(weights) - 1)] for level, i in column.places.items()}
    return Words(column.name, {k: w for k, w in all_levels.items() if k is not None}, all_levels.get(None, nothing))


@dataclass(frozen=True)
class Golden:
    """Rows with the probabilities (n, K) that `predict` has for them: what an export is held against."""

    rows: list[Row]
    probabilities: list[list[float]]


@dataclass(frozen=True)
class Options:
    """What a format may be asked for; each knows some of it."""

    table: str = "data"
    keep: tuple[str, ...] = ()
    dbt: bool = False
    float32: bool = False


class NoEngineError(Exception):
    """What would run an artefact is not here; the text says what that is."""


class Exporter(Protocol):
    """A format, as a module: `smtrain.exports.table` lists them."""

    # The options that it knows, and how far its probabilities may be from the model's.
    OPTIONS: tuple[str, ...]
    TOLERANCE: float

    def write(self, portable: Portable, golden: Golden, options: Options) -> bytes:
        """The artefact. Raises UsageError for a model that the format cannot hold."""

    def run(self, artefact: bytes, rows: Sequence[Row], options: Options) -> list[list[float]]:
        """The probabilities (n, K) of rows by the artefact alone. Raises NoEngineError, a contract always."""


def numeric(rows: Sequence[Row]) -> list[str]:
    """The columns of numbers, in order: those that have one in some row."""
    return [name for name in rows[0] if any(isinstance(row[name], float) for row in rows)]
