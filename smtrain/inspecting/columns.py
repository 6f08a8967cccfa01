"""Findings on one column of features: first what a fit refuses, then what it would make of the column."""

import re
from collections.abc import Iterator

from smtrain.errors import quoted
from smtrain.fitting.notices import as_numbers
from smtrain.fitting.refusals import (
    EMPTY,
    EVERY_TEXT_ANOTHER,
    IDENTIFIER_ROWS,
    NUMBERS_AS_TEXTS,
    Refusal,
    large_numbers,
    mixture,
    no_column,
    no_dates,
    no_name,
    other_notation,
    words_are_rare,
)
from smtrain.inspecting.diagnosis import Finding, Severity, refused
from smtrain.inspecting.examined import Examined
from smtrain.inspecting.forms import forms
from smtrain.inspecting.profile import Profile
from smtrain.inspecting.words import na_like, single_quoted, spellings
from smtrain.sources.dates import parts_of
from smtrain.sources.interface import Reading
from smtrain.sources.notation import in_other_notation, may_be_in_other_notation
from smtrain.sources.quantities import sort_of
from smtrain.wording import given

WARNING, NOTE = Severity.WARNING, Severity.NOTE
# The share of different texts among the cells of a column beyond which each has few cells to be learned from.
MANY_TEXTS = 0.5
# Different texts beyond which a column has many, which is a note; a warning beyond more of them, or with fewer cells
# for each on average.
MANY_LEVELS = 100
TOO_MANY_LEVELS = 1000
FEW_CELLS = 10
# The cells of a text that a hint asks for: with fewer its weights say little.
ENOUGH_CELLS = 10
# Names that columns of identifiers have. Alone a name says nothing: it is asked of columns of different numbers.
IDENTIFIER_NAME = re.compile(
    r"(?:^|[_\-. ])(?:id|ids|uuid|guid|key|index|idx|rowid|row|nr|no|number)$|[a-z](?:ID|Id)$|^unnamed", re.I
)


def columns(examined: Examined) -> Iterator[Finding]:
    """The findings of all columns of features."""
    yield from _left(examined)
    decimal = examined.table.dialect.decimal
    yield from _no_dates(examined)
    for profile, kind in _readable(examined):
        refusal = _refused(profile, kind, decimal)
        # What a fit would make of a column is not said where it makes nothing of it.
        if refusal is not None:
            yield refused(refusal)
        else:
            yield from _kind(profile, kind, examined.rows, decimal)
        yield from na_like(profile)
        yield from single_quoted(profile)
        yield from spellings(profile)
        yield from forms(profile)


def _readable(examined: Examined) -> list[tuple[Profile, Reading | None]]:
    """The columns but for those that are made of dates which are none."""
    pairs = zip(examined.profiles, examined.kinds, strict=True)
    return [(profile, kind) for profile, kind in pairs if not (_base_of(examined, profile) and profile.words)]


def _base_of(examined: Examined, profile: Profile) -> str | None:
    """The column of dates that a column is made of, None for others."""
    i = examined.table.places[profile.name]
    base = examined.table.base(i)
    return None if base == i else examined.table.names[base]


def _no_dates(examined: Examined) -> Iterator[Finding]:
    """Texts in columns of dates that are none, once for all that is made of the column."""
    wrong = {base: one for one in examined.profiles if one.words and (base := _base_of(examined, one)) is not None}
    for base, profile in wrong.items():
        yield refused(no_dates(base, profile.word.first, profile.word.where(), profile.words))


def _left(examined: Examined) -> Iterator[Finding]:
    """Nothing to learn from; a column without a name."""
    facts = [
        profile.facts(kind, examined.rows) for profile, kind in zip(examined.profiles, examined.kinds, strict=True)
    ]
    left_out = [(one.name, one.left_out) for one in facts if one.left_out is not None]
    if len(left_out) == len(facts):
        yield refused(no_column(examined.table.source, left_out))
    if any(not one.name and one.must_have_a_name for one in facts):
        yield refused(no_name(examined.table.source, examined.table.header_line))


# What a fit refuses


def _refused(profile: Profile, kind: Reading | None, decimal: str) -> Refusal | None:
    """Numbers too large, numbers in another notation, numbers and words mixed, words where numbers were asked for."""
    name, large = profile.name, profile.large
    if kind is Reading.TEXT:
        return None
    if large.cells:
        return large_numbers(name, large.first, large.where(), large.cells)
    if not profile.words:
        return None
    if profile.numbers or kind is Reading.NUMBER:
        return _notation(profile) if profile.notation.cells == profile.words else _mixture(profile)
    return _notation(profile) if in_other_notation(profile.word.texts, decimal) else None


def _notation(profile: Profile) -> Refusal:
    met = profile.notation
    return other_notation(profile.name, met.first, met.where(), met.cells)


def _mixture(profile: Profile) -> Refusal:
    cells = profile.words, profile.numbers
    words, numbers = profile.word, profile.number
    where = (words if words_are_rare(*cells) else numbers).where()
    return mixture(profile.name, words.texts, numbers.texts, cells=cells, where=where, na_like=profile.na_like.cells)


# What a fit makes of it


def _kind(profile: Profile, kind: Reading | None, rows: int, decimal: str) -> Iterator[Finding]:
    yield from _long(profile, kind)
    index = profile.facts(kind, rows).index
    if kind is None and index is not None:
        yield Finding(NOTE, "index", f"{index}: a fit leaves it out", profile.name)
        return
    if profile.filled == 0 or profile.constant or profile.facts(kind, rows).levels == 1:
        yield _nothing(profile, kind)
        return
    # The most telling of these alone: a date that is different in every row is a date, and no name.
    numbers = _zeros(profile) if not profile.words and kind is not Reading.TEXT else []
    dates = _dates(profile, kind)
    yield from numbers or dates or _identifier(profile, kind, rows)
    if profile.words and not dates and kind is None and profile.facts(kind, rows).left_out is None:
        yield from _many_levels(profile, profile.facts(kind, rows).together)
        yield from _perhaps_numbers(profile, decimal)


