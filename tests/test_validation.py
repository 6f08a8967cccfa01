"""Rows set aside: their NLL is that of an evaluation, they teach nothing, and the best epoch is kept."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import smtrain as sm
from smtrain.errors import DataError, UsageError
from smtrain.fitting.fit import Observer
from smtrain.sources import records
from tests.cli import smtrain
from tests.homes import home_of
from tests.problems import held_rows

pytestmark = pytest.mark.bits


@pytest.fixture(scope="module")
def table():
    """Labels that depend on the columns only in part, so that a fit without penalty overfits."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(160, 12)), columns=[f"x{i}" for i in range(12)])
    frame["word"] = rng.choice(["a", "b", "c"], 160)
    z = 2 * frame[["x0", "x1", "x2"]].to_numpy() + rng.gumbel(size=(160, 3))
    frame["y"] = np.array(["k0", "k1", "k2"])[z.argmax(1)]
    return frame


def held(frame, share, seed=0):
    """The rows that `validation=share` sets aside, found by their labels alone."""
    return held_rows(np.unique(frame["y"], return_inverse=True)[1], np.ones(len(frame)), share, seed)


def mean_nll(model, frame):
    S = sm.predict_proba(model, frame)
    return -np.log(S[np.arange(len(frame)), [model.classes.index(name) for name in frame["y"]]]).mean()


def test_the_validation_nll_is_that_of_the_rows_set_aside(table):
    model = sm.fit(table, validation=0.25)
    rows = held(table, 0.25)
    assert model.fit.validation.rows == rows.sum()
    assert model.fit.validation.nll == pytest.approx(mean_nll(model, table[rows]))
    assert model.fit.nll == pytest.approx(mean_nll(model, table[~rows]))
    assert model.history.shape[1] == 6
    assert model.history[-1, 5] == model.fit.validation.nll
    assert model.history[0, 5] == pytest.approx(np.log(3))


def test_rows_set_aside_teach_nothing(table):
    """Other labels there change the weights by nothing."""
    rows = held(table, 0.25)
    other = table.copy()
    same_class = other["y"].to_numpy()
    other.loc[rows, [f"x{i}" for i in range(12)]] = table.loc[rows, [f"x{i}" for i in range(12)]].to_numpy()[::-1]
    assert (held(other, 0.25) == rows).all()
    assert (other["y"] == same_class).all()
    np.testing.assert_allclose(sm.fit(other, validation=0.25).W, sm.fit(table, validation=0.25).W, atol=1e-8)


def test_a_file_for_validation_is_only_looked_at(table, tmp_path):
    path = tmp_path / "v.csv"
    train, valid = table.iloc[:110], table.iloc[110:]
    valid.iloc[:, ::-1].to_csv(path, index=False)  # columns are matched by name
    with_file, without = sm.fit(train, validation=str(path)), sm.fit(train)
    np.testing.assert_array_equal(with_file.W, without.W)
    assert with_file.fit.validation.nll == pytest.approx(sm.evaluate(with_file, str(path)).metrics["nll"])
    assert with_file.fit.validation.rows == 50


@pytest.mark.parametrize("options", [{}, {"l1": 0.5}, {"batch_size": 32, "learning_rate": 0.3}])
def test_patience_keeps_the_best_epoch(table, options):
    model = sm.fit(table, validation=0.3, patience=8, l2=1e-4, tol=1e-9, **options)
    column, epochs = model.history[:, 5], model.history[:, 0]
    best = int(np.argmin(column))
    assert model.fit.status.name == "EARLY"
    assert model.fit.epoch == epochs[best]
    assert epochs[-1] - epochs[best] >= 8
    assert mean_nll(model, table[held(table, 0.3)]) == pytest.approx(column[best])
    assert column[best] < sm.fit(table, validation=0.3, l2=1e-4).fit.validation.nll


def test_without_patience_the_optimum_is_kept(table):
    model = sm.fit(table, validation=0.3, l2=1e-3)
    assert model.fit.status.name == "CONVERGED"
    assert model.fit.validation.nll > model.history[:, 5].min()


def test_a_class_of_one_row_stays_in_training(table):
    rare = pd.concat([table, table.iloc[:1].assign(y="k9")], ignore_index=True)
    model = sm.fit(rare, validation=0.5, l2=0.1)
    assert model.fit.class_counts[-1] == 1
    assert mean_nll(model, rare.iloc[-1:]) < np.log(160)


