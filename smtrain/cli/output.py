"""Where data goes: standard output, or a file that is there whole or not at all."""

import contextlib
import errno
import io
import json
import os
import stat
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from smtrain.errors import OutputError, UsageError, quoted
from smtrain.reports.text import OLD_COMMAND, in_github

if TYPE_CHECKING:
    from rich.console import Console


class ClosedOutput(io.TextIOBase):
    """Stands for a standard output that was closed before the start: whoever writes to it fails."""

    def write(self, text: str) -> int:  # noqa: ARG002 - TextIOBase's signature
        """Fail."""
        raise OSError(errno.EBADF, "standard output is closed")

    @property
    def buffer(self) -> BinaryIO:
        """Fail."""
        raise OutputError("standard output is closed")


class BrokenOutput(Exception):  # noqa: N818 - not an error: whoever read our output has seen enough
    """The reader of standard output has gone."""


def check_not_input(output: str | None, option: str, inputs: Sequence[str]) -> None:
    """Raise UsageError if an output is one of the inputs: it would be gone before it is read."""
    for path in inputs:
        with contextlib.suppress(OSError, ValueError):
            if output is not None and path != "-" and Path(path).samefile(output):
                raise UsageError(f"{option}: {quoted(output)} is the input")


def check_read_once(inputs: Sequence[str]) -> None:
    """Raise UsageError if standard input is to be read more than once: the second reader would find nothing."""
    if inputs.count("-") > 1:
        raise UsageError("- is given twice, and standard input can be read only once", hint="name a file instead")


def check_distinct(files: dict[str, str | None]) -> None:
    """Raise UsageError if two options, by name, are the same file: the one would destroy the other."""
    seen: dict[str, str] = {}
    for option, path in files.items():
        if path is not None:
            first = seen.setdefault(os.path.realpath(path), option)
            if first != option:
                raise UsageError(f"{first} and {option} are the same file: {quoted(path)}")


@contextlib.contextmanager
def data_output(path: str | None) -> Iterator[BinaryIO]:
    """Open standard output, or for a path a temporary file beside it that takes its name when all went well."""
    if path is None or path == "-":
        with _guarded():
            yield _stdout()
            _stdout().flush()
        return
    target = Path(os.path.realpath(path))
    if target.exists() and not stat.S_ISREG(target.stat().st_mode):
        with _guarded(), _opened(path) as file:
            yield file
        return
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name[:50]}.", suffix=".tmp", dir=target.parent)
    except OSError as error:
        raise UsageError(f"cannot write {quoted(path)}: {error.strerror}") from error
    try:
        with _guarded():
            with os.fdopen(descriptor, "wb") as file:
                yield file
                file.flush()
                umask = os.umask(0)
                os.umask(umask)
                os.fchmod(file.fileno(), 0o666 & ~umask)
                os.fsync(file.fileno())
            os.replace(temporary, target)  # noqa: PTH105
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108


def _opened(path: str) -> BinaryIO:
    try:
        return Path(path).open("wb")
    except OSError as error:
        raise UsageError(f"cannot write {quoted(path)}: {error.strerror}") from error


def _stdout() -> BinaryIO:
    return sys.stdout.buffer


@contextlib.contextmanager
def _guarded() -> Iterator[None]:
    """Turn the ways in which writing fails into those that have an exit code."""
    try:
        yield
    except BrokenPipeError as error:
        raise BrokenOutput from error
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise BrokenOutput from error
        raise OutputError(f"cannot write the output: {error.strerror or error}") from error


@contextlib.contextmanager
def report_output() -> Iterator["Console"]:
    """A console for a report on standard output that is written at once, at the end: a reader may stop early."""
    from smtrain.reports.console import make_console

    with data_output(None), make_console(sys.stdout) as console:
        yield console


def print_document(document: object) -> None:
    """Write a JSON document on one line of standard output."""
    text = json.dumps(document, ensure_ascii=False)
    print_data(text.replace(OLD_COMMAND, r"#\u0023[") if in_github() else text)  # the same document


def print_data(text: str) -> None:
    """Write a document and a line end to standard output."""
    with data_output(None) as out:
        out.write(text.encode(errors="backslashreplace") + b"\n")
