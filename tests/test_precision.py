"""In float32: what a fit says is what float64 says of the same weights, or is said to as many digits as there are."""

import numpy as np
import pandas as pd
import pytest

import smtrain as sm
from smtrain.fitting.options import FitConfig
from tests.cli import smtrain
from tests.problems import held_rows


def separable(n=400, seed=0):
    """Classes that three numbers tell apart nearly always: under a weak penalty the NLL is about 1e-5."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    y = (X @ rng.normal(size=(3, 3)) * 8).argmax(axis=1)
    return pd.DataFrame(X, columns=list("abc")).assign(w=10.0 ** rng.integers(-6, 6, n), y=[f"k{k}" for k in y])


CASES = {
    "tiny": {"l2": 1e-5, "drop": ("w",)},
    "uneven weights": {"l2": 1.0, "weight": "w"},
    "class weights": {"l2": 0.1, "weight": "w", "class_weight": {"k0": 1e-4, "k1": 50.0}},
    "lasso": {"l1": 1e-3, "weight": "w", "epochs": 60},
    "elastic net": {"l1": 1e-4, "l2": 1e-4, "drop": ("w",), "epochs": 60},
    "without penalty": {"l2": 0.0, "drop": ("w",), "epochs": 12},
    "patience": {"l2": 1e-4, "drop": ("w",), "patience": 3, "validation": 0.3},
    "calibrated": {"l2": 1e-3, "weight": "w", "calibrate": True, "validation": 0.3},
    "descent": {"l2": 1.0, "weight": "w", "solver": "gd", "epochs": 20},
}


def objective_of(model, frame, options, rows):
    """J/n of a model in float64, by its probabilities."""
    S = sm.predict_proba(model, frame)
    own = [model.classes.index(name) for name in frame["y"]]
    v = np.ones(len(frame)) if options.get("weight") is None else frame["w"].to_numpy()
    v = v * np.array([(options.get("class_weight") or {}).get(name, 1.0) for name in frame["y"]])
    with np.errstate(divide="ignore"):
        logits = np.log(S)
    others = np.where(np.arange(S.shape[1]) == np.array(own)[:, None], 0.0, S).sum(axis=1)  # small ones keep digits
    nll = np.where(others < 0.5, -np.log1p(-np.minimum(others, 0.5)), -logits[np.arange(len(S)), own])
    n = v[rows].sum()
    penalty = options.get("l1", 0.0) * np.abs(model.W).sum() + model.fit.options.l2 / 2 * (model.W**2).sum()
    return (v * nll)[rows].sum() / n, penalty / n


@pytest.mark.parametrize("name", CASES)
def test_what_is_said_at_the_end_is_true_in_float64(name):
    frame, options = separable(), CASES[name]
    model = sm.fit(frame, target="y", precision="float32", tol=1e-5, **options)
    aside = np.zeros(len(frame), bool)
    if "validation" in options:
        aside = held_rows(np.unique(frame["y"], return_inverse=True)[1], np.ones(len(frame)), 0.3, 0)
        nll, _ = objective_of(model, frame, options, aside)
        assert model.fit.validation.nll == pytest.approx(nll, rel=1e-8)
    nll, penalty = objective_of(model, frame, options, ~aside)
    assert model.fit.nll == pytest.approx(nll, rel=1e-8)
    assert model.fit.objective == pytest.approx(nll + penalty, rel=1e-8)


@pytest.mark.parametrize(
    "name", ["tiny", "uneven weights", "class weights", pytest.param("elastic net", marks=pytest.mark.slow)]
)
def test_no_objective_is_below_the_minimum_and_no_gap_below_the_truth(name):
    frame, options = separable(), CASES[name] | {"epochs": 1000}
    best = sm.fit(frame, target="y", precision="float64", **options, tol=1e-9).fit
    lowest = best.objective * (1 - best.gap)
    model = sm.fit(frame, target="y", precision="float32", tol=1e-6, **options)
    assert model.fit.objective >= lowest * (1 - 1e-8)
    for objective in model.history[:, 2]:
        assert objective >= lowest
    assert model.fit.objective * (1 - model.fit.gap) <= best.objective * (1 + 1e-8)


def test_epochs_are_said_to_six_digits_at_most():
    model = sm.fit(separable(), target="y", weight="w", precision="float32", validation=0.3)
    for row in model.history:
        assert all(float(f"{row[i]:.6g}") == row[i] for i in (1, 2, 5))
    assert model.history[-1, 1] == pytest.approx(model.fit.nll, rel=1e-4)


def test_candidates_of_the_penalty_are_those_of_float64():
    frame = separable(150)
    one, two = (
        sm.fit(frame, target="y", drop=("w",), l2="auto", folds=3, precision=precision).fit.selection.candidates
        for precision in ("float32", "float64")
    )
    assert [c.nll for c in one] == pytest.approx([c.nll for c in two], rel=2e-3)


@pytest.mark.parametrize("factor", [1e-45, 1e100])
def test_weights_of_any_size_count_in_float32(factor):
    frame = separable()
    frame["w"] = np.random.default_rng(1).integers(1, 4, len(frame))
    one = sm.fit(frame, target="y", weight="w", precision="float32")
    two = sm.fit(frame.assign(w=frame["w"] * factor), target="y", weight="w", l2=factor, precision="float32")
    assert two.fit.objective == pytest.approx(one.fit.objective, rel=1e-4)


@pytest.mark.parametrize(
    ("weights", "chosen"),
    [
        ((1, 1), "float32"),
        ((1, 900), "float32"),
        ((1e-6, 1e-6), "float32"),
        ((1, 1e5), "float64"),
        ((50, 50), "float64"),
    ],
)
def test_auto_keeps_float64_where_weights_take_digits(weights, chosen, monkeypatch):
    monkeypatch.setattr("smtrain.fitting.options.FEWEST_FLOAT32", 100)
    frame = separable().assign(w=float(weights[0]))
    frame.loc[::100, "w"] = float(weights[1])
    model = sm.fit(frame, target="y", weight="w", epochs=2)
    assert model.fit.options.precision == chosen


def test_class_weights_count_for_auto(monkeypatch):
    monkeypatch.setattr("smtrain.fitting.options.FEWEST_FLOAT32", 100)
    plain, heavy = (
        sm.fit(separable(), target="y", drop=("w",), class_weight=weights, epochs=2).fit.options.precision
        for weights in (None, {"k0": 1e6})
    )
    assert (plain, heavy) == ("float32", "float64")


def test_settled_without_weights_is_as_before():
    assert FitConfig().settled(1 << 20).precision == "float32"
    assert FitConfig(l2=0.05).settled(1 << 20).precision == "float64"


def test_the_command_line_and_evaluate_agree(tmp_path):
    separable().drop(columns="w").to_csv(tmp_path / "t.csv", index=False)
    done = smtrain("fit", "t.csv", "--precision", "float32", "--l2", "0.001", cwd=tmp_path)
    shown = done.stderr.split("NLL ")[-1].split()[0]
    assert f"nll {shown}" in " ".join(smtrain("evaluate", "t.csv", cwd=tmp_path).stdout.split())
