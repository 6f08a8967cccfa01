"""The rows of the curvature blocks: which are drawn, what they stand for, and that one round brings them all."""

import numpy as np
import pytest

from smtrain.softmax.curvature import curvature_at_zero, local_curvature
from smtrain.softmax.curvature_cost import Plan
from smtrain.softmax.design import Design
from smtrain.softmax.drawing import Draw, picked
from smtrain.softmax.loss import Partition
from smtrain.softmax.weighing import Weights, distance_scale, lever_of
from tests import reference
from tests.problems import KINDS, gaussian, objective, partition, theta

pytestmark = pytest.mark.bits


def plan(multiple=10, widest=1000, together=4):
    return Plan(1, 1.0, multiple, widest, together)


def naive_weights(whole, t, decrease, l2):
    """The weights (n, K) of the module's formulas, and X̃: row by row."""
    X, n, K = np.c_[whole.X.toarray(), np.ones(whole.rows)], whole.v.sum(), t.shape[1]
    q = sum(v * x * x for x, v in zip(X, whole.v, strict=True)) / n
    d = q * (K - 1) / K**2 + np.r_[np.full(len(q) - 1, l2 / n), 0]
    W = []
    for x, v in zip(X, whole.v, strict=True):
        s = np.array(reference.softmax_row(reference.logits_row(x[:-1], t[:-1], t[-1])))
        h = sum(x**2 / d) / sum(q / d)
        W.append(v * (s * (1 - s) + min(1, decrease * (0.1 + 0.06 * min(h, 100))) / K))
    return np.array(W), X


def drawn_from(whole, t, decrease=0.1, count=40, size=None):
    """All draws of a problem, as (class, row, weight), and the weights of all rows."""
    f = objective(whole, size=size)
    W, X = naive_weights(whole, t, decrease, f.l2)
    data = np.einsum("nk,nj->jk", W, X**2) / f.n
    diagonal = data.copy()
    diagonal[:-1] += f.penalty
    weigh = Weights(t, decrease, distance_scale(f))
    draw = Draw(weigh, W.sum(axis=0), lever_of(data, diagonal), f.row_counts.starts, count)
    sums = f.rows.sum(lambda part: [(part.start, draw(part))])
    draws = [(k, start + r, w) for start, d in sums for k, r, w in zip(d.classes, d.rows, d.weights, strict=True)]
    share = W / W.sum(axis=0)
    leverage = share * np.einsum("nj,jk->nk", X**2, 1 / diagonal)
    return draws, W, count * (leverage / leverage.sum(axis=0) + share) / 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("decrease", [0.0, 0.1, 50.0])
def test_rows_are_drawn_by_weight_and_leverage_and_stand_for_their_share(kind, decrease):
    whole = partition(kind, m=300, weights=True)
    draws, W, expected = drawn_from(whole, 0.3 * theta(objective(whole)), decrease, size=64)
    assert len({(k, r) for k, r, _ in draws}) == len(draws)
    for k in range(4):
        rows = [r for c, r, _ in draws if c == k]
        assert rows == sorted(rows)
        # A partition draws the whole part of what is expected of it, or one more.
        for start in range(0, 300, 64):
            here = expected[start : start + 64, k]
            many = here >= 1
            number = sum(start <= r < start + 64 for r in rows)
            assert abs(number - np.minimum(here, 1).sum()) <= 1 + (here[many] - 1).sum() + 1e-9
        assert set(np.flatnonzero(expected[:, k] >= 1 + 1e-9)) <= set(rows)
    for k, r, w in draws:
        assert w == pytest.approx(W[r, k] / min(expected[r, k], 1), rel=1e-9)


def test_far_rows_are_drawn_for_certain_and_count_as_themselves():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 4))
    X[7] *= 40
    whole = Partition(Design(X), (np.arange(500) % 4).astype(np.intp), np.ones(500))
    draws, W, _ = drawn_from(whole, np.zeros((5, 4)))
    assert {k for k, r, _ in draws if r == 7} == {0, 1, 2, 3}
    for k, r, w in draws:
        if r == 7:
            assert w == pytest.approx(W[r, k], rel=1e-9)


