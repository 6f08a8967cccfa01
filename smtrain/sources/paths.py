"""Names of files in any locale. Imports no smtrain.

A name is bytes to the system. Python shows bytes that the locale does not know as surrogates: all that are not ASCII in
the locale C, and in UTF-8 those that are no UTF-8.
"""

import os
from pathlib import Path


def native_path(path: str) -> str:
    """A path as this locale shows it, of one as UTF-8 shows it. Raises UnicodeEncodeError for what is no path."""
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return os.fsdecode(path.encode("utf-8", "surrogateescape"))
    return path


def recorded_path(path: str) -> str:
    """A path as UTF-8 shows it, the same in every locale; `native_path` is the way back."""
    return os.fsencode(native_path(path)).decode("utf-8", "surrogateescape")


def absolute_path(path: str) -> str:
    """A path that does not follow from the folder a process is in, as UTF-8 shows it."""
    return recorded_path(str(Path(native_path(path)).absolute()))


def native_text(text: str) -> str:
    """A text from the command line, UTF-8 whatever the locale. Raises UnicodeError for what is not UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return os.fsencode(text).decode()
    return text
