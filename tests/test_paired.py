"""Paired tests against scipy, statsmodels and naive loops; and their rate of false alarms, by simulation."""

from functools import partial

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as peer
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.weightstats import DescrStatsW

from smtrain.scoring.fail_if import worse
from smtrain.scoring.moments import Moments, weighted_mean
from smtrain.scoring.paired import DIFFERENCES, Side, accuracy_interval, paired_sum
from smtrain.softmax.loss import nll


def pair(m=300, K=3, seed=0, weights=None, noise=1.0, places=None):
    """Two models' logits of some rows, and the sums."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, K, m)
    Z = [2 * np.eye(K)[y].T + noise * rng.normal(size=(K, m)) for _ in range(2)]
    v = np.ones(m) if weights is None else weights
    places = np.arange(K) if places is None else places
    return Z, y, v, paired_sum(Side(Z[0], y, places), Side(Z[1], y, places), v, K)


def test_the_mean_difference_is_the_paired_t_test():
    Z, y, _, sums = pair()
    expected = stats.ttest_rel(nll(Z[1], y), nll(Z[0], y))
    found = weighted_mean(sums.nll, 0.9)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-9)
    assert (found.low, found.high) == pytest.approx(tuple(expected.confidence_interval(0.9)), rel=1e-9)
    assert found.mean == pytest.approx(sums.new.nll.mean - sums.old.nll.mean, rel=1e-9)


def test_the_scale_of_the_weights_does_not_matter_and_zero_weights_are_no_rows():
    weights = np.random.default_rng(1).uniform(0.5, 2, 300)
    weights[:50] = 0
    d = np.random.default_rng(2).normal(0.1, 1, 300)
    found, scaled = (weighted_mean(Moments.of(d, c * weights)) for c in (1, 7))
    assert vars(found) == pytest.approx(vars(scaled), rel=1e-9)
    kept = weighted_mean(Moments.of(d[50:], weights[50:]))
    assert vars(found) == pytest.approx(vars(kept), rel=1e-9)


def test_the_error_of_a_weighted_mean_is_the_linearised_one():
    """As a naive loop, and with equal weights the textbook's s / √n, by statsmodels."""
    rng = np.random.default_rng(3)
    d, v = rng.normal(size=80), rng.uniform(0.1, 3, 80)
    mean = sum(a * b for a, b in zip(v, d, strict=True)) / sum(v)
    variance = sum((a * (b - mean)) ** 2 for a, b in zip(v, d, strict=True)) / sum(v) ** 2 * 80 / 79
    found = weighted_mean(Moments.of(d, v))
    assert (found.mean, found.error) == pytest.approx((mean, variance**0.5), rel=1e-12)
    assert weighted_mean(Moments.of(d, np.full(80, 0.3))).error == pytest.approx(DescrStatsW(d).std_mean, rel=1e-12)


@pytest.mark.parametrize(("m", "seed"), [(20, 0), (300, 1), (20_000, 2)])
def test_mcnemar(m, seed):
    Z, y, _, sums = pair(m, seed=seed)
    right = [z.argmax(0) == y for z in Z]
    table = [[(right[0] & right[1]).sum(), (right[0] & ~right[1]).sum()], [(~right[0] & right[1]).sum(), 0]]
    found = sums.mcnemar()
    assert (found.gained, found.lost) == (table[1][0], table[0][1])
    assert found.exact == (m < 20_000)
    assert found.p == pytest.approx(mcnemar(table, exact=found.exact, correction=False).pvalue, rel=1e-6)
    assert found.difference == pytest.approx(right[1].mean() - right[0].mean())


def test_equal_weights_of_any_size_are_as_good_as_one():
    one, other = (pair(weights=np.full(300, c))[-1].mcnemar() for c in (1.0, 0.1))
    assert vars(one) == pytest.approx(vars(other), rel=1e-9)
    assert one.exact
    assert other.exact


def test_mcnemar_with_unequal_weights_is_the_weighted_sign():
    v = np.random.default_rng(4).uniform(0.2, 3, 300)
    Z, y, _, sums = pair(weights=v)
    sign = (Z[1].argmax(0) == y).astype(int) - (Z[0].argmax(0) == y)
    z = sum(v * sign) / np.sqrt(sum((v * sign) ** 2))
    found = sums.mcnemar()
    assert not found.exact
    assert found.p == pytest.approx(2 * stats.norm.sf(abs(z)), rel=1e-9)