def test_class_weights_count_in_both(table, tmp_path):
    path = tmp_path / "v.csv"
    table.iloc[110:].to_csv(path, index=False)
    model = sm.fit(table.iloc[:110], validation=str(path), class_weight={"k0": 3.0})
    S, frame = sm.predict_proba(model, str(path)), table.iloc[110:]
    y = [model.classes.index(name) for name in frame["y"]]
    v = np.where(frame["y"] == "k0", 3.0, 1.0)
    assert model.fit.validation.nll == pytest.approx(np.average(-np.log(S[np.arange(50), y]), weights=v))


def test_calibration_divides_the_weights_by_the_temperature(table):
    plain, warm = (sm.fit(table, validation=0.4, l2=1e-3, calibrate=c) for c in (False, True))
    assert warm.fit.temperature > 1.1  # an overfitted model is too sure
    np.testing.assert_allclose(warm.W * warm.fit.temperature, plain.W, rtol=1e-12)
    rows = held(table, 0.4)
    assert warm.fit.validation.nll == pytest.approx(mean_nll(warm, table[rows]))
    assert warm.fit.validation.nll < plain.fit.validation.nll
    assert warm.fit.nll == pytest.approx(mean_nll(warm, table[~rows]))
    lowest = plain.fit.objective * (1 - plain.fit.gap)
    assert warm.fit.objective * (1 - warm.fit.gap) == pytest.approx(lowest)


def test_a_model_with_validation_is_read_back(table, tmp_path):
    model = sm.fit(table, validation=0.2, calibrate=True, l2="auto")
    model.save(str(tmp_path / "m.npz"))
    again = sm.load(str(tmp_path / "m.npz"))
    assert replace(again.fit, options=model.fit.options) == model.fit
    np.testing.assert_array_equal(again.history, model.history)


@pytest.mark.parametrize("options", [{"patience": 3}, {"calibrate": True}, {"validation": 1.0}, {"validation": -0.1}])
def test_options_that_cannot_be(table, options):
    with pytest.raises(UsageError):
        sm.fit(table, **options)


@pytest.mark.parametrize("options", [{"validation": 0.5}, {"l2": "auto"}])
@pytest.mark.parametrize("weights", [[1, 1, 1, 0], [2, 3, 1, 0]])
def test_nothing_to_set_aside(options, weights):
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": list("abcc"), "w": weights})
    with pytest.raises(DataError, match="every class needs one"):
        sm.fit(frame, target="y", weight="w", **options)


@pytest.mark.parametrize("options", [{"validation": 0.3}, {"l2": "auto"}])
def test_rows_of_no_weight_change_nothing(table, options):
    """They are not drawn for validation or a fold, where a class or a fold could be left with nothing else."""
    mute = table.assign(w=1.0).sample(frac=1, random_state=1)
    every = pd.concat([mute, mute.assign(w=0.0)], ignore_index=True)  # columns keep their mean and deviation
    one, other = (sm.fit(frame, target="y", weight="w", tol=1e-12, **options) for frame in (mute, every))
    np.testing.assert_allclose(other.W, one.W, atol=1e-5)
    if "validation" in options:
        assert other.fit.validation.rows == one.fit.validation.rows
        assert other.fit.validation.nll == pytest.approx(one.fit.validation.nll)


def test_rows_of_validation_do_not_choose_the_penalty(table):
    """Their columns in another order change no candidate's NLL, for they are in no fold."""
    rows = held(table, 0.25)
    other = table.copy()
    numbers = [f"x{i}" for i in range(12)]
    other.loc[rows, numbers] = table.loc[rows, numbers].to_numpy()[::-1]
    one, two = (sm.fit(frame, validation=0.25, l2="auto").fit.selection.candidates for frame in (table, other))
    assert [c.nll for c in one] == pytest.approx([c.nll for c in two], rel=1e-9)


@pytest.mark.parametrize(("text", "words"), [("x,y,w\n", "no rows"), ("x,y,w\n1,a,0\n", "weigh nothing")])
def test_a_file_for_validation_without_rows(tmp_path, text, words):
    (tmp_path / "t.csv").write_text("x,y,w\n1,a,1\n2,b,1\n3,a,1\n4,b,1\n")
    (tmp_path / "v.csv").write_text(text)
    done = smtrain("fit", "t.csv", "-t", "y", "--weight", "w", "--validation", "v.csv", cwd=tmp_path, code=3)
    assert "v.csv: " in done.stderr
    assert words in done.stderr
    smtrain("fit", "t.csv", "-t", "y", "--weight", "w", "-q", cwd=tmp_path)
    assert words in smtrain("evaluate", "v.csv", cwd=tmp_path, code=3).stderr


