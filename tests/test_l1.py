"""L1 and elastic net: the optimum, its zeros, its proof, and what is shown of it."""

import json
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

import smtrain as sm
from smtrain.softmax.certificate import dual_of, gap, sharper_gap
from smtrain.softmax.curvature import diagonal_curvature, local_curvature
from smtrain.softmax.curvature_cost import refresh_plan
from smtrain.softmax.dual import entropy_sum
from smtrain.softmax.loss import softmax
from smtrain.softmax.shrinkage import shrunk
from smtrain.solvers.base import Status, minimise
from smtrain.solvers.gradient_descent import GradientDescent
from smtrain.solvers.proximal import Proximal
from smtrain.solvers.quadratic import Bfgs, Model
from tests import reference
from tests.cli import smtrain
from tests.problems import gaussian, hard_problems, objective, partition, theta

pytestmark = pytest.mark.bits

IRIS, PENGUINS = "sample_data/iris.csv", "sample_data/penguins.csv"
PENALTIES = [(1.0, 0.0), (0.3, 2.0)]


def solved(f, solver=None, tol=1e-9, epochs=20_000, **options):
    return minimise(f, solver or Proximal(), f.zeros(), epochs=epochs, tol=tol, **options)


def lasso(whole, K=4, l1=1.0, l2=0.0, **options):
    return objective(whole, K, l2, **options).with_penalties(l2=l2, l1=l1)


def naive(whole, t, l1, l2):
    """J/n and the gradient of its smooth part, by loops."""
    X, n = whole.X.toarray(), whole.v.sum()
    W = t[:-1]
    _, G, g = reference.cost_and_gradient(X, whole.y, whole.v, W, t[-1])
    return reference.objective(X, whole.y, whole.v, W, t[-1], l2) + l1 * np.abs(W).sum() / n, (G + l2 * W) / n, g / n


def saga_objective(X, y, l1, l2):
    """min of mean NLL + (l1 ‖W‖₁ + l2/2 ‖W‖²)/n by scikit-learn. Two classes: a single vector, at half the l2."""
    K = len(np.unique(y))
    l2_there = l2 if K > 2 else l2 / 2
    options = {"C": 1 / (l1 + l2_there), "l1_ratio": l1 / (l1 + l2_there)}
    fit = LogisticRegression(solver="saga", tol=1e-6, max_iter=20_000, random_state=0, **options).fit(X, y)
    Z = X @ fit.coef_.T + fit.intercept_
    if K == 2:
        Z = np.c_[np.zeros(len(Z)), Z]
    nll = (np.logaddexp.reduce(Z, axis=1) - Z[np.arange(len(Z)), np.searchsorted(fit.classes_, y)]).mean()
    return nll + (l1 * np.abs(fit.coef_).sum() + l2_there / 2 * (fit.coef_**2).sum()) / len(Z)


@pytest.mark.parametrize(("l1", "l2"), [(10.0, 0.0), (5.0, 5.0)])
@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer, load_digits])
def test_the_optimum_is_that_of_saga(load, l1, l2):
    X, y = load(return_X_y=True)
    X, y = X[:300], y[:300]
    X = X[:, X.std(axis=0) > 0]
    expected = saga_objective(StandardScaler().fit_transform(X), y, l1, l2)
    frame = pd.DataFrame(X).add_prefix("x").assign(label=[f"c{label}" for label in y])
    model = sm.fit(frame, l1=l1, l2=l2, tol=1e-8)
    assert model.fit.status.name == "CONVERGED"
    assert model.fit.certified
    assert model.fit.objective == pytest.approx(expected, abs=1e-6)
    assert model.fit.objective <= expected * (1 + 1e-8)


@pytest.mark.parametrize(("l1", "l2"), [(4.0, 0.0), (4.0, 2.0)])
@pytest.mark.parametrize("kind", ["numeric", "mixed"])
def test_the_optimum_satisfies_its_conditions(kind, l1, l2):
    """Where a weight is not zero the gradient is −l1 sign w, elsewhere at most l1; the intercept's is zero."""
    whole = partition(kind, m=200, weights=True)
    found = solved(lasso(whole, l1=l1, l2=l2, size=64), tol=1e-11)
    t, share = found.point.theta, l1 / whole.v.sum()
    value, G, g = naive(whole, t, l1, l2)
    W = t[:-1]
    assert 0 < (W == 0).sum() < W.size
    np.testing.assert_allclose(G[W != 0], -share * np.sign(W[W != 0]), atol=1e-8)
    assert (np.abs(G[W == 0]) <= share * (1 + 1e-6)).all()
    np.testing.assert_allclose(g, 0, atol=1e-8)
    assert found.record.objective == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(("l1", "l2"), PENALTIES)
