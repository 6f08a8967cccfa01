"""Files that are written: they keep the mode of those that they replace, and never take the place of an input."""

import os
import stat
import subprocess

import pytest

from smtrain.errors import ExitCode
from tests.cli import SMTRAIN, clean_environment, smtrain

TABLE = "x,y\n1,a\n2,b\n3,a\n4,b\n"
RAGGED = "x,y\n1,a\n2\n"


@pytest.fixture
def folder(go, tmp_path):
    """A folder with a table by three names, a model by two, and a file of options."""
    (tmp_path / "t.csv").write_text(TABLE)
    os.link("t.csv", "hard.csv")
    (tmp_path / "soft.csv").symlink_to("t.csv")
    (tmp_path / "v.csv").write_text(TABLE)
    (tmp_path / "c.toml").write_text("threads = 1\n")
    go("fit", "t.csv", "-q")
    os.link("model.npz", "other.npz")
    return tmp_path


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# Modes

WRITERS = {
    "model": ("fit", "t.csv", "-q", "-o", "out"),
    "log": ("fit", "t.csv", "-q", "-o", "m2.npz", "--log", "out"),
    "predictions": ("predict", "t.csv", "-o", "out"),
    "checks": ("evaluate", "t.csv", "--fail-if", "nll>9", "--junit", "out"),
    "comparison": ("compare", "model.npz", "model.npz", "t.csv", "--fail-if", "worse", "--junit", "out"),
    "findings": ("doctor", "t.csv", "--junit", "out"),
    "drift": ("check", "t.csv", "--junit", "out"),
    "code quality": ("doctor", "ragged.csv"),
    "summary": ("doctor", "t.csv"),
}


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o755, None])
@pytest.mark.parametrize("what", WRITERS)
def test_an_output_keeps_the_mode_of_the_file_that_it_replaces(what, mode, go, folder, monkeypatch):
    (folder / "ragged.csv").write_text(RAGGED)
    if what == "code quality":
        monkeypatch.setenv("GITLAB_CI", "true")
        monkeypatch.setenv("SMTRAIN_CODE_QUALITY", "out")
    if what == "summary":
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", "out")
    if mode is not None:
        (folder / "out").touch()
        (folder / "out").chmod(mode)
    before = os.umask(0o027)
    try:
        go(*WRITERS[what], code=ExitCode.DATA if what == "code quality" else ExitCode.OK)
    finally:
        os.umask(before)
    assert (folder / "out").stat().st_size > 0
    assert oct(stat.S_IMODE((folder / "out").stat().st_mode)) == oct(0o640 if mode is None else mode)


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser gives files away")
def test_an_output_keeps_the_owner_of_the_file_that_it_replaces(go, folder):
    (folder / "out").touch()
    os.chown("out", 1234, 4321)
    go("predict", "t.csv", "-o", "out")
    assert ((folder / "out").stat().st_uid, (folder / "out").stat().st_gid) == (1234, 4321)


# Inputs and outputs

SAME = [
    ("fit", "t.csv", "-o", "t.csv"),
    ("fit", "t.csv", "-o", "hard.csv"),
    ("fit", "t.csv", "-o", "soft.csv"),
    ("fit", "soft.csv", "-o", "hard.csv"),
    ("fit", "t.csv", "--log", "soft.csv"),
    ("fit", "t.csv", "--checkpoint", "hard.csv"),
    ("fit", "v.csv", "t.csv", "-o", "hard.csv"),
    ("fit", "t.csv", "--validation", "v.csv", "-o", "v.csv"),
    ("fit", "t.csv", "--validation", "v.csv", "--log", "v.csv"),
    ("fit", "v.csv", "--validation", "t.csv", "--checkpoint", "soft.csv"),
    ("fit", "t.csv", "--config", "c.toml", "-o", "c.toml"),
    ("fit", "t.csv", "--config", "c.toml", "--log", "./c.toml"),
    ("fit", "t.csv", "--config", "c.toml", "--checkpoint", "c.toml"),
    ("fit", "t.csv", "--init", "model.npz"),
    ("fit", "t.csv", "--init", "model.npz", "-o", "other.npz"),
    ("fit", "t.csv", "--init", "model.npz", "-o", "n.npz", "--log", "other.npz"),
    ("fit", "t.csv", "-o", "n.npz", "--log", "n.npz"),
    ("fit", "t.csv", "--log", "other.npz"),
    ("fit", "t.csv", "-o", "n.npz", "--log", "l", "--checkpoint", "l"),
    ("predict", "t.csv", "-o", "soft.csv"),
    ("predict", "soft.csv", "-o", "hard.csv"),
    ("predict", "t.csv", "-o", "other.npz"),
    ("predict", "t.csv", "--config", "c.toml", "-o", "c.toml"),
    ("evaluate", "t.csv", "--fail-if", "nll>9", "--junit", "hard.csv"),
    ("evaluate", "t.csv", "--fail-if", "nll>9", "--junit", "other.npz"),
    ("evaluate", "t.csv", "--config", "c.toml", "--fail-if", "nll>9", "--junit", "c.toml"),
    ("compare", "model.npz", "model.npz", "t.csv", "--fail-if", "worse", "--junit", "other.npz"),
    ("doctor", "t.csv", "--junit", "soft.csv"),
    ("doctor", "t.csv", "--config", "c.toml", "--junit", "c.toml"),
    ("check", "t.csv", "--junit", "hard.csv"),
    ("check", "t.csv", "--junit", "other.npz"),
]


