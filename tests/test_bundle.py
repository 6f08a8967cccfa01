"""The bound of several points at once: below every minimum, and nearer to it than that of one point."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtrain.softmax import bundle, dual
from smtrain.softmax.bundle import Bundle, most_points
from smtrain.softmax.certificate import gap
from smtrain.softmax.design import Design
from smtrain.softmax.loss import Partition
from smtrain.softmax.simplex import best_mixture
from smtrain.solvers.base import minimise
from smtrain.solvers.gradient_descent import GradientDescent
from smtrain.solvers.lbfgs import Lbfgs
from smtrain.solvers.proximal import Proximal
from tests import reference
from tests.problems import hard_problems, objective, partition, theta

# With the last two a minimum is far out, or as good as nowhere.
L2 = (50.0, 1.0, 0.05, 1e-3, 1e-6)


def random_problem(seed, single):
    """A problem of 2 to 12 classes of any sizes, separable or not, with weights of rows and of classes."""
    rng = np.random.default_rng(seed)
    K, n, p = int(rng.integers(2, 13)), int(rng.integers(30, 120)), int(rng.integers(1, 12))
    y = np.concatenate([np.arange(K), rng.choice(K, n - K, p=rng.dirichlet(np.ones(K)))])
    X = rng.choice([0.0, 1.0, 6.0]) * rng.normal(size=(K, p))[y] + rng.normal(size=(n, p))
    v = rng.uniform(0.1, 3, n) * np.exp(rng.normal(size=K))[y]
    return Partition(Design(X.astype(np.float32 if single else np.float64)), y.astype(np.intp), v), K


def bounds_along(f, solver, **options):
    """The proved bound after each step of a fit, and the last few points."""
    steps = []
    minimise(f, solver, f.zeros(), on_progress=steps.append, **options)
    return [step.bound for step in steps], [step.state.point.theta for step in steps[-3:]]


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(4, 22))])
def test_no_bound_is_above_the_minimum(seed, single):
    """220 random problems: no bound on the way is above the least value, in float64, that a long fit reaches."""
    whole, K = random_problem(seed, single)
    for l2 in L2:
        f = objective(whole, K, l2)
        bounds, reached = bounds_along(f, Lbfgs(), epochs=120, tol=1e-10)
        bounds += bounds_along(f, GradientDescent(), epochs=6, tol=1e-7)[0]
        least = min(f.in_double().value_and_grad(theta).objective for theta in reached)
        assert max(bounds) <= least * (1 + 1e-11) + 1e-14


@pytest.mark.parametrize(("l1", "l2"), [(0.5, 0.0), (0.3, 0.7)])
def test_no_bound_is_above_the_minimum_with_l1(l1, l2):
    for seed in range(3):
        whole, K = random_problem(seed, single=False)
        f = objective(whole, K, l2).with_penalties(l2=l2, l1=l1)
        least = minimise(f, Proximal(), f.zeros(), epochs=60, tol=1e-8).point.objective
        assert max(bounds_along(f, Proximal(), epochs=15, tol=1e-4)[0]) <= least * (1 + 1e-11)


@pytest.mark.parametrize("name", hard_problems())
def test_points_from_anywhere_give_a_bound(name):
    whole, K = hard_problems()[name]
    f = objective(whole, K, 0.1)
    least = minimise(f, Lbfgs(), f.zeros(), epochs=3000, tol=1e-11).point.objective
    kept = Bundle()
    for seed in range(most_points(1) + 3):
        point = f.value_and_grad((seed % 4) * theta(f, seed))
        kept = kept.with_point(f, point)
        assert kept.bound(f) <= least * (1 + 1e-11)


def test_what_is_kept_is_that_of_a_loop_over_the_rows():
    whole = partition("mixed", weights=True)
    f = objective(whole, size=17)
    points = [f.value_and_grad(theta(f, seed)) for seed in range(most_points(1) + 2)]
    kept = Bundle()
    for point in points:
        kept = kept.with_point(f, point)
    points = points[2:]
    X, n = whole.X.toarray(), whole.v.sum()
    for i, point in enumerate(points):
        S = [reference.softmax_row(reference.logits_row(x, point.theta[:-1], point.theta[-1])) for x in X]
        entropy = sum(-v * sum(p * np.log(p) for p in s) for v, s in zip(whole.v, S, strict=True)) / n
        assert kept.entropies[i] == pytest.approx(entropy, rel=1e-12)
    lines = np.array([point.data_gradient[:-1].ravel() for point in points])
    np.testing.assert_allclose(kept.products, lines @ lines.T, rtol=1e-12, atol=1e-14)


def test_one_point_gives_the_bound_that_it_gives_alone():
    f = objective(partition("mixed"), l2=100.0)
    point = f.value_and_grad(theta(f, scale=0.1))
    assert gap(f, point) < point.objective
    assert Bundle().with_point(f, point).bound(f) == pytest.approx(point.objective - gap(f, point), rel=1e-12)


@pytest.mark.parametrize("seed", range(30))
def test_what_the_intercept_takes_off_the_entropy_is_bounded(seed):
    """Both bounds of the entropy of moved probabilities, against that of each row; and the second for a rare class."""
    rng = np.random.default_rng(seed)
    n, K = 50, int(rng.integers(2, 6))
    S = rng.dirichlet(np.full(K, rng.choice([0.1, 1.0, 10.0])), n)
    S[:, 0] *= 1e-3
    S /= S.sum(axis=1, keepdims=True)
    rho, q = np.zeros(K), rng.dirichlet(np.ones(K))
    rho[0], q[0] = rng.choice([1e-3, 0.3, 1.0]), 0
    q /= q.sum()
    U = S - S * rho + np.outer(S @ rho, q)
    arguments = reference.entropy(S), S.mean(axis=0), rho, q
    of_all, of_moved = dual._entropy_of_all(*arguments), dual._entropy_of_moved(*arguments)
    assert max(of_all, of_moved) <= reference.entropy(U) + 1e-12
    if rho[0] == 1:
        assert of_moved > of_all


def test_a_weak_penalty_is_certified_in_fewer_passes(monkeypatch):
    whole, K = hard_problems()["heavy tails"]
    f = objective(whole, K, 1e-5)
    together = minimise(f, Lbfgs(), f.zeros(), epochs=2000, tol=1e-4)
    monkeypatch.setattr(bundle, "MOST", 1)
    alone = minimise(f, Lbfgs(), f.zeros(), epochs=2000, tol=1e-4)
    assert together.epochs < alone.epochs


@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 12), st.sampled_from([1e-6, 1.0, 1e6]))
def test_the_mixture_satisfies_the_conditions_of_the_maximum(seed, m, rank, scale):
    """Karush, Kuhn and Tucker: the function rises along no variable, and equally along those that are not 0."""
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(m, rank))
    e, Q = rng.normal(size=m), scale * root @ root.T
    start = rng.uniform(size=m) * (rng.uniform(size=m) < 0.5) + np.eye(m)[0]
    w = best_mixture(e, Q, start / start.sum())
    assert (w >= 0).all()
    assert w.sum() == pytest.approx(1)
    rise = e - Q @ w
    error = 1e-7 * (1 + np.abs(Q).max())
    assert rise.max() <= w @ rise + error
    assert np.abs(rise[w > 1e-9] - w @ rise).max() <= error


def test_a_mixture_of_points_of_a_fit_that_diverges():
    """Where entries of Q go up to 1e200 the programme may be singular; what is returned are weights even so."""
    for seed in range(500):
        rng = np.random.default_rng(seed)
        m = int(rng.integers(2, 8))
        root = rng.normal(size=(m, int(rng.integers(1, 5)))) * 10.0 ** rng.integers(-3, 100, size=m)[:, None]
        root[-1] = root[int(rng.integers(m))]
        w = best_mixture(rng.normal(size=m) * 10.0 ** rng.integers(-3, 50), root @ root.T, np.eye(m)[0])
        assert (w >= 0).all(), seed
        assert w.sum() == pytest.approx(1), seed


def test_points_are_combined_in_proportion_to_what_a_pass_costs(monkeypatch):
    """A fit of a small table combines ever fewer of its points; one of a large table, all."""
    f, combined, old = objective(partition("mixed")), [], Bundle.with_point
    monkeypatch.setattr(Bundle, "with_point", lambda *a: combined.append(1) or old(*a))
    minimise(f, GradientDescent(), f.zeros(), epochs=300, tol=0)
    assert 32 < len(combined) < 120
    combined.clear()
    monkeypatch.setattr(bundle, "CHEAP_PASS", 0)
    minimise(f, GradientDescent(), f.zeros(), epochs=300, tol=0)
    assert len(combined) == 301


def test_the_gradients_of_a_large_model_are_not_kept():
    assert most_points(8) > 1
    assert most_points(1 << 30) == 1
