"""What is worth saying of one column of features: first what a fit refuses, then what it would make of it."""

import re
from collections.abc import Iterator

from smtrain.errors import quoted
from smtrain.fitting.limits import IDENTIFIER_ROWS, NO_COLUMN
from smtrain.inspecting.diagnosis import Finding, Severity
from smtrain.inspecting.examined import NAMED, Examined, counted, with_cells
from smtrain.inspecting.forms import forms
from smtrain.inspecting.profile import Profile
from smtrain.inspecting.words import na_like, single_quoted, spellings
from smtrain.sources.dialect import LARGEST
from smtrain.sources.notation import in_other_notation, may_be_in_other_notation, notation_hint, option_word
from smtrain.sources.quantities import sort_of
from smtrain.sources.rows import Reading

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE
# Texts of which so many are different make a feature of nearly every row.
MANY_TEXTS = 0.5
# From so many texts on a column of words has many; they are too many from so many on, or with so few cells each.
MANY_LEVELS, TOO_MANY_LEVELS, FEW_CELLS = 100, 1000, 10
# Of words among numbers that are so few it may be that they mean a missing cell.
FEW_WORDS = 0.1
IDENTIFIER_NAME = re.compile(
    r"(?:^|[_\-. ])(?:id|ids|uuid|guid|key|index|idx|rowid|row|nr|no|number)$|[a-z](?:ID|Id)$|^unnamed", re.I
)


def columns(got: Examined) -> Iterator[Finding]:
    """The findings of all columns of features."""
    yield from _left(got)
    decimal = got.table.dialect.decimal
    for profile, kind in zip(got.profiles, got.kinds, strict=True):
        refused = _refused(profile, kind, decimal)
        yield from refused
        if not refused:
            yield from _kind(profile, kind, got.rows, decimal)
        yield from na_like(profile)
        yield from single_quoted(profile)
        yield from spellings(profile)
        yield from forms(profile)


def _left(got: Examined) -> Iterator[Finding]:
    """Nothing to learn from; a column without a name."""
    pairs = list(zip(got.profiles, got.kinds, strict=True))
    if all(kind is None and profile.left_out(got.rows) for profile, kind in pairs):
        hint = "--numeric or --categorical keeps a column that a fit would leave out" if pairs else None
        yield Finding(ERROR, "no features", NO_COLUMN, hint=hint)
    for profile, kind in pairs:
        if not profile.name and (kind is not None or (profile.filled and profile.index is None)):
            source, line = got.table.source, got.table.header_line
            yield Finding(ERROR, "no name", "column 1 has no name", "", source, line, "name it in the header")


# What a fit refuses


def _refused(profile: Profile, kind: Reading | None, decimal: str) -> list[Finding]:
    """Numbers too large, numbers in another notation, numbers and words mixed, words where numbers were asked for."""
    if kind is Reading.TEXT:
        return []
    if profile.large.cells:
        return [_large(profile)]
    if not profile.words:
        return []
    if profile.numbers or kind is Reading.NUMBER:
        return [_notation(profile) if profile.notation.cells == profile.words else _mixture(profile)]
    return [_notation(profile)] if in_other_notation(profile.word.texts, decimal) else []


def _large(profile: Profile) -> Finding:
    met, name = profile.large, profile.name
    what = f"{counted(met.cells, 'number')} not below {LARGEST:g}: {quoted(met.first)}"
    hint = f"give the column in another unit; --na-values {option_word(met.first)} if it means missing"
    return Finding(ERROR, "large number", what, name, *met.where(), hint, {"cells": met.cells})


def _notation(profile: Profile) -> Finding:
    met, text = profile.notation, profile.notation.first
    what = f"{met.cells:,} {'cell is a number' if met.cells == 1 else 'cells are numbers'} in another notation: "
    hint = notation_hint(text, profile.name)
    return Finding(ERROR, "notation", what + quoted(text), profile.name, *met.where(), hint, {"cells": met.cells})


def _mixture(profile: Profile) -> Finding:
    """Numbers and words in a column, or words where numbers were asked for: what the words are decides what helps."""
    name, texts = option_word(profile.name), profile.word.texts
    rare = profile.words <= profile.numbers or not profile.numbers
    met = profile.word if rare else profile.number
    missing = profile.na_like.cells == profile.words
    one, other = ("word", "number") if rare else ("number", "word")
    among = counted(profile.filled - met.cells, other) if profile.numbers else "a column of numbers"
    what = f"{counted(met.cells, one)} {'among' if profile.numbers else 'in'} {among}: "
    what += with_cells(met.texts.most_common(NAMED + 1))
    hint = f"--categorical {name} takes all cells as names"
    if missing or (profile.words <= FEW_WORDS * profile.numbers and len(texts) <= NAMED):
        values = option_word(*list(texts)[:NAMED])
        hint = f"--na-values {values} if that means missing; {hint}"
    numbers = {"words": profile.words, "numbers": profile.numbers, "texts": dict(met.texts.most_common(20))}
    return Finding(ERROR, "mixture", what, profile.name, *met.where(), hint, numbers)


# What a fit makes of it


