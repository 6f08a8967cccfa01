"""GitLab's Code Quality report: a JSON list of faults at lines of files, which a merge request shows."""

import hashlib
import json
import os
from collections.abc import Sequence
from typing import Any

from smtrain.inspecting.diagnosis import Severity
from smtrain.reports.annotations import LONGEST_PATH, Annotation, in_folder
from smtrain.reports.text import message, show

SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.NOTE: "info"}


def merged(report: bytes, annotations: Sequence[Annotation]) -> bytes:
    """A report, which may be empty, with the annotations that it does not hold yet. Raises ValueError if it is none."""
    try:
        entries = json.loads(report or b"[]")
        json.dumps(entries, indent=1)  # what can be read may be too deep to be written again
    except RecursionError as error:
        raise ValueError("too deep") from error
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError("not a list of objects")
    known = {str(entry.get("fingerprint")) for entry in entries}
    added = {entry["fingerprint"]: entry for entry in map(_entry, annotations) if entry["fingerprint"] not in known}
    return json.dumps([*entries, *added.values()], indent=1).encode() + b"\n"


def _entry(annotation: Annotation) -> dict[str, Any]:
    """The properties that GitLab reads, see its docs on the Code Quality report format."""
    entry: dict[str, Any] = {
        "description": message(annotation.what),
        "check_name": f"smtrain: {annotation.kind}",
        "severity": SEVERITIES[annotation.severity],
        "location": {
            "path": show(in_folder(annotation.source, os.environ.get("CI_PROJECT_DIR")), LONGEST_PATH),
            "lines": {"begin": annotation.line},
        },
    }
    # Of equal fingerprints GitLab shows one: the same fault at two lines is two, told by two commands it is one.
    return {**entry, "fingerprint": hashlib.sha256(json.dumps(entry).encode()).hexdigest()}
