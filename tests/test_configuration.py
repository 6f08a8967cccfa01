"""`--config`: what a file may say, what wins over it, and what is refused."""

import json
from pathlib import Path

import pytest

from smtrain.cli.main import run
from smtrain.errors import ExitCode
from tests.cli import smtrain

PENGUINS = Path("sample_data/penguins.csv").absolute()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def options(folder, capsys):
    """The options that a fit settles on, with a text for train.toml."""

    def of(text, *arguments):
        Path("train.toml").write_text(text)
        code = run(["fit", str(PENGUINS), "-q", "--json", "--config", "train.toml", *arguments])
        shown = capsys.readouterr()
        assert (code, shown.err) == (ExitCode.OK, "")
        return json.loads(shown.out)["options"]

    return of


def test_a_file_says_what_the_command_line_would(tmp_path):
    (tmp_path / "train.toml").write_text(
        f'data = ["{PENGUINS}"]\ntarget = "species"\ndrop = ["year", "island,sex"]\nl2 = 0.5\noutput = "file.npz"\n'
        'quiet = true\nclass-weight = "Adelie=2"\n'
    )
    smtrain("fit", "--config", "train.toml", cwd=tmp_path)
    line = "-t species --drop year --drop island,sex --l2 0.5 -o line.npz -q --class-weight Adelie=2"
    smtrain("fit", PENGUINS, *line.split(), cwd=tmp_path)
    assert (tmp_path / "file.npz").read_bytes() == (tmp_path / "line.npz").read_bytes()


def test_the_command_line_wins_then_the_environment_then_the_file(options, monkeypatch):
    text = 'target = "species"\nl2 = 3\n'
    assert options(text)["l2"] == 3
    monkeypatch.setenv("SMTRAIN_FIT_L2", "5")
    assert options(text)["l2"] == 5
    assert options(text, "--l2", "7")["l2"] == 7
    assert options('target = "species"\ncalibrate = true\nvalidation = 0.5\n')["calibrate"] is True
    monkeypatch.setenv("SMTRAIN_FIT_CALIBRATE", "0")
    assert options('target = "species"\ncalibrate = true\nvalidation = 0.5\n')["calibrate"] is False


def test_the_environment_can_name_the_file(tmp_path):
    (tmp_path / "train.toml").write_text('target = "species"\n')
    env = {"SMTRAIN_FIT_CONFIG": "train.toml"}
    shown = json.loads(smtrain("fit", PENGUINS, "-q", "--json", cwd=tmp_path, env=env).stdout)
    assert shown["options"]["target"] == "species"


def test_a_key_is_an_option_with_either_sign(options):
    settled = options('target = "species"\nna-values = ["x"]\nbatch_size = 32\nlearning-rate = 1\ntol = 0.99999')
    assert (settled["na_values"], settled["batch_size"], settled["solver"]) == (["x"], 32, "gd")
    assert options('target = "species"\ndrop = "year,sex"')["drop"] == ["year", "sex"]
    assert options('﻿target = "species"\r\nmemory = "1G"\r\n')["memory"] == 1 << 30


def test_tables_are_for_the_commands_of_their_names(options):
    text = 'target = "species"\n[fit]\nl2 = 2\n[predict]\nproba = true\n'
    assert options(text)["l2"] == 2
    assert options("l2 = 1\n" + text)["l2"] == 2


def test_other_commands_take_the_file_too(options, capsys):
    options('[fit]\ntarget = "species"\n[predict]\nproba = true\nkeep = ["species"]\n')
    assert run(["predict", str(PENGUINS), "--config", "train.toml"]) == ExitCode.OK
    assert capsys.readouterr().out.startswith("species,prediction,p(Adelie),")


def test_keys_above_the_tables_are_for_the_commands_that_have_them(options, capsys):
    text = 'target = "species"\nl2 = 0.5\ndrop = "year"\ntop = 1\nby = "sex"\n[fit]\nl2 = 2.0\n'
    assert [options(text)[key] for key in ("target", "l2", "drop")] == ["species", 2.0, ["year"]]
    assert run(["split", str(PENGUINS), "-q", "--config", "train.toml"]) == ExitCode.OK
    assert run(["evaluate", str(PENGUINS), "--config", "train.toml"]) == ExitCode.OK
    assert run(["predict", str(PENGUINS), "--config", "train.toml"]) == ExitCode.OK
    assert "prediction,top1,p1\n" in capsys.readouterr().out


