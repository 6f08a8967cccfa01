"""Findings on the labels and on the weights of the rows."""

from collections.abc import Iterator

from smtrain.errors import with_rows
from smtrain.fitting.refusals import OTHER_TARGET, empty_label, no_classes, weightless_class, wrong_weights
from smtrain.inspecting.diagnosis import Finding, Severity, refused
from smtrain.inspecting.examined import Examined
from smtrain.inspecting.forms import forms
from smtrain.inspecting.profile import MOST_DISTINCT, Profile
from smtrain.inspecting.words import spellings
from smtrain.model.rarity import many_classes, rare_classes
from smtrain.sources.notation import is_number
from smtrain.sources.usable import is_no_label
from smtrain.wording import given

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE
# Classes from which on, if all are numbers, they may be grades or counts; fewer are codes as a rule.
GRADES = 5


def labels(examined: Examined) -> Iterator[Finding]:
    """Labels that a fit refuses, rare ones, those that look like missing ones or like numbers, and their spelling."""
    counts = classes(examined.labels)
    yield from _empty(examined)
    yield from _named(examined)
    decimal = examined.table.dialect.decimal
    numbers = sum(is_number(text, decimal) for text in counts)
    # Beyond MOST_DISTINCT texts are not kept. Different labels are counted by their hashes, all of them.
    if len(examined.labels.number.texts) >= MOST_DISTINCT:
        numbers = examined.repeats.labels - len(examined.labels.word.texts)
    refusal = no_classes(examined.labels.name, examined.table.source, counts, numbers, examined.rows)
    if refusal is not None:
        yield refused(refusal)
        return
    yield from _many(examined, counts)
    yield from _rare(examined, counts)
    yield from _missing(examined, counts)
    yield from _grades(examined, counts)
    yield from spellings(examined.labels)
    yield from forms(examined.labels)


def classes(profile: Profile) -> dict[str, int]:
    """The rows of each label, without empty ones."""
    return {text: n for text, n in (profile.word.texts + profile.number.texts).items() if not is_no_label(text)}


def _empty(examined: Examined) -> Iterator[Finding]:
    if examined.empty.cells:
        yield refused(empty_label(examined.labels.name, examined.empty.where(), examined.empty.cells))


def _named(examined: Examined) -> Iterator[Finding]:
    """A label that is the name of its column: the header may be a row."""
    error, name = examined.named_label, examined.labels.name
    if error is not None:
        yield Finding(ERROR, "header", error.plain, name, error.source, error.line, error.hint)


def _many(examined: Examined, counts: dict[str, int]) -> Iterator[Finding]:
    """More classes than a person would name."""
    count = max(len(counts), examined.repeats.labels - (examined.empty.cells > 0))
    what = many_classes(counts, count, examined.rows, examined.table.dialect.decimal)
    if what is not None:
        yield Finding(
            WARNING, "many classes", what, examined.labels.name, hint=OTHER_TARGET, numbers={"classes": count}
        )


def _rare(examined: Examined, counts: dict[str, int]) -> Iterator[Finding]:
    rare = rare_classes(counts) if len(counts) > 1 else {}
    if rare:
        what = f"few rows: {with_rows(rare.items())}"
        yield Finding(WARNING, "rare class", what, examined.labels.name, numbers={"classes": rare})


def _missing(examined: Examined, counts: dict[str, int]) -> Iterator[Finding]:
    na_like = examined.labels.na_like
    # Labels are missing where they are empty alone, if nobody says otherwise: "NA" is a class, and may be Namibia.
    missing = {label: n for label, n in counts.items() if label in examined.table.dialect.missing and label}
    missing |= {label: n for label, n in na_like.texts.items() if label in counts}
    if missing:
        skip = f"{given('na-values', *missing)} {given('unlabelled', 'skip')}"
        hint = f"{skip} leaves these rows out; nothing is to be done if this is the name of a class"
        what = f"labels that look like missing ones: {with_rows(missing.items())}"
        yield Finding(
            WARNING, "missing label", what, examined.labels.name, *na_like.where(), hint, {"classes": missing}
        )


def _grades(examined: Examined, counts: dict[str, int]) -> Iterator[Finding]:
    """Classes that are numbers may be grades or counts, which have an order that classes have not."""
    if len(counts) < GRADES or not all(map(is_number, counts)):
        return
    values = sorted(counts, key=float)  # as a person would say them: 2 before 10
    what = f"{len(counts):,} classes that are numbers, {values[0]} to {values[-1]}: grades or counts have an order, "
    hint = "a model of classes does not know that 3 is between 2 and 4; join values if these are no names"
    yield Finding(NOTE, "ordered labels", what + "classes have none", examined.labels.name, hint=hint)


def weights(examined: Examined) -> Iterator[Finding]:
    """Cells that cannot be weights, and classes whose rows all have the weight 0."""
    column = examined.config.weight
    if column is not None and examined.wrong_weights is not None:
        cells, source, line = examined.wrong_weights
        yield refused(wrong_weights(column, (source, line), cells))
    elif column is not None:
        for label in sorted(set(classes(examined.labels)) - examined.weighing):
            yield refused(weightless_class(label, column, examined.table.source))
