"""Texts that look the same and are not: their letters are put together in other ways (Unicode NFC and NFD)."""

from collections.abc import Iterator
from unicodedata import is_normalized, normalize

from smtrain.errors import is_file, listed, quoted
from smtrain.inspecting.diagnosis import Finding, Severity
from smtrain.inspecting.profile import Profile


def _hint(source: str | None) -> str:
    """How the texts of a source are put into one form."""
    in_file = "write the file in one form, for example: uconv -x nfc"
    return in_file if is_file(source) else 'put them into one form: .str.normalize("NFC")'


def forms(profile: Profile) -> Iterator[Finding]:
    """A warning of texts that look alike and are different levels or classes; else a note, if both forms are there."""
    texts = [text for text in profile.word.texts if not text.isascii()]
    groups: dict[str, list[str]] = {}
    for text in texts:
        groups.setdefault(normalize("NFC", text), []).append(text)
    alike = [group for group in groups.values() if len(group) > 1]
    if alike:
        names = listed(quoted(group[0]) for group in alike)
        what = f"texts that look alike, in different Unicode forms (NFC, NFD), are different: {names}"
        where = profile.word.where([min(group, key=profile.word.texts.__getitem__) for group in alike])
        yield Finding(Severity.WARNING, "unicode forms", what, profile.name, *where, _hint(where[0]), {"texts": alike})
        return
    nfc = [text for text in texts if is_normalized("NFC", text) and not is_normalized("NFD", text)]
    nfd = [text for text in texts if not is_normalized("NFC", text)]
    if nfc and nfd:
        what = f"texts in different Unicode forms: {quoted(nfc[0])} in NFC, {quoted(nfd[0])} in NFD"
        where = profile.word.where([min(nfc + nfd, key=profile.word.texts.__getitem__)])
        yield Finding(Severity.NOTE, "unicode forms", what, profile.name, *where, _hint(where[0]))
