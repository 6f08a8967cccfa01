"""What is worth saying of a table that was examined. Each rule is a function of it that yields findings."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smtrain.config import LARGEST, FitConfig
from smtrain.diagnosis import Finding, Severity
from smtrain.errors import quoted
from smtrain.examining.forms import forms
from smtrain.examining.leaks import gives_away
from smtrain.examining.profile import Met, Profile
from smtrain.examining.rows import Repeats
from smtrain.learning import IDENTIFIER_ROWS, IDENTIFIER_SHARE, REGRESSION_SHARE, REGRESSION_VALUES
from smtrain.rarity import rare_classes
from smtrain.sources.notation import is_number, notation_hint, shell_word
from smtrain.sources.table import Reading, Table

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE
# Texts of which so many are different make a feature of nearly every row.
MANY_TEXTS = 0.5
# If more rows than this repeat the features of another, the features are coarse, and contradictions to be expected.
COARSE = 0.1
# Of words among numbers that are so few it may be that they mean a missing cell.
FEW_WORDS = 0.1
IDENTIFIER_NAME = re.compile(
    r"(?:^|[_\-. ])(?:id|ids|uuid|guid|key|index|idx|rowid|row|nr|no|number)$|[a-z](?:ID|Id)$|^unnamed", re.I
)
NAMED = 4


@dataclass(frozen=True)
class Examined:
    """What was found of a table: `profiles` of the features, with the `kinds` asked for, and of the labels.

    `names` are the columns that name the rows; they do not count where rows are compared. `sample` are hashes (q, m),
    numbers (q, m) and labels (m,) of some rows.
    """

    table: Table
    config: FitConfig
    rows: int
    profiles: tuple[Profile, ...]
    kinds: tuple[Reading | None, ...]
    names: frozenset[str]
    labels: Profile
    empty: Met
    wrong_weights: tuple[int, str, int] | None
    weighing: frozenset[str]
    repeats: Repeats
    line_of: Callable[[int], tuple[str, int]]
    sample: tuple[NDArray[np.uint64], NDArray[np.float64], NDArray[np.uint64]]


def findings(got: Examined) -> Iterator[Finding]:
    """Everything that is worth saying."""
    yield from _labels(got)
    yield from _weights(got)
    yield from _left(got)
    for profile, kind in zip(got.profiles, got.kinds, strict=True):
        yield from _kind(profile, kind) or _dates(profile, kind) or _identifier(profile, kind, got.rows)
        yield from _na_like(profile)
        yield from _spellings(profile)
        yield from forms(profile)
    yield from _leaks(got)
    yield from _equal_columns(got)
    yield from _equal_rows(got)


# The labels


def _labels(got: Examined) -> Iterator[Finding]:
    labels, counts = got.labels, _classes(got.labels)
    name = labels.name
    if got.empty.cells:
        what = f"{got.empty.cells:,} empty {'label' if got.empty.cells == 1 else 'labels'}"
        hint = "a row without a label cannot be learned from: remove it, or --unlabelled skip leaves it out"
        yield Finding(ERROR, "empty label", what, name, *got.empty.where(), hint, {"cells": got.empty.cells})
    if len(counts) == 1:
        what = f"only one class, {quoted(next(iter(counts)))}: there is nothing to tell apart"
        yield Finding(ERROR, "one class", what, name, hint="--target names the column with the classes")
    numbers = sum(map(is_number, counts))
    if labels.distinct.full or numbers > max(REGRESSION_VALUES, REGRESSION_SHARE * got.rows):
        what = f"{len(counts):,} different labels in {got.rows:,} rows: these are no classes"
        yield Finding(ERROR, "no classes", what, name, hint="--target names the column with the classes")
        return
    rare = rare_classes(counts) if len(counts) > 1 else {}
    if rare:
        listed = _listed(f"{quoted(label)} {n:,}" for label, n in rare.items())
        yield Finding(WARNING, "rare class", f"few rows: {listed}", name, numbers={"classes": rare})
    missing = {label: n for label, n in counts.items() if label in got.table.dialect.missing and label}
    missing |= {label: n for label, n in labels.na_like.texts.items() if label in counts}
    if missing:
        listed = _listed(f"{quoted(label)} {n:,}" for label, n in missing.items())
        hint = "remove these rows unless this is the name of a class"
        what = f"labels that look like missing ones: {listed}"
        yield Finding(WARNING, "missing label", what, name, *labels.na_like.where(), hint, {"classes": missing})
    yield from _spellings(labels)
    yield from forms(labels)


def _classes(labels: Profile) -> dict[str, int]:
    return {text: n for text, n in (labels.word.texts + labels.number.texts).items() if text}


def _weights(got: Examined) -> Iterator[Finding]:
    if got.wrong_weights is not None:
        count, source, line = got.wrong_weights
        what = f"{count:,} {'weight is' if count == 1 else 'weights are'} neither 0 nor a positive number"
        yield Finding(ERROR, "weight", what, got.config.weight, source, line, numbers={"cells": count})
    elif got.config.weight is not None:
        for label in sorted(set(_classes(got.labels)) - got.weighing):
            what = f"the rows of class {quoted(label)} weigh nothing together"
            yield Finding(ERROR, "weight", what, got.config.weight, hint="remove them, or give them a weight")


# A column


def _left(got: Examined) -> Iterator[Finding]:
    """Nothing to learn from; a column without a name."""
    pairs = list(zip(got.profiles, got.kinds, strict=True))
    if all(_left_out(profile, kind, got.rows) for profile, kind in pairs):
        hint = "--numeric or --categorical keeps a column that a fit would leave out" if pairs else None
        yield Finding(ERROR, "no features", "no column is left to learn from", hint=hint)
    for profile, kind in pairs:
        if not profile.name and kind is None and profile.filled and not profile.counts_rows:
            source, line = got.table.source, got.table.header_line
            yield Finding(ERROR, "no name", "column 1 has no name", "", source, line, "name it in the header")


def _left_out(profile: Profile, kind: Reading | None, rows: int) -> bool:
    """Whether a fit leaves the column out, as smtrain.learning does."""
    if kind is not None:
        return False
    if profile.filled == 0 or (profile.constant and not profile.missing) or (not profile.name and profile.counts_rows):
        return True
    levels = len(profile.distinct.counts) + (profile.missing > 0)
    return bool(profile.words) and levels > max(IDENTIFIER_ROWS, IDENTIFIER_SHARE * rows)


def _kind(profile: Profile, kind: Reading | None) -> list[Finding]:
    """No values or one, numbers and words mixed, numbers in another notation, numbers that are names."""
    if profile.filled == 0:
        return [Finding(NOTE, "empty column", "every cell is missing: a fit leaves it out", profile.name)]
    if profile.constant:
        what = "one value, or missing" if profile.missing else "every row has the same value: a fit leaves it out"
        return [Finding(NOTE, "constant", what, profile.name)]
    if kind is Reading.TEXT:
        return []
    if profile.large.cells:
        return [_large(profile)]
    if profile.words and _is_other_notation(profile):
        return [_notation(profile)]
    if profile.words and (profile.numbers or kind is Reading.NUMBER):
        return [_mixture(profile)]
    return [] if profile.words else _zeros(profile)


def _zeros(profile: Profile) -> list[Finding]:
    """Codes of digits: as numbers they lose the zeros that they start with."""
    if not profile.padded.cells:
        return []
    what = f"numbers with zeros in front, such as {quoted(profile.padded.first)}: codes, and no quantities?"
    hint = f"--categorical {shell_word(profile.name)}"
    return [Finding(WARNING, "zeros", what, profile.name, *profile.padded.where(), hint)]


def _large(profile: Profile) -> Finding:
    met, name = profile.large, profile.name
    what = f"{_counted(met.cells, 'number')} not below {LARGEST:g}: {quoted(met.first)}"
    hint = f"give the column in another unit; --na-values {shell_word(met.first)} if it means missing"
    return Finding(ERROR, "large number", what, name, *met.where(), hint, {"cells": met.cells})


def _notation(profile: Profile) -> Finding:
    met, text = profile.notation, profile.notation.first
    what = f"{met.cells:,} {'cell is a number' if met.cells == 1 else 'cells are numbers'} in another notation: "
    hint = notation_hint(text, profile.name)
    return Finding(ERROR, "notation", what + quoted(text), profile.name, *met.where(), hint, {"cells": met.cells})


def _is_other_notation(profile: Profile) -> bool:
    return 2 * profile.notation.cells > profile.filled or (
        profile.numbers > 0 and profile.notation.cells == profile.words
    )


def _mixture(profile: Profile) -> Finding:
    """Numbers and words in a column: what the words are decides what helps."""
    name, texts = shell_word(profile.name), profile.word.texts
    rare = profile.words <= profile.numbers
    met = profile.word if rare else profile.number
    missing = profile.na_like.cells == profile.words
    listed = _listed(f"{quoted(text)} {n:,}" for text, n in met.texts.most_common(NAMED + 1))
    one, other = ("word", "number") if rare else ("number", "word")
    what = f"{_counted(met.cells, one)} among {_counted(profile.filled - met.cells, other)}: {listed}"
    hint = f"--categorical {name} takes all cells as names"
    if missing or (profile.words <= FEW_WORDS * profile.numbers and len(texts) <= NAMED):
        values = ",".join(shell_word(text) for text in list(texts)[:NAMED])
        hint = f"--na-values {values} if that means missing; {hint}"
    numbers = {"words": profile.words, "numbers": profile.numbers, "texts": dict(met.texts.most_common(20))}
    return Finding(ERROR, "mixture", what, profile.name, *met.where(), hint, numbers)


def _identifier(profile: Profile, kind: Reading | None, rows: int) -> list[Finding]:
    """Columns that name the rows: nothing that is learned from them holds for other rows."""
    if profile.words:
        return _unique_text(profile, kind) if kind is not Reading.NUMBER and rows >= IDENTIFIER_ROWS else []
    distinct, what = profile.distinct, None
    unique = profile.whole and distinct.share >= 1 and not profile.missing and rows >= IDENTIFIER_ROWS
    if profile.consecutive and profile.name:  # a fit leaves one without a name out
        what = "it counts the rows"
    elif unique and IDENTIFIER_NAME.search(profile.name):
        what = "a different whole number in every row, and the name of an identifier"
    numbers, hint = {"distinct": len(distinct.counts)}, f"--drop {shell_word(profile.name)}"
    return [Finding(WARNING, "identifier", what, profile.name, None, None, hint, numbers)] if what else []


def _unique_text(profile: Profile, kind: Reading | None) -> list[Finding]:
    distinct, drop = profile.distinct, f"--drop {shell_word(profile.name)}"
    numbers = {"distinct": len(distinct.counts), "share": distinct.share}
    severity, what = WARNING, f"{len(distinct.counts):,} different texts in {distinct.cells:,} cells, each a feature"
    if distinct.share > IDENTIFIER_SHARE and kind is None:
        severity, what = NOTE, "nearly every row has another text: a fit leaves it out"
    elif distinct.share <= MANY_TEXTS or len(distinct.counts) <= IDENTIFIER_ROWS:
        return []
    return [Finding(severity, "unique text", what, profile.name, *profile.word.where(), drop, numbers)]


def _dates(profile: Profile, kind: Reading | None) -> list[Finding]:
    met = profile.date
    if kind is not None or 2 * met.cells <= profile.filled:
        return []
    what = f"dates or times as text, such as {quoted(met.first)}: each is a feature of its own"
    hint = f"write numbers into the file (a year, days since a day); or --drop {shell_word(profile.name)}"
    return [Finding(WARNING, "date", what, profile.name, *met.where(), hint, {"cells": met.cells})]


def _na_like(profile: Profile) -> Iterator[Finding]:
    """Words for a missing value in a column of words: they are a level, where missing cells would be one."""
    met = profile.na_like
    if met.cells and met.cells < profile.words and not profile.numbers:
        listed = _listed(f"{quoted(text)} {n:,}" for text, n in met.texts.most_common(NAMED + 1))
        what = f"texts that look like missing cells: {listed}"
        values = ",".join(shell_word(text) for text in list(met.texts)[:NAMED])
        hint = f"--na-values {values} if that means missing"
        yield Finding(NOTE, "na-like", what, profile.name, *met.where(), hint, {"texts": dict(met.texts)})


def _spellings(profile: Profile) -> Iterator[Finding]:
    """Texts that differ by blanks or capitals only."""
    if profile.distinct.full or profile.words == 0:
        return
    groups: dict[str, list[str]] = {}
    for text in profile.word.texts:
        groups.setdefault(" ".join(text.split()).casefold(), []).append(text)
    twice = [texts for texts in groups.values() if len(texts) > 1]
    if twice:
        listed = _listed(" = ".join(map(quoted, texts[:3])) for texts in twice)
        what = f"texts that differ by blanks or capitals only: {listed}"
        where = profile.word.where(min(texts, key=profile.word.texts.__getitem__) for texts in twice)
        numbers, hint = {"texts": twice[:20]}, "write them alike in the file"
        yield Finding(WARNING, "spelling", what, profile.name, *where, hint, numbers)


# Columns beside each other


def _leaks(got: Examined) -> Iterator[Finding]:
    hashes, numbers, labels = got.sample
    y = np.unique(labels, return_inverse=True)[1]
    if y.max() == 0 or len(y) < IDENTIFIER_ROWS:
        return
    for profile, values, x in zip(got.profiles, hashes, numbers, strict=True):
        right = gives_away(values, x, y)
        if right is not None:
            what = f"this column alone tells the label of {right:.2%} of the rows"
            hint = f"--drop {shell_word(profile.name)} if it is not known when a prediction is made"
            yield Finding(WARNING, "leak", what, profile.name, hint=hint, numbers={"right": right, "rows": len(y)})


def _equal_columns(got: Examined) -> Iterator[Finding]:
    first: dict[bytes, str] = {}
    for profile in got.profiles:
        before = first.setdefault(profile.digest, profile.name)
        if before != profile.name and not profile.constant:
            what = f"the same cells as column {quoted(before)}"
            hint = f"--drop {shell_word(profile.name)}"
            yield Finding(WARNING, "equal columns", what, profile.name, hint=hint, numbers={"other": before})


def _equal_rows(got: Examined) -> Iterator[Finding]:
    found = got.repeats
    aside = f" ({_listed(map(quoted, sorted(got.names)))} aside)" if got.names else ""
    numbers: dict[str, Any] = {"compared": found.rows, "distinct": found.distinct}
    if found.first_contradiction is not None:
        coarse = 1 - found.distinct / found.rows > COARSE
        (_, one), (source, two) = map(got.line_of, found.first_contradiction)
        what = f"{found.contradicting:,} rows have the features of another row{aside} and another label"
        what += f": lines {one:,} and {two:,}"
        numbers |= {"rows": found.contradicting, "lines": [one, two]}
        yield Finding(NOTE if coarse else WARNING, "contradiction", what, None, source, two, numbers=numbers)
    if found.first_same is not None:
        (_, one), (source, two) = map(got.line_of, found.first_same)
        repeat = "row repeats" if found.same == 1 else "rows repeat"
        what = f"{found.same:,} {repeat} an earlier one{aside}: lines {one:,} and {two:,}"
        numbers = numbers | {"rows": found.same, "lines": [one, two]}
        yield Finding(NOTE, "equal rows", what, None, source, two, numbers=numbers)


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _listed(names: Any) -> str:
    names = list(names)
    return ", ".join([*names[:NAMED], *(["…"] if len(names) > NAMED else [])])
