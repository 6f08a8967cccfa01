"""Any name that the system allows, in any locale: nothing but a line of text may depend on it."""

import json
import os
import subprocess

import numpy as np
import pytest

import smtrain as sm
from tests.cli import SMTRAIN, clean_environment, smtrain

ROWS = "été,taille,y\n" + "".join(f"{'où' if i % 3 else 'là'},{i % 7},{'ça' if i % 2 else 'ni'}\n" for i in range(40))
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
NAMES = {
    "not UTF-8": b"\xff \xc3",
    "UTF-8": "né ü語😀".encode(),
    "long": "ü".encode() * 100,
    "odd": b"-a\n'\"%s$(x)[b]",
}


def run(folder, *line, env=None, code=0):
    """One command line of bytes."""
    line = [part if isinstance(part, bytes) else os.fsencode(str(part)) for part in line]
    done = subprocess.run(
        [*SMTRAIN, *line],
        cwd=folder,
        env=clean_environment(**(env or {})),
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=60,
    )
    assert done.returncode == code, done.stderr.decode()
    assert b"Traceback" not in done.stderr
    return done


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "env"), [("not UTF-8", {}), ("not UTF-8", ASCII), ("UTF-8", ASCII), ("odd", {})], ids=str
)
def test_every_file_of_every_command_may_have_any_name(name, env, tmp_path):
    name = NAMES[name]
    data, new, model = (b"./" + name + end for end in (b".csv", b".2.csv", b".npz"))
    for path in (data, new):
        (tmp_path / os.fsdecode(path)).write_text(ROWS, encoding="utf-8")
    config, junit, log, kept, out = (b"./" + name + end for end in (b".toml", b".xml", b".log", b".tmp", b".out"))
    (tmp_path / os.fsdecode(config)).write_text("threads = 1\n")
    ci = {"GITLAB_CI": "true", "GITHUB_ACTIONS": "true", **env}
    names = (b"SMTRAIN_CODE_QUALITY", b"quality"), (b"GITHUB_STEP_SUMMARY", b"summary")
    ci |= {os.fsdecode(key): os.fsdecode(name + b"." + end) for key, end in names}
    run(tmp_path, "fit", data, "-o", model, "--validation", new, "--log", log, "--checkpoint", kept, "--config", config,
        "--json", env=ci)  # fmt: skip
    run(tmp_path, "fit", data, "-o", b"2" + name, "--init", model, "-q", env=ci)
    run(tmp_path, "predict", new, "-m", model, "-o", out, "--keep", "été", env=ci)
    assert (tmp_path / os.fsdecode(out)).read_text("utf-8").startswith("été,prediction\n")
    run(tmp_path, "evaluate", new, "-m", model, "--fail-if", "recall[ça]<0", "--junit", junit, "--worst", 2, env=ci)
    run(tmp_path, "compare", model, model, new, "--format", "markdown", env=ci)
    run(tmp_path, "doctor", data, "--target", "y", "--junit", junit, env=ci)
    run(tmp_path, "check", data, "-m", model, "--junit", junit, "--json", env=ci)
    run(tmp_path, "verify", model, data, "-q", env=ci)
    run(tmp_path, "show", model, "--reference", "ça", env=ci)
    run(tmp_path, "explain", data, "-m", model, env=ci)
    run(tmp_path, "gradcheck", data, env=ci)
    for command in ("fit", "doctor", "gradcheck", "show", "predict"):
        assert b"smtrain: error: " in run(tmp_path, command, b"no" + name, env=ci, code=2).stderr
    (tmp_path / os.fsdecode(data)).write_text("x,y\n1\n")
    run(tmp_path, "doctor", data, "--junit", junit, env=ci, code=3)


@pytest.mark.parametrize("env", [pytest.param({}, marks=pytest.mark.slow), ASCII], ids=["UTF-8", "ASCII"])
def test_the_folders_may_have_any_name(env, tmp_path):
    folder = tmp_path / os.fsdecode(b"\xff \xc3\xa9")
    folder.mkdir()
    (folder / "t.csv").write_text(ROWS, encoding="utf-8")
    env = {**env, "TMPDIR": str(folder), "HOME": str(folder), "GITHUB_WORKSPACE": str(folder), "GITHUB_ACTIONS": "true"}
    env |= {"GITLAB_CI": "true", "SMTRAIN_CODE_QUALITY": str(folder / "quality"), "CI_PROJECT_DIR": str(folder)}
    run(folder, "fit", "t.csv", "--memory", "2G", "--log", "l", "-o", "m.npz", env=env)
    run(folder, "verify", "m.npz", folder / "t.csv", "-q", env=env)
    run(folder, "predict", "t.csv", "-m", folder / "m.npz", "-o", folder / "p.csv", env=env)
    (folder / "t.csv").write_text("x,y\n1\n")
    run(folder, "doctor", folder / "t.csv", env=env, code=3)


