"""The loop: outcomes, the best point, honest records; and each solver's own promises."""

from dataclasses import replace
from itertools import chain, pairwise

import numpy as np
import pytest

from smtrain.partitions.memory import LocalRows
from smtrain.softmax import batches
from smtrain.softmax.batches import mini_batches
from smtrain.softmax.objective import Point
from smtrain.solvers.base import Status, minimise
from smtrain.solvers.gradient_descent import GradientDescent
from smtrain.solvers.lbfgs import Lbfgs
from tests.problems import gaussian, hard_problems, objective, partition


def run(f, solver, epochs=500, tol=1e-6):
    return minimise(f, solver, f.zeros(), epochs=epochs, tol=tol, on_epoch=lambda _: None)


def test_the_first_record_is_the_zero_start():
    solution = run(objective(partition()), Lbfgs())
    assert solution.history[0].epoch == 0
    assert solution.history[0].nll == pytest.approx(np.log(4))


@pytest.mark.parametrize("solver", [Lbfgs(), GradientDescent(), GradientDescent(batch_size=7)])
def test_the_recorded_nll_is_that_of_the_weights(solver):
    f = objective(partition("mixed", m=100, weights=True), size=30)
    solution = run(f, solver, epochs=9, tol=0)
    again = f.value_and_grad(solution.point.theta)
    assert again.nll == solution.record.nll
    assert again.objective == solution.record.objective
    assert solution.record.objective == min(record.objective for record in solution.history)


@pytest.mark.parametrize("name", hard_problems())
@pytest.mark.parametrize("solver", [Lbfgs(), GradientDescent()])
def test_the_objective_never_goes_up(name, solver):
    whole, K = hard_problems()[name]
    values = [record.objective for record in run(objective(whole, K), solver, epochs=60, tol=1e-9).history]
    assert all(after <= before * (1 + 1e-12) for before, after in pairwise(values))


@pytest.mark.parametrize("name", hard_problems())
def test_the_gap_never_goes_up_and_always_holds(name):
    whole, K = hard_problems()[name]
    f = objective(whole, K)
    best = run(f, Lbfgs(), epochs=3000, tol=1e-12).point.objective
    history = run(f, Lbfgs(), epochs=60, tol=1e-9).history
    assert all(after.gap <= before.gap + 1e-12 for before, after in pairwise(history))
    assert all(record.objective * (1 - record.gap) <= best * (1 + 1e-11) for record in history)


def test_a_rate_too_large_diverges_without_a_finite_number():
    whole, K = hard_problems()["heavy tails"]
    assert run(objective(whole, K), GradientDescent(learning_rate=1e200)).status is Status.DIVERGED
    assert run(objective(whole, K), GradientDescent(learning_rate=300.0), epochs=3).status is Status.DIVERGED


def test_no_more_epochs_than_asked():
    f = objective(partition("mixed", m=100))
    for solver in (Lbfgs(), GradientDescent(), GradientDescent(batch_size=9)):
        for epochs in (0, 1, 2, 3, 7):
            solution = run(f, solver, epochs=epochs, tol=0)
            assert solution.epochs <= epochs
            assert solution.status in {Status.MAX_EPOCHS, Status.STALLED}


@pytest.mark.parametrize("name", hard_problems())
def test_epochs_that_run_out_in_a_search_are_no_stall(name):
    whole, K = hard_problems()[name]
    for epochs in range(1, 12):
        assert run(objective(whole, K), Lbfgs(), epochs=epochs, tol=0).status is Status.MAX_EPOCHS


def test_nothing_to_learn_is_learned_at_once():
    whole = partition("numeric", m=40)
    balanced = whole.take(np.arange(0))
    rows = np.array([0, 1, 2, 3])
    same = whole.take(rows)
    X = same.X.numeric * 0
    from dataclasses import replace

    from smtrain.softmax.design import Design

    flat = replace(same, X=Design(X))
    assert balanced.rows == 0
    solution = run(objective(flat), Lbfgs())
    assert (solution.status, solution.epochs) == (Status.CONVERGED, 0)


def test_separable_data_without_penalty_has_no_optimum():
    """M11: the NLL goes to zero and the weights grow; that must not be called converged."""
    whole, K = hard_problems()["separable"]
    solution = run(objective(whole, K, l2=0.0), Lbfgs(), epochs=60, tol=1e-6)
    assert solution.record.nll < 1e-3
    assert solution.status is not Status.CONVERGED


