"""`fit --if-changed` fits where something is not as the model records it; `--depfile` says what it was made from."""

import os
import shutil
from dataclasses import replace

import pytest

import smtrain as sm
from smtrain.cli.depfiles import rules
from smtrain.errors import ExitCode, UsageError
from smtrain.inspecting.unchanged import digests_beside
from tests.project import run, set_up

ROWS = "x,word,y\n1,a,p\n2,b,q\n3,a,p\n4,b,q\n5,a,q\n6,b,p\n"
NOTHING = "model.npz is of these data, with these options: nothing to do\n"


@pytest.fixture
def fitted(go, tmp_path):
    """Whether a fit was made with these options; the model is old at first."""
    (tmp_path / "data.csv").write_text(ROWS)

    def fitted_with(*options, data="data.csv"):
        if (tmp_path / "model.npz").exists():
            os.utime(tmp_path / "model.npz", (1, 1))
        said = go("fit", data, "--if-changed", *options).err
        made = (tmp_path / "model.npz").stat().st_mtime > 1
        assert made == (said != NOTHING)
        return made

    return fitted_with


def test_a_fit_is_made_if_data_options_or_version_changed(fitted, tmp_path, monkeypatch):
    assert [fitted(), fitted(), fitted("--threads", 1), fitted("--precision", "float64")] == [True, False, False, False]
    assert [fitted("--l2", 2), fitted("--l2", 2), fitted("--precision", "float32")] == [True, False, True]
    assert [fitted(), fitted("--require-convergence"), fitted("--epochs", 1)] == [True, False, True]
    assert fitted("--epochs", 1) is False
    (tmp_path / "data.csv").write_text(ROWS.replace("6,b", "7,b"))
    assert [fitted(), fitted()] == [True, False]
    (tmp_path / "other.csv").write_text((tmp_path / "data.csv").read_text().replace("1,a,p", '1.0,"a",p'))
    assert fitted(data="other.csv") is False
    monkeypatch.setattr("smtrain.inspecting.unchanged.__version__", "0.0.1")
    assert fitted()
    (tmp_path / "model.npz").write_bytes(b"no model")
    assert fitted()


def test_what_depends_on_more_than_the_digest_is_fitted(fitted, go, tmp_path):
    assert [fitted("--l2", "auto", "--folds", 2), fitted("--l2", "auto", "--folds", 2)] == [True, False]
    assert [fitted("--validation", 0.5), fitted("--validation", 0.5)] == [True, False]
    go("fit", "data.csv", "-q", "--l2", 5, "-o", "start.npz")
    assert [fitted(), fitted("--init", "start.npz"), fitted("--init", "start.npz"), fitted()] == [
        True,
        True,
        False,
        True,
    ]