@pytest.mark.parametrize(("gained", "lost", "n"), [(0, 0, 10), (3, 9, 50), (40, 41, 1000)])
def test_the_interval_of_the_accuracies_is_agresti_and_mins(gained, lost, n):
    d = np.repeat([1.0, -1.0, 0.0], [gained, lost, n - gained - lost])
    centre = (gained - lost) / (n + 2)
    error = np.sqrt(gained + lost + 1 - (gained - lost) ** 2 / (n + 2)) / (n + 2)
    half = stats.t.ppf(0.975, n + 1) * error
    assert accuracy_interval(Moments.of(d, np.ones(n))) == pytest.approx((centre - half, centre + half), rel=2e-3)


def test_flips():
    Z, y, v, sums = pair(weights=np.random.default_rng(5).uniform(0.5, 2, 300), places=np.array([2, 0, 1]))
    old, new = (np.array([2, 0, 1])[z.argmax(0)] for z in Z)
    truth = np.array([2, 0, 1])[y]
    for (i, j), better in np.ndenumerate(sums.better.dense()):
        here = (old == i) & (new == j)
        assert sums.predicted.dense()[i, j] == pytest.approx(v[here].sum())
        assert better == pytest.approx(v[here & (new == truth) & (old != truth)].sum())
        assert sums.worse.dense()[i, j] == pytest.approx(v[here & (old == truth) & (new != truth)].sum())


def test_sums_add_up():
    Z, y, v, whole = pair()
    cuts, places = [slice(0, 7), slice(7, 250), slice(250, 300)], np.arange(3)
    a, b, c = (
        paired_sum(Side(Z[0][:, cut], y[cut], places), Side(Z[1][:, cut], y[cut], places), v[cut], 3) for cut in cuts
    )
    added = a + b + c
    assert vars(added.nll) == pytest.approx(vars(whole.nll), rel=1e-12)
    assert vars(added.mcnemar()) == pytest.approx(vars(whole.mcnemar()), rel=1e-12)
    np.testing.assert_allclose(added.predicted.dense(), whole.predicted.dense())


def test_a_model_is_not_worse_than_itself_nor_by_rounding():
    Z, y, v, _ = pair()
    places = np.arange(3)
    same = paired_sum(Side(Z[0], y, places), Side(Z[0], y, places), v, 3)
    assert not worse(same, 0.95).failed
    assert same.mcnemar().p == 1
    off = Z[0] - 1e-15 * np.eye(3)[y].T
    assert not worse(paired_sum(Side(Z[0], y, places), Side(off, y, places), v, 3), 0.95).failed


def test_one_row_shows_nothing():
    outcome = worse(pair(1)[-1], 0.95)
    assert outcome.failed
    assert "not defined" in outcome.message


def false_alarms(runs, m, level, loss=0.0, weighted=False):
    """How often the new model is called worse: it reads the mirror image of what the old one reads, so it is as good.

    Both are the true model of half of the evidence; `loss` takes that from the new one's.
    """
    alarms = 0
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(2, m))
        y = (rng.random(m) < 1 / (1 + np.exp(-x.sum(0)))).astype(np.intp)
        v = rng.uniform(0.2, 3, m) if weighted else np.ones(m)
        old, new = (
            Side(np.stack([np.zeros(m), scale * row]), y, np.arange(2))
            for row, scale in zip(x, (1, 1 - loss), strict=True)
        )
        alarms += worse(paired_sum(old, new, v, 2), level).failed
    return alarms


@pytest.mark.parametrize(("m", "level", "weighted"), [(12, 0.8, False), (200, 0.8, False), (200, 0.8, True)])
def test_pure_noise_fails_no_more_often_than_stated(m, level, weighted):
    runs, rate = 400, (1 - level) / 2
    alarms = false_alarms(runs, m, level, weighted=weighted)
    assert alarms <= stats.binom.ppf(0.999, runs, rate)
    assert alarms >= stats.binom.ppf(0.001, runs, rate) / 2  # a test that never fails would be none


def test_a_real_loss_is_caught():
    assert false_alarms(50, 1500, 0.95, loss=1.0) == 50


@pytest.mark.slow
@pytest.mark.parametrize("m", [10, 30, 100, 1000])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_pure_noise_at_length(m, level):
    runs = 2000
    assert false_alarms(runs, m, level) <= stats.binom.ppf(0.999, runs, (1 - level) / 2)


