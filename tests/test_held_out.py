"""`fit --test`: rows that nothing of a fit sees, which are those that `split` puts aside, and the metrics on them."""

import gzip
import json
import pickle
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import smtrain as sm
from smtrain.errors import ExitCode
from smtrain.fitting.fit import Observer
from smtrain.model.record import SkippedRecord
from smtrain.partitions.spread import SpreadHome
from smtrain.scoring.metrics import HEADLINE, METRICS
from tests.executors import Forgetful
from tests.homes import Pickling, home_of

PENGUINS = Path("sample_data/penguins.csv").absolute()
FRAME = pd.read_csv(PENGUINS)


def odd_frame():
    """Rows of no weight and without a label, and a level that is in one row."""
    frame = FRAME.assign(w=1.0 + np.arange(344) % 3, town=["rare", *["usual", "other"] * 400][:344])
    frame.loc[3, "w"] = 0
    frame.loc[5, "species"] = None
    return frame


def said(model):
    """All that a model says but what it was tested with."""
    document = model.fit.document()
    document.pop("test", None)
    document["options"].pop("test", None)
    weights = model.W.tobytes(), model.b.tobytes()
    return model.encoder, weights, document, pickle.dumps(model.contract), model.history.tobytes()


CASES = {
    "plain": {},
    "another seed, balanced": {"seed": 3, "class_weight": "balanced", "l2": 0.1, "min_count": 60},
    "a penalty that is chosen": {"l2": "auto", "folds": 2, "epochs": 60},
    "validation": {"validation": 0.2, "patience": 3, "calibrate": True},
    "mini-batches": {"batch_size": 40, "epochs": 3},
    "lasso": {"l1": 2.0, "drop": ["year"]},
    "a limit of memory": {"memory": 1 << 30},
    "single precision": {"precision": "float32", "se": True},
}


@pytest.mark.filterwarnings("ignore::smtrain.errors.SmtrainWarning")
@pytest.mark.parametrize("name", CASES)
def test_the_model_is_that_of_the_train_part_and_the_metrics_those_of_the_test_part(name):
    options = CASES[name]
    train, test = sm.split(FRAME, 0.3, target="species", seed=options.get("seed", 0))
    found = sm.fit(FRAME, target="species", test=0.3, **options)
    plain = sm.fit(train, target="species", **options)
    assert said(found) == said(plain)
    expected = sm.evaluate(plain, test).metrics
    assert found.fit.test.metrics == {key: None if np.isnan(x) else x for key, x in expected.items()}
    assert list(found.fit.test.metrics) == list(METRICS)
    assert found.fit.test.rows == len(test)
    assert found.fit.rows == len(train)


@pytest.mark.filterwarnings("ignore::smtrain.errors.SmtrainWarning")
def test_odd_rows_and_levels_that_only_the_test_has():
    frame = odd_frame()
    options = {"target": "species", "weight": "w", "unlabelled": "skip"}
    for seed in range(12):
        train, test = sm.split(frame.dropna(subset="species"), 0.5, target="species", weight="w", seed=seed)
        found = sm.fit(frame, test=0.5, seed=seed, **options)
        assert found.fit.skipped.unlabelled == 1
        found = replace(found, fit=replace(found.fit, skipped=SkippedRecord()))
        assert said(found) == said(sm.fit(train, seed=seed, **options))
        unseen = {} if (train["town"] == "rare").any() else {"town": 1}
        assert found.fit.test.unseen == unseen
        assert found.fit.test.metrics["nll"] == sm.evaluate(found, test).metrics["nll"]
        if unseen:
            break
    assert unseen


@pytest.mark.parametrize("form", ["csv", "frame", "spans"])
def test_a_share_of_a_table_without_some_labels_is_as_if_the_rows_were_not_there(form, tmp_path):
    """Whatever is in them; they are counted once. Of more rows than are shuffled together each has another place."""
    rng = np.random.default_rng(2)
    clean = pd.DataFrame({"x": rng.normal(size=1500).round(3), "w": rng.integers(1, 4, 1500)}).astype(object)
    clean = clean.assign(y=np.where(clean["x"] + rng.normal(size=1500) > 0, "a", "b"))
    junk = pd.DataFrame({"x": "Total", "w": -1, "y": ["", None, "NA", " "]}, index=[100.5, 200.5, 1000.5, 1200.5])
    gaps = pd.concat([clean, junk]).sort_index()
    if form != "frame":
        data = [str(tmp_path / "clean.csv"), str(tmp_path / "gaps.csv")]
        clean.to_csv(data[0], index=False)
        gaps.to_csv(data[1], index=False)
    else:
        numbers = gaps.assign(x=pd.to_numeric(gaps["x"], "coerce")).astype({"w": int})
        data = [clean.astype({"x": float, "w": int}), numbers]
    options = {"target": "y", "weight": "w", "test": 0.3, "epochs": 5, "threads": 2}
    home = SpreadHome(Forgetful(), most_rows=512, span_bytes=4000) if form == "spans" else home_of(None, most_rows=512)
    one = sm.fit(data[0], **options, home=home_of(None, most_rows=512))
    other = sm.fit(data[1], unlabelled="skip", na_values="NA", **options, home=home)
    assert (other.classes, other.W.tobytes(), other.fit.test) == (("a", "b"), one.W.tobytes(), one.fit.test)
    assert (other.fit.rows, other.fit.skipped.unlabelled) == (one.fit.rows, 4)


