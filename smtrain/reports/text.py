"""Text from files and models made safe to look at: a label can hold anything, a terminal obeys what it is sent.

So does a runner of GitHub Actions, which takes every line of a log that begins with :: for a command, and ##[ anywhere.
"""

import os
import re
import unicodedata
from collections.abc import Iterable

# Characters of a text that are shown, unless more is asked for: a line of a terminal.
WIDTH = 80
# C0, DEL and C1 controls; bidirectional controls; separators; surrogates; tags.
UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
COMMAND = re.compile(r"^(\s*):(?=:)")  # the rules of actions/runner, ActionCommand.cs
# A name that can stand between commas; and what cannot stand before a number.
LISTED = re.compile(r"(?![\s(])[^,;\"]*(?<![\s…])")
UNCOUNTED = re.compile(r"\s|^[\W\d_]*$")
# The older form of a command to a runner, which it takes anywhere in a line.
OLD_COMMAND = "##["


def in_github() -> bool:
    """Whether this is a job of GitHub Actions."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def show(text: str, width: int = WIDTH) -> str:
    """`text` with everything a terminal or a runner could act on written as an escape, cut at `width` characters."""
    safe = UNSAFE.sub(lambda match: match[0].encode("unicode_escape").decode(), text[: 4 * width])
    if in_github():
        safe = COMMAND.sub(r"\1\\x3a", safe).replace(OLD_COMMAND, r"#\x23[")
    return safe if len(safe) <= width and len(text) <= 4 * width else safe[: width - 1] + "…"


def named(text: str, width: int = 40, *, counted: bool = False) -> str:
    """`text` as a name in a list: in double quotes, doubled inside, where it could be taken for two names or for none.

    In a list of names with numbers behind them, `counted`, also where it has a blank, or no letter.
    """
    shown = show(text, width)
    if not shown:
        return "(no name)"
    plain = LISTED.fullmatch(shown) and not (counted and UNCOUNTED.search(shown))
    return shown if plain else in_quotes(text, width)


def in_quotes(text: str, width: int = 40) -> str:
    """`text` in double quotes, doubled inside."""
    return '"' + show(text, width).replace('"', '""') + '"'


def message(text: str, most_bytes: int = 500) -> str:
    """A whole message as one safe line of at most `most_bytes` bytes of UTF-8."""
    safe = show(text, most_bytes).encode("utf-8")
    return safe.decode() if len(safe) <= most_bytes else safe[: most_bytes - 3].decode(errors="ignore") + "…"


def packed(items: Iterable[str], width: int) -> list[str]:
    """Lines of at most `width` characters with as many items as fit, a comma behind each but the last."""
    lines: list[str] = []
    for item in items:
        if lines and len(lines[-1]) + len(item) + 3 <= width:
            lines[-1] += f", {item}"
        else:
            lines = [*lines[:-1], f"{lines[-1]},", item] if lines else [item]
    return lines


def width_of(text: str) -> int:
    """The number of terminal cells that a safe text takes."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
