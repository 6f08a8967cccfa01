"""The certificate, its estimate at l2 = 0, the intercept, the step sizes, and the sums' independence of threads."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtrain.softmax.certificate import gap, gap_at_solved_intercept, newton_gap
from smtrain.softmax.intercept import step_intercept
from smtrain.softmax.tree import joined, pairwise_sum, subtotals
from smtrain.solvers.base import minimise
from smtrain.solvers.lbfgs import Lbfgs
from tests.problems import hard_problems, objective, partition, set_aside, theta


def optimum(f):
    return minimise(f, Lbfgs(), f.zeros(), epochs=5000, tol=1e-11, on_epoch=lambda _: None).point


@pytest.mark.parametrize("l2", [1e-3, 1.0, 50.0])
@pytest.mark.parametrize("name", hard_problems())
def test_the_gap_is_never_below_the_truth(name, l2):
    """A certificate that claims too little would be a lie: checked at random points and along a fit."""
    whole, K = hard_problems()[name]
    f = objective(whole, K, l2)
    best = optimum(f)
    points = [f.value_and_grad(scale * theta(f, seed)) for seed in range(3) for scale in (0, 0.1, 1, 3)]
    points += [f.value_and_grad(best.theta + 1e-3 * theta(f, seed)) for seed in range(3)]
    for point in points:
        assert gap(f, point) >= (point.objective - best.objective) * (1 - 1e-9) - 1e-13


def test_the_gap_is_the_formula_where_the_intercept_is_solved():
    f = objective(partition("mixed", weights=True))
    point = f.value_and_grad(optimum(f).theta + 0.01 * theta(f))
    for _ in range(6):
        point = step_intercept(f, point)
    assert np.abs(point.gradient[-1]).max() < 1e-9
    assert gap(f, point) == pytest.approx(gap_at_solved_intercept(f, point), rel=1e-5)
    assert gap_at_solved_intercept(f, point) == pytest.approx((point.gradient[:-1] ** 2).sum() / (2 * f.penalty))


def test_a_step_of_the_intercept_squares_its_error():
    f = objective(partition("mixed"))
    near = optimum(f).theta
    near[-1] += 1e-2 * theta(f)[-1]
    before = f.value_and_grad(near)
    after = step_intercept(f, before)
    assert np.abs(after.gradient[-1]).max() < 0.02 * np.abs(before.gradient[-1]).max()


def test_a_step_of_the_intercept_lowers_the_objective_and_leaves_w():
    f = objective(partition("mixed"))
    before = f.value_and_grad(theta(f, scale=2))
    after = step_intercept(f, before)
    assert after.objective < before.objective
    np.testing.assert_array_equal(after.theta[:-1], before.theta[:-1])


def test_the_estimate_without_penalty_is_close_near_the_optimum():
    f = objective(partition("numeric", m=200), l2=0.0)
    best = optimum(f)
    point = f.value_and_grad(best.theta + 1e-3 * theta(f))
    assert newton_gap(f, point, accuracy=1e-3) == pytest.approx(point.objective - best.objective, rel=0.05)


def test_safe_step_bounds_the_largest_eigenvalue():
    for whole, K in hard_problems().values():
        f = objective(whole, K, 0.5)
        X = np.c_[whole.X.toarray(), np.ones(whole.rows)]
        top = np.linalg.eigvalsh((X * whole.v[:, None]).T @ X / f.n)[-1]
        bound = top / 2 + f.penalty
        assert bound * (1 - 1e-9) <= f.smoothness() <= 1.05 * bound
        assert f.row_smoothness() == pytest.approx((X**2).sum(1).max() / 2 + f.penalty)


def test_same_bits_on_any_number_of_threads():
    whole = partition("mixed", m=1000, weights=True)
    points = [objective(whole, size=33, threads=threads) for threads in (1, 2, 5)]
    t = theta(points[0])
    gradients = [f.value_and_grad(t).gradient.tobytes() for f in points]
    assert len(set(gradients)) == 1


class Term:
    """A term that shows the order in which it was added."""

    def __init__(self, text):
        self.text = text

    def __add__(self, other):
        return Term(f"({self.text}{other.text})")


def test_the_tree_is_fixed_and_pairwise():
    assert pairwise_sum(map(Term, "abcde")).text == "(((ab)(cd))e)"
    assert pairwise_sum(map(Term, "abcdefg")).text == "(((ab)(cd))((ef)g))"
    assert pairwise_sum([1.0]) == 1.0
    with pytest.raises(ValueError, match="at least one"):
        pairwise_sum([])


@given(st.integers(1, 40), st.sets(st.integers(1, 39)))
def test_runs_of_terms_may_be_summed_apart(count, cuts):
    """Wherever the runs are cut, aligned or not, the same additions are made in the same order."""
    terms = [Term(f"{i}.") for i in range(count)]
    edges = [0, *sorted(cut for cut in cuts if cut < count), count]
    runs = [subtotals(a, terms[a:b]) for a, b in pairwise(edges)]
    assert joined(runs).text == pairwise_sum(terms).text
    assert all(len(run) <= 2 * (b - a).bit_length() for run, (a, b) in zip(runs, pairwise(edges), strict=True))


def test_rows_set_aside_are_measured_and_nothing_else():
    whole = partition("mixed", weights=True)
    f = objective(whole)
    rng = np.random.default_rng(5)
    aside = rng.random(whole.rows) < 0.3
    g = set_aside(f, aside)
    kept, held = objective(whole.take(np.flatnonzero(~aside))), objective(whole.take(np.flatnonzero(aside)))
    at = theta(f)
    point, alone = g.value_and_grad(at), kept.value_and_grad(at)
    assert point.objective == pytest.approx(alone.objective)
    np.testing.assert_allclose(point.gradient, alone.gradient, atol=1e-12)
    assert point.validation_nll == pytest.approx(held.value_and_grad(at).nll)
    assert alone.validation_nll is None
    assert g.n == pytest.approx(kept.n)
    assert gap(g, point) == pytest.approx(gap(kept, alone), rel=1e-6)