@pytest.mark.parametrize("form", ["csv", "gz", "crlf", "parquet", "several", "pieces"])
def test_in_any_form_the_same(form, tmp_path):
    expected = sm.fit(FRAME, target="species", test=0.25, epochs=4)
    text = FRAME.to_csv(index=False)
    path = tmp_path / "p.csv"
    data = path
    if form == "gz":
        path.write_bytes(gzip.compress(text.encode()))
    elif form == "parquet":
        FRAME.to_parquet(path)
    elif form == "several":
        data = [tmp_path / "a.csv", tmp_path / "b.csv"]
        FRAME[:99].to_csv(data[0], index=False)
        FRAME[99:].to_csv(data[1], index=False)
    else:
        path.write_text(text, newline="\r\n" if form == "crlf" else "\n")
    for threads in (1, 2):
        found = sm.fit(data, target="species", test=0.25, epochs=4, threads=threads)
        assert found.W.tobytes() == expected.W.tobytes()
        assert found.fit.test == expected.fit.test


def test_arrays_and_labels_beside_them():
    X, y = FRAME[["bill_length_mm", "body_mass_g"]].to_numpy(), FRAME["species"].to_numpy()
    found = sm.fit(X, y, test=0.25, epochs=4)
    train, test = sm.split(pd.DataFrame(X, columns=["x1", "x2"]).assign(y=y), 0.25)
    assert found.W.tobytes() == sm.fit(train, target="y", epochs=4).W.tobytes()
    assert found.fit.test.metrics["nll"] == sm.evaluate(found, test).metrics["nll"]


@pytest.mark.parametrize("home", [Pickling, partial(home_of, 1 << 12)])
def test_wherever_the_rows_live(home):
    found = sm.fit(FRAME, target="species", test=0.25, epochs=4)
    other = sm.fit(FRAME, target="species", test=0.25, epochs=4, home=home())
    assert (other.W.tobytes(), other.fit.test) == (found.W.tobytes(), found.fit.test)


def test_an_iterator_of_paths():
    expected = sm.fit([PENGUINS], target="species", test=0.25, epochs=4)
    found = sm.fit(iter([PENGUINS]), target="species", test=0.25, epochs=4)
    assert (found.W.tobytes(), found.fit.test) == (expected.W.tobytes(), expected.fit.test)


@pytest.mark.parametrize("where", ["numbers", "labels"])
def test_what_is_wrong_in_the_rows_of_the_test_is_said_before_the_training(where, tmp_path):
    mask = np.zeros(344, bool)
    mask[sm.split(FRAME, 0.25, target="species")[1].index] = True
    row = int(np.flatnonzero(mask)[-1])
    lines = FRAME.to_csv(index=False).splitlines()
    cells = lines[row + 1].split(",")
    cells[2 if where == "numbers" else 0] = "many" if where == "numbers" else ""
    (tmp_path / "p.csv").write_text("\n".join([*lines[: row + 1], ",".join(cells), *lines[row + 2 :]]) + "\n")

    class Untrained(Observer):
        def on_epoch(self, record):
            raise AssertionError(record)

    with pytest.raises(sm.DataError, match=f"p.csv:{row + 2}: column"):
        sm.fit(str(tmp_path / "p.csv"), target="species", test=0.25, observer=Untrained())


# A file


@pytest.fixture
def parts(tmp_path, monkeypatch):
    """A folder with a train part and a test part of the penguins."""
    monkeypatch.chdir(tmp_path)
    train, test = sm.split(FRAME, 0.25, target="species")
    train.to_csv("train.csv", index=False)
    test.to_csv("test.csv", index=False)
    return tmp_path


