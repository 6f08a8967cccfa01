"""The weights of the rows of a fit: those of the table times those of the classes; sums over raw partitions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from smtrain.errors import UsageError, quoted
from smtrain.fitting.raw import RawPartition
from smtrain.fitting.read import RawTable
from smtrain.fitting.refusals import no_classes, weightless_class
from smtrain.partitions.interface import Home, Items
from smtrain.sources.likeness import did_you_mean
from smtrain.sources.notation import are_numbers
from smtrain.sources.table import Table

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Weighed:
    """The `classes` in their final order, the factor of each (K,), and what the rows then weigh.

    `number_of` (K,) is the number of the class of each code of the labels. `mean` and `heaviest` are the mean and the
    largest weight of a row.
    """

    classes: tuple[str, ...]
    number_of: NDArray[np.intp]
    factors: Array
    mean: float
    heaviest: float

    def settled(self, raws: Items[RawPartition], home: Home) -> Items[RawPartition]:
        """The same rows with the numbers of their classes, and all of their weights: those at home stay as they are."""
        return home.seen(partial(settled, number_of=self.number_of, factors=self.factors), raws)


def weighed(table: RawTable, home: Home) -> Weighed:
    """The classes and weights. Raises DataError if the labels are no classes, or a class weighs nothing."""
    vocabulary, source = table.summary.labels, table.opened.source
    classes = vocabulary.ordered()
    check_classes(classes, table.opened, table.roles.target, table.rows)
    number_of = vocabulary.numbered(classes)
    term = partial(weight_of_classes, number_of=number_of)
    total = np.sum(list(home.map(term, table.raws)), axis=0)  # partition after partition, as ever: these are bits
    factors = class_weights(table.config.class_weight, classes, total)
    for name, weight in zip(classes, total * factors, strict=True):
        if weight <= 0:
            raise weightless_class(name, table.config.weight, source).error()
    mean = float((total * factors).sum()) / table.rows
    so_far = Weighed(tuple(classes), number_of, factors, mean, 0.0)
    return replace(so_far, heaviest=max(home.map(heaviest, so_far.settled(table.raws, home))))


def check_classes(classes: Sequence[str], table: Table, target: int, rows: int) -> None:
    """Raise DataError if the labels of so many rows are no classes: a single one, or a quantity."""
    numbers = sum(are_numbers(classes, table.dialect.decimal))
    refusal = no_classes(table.names[target], table.source, classes, numbers, rows)
    if refusal is not None:
        raise refusal.error()


def settled(raw: RawPartition, number_of: NDArray[np.intp], factors: Array) -> RawPartition:
    """The rows with the number of the class of each, and their weights times the factor of the class: v."""
    labels = number_of[raw.labels]
    return replace(raw, labels=labels, weights=raw.weights * factors[labels])


def weight_of_classes(raw: RawPartition, number_of: NDArray[np.intp]) -> Array:
    """Σ v of the rows of each class (K,)."""
    K = len(number_of)
    return np.asarray(np.bincount(number_of[raw.labels], weights=raw.weights, minlength=K), np.float64)


def heaviest(raw: RawPartition) -> float:
    """The largest weight of a row."""
    return float(raw.weights.max())


def class_weights(asked: str | Mapping[str, float] | None, classes: Sequence[str], total: Array) -> Array:
    """The factor of each class, (K,): 1; or n / (K · n_k) for "balanced"; or as named, 1 for the rest."""
    if asked is None:
        return np.ones(len(classes))
    if isinstance(asked, str):
        if asked != "balanced":
            raise UsageError(f"--class-weight {asked}: neither balanced nor NAME=WEIGHT")
        return np.asarray(total.sum() / (len(classes) * np.where(total > 0, total, 1)))
    unknown = [name for name in asked if name not in classes]
    if unknown:
        what = f"--class-weight: there is no class {quoted(unknown[0])}"
        raise UsageError(what, hint=did_you_mean(unknown[0], classes))
    return np.array([asked.get(name, 1.0) for name in classes])
