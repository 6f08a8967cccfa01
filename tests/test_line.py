"""A line by logits is the line by passes: same values and slopes, and the same points but for b, which it solves."""

from dataclasses import replace

import numpy as np
import pytest

from smtrain.softmax.certificate import dual_of
from smtrain.softmax.design import Design
from smtrain.softmax.line import LogitLine, PassLine, open_line
from tests.problems import KINDS, objective, partition, theta

pytestmark = pytest.mark.bits


@pytest.fixture(autouse=True)
def solved(monkeypatch):
    """These tables have so few cells that b would not be solved."""
    monkeypatch.setattr("smtrain.softmax.line.CLASSES_PER_CELL", 2)


def taken(line, t):
    """What a step gives that was tried before, as it must be."""
    line.trial(t)
    return line.take(t)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("threads", [1, 2])
def test_both_lines_agree(kind, threads):
    f = objective(partition(kind, m=300, weights=True), size=64, threads=threads, l2=0.5)
    at, d = f.value_and_grad(theta(f)), theta(f, seed=3)
    passes, logits = PassLine(f, at, d), LogitLine(f, at, d, None)
    for t in (0.0, 1e-3, 0.5, 1.0, 7.0):
        one, two = passes.trial(t), logits.trial(t)
        assert two.objective == pytest.approx(one.objective, rel=1e-12)
        assert two.slope == pytest.approx(one.slope, rel=1e-9, abs=1e-12)
    one, two = passes.take(7.0)[0], logits.take(7.0)[0]
    np.testing.assert_array_equal(two.theta[:-1], one.theta[:-1])
    exact = f.value_and_grad(two.theta)
    assert two.nll == pytest.approx(exact.nll, rel=1e-12)
    np.testing.assert_allclose(two.gradient, exact.gradient, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_the_intercept_is_solved_where_a_step_is_taken(kind):
    f = objective(partition(kind, m=300, weights=True), size=64, l2=0.5)
    at = f.value_and_grad(theta(f, scale=0.1))
    line = LogitLine(f, at, 0.1 * theta(f, seed=3), None)
    tried = line.trial(0.7)
    arrived = line.take(0.7)[0]
    assert arrived.objective < tried.objective
    np.testing.assert_allclose(arrived.gradient[-1], 0, atol=1e-5)
    gap = (arrived.gradient[:-1] ** 2).sum() / 2 / f.penalty
    assert arrived.objective - dual_of(f, arrived).bound == pytest.approx(gap, rel=1e-3)


def test_an_intercept_that_moved_uphill_is_put_back(monkeypatch):
    f = objective(partition("mixed", m=300), size=64)
    at, d = f.value_and_grad(theta(f)), theta(f, seed=3)
    monkeypatch.setattr("smtrain.softmax.line.newton_step", lambda g, _: -9 * g)
    line = LogitLine(f, at, d, None)
    tried = line.trial(0.5)
    arrived = line.take(0.5)[0]
    assert arrived.objective == pytest.approx(tried.objective, rel=1e-12)
    np.testing.assert_array_equal(arrived.theta, at.theta + 0.5 * d)


@pytest.mark.parametrize("l2", [0.0, 1.0])
def test_the_intercept_stays_without_a_penalty_and_with_very_many_classes(l2, monkeypatch):
    f = objective(partition("mixed", m=300), size=64, l2=l2)
    monkeypatch.setattr("smtrain.softmax.line.MOST_DIRECT_CLASSES", 3 if l2 else 200)
    at, d = f.value_and_grad(theta(f)), theta(f, seed=3)
    np.testing.assert_array_equal(taken(LogitLine(f, at, d, None), 0.5)[0].theta, at.theta + 0.5 * d)


def test_the_objective_is_smooth_along_a_line_in_float32():
    """In steps of a millionth of its fall float32 alone would see noise."""
    whole = partition("numeric", m=300)
    single = replace(whole, X=Design(whole.X.numeric.astype(np.float32)))
    f = objective(single, size=64)
    at = f.value_and_grad(theta(f))
    line = LogitLine(f, at, -at.gradient, None)
    values = [line.trial(t).objective for t in np.linspace(0, 1e-8, 9)]
    assert (np.diff(values) < 0).all()


def test_logits_are_carried_from_line_to_line():
    f = objective(partition("mixed", m=300), size=64)
    at, known = f.value_and_grad(theta(f)), None
    for seed in range(5):
        d = 0.1 * theta(f, seed=seed)
        before = at.theta.copy()
        at, known = taken(LogitLine(f, at, d, known), 0.7)
        np.testing.assert_allclose(at.theta[:-1], (before + 0.7 * d)[:-1])
        exact = f.value_and_grad(at.theta)
        assert at.nll == pytest.approx(exact.nll, rel=1e-12)
        np.testing.assert_allclose(at.gradient, exact.gradient, atol=1e-13)


def test_logits_of_another_point_are_not_used():
    f = objective(partition("mixed", m=300), size=64)
    at = f.value_and_grad(theta(f))
    _, known = taken(LogitLine(f, at, theta(f, seed=1), None), 1.0)
    found = LogitLine(f, at, theta(f, seed=2), known).trial(0.0)
    assert found.objective == pytest.approx(at.objective, rel=1e-12)


def test_a_step_too_far_is_infinitely_high():
    f = objective(partition("mixed", m=300), size=64)
    at = f.value_and_grad(theta(f))
    assert LogitLine(f, at, theta(f), None).trial(1e308).objective == np.inf


def test_lines_by_logits_are_for_wide_rows_and_not_too_many(monkeypatch):
    f = objective(partition("mixed", m=300), size=64)
    at, d = f.value_and_grad(theta(f)), theta(f)
    assert isinstance(open_line(f, at, d, None, trials=3), PassLine)
    monkeypatch.setattr("smtrain.softmax.line.WORTHWHILE", 1)
    assert isinstance(open_line(f, at, d, None, trials=3), LogitLine)
    assert isinstance(open_line(f, at, d, None, trials=1), PassLine)
    monkeypatch.setattr("smtrain.softmax.line.WIDE", 1)
    assert isinstance(open_line(f, at, d, None, trials=1), LogitLine)
    monkeypatch.setattr("smtrain.softmax.line.MOST_LOGITS", 300)
    assert isinstance(open_line(f, at, d, None, trials=3), PassLine)


def test_a_weight_whose_inverse_is_no_number():
    """1e-310 is one; divided by it, the curvature of b would be none."""
    v = np.where(np.arange(300) == 5, 1e-310, 1.0)
    f = objective(partition("numeric", m=300).weighing(v), size=64)
    at = f.value_and_grad(theta(f))
    arrived, _ = taken(LogitLine(f, at, -at.gradient, None), 0.1)
    exact = f.value_and_grad(arrived.theta)
    assert arrived.objective == pytest.approx(exact.objective, rel=1e-12)
    np.testing.assert_allclose(arrived.gradient, exact.gradient, rtol=1e-9, atol=1e-12)
