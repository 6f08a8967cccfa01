"""A fit that was stopped goes on and ends with the same bytes; with other data or options it is refused."""

import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import smtrain as sm
from smtrain.fitting.checkpoint import Checkpoint
from smtrain.fitting.fit import Observer
from tests.cli import SMTRAIN, clean_environment, smtrain
from tests.observers import StopAt

pytestmark = pytest.mark.bits

GLASS = "sample_data/glass-no-header.csv"
DIALECT = sm.Dialect(header=False)
SOLVERS = {
    "lbfgs": {"tol": 1e-10},
    "lbfgs without penalty": {"l2": 0.0, "epochs": 60},
    "proximal": {"l1": 0.5, "tol": 1e-10},
    "gd with l1": {"solver": "gd", "epochs": 40, "momentum": 0.5, "l1": 2.0},
    "gd": {"solver": "gd", "epochs": 40, "momentum": 0.5},
    "mini-batches": {"batch_size": 32, "epochs": 12, "seed": 4},
}


def fit(path, **options):
    return sm.fit(GLASS, dialect=DIALECT, checkpoint=str(path), **options)


@pytest.mark.parametrize("by_logits", [False, True])
@pytest.mark.parametrize("name", SOLVERS)
def test_a_stopped_fit_ends_with_the_same_bytes(name, by_logits, tmp_path, monkeypatch):
    if by_logits:
        monkeypatch.setattr("smtrain.softmax.line.WIDE", 1)
    whole, path = fit(tmp_path / "whole.ck", **SOLVERS[name]), tmp_path / "ck"
    for stop in (0, 3, 7, 7, 11):
        with pytest.raises(KeyboardInterrupt):
            fit(path, observer=StopAt(stop), **SOLVERS[name])
    resumed = fit(path, **SOLVERS[name])
    for file, model in (("a", whole), ("b", resumed)):
        model.save(str(tmp_path / file))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


class Stopped(Checkpoint):
    """Presses Ctrl-C at the n-th step of the choice of l2, or of the fit that follows it."""

    left = 0

    def on_walk(self, walk):
        super().on_walk(walk)
        self._count()

    def on_progress(self, progress):
        super().on_progress(progress)
        self._count()

    def _count(self):
        type(self).left -= 1
        if not self.left:
            raise KeyboardInterrupt