def test_rows_of_no_weight_are_not_drawn():
    whole = partition("mixed", m=300)
    v = np.where(np.arange(300) % 3, 1.0, 0.0)
    draws, _, _ = drawn_from(whole.weighing(v), 0.1 * theta(objective(whole)), size=64)
    assert draws
    assert all(r % 3 for _, r, _ in draws)
    nobody, _, _ = drawn_from(whole.weighing(np.where(np.arange(300) < 64, 0.0, 1.0)), np.zeros((9, 4)), size=64)
    assert nobody
    assert min(r for _, r, _ in nobody) >= 64


def test_a_row_comes_to_the_driver_once():
    whole = gaussian(200, 3, 4)
    f = objective(whole)
    draw = Draw(Weights(f.zeros(), 0.1, distance_scale(f)), np.full(4, 40.0), np.ones((4, 4)), np.array([0]), 100)
    drawn = draw(whole)
    sample = picked(whole, drawn, range(1, 3))
    (X, draws), wanted = sample.pieces[0], np.unique(drawn.rows[(drawn.classes == 1) | (drawn.classes == 2)])
    assert X.rows == len(wanted) < len(draws.rows)
    weights, dense = sample.of_class(2, np.array([0, 2]))
    rows = drawn.rows[drawn.classes == 2]
    np.testing.assert_allclose(dense, np.c_[whole.X.numeric[rows][:, [0, 2]], np.ones(len(rows))], rtol=1e-6)
    np.testing.assert_array_equal(weights, drawn.weights[drawn.classes == 2])


@pytest.mark.parametrize("together", [1, 3, 4])
def test_the_blocks_do_not_depend_on_how_many_classes_come_together(together):
    f = objective(partition("mixed", m=500, weights=True), size=77)
    one, other = (local_curvature(f, theta(f), 0.1, plan(together=number)) for number in (2, together))
    assert one.inverses.tobytes() == other.inverses.tobytes()


def test_the_rows_of_all_classes_come_in_one_round(monkeypatch):
    f = objective(partition("mixed", m=500), size=77)
    rounds, old = [], f.rows.sum
    local_curvature(f, theta(f), 0.1, plan())  # what is known of the rows once and for all
    monkeypatch.setattr(f.rows, "sum", lambda term, *kept: rounds.append(term) or old(term, *kept))
    local_curvature(f, theta(f), 0.1, plan())
    assert len(rounds) == 2  # the diagonal, the rows


@pytest.mark.parametrize("kind", KINDS)
def test_at_zero_one_block_stands_for_all_classes(kind):
    f = objective(partition(kind, m=400, weights=True), size=77, l2=2.0)
    shared, own = curvature_at_zero(f, plan(20_000)), local_curvature(f, f.zeros(), 0.0, plan(20_000))
    assert shared.inverses.shape[0] == 1
    np.testing.assert_allclose(shared.diagonal, own.diagonal, rtol=1e-12)
    G = theta(f, seed=1)
    np.testing.assert_allclose(shared.solve(G), own.solve(G), rtol=1e-3, atol=1e-4 * np.abs(own.solve(G)).max())
    np.testing.assert_allclose(shared.times(G), own.times(G), rtol=1e-3, atol=1e-4 * np.abs(own.times(G)).max())


def test_weights_of_any_size_give_the_same_blocks():
    whole = gaussian(300, 3, 3)
    single = Partition(Design(whole.X.numeric.astype(np.float32)), whole.y, whole.v)
    one = objective(single, 3, l2=1.0)
    huge = objective(single.weighing(np.full(300, 1e150)), 3, l2=1e150)
    t = 0.3 * theta(one)
    A, B = (local_curvature(f, t, 0.1, plan()) for f in (one, huge))
    np.testing.assert_allclose(A.diagonal, B.diagonal, rtol=1e-5)
    np.testing.assert_allclose(A.inverses, B.inverses, rtol=1e-3)
