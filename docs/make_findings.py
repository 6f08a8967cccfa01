"""Write docs/findings.md from the table of findings: `make docs`."""

from pathlib import Path

from smtrain.inspecting.codes import TABLE, Code

PAGE = Path(__file__).with_name("findings.md")
INTRODUCTION = """\
# Findings

Written by `docs/make_findings.py` from the table in
[codes.py](../smtrain/inspecting/codes.py); edit that, not this page. `smtrain doctor` looks for findings in a table
before a fit, `fit` in what came of it, `check` in a table beside the data contract of a model, `evaluate` and `compare`
in the predictions (of the new model), `report` in all of these but the first, and for leaks (SM401) in the rows that it
is given.

Each has a code that stays the same, as its kind does: in the text, in `--json`, in JUnit XML and in annotations.
`--ignore SM507` leaves findings of that code out of everything, exit codes too; it can be given several times, or once
with several codes, `--ignore SM507,SM204`. From Python, `smtrain.doctor(data).without("SM507")`.

"""


def section(one: Code) -> str:
    """What the page says of a code."""
    severities = " or ".join(one.severities)
    return f"\n## {one.code}: {one.kind}\n\n{severities.capitalize()}. {one.when}\n\nWhat helps: {one.remedy}\n"


def page() -> str:
    """The whole page."""
    head = "| code | finding | severity |\n|---|---|---|\n"
    rows = [f"| [{one.code}](#{anchor(one)}) | {one.kind} | {', '.join(one.severities)} |\n" for one in TABLE]
    return "".join([INTRODUCTION, head, *rows, *map(section, TABLE)])


def anchor(one: Code) -> str:
    """The anchor that GitHub gives a heading."""
    return f"{one.code}-{one.kind}".lower().replace(" ", "-")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