def _nothing(profile: Profile, kind: Reading | None) -> Finding:
    """No value or one."""
    out = ": a fit leaves it out" if kind is None or profile.typed_words else ""
    if profile.filled == 0:
        return Finding(NOTE, "empty column", f"{EMPTY}{out}", profile.name)
    what = "one value, or missing" if profile.missing else f"every row has the same value{out}"
    return Finding(NOTE, "constant", what, profile.name)


def _zeros(profile: Profile) -> list[Finding]:
    """Codes of digits: as numbers they lose the zeros that they start with."""
    if not profile.padded.cells:
        return []
    what = f"numbers with zeros in front, such as {quoted(profile.padded.first)}: codes, and no quantities?"
    hint = given("categorical", profile.name)
    return [Finding(WARNING, "zeros", what, profile.name, *profile.padded.where(), hint)]


def _long(profile: Profile, kind: Reading | None) -> Iterator[Finding]:
    """Whole numbers that floating point does not keep apart."""
    if profile.long.cells and kind is not Reading.TEXT and not profile.words:
        name, text = profile.name, quoted(profile.long.first)
        what = f"whole numbers that are too long to be kept as numbers, such as {text}: different ones become equal"
        hint = f"{given('categorical', name)} keeps them apart; {given('drop', name)} if they name the rows"
        yield Finding(WARNING, "long number", what, profile.name, *profile.long.where(), hint)


def _identifier(profile: Profile, kind: Reading | None, rows: int) -> list[Finding]:
    """Columns that name the rows: nothing that is learned from them holds for other rows."""
    if profile.words or profile.typed_words:
        return _unique_text(profile, kind, rows) if kind is not Reading.NUMBER and rows >= IDENTIFIER_ROWS else []
    distinct, what = profile.distinct, None
    unique = profile.whole and distinct.share >= 1 and not profile.missing and rows >= IDENTIFIER_ROWS
    if profile.consecutive:
        what = "it counts the rows"
    elif unique and IDENTIFIER_NAME.search(profile.name):
        what = "a different whole number in every row, and the name of an identifier"
    numbers, hint = {"distinct": len(distinct.counts)}, given("drop", profile.name)
    return [Finding(WARNING, "identifier", what, profile.name, None, None, hint, numbers)] if what else []


def _unique_text(profile: Profile, kind: Reading | None, rows: int) -> list[Finding]:
    distinct, hint = profile.distinct, given("drop", profile.name)
    if not profile.words:
        hint = f"{as_numbers(profile.name)}; {hint}"
    numbers = {"distinct": len(distinct.counts), "share": distinct.share}
    left_out = profile.facts(kind, rows).left_out
    if left_out is not None:
        reason = NUMBERS_AS_TEXTS if left_out == NUMBERS_AS_TEXTS else EVERY_TEXT_ANOTHER
        what, severity = f"{reason}: a fit leaves it out", NOTE
    elif distinct.share > MANY_TEXTS and len(distinct.counts) > IDENTIFIER_ROWS:
        what = f"{len(distinct.counts):,} different texts in {distinct.cells:,} cells, each a feature"
        severity = WARNING
    else:
        return []
    return [Finding(severity, "unique text", what, profile.name, *profile.word.where(), hint, numbers)]


def _many_levels(profile: Profile, together: int) -> Iterator[Finding]:
    """Very many texts, of which so many become one: most features then have few rows to learn from."""
    distinct = profile.distinct
    count = len(distinct.counts) - together + (together > 0)
    if count <= MANY_LEVELS or distinct.share > MANY_TEXTS:
        return
    each = distinct.cells / count
    severity = WARNING if count > TOO_MANY_LEVELS or each < FEW_CELLS else NOTE
    more = "more than " if distinct.full else ""
    what = f"{more}{count:,} different texts, each a feature of {each:.1f} cells on average"
    hint = f"{given('min-count', ENOUGH_CELLS)} makes one of the rare ones; {given('drop', profile.name)} leaves it out"
    yield Finding(severity, "many texts", what, profile.name, hint=hint, numbers={"distinct": count, "cells": each})


def _perhaps_numbers(profile: Profile, decimal: str) -> Iterator[Finding]:
    """Words that may be quantities: as words they have no order, and new ones count as none."""
    if not may_be_in_other_notation(profile.word.texts, decimal):
        return
    first = next(text for text in profile.word.texts if sort_of(text) is not None)
    what = f"texts that may be quantities, such as {quoted(first)}: each is a feature of its own"
    hint = "write plain numbers into the column if they are"
    yield Finding(NOTE, "perhaps numbers", what, profile.name, *profile.word.where([first]), hint)


def _dates(profile: Profile, kind: Reading | None) -> list[Finding]:
    met = profile.date
    if kind is not None or 2 * met.cells <= profile.filled:
        return []
    what = f"dates or times as text, such as {quoted(met.first)}: each is a feature of its own"
    numbers = "write numbers into the column (a year, days since a day)"
    if parts_of(met.first) is not None:
        numbers = f"{given('dates', profile.name)} makes numbers of its year, month, day, weekday, hour, days"
    hint = f"{numbers}; or {given('drop', profile.name)}"
    return [Finding(WARNING, "date", what, profile.name, *met.where(), hint, {"cells": met.cells})]
