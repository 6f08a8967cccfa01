"""Separation, against linear programming: does a direction exist along which no margin shrinks and some grow?"""

import numpy as np
import pytest
from scipy.optimize import linprog

from smtrain.softmax.separation import effects, find_separation
from smtrain.solvers.base import minimise
from smtrain.solvers.lbfgs import Lbfgs
from tests.problems import Design, Partition, gaussian, hard_problems, objective


def margins_matrix(whole, K):
    """A line for each row and wrong class: D ↦ u_y − u_k, D (p + 1, K) flattened."""
    lines = []
    for x, y, v in zip(np.c_[whole.X.toarray(), np.ones(whole.rows)], whole.y, whole.v, strict=True):
        for k in range(K):
            if k != y and v > 0:
                line = np.zeros((len(x), K))
                line[:, y] += x
                line[:, k] -= x
                lines.append(line.ravel())
    return np.array(lines)


def separable(whole, K):
    """(some, all): the largest Σ of margins, and the largest least margin, over bounded D with no margin below zero."""
    A = margins_matrix(whole, K)
    bounds = [(-1, 1)] * A.shape[1]
    some = linprog(-A.sum(axis=0), A_ub=-A, b_ub=np.zeros(len(A)), bounds=bounds)
    least = linprog(
        np.append(np.zeros(A.shape[1]), -1.0),
        A_ub=np.c_[-A, np.ones(len(A))],
        b_ub=np.zeros(len(A)),
        bounds=[*bounds, (0, 1)],
    )
    return -some.fun > 1e-3, -least.fun > 1e-6


def fitted(whole, K, tol=1e-10, epochs=1000):
    problem = objective(whole, K, l2=0.0, size=7)
    solution = minimise(problem, Lbfgs(), problem.zeros(), epochs=epochs, tol=tol)
    return problem, solution


def coarse(seed):
    """Few distinct values: complete, quasi-complete and no separation all occur."""
    rng = np.random.default_rng(seed)
    n, K = int(rng.integers(8, 30)), int(rng.integers(2, 4))
    X = rng.integers(-1, 2, size=(n, 2)).astype(float)
    y = np.argmax(1.3 * X @ rng.normal(size=(2, K)) + rng.gumbel(size=(n, K)), axis=1)
    y[:K] = np.arange(K)
    return Partition(Design(X), y.astype(np.intp), rng.choice([1.0, 2.0], n)), K


@pytest.mark.parametrize(("sample", "seeds"), [((20, 1000), 40), ((1, 3), 40)])
def test_it_agrees_with_linear_programming(sample, seeds, monkeypatch):
    monkeypatch.setattr("smtrain.softmax.separation.SAMPLE_ROWS_PER_COLUMN", sample[0])
    monkeypatch.setattr("smtrain.softmax.separation.SAMPLE_ROWS_BESIDES", sample[1])
    seen = set()
    for seed in range(seeds):
        whole, K = coarse(seed)
        some, complete = separable(whole, K)
        problem, solution = fitted(whole, K)
        found = find_separation(problem, solution.point.theta)
        assert (found is not None) == some, seed
        assert found is None or found.complete == complete, seed
        seen.add((bool(some), bool(complete)))
    assert seen == {(False, False), (True, False), (True, True)}


@pytest.mark.parametrize("name", hard_problems())
def test_hard_problems(name):
    whole, K = hard_problems()[name]
    some, complete = separable(whole, K)
    problem, solution = fitted(whole, K, epochs=3000)
    found = find_separation(problem, solution.point.theta)
    assert (found is not None, found is not None and found.complete) == (some, complete)


def test_no_margin_shrinks_along_the_direction():
    whole, K = next((w, K) for w, K in map(coarse, range(40)) if separable(w, K) == (True, False))
    problem, solution = fitted(whole, K)
    found = find_separation(problem, solution.point.theta)
    change = margins_matrix(whole, K) @ found.direction.ravel()
    assert change.min() >= -1e-5 * change.max()
    assert change.max() > 0.1


def test_the_pairs_and_columns_are_those_that_are_told_apart():
    rng = np.random.default_rng(5)
    y = np.arange(90) % 3
    X = rng.normal(size=(90, 3))
    X[y == 1, 2] += 20  # the second class stands apart along the third column
    problem, solution = fitted(Partition(Design((X - X.mean(0)) / X.std(0)), y.astype(np.intp), np.ones(90)), 3)
    found = find_separation(problem, solution.point.theta)
    assert not found.complete
    assert found.pairs == ((0, 1), (1, 2))
    assert effects(problem, found.direction).argmax() == 2


def test_a_row_that_weighs_nothing_does_not_count():
    whole = gaussian(60, 2, 2, spread=8.0)
    wrong = Partition(whole.X, whole.y.copy(), whole.v.copy())
    wrong.y[0], wrong.v[0] = 1 - wrong.y[0], 0.0
    problem, solution = fitted(wrong, 2, epochs=60)
    assert find_separation(problem, solution.point.theta).complete


def test_the_cost_nears_its_limit_from_above():
    """Of quasi-separated classes the limit is the optimum of the classes that are left."""
    rng = np.random.default_rng(6)
    y = (np.arange(90) % 3).astype(np.intp)
    X = rng.normal(size=(90, 2))
    X[y == 2, 0] += 30
    _, three = fitted(Partition(Design(X / X.std(0)), y, np.ones(90)), 3)
    left = y < 2
    _, two = fitted(Partition(Design(X[left]), y[left], np.ones(60)), 2, tol=1e-13)
    limit = two.record.nll * 60 / 90
    costs = np.array([record.nll for record in three.history])
    assert (costs >= limit * (1 - 1e-13)).all()
    assert costs[-1] == pytest.approx(limit, rel=1e-7)


def test_too_many_classes_are_not_searched(monkeypatch):
    monkeypatch.setattr("smtrain.softmax.separation.MOST_CLASSES", 2)
    problem, solution = fitted(gaussian(60, 3, 3, spread=8.0), 3, epochs=60)
    assert find_separation(problem, solution.point.theta) is None
