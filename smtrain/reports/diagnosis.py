"""The findings on a table, as a list for people, as one JSON document, as Markdown or as test cases."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain
from typing import TYPE_CHECKING, Any

from smtrain.errors import listed, located
from smtrain.inspecting.codes import TABLE
from smtrain.inspecting.diagnosis import Diagnosis, Finding, Severity
from smtrain.reports.junit import Case
from smtrain.reports.notices import MOST_NAMES
from smtrain.reports.sections import Section, files, markdown
from smtrain.reports.text import message, named, show
from smtrain.wording import in_shell

if TYPE_CHECKING:
    from rich.console import Console

# Characters of a name, and bytes of a sentence, that are shown: a finding stays a line or two of a terminal.
WIDTH = 40
LONGEST = 400
# Columns up to which findings that say the same are told one by one.
FEW = 3
STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}


def diagnosis_document(diagnosis: Diagnosis, fails: AbstractSet[str]) -> dict[str, Any]:
    """The diagnosis with stable keys; places and hints are null where there are none."""
    return {
        "rows": diagnosis.rows,
        **({} if diagnosis.target is None else {"target": diagnosis.target}),
        "passed": not failures(diagnosis, fails),
        **{f"{severity.value}s": diagnosis.count(severity) for severity in Severity},
        "findings": findings_document(diagnosis.findings),
    }


def findings_document(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Each finding with stable keys; null where it has no place or hint."""
    return [
        {
            "severity": finding.severity.value,
            "code": finding.code,
            "kind": finding.kind,
            "column": finding.column,
            "what": finding.what,
            "source": finding.source,
            "line": finding.line,
            "hint": finding.hint and in_shell(finding.hint),
            "numbers": finding.numbers,
        }
        for finding in findings
    ]


def print_diagnosis(console: "Console", diagnosis: Diagnosis) -> None:
    """A line for each finding, the worst first, and one for what helps; many of one kind in one line."""
    from rich.text import Text

    console.print(_counts(diagnosis))
    for severity, code, line, hint in _told(diagnosis.findings):
        # A narrow terminal has whole words; what helps stays one line, which can be copied.
        console.print(Text(f"{severity.value:<8}", STYLES[severity]), code, line, soft_wrap=False)
        if hint:
            console.print(Text(f"{'':<14} {hint}"))


def summary(command: str, diagnosis: Diagnosis, fails: AbstractSet[str], **names: str) -> str:
    """The diagnosis as Markdown, for a command and the files that it read, by what they are."""
    told = findings_section(diagnosis.findings, _counts(diagnosis))
    return markdown(f"smtrain {command}", [files(**names), Section(verdict(diagnosis, fails)), told])


def findings_section(findings: Sequence[Finding], title: str = "findings") -> Section:
    """A line for each finding, or for many of one kind."""
    rows = [[severity.value, code, line, hint or _remedy(code)] for severity, code, line, hint in _told(findings)]
    return Section(title, ["severity", "code", "finding", "what helps"], rows, texts=4)


def _remedy(code: str) -> str:
    """What helps in general, where a finding itself has no hint."""
    return next(one.remedy for one in TABLE if one.code == code).replace("`", "")


def told_section(findings: Sequence[Finding]) -> list[Section]:
    """The section of findings on a model, if there are any."""
    return [findings_section(findings)] if findings else []


def cases(diagnosis: Diagnosis, fails: AbstractSet[str]) -> list[Case]:
    """A test case for each finding, passed if its severity does not fail; and one, before, for having read the data."""
    return [Case("data"), *(finding_case(finding, fails) for finding in diagnosis.findings)]


def finding_case(finding: Finding, fails: AbstractSet[str] = frozenset()) -> Case:
    """A test case for a finding."""
    severity = finding.severity.value
    # By kind and column, without the numbers: so that a system for continuous integration knows a case again.
    name = finding.kind if finding.column is None else f"{finding.kind}: {finding.column}"
    detail = f"{severity} {finding.code}: {finding.what}" + (
        f"; what helps: {in_shell(finding.hint)}" if finding.hint else ""
    )
    failure = severity if severity in fails else None
    return Case(name, failure, finding.what, detail, finding.source, finding.line)


def verdict(diagnosis: Diagnosis, fails: AbstractSet[str]) -> str:
    """How many findings fail, or that none does."""
    wrong = failures(diagnosis, fails)
    return f"{wrong:,} {'finding fails' if wrong == 1 else 'findings fail'}" if wrong else "no finding fails"


def _counts(diagnosis: Diagnosis) -> str:
    counts = [(diagnosis.count(severity), severity.value) for severity in Severity]
    told = ", ".join(f"{count:,} {name}{'s' if count != 1 else ''}" for count, name in counts)
    target = "" if diagnosis.target is None else f", target {show(diagnosis.target, WIDTH)}"
    last = " (the last column)" if diagnosis.last else ""
    return f"{diagnosis.rows:,} {'row' if diagnosis.rows == 1 else 'rows'}{target}{last}: {told}"


def _told(findings: Iterable[Finding]) -> list[tuple[Severity, str, str, str]]:
    """Severity, code, sentence and what helps, if that can be said, of each finding, or of many of one kind."""
    groups = ((same[0], same) for same in _alike(findings))
    return [
        (one.severity, one.code, _line(same), message(in_shell(one.hint or ""), LONGEST) if len(same) == 1 else "")
        for one, same in groups
    ]


def _alike(findings: Iterable[Finding]) -> list[list[Finding]]:
    """The findings, those that say the same of more than a few columns together."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.kind, finding.what), []).append(finding)
    # A table with a thousand columns of one fault is told of it once.
    parts = ([group] if len(group) > FEW else [[one] for one in group] for group in groups.values())
    return list(chain.from_iterable(parts))


def _line(same: list[Finding]) -> str:
    finding, columns = same[0], [named(one.column, WIDTH) for one in same if one.column is not None]
    source = finding.source or ""
    where = "" if finding.line is None else f"{located(source, finding.line, show(source, WIDTH))}: "
    names = f"{len(same):,} columns: {listed(columns, MOST_NAMES)}" if len(same) > 1 else "".join(columns)
    return where + (f"{names}: " if names else "") + message(finding.what, LONGEST)


def failures(diagnosis: Diagnosis, fails: AbstractSet[str]) -> int:
    """How many findings are of a severity that fails."""
    return sum(diagnosis.count(severity) for severity in Severity if severity.value in fails)
