"""Texts that a person takes for the same, or for a missing cell."""

import unicodedata
from collections.abc import Iterable, Iterator

from smtrain.errors import MOST_LISTED, is_file, listed, quoted, with_cells
from smtrain.inspecting.diagnosis import Finding, Severity
from smtrain.inspecting.profile import Profile
from smtrain.sources.quantities import NOTHING
from smtrain.wording import given

BLANKS_OR_CAPITALS = "blanks or capitals"
UNSEEN = "characters that cannot be seen"
UNICODE = "their Unicode form (NFC, NFD)"
SHAPE = "the width or shape of characters"
HIDDEN = str.maketrans(dict.fromkeys(NOTHING, ""))


def na_like(profile: Profile) -> Iterator[Finding]:
    """Words for a missing value in a column of words: they are a level, where missing cells would be one."""
    met = profile.na_like
    if met.cells and met.cells < profile.words and not profile.numbers:
        what = f"texts that look like missing cells: {with_cells(met.texts.most_common(MOST_LISTED + 1))}"
        hint = f"{given('na-values', *list(met.texts)[:MOST_LISTED])} if that means missing"
        yield Finding(Severity.NOTE, "na-like", what, profile.name, *met.where(), hint, {"texts": dict(met.texts)})


def single_quoted(profile: Profile) -> Iterator[Finding]:
    """Single quotes around most words: they are part of them, and a delimiter between them would part a cell."""
    met = profile.single_quoted
    if 2 * met.cells > profile.words:
        what = f"single quotes are part of the text: {with_cells(met.texts.most_common(MOST_LISTED + 1))}"
        in_file = is_file(met.where()[0])
        hint = "write double quotes around cells, or none" if in_file else 'take them off: .str.strip("\'")'
        yield Finding(Severity.WARNING, "quotes", what, profile.name, *met.where(), hint, {"cells": met.cells})


def spellings(profile: Profile) -> Iterator[Finding]:
    """Texts that differ by blanks or capitals only, by what cannot be seen, or by the width of characters."""
    # Of very many texts some always look alike, and they are names rather than levels.
    if profile.distinct.full or profile.words == 0:
        return
    for how, groups in differing(profile.word.texts):
        what = _alike(how, groups)
        # The rarer spelling is the mistake, and its line the one to show.
        where = profile.word.where(min(texts, key=profile.word.texts.__getitem__) for texts in groups)
        numbers, hint = {"texts": groups[:20]}, "write them alike"
        yield Finding(Severity.WARNING, "spelling", what, profile.name, *where, hint, numbers)


def names_alike(names: Iterable[str], source: str, line: int | None) -> Iterator[Finding]:
    """Names of columns that a person takes for the same."""
    names = list(names)
    # NFC and NFD of one name are another sort of difference, and the hardest to see: they are told first, of their own.
    composed = [unicodedata.normalize("NFC", name) for name in names]
    forms = [[name for name, other in zip(names, composed, strict=True) if other == one] for one in set(composed)]
    forms = [group for group in forms if len(group) > 1]
    for how, groups in [*([(UNICODE, forms)] if forms else []), *differing(names)]:
        what = f"names of columns {_alike(how, groups).removeprefix('texts ')}"
        hint = "--drop one of them, or rename it, if they are the same"
        yield Finding(Severity.WARNING, "names", what, None, source, line, hint, {"names": groups[:20]})


def _alike(how: str, groups: list[list[str]]) -> str:
    return f"texts that differ by {how} only: {listed(' = '.join(map(quoted, texts[:3])) for texts in groups)}"


def differing(texts: Iterable[str]) -> list[tuple[str, list[list[str]]]]:
    """Groups of texts that are alike, by how they differ; those of the same letters in another form are one.

    Texts are alike if a person reads them alike: in one Unicode form for width and shape, without what cannot be seen,
    with single blanks, in small letters.
    """
    groups: dict[str, list[str]] = {}
    for text in {unicodedata.normalize("NFC", text): text for text in texts}.values():
        groups.setdefault(_seen(text), []).append(text)
    differences: dict[str, list[list[str]]] = {}
    for alike in groups.values():
        if len(alike) > 1:
            differences.setdefault(_how(alike), []).append(alike)
    return list(differences.items())


def _seen(text: str) -> str:
    """A text as a person reads it."""
    return " ".join(unicodedata.normalize("NFKC", text).translate(HIDDEN).split()).casefold()


def _how(texts: list[str]) -> str:
    # The first change that makes all of them equal is how they differ; the last is the form of the letters.
    for how, same in ((BLANKS_OR_CAPITALS, _folded), (UNSEEN, _without_hidden)):
        if len({same(text) for text in texts}) == 1:
            return how
    return SHAPE


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _without_hidden(text: str) -> str:
    return _folded(text.translate(HIDDEN))