@pytest.mark.parametrize(
    "options",
    [{}, {"l1": 0.3, "one_se": True}, {"precision": "float32", "folds": 2}, {"l2": 0.1, "l1": "auto", "folds": 2}],
)
@pytest.mark.parametrize("by_logits", [False, True])
def test_a_choice_of_a_penalty_that_was_stopped_goes_on_where_it_was(by_logits, options, tmp_path, monkeypatch):
    if by_logits:
        monkeypatch.setattr("smtrain.softmax.line.WIDE", 1)
    options = {"l2": "auto", "folds": 3, "tol": 1e-8} | options
    steps, old = [], Checkpoint.on_walk
    monkeypatch.setattr(Checkpoint, "on_walk", lambda self, walk: steps.append(1) or old(self, walk))
    whole = fit(tmp_path / "whole.ck", **options)
    all_steps = len(steps)
    monkeypatch.setattr("smtrain.fitting.checkpoint.Checkpoint", Stopped)
    steps.clear()
    for Stopped.left in (1, 2, 30, 5, all_steps // 3, all_steps // 4):
        with pytest.raises(KeyboardInterrupt):
            fit(tmp_path / "ck", **options)
    Stopped.left = all_steps - len(steps) + 8  # in the fit with the value that was chosen
    with pytest.raises(KeyboardInterrupt):
        fit(tmp_path / "ck", **options)
    Stopped.left = 0
    told = Told()
    resumed = fit(tmp_path / "ck", observer=told, **options)
    assert len(steps) <= all_steps + 8  # nothing was done twice but the step at which it was stopped
    penalty = resumed.fit.selection.penalty
    values = [getattr(one, penalty) for one in told.candidates]
    assert [getattr(one, penalty) for one in resumed.fit.selection.candidates] == sorted(values, reverse=True)
    for file, model in (("a", whole), ("b", resumed)):
        model.save(str(tmp_path / file))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


class Told(Observer):
    """Keeps the candidates that it is told of: those of before it was stopped, too."""

    def __init__(self):
        self.candidates = []

    def on_candidate(self, candidate):
        self.candidates.append(candidate)


@pytest.mark.slow
def test_a_signal_in_the_cross_validation_leaves_a_checkpoint_and_the_command_goes_on(tmp_path):
    command = [*SMTRAIN, "fit", str(Path(GLASS).absolute()), "--no-header", "--l2", "auto", "--folds", "20"]
    smtrain(*command[len(SMTRAIN) :], "-o", "whole.npz", cwd=tmp_path)
    command += ["--checkpoint", "ck"]
    started = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, env=clean_environment(), text=True)
    while " ± " not in started.stderr.readline():
        assert started.poll() is None
    started.send_signal(signal.SIGTERM)
    assert started.wait() == 143
    started.stderr.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ck", "whole.npz"]
    refused = smtrain(*command[len(SMTRAIN) :], "--one-se", cwd=tmp_path, code=2).stderr
    assert "its one se was False, now it is True" in refused
    smtrain(*command[len(SMTRAIN) :], cwd=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.npz", "whole.npz"]
    assert (tmp_path / "model.npz").read_bytes() == (tmp_path / "whole.npz").read_bytes()


def test_a_finished_checkpoint_gives_the_same_model_again(tmp_path):
    one = fit(tmp_path / "ck")
    seen = []
    watcher = Observer()
    watcher.on_epoch = seen.append
    # A fit that was killed after its last epoch: the checkpoint holds that epoch.
    with pytest.raises(KeyboardInterrupt):
        fit(tmp_path / "ck2", observer=StopAt(one.fit.epochs))
    two = fit(tmp_path / "ck2", observer=watcher)
    np.testing.assert_array_equal(one.W, two.W)
    assert len(seen) <= 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"l2": 2.0}, "its l2 was 1.0, now it is 2.0"),
        ({"solver": "gd"}, "its solver was 'lbfgs', now it is 'gd'"),
        ({"epochs": 7}, "its epochs was 1000, now it is 7"),
    ],
)
def test_a_checkpoint_of_other_options_is_refused(change, words, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        fit(tmp_path / "ck", observer=StopAt(5))
    with pytest.raises(sm.UsageError, match="is of another fit") as refused:
        fit(tmp_path / "ck", **change)
    assert words in refused.value.message


def test_a_checkpoint_of_other_data_is_refused(tmp_path):
    frame = pd.read_csv("sample_data/iris.csv")
    path = str(tmp_path / "ck")
    with pytest.raises(KeyboardInterrupt):
        sm.fit(frame, checkpoint=path, observer=StopAt(5))
    other = frame.copy()
    other.loc[[0, 60], "species"] = other.loc[[60, 0], "species"].to_numpy()
    with pytest.raises(sm.UsageError, match="its data differ"):
        sm.fit(other, checkpoint=path)
    with pytest.raises(sm.UsageError, match="its columns or classes differ"):
        sm.fit(frame.drop(columns="sepal_width"), checkpoint=path)


def test_a_damaged_checkpoint_is_refused(tmp_path):
    path = tmp_path / "ck"
    with pytest.raises(KeyboardInterrupt):
        fit(path, observer=StopAt(5))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(sm.ModelError, match="damaged"):
        fit(path)


@pytest.mark.parametrize("signum", [pytest.param(signal.SIGINT, marks=pytest.mark.slow), signal.SIGTERM])
def test_signals_leave_a_checkpoint_and_the_command_goes_on(signum, tmp_path):
    command = [*SMTRAIN, "fit", str(Path(GLASS).absolute()), "--no-header", "--solver", "gd", "--epochs", "20000"]
    command += ["--tol", "0", "--checkpoint", "ck", "--log", "log.jsonl"]
    started = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, env=clean_environment())
    while not (tmp_path / "log.jsonl").exists() or (tmp_path / "log.jsonl").stat().st_size < 20_000:
        time.sleep(0.02)
    started.send_signal(signum)
    _, stderr = started.communicate()
    assert started.returncode == 128 + signum
    assert stderr.decode().splitlines()[-1].startswith("smtrain: error: ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ck", "log.jsonl"]
    smtrain(*command[len(SMTRAIN) :], cwd=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.jsonl", "model.npz"]
    epochs = [int(line.split(",")[0].split(":")[1]) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert epochs[-1] == 20_000
    assert set(epochs) == set(range(20_001))


def test_init_starts_where_the_model_ended(tmp_path):
    first = fit(tmp_path / "a", tol=1e-9)
    again = sm.fit(GLASS, dialect=DIALECT, init=first)
    assert again.fit.epochs <= 3
    assert again.fit.objective == pytest.approx(first.fit.objective, rel=1e-8)


def test_init_is_in_the_units_of_the_new_data(tmp_path):
    frame = pd.read_csv("sample_data/iris.csv")
    first = sm.fit(frame, tol=1e-9)
    scaled = frame.assign(sepal_length=frame["sepal_length"] * 1000 - 7)
    with pytest.raises(sm.ModelError, match="is in the model only"):
        sm.fit(frame[frame["species"] != "setosa"], init=first)
    half = sm.fit(frame.iloc[::2], init=first, epochs=0)
    np.testing.assert_allclose(sm.predict_proba(half, frame), sm.predict_proba(first, frame), atol=1e-12)
    assert sm.fit(scaled, init=first, epochs=0).fit.nll != pytest.approx(first.fit.nll)


def test_init_goes_by_names_not_places():
    frame = pd.read_csv("sample_data/iris.csv")
    first = sm.fit(frame, tol=1e-9)
    turned = frame[["petal_width", "sepal_length", "petal_length", "sepal_width", "species"]]
    again = sm.fit(turned, init=first, epochs=0)
    np.testing.assert_allclose(sm.predict_proba(again, frame), sm.predict_proba(first, frame), atol=1e-12)
