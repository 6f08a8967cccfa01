"""What the systems for continuous integration make of the output: commands in a log, annotations, reports."""

import json
import re

import pytest

import smtrain
from smtrain.cli.main import run
from smtrain.reports.text import show

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
def go(monkeypatch, capsys, tmp_path):
    """Run one command line here, in a folder of its own and in a plain environment."""
    for name in ("GITHUB_ACTIONS", "GITHUB_WORKSPACE", "GITHUB_STEP_SUMMARY", "GITLAB_CI", "CI", "CI_PROJECT_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)

    def run_it(*arguments, code=0):
        found = run([str(argument) for argument in arguments])
        said = capsys.readouterr()
        assert found == code, said.err
        return said

    return run_it


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
