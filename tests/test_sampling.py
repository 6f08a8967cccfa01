"""The sample that a fit begins with: of each class its share, weighted as the whole; and what comes of it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtrain.design import Design
from smtrain.objective import Objective
from smtrain.sampling import FEWEST_ROWS, spread_rows
from smtrain.softmax import Partition
from smtrain.solvers.base import minimise
from smtrain.solvers.lbfgs import Lbfgs
from smtrain.solvers.proximal import Proximal
from tests.problems import gaussian, objective


@given(st.integers(1, 400), st.integers(2, 20), st.integers(0, 5))
def test_of_each_class_its_share(n, every, seed):
    rng = np.random.default_rng(seed)
    v = rng.integers(0, 3, n).astype(float)
    part = Partition(Design(rng.normal(size=(n, 2))), rng.integers(0, 3, n), v)
    rare = np.array([False, True, False])
    rows = spread_rows(part, every, rare)
    assert (np.diff(rows) > 0).all()
    assert (v[rows] > 0).all()
    for k in range(3):
        size = ((part.y == k) & (v > 0)).sum()
        assert abs((part.y[rows] == k).sum() - (size if rare[k] else size / every)) <= 1


def sampled(f, every):
    with f.sampled(every) as few:
        return few.n, few.totals, few.partitions.rows, few.value_and_grad(f.zeros())


def test_a_sample_weighs_what_the_rows_weigh():
    whole = gaussian(3000, 3, 4, spread=0.7)
    y = whole.y.copy()
    y[:5] = 4  # a rare class is taken whole
    y[5:] %= 4
    f = objective(Partition(whole.X, y, np.linspace(0.5, 2, 3000)), 5, size=256)
    n, totals, rows, point = sampled(f, 10)
    np.testing.assert_allclose(totals.classes, f.totals.classes)
    assert n == pytest.approx(f.n)
    assert 300 <= rows <= 300 + 5 + 12
    assert point.nll == pytest.approx(np.log(5))
    np.testing.assert_allclose(point.gradient[-1], f.value_and_grad(f.zeros()).gradient[-1], atol=1e-12)
    assert (np.bincount(y) >= FEWEST_ROWS * 10).tolist() == [True] * 4 + [False]


@pytest.mark.parametrize(("solver", "l1"), [(Lbfgs(), 0.0), (Proximal(), 2.0)])
def test_the_first_step_of_many_rows_is_nearly_there(solver, l1):
    f = objective(gaussian(20_000, 6, 4, spread=0.4), 4, size=1024).with_penalties(l2=1.0, l1=l1)
    run = minimise(f, solver, f.zeros(), epochs=500, tol=1e-8)
    first, second = run.history[:2]
    assert first.epoch == 0
    assert first.nll == pytest.approx(np.log(4))
    assert second.epoch <= 8
    assert second.objective - run.point.objective <= 0.05 * (first.objective - run.point.objective)
    assert second.objective == pytest.approx(f.value_and_grad(solved(f, solver)).objective, rel=1e-12)


def solved(f, solver):
    """θ after the first step."""
    state = solver.start(f, f.value_and_grad(f.zeros()))
    return solver.step(f, state, 500).point.theta


@pytest.mark.parametrize("case", ["few rows", "no penalty", "another start", "few passes"])
def test_where_a_sample_would_say_little_there_is_none(case, monkeypatch):
    monkeypatch.setattr(Objective, "sampled", None)
    f = objective(gaussian(1200 if case == "few rows" else 20_000, 6, 4), 4, l2=0.0 if case == "no penalty" else 1.0)
    start = f.zeros() + (0.1 if case == "another start" else 0.0)
    minimise(f, Lbfgs(), start, epochs=9 if case == "few passes" else 100, tol=1e-4)


def test_a_sample_that_misleads_costs_passes_only(monkeypatch):
    f, other = (objective(gaussian(20_000, 6, 4, spread=0.4), 4) for _ in range(2))
    plain, real = minimise(f, Lbfgs(), f.zeros(), epochs=500, tol=1e-6), Objective.sampled
    wrong = other.partitions.take(np.arange(20_000))
    wrong = objective(replace(wrong, y=(wrong.y + 1) % 4), 4)
    monkeypatch.setattr(Objective, "sampled", lambda self, every: real(wrong if self is f else self, every))
    run = minimise(f, Lbfgs(), f.zeros(), epochs=500, tol=1e-6)
    objectives = [record.objective for record in run.history]
    assert objectives[1] == objectives[0]
    assert objectives == sorted(objectives, reverse=True)
    assert run.point.objective == pytest.approx(plain.point.objective, rel=2e-6)
    assert run.epochs > plain.epochs
