"""No step costs more than the passes that it can save: with many features, many classes, or few rows."""

from cProfile import Profile
from functools import partial
from itertools import product

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

import smtrain as sm
from smtrain.softmax import curvature_cost, intercept, separation
from smtrain.softmax.curvature_cost import BLOCK_BYTES, DEAREST, refresh_bytes
from smtrain.softmax.intercept import step_intercept
from smtrain.solvers import lbfgs
from smtrain.solvers.base import minimise
from smtrain.solvers.lbfgs import Lbfgs
from tests.cli import smtrain
from tests.homes import home_of
from tests.problems import gaussian, theta
from tests.problems import objective as of
from tests.test_disk import MB, peak


@pytest.fixture(scope="module")
def crowded(tmp_path_factory):
    """2,000 rows, a column of 500 words and two numbers, 400 classes."""
    rng = np.random.default_rng(0)
    words = np.concatenate([np.arange(500), rng.integers(0, 500, 1500)])
    y = np.where(rng.random(2000) < 0.3, rng.integers(0, 400, 2000), (words * 7 + rng.integers(0, 3, 2000)) % 400)
    y[:400] = np.arange(400)
    frame = pd.DataFrame({"word": [f"w{i:03}" for i in words], "x": y / 400 + rng.normal(size=2000)})
    frame = frame.assign(z=rng.normal(size=2000), y=[f"c{k:03}" for k in y]).sample(frac=1, random_state=1)
    path = tmp_path_factory.mktemp("cost") / "crowded.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.mark.slow
def test_many_features_and_classes_take_little_memory_and_reach_the_optimum(crowded, tmp_path):
    """Curvature blocks of all features for each class would have taken 2.4 GB, and most of the time."""
    assert peak("fit", crowded, "-q", "-o", tmp_path / "m.npz") <= 400 * MB
    model, frame = sm.load(str(tmp_path / "m.npz")), pd.read_csv(crowded)
    X = np.c_[pd.get_dummies(frame["word"]).to_numpy(float), (frame[["x", "z"]] - frame[["x", "z"]].mean())]
    X[:, 500:] /= X[:, 500:].std(axis=0)
    peer = LogisticRegression(C=1.0, tol=1e-6, max_iter=2000).fit(X, frame["y"])
    nll = -peer.predict_log_proba(X)[np.arange(len(X)), frame["y"].str[1:].astype(int)].mean()
    best = nll + (peer.coef_**2).sum() / 2 / len(X)
    assert best * (1 - 1e-6) <= model.fit.objective <= best * (1 + 1.1e-4)
    assert model.fit.epochs < 100


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"l1": 1.0, "epochs": 12}, {"l2": 0.0, "epochs": 12}])
def test_same_bytes_on_any_number_of_threads_and_on_disk(options, crowded, tmp_path):
    found = set()
    for threads, memory in [(1, None), (2, None), (3, 1)]:
        sm.fit(str(crowded), target="y", home=home_of(memory, threads), **options).save(str(tmp_path / "m.npz"))
        found.add((tmp_path / "m.npz").read_bytes())
    assert len(found) == 1


def test_the_number_of_weights_is_said_before_the_start(crowded, tmp_path):
    done = smtrain("fit", crowded, "--epochs", "0", "-o", tmp_path / "m.npz")
    said = done.stderr.splitlines()
    weights = "502 features × 400 classes: 200,800 weights, 200,000 of them for the levels of word"
    line = f"{weights}; objective: mean NLL + l2/2 ‖W‖² / n"
    assert said.index(line) < said.index("lbfgs, l2 = 1, tolerance 0.0001")


@pytest.mark.parametrize("rows", [100, 4284, 1_000_000])
def test_blocks_are_bounded_in_time_and_memory(rows):
    for p, width, K in product([1, 30, 1034, 100_000], [1, 60], [2, 10, 701, 20_000]):
        plan = curvature_cost._plan(rows, p, width, K)
        assert plan.passes <= 3 + DEAREST / curvature_cost.FASTER
        assert 0 <= plan.widest <= min(p, 1000)
        assert refresh_bytes(rows, p, width, K, 1) <= 2 * BLOCK_BYTES + (1 << 28)


