"""What changed from one model to another: the columns, levels and classes, and the weights."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from smtrain.model.encoder import MISSING_LEVEL, Column, Encoder, NumericColumn
from smtrain.model.features import Feature
from smtrain.model.model import Model
from smtrain.scoring.coefficients import base_of

T = TypeVar("T", str, str | None)
P = TypeVar("P", str, Feature)


@dataclass(frozen=True)
class SetChange(Generic[T]):
    """What is in the new one only, and in the old one only, each in its order."""

    added: tuple[T, ...]
    removed: tuple[T, ...]

    @classmethod
    def of(cls, old: Iterable[T], new: Iterable[T]) -> "SetChange[T]":
        """Compare."""
        old, new = list(old), list(new)
        before, after = set(old), set(new)
        return cls(tuple(x for x in new if x not in before), tuple(x for x in old if x not in after))

    def __bool__(self) -> bool:
        return bool(self.added or self.removed)


@dataclass(frozen=True)
class SchemaChange:
    """Columns and classes that came or went; columns whose kind changed, as (old, new); by column, levels.

    The level of missing cells is None; a column of numbers has it if training had gaps in it.
    """

    columns: SetChange[str]
    kinds: dict[str, tuple[str, str]]
    levels: dict[str, SetChange[str | None]]
    classes: SetChange[str]

    def __bool__(self) -> bool:
        return bool(self.columns or self.kinds or self.levels or self.classes)


def schema_change(old: Encoder, new: Encoder) -> SchemaChange:
    """Compare what two models read."""
    # By name: columns may stand in another order. Levels are compared only of columns that have kept their kind.
    before = {column.name: column for column in old.columns}
    both = [(before[column.name], column) for column in new.columns if column.name in before]
    levels = {b.name: SetChange.of(_levels(a), _levels(b)) for a, b in both if type(a) is type(b)}
    return SchemaChange(
        columns=SetChange.of(before, [column.name for column in new.columns]),
        kinds={b.name: (_kind(a), _kind(b)) for a, b in both if type(a) is not type(b)},
        levels={name: change for name, change in levels.items() if change},
        classes=SetChange.of(old.classes, new.classes),
    )


def _kind(column: Column) -> str:
    return "numeric" if isinstance(column, NumericColumn) else "categorical"


def _levels(column: Column) -> Sequence[str | None]:
    if isinstance(column, NumericColumn):
        return [MISSING_LEVEL] if column.missing else []
    return column.levels


@dataclass(frozen=True)
class MovedWeights:
    """Weights that both models have and that differ, those of the largest effect first: features and classes (n,).

    `old` and `new` (n,) are in the units of the file. The effect is the difference for one standard deviation of a
    number, as the new model's training had it, or for being at a level. Of models of the same two classes they are the
    log-odds of one class, counted from that of the class `against`; None of others.
    """

    features: tuple[str, ...]
    classes: tuple[str, ...]
    old: NDArray[np.float64]
    new: NDArray[np.float64]
    against: str | None = None


def moved_weights(old: Model, new: Model, positive: str | None = None) -> MovedWeights:
    """Compare the weights of the features and classes that two models share; of two classes those of `positive`."""
    # By what a feature is, not by its name, which may depend on the other columns of its model.
    parts, classes = _shared(old.encoder.parts, new.encoder.parts), _shared(old.encoder.classes, new.encoder.classes)
    before, after = (_part(model, parts, classes) for model in (old, new))
    base = base_of(new, None, positive) if len(old.encoder.classes) == len(classes) else None
    against = None if base is None else new.encoder.classes[base]
    if against is not None:
        k = classes.index(against)
        before, after = before[:, [1 - k]] - before[:, [k]], after[:, [1 - k]] - after[:, [k]]
        classes = [classes[1 - k]]
    places = _places(new.encoder.parts, parts)
    features, scales = [new.features[j] for j in places], new.encoder.scales[places]
    # A weight per gram and one per ton cannot be compared; what each does for a deviation of its column can.
    effect = np.abs((after - before) * scales[:, None])
    moved = np.flatnonzero(effect.ravel())
    order = moved[np.argsort(-effect.ravel()[moved], kind="stable")]
    feature, class_ = np.divmod(order, max(1, len(classes)))
    return MovedWeights(
        features=tuple(features[j] for j in feature),
        classes=tuple(classes[k] for k in class_),
        old=before.ravel()[order],
        new=after.ravel()[order],
        against=against,
    )


def _shared(old: Sequence[P], new: Sequence[P]) -> list[P]:
    before = set(old)
    return [name for name in new if name in before]


def _places(names: Sequence[P], wanted: Sequence[P]) -> list[int]:
    place = {name: i for i, name in enumerate(names)}
    return [place[name] for name in wanted]


def _part(model: Model, parts: Sequence[Feature], classes: Sequence[str]) -> NDArray[np.float64]:
    """The raw weights of some features and classes, (len(parts), len(classes))."""
    return model.raw_weights[0][np.ix_(_places(model.encoder.parts, parts), _places(model.encoder.classes, classes))]
