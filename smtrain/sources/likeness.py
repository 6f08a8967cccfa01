"""Which of some names a person may have meant by one that is none of them. Imports nothing of smtrain."""

import re
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

NUMBER = re.compile(r"[+-]?[0-9]{1,300}(\.[0-9]{0,300})?")
CLOSE = 0.66  # of difflib's ratio: a letter of three may be wrong, or two have changed places


def same_text(one: str, other: str) -> bool:
    """Whether two different texts look the same: their letters are put together in other ways (NFC, NFD)."""
    return one != other and unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)


def same_number(one: str, other: str) -> bool:
    """Whether two different texts are the same number: a table that pandas writes may have 3.0 where another has 3."""
    return one != other and all(map(NUMBER.fullmatch, (one, other))) and float(one) == float(other)


def form_of(text: str) -> str:
    """The Unicode normal form of a text, as far as it has one."""
    return next((form for form in ("NFC", "NFD") if unicodedata.is_normalized(form, text)), "mixed")


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The name that looks the same; or is the same number, or the same but for case and blanks; or differs by little.

    None without one.
    """
    names = list(names)
    for same in (same_text, same_number, _same_letters):
        alike = next((one for one in names if same(one, name)), None)
        if alike is not None:
            return alike
    # A number is no misspelt word: "1" is not meant by "x1".
    of_its_sort = {_letters(one) for one in names if one.isdecimal() == name.isdecimal()}
    close = get_close_matches(_letters(name), of_its_sort, 1, CLOSE)
    return next((one for one in names if _letters(one) in close), None)


def did_you_mean(name: str, names: Iterable[str]) -> str | None:
    """A hint with the nearest name."""
    alike = nearest(name, names)
    if alike is None:
        return None
    shown = '"' + alike + '"'
    if same_text(alike, name):
        return f"there is {shown}, the same text in another Unicode form: {form_of(alike)}, here {form_of(name)}"
    if same_number(alike, name):
        return f"there is {shown}, the same number written otherwise: such names are texts, and have to be equal"
    return f"did you mean {shown}?"


def _same_letters(one: str, other: str) -> bool:
    return _letters(one) == _letters(other)


def _letters(text: str) -> str:
    """What is left of a text without case, blanks and the marks that stand for blanks."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if not character.isspace() and character not in "_-.") or folded


def look_alike(texts: Iterable[str], known: Iterable[str]) -> str | None:
    """A hint with the first of some texts that is a known one in another Unicode form, or the same number."""
    forms = {_meant(one): one for one in known}
    for text in texts:
        same = forms.get(_meant(text), text)
        if same != text:
            return did_you_mean(text, [same])
    return None


def _meant(text: str) -> str | float:
    """What is equal for texts that look the same or are the same number."""
    return float(text) if NUMBER.fullmatch(text) else unicodedata.normalize("NFC", text)