@pytest.mark.parametrize("name", hard_problems())
def test_the_gap_is_a_bound_at_every_epoch(name, l1, l2):
    whole, K = hard_problems()[name]
    f = lasso(whole, K, l1, l2)
    points = []
    found = solved(f, tol=1e-8, epochs=3000, on_progress=lambda progress: points.append(progress.state.point))
    assert found.status is Status.CONVERGED
    points += [f.value_and_grad(scale * theta(f, seed)) for seed in range(3) for scale in (0.1, 1, 3)]
    for point in points:
        truth = (point.objective - found.point.objective) * (1 - 1e-9) - 1e-13
        assert gap(f, point) >= truth
        assert sharper_gap(f, point, gap(f, point) * 0.99) >= truth


@pytest.mark.parametrize(("l1", "l2"), [*PENALTIES, (0.0, 1.0)])
def test_the_dual_is_made_of_probabilities_that_meet_its_conditions(l1, l2):
    whole = partition("mixed", m=60, weights=True)
    f = lasso(whole, l1=l1, l2=l2, size=17)
    point = f.value_and_grad(theta(f, scale=2))
    dual = dual_of(f, point)
    X, n, Y = whole.X.toarray(), whole.v.sum(), np.eye(4)[whole.y]
    entropy, a, A = 0.0, np.zeros(4), np.zeros((X.shape[1], 4))
    for x, y, v in zip(X, Y, whole.v, strict=True):
        s = np.array(reference.softmax_row(reference.logits_row(x, point.theta[:-1], point.theta[-1])))
        u = (1 - dual.scale) * y + dual.scale * (s - dual.rho * s + (dual.rho @ s) * dual.q)
        assert (u >= 0).all()
        assert u.sum() == pytest.approx(1)
        entropy -= v * sum(p * np.log(p) for p in u if p > 0) / n
        a += v * (u - y) / n
        A += v * np.outer(x, u - y) / n
    np.testing.assert_allclose(a, 0, atol=1e-14)
    above = np.maximum(np.abs(A) - l1 / n, 0)
    assert dual.cost == pytest.approx((above**2).sum() * n / (2 * l2) if l2 else 0.0)
    if not l2:
        assert above.max() <= 1e-12
    exact = f.rows.sum(lambda part: entropy_sum(part, point.theta[:-1], point.theta[-1], dual)) / n
    assert exact == pytest.approx(entropy)
    assert dual.bound <= entropy - dual.cost + 1e-14


@pytest.mark.parametrize("kind", ["numeric", "mixed"])
def test_above_the_largest_l1_every_weight_is_zero(kind):
    whole = partition(kind, m=100, weights=True)
    shares = np.bincount(whole.y, weights=whole.v) / whole.v.sum()
    at_zero = whole.X.toarray().T @ (whole.v[:, None] * (shares - np.eye(4)[whole.y]))
    largest = np.abs(at_zero).max()
    above = solved(lasso(whole, l1=1.001 * largest), tol=1e-6)
    assert above.status is Status.CONVERGED
    assert (above.point.theta[:-1] == 0).all()
    np.testing.assert_allclose(softmax(above.point.theta[-1][:, None])[:, 0], shares, atol=1e-4)
    assert (solved(lasso(whole, l1=0.99 * largest)).point.theta[:-1] != 0).any()


@pytest.mark.parametrize("name", ["easy", "two classes", "categories", "weights"])
def test_gradient_descent_reaches_the_same_optimum(name):
    whole, K = hard_problems()[name]
    f = lasso(whole, K, 2.0)
    best = solved(f).point
    for momentum in (0.0, 0.5):
        found = solved(f, GradientDescent(momentum=momentum), tol=1e-5)
        assert found.status is Status.CONVERGED
        np.testing.assert_array_equal(found.point.theta[:-1].any(axis=1), best.theta[:-1].any(axis=1))


