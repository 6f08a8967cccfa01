"""All findings on a table that was examined; each rule is a function of it that yields findings."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from smtrain.errors import Numbered, counted, listed, quoted
from smtrain.fitting.refusals import IDENTIFIER_ROWS
from smtrain.inspecting.collinear import collinear
from smtrain.inspecting.columns import columns
from smtrain.inspecting.diagnosis import Finding, Severity
from smtrain.inspecting.examined import Examined
from smtrain.inspecting.labels import labels, weights
from smtrain.inspecting.leaks import gives_away, leak, leak_of_a_class, tells_a_class
from smtrain.inspecting.profile import hashed_texts
from smtrain.inspecting.words import names_alike
from smtrain.sources.cells import TextCells
from smtrain.sources.interface import Reading
from smtrain.wording import given

WARNING, NOTE = Severity.WARNING, Severity.NOTE
# The share of rows that repeat the features of another beyond which features are coarse: contradictions between labels
# are then to be expected, and a note.
COARSE = 0.1
# Columns that a sentence names: as many as `fit` names.
MOST_COLUMNS = 12


def findings(examined: Examined) -> Iterator[Finding]:
    """All findings, in the order in which they are told."""
    yield from labels(examined)
    yield from weights(examined)
    if examined.table.dialect.header:
        yield from names_alike(examined.table.names, examined.table.source, examined.table.header_line)
    yield from columns(examined)
    yield from _missing(examined)
    yield from _wide(examined)
    yield from _leaks(examined)
    yield from _equal_columns(examined)
    yield from collinear(examined)
    yield from _equal_rows(examined)


def _missing(examined: Examined) -> Iterator[Finding]:
    """The missing cells of the columns that a fit keeps, in one sentence, as a fit says it."""
    pairs = zip(examined.profiles, examined.kinds, strict=True)
    kept = [profile for profile, kind in pairs if profile.facts(kind, examined.rows).left_out is None]
    cells = {profile.name: profile.missing for profile in kept if profile.missing}
    if len(cells) == 1:
        ((name, n),) = cells.items()
        yield Finding(NOTE, "missing cells", f"missing: {counted(n, 'cell')}", name, numbers={"cells": cells})
    elif cells:
        what = listed((f"{quoted(name)} {counted(n, 'cell')}" for name, n in cells.items()), MOST_COLUMNS)
        yield Finding(NOTE, "missing cells", f"missing: {what}", numbers={"cells": cells})


def _wide(examined: Examined) -> Iterator[Finding]:
    """More features than rows."""
    features = 0
    for profile, kind in zip(examined.profiles, examined.kinds, strict=True):
        if profile.facts(kind, examined.rows).left_out is None:
            levels = len(profile.distinct.counts) if profile.words or kind is Reading.TEXT else 1
            features += levels + (profile.missing > 0)
    if features >= examined.rows:
        what = f"{features:,} features for {counted(examined.rows, 'row')}: many weights give the same predictions"
        yield Finding(NOTE, "many features", what, numbers={"features": features})


def _leaks(examined: Examined) -> Iterator[Finding]:
    """Columns each of which alone tells the label, or one class, but for those that a fit leaves out."""
    hashes, numbers, labels = examined.sample
    classes, y = np.unique(labels, return_inverse=True)
    if y.max() == 0 or len(y) < IDENTIFIER_ROWS:
        return
    # In a sample rare values are met once, where they say nothing; the tails have all rows of some of them.
    sampled = len(y) < examined.rows
    examples = zip(examined.profiles, examined.kinds, hashes, numbers, examined.tails, strict=True)
    for profile, kind, values, x, (rare, rare_labels) in examples:
        if profile.facts(kind, examined.rows).left_out is not None:
            continue
        tail = (rare, np.searchsorted(classes, rare_labels) % len(classes)) if sampled and len(rare) else None
        right, told = gives_away(values, x, y, tail), tells_a_class(values, y)
        if right is not None:
            yield leak(profile.name, right, len(y))
        elif told is not None:
            yield leak_of_a_class(profile.name, _named(examined, classes[told.label]), told, len(y))


def _named(examined: Examined, label: np.uint64) -> str:
    """The label of a hash."""
    texts = [*examined.labels.word.texts, *examined.labels.number.texts]
    hashes = hashed_texts(TextCells(np.arange(len(texts)), texts))
    return next(text for text, one in zip(texts, hashes, strict=True) if one == label)


def _equal_columns(examined: Examined) -> Iterator[Finding]:
    """Columns with the same cells as an earlier one."""
    first: dict[bytes, str] = {}
    for profile in examined.profiles:
        # Constant columns are equal to each other, and are told as constant.
        before = first.setdefault(profile.digest, profile.name)
        if before != profile.name and not profile.constant:
            what = f"the same cells as column {quoted(before)}"
            hint = given("drop", profile.name)
            yield Finding(WARNING, "equal columns", what, profile.name, hint=hint, numbers={"other": before})


def _equal_rows(examined: Examined) -> Iterator[Finding]:
    """Rows with the features of another one: with another label, or with the same."""
    repeats = examined.repeats
    aside = f" ({listed(map(quoted, sorted(examined.names)))} aside)" if examined.names else ""
    numbers: dict[str, Any] = {"compared": repeats.rows, "distinct": repeats.distinct}
    if repeats.first_contradiction is not None:
        coarse = 1 - repeats.distinct / repeats.rows > COARSE
        (_, one), (source, two) = map(examined.line_of, repeats.first_contradiction)
        what = f"{repeats.contradicting:,} rows have the features of another row{aside} and another label"
        what += f": {_rows(source)} {one:,} and {two:,}"
        numbers |= {"rows": repeats.contradicting, "lines": [one, two]}
        yield Finding(NOTE if coarse else WARNING, "contradiction", what, None, source, two, numbers=numbers)
    if repeats.first_same is not None:
        (_, one), (source, two) = map(examined.line_of, repeats.first_same)
        repeat = "row repeats" if repeats.same == 1 else "rows repeat"
        what = f"{repeats.same:,} {repeat} an earlier one{aside}: {_rows(source)} {one:,} and {two:,}"
        numbers = numbers | {"rows": repeats.same, "lines": [one, two]}
        yield Finding(NOTE, "equal rows", what, None, source, two, numbers=numbers)


def _rows(source: str) -> str:
    """What the numbers of rows of a source are called: a frame has no lines."""
    return "rows" if isinstance(source, Numbered) else "lines"
