"""`smtrain verify`: the same bytes from the options in a model's record, and what is said when there are others."""

import json
from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest

import smtrain as sm
from smtrain.fitting.options import FitConfig
from smtrain.model.options import Options
from smtrain.model.schema import read
from tests.hostile.harness import invoke
from tests.hostile.test_models import Forger

pytestmark = pytest.mark.bits


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    n = 400
    frame = pd.DataFrame(rng.normal(size=(n, 3)).round(4), columns=["a", "b", "c"])
    frame.loc[rng.random(n) < 0.1, "b"] = np.nan
    frame["word"] = rng.choice(["u", "v", "w"], n)
    frame["v"] = rng.integers(1, 4, n)
    frame["y"] = np.where(frame["a"] + rng.normal(size=n) > 0, "yes", rng.choice(["no", "perhaps"], n))
    return frame


@pytest.fixture
def folder(tmp_path, rows):
    rows.to_csv(tmp_path / "rows.csv", index=False)
    rows[:100].to_csv(tmp_path / "aside.csv", index=False)
    return tmp_path


def fitted(folder, *options):
    assert invoke("fit", "rows.csv", "-q", *options, folder=folder).code == 0


OPTIONS = [
    [],
    ["--l2", "auto", "--one-se", "--folds", "3"],
    ["--l1", "auto", "--l2", "1", "--folds", "2"],
    ["--l1", "0.5"],
    ["--l1", "0.5", "--l2", "0.2", "--tol", "1e-3"],
    ["--l2", "0", "--epochs", "20"],
    ["--validation", "0.2", "--patience", "3", "--calibrate", "--seed", "4"],
    ["--validation", "aside.csv"],
    ["--batch-size", "64", "--epochs", "3", "--momentum", "0.5", "--seed", "2"],
    ["--solver", "gd", "--learning-rate", "0.01", "--epochs", "3"],
    ["--weight", "v", "--class-weight", "yes=2,no=0.5"],
    ["--class-weight", "balanced", "--precision", "float32"],
    ["--se", "--loo", "--drop", "c", "--categorical", "word,v", "--na-values", "w,7", "-t", "y"],
]


@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
def test_the_same_bytes(folder, options):
    fitted(folder, *options)
    outcome = invoke("verify", "model.npz", "rows.csv", "-q", folder=folder)
    size = (folder / "model.npz").stat().st_size
    assert (outcome.code, outcome.stdout.decode()) == (0, f"verified: the same {size:,} bytes\n")


def test_the_same_bytes_with_other_threads_and_memory(folder):
    fitted(folder, "--threads", "1")
    assert invoke("verify", "model.npz", "rows.csv", "--threads", "3", "--memory", "2G", folder=folder).code == 0


def test_every_option_of_a_record_is_read_back():
    config = sm.FitConfig(drop=("a",), class_weight={"x": 2.0}, validation=0.5, l2=3.0, test="a.csv")
    record = json.loads(json.dumps(config.record()))
    asked_for = {one.name for one in fields(Options) if one.metadata.get("left out")}  # recorded where they are given
    assert set(record) | asked_for == {one.name for one in fields(Options)}
    again = FitConfig.again(read(Options, record))
    assert again.record() == config.record()


def test_a_changed_cell(folder, rows):
    fitted(folder)
    changed = rows.copy()
    changed.loc[17, "c"] += 0.5
    changed.to_csv(folder / "changed.csv", index=False)
    found = sm.verify(str(folder / "model.npz"), str(folder / "changed.csv"))
    assert not found.same
    assert found.same_data is False
    assert found.reasons == ('other numbers in column "c"',)
    model, other = sm.load(str(folder / "model.npz")), sm.fit(str(folder / "changed.csv"))
    assert found.weights == max(np.abs(model.W - other.W).max(), np.abs(model.b - other.b).max())
    p, q = (sm.predict_proba(m, changed) for m in (model, other))
    assert found.probabilities == pytest.approx(np.abs(p - q).max(), rel=1e-12)
    assert found.objective == abs(model.fit.objective - other.fit.objective)
    outcome = invoke("verify", "model.npz", "changed.csv", "-q", folder=folder, allowed={7})
    assert outcome.stderr == "smtrain: error: the model was not made again\n"
    assert outcome.stdout.decode().startswith("other bytes, of other data\n")
    assert invoke("verify", "model.npz", "changed.csv", "-q", "--within", "0.1", folder=folder, allowed={7}).code == 7
    lenient = invoke("verify", "model.npz", "changed.csv", "-q", "--tolerance", "0.1", "--json", folder=folder)
    assert lenient.code == 0
    assert lenient.document["verified"] is True
    assert lenient.document["same_bytes"] is lenient.document["same_data"] is False


