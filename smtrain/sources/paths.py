"""Names of files in any locale, and the permissions of a file that takes the place of another. Imports no smtrain.

A name is bytes to the system. Python shows bytes that the locale does not know as surrogates: all that are not ASCII in
the locale C, and in UTF-8 those that are no UTF-8.
"""

import contextlib
import os
import stat
from pathlib import Path


def mode_for(target: Path) -> int:
    """The mode of the file at `target`, for the one that replaces it; where there is none, that of a new file."""
    with contextlib.suppress(OSError):
        return stat.S_IMODE(target.stat().st_mode)
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def keep_owner(descriptor: int, target: Path) -> None:
    """Give an open file the owner and the group of the file at `target`, which it will replace, where that is allowed.

    It takes away bits of the mode, so that is to be set after it.
    """
    with contextlib.suppress(OSError):  # only the superuser gives files away, only members of a group give it theirs
        old = target.stat()
        os.fchown(descriptor, old.st_uid, old.st_gid)


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


def native_text(text: str) -> str:
    """A text from the command line, UTF-8 whatever the locale. Raises UnicodeError for what is not UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return os.fsencode(text).decode()
    return text
