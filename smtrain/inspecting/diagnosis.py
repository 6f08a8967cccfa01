"""A finding on a table, before a fit or against a contract: how bad it is, where it is, what helps."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from smtrain.errors import counted, quoted
from smtrain.inspecting.codes import BY_KIND, check_codes
from smtrain.wording import Spoken

if TYPE_CHECKING:
    import pandas as pd

    from smtrain.fitting.refusals import Refusal

# The kind of the finding on a record that cannot be read.
BROKEN = "record"


class Severity(Enum):
    """How bad a finding is; the worst first.

    >>> [severity.value for severity in smtrain.Severity]
    ['error', 'warning', 'note']
    """

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """`kind` is a stable word for programs, `what` a sentence, `numbers` what it is made of.

    `column`, `source` and `line` say where, each None if it is no place; `line` is the row's number from 0 where the
    source is a frame. `hint` says which argument or action mends it; `smtrain.wording.in_shell` has the option. Texts
    from files are raw: reports escape and cut them.

    >>> finding = smtrain.doctor("iris.csv").findings[0]
    >>> finding.code, finding.kind, finding.line
    ('SM507', 'equal rows', 144)
    """

    severity: Severity
    kind: str
    what: str
    column: str | None = None
    source: str | None = None
    line: int | None = None
    hint: str | None = None
    numbers: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        """How bad it is, where, and what."""
        column = "" if self.column is None else f"column {quoted(self.column)}: "
        return f"<{self.severity.value}: {column}{self.what}>"

    @property
    def code(self) -> str:
        """The code of its kind, as docs/findings.md lists them."""
        return BY_KIND[self.kind].code

    def __post_init__(self) -> None:
        """Have the hint speak Python, and know what the command line says."""
        if self.hint is not None:
            object.__setattr__(self, "hint", Spoken(self.hint))


def refused(refusal: "Refusal") -> Finding:
    """The error for what a fit refuses. Which table it is stands above all findings, so only a line has its source."""
    source = None if refusal.line is None else refusal.source
    place = refusal.column, source, refusal.line
    return Finding(Severity.ERROR, refusal.kind, refusal.what, *place, refusal.hint, refusal.numbers)


@dataclass(frozen=True)
class Diagnosis:
    """The findings on a table of `rows` rows, the worst first.

    `target` is the column of the labels, None where that need not be said; `last` says that it was taken by default.

    >>> found = smtrain.doctor("iris.csv")
    >>> found.findings
    (<note: 1 row repeats an earlier one: lines 103 and 144>,)
    """

    rows: int
    findings: tuple[Finding, ...]
    target: str | None = None
    last: bool = False

    def __repr__(self) -> str:
        """How many findings there are of each severity."""
        counts = {severity: self.count(severity) for severity in Severity}
        found = ", ".join(counted(count, severity.value) for severity, count in counts.items() if count)
        return f"<Diagnosis of {counted(self.rows, 'row')}: {found or 'no findings'}>"

    def to_frame(self) -> "pd.DataFrame":
        """A line for each finding: its severity, code, kind and what it says, its column, its line or row, the hint.

        >>> found = smtrain.doctor("iris.csv")
        >>> found.to_frame()[["severity", "code", "kind", "line"]]
          severity   code        kind  line
        0     note  SM507  equal rows   144
        """
        import pandas as pd

        names = ("code", "kind", "what", "column", "line", "hint")
        lines = [
            {"severity": one.severity.value, **{name: getattr(one, name) for name in names}} for one in self.findings
        ]
        return pd.DataFrame(lines, columns=["severity", *names]).astype({"line": "Int64"})

    @property
    def broken(self) -> Finding | None:
        """The finding on the record that could not be read, where reading ended; None if all could."""
        return next((finding for finding in self.findings if finding.kind == BROKEN), None)

    def count(self, severity: Severity) -> int:
        """How many findings are of a severity.

        >>> found = smtrain.doctor("iris.csv")
        >>> found.count(smtrain.Severity.ERROR)
        0
        """
        return sum(finding.severity is severity for finding in self.findings)

    def without(self, *codes: str) -> "Diagnosis":
        """The same without the findings of some codes. Raises UsageError for a code that there is not.

        >>> smtrain.doctor("iris.csv").without("SM507")
        <Diagnosis of 150 rows: no findings>
        """
        check_codes(codes)
        return replace(self, findings=tuple(one for one in self.findings if one.code not in codes))


def diagnosis(rows: int, findings: Iterable[Finding]) -> Diagnosis:
    """Put the findings in order: by severity, else as they came."""
    order = list(Severity)  # sorting is stable, so findings of one severity keep the order of the columns
    return Diagnosis(rows, tuple(sorted(findings, key=lambda finding: order.index(finding.severity))))
