"""M1–M8, M10, M12 against the naive truth."""

import numpy as np
import pytest

from smtrain.softmax.loss import cost_and_gradient, curvature_times, intercept_curvature, logits, nll, softmax
from tests import reference
from tests.problems import KINDS, objective, partition, split, theta


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("weights", [False, True])
def test_m8_gradient_is_a_sum_of_outer_products(kind, weights):
    part = partition(kind, weights=weights)
    t = theta(objective(part))
    sums = cost_and_gradient(part, t[:-1], t[-1])
    cost, G, g = reference.cost_and_gradient(part.X.toarray(), part.y, part.v, t[:-1], t[-1])
    assert sums.nll == pytest.approx(cost, rel=1e-13)
    np.testing.assert_allclose(sums.W, G, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(sums.b, g, rtol=1e-11, atol=1e-12)


def test_m1_softmax_does_not_change_with_a_constant_and_does_not_overflow():
    Z = np.random.default_rng(0).normal(size=(5, 7))
    np.testing.assert_allclose(softmax(Z + 1000), softmax(Z), rtol=1e-12)
    np.testing.assert_allclose(softmax(Z)[:, 0], reference.softmax_row(list(Z[:, 0])), rtol=1e-14)
    S = softmax(np.array([[1e308], [-1e308]]) / 2)
    assert S.ravel().tolist() == [1.0, 0.0]


def test_m3_nll_comes_from_logits_not_from_the_logarithm_of_softmax():
    Z, y = np.array([[0.0], [800.0]]), np.array([0])
    assert nll(Z, y).item() == 800.0  # log(softmax) is −inf here
    assert nll(Z + 1e6, y).item() == 800.0


def test_m4_the_cost_is_the_integral_of_its_gradient():
    """∂C/∂z_m = s_m − 1[m = T], integrated along a path from 0 to z, gives C(z) − C(0)."""
    z, label = np.array([0.3, -1.2, 2.0]), 1
    t = np.linspace(0, 1, 20001)
    S = softmax(np.outer(z, t))
    S[label] -= 1
    integral = np.trapezoid(z @ S, t)
    zero = np.zeros((3, 1))
    change = nll(z[:, None], np.array([label])) - nll(zero, np.array([label]))
    assert integral == pytest.approx(change.item(), abs=1e-9)


def test_m5_jacobian_of_softmax():
    z, h = np.array([0.3, -1.2, 2.0]), 1e-6
    s = softmax(z[:, None])[:, 0]
    J = np.diag(s) - np.outer(s, s)
    for i in range(3):
        step = h * np.eye(3)[i][:, None]
        difference = (softmax(z[:, None] + step) - softmax(z[:, None] - step))[:, 0] / (2 * h)
        np.testing.assert_allclose(difference, J[:, i], atol=1e-10)


def test_m12_worked_example():
    """x = [2, 2, 2], s = [0.1, 0.7, 0.2], y = [0, 0, 1]: x ⊗ (s − y), and its rows add up to zero."""
    from smtrain.softmax.design import Design
    from smtrain.softmax.loss import Partition

    part = Partition(Design(np.full((1, 3), 2.0)), np.array([2]), np.ones(1))
    sums = cost_and_gradient(part, np.zeros((3, 3)), np.log([0.1, 0.7, 0.2]))
    np.testing.assert_allclose(sums.W.T, [[0.2] * 3, [1.4] * 3, [-1.6] * 3], atol=1e-15)
    np.testing.assert_allclose(sums.W.sum(axis=1), 0, atol=1e-15)


def test_m10_wrong_classes_are_pushed_by_s_and_the_right_one_by_s_minus_one():
    part = partition("numeric", m=8)
    t = theta(objective(part))
    row = part.take(slice(3, 4))
    s = softmax(logits(row.X, t[:-1], t[-1]))[:, 0]
    G, x, label = cost_and_gradient(row, t[:-1], t[-1]).W, row.X.toarray()[0], row.y[0]
    np.testing.assert_allclose(G[:, label], x * (s[label] - 1), rtol=1e-12)
    assert np.linalg.norm(G) == pytest.approx(np.linalg.norm(x) * np.linalg.norm(s - np.eye(4)[label]))


def test_gradient_adds_up_to_zero_over_classes():
    part = partition("mixed", weights=True)
    t = theta(objective(part))
    np.testing.assert_allclose(cost_and_gradient(part, t[:-1], t[-1]).W.sum(axis=1), 0, atol=1e-13)


def test_permuting_classes_permutes_columns():
    part = partition("mixed")
    t, order = theta(objective(part)), np.array([2, 0, 3, 1])
    back = np.argsort(order)
    from dataclasses import replace

    one = cost_and_gradient(part, t[:-1], t[-1])
    two = cost_and_gradient(replace(part, y=back[part.y]), t[:-1][:, order], t[-1][order])
    assert two.nll == pytest.approx(one.nll, rel=1e-13)
    np.testing.assert_allclose(two.W, one.W[:, order], atol=1e-13)


@pytest.mark.parametrize("size", [1, 7, 39])
def test_splitting_and_permuting_rows_changes_rounding_only(size):
    part = partition("mixed", weights=True)
    whole = objective(part)
    t = theta(whole)
    shuffled = part.take(np.random.default_rng(1).permutation(part.rows))
    for other in (objective(part, size=size), objective(shuffled, size=size)):
        a, b = whole.value_and_grad(t), other.value_and_grad(t)
        assert b.objective == pytest.approx(a.objective, rel=1e-13)
        np.testing.assert_allclose(b.gradient, a.gradient, atol=1e-14)


def test_tiles_of_a_partition_change_rounding_only(monkeypatch):
    part = partition("mixed", m=300)
    t = theta(objective(part))
    whole = cost_and_gradient(part, t[:-1], t[-1])
    monkeypatch.setattr("smtrain.softmax.loss.CACHE_LOGITS", 4 * 64)
    tiled = cost_and_gradient(part, t[:-1], t[-1])
    assert tiled.nll == pytest.approx(whole.nll, rel=1e-13)
    np.testing.assert_allclose(tiled.W, whole.W, atol=1e-12)


def test_an_integer_weight_equals_repeating_the_row():
    part = partition("mixed")
    times = np.random.default_rng(3).integers(0, 4, part.rows)
    from dataclasses import replace

    repeated = part.take(np.repeat(np.arange(part.rows), times))
    weighted = replace(part, v=times.astype(float))
    a, b = objective(weighted), objective(repeated)
    t = theta(a)
    assert a.n == b.n
    np.testing.assert_allclose(a.value_and_grad(t).gradient, b.value_and_grad(t).gradient, atol=1e-14)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("l2", [0.0, 0.3, 10.0])
def test_gradient_agrees_with_central_differences(kind, l2):
    f = objective(partition(kind, weights=True), l2=l2)
    t, h = theta(f), 1e-5
    gradient = f.value_and_grad(t).gradient
    numeric = np.empty_like(t)
    for index in np.ndindex(*t.shape):
        step = np.zeros_like(t)
        step[index] = h
        numeric[index] = (f.value_and_grad(t + step).objective - f.value_and_grad(t - step).objective) / (2 * h)
    assert np.abs(numeric - gradient).max() <= 1e-6 * np.abs(gradient).max()


@pytest.mark.parametrize("kind", KINDS)
def test_hessian_products_agree_with_differences_of_gradients(kind):
    f = objective(partition(kind, weights=True), l2=0.7)
    t, d, h = theta(f), theta(f, seed=5), 1e-5
    numeric = (f.value_and_grad(t + h * d).gradient - f.value_and_grad(t - h * d).gradient) / (2 * h)
    np.testing.assert_allclose(f.hessian_times(t, d), numeric, atol=1e-8)


def test_curvature_of_the_intercept_is_the_hessian_of_the_intercept():
    part = partition("mixed", weights=True)
    f = objective(part)
    t = theta(f)
    sums = intercept_curvature(part, t[:-1], t[-1])
    for k in range(4):
        d = np.zeros_like(t)
        d[-1, k] = 1
        product = curvature_times(part, t[:-1], t[-1], d[:-1], d[-1]).b
        np.testing.assert_allclose(sums.H[:, k], product, atol=1e-12)
    np.testing.assert_allclose(sums.g / f.n, f.value_and_grad(t).gradient[-1], atol=1e-14)


def test_zero_weights_give_the_logarithm_of_the_number_of_classes():
    f = objective(partition("mixed"))
    assert f.value_and_grad(f.zeros()).nll == pytest.approx(np.log(4), rel=1e-14)


def test_objective_is_the_naive_one():
    part = partition("mixed", weights=True)
    f = objective(part, l2=2.5)
    t = theta(f)
    naive = reference.objective(part.X.toarray(), part.y, part.v, t[:-1], t[-1], 2.5)
    assert f.value_and_grad(t).objective == pytest.approx(naive, rel=1e-12)


def test_gathering_rows_keeps_their_order():
    part = partition("mixed")
    rows = np.array([0, 6, 7, 13, 38])
    taken = objective(part, size=7).rows.gather(lambda one: one.take(rows[rows // 7 == one.start // 7] - one.start))
    np.testing.assert_array_equal(taken.X.toarray(), part.X.toarray()[rows])
    np.testing.assert_array_equal(taken.y, part.y[rows])
    assert len(split(part, 7)) == 6
