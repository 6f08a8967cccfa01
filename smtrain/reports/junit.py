"""Outcomes of checks as JUnit XML, which most systems for continuous integration show."""

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from smtrain.checks import Outcome
from smtrain.errors import DataError, SmtrainError
from smtrain.reports.text import show

LONGEST = 1000
# What XML 1.0 cannot hold, not even as a number; controls and surrogates are made safe before.
FORBIDDEN = re.compile("[\ufffe\uffff]")


def junit(command: str, outcomes: Sequence[Outcome], error: SmtrainError | None = None) -> bytes:
    """A test suite named like the command, with a test case for each check; and one for an error that came before."""
    failed = sum(outcome.failed for outcome in outcomes)
    tests, errors = len(outcomes) + (error is not None), int(error is not None)
    counts = {"tests": str(tests), "failures": str(failed), "errors": str(errors)}
    suites = Element("testsuites", counts)
    suite = SubElement(suites, "testsuite", {"name": f"smtrain {command}", **counts, "skipped": "0"})
    if error is not None:
        case = SubElement(suite, "testcase", {"classname": f"smtrain.{command}", "name": "data", **_place(error)})
        SubElement(case, "error", {"message": _safe(error.message), "type": type(error).__name__})
    for outcome in outcomes:
        case = SubElement(suite, "testcase", {"classname": f"smtrain.{command}", "name": _safe(outcome.check)})
        if outcome.failed:
            found = SubElement(case, "failure", {"message": _safe(outcome.message), "type": "check"})
            found.text = _safe(f"fail if {outcome.check}: {outcome.message}")
    indent(suites)
    return bytes(tostring(suites, encoding="utf-8", xml_declaration=True)) + b"\n"


def _place(error: SmtrainError) -> dict[str, str]:
    if not isinstance(error, DataError):
        return {}
    return {
        name: _safe(str(value)) for name, value in (("file", error.source), ("line", error.line)) if value is not None
    }


def _safe(text: str) -> str:
    return FORBIDDEN.sub("\ufffd", show(text, LONGEST))
