"""Outcomes of checks and findings as JUnit XML, which most systems for continuous integration show."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from smtrain.errors import DataError, SmtrainError
from smtrain.reports.text import show

# Characters of a text: what shows the report shows the beginning.
LONGEST = 1000
# What XML 1.0 cannot hold, not even as a number; controls and surrogates are made safe before.
FORBIDDEN = re.compile("[\ufffe\uffff]")


@dataclass(frozen=True)
class Case:
    """A test: its name, the sort of its failure (None if it passed) with a sentence, and more to read about it.

    `source` and `line` say where in which file, if it is about a place. Texts are raw.
    """

    name: str
    failure: str | None = None
    message: str = ""
    detail: str = ""
    source: str | None = None
    line: int | None = None


def junit(command: str, cases: Sequence[Case], error: SmtrainError | None = None) -> bytes:
    """A test suite named like the command, with the cases; and one for an error that came before."""
    failed = sum(case.failure is not None for case in cases)
    tests, errors = len(cases) + (error is not None), int(error is not None)
    counts = {"tests": str(tests), "failures": str(failed), "errors": str(errors)}
    suites = Element("testsuites", counts)
    suite = SubElement(suites, "testsuite", {"name": f"smtrain {command}", **counts, "skipped": "0"})
    # An error is a case of its own, so that the suite fails though no check was made.
    if error is not None:
        source, line = (error.source, error.line) if isinstance(error, DataError) else (None, None)
        at = _open_case(suite, command, Case("data", source=source, line=line))
        SubElement(at, "error", {"message": _safe(error.message), "type": type(error).__name__})
    for case in cases:
        _add_case(suite, command, case)
    indent(suites)
    return bytes(tostring(suites, encoding="utf-8", xml_declaration=True)) + b"\n"


def _add_case(suite: Element, command: str, case: Case) -> None:
    at = _open_case(suite, command, case)
    if case.failure is not None:
        SubElement(at, "failure", {"message": _safe(case.message), "type": case.failure}).text = _safe(case.detail)
    elif case.detail:
        SubElement(at, "system-out").text = _safe(case.detail)


def _open_case(suite: Element, command: str, case: Case) -> Element:
    place = {
        name: _safe(str(value)) for name, value in (("file", case.source), ("line", case.line)) if value is not None
    }
    return SubElement(suite, "testcase", {"classname": f"smtrain.{command}", "name": _safe(case.name), **place})


def _safe(text: str) -> str:
    return FORBIDDEN.sub("\ufffd", show(text, LONGEST))