def test_a_full_batch_step_is_the_textbook_update():
    f = objective(gaussian(50, 3, 3), 3)
    solver = GradientDescent(learning_rate=0.3)
    state = solver.start(f, f.value_and_grad(f.zeros()))
    after = solver.step(f, state, 1)
    np.testing.assert_allclose(after.point.theta, -0.3 * state.point.gradient, rtol=1e-15)


def test_momentum_adds_the_last_step():
    f = objective(gaussian(50, 3, 3), 3)
    solver = GradientDescent(learning_rate=0.1, momentum=0.5)
    states = [solver.start(f, f.value_and_grad(f.zeros()))]
    for _ in range(2):
        states.append(solver.step(f, states[-1], 1))
    one, two = states[1].point, states[2].point
    np.testing.assert_allclose(two.theta - one.theta, 0.5 * one.theta - 0.1 * one.gradient, rtol=1e-12)


def test_mini_batches_see_every_row_once_an_epoch(monkeypatch):
    f = objective(gaussian(50, 3, 3), 3, size=16)
    seen = []

    def recorded(theta, batch):
        seen.append(batch.X.numeric[:, 0].tolist())
        return f.value_and_grad(theta)

    monkeypatch.setattr(f, "batch_value_and_grad", recorded)
    solver = GradientDescent(batch_size=7, seed=3)
    state = solver.start(f, f.value_and_grad(f.zeros()))
    solver.step(f, state, 1)
    rows = f.rows.gather(lambda part: part).X.numeric[:, 0].tolist()
    assert {len(batch) for batch in seen} <= {6, 7}
    assert sorted(chain(*seen)) == sorted(rows)
    assert list(chain(*seen)) != rows
    before = list(seen)
    seen.clear()
    solver.step(f, replace(state, epoch=1), 1)
    assert sorted(chain(*seen)) == sorted(rows)
    assert seen != before  # every epoch has another order


@pytest.mark.parametrize("cells", [1, 60, 1 << 18])
@pytest.mark.parametrize("size", [1, 7, 30, 49, 50])
def test_batches_are_dealt_out_in_turn(size, cells, monkeypatch):
    """However many of them are fetched together, and from the partitions that have their rows alone."""
    monkeypatch.setattr(batches, "FETCHED_CELLS", cells)
    asked, apply = [], LocalRows.apply
    monkeypatch.setattr(LocalRows, "apply", lambda rows, *more: asked.append(more[-1]) or apply(rows, *more))
    x = gaussian(50, 3, 3).X.numeric[:, 0]
    parts = [np.arange(start, min(start + 4, 50)) for start in range(0, 50, 4)]
    order = [row for part in parts for row in np.random.default_rng([5, 2, part[0]]).permutation(part)]
    count = -(-50 // size)
    dealt = [
        batch.X.numeric[:, 0].tolist()
        for batch in mini_batches(objective(gaussian(50, 3, 3), 3, size=4).rows, size, 5, 2)
    ]
    assert dealt == [x[order[k::count]].tolist() for k in range(count)]
    assert len(asked) <= len(parts) + 50  # once to shuffle, then at most once for each row


def test_a_point_knows_that_it_is_not_finite():
    zero = np.zeros((2, 2))
    assert Point(zero, 1.0, 1.0, zero, zero).finite
    assert not Point(zero, np.nan, np.nan, zero, zero).finite
    assert not Point(zero, 1.0, 1.0, zero + np.inf, zero).finite


@pytest.mark.parametrize("tol", [0.0, 1e-12, 1e-6])
def test_converged_means_the_gap_of_the_point_that_is_returned(tol):
    for name, (whole, K) in hard_problems().items():
        solution = run(objective(whole, K), Lbfgs(), epochs=300, tol=tol)
        if solution.status is Status.CONVERGED:
            assert solution.record.gap <= tol, name


def test_a_mini_batch_of_rows_without_weight_changes_nothing_but_the_penalty():
    whole = partition("numeric", m=40)
    v = whole.v.copy()
    v[:20] = 0
    f = objective(replace(whole, v=v))
    t = 0.3 * np.ones_like(f.zeros())
    point = f.batch_value_and_grad(t, whole.take(np.arange(10)).weighing(np.zeros(10)))
    assert point.nll == 0
    np.testing.assert_allclose(point.gradient[:-1], f.penalty * t[:-1])