def test_a_cell_that_changes_next_to_nothing_is_other_data(folder, rows):
    fitted(folder)
    changed = rows.copy()
    changed.loc[17, "c"] += 1e-13
    changed.to_csv(folder / "changed.csv", index=False)
    outcome = invoke("verify", "model.npz", "changed.csv", "-q", folder=folder, allowed={7})
    assert 'other numbers in column "c"' in outcome.stdout.decode()


def nudged(folder, by):
    """The model of the folder with other last digits, as another processor would have made it."""
    forger = Forger((folder / "model.npz").read_bytes())
    forger.arrays["W"] = forger.arrays["W"] * (1 + by)
    (folder / "model.npz").write_bytes(forger.bytes())


def test_the_same_data_on_another_machine(folder):
    fitted(folder)
    nudged(folder, 1e-7)
    found = sm.verify(str(folder / "model.npz"), str(folder / "rows.csv"))
    assert (found.same, found.same_data, found.reasons) == (False, True, ())
    assert 0 < found.weights < 1e-6
    assert 0 < found.probabilities < 1e-6
    outcome = invoke("verify", "model.npz", "rows.csv", "-q", folder=folder, allowed={0})
    assert outcome.stdout.decode().startswith(
        "verified: the same data, and probabilities within 0.001; other bytes\n  largest difference\n    weights "
    )
    document = invoke("verify", "model.npz", "rows.csv", "-q", "--json", folder=folder, allowed={0}).document
    assert (document["verified"], document["same_bytes"], document["same_data"]) == (True, False, True)
    assert document["within"] == 1e-3
    for within in ("0", "1e-12"):
        strict = invoke("verify", "model.npz", "rows.csv", "-q", "--within", within, folder=folder, allowed={7})
        assert strict.stdout.decode().startswith(
            f"the same data, but probabilities that differ by more than {float(within):g}\n"
        )


def test_weights_that_are_not_those_of_the_data(folder):
    fitted(folder)
    nudged(folder, 0.1)
    outcome = invoke("verify", "model.npz", "rows.csv", "-q", folder=folder, allowed={7})
    assert outcome.stdout.decode().startswith("the same data, but probabilities that differ by more than 0.001\n")


def without_digest(folder):
    forger = Forger((folder / "model.npz").read_bytes())
    forger.meta(lambda meta: meta["fit"].pop("data"))
    text = json.dumps(forger.json("meta"), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    forger.text("meta", text)
    (folder / "model.npz").write_bytes(forger.bytes())


def test_a_model_that_keeps_no_digest(folder, rows):
    """Its data cannot be told from others of the same means: only the same bytes, or --tolerance, let it pass."""
    fitted(folder)
    nudged(folder, 0)
    without_digest(folder)
    assert sm.verify(str(folder / "model.npz"), str(folder / "rows.csv")).same_data is None
    nudged(folder, 1e-9)
    outcome = invoke("verify", "model.npz", "rows.csv", "-q", folder=folder, allowed={7})
    assert "other bytes\n  largest difference\n" in outcome.stdout.decode()
    assert "The model keeps no digest of its data" in outcome.stdout.decode()
    assert invoke("verify", "model.npz", "rows.csv", "-q", "--tolerance", "1e-6", folder=folder).code == 0


def test_a_model_without_digest_has_the_same_bytes(folder):
    model = sm.fit(str(folder / "rows.csv"))
    replace(model, fit=replace(model.fit, data=None)).save(str(folder / "model.npz"))
    assert sm.verify(str(folder / "model.npz"), str(folder / "rows.csv")).same


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda f: f[:-1], "the data has 399 rows, the model was fitted on 400"),
        (
            lambda f: f.assign(y=f["y"].replace("perhaps", "never")),
            'other classes: the model has "no", the data has "never"',
        ),
        (lambda f: f.assign(y=["yes", *f["y"][1:]]), "the classes have other numbers of rows"),
        (lambda f: f.drop(columns="c"), 'other features: the model has "c", the data has "v"'),
        (lambda f: f.assign(b=f["b"].where(f.index != 20)), "other cells are missing"),
        (lambda f: f.assign(word=f["word"][::-1].to_numpy()), 'other words in column "word"'),
        (
            lambda f: f.assign(word=f["word"].where(f.index != 3, "new")),
            'the model has "word=u", the data has "word=new"',
        ),
        (lambda f: f.assign(a=f["a"][::-1].to_numpy()), 'other numbers in column "a"'),
        (lambda f: f.assign(a=f["b"], b=f["a"]), 'the model has "b is missing", the data has "a is missing"'),
        (lambda f: f.assign(y=[f["y"][1], f["y"][0], *f["y"][2:]]), "other labels"),
        (lambda f: f[::-1], "the rows may be in another order"),
    ],
)
def test_reasons(folder, rows, change, reason):
    fitted(folder)
    if "other numbers of rows" in reason:
        rows = rows.assign(y=["no", *rows["y"][1:]])
        rows.to_csv(folder / "rows.csv", index=False)
        fitted(folder)
    change(rows).to_csv(folder / "changed.csv", index=False)
    outcome = invoke("verify", "model.npz", "changed.csv", "-q", folder=folder, allowed={7})
    assert reason in outcome.stdout.decode()