def test_a_file_of_other_rows(parts):
    found = sm.fit("train.csv", target="species", test="test.csv")
    plain = sm.fit("train.csv", target="species")
    assert said(found) == said(plain)
    assert found.fit.test.metrics["nll"] == sm.evaluate(plain, "test.csv").metrics["nll"]
    assert found.fit.options.test == "test.csv"


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        (lambda frame: frame.assign(species="Dodo"), sm.DataError, 'the model has no class "Dodo"'),
        (lambda frame: frame.drop(columns="year"), sm.ModelError, '"year" of the training data is not there'),
        (lambda frame: frame[:0], sm.DataError, "test.csv: no rows"),
        (lambda frame: frame.assign(year="then"), sm.DataError, 'not a number: "then"'),
    ],
)
def test_a_file_that_cannot_be_used(change, error, says, parts):
    change(pd.read_csv("test.csv")).to_csv("test.csv", index=False)
    with pytest.raises(error, match=says):
        sm.fit("train.csv", target="species", test="test.csv")


def test_rows_that_are_left_out_of_a_file(parts):
    frame = pd.read_csv("test.csv")
    frame.loc[3, "species"] = "Dodo"
    frame.to_csv("test.csv", index=False)
    found = sm.fit("train.csv", target="species", test="test.csv", unlabelled="skip")
    assert (found.fit.test.rows, found.fit.test.skipped.unknown) == (85, 1)


# The command, the record, what is refused


def test_the_command_prints_and_keeps_the_metrics(go):
    line = ["fit", PENGUINS, "-t", "species", "--test", "0.25"]
    document = json.loads(go(*line, "-q", "--json").out)
    model = sm.load("model.npz")
    assert document["test"] == {"rows": 86, "metrics": model.fit.test.metrics, "sha256": model.fit.test.sha256}
    assert document["options"]["test"] == 0.25
    lines = go(*line).err.splitlines()
    assert "86 further rows are for the test, and are not seen" in lines
    at = lines.index("on 86 rows that the fit has not seen:")
    assert lines[at + 1].split() == ["nll", f"{model.fit.test.metrics['nll']:.6f}"]
    defined = [name for name, value in model.fit.test.metrics.items() if value is not None]
    assert all(name in " ".join(lines[at:]) for name in defined)
    further = lines[at + 1 + len(HEADLINE) : lines.index("saved model.npz")]
    assert [line.endswith(",") for line in further] == [True] * (len(further) - 1) + [False]
    assert max(map(len, further)) <= 80
    shown = go("show").out.splitlines()
    assert shown[shown.index(lines[at]) + 1] == lines[at + 1]
    assert json.loads(go("show", "--json").out)["fit"]["test"] == document["test"]
    assert go("verify", "model.npz", PENGUINS, "-q").out.startswith("verified")
    again = go("fit", PENGUINS, "-t", "species", "--test", "0.25", "-q", "-o", "b.npz")
    assert again.err == ""
    assert Path("b.npz").read_bytes() == Path("model.npz").read_bytes()


def test_a_file_is_an_input_that_is_kept_and_its_levels_are_warned_of(go, parts):
    before = Path("test.csv").read_bytes()
    go("fit", "train.csv", "-t", "species", "--test", "test.csv", "-o", "test.csv", code=ExitCode.USAGE)
    assert Path("test.csv").read_bytes() == before
    Path("test.csv").write_bytes(before.replace(b"Biscoe", b"Elsewhere"))
    said = go("fit", "train.csv", "-t", "species", "--test", "test.csv", "-q")
    assert "cells of the test with a level that training did not have: island" in said.err
    assert go("verify", "model.npz", "train.csv", "-q").out.startswith("verified")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("fit - --test 0.2", "stdin: --test with a share reads the data twice"),
        ("fit p.csv --test 1", "--test"),
        ("fit p.csv --test 0", "--test"),
        ("fit p.csv --test no.csv", 'cannot read "no.csv"'),
    ],
)
def test_what_is_refused(line, says, go):
    Path("p.csv").write_bytes(PENGUINS.read_bytes())
    assert says in go(*line.split(), "-t", "species", code=ExitCode.USAGE).err
    assert [path.name for path in Path().iterdir()] == ["p.csv"]


def test_what_is_refused_from_python():
    with pytest.raises(sm.UsageError, match="test= is for a fit"):
        sm.cross_validate(FRAME, target="species", test=0.2)
    with pytest.raises(sm.UsageError, match="test is out of range"):
        sm.fit(FRAME, target="species", test=1.0)
    with pytest.raises(sm.UsageError, match="test must be a share of the rows or the path of a file"):
        sm.fit(FRAME, target="species", test=FRAME)
    few = pd.DataFrame({"x": [1.0, 2, 3], "y": ["a", "b", "b"]})
    with pytest.raises(sm.DataError, match=r"test=0.1: of 3 rows none can be put aside"):
        sm.fit(few, test=0.1)
    with pytest.raises(sm.DataError, match="looks like a regression target"):
        sm.fit(FRAME.assign(y=np.arange(344) / 8), target="y", test=0.2)
    with pytest.raises(sm.DataError, match="only one class"):
        sm.fit(FRAME.assign(y="a"), target="y", test=0.2)
