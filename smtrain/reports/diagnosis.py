"""What was found of a table, as a list for people or as one JSON document."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from itertools import chain
from typing import TYPE_CHECKING, Any

from smtrain.diagnosis import Diagnosis, Finding, Severity
from smtrain.reports.notices import listed
from smtrain.reports.text import message, show

if TYPE_CHECKING:
    from rich.console import Console

WIDTH, LONGEST, FEW = 40, 400, 3
STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}


def document(found: Diagnosis, fails: AbstractSet[str]) -> dict[str, Any]:
    """The diagnosis with stable keys; places and hints are null where there are none."""
    return {
        "rows": found.rows,
        "passed": not failures(found, fails),
        **{f"{severity.value}s": found.count(severity) for severity in Severity},
        "findings": [
            {
                "severity": finding.severity.value,
                "kind": finding.kind,
                "column": finding.column,
                "what": finding.what,
                "source": finding.source,
                "line": finding.line,
                "hint": finding.hint,
                "numbers": finding.numbers,
            }
            for finding in found.findings
        ],
    }


def print_diagnosis(console: "Console", found: Diagnosis) -> None:
    """A line for each finding, the worst first, and one for what helps; many of one kind in one line."""
    from rich.text import Text

    counts = [(found.count(severity), severity.value) for severity in Severity]
    told = ", ".join(f"{count:,} {name}{'s' if count != 1 else ''}" for count, name in counts)
    console.print(f"{found.rows:,} {'row' if found.rows == 1 else 'rows'}: {told}")
    for same in _alike(found.findings):
        console.print(Text(f"{same[0].severity.value:<8}", STYLES[same[0].severity]), _line(same))
        if len(same) == 1 and same[0].hint:
            console.print(Text(f"{'':<8} {message(same[0].hint, LONGEST)}"))


def _alike(findings: Iterable[Finding]) -> list[list[Finding]]:
    """The findings, those that say the same of more than a few columns together."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.kind, finding.what), []).append(finding)
    parts = ([group] if len(group) > FEW else [[one] for one in group] for group in groups.values())
    return list(chain.from_iterable(parts))


def _line(same: list[Finding]) -> str:
    finding, columns = same[0], [show(one.column, WIDTH) for one in same if one.column is not None]
    where = "" if finding.line is None else f"{show(finding.source or '', WIDTH)}:{finding.line}: "
    names = f"{len(same):,} columns: {listed(columns)}" if len(same) > 1 else "".join(columns)
    return where + (f"{names}: " if names else "") + message(finding.what, LONGEST)


def failures(found: Diagnosis, fails: AbstractSet[str]) -> int:
    """How many findings are of a severity that fails."""
    return sum(found.count(severity) for severity in Severity if severity.value in fails)
