"""Information, its inverse and leave-one-out, against loops over rows and against real refits."""

import numpy as np
import pytest

from smtrain.partitions.memory import MemoryHome
from smtrain.softmax.design import Design
from smtrain.softmax.information import inverse, leave_one_out, observed_information, penalty_information
from smtrain.softmax.loss import Partition
from smtrain.softmax.objective import Objective
from smtrain.solvers.base import minimise
from smtrain.solvers.lbfgs import Lbfgs
from tests.problems import KINDS, gaussian, objective, partition, theta
from tests.reference import information_row, logits_row, nll_row, softmax_row


def rows_of(whole):
    return np.c_[whole.X.toarray(), np.ones(whole.rows)]


def naive_information(whole, at):
    return sum(v * information_row(x, at) for x, v in zip(rows_of(whole), whole.v, strict=True))


def optimum(whole, K, l2):
    problem = objective(whole, K, l2=l2)
    return minimise(problem, Lbfgs(), problem.zeros(), epochs=500, tol=1e-12).point.theta


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [None, 13])
def test_information_is_the_sum_over_rows(kind, size):
    whole = partition(kind, weights=True)
    problem = objective(whole, size=size)
    at = theta(problem)
    np.testing.assert_allclose(observed_information(problem, at), naive_information(whole, at), rtol=1e-12, atol=1e-12)


def test_information_has_the_same_bits_on_any_number_of_threads():
    whole = partition("mixed", 300)
    one, two = (objective(whole, size=17, threads=threads) for threads in (1, 3))
    at = theta(one)
    assert observed_information(one, at).tobytes() == observed_information(two, at).tobytes()


def test_many_rows_are_made_dense_piece_by_piece(monkeypatch):
    whole = partition("mixed", 300)
    problem = objective(whole)
    at = theta(problem)
    before = observed_information(problem, at)
    monkeypatch.setattr("smtrain.softmax.information.DENSE", 1)
    np.testing.assert_allclose(observed_information(problem, at), before, rtol=1e-12, atol=1e-12)


def test_penalty_is_that_of_weights_that_add_up_to_zero():
    p, K, l2 = 3, 4, 0.7
    free = np.random.default_rng(0).normal(size=(K - 1, p + 1))
    W = np.vstack([np.zeros(p), free[:, :p]]).T
    W = W - W.mean(axis=1, keepdims=True)
    assert free.ravel() @ penalty_information(l2, p, K) @ free.ravel() == pytest.approx(l2 * (W**2).sum(), rel=1e-12)


def test_inverse_of_a_regular_matrix():
    rng = np.random.default_rng(1)
    scales = 10.0 ** np.arange(-3, 4)
    A = np.cov(rng.normal(size=(7, 40))) * scales * scales[:, None]
    C = rng.normal(size=(5, 7))
    np.testing.assert_allclose(inverse(A).variance(C), np.diag(C @ np.linalg.inv(A) @ C.T), rtol=1e-8)


def test_what_is_flat_is_not_identified():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(50, 4))
    X[:, 3] = X[:, 1] + 2 * X[:, 2]
    C = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 1, 0, 1], [0, 0, 1, 2.0], [0, 1, 2, 5]])
    variance = inverse(X.T @ X).variance(C)
    assert np.isnan(variance).tolist() == [False, True, False, False, False]
    small = np.linalg.inv(X[:, :3].T @ X[:, :3])  # x₃ = x₁ + 2 x₂: with θ₃ folded into θ₁ and θ₂
    for line, folded in ((2, [0, 1, 0]), (3, [0, 0, 1]), (4, [0, 1, 2])):
        assert variance[line] == pytest.approx(np.array(folded) @ small @ folded, rel=1e-9)


def test_zeros_have_no_inverse():
    assert np.isnan(inverse(np.zeros((3, 3))).variance(np.eye(3))).all()


@pytest.mark.parametrize("weights", [False, True])
def test_leave_one_out_is_a_newton_step_for_each_row(weights):
    whole, K, l2 = partition("mixed", weights=weights), 4, 0.5
    problem = objective(whole, K, l2=l2, size=13)
    at = optimum(whole, K, l2)
    p = problem.rows.features
    H = naive_information(whole, at) + penalty_information(l2, p, K)
    total = 0.0
    for x, y, v in zip(rows_of(whole), whole.y, whole.v, strict=True):
        s = softmax_row(logits_row(x[:-1], at[:-1], at[-1]))
        r = np.array([s[k] - (k == y) for k in range(K)])
        step = np.linalg.solve(H - v * information_row(x, at), v * np.outer(r[1:], x).ravel())
        moved = at.copy()
        moved[:, 1:] += step.reshape(K - 1, p + 1).T
        total += v * nll_row(logits_row(x[:-1], moved[:-1], moved[-1]), y)
    found = leave_one_out(problem, at, inverse(observed_information(problem, at) + penalty_information(l2, p, K)))
    assert found == pytest.approx(total / whole.v.sum(), rel=1e-9)


@pytest.mark.parametrize(("K", "l2", "share"), [(3, 1.0, 0.05), (2, 0.0, 0.15)])
def test_leave_one_out_is_near_the_real_one(K, l2, share):
    whole = gaussian(60, 3, K, seed=3, spread=0.8)
    problem = objective(whole, K, l2=l2)
    at = optimum(whole, K, l2)
    real = 0.0
    for n in range(whole.rows):
        without = optimum(whole.take(np.delete(np.arange(whole.rows), n)), K, l2)
        real += nll_row(logits_row(whole.X.toarray()[n], without[:-1], without[-1]), whole.y[n]) / whole.rows
    information = observed_information(problem, at) + penalty_information(l2, 3, K)
    found = leave_one_out(problem, at, inverse(information))
    trained = problem.value_and_grad(at).nll
    assert found - trained == pytest.approx(real - trained, rel=share)
    assert real > 1.02 * trained


def test_leave_one_out_is_not_defined_where_a_row_decides_its_own_prediction():
    X = np.zeros((6, 1))
    X[0] = 1.0
    whole = Partition(Design(X), np.array([0, 1, 0, 1, 0, 1]), np.ones(6))
    problem = Objective(MemoryHome().rows([whole]), 2, 0.0)
    at = np.array([[0.0, 0.3], [0.0, 0.0]])
    assert np.isnan(leave_one_out(problem, at, inverse(observed_information(problem, at))))