def test_the_options_printed_are_those_that_repeat_the_fit(options):
    settled = options('target = "species"\ndrop = ["year"]\n')
    assert {"l2": 1.0, "tol": 1e-4, "solver": "lbfgs", "precision": "float64", "seed": 0}.items() <= settled.items()
    assert settled["data"] == [str(PENGUINS)]
    first = Path("model.npz").read_bytes()
    text = "".join(f"{key} = {json.dumps(value)}\n" for key, value in settled.items() if value is not None)
    assert options(text) == settled
    assert Path("model.npz").read_bytes() == first


WRONG = [
    ("epoch = 3", '"epoch" is not an option of smtrain fit', "did you mean epochs?"),
    ("zzz = 3", '"zzz" is not an option of smtrain fit', "smtrain fit --help"),
    ("config = 'a.toml'", '"config" is not an option', None),
    ("epochs = 'many'", '"epochs": expected a whole number', None),
    ("epochs = 3.5", '"epochs": expected a whole number', None),
    ("epochs = true", '"epochs": expected a whole number', None),
    ("epochs = -1", '"epochs": -1 is not in the range x>=0', None),
    ("momentum = '3'", '"momentum": expected a number', None),
    ("l2 = 'much'", "\"l2\": 'much' is not a number", None),
    ("l2 = 1" + "0" * 400, '"l2": 1000', None),
    ("validation = 1" + "0" * 400, '"validation": ', None),
    ("l2 = nan", '"l2": nan is not at least 0', None),
    ("momentum = 2", '"momentum": 2 is not at least 0 and at most', None),
    ("json = 1", '"json": expected true or false', None),
    ("target = 3", '"target": expected a string', None),
    ("target = ['a']", '"target": expected a string', None),
    ("target = 1979-05-27", '"target": expected a string', None),
    ("drop = [1]", '"drop": expected a string, or a list of them', None),
    ("drop = {a = 1}", '"drop": expected a string, or a list of them', None),
    ("memory = 1.5", '"memory": expected a whole number or a string', None),
    ("solver = 'sgd'", "\"solver\": 'sgd' is not one of 'lbfgs', 'proximal', 'gd'", None),
    ("delimiter = 'ab'", '"delimiter": write one ASCII character', None),
    ("batch-size = 1\nbatch_size = 2", '"batch_size" is given twice', None),
    ("fit = 3", '"fit" is a command: expected a table [fit]', None),
    ("[fit]\nepoch = 3", '"epoch" is not an option of smtrain fit', "did you mean epochs?"),
    ("[fitt]\nepochs = 3", '"fitt" is not an option of smtrain fit', None),
    ("a = \nb = 1", ":1: not TOML: Invalid value", None),
    ("l2 = 1\nl2 = 2\n", ":2: not TOML: Cannot overwrite a value", None),
    ("a = " + "[" * 100_000, "not TOML: ", None),
    ("a = 1" + "0" * 5000, "not TOML: ", None),
    (b"target = '\xff'", "not UTF-8", None),
    ("#" * 1_000_001, "more than 1 MB", None),
]


@pytest.mark.parametrize(("text", "message", "hint"), WRONG, ids=[str(case[0])[:24] for case in WRONG])
def test_what_is_refused(text, message, hint, folder, capsys):
    Path("train.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert run(["fit", str(PENGUINS), "--config", "train.toml"]) == ExitCode.USAGE
    shown = capsys.readouterr()
    assert shown.out == ""
    first, *rest = shown.err.splitlines()
    assert first.startswith("smtrain: error: train.toml:")
    assert message in first
    assert hint is None or rest == [f"hint: {hint}"]
    assert [path.name for path in folder.iterdir()] == ["train.toml"]


@pytest.mark.parametrize("value", ["accuracy", "auk<1"])
def test_a_check_that_is_refused_names_its_option_once(value, folder, capsys):
    Path("train.toml").write_text(f"[evaluate]\nfail-if = '{value}'\n")
    assert run(["evaluate", str(PENGUINS), "--config", "train.toml"]) == ExitCode.USAGE
    said = capsys.readouterr().err.splitlines()[0]
    assert said.startswith('smtrain: error: train.toml: "fail-if": ')
    assert said.count("fail-if") == 1


def test_a_file_that_is_not_there(folder, capsys):
    assert run(["fit", str(PENGUINS), "--config", "no.toml"]) == ExitCode.USAGE
    assert 'cannot read "no.toml": No such file' in capsys.readouterr().err
    assert run(["fit", str(PENGUINS), "--config", "."]) == ExitCode.USAGE
