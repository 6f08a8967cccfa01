"""The optimum agrees with scikit-learn's, an independent implementation of the same objective."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import smtrain as sm
from smtrain.fitting.options import FitConfig
from smtrain.solvers import SOLVERS
from tests.cli import smtrain
from tests.problems import hard_problems, objective
from tests.test_objective import optimum

SAMPLES = "sample_data"


def frame_of(load):
    X, y = load(return_X_y=True, as_frame=True)
    return X.assign(label=y.astype(str))


def scikit_objective(X, y, l2):
    """min of mean NLL + l2/(2n) ΣW². For two classes a single vector at half the l2 is the symmetric fit."""
    K = len(np.unique(y))
    fit = LogisticRegression(C=1 / (l2 if K > 2 else l2 / 2), tol=1e-10, max_iter=100_000).fit(X, y)
    W, b = fit.coef_.T, fit.intercept_
    if K == 2:
        W, b = np.c_[-W / 2, W / 2], np.r_[-b / 2, b / 2]
    Z = X @ W + b
    codes = np.searchsorted(fit.classes_, y)
    nll = (np.logaddexp.reduce(Z, axis=1) - Z[np.arange(len(Z)), codes]).mean()
    return nll + l2 / (2 * len(Z)) * (W**2).sum()


@pytest.mark.parametrize(
    "load", [load_iris, load_wine, pytest.param(load_digits, marks=pytest.mark.slow), load_breast_cancer]
)
def test_optimum_on_numbers(load):
    frame = frame_of(load)
    X = frame.drop(columns="label")
    X = X.loc[:, X.std() > 0]
    expected = scikit_objective(StandardScaler().fit_transform(X), frame["label"], 1.0)
    model = sm.fit(frame, target="label", tol=1e-9)
    assert model.fit.objective == pytest.approx(expected, abs=1e-8)
    assert model.fit.status.name == "CONVERGED"


def test_optimum_on_penguins_with_words_and_missing_cells():
    frame = pd.read_csv(f"{SAMPLES}/penguins.csv", keep_default_na=False, na_values=["NA"])
    numbers = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "year"]
    gaps = numbers[:4]
    words = frame[["island", "sex"]].fillna("(missing)")
    encoder = ColumnTransformer(
        [("n", make_pipeline(SimpleImputer(), StandardScaler()), numbers), ("c", OneHotEncoder(), ["island", "sex"])],
        sparse_threshold=0,
    )
    X = np.c_[encoder.fit_transform(frame[numbers].join(words)), frame[gaps].isna()]
    expected = scikit_objective(X, frame["species"], 1.0)
    model = sm.fit(f"{SAMPLES}/penguins.csv", target="species", tol=1e-9)
    assert model.fit.objective == pytest.approx(expected, abs=1e-8)


def test_balanced_class_weights_are_scikit_learns():
    frame = frame_of(load_wine)
    frame = frame.iloc[np.r_[0:20, 59:178]]
    model = sm.fit(frame, target="label", class_weight="balanced", tol=1e-10)
    n, counts = len(frame), frame["label"].value_counts()
    v = frame["label"].map(n / (3 * counts)).to_numpy(float)
    X = frame.drop(columns="label").to_numpy(float)
    mean = np.average(X, axis=0, weights=v)
    X = (X - mean) / np.sqrt(np.average((X - mean) ** 2, axis=0, weights=v))
    peer = LogisticRegression(C=1, tol=1e-10, max_iter=100_000).fit(X, frame["label"], sample_weight=v)
    np.testing.assert_allclose(sm.predict_proba(model, frame), peer.predict_proba(X), atol=2e-5)


@pytest.mark.parametrize("name", sorted(set(hard_problems()) - {"weights"}))  # scikit_objective has none
@pytest.mark.parametrize("l2", [0.01, 1.0, 100.0])
def test_every_hard_problem_reaches_the_reference(name, l2):
    whole, K = hard_problems()[name]
    expected = scikit_objective(whole.X.toarray(), whole.y, l2)
    found = optimum(objective(whole, K, l2)).objective
    assert found <= expected * (1 + 1e-7) + 1e-12


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("name", ["easy", "two classes", "categories", "weights"])
def test_every_solver_reaches_the_optimum(solver, name):
    from smtrain.solvers import make_solver
    from smtrain.solvers.base import Status, minimise

    whole, K = hard_problems()[name]
    f = objective(whole, K, 1.0)
    solver = make_solver(FitConfig(solver=solver))
    found = minimise(f, solver, f.zeros(), epochs=5000, tol=1e-6, on_epoch=lambda _: None)
    assert found.status is Status.CONVERGED
    assert found.point.objective <= optimum(f).objective * (1 + 1e-6)


def test_mean_probability_of_each_class_equals_its_frequency(tmp_path):
    smtrain("fit", f"{SAMPLES}/glass-no-header.csv", "--no-header", "--tol", 1e-12, "-q", "-o", tmp_path / "m.npz")
    model = sm.load(str(tmp_path / "m.npz"))
    p = sm.predict_proba(model, f"{SAMPLES}/glass-no-header.csv").mean(axis=0)
    counts = json.loads(smtrain("show", tmp_path / "m.npz", "--json").stdout)["fit"]["class_counts"]
    np.testing.assert_allclose(p, np.array(counts) / sum(counts), atol=1e-6)
