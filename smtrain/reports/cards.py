"""Reports in a Markdown file that has text of its own, such as a model card: the report stands between two lines.

What stands before the first of them and behind the second is the user's, and stays as it is to the byte.
"""

import os
import re
import stat
from pathlib import Path

from smtrain.errors import UsageError, quoted

SUFFIX = ".md"
BEGIN, END = "<!-- smtrain report: begin -->", "<!-- smtrain report: end -->"
# Whole lines only: what a report tells of a table may hold such a text, but no line of it is one.
PLACE = re.compile(rb"^%b\r?$.*?^%b\r?$" % (BEGIN.encode(), END.encode()), re.DOTALL | re.MULTILINE)


def contents(path: str, text: str) -> bytes:
    """What the file at `path` is to hold: the text; of a Markdown file that is there, the text in its place.

    Raises UsageError for a Markdown file that has text, and no place for the report, or several.
    """
    new = text.encode(errors="backslashreplace")
    if not path.endswith(SUFFIX):
        return new
    new = b"%b\n%b%b" % (BEGIN.encode(), new, END.encode())
    there = _there(path)
    if not there.strip():
        return new + b"\n"
    places = list(PLACE.finditer(there))
    if len(places) != 1:
        what = "has text of its own, and no place for the report" if not places else "has several places for the report"
        lines = f"the report stands between two lines, {BEGIN} and {END}"
        raise UsageError(f"{quoted(path)} {what}", hint=f"{lines}: put them where it is to be, or name another file")
    return there[: places[0].start()] + new + there[places[0].end() :]


def _there(path: str) -> bytes:
    """What a file holds; nothing if there is none, or if it is no regular file. Raises UsageError if it is not read."""
    try:
        return Path(path).read_bytes() if stat.S_ISREG(os.stat(path).st_mode) else b""  # noqa: PTH116 - one look
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise UsageError(f"cannot read {quoted(path)}: {error.strerror}", hint="it may have text to keep") from error