def test_a_step_of_gradient_descent_is_the_proximal_step():
    f = lasso(partition("mixed"), l1=2.0, l2=1.0)
    solver = GradientDescent(learning_rate=0.1)
    found = solved(f, solver, epochs=1).point.theta
    _, G, g = naive(partition("mixed"), f.zeros(), 2.0, 1.0)
    expected = np.vstack([-0.1 * G, -0.1 * g])
    moved = np.sign(expected) * np.maximum(np.abs(expected) - 0.1 * 2.0 / 40, 0)
    np.testing.assert_allclose(found[:-1], moved[:-1], atol=1e-15)
    np.testing.assert_allclose(found[-1], expected[-1], atol=1e-15)


def test_mini_batches_keep_zeros():
    found = solved(lasso(partition("numeric", m=200), l1=30.0), GradientDescent(batch_size=50), epochs=40)
    assert (found.point.theta[:-1] == 0).any()


@pytest.mark.parametrize("solver", [Proximal(), GradientDescent()])
@pytest.mark.parametrize("name", hard_problems())
def test_the_objective_never_goes_up(name, solver):
    whole, K = hard_problems()[name]
    values = [record.objective for record in solved(lasso(whole, K), solver, epochs=60).history]
    assert all(after <= before * (1 + 1e-12) for before, after in pairwise(values))


def test_no_more_epochs_than_asked():
    f = lasso(partition("mixed", m=100), l1=0.1)
    for epochs in (0, 1, 2, 3, 7):
        assert solved(f, tol=0.0, epochs=epochs).epochs <= epochs


def test_same_bits_on_any_number_of_threads():
    whole = partition("mixed", m=1000, weights=True)
    found = [solved(lasso(whole, size=33, threads=threads), tol=1e-6).point.theta.tobytes() for threads in (1, 2, 3)]
    assert len(set(found)) == 1


def test_other_penalties_on_the_same_rows_cost_no_pass(monkeypatch):
    f = lasso(partition("mixed"))
    point = f.value_and_grad(theta(f))
    gap(f, point)
    monkeypatch.setattr(f.rows, "sum", lambda _: pytest.fail("a pass"))
    other = f.with_penalties(l2=3.0, l1=0.5)
    assert (other.l2, other.l1, f.l2, f.l1) == (3.0, 0.5, 0.0, 1.0)
    gap(other, point)


# The quadratic model


def pairs_of(f, steps):
    points = [f.value_and_grad(theta(f, seed)) for seed in range(steps + 1)]
    return [(b.theta - a.theta, f.smooth_gradient(b) - f.smooth_gradient(a)) for a, b in pairwise(points)]


def test_the_compact_matrix_is_that_of_the_updates():
    """B ← B − B s sᵀ B / sᵀBs + y yᵀ / sᵀy, one pair after the other, on a dense matrix."""
    f = objective(partition("mixed", m=300), l2=2.0, size=100)
    curvature, pairs = local_curvature(f, theta(f), 0.1, refresh_plan(f)), pairs_of(f, 4)
    shape = f.zeros().shape
    unit = np.eye(f.zeros().size)

    def dense(B):
        return np.stack([B.times(e.reshape(shape)).ravel() for e in unit])

    expected = dense(Bfgs(curvature, f.penalty, []))
    np.testing.assert_allclose(expected, expected.T, atol=1e-12)
    for step, change in pairs:
        s, y = step.ravel(), change.ravel()
        Bs = expected @ s
        expected = expected - np.outer(Bs, Bs) / (s @ Bs) + np.outer(y, y) / (s @ y)
    np.testing.assert_allclose(dense(Bfgs(curvature, f.penalty, pairs)), expected, atol=1e-9)


def test_pairs_that_cannot_be_used_are_not():
    """A step along which the first guess is flat, and one that is no number."""
    f = objective(partition("mixed", m=300), l2=0.0)
    curvature, one = diagonal_curvature(f), theta(f)
    for s in (np.ones_like(one), one * np.nan):
        found = Bfgs(curvature, 0.0, [(s, np.ones_like(one))]).times(one)
        np.testing.assert_array_equal(found, Bfgs(curvature, 0.0, []).times(one))


