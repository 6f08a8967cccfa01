"""Where data goes: standard output, or a file that is there whole or not at all."""

import contextlib
import errno
import json
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from smtrain.cli.streams import BrokenOutput
from smtrain.errors import OutputError, UsageError, quoted
from smtrain.model.atomic import replacing
from smtrain.reports.text import OLD_COMMAND, in_github

if TYPE_CHECKING:
    from rich.console import Console


@contextlib.contextmanager
def data_output(path: str | None) -> Iterator[BinaryIO]:
    """Standard output, or for a path a file that takes its name when all went well; what is no file is written to.

    Raises UsageError if nothing can be written there, OutputError and BrokenOutput for what happens later.
    """
    with _guarded(None if path == "-" else path), contextlib.ExitStack() as stack:
        if path is None or path == "-":
            # Flushed here and not at the interpreter's exit: a full disk then has its exit code.
            yield _stdout()
            _stdout().flush()
        else:
            yield _begun(path, stack)


def _begun(path: str, stack: contextlib.ExitStack) -> BinaryIO:
    """The file to write to, which `stack` ends. Raises UsageError."""
    try:
        if _is_stream(path):
            return stack.enter_context(Path(path).open("wb"))
        return stack.enter_context(replacing(path))
    except OSError as error:
        raise UsageError(f"cannot write {quoted(path)}: {error.strerror}") from error


def _is_stream(path: str) -> bool:
    """Whether there is something at `path` that is no regular file: a pipe, a terminal."""
    try:
        return not stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116 - a path of "" must fail like any other
    except OSError:
        return False


def _stdout() -> BinaryIO:
    return sys.stdout.buffer


@contextlib.contextmanager
def _guarded(path: str | None) -> Iterator[None]:
    """Turn the ways in which writing to `path`, or standard output, fails into those that have an exit code."""
    # Whoever reads our output may stop early, as head does: that is the end of the work and no failure.
    try:
        yield
    except BrokenPipeError as error:
        raise BrokenOutput from error
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise BrokenOutput from error
        name = "the output" if path is None else quoted(path)
        raise OutputError(f"cannot write {name}: {error.strerror or error}") from error


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
