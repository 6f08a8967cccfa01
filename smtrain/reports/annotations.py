"""What is to be shown at a line of a data file, by whichever system for continuous integration runs the job."""

import os
from collections.abc import Iterable
from dataclasses import dataclass

from smtrain.errors import DataError, SmtrainError
from smtrain.inspecting.diagnosis import Diagnosis, Finding, Severity

# Characters of a path, at most: Linux allows no longer ones.
LONGEST_PATH = 4096


@dataclass(frozen=True)
class Annotation:
    """`kind` is a stable word for programs, `what` a raw sentence, `source` a file that is there, `line` from 1."""

    severity: Severity
    kind: str
    what: str
    source: str
    line: int


def of_error(error: SmtrainError) -> list[Annotation]:
    """The annotation of an error in the data, none for another error or one without a line."""
    if not isinstance(error, DataError):
        return []
    return _placed([(Severity.ERROR, "data error", error.what, error.source, error.line)])


def of_findings(diagnosis: Diagnosis) -> list[Annotation]:
    """The annotations of the findings that have a line."""
    return _placed(
        (one.severity, f"{one.code} {one.kind}", f"{one.code} {_what(one)}", one.source, one.line)
        for one in diagnosis.findings
    )


def _what(finding: Finding) -> str:
    return finding.what if finding.column is None else f"{finding.column}: {finding.what}"


def _placed(told: Iterable[tuple[Severity, str, str, str | None, int | None]]) -> list[Annotation]:
    """An annotation for each that has a line of a file that is there: standard input is none."""
    return [
        Annotation(severity, kind, what, source, line)
        for severity, kind, what, source, line in told
        if source is not None and line is not None and os.path.isfile(source)  # noqa: PTH113 - any text
    ]


def in_folder(path: str, folder: str | None) -> str:
    """The path as seen from the repository's folder, which is what the systems know files by."""
    # The folder, or the file, may be named by a link.
    full = os.path.realpath(path)
    if not folder or not full.startswith(os.path.realpath(folder) + os.sep):
        return path
    return os.path.relpath(full, os.path.realpath(folder))
