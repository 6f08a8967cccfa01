"""What a GitHub Actions job shows: a fault of the data at its line, and a summary of the job.

Workflow commands go to standard error, which GitHub reads as well as standard output: that one is for data.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from smtrain.inspecting.diagnosis import Severity
from smtrain.reports.annotations import LONGEST_PATH, Annotation, in_folder
from smtrain.reports.console import errors
from smtrain.reports.text import in_github, message, show

# Annotations of a level that GitHub shows of a step.
MOST = 10
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def annotate(annotations: Sequence[Annotation]) -> None:
    """In a job of GitHub Actions, a command for each: an error, a warning or a notice at a line of a file.

    Of more than GitHub shows of a level the last one says how many are left.
    """
    if not in_github():
        return
    for severity, level in LEVELS.items():
        alike = [one for one in annotations if one.severity is severity]
        shown = alike if len(alike) <= MOST else alike[: MOST - 1]
        for one in shown:
            # GitHub shows an annotation where it knows the file: by its path in the repository.
            file = _property(in_folder(one.source, os.environ.get("GITHUB_WORKSPACE")))
            errors().write(f"::{level} file={file},line={one.line}::{_data(message(one.what))}\n")
        if len(alike) > MOST:
            errors().write(f"::{level}::and {len(alike) - len(shown)} more, which the log has\n")


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
        # Appended to, for other steps of the job have written theirs.
        with Path(path).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{markdown}\n")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        errors().write(message(f"smtrain: warning: cannot write the summary of the job: {reason}") + "\n")
