"""The command line as its users type it: every command's help, outputs, exit codes and one-line failures."""

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import smtrain as sm
from smtrain.cli.main import COMMANDS
from smtrain.errors import ExitCode
from tests.cli import SMTRAIN, clean_environment, smtrain
from tests.hostile.harness import invoke

SAMPLES = Path("sample_data").absolute()
PENGUINS, IRIS, CAR = (SAMPLES / name for name in ("penguins.csv", "iris.csv", "car.csv"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a model of the penguins."""
    found = tmp_path_factory.mktemp("penguins")
    smtrain("fit", PENGUINS, "-t", "species", cwd=found)
    return found


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "completion"])
def test_every_command_has_help_and_handles_missing_and_empty_files(command, folder, tmp_path):
    assert "Usage: smtrain" in smtrain(command, "--help").stdout
    (tmp_path / "empty.csv").touch()
    model = folder / "model.npz"
    first = {"compare": [model, model], "verify": [model], "export": ["--to", "json"]}.get(command, [])
    last = ["-m", model] if command in {"predict", "evaluate", "report", "check", "explain"} else []
    for path in ("no-such-file", tmp_path / "empty.csv"):
        no_model = ExitCode.MODEL if command in {"show", "export"} else ExitCode.DATA
        expected = ExitCode.USAGE if path == "no-such-file" else no_model
        done = invoke(command, *first, path, *last, folder=tmp_path)
        assert done.code == expected
        assert done.stderr.startswith("smtrain: error: ")
        assert len(done.stderr.splitlines()) <= 2


def test_the_version_and_those_of_everything(go, monkeypatch):
    monkeypatch.setenv("SMTRAIN_VERSION", "2")
    monkeypatch.setenv("SMTRAIN_JSON", "yes")
    assert go("--version").out == f"smtrain {sm.__version__}\n"
    both = [json.loads(go(*words).out) for words in (["--version", "--json"], ["--json", "--version"])]
    assert both[0] == both[1]
    assert both[0]["libraries"]["numpy"] == np.__version__
    assert "--version" in go("--json", "show", code=ExitCode.USAGE).err


def test_fit_then_predict_as_typed(folder):
    out = smtrain("predict", PENGUINS, "--proba", cwd=folder).stdout
    rows = list(csv.DictReader(io.StringIO(out)))
    assert len(rows) == 344
    assert list(rows[0]) == ["prediction", "p(Adelie)", "p(Chinstrap)", "p(Gentoo)"]
    for row in rows:
        p = {name: float(row[f"p({name})"]) for name in ("Adelie", "Chinstrap", "Gentoo")}
        assert sum(p.values()) == pytest.approx(1, abs=1e-12)
        assert max(p, key=p.get) == row["prediction"]


def test_a_pipeline_of_filters(folder):
    piped = smtrain("predict", stdin=PENGUINS.read_text(), cwd=folder)
    assert piped.stdout == smtrain("predict", PENGUINS, cwd=folder).stdout
    assert piped.stderr == ""


def test_fit_reads_standard_input_and_writes_nothing_there(tmp_path):
    done = smtrain("fit", "-", stdin=IRIS.read_text(), cwd=tmp_path)
    assert done.stdout == ""
    assert [path.name for path in tmp_path.iterdir()] == ["model.npz"]
    smtrain("fit", IRIS, "-o", "other.npz", cwd=tmp_path)
    assert (tmp_path / "model.npz").read_bytes() == (tmp_path / "other.npz").read_bytes()


def test_fit_as_json(tmp_path):
    done = smtrain("fit", IRIS, "--json", "-q", cwd=tmp_path)
    fit = json.loads(done.stdout)
    assert done.stderr == ""
    assert {
        "model",
        "rows",
        "columns",
        "classes",
        "l2",
        "objective",
        "nll",
        "gap",
        "status",
        "epochs",
        "seconds",
    } <= set(fit)
    assert (fit["rows"], fit["columns"], fit["status"]) == (150, 4, "converged")
    assert 0 < fit["gap"] <= 1e-4


def test_the_log_has_every_epoch(tmp_path):
    smtrain("fit", IRIS, "--solver", "gd", "--epochs", 20, "--log", "log.jsonl", cwd=tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == list(range(21))
    assert lines[0]["nll"] == pytest.approx(np.log(3))
    assert set(lines[0]) == {"epoch", "nll", "objective", "gap", "gradient_norm", "seconds"}
    seconds = [line["seconds"] for line in lines]
    assert seconds == sorted(seconds)


def test_off_a_terminal_the_lines_double(tmp_path):
    shown = smtrain("fit", IRIS, "--solver", "gd", "--epochs", 100, "--tol", 0, cwd=tmp_path).stderr
    table = shown[shown.index("\nepoch ") + 1 :]
    epochs = [int(line.split()[0]) for line in table.splitlines() if line.split()[0].isdigit()]
    assert epochs == [0, 1, 2, 4, 8, 16, 32, 64, 100]


def test_stopping_early_is_a_warning_or_an_error(tmp_path):
    done = smtrain("fit", IRIS, "--epochs", 3, cwd=tmp_path)
    assert "smtrain: warning: stopped at the largest number of epochs" in done.stderr
    failed = smtrain(
        "fit", IRIS, "--epochs", 3, "--require-convergence", "-o", "b.npz", cwd=tmp_path, code=ExitCode.TRAINING
    )
    assert "no model is written" in failed.stderr
    assert not (tmp_path / "b.npz").exists()


def test_divergence_writes_no_model(tmp_path):
    done = smtrain("fit", IRIS, "--learning-rate", 1e200, cwd=tmp_path, code=ExitCode.TRAINING)
    assert "training diverged" in done.stderr
    assert "RuntimeWarning" not in done.stderr
    assert not (tmp_path / "model.npz").exists()


def test_options_that_contradict_each_other(tmp_path):
    for options in (["--solver", "lbfgs", "--learning-rate", 1], ["--momentum", 0.5], ["--l2", "nan"], ["--tol", "-1"]):
        smtrain("fit", IRIS, *options, cwd=tmp_path, code=ExitCode.USAGE)
    assert list(tmp_path.iterdir()) == []


def test_what_click_says_is_one_line_in_plain_words(tmp_path):
    assert smtrain().stdout == smtrain("--help").stdout
    missing = smtrain("completion", code=ExitCode.USAGE).stderr.splitlines()
    assert missing[0].endswith("Choose from: bash, zsh, fish")
    assert "'1.5' is not a valid integer." in smtrain("fit", IRIS, "--epochs", 1.5, code=ExitCode.USAGE).stderr
    for line in ("show --sort --class x", "show --level --json", "fit d.csv --epochs --json"):
        said = smtrain(*line.split(), code=ExitCode.USAGE).stderr
        assert re.match(r"smtrain: error: Option '--(sort|level|epochs)' requires an argument\.$", said, re.MULTILINE)


@pytest.mark.parametrize(
    ("line", "nearest"),
    [("evalute d.csv", "'evaluate'"), ("fit d.csv --momentun 3", "'--momentum'"), ("check d.csv --modle", "'--model'")],
)
def test_what_is_misspelt_has_its_nearest_name(line, nearest):
    said = smtrain(*line.split(), code=ExitCode.USAGE)
    assert said.stderr.splitlines()[0].endswith(f"Did you mean {nearest}?")
    assert "Did you mean" not in smtrain("zzzz", code=ExitCode.USAGE).stderr


@pytest.mark.parametrize("line", ["predict {d}", "evaluate {d}", "check {d}", "explain {d}"])
def test_a_model_that_is_not_there_may_have_another_name(line, tmp_path):
    said = smtrain(*line.format(d=IRIS).split(), cwd=tmp_path, code=ExitCode.USAGE)
    assert said.stderr == 'smtrain: error: no model "model.npz"\nhint: smtrain fit makes one; -m names it\n'


@pytest.mark.parametrize("line", ["compare a.npz b.npz {d}", "verify a.npz {d}", "show a.npz", "fit {d} --init a.npz"])
def test_a_hint_names_no_option_that_the_command_does_not_have(line, tmp_path):
    said = smtrain(*line.format(d=IRIS).split(), cwd=tmp_path, code=ExitCode.USAGE)
    assert said.stderr == 'smtrain: error: no model "a.npz"\nhint: smtrain fit makes one\n'


def test_a_model_is_not_written_to_standard_output(tmp_path):
    done = smtrain("fit", IRIS, "-o", "-", cwd=tmp_path, code=ExitCode.USAGE)
    assert done.stdout == ""
    assert "standard output" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_names_of_several_words_are_quoted_and_one_column_is_one(tmp_path):
    (tmp_path / "data.csv").write_text("a,b,y\n1,2,u\n,,v\n2,1,v\n3,0.5,u\n")
    shown = smtrain("fit", "data.csv", cwd=tmp_path).stderr
    assert '"b is missing": collinear with "a is missing"' in shown
    assert "4 rows, 1 column (1 numeric" in smtrain("fit", "data.csv", "--drop", "b", cwd=tmp_path).stderr


def test_environment_variables_are_options(tmp_path):
    names = {"SMTRAIN_FIT_L2": "7", "SMTRAIN_FIT_JSON": "1", "SMTRAIN_FIT_LOG": "log.jsonl"}
    done = smtrain("fit", IRIS, cwd=tmp_path, env=names)
    assert json.loads(done.stdout)["l2"] == 7
    assert (tmp_path / "log.jsonl").exists()


def test_an_environment_variable_of_names_is_split_at_commas_only(tmp_path):
    (tmp_path / "data.csv").write_text('"body mass",sex,a,y\n1,f,1,u\n2,m,3,v\n')
    names = {"SMTRAIN_FIT_DROP": "body mass,sex", "SMTRAIN_FIT_NA_VALUES": "not known"}
    options = json.loads(smtrain("fit", "data.csv", "-q", "--json", cwd=tmp_path, env=names).stdout)["options"]
    assert options["drop"] == ["body mass", "sex"]
    assert options["na_values"] == ["not known"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_has_the_environment_variable_of_its_name(command):
    from smtrain.cli.main import cli

    for parameter in cli.get_command(None, command).params:
        longest = max(parameter.opts, key=len)
        if longest.startswith("--"):
            assert parameter.name == longest.removeprefix("--").replace("-", "_")


def test_car_needs_its_mixed_columns_named(tmp_path):
    done = smtrain("fit", CAR, cwd=tmp_path, code=ExitCode.DATA)
    assert 'column "doors"' in done.stderr
    assert "hint: " in done.stderr
    assert "--categorical doors" in done.stderr
    smtrain("fit", CAR, "--categorical", "doors,persons", cwd=tmp_path)
    assert json.loads(smtrain("evaluate", CAR, "--json", cwd=tmp_path).stdout)["accuracy"] > 0.9


def test_headerless_and_semicolon_files(tmp_path):
    smtrain("fit", SAMPLES / "glass-no-header.csv", cwd=tmp_path, code=ExitCode.DATA)
    smtrain("fit", SAMPLES / "glass-no-header.csv", "--no-header", cwd=tmp_path)
    out = smtrain("predict", SAMPLES / "glass-no-header.csv", cwd=tmp_path).stdout
    assert len(out.splitlines()) == 215
    smtrain("fit", SAMPLES / "wine-semicolon.csv", "-o", "wine.npz", cwd=tmp_path)
    kept = smtrain("predict", SAMPLES / "wine-semicolon.csv", "-m", "wine.npz", "--keep", "all", cwd=tmp_path).stdout
    source = (SAMPLES / "wine-semicolon.csv").read_text().splitlines()
    assert [line.rpartition(";")[0] for line in kept.splitlines()] == source


def test_keep_top_and_json_lines(folder):
    out = smtrain("predict", PENGUINS, "--keep", "species,island", "--top", 2, cwd=folder).stdout
    row = next(csv.DictReader(io.StringIO(out)))
    assert list(row) == ["species", "island", "prediction", "top1", "p1", "top2", "p2"]
    assert row["top1"] == row["prediction"]
    assert float(row["p1"]) >= float(row["p2"])
    lines = smtrain("predict", PENGUINS, "--proba", "--format", "jsonl", "--keep", "species", cwd=folder).stdout
    first = json.loads(lines.splitlines()[0])
    assert first["species"] == "Adelie"
    assert isinstance(first["p(Adelie)"], float)


def test_csv_safe_guards_formulas(tmp_path):
    data = "a,b,kind\n1,x,=1+1\n2,y,ok\n1,x,=1+1\n2,-3,ok\n"
    (tmp_path / "d.csv").write_text(data)
    smtrain("fit", "d.csv", "--categorical", "b", cwd=tmp_path)
    verbatim = smtrain("predict", "d.csv", "--keep", "all", cwd=tmp_path).stdout
    assert verbatim.splitlines()[1] == "1,x,=1+1,=1+1"
    safe = smtrain("predict", "d.csv", "--keep", "all", "--csv-safe", cwd=tmp_path).stdout
    assert safe.splitlines()[1] == "1,x,'=1+1,'=1+1"
    assert safe.splitlines()[4] == "2,-3,ok,ok"  # a number is no formula


def test_predict_into_a_file_is_whole_or_not_there(folder, tmp_path):
    smtrain("predict", PENGUINS, "-o", tmp_path / "out.csv", cwd=folder)
    assert (tmp_path / "out.csv").read_text() == smtrain("predict", PENGUINS, cwd=folder).stdout
    bad = PENGUINS.read_text() + "Adelie,Dream,many,1,1,1,male,2007\n"
    (tmp_path / "bad.csv").write_text(bad)
    smtrain("predict", tmp_path / "bad.csv", "-o", tmp_path / "other.csv", cwd=folder, code=ExitCode.DATA)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.csv", "out.csv"]


def test_predict_needs_its_columns_and_notes_the_others(folder, tmp_path):
    rows = list(csv.reader(PENGUINS.read_text().splitlines()))
    shuffled = [[row[i] for i in (7, 6, 5, 4, 3, 2, 1)] + ["extra"] for row in rows]
    path = tmp_path / "shuffled.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(shuffled)
    done = smtrain("predict", path, cwd=folder)
    assert done.stdout == smtrain("predict", PENGUINS, cwd=folder).stdout
    assert "extra" in done.stderr
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([row[1:] for row in shuffled])
    missing = smtrain("predict", path, cwd=folder, code=ExitCode.MODEL)
    assert '"year"' in missing.stderr
    assert missing.stdout == ""


def test_unseen_levels_are_counted_or_an_error(folder, tmp_path):
    path = tmp_path / "new.csv"
    path.write_text(PENGUINS.read_text().replace("Torgersen", "Elsewhere"))
    done = smtrain("predict", path, cwd=folder)
    assert 'column "island": 52 cells' in done.stderr
    failed = smtrain("predict", path, "--on-unknown", "error", cwd=folder, code=ExitCode.DATA)
    assert f"{path}:2" in failed.stderr


def test_evaluate_shows_what_the_naive_formulas_give(folder):
    found = json.loads(smtrain("evaluate", PENGUINS, "--json", cwd=folder).stdout)
    rows = list(
        csv.DictReader(io.StringIO(smtrain("predict", PENGUINS, "--proba", "--keep", "species", cwd=folder).stdout))
    )
    p = np.array([[float(row[f"p({name})"]) for name in found["classes"]] for row in rows])
    y = np.array([found["classes"].index(row["species"]) for row in rows])
    onehot = np.eye(3)[y]
    assert found["rows"] == 344
    assert found["nll"] == pytest.approx(-np.log(p[np.arange(344), y]).mean(), rel=1e-12)
    assert found["accuracy"] == (p.argmax(1) == y).mean()
    assert found["brier"] == pytest.approx(((p - onehot) ** 2).sum(1).mean(), rel=1e-12)
    assert np.trace(found["confusion"]) == (p.argmax(1) == y).sum()
    assert "true \\ predicted" in smtrain("evaluate", PENGUINS, cwd=folder).stdout


def test_explain_is_the_gradient_of_that_row(folder):
    found = json.loads(smtrain("explain", PENGUINS, "--row", 3, "--json", cwd=folder).stdout)
    x, s, y = (np.array(found[name]) for name in "xsy")
    np.testing.assert_allclose(found["gradient"], np.outer(s - y, x), atol=1e-15)
    assert found["line"] == 4
    margin = np.sort(found["z"])[-1] - np.sort(found["z"])[-2]
    pushes = sum(push["push"] for push in found["pushes"]) + found["intercept_push"]
    assert pushes == pytest.approx(margin)
    assert "x ⊗ (s − y)" in smtrain("explain", PENGUINS, "--row", 3, cwd=folder).stdout
    smtrain("explain", PENGUINS, "--row", 345, cwd=folder, code=ExitCode.USAGE)


def test_gradcheck_passes_and_can_fail(tmp_path):
    found = json.loads(smtrain("gradcheck", PENGUINS, "-t", "species", "--json", cwd=tmp_path).stdout)
    assert found["passed"]
    assert found["compared"] == found["parameters"] == 48
    assert found["largest"] < 1e-8
    failed = smtrain("gradcheck", PENGUINS, "-t", "species", "--threshold", 0, cwd=tmp_path, code=ExitCode.CHECK)
    assert "the gradient disagrees" in failed.stderr
    assert list(tmp_path.iterdir()) == []


def test_help_loads_click_only():
    code = "import sys; sys.argv = ['smtrain', 'fit', '--help']\n"
    code += "from smtrain.cli.main import main\ntry:\n    main()\nexcept SystemExit: pass\n"
    code += "print([m for m in ('numpy', 'pandas', 'rich', 'orjson') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=clean_environment(), check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_quiet_loads_no_rich(tmp_path):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *SMTRAIN[1:], "fit", IRIS, "-q"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=clean_environment(),
        check=True,
    )
    assert "pandas" in done.stderr
    assert "rich.console" not in done.stderr


def test_exit_codes_have_names():
    expected = {0, 1, 2, 3, 4, 5, 6, 7, 129, 130, 141, 143}
    assert {int(code) for code in ExitCode} == expected


@pytest.mark.parametrize("option", ["--output", "--log", "--checkpoint"])
def test_an_input_is_never_written_over(option, folder, tmp_path):
    data = tmp_path / "iris.csv"
    data.write_bytes(IRIS.read_bytes())
    done = smtrain("fit", data, option, data, code=ExitCode.USAGE, cwd=tmp_path)
    assert "is the input" in done.stderr
    assert data.read_bytes() == IRIS.read_bytes()
    if option == "--output":
        data.write_bytes(PENGUINS.read_bytes())
        smtrain("predict", data, option, data, "-m", folder / "model.npz", code=ExitCode.USAGE)
        assert data.read_bytes() == PENGUINS.read_bytes()


@pytest.mark.parametrize(
    "options", [["-o", "m", "--checkpoint", "m"], ["-o", "m", "--log", "./m"], ["--init", "m", "--log", "m"]]
)
def test_no_two_files_of_a_fit_are_the_same(options, tmp_path):
    """The checkpoint is removed at the end and the log is begun anew: neither may be the model."""
    smtrain("fit", IRIS, "-q", "-o", "m", cwd=tmp_path)
    before = (tmp_path / "m").read_bytes()
    done = smtrain("fit", IRIS, *options, code=ExitCode.USAGE, cwd=tmp_path)
    assert "the same file" in done.stderr
    assert (tmp_path / "m").read_bytes() == before


def test_predictions_never_replace_their_model(folder):
    before = (folder / "model.npz").read_bytes()
    smtrain("predict", PENGUINS, "-o", "model.npz", code=ExitCode.USAGE, cwd=folder)
    assert (folder / "model.npz").read_bytes() == before
