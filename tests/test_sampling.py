"""The sample that a fit begins with: of each class its share, weighted as the whole; and what comes of it."""

from dataclasses import replace
from functools import reduce
from itertools import pairwise
from operator import add

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import smtrain as sm
from smtrain.softmax.design import Design
from smtrain.softmax.loss import Partition
from smtrain.softmax.objective import Objective
from smtrain.softmax.sampling import FEWEST_OF_CLASS, Sampler, row_counts
from smtrain.solvers.base import minimise
from smtrain.solvers.lbfgs import Lbfgs
from smtrain.solvers.proximal import Proximal
from tests.homes import home_of
from tests.problems import gaussian, objective

pytestmark = pytest.mark.bits


def split_at_random(whole, rng):
    cuts = np.unique([0, *rng.integers(1, whole.rows, 3), whole.rows])
    return [replace(whole.take(slice(a, b)), start=int(a)) for a, b in pairwise(cuts)]


@given(st.integers(2, 400), st.integers(2, 20), st.integers(0, 50))
def test_of_each_class_its_share(n, every, seed):
    """Of the k-th class of n_k rows one in ⌊n_k / 8⌋, at least 1 and at most `every`, wherever the partitions end."""
    rng = np.random.default_rng(seed)
    y, v = rng.choice(3, n, p=[0.6, 0.37, 0.03]), rng.integers(0, 3, n).astype(float)
    whole = Partition(Design(rng.normal(size=(n, 2))), y, v)
    parts = split_at_random(whole, rng)
    sampler = Sampler(reduce(add, (row_counts(part, 3) for part in parts)), every)
    rows = np.concatenate([sampler.rows(part) + part.start for part in parts])
    assert (np.diff(rows) > 0).all()
    expected = []
    for k in range(3):
        of_class = [i for i in range(n) if y[i] == k and v[i] > 0]
        distance = min(max(len(of_class) // FEWEST_OF_CLASS, 1), every)
        expected += of_class[distance - 1 :: distance]
        assert len(of_class[distance - 1 :: distance]) >= min(len(of_class), FEWEST_OF_CLASS)
    assert rows.tolist() == sorted(expected)


def sampled(f, every):
    few = f.sampled(every)
    return few.n, few.totals, few.rows.count, few.value_and_grad(f.zeros())


def test_a_sample_weighs_what_the_rows_weigh():
    whole = gaussian(3000, 3, 4, spread=0.7)
    y = whole.y.copy()
    y[:5] = 4  # so rare a class is taken whole
    y[5:] %= 4
    f = objective(Partition(whole.X, y, np.linspace(0.5, 2, 3000)), 5, size=256)
    n, totals, rows, point = sampled(f, 10)
    np.testing.assert_allclose(totals.classes, f.totals.classes)
    assert n == pytest.approx(f.n)
    assert 300 <= rows <= 300 + 5
    assert point.nll == pytest.approx(np.log(5))
    np.testing.assert_allclose(point.gradient[-1], f.value_and_grad(f.zeros()).gradient[-1], atol=1e-12)


def test_every_row_may_be_of_a_rare_class(tmp_path):
    """A sample of a sample of … ends."""
    frame = pd.DataFrame({"x": np.arange(2400.0) % 601, "y": np.arange(2400) % 40})
    assert sm.fit(frame.astype({"y": str})).fit.status.name == "CONVERGED"


def test_a_large_sample_keeps_to_the_epochs():
    """Where half of the rows are sampled, for most classes are rare, their passes count as much."""
    rng = np.random.default_rng(0)
    y = np.concatenate([np.repeat(np.arange(150), 15), rng.integers(150, 153, 4000)])
    f = objective(Partition(Design(np.sin(y)[:, None] + rng.normal(size=(len(y), 1))), y, np.ones(len(y))), 153)
    assert f.sampled(8).rows.count > 0.4 * len(y)
    for epochs in (10, 12, 15):
        assert minimise(f, Lbfgs(), f.zeros(), epochs=epochs, tol=0.0).epochs <= epochs


def test_the_same_bits_from_many_partitions():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(size=(30_000, 3)), columns=list("abc")).assign(w=rng.integers(0, 3, 30_000))
    frame["y"] = np.where(
        frame["a"] + rng.logistic(size=30_000) > 1, "yes", np.where(rng.random(30_000) < 0.001, "x", "no")
    )
    frame = frame.sort_values("y")
    homes = [home_of(memory, threads, most_rows=256) for memory, threads in [(None, 1), (None, 3), (1, 2)]]
    models = [sm.fit(frame, target="y", weight="w", home=home) for home in homes]
    assert models[0].history[1, 0] <= 8
    for model in models[1:]:
        np.testing.assert_array_equal(model.W, models[0].W)


def test_rows_that_are_only_looked_at_do_not_make_a_sample(tmp_path):
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(rng.normal(size=(2600, 3)), columns=list("abc"))
    frame["y"] = np.where(frame["a"] + rng.logistic(size=2600) > 0, "yes", "no")
    frame[2000:].to_csv(tmp_path / "v.csv", index=False)
    alone, watched = (sm.fit(frame[:2000], validation=v) for v in (None, str(tmp_path / "v.csv")))
    np.testing.assert_array_equal(watched.W, alone.W)


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
    monkeypatch.setattr(Objective, "sampled", None)  # would fail
    f = objective(gaussian(1200 if case == "few rows" else 20_000, 6, 4), 4, l2=0.0 if case == "no penalty" else 1.0)
    start = f.zeros() + (0.1 if case == "another start" else 0.0)
    minimise(f, Lbfgs(), start, epochs=9 if case == "few passes" else 100, tol=1e-4)


def test_a_sample_that_misleads_costs_passes_only(monkeypatch):
    f, other = (objective(gaussian(20_000, 6, 4, spread=0.4), 4) for _ in range(2))
    plain, real = minimise(f, Lbfgs(), f.zeros(), epochs=500, tol=1e-6), Objective.sampled
    wrong = other.rows.gather(lambda partition: partition)
    wrong = objective(replace(wrong, y=(wrong.y + 1) % 4), 4)
    monkeypatch.setattr(Objective, "sampled", lambda self, every: real(wrong if self is f else self, every))
    run = minimise(f, Lbfgs(), f.zeros(), epochs=500, tol=1e-6)
    objectives = [record.objective for record in run.history]
    assert run.history[1].epoch > 3
    assert objectives[1] < objectives[0]
    assert objectives == sorted(objectives, reverse=True)
    assert run.point.objective == pytest.approx(plain.point.objective, rel=2e-6)
    assert run.epochs > plain.epochs