def _kind(profile: Profile, kind: Reading | None, rows: int, decimal: str) -> Iterator[Finding]:
    yield from _long(profile, kind)
    if kind is None and profile.index is not None:
        yield Finding(NOTE, "index", f"{profile.index}: a fit leaves it out", profile.name)
        return
    if profile.filled == 0 or profile.constant:
        yield _nothing(profile, kind)
        return
    numbers = _zeros(profile) if not profile.words and kind is not Reading.TEXT else []
    yield from numbers or _dates(profile, kind) or _identifier(profile, kind, rows)
    if profile.words and kind is None and profile.left_out(rows) is None:
        yield from _many_levels(profile)
        yield from _perhaps_numbers(profile, decimal)


def _nothing(profile: Profile, kind: Reading | None) -> Finding:
    """No value or one."""
    out = ": a fit leaves it out" if kind is None else ""
    if profile.filled == 0:
        return Finding(NOTE, "empty column", f"every cell is missing{out}", profile.name)
    what = "one value, or missing" if profile.missing else f"every row has the same value{out}"
    return Finding(NOTE, "constant", what, profile.name)


def _zeros(profile: Profile) -> list[Finding]:
    """Codes of digits: as numbers they lose the zeros that they start with."""
    if not profile.padded.cells:
        return []
    what = f"numbers with zeros in front, such as {quoted(profile.padded.first)}: codes, and no quantities?"
    hint = f"--categorical {option_word(profile.name)}"
    return [Finding(WARNING, "zeros", what, profile.name, *profile.padded.where(), hint)]


def _long(profile: Profile, kind: Reading | None) -> Iterator[Finding]:
    """Whole numbers of so many digits that different ones become equal."""
    if profile.long.cells and kind is not Reading.TEXT and not profile.words:
        name, text = option_word(profile.name), quoted(profile.long.first)
        what = f"whole numbers that are too long to be kept as numbers, such as {text}: different ones become equal"
        hint = f"--categorical {name} keeps them apart; --drop {name} if they name the rows"
        yield Finding(WARNING, "long number", what, profile.name, *profile.long.where(), hint)


def _identifier(profile: Profile, kind: Reading | None, rows: int) -> list[Finding]:
    """Columns that name the rows: nothing that is learned from them holds for other rows."""
    if profile.words:
        return _unique_text(profile, kind, rows) if kind is not Reading.NUMBER and rows >= IDENTIFIER_ROWS else []
    distinct, what = profile.distinct, None
    unique = profile.whole and distinct.share >= 1 and not profile.missing and rows >= IDENTIFIER_ROWS
    if profile.consecutive:
        what = "it counts the rows"
    elif unique and IDENTIFIER_NAME.search(profile.name):
        what = "a different whole number in every row, and the name of an identifier"
    numbers, hint = {"distinct": len(distinct.counts)}, f"--drop {option_word(profile.name)}"
    return [Finding(WARNING, "identifier", what, profile.name, None, None, hint, numbers)] if what else []


def _unique_text(profile: Profile, kind: Reading | None, rows: int) -> list[Finding]:
    distinct, drop = profile.distinct, f"--drop {option_word(profile.name)}"
    numbers = {"distinct": len(distinct.counts), "share": distinct.share}
    if profile.names_rows(rows) and kind is None:
        what, severity = "nearly every row has another text: a fit leaves it out", NOTE
    elif distinct.share > MANY_TEXTS and len(distinct.counts) > IDENTIFIER_ROWS:
        what = f"{len(distinct.counts):,} different texts in {distinct.cells:,} cells, each a feature"
        severity = WARNING
    else:
        return []
    return [Finding(severity, "unique text", what, profile.name, *profile.word.where(), drop, numbers)]


def _many_levels(profile: Profile) -> Iterator[Finding]:
    """Very many texts: most features then have few rows to learn from."""
    distinct = profile.distinct
    count = len(distinct.counts)
    if count <= MANY_LEVELS or distinct.share > MANY_TEXTS:
        return
    each = distinct.cells / count
    severity = WARNING if count > TOO_MANY_LEVELS or each < FEW_CELLS else NOTE
    more = "more than " if distinct.full else ""
    what = f"{more}{count:,} different texts, each a feature of {each:.1f} cells on average"
    hint = f"join texts that belong together, or --drop {option_word(profile.name)}"
    yield Finding(severity, "many texts", what, profile.name, hint=hint, numbers={"distinct": count, "cells": each})


def _perhaps_numbers(profile: Profile, decimal: str) -> Iterator[Finding]:
    """Words that may be quantities: as words they have no order, and new ones count as none."""
    if not may_be_in_other_notation(profile.word.texts, decimal):
        return
    first = next(text for text in profile.word.texts if sort_of(text) is not None)
    what = f"texts that may be quantities, such as {quoted(first)}: each is a feature of its own"
    hint = "write plain numbers into the file if they are"
    yield Finding(NOTE, "perhaps numbers", what, profile.name, *profile.word.where([first]), hint)


def _dates(profile: Profile, kind: Reading | None) -> list[Finding]:
    met = profile.date
    if kind is not None or 2 * met.cells <= profile.filled:
        return []
    what = f"dates or times as text, such as {quoted(met.first)}: each is a feature of its own"
    hint = f"write numbers into the file (a year, days since a day); or --drop {option_word(profile.name)}"
    return [Finding(WARNING, "date", what, profile.name, *met.where(), hint, {"cells": met.cells})]
