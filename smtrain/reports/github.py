"""What a GitHub Actions job shows: a fault of the data at its line, and a summary of the job.

Workflow commands go to standard error, which GitHub reads as well as standard output: that one is for data.
"""

import os
from pathlib import Path

from smtrain.errors import DataError, SmtrainError
from smtrain.reports.console import errors
from smtrain.reports.text import in_github, message, show

LONGEST_PATH = 4096


def annotate(error: SmtrainError) -> None:
    """In a job of GitHub Actions, an annotation on the line of a data file that an error is about."""
    if isinstance(error, DataError):
        annotate_line(error.source, error.line, error.what)


def annotate_line(source: str | None, line: int | None, what: str, level: str = "error") -> None:
    """In a job of GitHub Actions, an annotation on a line of a data file: an error, a warning or a notice."""
    if not in_github() or source is None or line is None:
        return
    if os.path.isfile(source):  # noqa: PTH113 - any text
        file, said = _property(_in_workspace(source)), _data(message(what))
        errors().write(f"::{level} file={file},line={line}::{said}\n")


def _in_workspace(path: str) -> str:
    """The path as seen from the repository's folder, which is what GitHub knows files by."""
    workspace, full = os.environ.get("GITHUB_WORKSPACE"), os.path.realpath(path)
    if not workspace or not full.startswith(os.path.realpath(workspace) + os.sep):
        return path
    return os.path.relpath(full, os.path.realpath(workspace))


def _data(text: str) -> str:
    """A workflow command's message, by GitHub's rules (@actions/core, escapeData)."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """A workflow command's property (@actions/core, escapeProperty)."""
    return show(_data(text).replace(":", "%3A").replace(",", "%2C"), LONGEST_PATH)


def append_summary(markdown: str) -> None:
    """Append to the summary of the job, if there is one; if it cannot be written, a warning."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    try:
        with Path(path).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{markdown}\n")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        errors().write(message(f"smtrain: warning: cannot write the summary of the job: {reason}") + "\n")
