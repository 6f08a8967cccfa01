"""What the systems for continuous integration make of the output: commands in a log, annotations, reports."""

import fcntl
import json
import os
import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

import smtrain
from smtrain.reports.text import show
from tests.cli import SMTRAIN

# Texts that a runner of GitHub could take for one of its commands, at the start of a line or anywhere in it.
NASTY = [
    "::error::a",
    " ::stop-commands::b",
    "##[add-mask]c",
    "d##[set-env name=A]e",
    "\u3000::debug::f",
    ":##[error]:g",
]
FILE = "::warning::x##[error].csv"


def commands(text):
    """The commands that a runner finds in a log, by the rules of actions/runner (ActionCommand.cs), of any name."""
    found = []
    for line in re.split(r"\r\n|\r|\n", text):
        second = re.match(r"\s*::(.*?)::", line)
        first = re.search(r"##\[(.*?)\]", line)
        found += [(second or first)[1]] if second or first else []
    return found


def test_the_runner_is_well_imitated():
    log = "a::b::c\n  ::error file=x::y\nz ##[add-mask]q\n::\n::x\n##[\nsmtrain: error: ::x::\n"
    assert commands(log) == ["error file=x", "add-mask"]


@pytest.fixture
def nasty(tmp_path):
    """A table whose names, levels and labels are nasty, and two models of it."""
    names = [*NASTY[:3], "target"]
    rows = [[str((i * 7 + j * 5) % 11) for j in range(2)] + [NASTY[i % 5], NASTY[(i * i // 5) % 6]] for i in range(60)]
    (tmp_path / FILE).write_text("\n".join(",".join(row) for row in [names, *rows]) + "\n")
    path = str(tmp_path / FILE)
    smtrain.fit(path, target="target", se=True).save(str(tmp_path / "model.npz"))
    smtrain.fit(path, target="target", drop=(NASTY[2],)).save(str(tmp_path / "other.npz"))
    (tmp_path / "new.csv").write_text((tmp_path / FILE).read_text().replace("##[add-mask]c", "::group::h"))
    return tmp_path


REPORTS = [
    (["show"], 0),
    (["show", "--se", "--reference", NASTY[0]], 0),
    (["explain", FILE], 0),
    (["gradcheck", FILE], 0),
    (["doctor", FILE], 0),
    (["check", "new.csv"], 7),
    (["evaluate", FILE, "--worst", 9, "--fail-if", f"recall[{NASTY[2]}]<2"], 7),
    (["compare", "model.npz", "other.npz", FILE], 0),
    (["compare", "model.npz", "other.npz", FILE, "--format", "markdown"], 0),
    (["verify", "model.npz", FILE], 0),
    (["verify", "model.npz", "new.csv"], 7),
    (["fit", FILE, "--output", "m.npz"], 0),
    (["fit", FILE, "-t", NASTY[2], "--numeric", NASTY[2]], 2),
    (["fit", FILE, "--drop", NASTY[3]], 2),
    (["fit", "::error::no.csv"], 2),
    (["##[error]"], 2),
    (["fit", FILE, "--##[error]"], 2),
    *((command, 0) for command in (["show", "--json"], ["explain", FILE, "--json"], ["doctor", FILE, "--json"])),
    (["predict", FILE, "--output", "predictions.csv", "--keep", NASTY[2]], 0),
]


@pytest.mark.parametrize(("line", "code"), REPORTS, ids=[" ".join(map(str, line)) for line, _ in REPORTS])
def test_no_text_of_a_user_is_a_command_of_a_report(line, code, go, nasty, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    said = go(*line, code=code)
    assert commands(said.out) == []
    assert [name for name in commands(said.err) if " file=" not in name] == []


def test_what_is_data_stays_as_it_is(go, nasty, monkeypatch):
    plain = go("show").out, go("predict", FILE).out, go("show", "--json").out
    assert "\n::error::a  " in plain[0]
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    safe = go("show").out, go("predict", FILE).out, go("show", "--json").out
    assert "\n\\x3a:error::a  " in safe[0]
    assert plain[1] == safe[1]
    assert "\n ::stop-commands::b\n" in safe[1]
    assert json.loads(plain[2]) == json.loads(safe[2])


def test_a_text_with_colons_elsewhere_is_no_command(monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert [show(text) for text in ("a::b", "## [x]", "#[x]", ":x", "std::vector")] == [
        "a::b", "## [x]", "#[x]", ":x", "std::vector"]  # fmt: skip


# GitLab's Code Quality report


@pytest.fixture
def gitlab(go, monkeypatch, tmp_path):
    """A job of GitLab in a folder of its own; gives what is in the report."""
    monkeypatch.setenv("GITLAB_CI", "true")
    monkeypatch.setenv("CI_PROJECT_DIR", str(tmp_path))
    monkeypatch.setenv("SMTRAIN_CODE_QUALITY", "quality.json")
    return lambda: json.loads(Path("quality.json").read_bytes())


def bad(path, line, cell):
    """A table of 20 rows with a word among its numbers."""
    rows = [f"{i * 37 % 101 / 4},{'ab'[i % 2]}" for i in range(20)]
    rows[line - 2] = f"{cell},a"
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(["x,y", *rows]) + "\n")
    return path


def test_a_data_error_is_in_the_code_quality_report_at_its_line(go, gitlab, tmp_path):
    bad(tmp_path / "data" / "d.csv", 9, "oops")
    said = go("fit", "./data/d.csv", "--numeric", "x", code=3)
    assert "::" not in said.err
    (found,) = gitlab()
    assert re.fullmatch("[0-9a-f]{64}", found.pop("fingerprint"))
    assert found == {
        "description": 'column "x": not a number: "oops"',
        "check_name": "smtrain: data error",
        "severity": "critical",
        "location": {"path": "data/d.csv", "lines": {"begin": 9}},
    }


def test_commands_of_a_job_add_to_one_report_and_an_error_is_told_once(go, gitlab, tmp_path):
    good = bad(tmp_path / "good.csv", 9, "3")
    go("fit", good, "-q")
    assert gitlab() == []  # a report of a branch without faults, which GitLab compares with
    for name, line in (("d.csv", 9), ("e.csv", 9), ("d.csv", 9), ("d.csv", 12)):
        go("fit", bad(tmp_path / name, line, "oops"), "--numeric", "x", code=3)
    assert [(one["location"]["path"], one["location"]["lines"]["begin"]) for one in gitlab()] == [
        ("d.csv", 9), ("e.csv", 9), ("d.csv", 12)]  # fmt: skip
    assert len({one["fingerprint"] for one in gitlab()}) == 3
    other = {"description": "of another tool", "fingerprint": "0"}
    Path("quality.json").write_text(json.dumps([other]))
    go("fit", "d.csv", "--numeric", "x", code=3)
    assert gitlab()[0] == other
    assert len(gitlab()) == 2


def test_findings_with_a_line_are_in_the_code_quality_report(go, gitlab, tmp_path):
    bad(tmp_path / "d.csv", 9, "oops")
    findings = json.loads(go("doctor", "d.csv", "--json").out)["findings"]
    placed = [finding for finding in findings if finding["line"]]
    assert {finding["severity"] for finding in placed} == {"error"}
    levels = {"error": "critical", "warning": "minor", "note": "info"}
    assert [
        (one["check_name"], one["severity"], one["location"]["lines"]["begin"], one["description"]) for one in gitlab()
    ] == [
        (
            f"smtrain: {f['code']} {f['kind']}",
            levels[f["severity"]],
            f["line"],
            f"{f['code']} {f['column']}: {f['what']}",
        )
        for f in placed
    ]


def test_the_code_quality_report_is_for_gitlab_and_where_it_is_asked_for(go, gitlab, monkeypatch, tmp_path):
    bad(tmp_path / "d.csv", 9, "oops")
    monkeypatch.delenv("GITLAB_CI")
    go("fit", "d.csv", "--numeric", "x", code=3)
    monkeypatch.setenv("GITLAB_CI", "true")
    monkeypatch.delenv("SMTRAIN_CODE_QUALITY")
    go("fit", "d.csv", "--numeric", "x", code=3)
    assert [path.name for path in tmp_path.iterdir()] == ["d.csv"]


@pytest.mark.parametrize("name", ["quality.json", "./quality.json", "n.npz"])
def test_a_command_that_is_refused_for_its_files_begins_no_report(name, go, gitlab, tmp_path):
    bad(tmp_path / "d.csv", 9, "3")
    said = go("fit", "d.csv", "-o", name, "--log", "n.npz" if name == "n.npz" else "log", code=2)
    assert "are the same file" in said.err
    assert [path.name for path in tmp_path.iterdir()] == ["d.csv"]


@pytest.mark.parametrize("content", ["", "[", "{}", "[1, 2]", "\xff", "[" * 100_000, "x,y\n"])
def test_what_is_no_report_is_left_alone_with_a_warning(content, go, gitlab, tmp_path):
    bad(tmp_path / "d.csv", 9, "oops")
    before = content.encode("latin-1")
    Path("quality.json").write_bytes(before)
    said = go("fit", "d.csv", "--numeric", "x", code=3).err.splitlines()
    if content:
        assert sum(line.startswith("smtrain: warning: no code quality report: ") for line in said) == 1
        assert Path("quality.json").read_bytes() == before
    else:
        assert len(gitlab()) == 1
    assert said[-1].startswith("hint: ")


@pytest.mark.parametrize("path", ["no/quality.json", ".", "-", "b" * 300])
def test_a_report_that_cannot_be_written_is_a_warning(path, go, gitlab, monkeypatch, tmp_path):
    bad(tmp_path / "d.csv", 9, "oops")
    monkeypatch.setenv("SMTRAIN_CODE_QUALITY", path)
    said = go("fit", "d.csv", "--numeric", "x", code=3)
    assert said.out == ""
    assert path == "-" or "smtrain: warning: no code quality report: " in said.err


def test_jobs_at_once_lose_nothing(gitlab, tmp_path):
    names = [f"{i}.csv" for i in range(4)]
    for name in names:
        bad(tmp_path / name, 5, "oops")
    line = [*SMTRAIN, "fit", "--numeric", "x"]
    started = [subprocess.Popen([*line, name], stderr=subprocess.DEVNULL) for name in names]
    assert [one.wait(60) for one in started] == [3] * 4
    assert sorted(one["location"]["path"] for one in gitlab()) == names


def test_a_folder_that_somebody_else_has_locked_holds_up_nothing(go, gitlab, monkeypatch, tmp_path):
    monkeypatch.setattr("smtrain.cli.annotating.ATTEMPTS", 2)
    folder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)  # as `flock . smtrain …` does
    go("fit", bad(tmp_path / "d.csv", 5, "oops"), "--numeric", "x", code=3)
    os.close(folder)
    assert len(gitlab()) == 1


# doctor and check: JUnit and the summary of a job


@pytest.fixture
def tables(tmp_path):
    """A table, its model, and tables with an error, a warning, and a line that cannot be read."""
    text = bad(tmp_path / "good.csv", 9, "3").read_text()
    smtrain.fit(str(tmp_path / "good.csv"), target="y").save(str(tmp_path / "model.npz"))
    bad(tmp_path / "bad.csv", 9, "o|ps")
    bad(tmp_path / "ragged.csv", 9, "1,2")
    (tmp_path / "more.csv").write_text(text.replace("\n", ",1\n").replace("y,1", "y,z"))
    return tmp_path


def suite_of(path):
    (suite,) = ElementTree.parse(path).getroot()
    return suite


CASES = [
    (["doctor", "bad.csv", "--strict"], 7, {"mixture": "failure"}),
    (["doctor", "bad.csv"], 0, {"mixture": "system-out"}),
    (["doctor", "good.csv"], 0, {}),
    (["check", "bad.csv"], 7, {"no number": "failure"}),
    (["check", "more.csv"], 0, {"new column": "system-out"}),
    (["check", "more.csv", "--strict"], 7, {"new column": "failure"}),
    (["check", "good.csv"], 0, {}),
]


@pytest.mark.parametrize(("line", "code", "expected"), CASES, ids=[" ".join(line) for line, _, _ in CASES])
def test_findings_are_test_cases_of_a_junit_report(line, code, expected, go, tables):
    findings = json.loads(go(*line, "--json", "--junit", "r.xml", code=code).out)["findings"]
    suite = suite_of("r.xml")
    assert suite.get("name") == f"smtrain {line[0]}"
    first, *cases = suite
    assert (first.get("name"), len(first)) == ("data", 0)
    names = [f["kind"] if f["column"] is None else f"{f['kind']}: {f['column']}" for f in findings]
    assert [case.get("name") for case in cases] == names
    for case, finding in zip(cases, findings, strict=True):
        assert (case.get("file"), case.get("line")) == (finding["source"], finding["line"] and str(finding["line"]))
        assert finding["what"] in case[0].text
        assert finding["hint"] is None or finding["hint"] in case[0].text
    tags = {finding["kind"]: case[0].tag for case, finding in zip(cases, findings, strict=True)}
    assert expected.items() <= tags.items()
    failed = sum(case[0].tag == "failure" for case in cases)
    assert (suite.get("tests"), suite.get("failures")) == (str(len(cases) + 1), str(failed))
    assert (failed > 0) == (code == 7)


@pytest.mark.parametrize("command", ["doctor", "check"])
def test_a_table_that_cannot_be_read_is_an_error_of_the_junit_report(command, go, tables):
    Path("r.xml").write_text("passed, last time")
    go(command, "ragged.csv", "--junit", "r.xml", code=3)
    cases = suite_of("r.xml")
    if command == "doctor":  # which tells of the rows before it, too
        (case,) = [case for case in cases if case.get("name") == "record"]
        assert (case.get("line"), case[0].tag) == ("9", "failure")
    else:
        (case,) = cases
        assert (case.get("name"), case.get("line"), case[0].tag) == ("data", "9", "error")


@pytest.mark.parametrize("junit", ["-", "no/r.xml", "good.csv", "model.npz"])
def test_a_junit_report_that_cannot_be_written_is_told_before_the_work(junit, go, tables):
    before = (tables / "good.csv").read_bytes()
    code = 0 if junit == "model.npz" else 2  # which doctor does not read
    go("doctor", "good.csv", "--junit", junit.replace("model", "r"), code=code)
    go("check", "good.csv", "--junit", junit, code=2)
    assert (tables / "good.csv").read_bytes() == before


@pytest.mark.parametrize(("line", "code"), [(line, code) for line, code, _ in CASES])
def test_findings_are_in_the_summary_of_the_job(line, code, go, tables, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "s.md")
    findings = json.loads(go(*line, "--json", code=code).out)["findings"]
    page = Path("s.md").read_text()
    assert page.startswith(f"### smtrain {line[0]}\n")
    assert f"| data | `{line[1]}` |" in page
    assert ("| model | `model.npz` |" in page) == (line[0] == "check")
    assert ("\nno finding fails\n" in page) == (code == 0)
    rows = [row for row in page.splitlines() if row.startswith(("| error |", "| warning |", "| note |"))]
    assert [row.split(" | ")[:2] for row in rows] == [[f"| {one['severity']}", one["code"]] for one in findings]
    assert all(row.count("|") == 5 for row in rows)
    go(*line, code=code)
    assert Path("s.md").read_text() == 2 * page