def test_standard_input_is_read_once(tmp_path):
    done = smtrain("fit", "-", "--validation", "-", cwd=tmp_path, code=2, stdin="x,y\n1,a\n2,b\n")
    assert "only once" in done.stderr


def test_the_command_line(tmp_path, table):
    table.iloc[:120].to_csv(tmp_path / "t.csv", index=False)
    table.iloc[120:].to_csv(tmp_path / "v.csv", index=False)
    early = ("--validation", "v.csv", "--patience", "5", "--l2", "0.001", "--log", "l.jsonl")
    done = smtrain("fit", "t.csv", *early, cwd=tmp_path)
    assert "validation" in done.stderr
    assert "stopped early" in done.stderr
    assert '"validation_nll": 1.098' in (tmp_path / "l.jsonl").read_text().splitlines()[0]


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--validation", "no.csv"], 2, "no.csv"),
        (["--validation", "1.5"], 2, "at most 0.9"),
        (["--patience", "5"], 2, "--validation 0.2"),
        (["--validation", "odd.csv", "-o", "odd.csv"], 2, "odd.csv"),
        (["--validation", "odd.csv"], 3, 'odd.csv:2: column "y": the model has no class "k7"'),
    ],
)
def test_commands_that_cannot_be(tmp_path, table, options, code, says):
    table.to_csv(tmp_path / "t.csv", index=False)
    table.iloc[:1].assign(y="k7").to_csv(tmp_path / "odd.csv", index=False)
    assert says in smtrain("fit", "t.csv", *options, cwd=tmp_path, code=code).stderr


def write_long(path, rows, seed):
    """A narrow file: many rows in a piece of text."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 10, rows)
    frame = pd.DataFrame({"x": x, "g": rng.choice(["u", "v"], rows), "w": rng.integers(0, 3, rows)})
    frame.assign(y=np.where(x + rng.integers(0, 9, rows) > 9, "a", "b")).to_csv(path, index=False)


class Sizes(Observer):
    """Notes how long the partitions are, and where they begin."""

    def on_learned(self, learned, _):
        self.rows = learned.encoded.sum(lambda partition: ((partition.start, partition.rows),))
        self.on_disk = getattr(learned.home, "on_disk", 0)


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_a_file_is_cut_into_partitions_whatever_its_pieces_are(precision, tmp_path, monkeypatch):
    write_long(tmp_path / "t.csv", 9_000, 0)
    write_long(tmp_path / "v.csv", 20_000, 1)
    found, options = (
        set(),
        {"weight": "w", "validation": str(tmp_path / "v.csv"), "patience": 4, "precision": precision},
    )
    for piece, threads, memory in [(1 << 21, 1, None), (50_000, 2, None), (1_000, 2, 1), (7_777, 3, 1 << 18)]:
        monkeypatch.setattr(records, "PIECE", piece)
        sizes = Sizes()
        model = sm.fit(str(tmp_path / "t.csv"), home=home_of(memory, threads), observer=sizes, **options)
        assert sizes.rows == ((0, 8192), (8192, 808), (9000, 8192), (17192, 8192), (25384, 3616))
        model.save(str(tmp_path / "m.npz"))
        found.add((tmp_path / "m.npz").read_bytes())
    assert len(found) == 1
    nll = sm.evaluate(model, str(tmp_path / "v.csv")).metrics["nll"]
    assert model.fit.validation.rows == 20_000
    assert model.fit.validation.nll == pytest.approx(nll, rel=1e-9)


@pytest.mark.parametrize("options", [{"l2": "auto", "folds": 3}, {"batch_size": 500, "epochs": 3}, {"calibrate": True}])
def test_rows_of_a_file_teach_nothing_whatever_the_solver(options, tmp_path):
    """Other rows in the file for validation: the weights are the same, bit for bit."""
    write_long(tmp_path / "t.csv", 3_000, 0)
    weights = []
    for seed in (1, 2):
        write_long(tmp_path / "v.csv", 9_000, seed)
        model = sm.fit(str(tmp_path / "t.csv"), validation=str(tmp_path / "v.csv"), **options)
        weights.append(model.W * (model.fit.temperature or 1.0))
    np.testing.assert_allclose(weights[0], weights[1], rtol=0 if "calibrate" not in options else 1e-12)