def test_the_first_guess_is_the_hessian_where_classes_are_equally_likely():
    whole, K = hard_problems()["two classes"]
    f = objective(whole, K, 0.5)
    one = np.zeros_like(f.zeros())
    one[1] = 1.0, -0.5
    found = Bfgs(diagonal_curvature(f), f.penalty, []).times(one)
    np.testing.assert_allclose(found[1], f.hessian_times(f.zeros(), one)[1], rtol=0.05)


def test_the_models_minimum_is_that_of_many_plain_steps():
    f = lasso(partition("mixed", m=300), l1=5.0, size=100)
    t = theta(f)
    model = Model(
        Bfgs(diagonal_curvature(f), 0.0, pairs_of(f, 3)), t, f.smooth_gradient(f.value_and_grad(t)), f.threshold
    )
    x, rate = t, 0.2
    for _ in range(20_000):
        x = shrunk(x - rate * (model.g + model.B.times(x - t)), rate * f.threshold)

    def q(at):
        d = at - t
        return (d * (model.g + model.B.times(d) / 2)).sum() + (f.threshold * np.abs(at)).sum()

    # The minimum may be a whole line: a constant added to a row with as many positive as negative weights.
    assert q(model.minimum(1e-9, 1 << 40)) == pytest.approx(q(x), rel=1e-9)
    assert model.fall(x) < 0
    assert q(x) < q(model.minimum(1e-9, 0)) < q(t)  # where a pass costs less than a step, a few steps must do


# The command


def test_what_is_shown(tmp_path):
    fitted = smtrain("fit", PENGUINS, "-t", "species", "--l1", 20, "--json", "-o", tmp_path / "m.npz")
    found = json.loads(fitted.stdout)
    model = sm.load(str(tmp_path / "m.npz"))
    assert (found["l1"], found["l2"], found["solver"], found["certified"]) == (20, 0, "proximal", True)
    assert found["nonzero"] == np.count_nonzero(model.W) < model.W.size
    assert "island" in found["unused"]
    words = f"{found['nonzero']} of 45 weights are not zero, {len(found['unused'])} of 7 columns are not used"
    assert words in fitted.stderr
    shown = smtrain("show", tmp_path / "m.npz").stdout
    assert words in shown
    assert "proximal, l1 = 20, l2 = 0" in shown
    assert "·" in shown
    weights = shown.partition("feature")[2]
    assert "island=" not in weights
    document = json.loads(smtrain("show", tmp_path / "m.npz", "--json").stdout)
    assert document["nonzero"] == found["nonzero"]
    assert document["unused"] == found["unused"]
    assert document["fit"]["options"]["l1"] == 20


def test_the_default_of_l2_depends_on_l1():
    plain, alone, both, none = (sm.fit(IRIS, **o) for o in ({}, {"l1": 1}, {"l1": 1, "l2": 2}, {"l1": 0, "l2": 3}))
    assert [m.fit.options.l2 for m in (plain, alone, both, none)] == [1, 0, 2, 3]
    assert [m.fit.options.solver for m in (plain, alone, both, none)] == [
        "lbfgs",
        "proximal",
        "proximal",
        "lbfgs",
    ]


@pytest.mark.parametrize("options", [{"l1": -1.0}, {"l1": float("nan")}, {"l1": float("inf")}])
def test_impossible_values(options):
    with pytest.raises(sm.UsageError, match="l1 is out of range"):
        sm.fit(IRIS, **options)


def test_lbfgs_takes_no_l1():
    refused = smtrain("fit", IRIS, "--l1", 1, "--solver", "lbfgs", code=2)
    assert "--solver lbfgs cannot minimise with --l1" in refused.stderr


@pytest.mark.slow
@pytest.mark.parametrize("options", [{"l1": 1.0}, {"l1": 0.01}, {"l1": 1e-3, "l2": 1e-3}, {"solver": "proximal"}])
def test_a_fit_that_is_cut_off_has_not_stalled(options):
    """At whatever epoch: also in the middle of the search along the first line, whose steps are far too long."""
    whole = gaussian(40, 100, 4)
    frame = pd.DataFrame(whole.X.numeric, columns=[f"x{j}" for j in range(100)]).assign(y=[f"k{k}" for k in whole.y])
    assert sm.fit(frame, tol=1e-6, **options).fit.status.name == "CONVERGED"
    for epochs in range(1, 12):
        fit = sm.fit(frame, tol=1e-9, epochs=epochs, **options).fit
        assert (fit.status.name, fit.epochs) == ("MAX_EPOCHS", epochs)
