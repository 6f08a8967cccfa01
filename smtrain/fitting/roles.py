"""What each column of a table is to a fit, as far as its options say."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from smtrain.errors import DataError, UsageError, quoted
from smtrain.fitting.options import FitConfig
from smtrain.model.labels import skips
from smtrain.sources.interface import Reading, Readings
from smtrain.sources.table import Table

# The options that say what a column is.
OPTIONS = {Reading.TEXT: "--categorical", Reading.NUMBER: "--numeric"}


@dataclass(frozen=True)
class Roles:
    """By position: the labels, the weights if there are any, the features, and the kinds that were asked for.

    `groups` are the texts whose rows stay together. `kinds` are those of all features: as asked for, or as their source
    says, or None where their cells decide.
    """

    target: int
    weight: int | None
    features: tuple[int, ...]
    forced: dict[int, Reading]
    kinds: dict[int, Reading | None]
    groups: int | None = None

    def readings(self, columns: int, kinds: Mapping[int, Reading | None]) -> Readings:
        """How each of so many columns is read, the features as these kinds; those without a kind as text."""
        readings = [Reading.SKIP] * columns
        for i, kind in kinds.items():
            readings[i] = kind or Reading.TEXT
        readings[self.target] = Reading.LABEL
        if self.weight is not None:
            readings[self.weight] = Reading.NUMBER
        if self.groups is not None:
            readings[self.groups] = Reading.LABEL
        return tuple(readings)


def roles_of(table: Table, config: FitConfig) -> Roles:
    """Find the columns that the options name. Raises UsageError if there is none, or two options contradict.

    Raises DataError for a feature that is neither of numbers nor of words by its type.
    """
    roles = _by_name(table, config)
    return replace(roles, kinds={i: roles.forced.get(i) or table.kind(i) for i in roles.features})


def refused_types(table: Table, config: FitConfig) -> list[DataError]:
    """The error of each feature that `roles_of`, or reading it, refuses by its type. Raises UsageError as that does."""
    roles, errors = _by_name(table, config), []
    for i in roles.features:
        try:
            if i in roles.forced:
                table.check_texts([i])
            else:
                table.kind(i)
        except DataError as error:
            errors.append(error)
    return errors


def target_of(table: Table, name: str | None) -> int:
    """The column of the labels: that of a name, or the last. Raises UsageError for a name that no column has."""
    return len(table.own_names) - 1 if name is None else table.column(name, "--target")


def labelled_rows(table: Table, target: str | None, unlabelled: str) -> Table:
    """The table, which from now on leaves out rows without a label, if `unlabelled` is "skip"."""
    if skips(unlabelled):
        table.skip_unlabelled(target_of(table, target))
    return table


def _by_name(table: Table, config: FitConfig) -> Roles:
    """The columns that the options name, without the kinds of the features."""
    names = table.names
    target = target_of(table, config.target)
    weight = table.column(config.weight, "--weight") if config.weight is not None else None
    groups = table.column(config.groups, "--groups") if config.groups is not None else None
    dropped = {table.column(name, "--drop") for name in config.drop}
    if groups is not None:
        dropped.add(groups)
    forced = _forced(table, config)
    dated = _dated(table, config, dict.fromkeys(dropped, "--drop") | {i: OPTIONS[kind] for i, kind in forced.items()})
    others = {*forced, *dated}
    for option, position, taken in (("target", target, {*others, *dropped}), ("weight", weight, others)):
        if position is not None and position in taken:
            raise UsageError(f"column {quoted(names[position])} is the {option}, not a feature")
    if weight == target:
        raise UsageError(f"column {quoted(names[target])} is both the target and the weight")
    if groups is not None and groups == weight:
        raise UsageError(f"column {quoted(names[groups])} is the weight, and cannot be the groups")
    features = tuple(i for i in range(len(names)) if i not in {target, weight} | dropped | dated)
    return Roles(target, weight, features, {i: kind for i, kind in forced.items() if i in features}, {}, groups)


def _dated(table: Table, config: FitConfig, taken: Mapping[int, str]) -> set[int]:
    """The columns of dates: features are what is made of them."""
    dated = {table.column(name, "--dates"): name for name in config.dialect.dates}
    for i, name in dated.items():
        if i in taken:
            what = f"column {quoted(name)} is both in --dates and in {taken[i]}"
            raise UsageError(what, hint=f"its numbers have names of their own, such as {quoted(name + '.month')}")
    return set(dated)


def _forced(table: Table, config: FitConfig) -> dict[int, Reading]:
    forced = {table.column(name, "--categorical"): Reading.TEXT for name in config.categorical}
    for name in config.numeric:
        i = table.column(name, "--numeric")
        if i in forced:
            raise UsageError(f"column {quoted(name)} is both in --categorical and in --numeric")
        forced[i] = Reading.NUMBER
    return forced