def slowly_but_one(names):
    """The names by their ids; all but the first are slow, for each fits in processes of their own."""
    marks = [[], *[[pytest.mark.slow]] * (len(names) - 1)]
    return [pytest.param(name, marks=mark, id=key) for (key, name), mark in zip(names.items(), marks, strict=True)]


@pytest.mark.parametrize("name", slowly_but_one(NAMES))
def test_the_locale_changes_no_byte_of_a_model(name, tmp_path):
    path = tmp_path / os.fsdecode(name)
    path.write_text(ROWS, encoding="utf-8")
    line = (
        "fit",
        path,
        "--validation",
        b"./" + name,
        "-q",
        "--categorical",
        "été",
        "--class-weight",
        "ça=2",
        "-t",
        "y",
    )
    run(tmp_path, *line, "-o", "utf8.npz")
    run(tmp_path, *line, "-o", "ascii.npz", env=ASCII)
    assert (tmp_path / "utf8.npz").read_bytes() == (tmp_path / "ascii.npz").read_bytes()
    run(tmp_path, "verify", "ascii.npz", path, "-q")
    run(tmp_path, "verify", "utf8.npz", path, "-q", env=ASCII)
    meta = np.load(tmp_path / "utf8.npz")["meta"].tobytes().decode()
    recorded = json.loads(meta)["fit"]["options"]["validation"]
    assert recorded.encode("utf-8", "surrogateescape") == b"./" + name


@pytest.mark.parametrize("env", [{}, ASCII], ids=["UTF-8", "ASCII"])
def test_a_path_in_a_file_of_options_is_utf8(env, tmp_path):
    (tmp_path / "né.csv").write_text(ROWS, encoding="utf-8")
    (tmp_path / "c.toml").write_text(
        'data = ["né.csv"]\nvalidation = "né.csv"\ntarget = "été"\noutput = "modèle.npz"\nlog = "é.log"\n', "utf-8"
    )
    run(tmp_path, "fit", "--config", "c.toml", "-q", env=env)
    assert {"modèle.npz", "é.log"} <= {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize("key", ["output", "log", "checkpoint", "init", "validation", "data"])
def test_what_is_no_path_is_told_before_the_work(key, tmp_path):
    (tmp_path / "t.csv").write_text(ROWS, encoding="utf-8")
    (tmp_path / "c.toml").write_text(f'{key} = "a\\u0000b"\n')
    done = smtrain("fit", *([] if key == "data" else ["t.csv"]), "--config", "c.toml", code=2, cwd=tmp_path)
    assert "a path cannot hold a NUL" in done.stderr


def test_a_text_that_is_not_utf8_is_told_before_the_work(tmp_path):
    (tmp_path / "t.csv").write_text(ROWS, encoding="utf-8")
    for option in ("--target", "--weight", "--class-weight", "--na-values", "--drop", "--numeric"):
        assert b"not UTF-8 text" in run(tmp_path, "fit", "t.csv", option, b"\xff=1", code=2).stderr
    assert b"not UTF-8 text" in run(tmp_path, "evaluate", "t.csv", "--fail-if", b"recall[\xff]<1", code=2).stderr


@pytest.mark.parametrize(
    "options",
    [
        {"dialect": sm.Dialect(na_values=("\ud800",))},
        {"validation": "\ud800"},
        {"class_weight": {"\udcff": 2.0}},
        {"target": "\udcff"},
    ],
)
def test_what_a_model_cannot_keep_is_an_error_before_the_work(options, tmp_path):
    (tmp_path / "t.csv").write_text(ROWS, encoding="utf-8")
    with pytest.raises(sm.UsageError):
        sm.fit(tmp_path / "t.csv", **options)


def test_a_model_is_not_saved_to_what_is_no_path(tmp_path):
    (tmp_path / "t.csv").write_text(ROWS, encoding="utf-8")
    with pytest.raises(sm.UsageError):
        sm.fit(tmp_path / "t.csv").save("\ud800")