CHANGES = [("2,b,q", "2.5,b,q"), ("2,b,q", ",b,q"), ("2,b,q", "2,a,q"), ("2,b,q", "2,new,q"), ("2,b,q", "2,b,p")]
CHANGES += [("1,a,p\n2,b,q\n", "2,b,q\n1,a,p\n"), *(("6,b,p\n", new) for new in ("", "6,b,p\n" * 2, "6,b,p\n6,b,\n"))]


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("option", ["--validation", "--test"])
@pytest.mark.parametrize(("old", "new"), CHANGES)
def test_rows_of_another_file_are_looked_at(option, precision, old, new, fitted, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text(ROWS)
    options = [option, "other.csv", "--precision", precision, "--unlabelled", "skip"]
    assert fitted(*options)
    other.write_text(ROWS.replace("1,a,p", '1.0,"a",p'))
    assert not fitted(*options)
    other.write_text(ROWS.replace(old, new))
    assert [fitted(*options), fitted(*options)] == [True, False]


@pytest.mark.parametrize("option", ["--validation", "--test"])
def test_weights_of_another_file_are_looked_at(option, fitted, tmp_path):
    (tmp_path / "data.csv").write_text(ROWS.replace("word", "w").replace("a", "1").replace("b", "2"))
    other = tmp_path / "other.csv"
    options = ["--weight", "w", option, "other.csv"]
    for text in ((tmp_path / "data.csv").read_text(), "x,w,y\n1,1,p\n2,3,q\n"):
        other.write_text(text)
        assert [fitted(*options), fitted(*options)] == [True, False]


@pytest.mark.parametrize("row", ROWS.splitlines()[1:])
def test_each_row_of_a_share_is_looked_at(row, fitted, tmp_path):
    """It is one that is held out, or one that is learned from: the labels alone say which, and stay."""
    for option in ("--test", "--validation"):
        (tmp_path / "data.csv").write_text(ROWS)
        assert [fitted(option, 0.3), fitted(option, 0.3)] == [True, False]
        (tmp_path / "data.csv").write_text(ROWS.replace(row, f"1{row}"))
        assert [fitted(option, 0.3), fitted(option, 0.3)] == [True, False]


def test_models_of_earlier_versions_without_digests_of_other_rows(tmp_path):
    """They are verified as they were, and a fit is not spared for them."""
    (tmp_path / "data.csv").write_text(ROWS)
    path, data = str(tmp_path / "model.npz"), str(tmp_path / "data.csv")
    model = sm.fit(data, validation=data, test=data)
    fit = model.fit
    old = replace(fit, test=replace(fit.test, sha256=None), validation=replace(fit.validation, sha256=None))
    replace(model, fit=old).save(path)
    assert sm.verify(path, data).same
    assert digests_beside(old) == (None, None) != digests_beside(fit)


def test_a_log_is_emptied_by_a_fit_alone(fitted, tmp_path):
    log = tmp_path / "log.jsonl"
    fitted("--log", log)
    before = log.read_text()
    assert not fitted("--log", log)
    assert log.read_text() == before
    assert fitted("--log", log, "--epochs", 1)
    assert 0 < len(log.read_text()) < len(before)


def test_the_version_that_made_a_model_is_no_matter_to_verify(tmp_path, monkeypatch):
    (tmp_path / "data.csv").write_text(ROWS)
    monkeypatch.setattr("smtrain.fitting.fit.__version__", "0.0.1")
    sm.fit(str(tmp_path / "data.csv")).save(str(tmp_path / "model.npz"))
    monkeypatch.undo()
    assert sm.load(str(tmp_path / "model.npz")).fit.smtrain == "0.0.1"
    assert sm.verify(str(tmp_path / "model.npz"), str(tmp_path / "data.csv")).same


def test_the_rules_of_make():
    assert (
        rules("m.npz", ["a b.csv", "c#$d.csv", "a b.csv"]) == "m.npz: a\\ b.csv c\\#$$d.csv\na\\ b.csv:\nc\\#$$d.csv:\n"
    )
    assert rules("m\\ n", [r"C:\x"]) == "m\\\\\\ n: C\\:\\x\nC\\:\\x:\n"
    for path in ("a\nb", "a|b", "*.csv", "50%"):
        with pytest.raises(UsageError, match="make and ninja cannot read"):
            rules("m.npz", [path])


def test_the_depfile_names_all_that_is_read(go, tmp_path):
    (tmp_path / "data.csv").write_text(ROWS)
    (tmp_path / "o.toml").write_text("l2 = 2\n")
    go("fit", "data.csv", "--config", "o.toml", "--validation", "./data.csv", "--depfile", "m.d", "-q")
    assert (tmp_path / "m.d").read_text().splitlines()[0] == "model.npz: o.toml data.csv ./data.csv"
    go("fit", "data.csv", "--depfile", "data.csv", code=ExitCode.USAGE)
    go("fit", "data.csv", "--depfile", "m.d", "-o", "m|n", code=ExitCode.USAGE)


MAKEFILE = """\
out.csv: model.npz
	smtrain predict 'data/new.csv' > $@
	@echo predicted
model.npz:
	smtrain fit 'data/a b#$$c.csv' -t species --if-changed --depfile model.d -q
-include model.d
"""
NINJA = """\
rule fit
  command = smtrain fit 'data/a b#$$c.csv' -t species -o $out --if-changed --depfile $out.d -q
  depfile = $out.d
  restat = 1
rule predict
  command = smtrain predict data/new.csv > $out && echo predicted
build model.npz: fit
build out.csv: predict model.npz
default out.csv
"""


@pytest.mark.slow
@pytest.mark.parametrize(("program", "file", "rule"), [("make", "Makefile", MAKEFILE), ("ninja", "build.ninja", NINJA)])
def test_make_and_ninja_predict_anew_only_for_other_data(program, file, rule, tmp_path):
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    set_up(tmp_path, b"")
    data = tmp_path / "data" / "a b#$c.csv"
    (tmp_path / "data" / "main.csv").rename(data)
    (tmp_path / file).write_text(rule)

    def predicted():
        done = run(tmp_path, program, *(["out.csv"] if program == "make" else ["-v"]))
        assert done.returncode == 0, done.stdout + done.stderr
        return "predicted" in done.stdout.replace("echo predicted", "")

    assert [predicted(), predicted()] == [True, False]
    os.utime(data)
    assert not predicted()
    data.write_text("".join(data.read_text().splitlines(keepends=True)[:-1]))
    assert predicted()
