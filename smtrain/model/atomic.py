"""A file that is there whole or not at all: the one way in which smtrain writes a file that takes the place of another.

A temporary file is written in the folder of the target, flushed to disk, and renamed to it. Where the system can, it
has no name until then (Linux's O_TMPFILE), so that a process that is killed leaves nothing behind.
"""

import contextlib
import os
import secrets
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from smtrain.errors import UsageError, quoted
from smtrain.sources.paths import native_path

# Characters of the target's name in the temporary one: with what is put around them they stay below the 255 bytes that
# file systems allow, if each takes four.
LONGEST_STEM = 50
UMASK = Lock()


@contextlib.contextmanager
def replacing(path: str, check: Callable[[str], object] | None = None) -> Iterator[BinaryIO]:
    """A new file to write to, which takes the place of the one at `path` at the end of the block.

    `check` gets a path by which the new file can be read before that. The old file stays as it was if the block or
    `check` raises, or if the system fails, which is an OSError. Links are followed; mode and owner are kept.
    """
    target = target_of(path)
    descriptor, temporary = _temporary(target)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            _settle(file, target)
            if check is not None:
                check(temporary or _of_descriptor(file.fileno()))
            temporary = temporary or _named(file.fileno(), target)
        os.replace(temporary, target)  # noqa: PTH105 - the module that the tests make fail is os
        temporary = None
        _sync_folder(target.parent)
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)  # noqa: PTH108


def check_writable(path: str) -> None:
    """Raise UsageError if a file at `path` could not be written: asked before the work, not after it."""
    target = target_of(path)
    try:
        if path.endswith(os.sep) or not _may_be_replaced(target):
            raise UsageError(f"cannot write {quoted(path)}: it is not a regular file")
        descriptor, probe = _with_name(target)
        os.close(descriptor)
        os.unlink(probe)  # noqa: PTH108
    except OSError as error:
        raise UsageError(f"cannot write {quoted(path)}: {error.strerror}") from error


def _may_be_replaced(target: Path) -> bool:
    """Whether a file is a regular one, or is not there. Raises OSError for a path that can be of no file."""
    try:
        return stat.S_ISREG(target.stat().st_mode)
    except FileNotFoundError:  # `exists` is no such question: since Python 3.14 it is false of a name that is too long
        return True


def target_of(path: str) -> Path:
    """The file itself that a path leads to through all links; it need not be there. Raises UsageError for no path."""
    try:
        return Path(os.path.realpath(native_path(path)))
    except ValueError as error:
        raise UsageError(f"cannot write {quoted(path)}: {error}") from error


def _temporary(target: Path) -> tuple[int, str | None]:
    """A new file in the folder of a target, open, and its name: None if it needs none yet."""
    if sys.platform == "linux" and hasattr(os, "O_TMPFILE") and Path(_of_descriptor(0)).parent.exists():
        with contextlib.suppress(OSError):  # some file systems cannot
            return os.open(target.parent, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600), None
    return _with_name(target)


def _with_name(target: Path) -> tuple[int, str]:
    """A new file beside a target, open, and its name."""
    return tempfile.mkstemp(prefix=f".{target.name[:LONGEST_STEM]}.", suffix=".tmp", dir=target.parent)


def _of_descriptor(descriptor: int) -> str:
    """A path that leads to an open file, with or without a name."""
    return f"/proc/self/fd/{descriptor}"


def _settle(file: BinaryIO, target: Path) -> None:
    """Give a file that is written the owner and the mode it is to have, and see it on the disk."""
    file.flush()
    if sys.platform != "win32":  # which has no owners and modes of this kind
        _keep_owner(file.fileno(), target)
        os.fchmod(file.fileno(), _mode_for(target))  # after the owner: a change of owner takes bits of the mode away
    os.fsync(file.fileno())


def _mode_for(target: Path) -> int:
    """The mode of the file at `target`, for the one that replaces it; where there is none, that of a new file."""
    with contextlib.suppress(OSError):
        return stat.S_IMODE(target.stat().st_mode)
    with UMASK:  # it can only be set: two threads that ask at a time would leave none
        umask = os.umask(0)
        os.umask(umask)
    return 0o666 & ~umask


def _keep_owner(descriptor: int, target: Path) -> None:
    """Give an open file the owner and the group of the file at `target`, where that is allowed."""
    if sys.platform == "win32":
        raise NotImplementedError
    with contextlib.suppress(OSError):  # only the superuser gives files away, only members of a group give it theirs
        old = target.stat()
        os.fchown(descriptor, old.st_uid, old.st_gid)


def _named(descriptor: int, target: Path) -> str:
    """The name that a file without one has from now on, beside a target."""
    name = str(target.parent / f".{target.name[:LONGEST_STEM]}.{secrets.token_hex(4)}.tmp")
    folder = os.open(target.parent, os.O_RDONLY)
    try:  # naming a folder makes Python follow the link of the descriptor
        os.link(_of_descriptor(descriptor), os.path.basename(name), dst_dir_fd=folder, follow_symlinks=True)  # noqa: PTH119
    finally:
        os.close(folder)
    return name


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable, where the system can; the new file is whole either way."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