def test_a_start_from_another_model(folder):
    fitted(folder, "--epochs", "3", "-o", "start.npz")
    fitted(folder, "--epochs", "2", "-o", "other.npz")
    fitted(folder, "--epochs", "2", "--init", "start.npz")
    outcome = invoke("verify", "model.npz", "rows.csv", folder=folder, allowed={2})
    assert "made with --init" in outcome.error
    assert invoke("verify", "model.npz", "rows.csv", "--init", "start.npz", "-q", folder=folder).code == 0
    outcome = invoke("verify", "model.npz", "rows.csv", "--init", "other.npz", "-q", folder=folder, allowed={2})
    assert "not the model that the fit started from" in outcome.error


def test_standard_input_cannot_be_read_twice(folder):
    fitted(folder)
    assert "twice" in invoke("verify", "model.npz", "-", folder=folder, allowed={2}).error


def test_a_file_for_validation_that_no_longer_fits(folder, rows):
    """It is told with what else differs, as other data, whichever of the two files has changed."""
    rows[:60].to_csv(folder / "aside.csv", index=False)
    fitted(folder, "--validation", "aside.csv", "--patience", "3", "--calibrate")
    rows[rows["y"] != "perhaps"].to_csv(folder / "fewer.csv", index=False)
    outcome = invoke("verify", "model.npz", "fewer.csv", "-q", folder=folder, allowed={7})
    said = outcome.stdout.decode()
    assert said.startswith("other bytes, of other data\n")
    assert 'other classes: the model has "perhaps", the data has' in said
    assert "the file for validation does not fit: aside.csv:" in said
    rows[:60].assign(y="never").to_csv(folder / "aside.csv", index=False)
    said = invoke("verify", "model.npz", "rows.csv", "-q", folder=folder, allowed={7}).stdout.decode()
    assert said.splitlines()[0] == "other bytes, of other data"
    assert "other classes" not in said
    (folder / "bad.csv").write_text("a,y\n1\n")
    assert invoke("verify", "model.npz", "bad.csv", "-q", folder=folder, allowed={3}).code == 3


def test_a_model_of_an_earlier_version():
    found = sm.verify("tests/golden/model-1.npz", "sample_data/penguins.csv")
    assert not found.same
    assert found.objective <= 1e-4  # what both of them prove
    assert found.reasons == ("the model is of an earlier smtrain, which kept no data contract",)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("drop", 5),
        ("drop", [1]),
        ("epochs", "many"),
        ("epochs", -1),
        ("target", 3),
        ("dialect", None),
        ("dialect", {"header": 1}),
        ("class_weight", [1]),
        ("validation", True),
        ("precision", "auto"),
        ("solver", "magic"),
        ("momentum", 2.0),
        ("surprise", 1),
        ("l1", 1.0),
    ],
)
def test_options_that_cannot_be(tmp_path, model_file, name, value):
    forger = Forger(model_file)
    forger.meta(lambda meta: meta["fit"]["options"].update({name: value}))
    (tmp_path / "model.npz").write_bytes(forger.bytes())
    (tmp_path / "rows.csv").write_text("a,y\n1,p\n2,q\n")
    assert invoke("verify", "model.npz", "rows.csv", folder=tmp_path, allowed={4}).code == 4


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("verify") / "m.npz"
    sm.fit("sample_data/iris.csv").save(str(path))
    return path.read_bytes()
