"""One sentence in two languages: with options as a shell takes them, and with the arguments of the Python functions."""

import json
import re
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

# Options that are arguments of a Python function, too, by the same name.
ARGUMENTS = frozenset(
    {
        *("target", "drop", "categorical", "numeric", "weight", "class-weight", "unlabelled", "delimiter", "decimal"),
        *("na-values", "solver", "epochs", "tol", "l2", "l1", "learning-rate", "batch-size", "momentum", "seed"),
        *("precision", "validation", "patience", "calibrate", "folds", "one-se", "se", "loo", "threads", "memory"),
        *("require-convergence", "init", "checkpoint", "reference", "on-unknown", "worst", "cluster", "groups"),
        *("cluster-wait", "min-count", "repeats", "lr", "dates", "test", "stratify", "by", "after", "on"),
        *("cost", "decide"),
    }
)
# Options of lists: texts between commas, in CSV quotes where one needs them.
LISTS = frozenset({"dates", "drop", "categorical", "numeric", "na-values"})
# Options without a value, in Python; and one that is a method there.
FLAGS = {
    **{option: f"{option.replace('-', '_')}=True" for option in ("se", "loo", "lr", "one-se", "calibrate")},
    "no-header": "header=False",
    "no-stratify": "stratify=False",
    "fail-if": "outcomes()",
}
# An option with values, as `given` writes it; and one that is only named, but not in quotes, where it is a text.
GIVEN = re.compile(r"\0([a-z0-9-]+)\0([^\0]*)\0")
NAMED = re.compile(r'"[^"]*"|(?<![\w-])--([a-z][a-z0-9]*(?:-[a-z0-9]+)*)')
# What a hint is taken apart by: values, quotes, and what parts its pieces.
PIECE = re.compile(r'\0[^\0]*\0[^\0]*\0|"[^"]*"|; ')
LONGEST = 40  # characters of a text in a hint


def given(option: str, *values: Any) -> str:
    """An option with its values, in a sentence that `in_shell` or `in_python` says."""
    return f"\0{option}\0{json.dumps(values)}\0"


def said_of(text: str) -> str:
    """A sentence before it is put into either language."""
    return text.said if isinstance(text, Spoken) else text


def in_shell(text: str) -> str:
    """A sentence with the options of the command line."""
    return GIVEN.sub(_option, said_of(text))


def pieces_of(hint: str | None) -> list[str]:
    """The pieces of advice of a hint, which stand between semicolons; none of None. Each can be followed alone."""
    if hint is None:
        return []
    # Semicolons in values and in quotes part nothing.
    ends = [match for match in PIECE.finditer(said_of(hint)) if match[0] == "; "]
    begins = [0, *(match.end() for match in ends)]
    return [said_of(hint)[begin:end] for begin, end in zip(begins, [*(m.start() for m in ends), None], strict=True)]


def options_in(text: str) -> set[str]:
    """The options that a sentence names or gives values to."""
    named = (match[1] for match in NAMED.finditer(GIVEN.sub("", said_of(text))))
    return {*filter(None, named), *(match[1] for match in GIVEN.finditer(said_of(text)))}


def in_python(text: str, called: Mapping[str, str] = MappingProxyType({})) -> str:
    """A sentence with the arguments of the Python functions; other options stay as they are.

    `called` are other names of arguments, by their options.
    """
    parts = GIVEN.split(said_of(text))
    named = [NAMED.sub(partial(_name, called=called), part) for part in parts[::3]]
    values = [_argument(*pair, called=called) for pair in zip(parts[1::3], parts[2::3], strict=True)]
    return named[0] + "".join(value + rest for value, rest in zip(values, named[1:], strict=True))


class Spoken(str):
    """A sentence as Python says it, made of what was `said`, by which `in_shell` knows it."""

    said: str

    def __new__(cls, said: str) -> "Spoken":
        """The sentence; one that is spoken already stays as it is."""
        spoken = super().__new__(cls, in_python(said))
        spoken.said = said.said if isinstance(said, Spoken) else said
        return spoken

    def __reduce__(self) -> tuple[type["Spoken"], tuple[str]]:
        """What a copy in another process is made of."""
        return Spoken, (self.said,)


def option_word(*texts: str) -> str:
    """Texts as the value of an option that takes a list, for a shell: cut short."""
    return list_word(*map(_cut, texts))


def list_word(*texts: str) -> str:
    """Texts as the value of an option that takes a list, for a shell: in CSV quotes where one needs them."""
    return ",".join(shell_word(_listed(text)) for text in texts)


def shell_word(text: str) -> str:
    """`text` as a word for a shell; with a character that cannot be seen as one of bash and zsh, by its bytes."""
    if re.fullmatch(r"[\w.,%+:=/@-]+", text):
        return text
    if text.isprintable():
        return "'" + text.replace("'", "'\\''") + "'"
    return "$'" + "".join(map(_in_shell_string, text)) + "'"


def shell_character(text: str) -> str:
    """A character, or a word for one, for a shell: it may be one that cannot be seen, or that a shell takes."""
    if len(text) > 1:
        return text
    return f"'{text}'" if text.isprintable() else f"$'\\x{ord(text):02x}'"


def _option(match: re.Match[str]) -> str:
    option, values = match[1], json.loads(match[2])
    if option in LISTS:
        return f"--{option} {option_word(*values)}"
    value = f"{values[0] >> 20}M" if option == "memory" else str(values[0])
    return f"--{option} {shell_character(value) if option == 'delimiter' else shell_word(value)}"


def _argument(option: str, values: str, called: Mapping[str, str]) -> str:
    """An argument with its value: a text alone where there is one, for those of lists take it so."""
    texts = [_cut(value) if isinstance(value, str) else value for value in json.loads(values)]
    value = texts[0] if len(texts) == 1 else texts
    return f"{called.get(option, option.replace('-', '_'))}={json.dumps(value, ensure_ascii=False)}"


def _name(match: re.Match[str], called: Mapping[str, str]) -> str:
    option = match[1]
    if option in called:
        return called[option]
    if option in FLAGS:
        return FLAGS[option]
    return option.replace("-", "_") + "=" if option in ARGUMENTS else match[0]


def _in_shell_string(character: str) -> str:
    """A character between $' and '."""
    if character.isprintable():
        return "\\" + character if character in "\\'" else character
    # A byte that is not UTF-8 is a half surrogate from here on, as Python has it in paths.
    errors = "surrogateescape" if "\udc80" <= character <= "\udcff" else "surrogatepass"
    return "".join(f"\\x{byte:02x}" for byte in character.encode(errors=errors))


def _listed(text: str) -> str:
    plain = text and text == text.strip() and not re.search('[,"]', text)
    return text if plain else '"' + text.replace('"', '""') + '"'


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