FIGURES = {
    "balanced_accuracy": peer.balanced_accuracy_score,
    "macro_f1": partial(peer.f1_score, average="macro"),
    "mcc": peer.matthews_corrcoef,
    "kappa": peer.cohen_kappa_score,
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("metric", FIGURES)
def test_the_error_of_a_difference_is_that_of_the_infinitesimal_jackknife(metric, weighted):
    """What a little more of each row does to the difference of scikit-learn's figures, row by row (Jaeckel, 1972)."""
    assert {*FIGURES} == {*DIFFERENCES}
    v = np.random.default_rng(8).uniform(0.2, 3, 120) if weighted else np.ones(120)
    Z, y, _, sums = pair(120, seed=7, weights=v, noise=1.5)
    called = [z.argmax(0) for z in Z]

    def difference(weights):
        old, new = (FIGURES[metric](y, one, sample_weight=weights) for one in called)
        return new - old

    step = 1e-4
    influence = [(difference(v + step * row) - difference(v - step * row)) / (2 * step) for row in np.eye(120)]
    # The weights of rows are of importance: they say as much as (Σ v)² / Σ v² rows of one weight.
    n = v.sum() ** 2 / (v * v).sum()
    error = np.sqrt((v * np.square(influence)).sum() * v.sum() / n)
    found = sums.difference(metric, 0.9)
    assert found.mean == pytest.approx(difference(v), rel=1e-10)
    assert found.error == pytest.approx(error, rel=1e-6)
    assert (found.low, found.high) == pytest.approx(stats.norm.interval(0.9, found.mean, error), rel=1e-6)
    assert found.p == pytest.approx(2 * stats.norm.sf(abs(found.mean) / error), rel=1e-6)


@pytest.mark.parametrize("metric", FIGURES)
def test_a_difference_that_is_nothing_has_no_error(metric):
    Z, y, v, _ = pair(50)
    same = Side(Z[0], y, np.arange(3))
    found = paired_sum(same, same, v, 3).difference(metric)
    assert found.mean == 0
    assert np.isnan([found.error, found.low, found.high, found.p]).all()


def test_models_of_other_classes_are_compared_by_the_cells_of_each():
    """The new one has a class more, before the others: its cells have other places, and the figures are the same."""
    Z, y, v, sums = pair(80, seed=3, noise=1.5)
    more = np.vstack([np.full(80, -50.0), Z[1]])
    moved = paired_sum(Side(Z[0], y, np.arange(1, 4)), Side(more, y + 1, np.arange(4)), v, 4)
    for metric in FIGURES:
        assert vars(moved.difference(metric)) == pytest.approx(vars(sums.difference(metric)), rel=1e-9)


def test_of_very_many_classes_there_is_the_difference_alone():
    K = 101
    Z, y, _, sums = pair(400, K=K, noise=1.5)
    found = sums.difference("macro_f1")
    old, new = (FIGURES["macro_f1"](y, z.argmax(0)) for z in Z)
    assert found.mean == pytest.approx(new - old)
    assert np.isnan(found.error)
    assert not sums.joint.pairs.size


def test_differences_add_up_over_blocks():
    Z, y, v, sums = pair(90, seed=5)
    places = np.arange(3)
    parts = [
        paired_sum(Side(Z[0][:, cut], y[cut], places), Side(Z[1][:, cut], y[cut], places), v[cut], 3)
        for cut in (slice(0, 7), slice(7, 60), slice(60, 90))
    ]
    for metric in FIGURES:
        added = (parts[0] + parts[1] + parts[2]).difference(metric)
        assert vars(added) == pytest.approx(vars(sums.difference(metric)), rel=1e-9, nan_ok=True)


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.7, 1.0, 1.5])
def test_figures_of_models_that_are_as_good_differ_as_rarely_as_they_should(noise):
    """At the level of 0.05 some 5 % of 1,000 pairs of models seem to differ: 0.7 points are a standard deviation."""
    rng, places, alarms = np.random.default_rng(0), np.arange(3), dict.fromkeys(DIFFERENCES, 0)
    for _ in range(1000):
        y = rng.choice(3, 200, p=[0.45, 0.35, 0.2])
        old, new = (Side(2 * np.eye(3)[y].T + noise * rng.normal(size=(3, 200)), y, places) for _ in range(2))
        sums = paired_sum(old, new, np.ones(200), 3)
        for metric in DIFFERENCES:
            alarms[metric] += sums.difference(metric).p < 0.05
    assert min(alarms.values()) > 30
    assert max(alarms.values()) < 70
