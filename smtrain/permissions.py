"""The permissions of a file that takes the place of another one. Imports nothing of smtrain."""

import contextlib
import os
import stat
from pathlib import Path


def keep_permissions(descriptor: int, target: Path) -> None:
    """Give an open file the mode of the file at `target`, which it will replace, and its owner where that is allowed.

    Where there is none yet, it gets the mode that the system gives to a new file.
    """
    try:
        old = target.stat()
    except OSError:
        umask = os.umask(0)
        os.umask(umask)
        os.fchmod(descriptor, 0o666 & ~umask)
        return
    with contextlib.suppress(OSError):  # only the superuser gives files away, only members of a group give it theirs
        os.fchown(descriptor, old.st_uid, old.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(old.st_mode))