@pytest.mark.parametrize("line", SAME, ids=" ".join)
def test_no_output_is_an_input_or_another_output_by_any_name(line, go, folder):
    before = contents(folder)
    said = go(*line, code=ExitCode.USAGE)
    assert "is the input" in said.err or "are the same file" in said.err
    assert contents(folder) == before


@pytest.mark.parametrize("name", ["GITHUB_STEP_SUMMARY", "SMTRAIN_CODE_QUALITY"])
@pytest.mark.parametrize("path", ["t.csv", "hard.csv", "other.npz", "c.toml", "r.xml"])
def test_what_a_job_asks_for_is_no_input_and_no_other_output(name, path, go, folder, monkeypatch):
    monkeypatch.setenv("GITLAB_CI", "true")
    monkeypatch.setenv(name, str(folder / path))
    (folder / "r.xml").touch()
    before = contents(folder)
    line = ("evaluate", "t.csv", "--config", "c.toml", "--fail-if", "nll>9", "--junit", "r.xml")
    assert name in go(*line, code=ExitCode.USAGE).err
    assert contents(folder) == before


STREAMS = [
    "fit - -o t.csv",
    "predict - -o soft.csv",
    "predict - >> t.csv",
    "predict t.csv >> t.csv",
    "evaluate soft.csv >> hard.csv",
    "show model.npz >> other.npz",
]


def in_a_shell(line, folder):
    command = " ".join([*SMTRAIN, line])
    return subprocess.run(
        command, shell=True, cwd=folder, env=clean_environment(), capture_output=True, check=False, timeout=60
    )


@pytest.mark.parametrize("line", STREAMS)
def test_the_standard_streams_are_inputs_and_outputs_too(line, folder):
    before = contents(folder)
    done = in_a_shell(line + (" < t.csv" if " - " in line else ""), folder)
    assert done.returncode == ExitCode.USAGE
    assert b"input" in done.stderr
    assert contents(folder) == before


def test_a_pipe_is_no_file_that_could_be_lost(folder):
    done = in_a_shell("predict /dev/stdin -o /dev/stdout < t.csv | cat", folder)
    assert done.stdout.splitlines() == [b"prediction", b"a", b"a", b"b", b"b"], done.stderr


@pytest.mark.parametrize(
    ("arguments", "file"),
    [
        (["fit", "t.csv", "-q", "--json", "--log", "l.jsonl"], "l.jsonl"),
        (["fit", "t.csv", "-q", "--json", "-o", "m.npz"], "m.npz"),
        (["evaluate", "t.csv", "--fail-if", "accuracy<0", "--junit", "j.xml"], "j.xml"),
    ],
)
def test_standard_output_is_no_file_that_a_command_writes_by_its_name(arguments, file, tmp_path):
    (tmp_path / "t.csv").write_text("x,y\n1,a\n2,b\n3,a\n")
    smtrain("fit", "t.csv", "-q", cwd=tmp_path)
    with (tmp_path / file).open("w") as stream:
        done = subprocess.run(
            [*SMTRAIN, *arguments],
            cwd=tmp_path,
            stdout=stream,
            stderr=subprocess.PIPE,
            env=clean_environment(),
            check=False,
        )
    assert done.returncode == 2
    assert b"standard output is the file of" in done.stderr


def test_a_log_is_no_stream(tmp_path):
    (tmp_path / "-").write_text("x,y\n1,a\n2,b\n3,a\n")
    said = smtrain("fit", "./-", "-q", "--log", "-", cwd=tmp_path, code=2).stderr
    assert "--log is a file" in said
    assert (tmp_path / "-").read_text().startswith("x,y")
