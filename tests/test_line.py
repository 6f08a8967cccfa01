"""A line by logits is the line by passes: same values, slopes and points."""

import numpy as np
import pytest

from smtrain.softmax.line import LogitLine, PassLine, open_line
from tests.problems import KINDS, objective, partition, theta

pytestmark = pytest.mark.bits


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
    assert two.nll == pytest.approx(one.nll, rel=1e-12)
    np.testing.assert_allclose(two.gradient, one.gradient, atol=1e-12)
    np.testing.assert_array_equal(two.theta, one.theta)


def test_logits_are_carried_from_line_to_line():
    f = objective(partition("mixed", m=300), size=64)
    at, known = f.value_and_grad(theta(f)), None
    for seed in range(5):
        d = 0.1 * theta(f, seed=seed)
        before = at.theta.copy()
        at, known = LogitLine(f, at, d, known).take(0.7)
        np.testing.assert_allclose(at.theta, before + 0.7 * d)
        exact = f.value_and_grad(at.theta)
        assert at.nll == pytest.approx(exact.nll, rel=1e-12)
        np.testing.assert_allclose(at.gradient, exact.gradient, atol=1e-13)


def test_logits_of_another_point_are_not_used():
    f = objective(partition("mixed", m=300), size=64)
    at = f.value_and_grad(theta(f))
    _, known = LogitLine(f, at, theta(f, seed=1), None).take(1.0)
    found = LogitLine(f, at, theta(f, seed=2), known).trial(0.0)
    assert found.objective == pytest.approx(at.objective, rel=1e-12)


def test_a_step_too_far_is_infinitely_high():
    f = objective(partition("mixed", m=300), size=64)
    at = f.value_and_grad(theta(f))
    assert LogitLine(f, at, theta(f), None).trial(1e308).objective == np.inf


def test_lines_by_logits_are_for_wide_rows_several_trials_and_not_too_many_rows(monkeypatch):
    f = objective(partition("mixed", m=300), size=64)
    at, d = f.value_and_grad(theta(f)), theta(f)
    assert isinstance(open_line(f, at, d, None, trials=3), PassLine)
    monkeypatch.setattr("smtrain.softmax.line.WORTHWHILE", 1)
    assert isinstance(open_line(f, at, d, None, trials=3), LogitLine)
    assert isinstance(open_line(f, at, d, None, trials=1), PassLine)
    monkeypatch.setattr("smtrain.softmax.line.MOST_LOGITS", 300)
    assert isinstance(open_line(f, at, d, None, trials=3), PassLine)