def test_a_refresh_waits_for_as_many_passes_as_it_takes_and_is_left_out_near_the_end(monkeypatch):
    monkeypatch.setattr("smtrain.softmax.curvature_cost.TRIFLE", 1)
    problem = of(gaussian(200, 80, 8, spread=0.4), 8, l2=0.1)
    plan = curvature_cost.refresh_plan(problem)
    assert plan.cost > 8 * curvature_cost.CHEAP
    taken, old = [], Lbfgs._refreshed

    def noted(self, f, state, *rest):
        taken.append(state.epoch)
        return old(self, f, state, *rest)

    monkeypatch.setattr(Lbfgs, "_refreshed", noted)
    minimise(problem, Lbfgs(), problem.zeros(), epochs=400, tol=1e-12)
    assert taken[0] >= plan.passes
    taken.clear()
    minimise(problem, Lbfgs(), problem.zeros(), epochs=int(plan.passes) + 1, tol=1e-12)
    assert not taken


def test_no_blocks_are_made_where_a_fit_ends(monkeypatch):
    problem, made, old = of(gaussian(400, 30, 4, spread=0.3), 4, l2=0.01), [], lbfgs.local_curvature
    monkeypatch.setattr(lbfgs, "local_curvature", lambda f, theta, *rest: made.append(theta) or old(f, theta, *rest))
    for tol in 10.0 ** -np.arange(1, 5, 0.25):
        end = minimise(problem, Lbfgs(), problem.zeros(), epochs=400, tol=tol).point.theta
        assert not any(np.array_equal(theta, end) for theta in made)


def test_the_intercept_of_many_classes_moves_as_by_its_matrix(monkeypatch):
    f = of(gaussian(2000, 3, 30), 30)
    at = f.value_and_grad(theta(f, scale=0.2))
    by_matrix = step_intercept(f, at)
    monkeypatch.setattr(intercept, "MOST_DIRECT_CLASSES", 2)
    by_products = step_intercept(f, at)
    np.testing.assert_allclose(by_products.theta, by_matrix.theta, atol=1e-3)
    assert by_products.objective == pytest.approx(by_matrix.objective, rel=1e-6)


def test_separation_is_looked_for_by_no_more_passes_than_the_fit_took(monkeypatch):
    f = of(gaussian(300, 20, 6, spread=0.5), 6, l2=0.0)
    solution = minimise(f, Lbfgs(), f.zeros(), epochs=40, tol=1e-10)
    monkeypatch.setattr(separation, "CHEAP", 0)
    made, old = [], f.rows.sum
    monkeypatch.setattr(f.rows, "sum", lambda term, *kept: made.append(1) or old(term, *kept))
    separation.find_separation(f, 20 * solution.point.theta, solution.epochs)
    assert len(made) <= solution.epochs + 30


def calls(work):
    """How many functions of Python `work` calls."""
    profile = Profile()
    profile.runcall(work)
    return sum(entry.callcount for entry in profile.getstats() if not isinstance(entry.code, str))


JOBS = {
    "fit": lambda _, path: sm.fit(path, target="y", threads=1, epochs=1),
    "evaluate": lambda model, path: sm.evaluate(model, path, threads=1),
    "predict": sm.predict,
    "check": lambda model, path: sm.check(model, path, threads=1),
    "doctor": lambda _, path: sm.doctor(path, target="y"),
    "cross_validate": lambda _, path: sm.cross_validate(path, target="y", folds=2, threads=1, epochs=1),
}


@pytest.mark.filterwarnings("ignore::smtrain.errors.FitWarning")
@pytest.mark.parametrize("job", JOBS)
def test_work_grows_with_the_columns_and_not_with_their_square(job, tmp_path):
    """Twice the columns, at most about twice the calls of functions; looked at in Python, where a call is slow."""
    counts = []
    for p in (20, 150, 300):
        X = np.random.default_rng(0).integers(0, 9, (30, p))
        frame = pd.DataFrame(
            {f"x{j}": np.where(X[:, j] > 4, "much", "little") if j % 10 == 0 else X[:, j] for j in range(p)}
        )
        frame.assign(y=["a", "b"] * 15).to_csv(tmp_path / "t.csv", index=False)
        model = sm.fit(str(tmp_path / "t.csv"), target="y", epochs=1)
        counts.append(calls(partial(JOBS[job], model, str(tmp_path / "t.csv"))))
    assert counts[2] <= 2.2 * counts[1]
