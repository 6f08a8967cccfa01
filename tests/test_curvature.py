"""The curvature blocks against the Hessian of naive loops, and what they are for: fewer epochs."""

import numpy as np
import pytest

from smtrain.softmax.curvature import _triangular_inverse, diagonal_curvature, local_curvature
from smtrain.softmax.curvature_cost import Plan, refresh_plan
from smtrain.softmax.loss import softmax
from smtrain.solvers.base import minimise
from smtrain.solvers.lbfgs import Lbfgs
from tests.problems import KINDS, gaussian, hard_problems, objective, partition, theta


def plan(multiple, widest=1000, together=4):
    return Plan(1, 1.0, multiple, widest, together)


def blocks(whole, t, K, l2, n):
    """The diagonal blocks of the Hessian of J/n, row by row."""
    X = np.c_[whole.X.toarray(), np.ones(whole.rows)]
    S = softmax((X @ t).T)
    found = []
    for k in range(K):
        A = sum(v * s * (1 - s) * np.outer(x, x) for x, s, v in zip(X, S[k], whole.v, strict=True)) / n
        A[np.arange(len(A) - 1), np.arange(len(A) - 1)] += l2 / n
        found.append(A)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_blocks_are_close_to_those_of_the_hessian(kind):
    whole = partition(kind, m=3000, weights=True)
    f = objective(whole, l2=2.0, size=256, threads=2)
    t = theta(f, scale=0.3)
    curvature = local_curvature(f, t, 0.0, plan(100))
    for k, A in enumerate(blocks(whole, t, 4, 2.0, f.n)):
        estimate = np.linalg.inv(curvature.inverses[k])
        np.testing.assert_allclose(curvature.diagonal[:, k], np.diag(A), rtol=1e-10)
        assert (np.diag(estimate) >= np.diag(A) * (1 - 1e-6)).all()
        assert np.abs(estimate - A).max() <= 0.2 * np.diag(A).max()


def test_a_sample_of_all_rows_gives_the_hessian():
    """As many draws as the weights allow: the estimate tends to the block itself."""
    whole = partition("mixed", m=200)
    f = objective(whole)
    t = theta(f, scale=0.3)
    curvature = local_curvature(f, t, 0.0, plan(20_000))
    for k, A in enumerate(blocks(whole, t, 4, 1.0, f.n)):
        np.testing.assert_allclose(np.linalg.inv(curvature.inverses[k]), A, atol=2e-4 * np.abs(A).max())


def test_solve_is_symmetric_positive_and_blind_to_the_gauge():
    f = objective(partition("mixed", m=500, K=4), size=100)
    curvature = local_curvature(f, theta(f), 0.1, plan(10))
    a, b = theta(f, seed=1), theta(f, seed=2)
    assert (a * curvature.solve(b)).sum() == pytest.approx((b * curvature.solve(a)).sum())
    assert (a * curvature.solve(a)).sum() > 0
    np.testing.assert_allclose(curvature.solve(a + np.ones((1, 4))), curvature.solve(a), atol=1e-9)
    np.testing.assert_allclose(curvature.solve(a).sum(axis=1), 0, atol=1e-9)


def test_wide_tables_get_blocks_for_the_columns_of_largest_curvature():
    f = objective(partition("mixed", m=500), size=100)
    curvature = local_curvature(f, theta(f), 0.0, plan(10, widest=3))
    assert len(curvature.columns) == 4
    largest = np.argsort(-curvature.diagonal[:-1].sum(1))[:3]
    assert set(curvature.columns[:-1]) == set(largest)
    direction = theta(f, seed=1)
    assert (direction * curvature.solve(direction)).sum() > 0


def test_same_bits_on_any_number_of_threads():
    whole = partition("mixed", m=1000, weights=True)
    found = [
        local_curvature(f, theta(f), 0.1, plan(10)).inverses.tobytes()
        for f in (objective(whole, size=77, threads=n) for n in (1, 2, 3))
    ]
    assert len(set(found)) == 1


def test_blocks_save_epochs_on_correlated_columns():
    rng = np.random.default_rng(0)
    whole = gaussian(4000, 12, 5, spread=0.5)
    mixing = rng.normal(size=(12, 12)) + 4 * np.ones((12, 12))
    X = whole.X.numeric @ mixing
    from dataclasses import replace

    from smtrain.softmax.design import Design

    f = objective(replace(whole, X=Design((X - X.mean(0)) / X.std(0))), 5, size=512)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Lbfgs, "_begins_with_sample", lambda *_: False)
        run = minimise(f, Lbfgs(), f.zeros(), epochs=2000, tol=1e-6)
        patch.setattr(Lbfgs, "_refresh_is_due", lambda *_: False)
        plain = minimise(f, Lbfgs(), f.zeros(), epochs=2000, tol=1e-6)
    assert run.point.objective == pytest.approx(plain.point.objective, rel=1e-5)
    assert run.epochs < 0.6 * plain.epochs


def test_diagonal_bound_is_an_upper_bound_at_zero():
    whole, K = hard_problems()["weights"]
    f = objective(whole, K)
    bound = diagonal_curvature(f).diagonal
    for k, A in enumerate(blocks(whole, f.zeros(), K, 1.0, f.n)):
        np.testing.assert_allclose(bound[:, k], np.diag(A), rtol=1e-10)


def test_cost_grows_with_the_columns():
    narrow, wide = (objective(gaussian(2000, p, 3), 3) for p in (5, 200))
    assert refresh_plan(narrow).cost < refresh_plan(wide).cost
    assert refresh_plan(narrow).multiple > refresh_plan(wide).multiple


@pytest.mark.parametrize("m", [1, 64, 65, 200])
def test_the_inverse_of_a_triangle(m):
    A = np.random.default_rng(m).normal(size=(m, m))
    L = np.linalg.cholesky(A @ A.T + np.eye(m))
    np.testing.assert_allclose(_triangular_inverse(L), np.linalg.inv(L), rtol=1e-9, atol=1e-12)
