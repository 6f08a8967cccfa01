"""The encoder: what turns the columns of a table into the columns of X. Frozen once it is learned.

A numeric column becomes (x − mean) / scale, with 0 for a missing cell, and, if training had missing cells, a 0/1 column
"NAME is missing". A categorical column becomes one 0/1 column a level, kept as codes; missing is a level of its own;
a level that training did not have gets code 0, which adds nothing. Levels that were too rare have one 0/1 column
together, behind the others of their column.
Order of X's columns: numbers, missing indicators, levels.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from smtrain.errors import ModelError, is_file, quoted
from smtrain.model.features import Feature, feature_names
from smtrain.model.schema import (
    LEFT_OUT,
    DocumentError,
    Text,
    Texts,
    different,
    document_of,
    read,
)
from smtrain.softmax.design import Design, Floats, rest_of, row_tiles
from smtrain.sources.arguments import Range
from smtrain.sources.cells import TextCells
from smtrain.sources.dialect import LARGEST, SMALLEST_SCALE, Dialect
from smtrain.sources.interface import Reading, Readings, Rows
from smtrain.sources.table import Table

# What the level of missing cells is called among levels, which are texts.
MISSING_LEVEL = None
LABELS_BESIDE = "evaluate(model, X, y) takes labels that stand beside the rows"
Labels = tuple[str, ...] | tuple[int, ...]
Dtype = type[np.float32] | type[np.float64]
Number = Annotated[float, Range(-LARGEST, LARGEST)]


def name_of_p(label: str) -> str:
    """What the column of the probabilities of a class is called."""
    return f"p({label})"


def _columns_of(table: Table) -> str:
    """The hint that lists the columns of a table."""
    return f"{'the file' if is_file(table.source) else 'the table'}'s columns are {table.listed()}"


def _missing_last(levels: tuple[str | None, ...]) -> bool:
    return MISSING_LEVEL not in levels[:-1]


@dataclass(frozen=True)
class NumericColumn:
    """A column of numbers: its training `mean` and `scale` (standard deviation); `missing` if training had gaps."""

    name: str
    kind: Literal["numeric"] = field(default="numeric", init=False)
    mean: Number
    scale: Annotated[float, Range(SMALLEST_SCALE, LARGEST)]
    missing: bool = False
    reading = Reading.NUMBER


@dataclass(frozen=True)
class CategoricalColumn:
    """A column of words: its levels in order; None, always last, is the level of missing cells.

    `rare` are the levels of training, in order, that were too rare to have a feature of their own: they share one.
    """

    name: str
    kind: Literal["categorical"] = field(default="categorical", init=False)
    levels: Annotated[tuple[Text | None, ...], different, _missing_last]
    rare: Texts = field(default=(), metadata=LEFT_OUT)
    reading = Reading.TEXT

    @property
    def features(self) -> tuple[Feature, ...]:
        """What its columns of X are, (L,): its levels, and behind them the rare ones as one, if there are any."""
        rare = [Feature(self.name, rare=True)] if self.rare else []
        return (*(Feature(self.name, level=level) for level in self.levels), *rare)

    @property
    def size(self) -> int:
        """How many columns of X it has, L."""
        return len(self.levels) + bool(self.rare)

    @cached_property
    def places(self) -> dict[str | None, int]:
        """The place of each level in order, the rare ones behind the others."""
        return {level: i for i, level in enumerate((*self.levels, *self.rare))}

    def codes(self, cells: TextCells) -> NDArray[np.intp]:
        """Codes (n,) of the cells: 1 … L for the columns of X, 0 for an unseen level."""
        return np.take(self.table(cells.levels), cells.codes)  # a missing cell's −1 takes the last entry

    def numbers(self, texts: Sequence[str]) -> NDArray[np.intp]:
        """The number of each text among the levels, from 1, rare ones apart; 0 if unseen. Last of a missing cell."""
        # Few texts are looked up, each once, and their codes are taken for the many cells.
        return np.array([self.places.get(text, -1) + 1 for text in [*texts, MISSING_LEVEL]], np.intp)

    def table(self, texts: Sequence[str]) -> NDArray[np.intp]:
        """The code of each text, and last that of a missing cell."""
        return np.minimum(self.numbers(texts), self.size)


Column = NumericColumn | CategoricalColumn


@dataclass(frozen=True)
class Encoder:
    """What a fit learned of the columns: the features, the target and its classes, and how the text is read.

    `ignored` are the columns that were left out, with the reason. `integers` or `booleans` says that the labels were
    such, which predictions then are too. `array` are the names of the columns of the array that was learned from, in
    order; there are none of other tables. `unnamed` are those of `target` and `weight` that are smtrain's own, for
    values that had none.
    """

    columns: tuple[Column, ...]
    target: Text
    classes: Texts
    weight: Text | None = None
    dialect: Dialect = field(default_factory=Dialect)
    ignored: tuple[tuple[str, Text], ...] = ()
    integers: bool = field(default=False, metadata=LEFT_OUT)
    booleans: bool = field(default=False, metadata=LEFT_OUT)
    array: Texts = field(default=(), metadata=LEFT_OUT)
    unnamed: Texts = field(default=(), metadata=LEFT_OUT)

    @property
    def named_target(self) -> str | None:
        """The column of the labels, None if it has no name but smtrain's: another table's column of that is another."""
        return None if self.target in self.unnamed else self.target

    @property
    def named_weight(self) -> str | None:
        """The column of the weights, None if there is none, or it has no name but smtrain's."""
        return None if self.weight in self.unnamed else self.weight

    @property
    def labels(self) -> Labels:
        """The classes as the labels of the data were: texts, integers, or booleans."""
        if self.booleans:
            return tuple(name == "True" for name in self.classes)
        return tuple(map(int, self.classes)) if self.integers else self.classes

    @cached_property
    def numeric(self) -> tuple[NumericColumn, ...]:
        """The numeric columns, in the order of X."""
        return tuple(column for column in self.columns if isinstance(column, NumericColumn))

    @cached_property
    def categorical(self) -> tuple[CategoricalColumn, ...]:
        """The categorical columns, in the order of X."""
        return tuple(column for column in self.columns if isinstance(column, CategoricalColumn))

    @cached_property
    def gappy(self) -> tuple[int, ...]:
        """The positions among the numeric columns of those with a missing indicator."""
        return tuple(i for i, column in enumerate(self.numeric) if column.missing)

    @cached_property
    def parts(self) -> tuple[Feature, ...]:
        """What each of X's columns is, (p,)."""
        parts = [Feature(column.name, numbers=True) for column in self.numeric]
        parts += [Feature(self.numeric[i].name) for i in self.gappy]
        parts += [feature for column in self.categorical for feature in column.features]
        return tuple(parts)

    @cached_property
    def features(self) -> tuple[str, ...]:
        """The names of X's columns, (p,), no two alike."""
        return feature_names(self.parts)

    @cached_property
    def owners(self) -> NDArray[np.intp]:
        """The position among `columns` of the column that each of X's columns comes from, (p,)."""
        place = {column.name: i for i, column in enumerate(self.columns)}
        return np.array([place[part.column] for part in self.parts], np.intp)

    @cached_property
    def means(self) -> NDArray[np.float64]:
        """The mean of each of X's columns, (p,); 0 for those that are not standardised."""
        means = np.zeros(len(self.features))
        means[: len(self.numeric)] = [column.mean for column in self.numeric]
        return means

    @cached_property
    def scales(self) -> NDArray[np.float64]:
        """The scale of each of X's columns, (p,); 1 for those that are not standardised."""
        scales = np.ones(len(self.features))
        scales[: len(self.numeric)] = [column.scale for column in self.numeric]
        return scales

    def readings(self, table: Table, *, labels: bool, model: str = "the model") -> Readings:
        """How each column of `table` is read: matched by name, in any order, extra ones skipped.

        `labels` asks for the target column. Raises ModelError naming the first column that is not there, DataError for
        one that has neither numbers nor texts by its type.
        """
        wanted = self._wanted(table, labels=labels)
        for name in wanted:
            if name not in table.places:
                what = "the target column" if name == self.target else "the column"
                message = f"{table.source}: {what} {quoted(name)} of {model} is not there"
                beside = LABELS_BESIDE if name == self.target and not is_file(table.source) else None
                where = table.advice() or self._by_place(table) if beside is None else None
                hint = where or table.likely(name) or beside or _columns_of(table)
                raise ModelError(message, hint=hint)
        table.check_texts([table.places[name] for name in wanted], f"{model} was fitted on numbers or words there")
        return tuple(wanted.get(name, Reading.SKIP) for name in table.names)

    def readings_there(self, table: Table) -> Readings:
        """As `readings` with labels, but columns that are not there are let pass."""
        wanted = self._wanted(table, labels=self.named_target is not None)
        return tuple(wanted.get(name, Reading.SKIP) for name in table.names)

    def _by_place(self, table: Table) -> str | None:
        """The hint for a table none of whose columns has a name of the array that was learned from."""
        if not self.array or is_file(table.source) or any(name in table.places for name in self.array):
            return None
        return "the model was fitted on an array, by the places of its columns: frame.to_numpy() is one"

    def _wanted(self, table: Table, *, labels: bool) -> dict[str, Reading]:
        wanted = {column.name: column.reading for column in self.columns}
        if labels:
            wanted[self.target] = Reading.LABEL
            if self.named_weight in table.places:
                wanted[self.named_weight] = Reading.NUMBER
        return wanted

    def encode(self, rows: Rows, names: Sequence[str], dtype: Dtype = np.float64) -> Design:
        """X of some rows of a table whose columns are `names`."""
        place = {name: i for i, name in enumerate(names)}
        raw = rows.numbers([place[column.name] for column in self.numeric]).copy()
        codes = tuple(column.codes(rows.texts(place[column.name])) for column in self.categorical)
        return self.design(raw, codes, dtype)

    def empty(self) -> Design:
        """X of no rows."""
        codes = tuple(np.empty(0, np.intp) for _ in self.categorical)
        return self.design(np.empty((0, len(self.numeric))), codes, np.float64)

    def design(self, raw: Floats, codes: tuple[NDArray[np.intp], ...], dtype: Dtype) -> Design:
        """X of raw numbers (m, q), NaN where missing, and final codes. `raw` is overwritten, and may become X."""
        q = len(self.numeric)
        # X takes the place of the raw numbers where it can: of a large table there is no room for both.
        same = raw.dtype == dtype and not self.gappy
        numeric: Floats = raw if same else np.empty((len(raw), q + len(self.gappy)), dtype)
        rest = np.empty((len(raw), q), np.float16) if dtype == np.float32 else None
        for rows in row_tiles(raw):  # some rows at a time, which stay in the processor's cache
            x = raw[rows] - self.means[:q]  # in float64, whatever X is in: the mean may be far from 0
            x /= self.scales[:q]
            missing = np.isnan(x)
            if missing.any():
                x[missing] = 0
            numeric[rows, :q] = x
            numeric[rows, q:] = missing[:, list(self.gappy)]
            # What float32 loses of a number is kept in 16 bits, for the sums that need every digit.
            if rest is not None:
                rest[rows] = rest_of(x, numeric[rows, :q])
        return Design(numeric, codes, tuple(column.size for column in self.categorical), rest)

    def schema(self) -> dict[str, Any]:
        """The encoder as a JSON document, without the classes; `from_schema` reads it back."""
        document: dict[str, Any] = document_of(self)
        del document["classes"]
        return document

    @classmethod
    def from_schema(cls, schema: Any, classes: Any) -> "Encoder":
        """Read `schema()` and a list of classes back. Raises DocumentError if they describe no encoder."""
        encoder = read(cls, {**schema, "classes": classes} if isinstance(schema, dict) else schema)
        if encoder.integers and not all(map(_is_integer, encoder.classes)):
            raise DocumentError("is true, and there are classes that are no integers", "integers")
        if encoder.booleans and encoder.classes != ("False", "True"):
            raise DocumentError("is true, and there are classes that are no booleans", "booleans")
        if not all(different((*column.levels, *column.rare)) for column in encoder.categorical):
            raise DocumentError("has a level twice", "columns")
        names = [column.name for column in encoder.columns] + [encoder.target]
        names += [] if encoder.weight is None else [encoder.weight]
        if not different(tuple(names)):
            raise DocumentError("has a column twice")
        return encoder


def _is_integer(name: str) -> bool:
    """Whether the name of a class is an integer as Python writes it."""
    try:
        return str(int(name)) == name
    except ValueError:
        return False


def label_codes(cells: TextCells, classes: Sequence[str]) -> NDArray[np.intp]:
    """Class codes (n,) of labels; −1 for a label that is none of the classes."""
    place = {name: i for i, name in enumerate(classes)}
    return np.take(np.array([place.get(level, -1) for level in cells.levels], np.intp), cells.codes)
