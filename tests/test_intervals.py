"""Intervals against statsmodels, scipy, published tables and naive loops; and how often they hold the truth."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint

import smtrain as sm
from smtrain.scoring.intervals import CLASS_INTERVALS, INTERVALS, average_precision_intervals, bin_intervals, wilson
from smtrain.scoring.metrics import CLASS_METRICS, METRICS
from smtrain.scoring.sums import evaluation_sum
from smtrain.softmax.loss import nll, softmax


def some(m=200, K=3, seed=0):
    """Logits, codes and no weights."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, K, m)
    return 1.5 * np.eye(K)[y].T + rng.normal(size=(K, m)), y, np.ones(m)


@pytest.mark.parametrize(
    ("right", "rows", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_newcombes_table_of_score_intervals(right, rows, low, high):
    """Newcombe (1998), table I, method 3."""
    found = wilson(np.array([right / rows]), np.array([rows]), 0.95)[:, 0]
    assert found == pytest.approx([low, high], abs=5e-5)


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_shares_are_those_of_statsmodels(level):
    Z, y, v = some()
    sums, predicted = evaluation_sum(Z, y, v), Z.argmax(0)
    for name, right in (("accuracy", y == predicted), ("top_2_accuracy", (Z[y, range(200)] < Z).sum(0) < 2)):
        naive = proportion_confint(right.sum(), 200, 1 - level, method="wilson")
        assert INTERVALS[name](sums, level) == pytest.approx(naive, rel=1e-12)
    for name, given in (("precision", predicted), ("recall", y)):
        found = CLASS_INTERVALS[name](sums, level)
        for k in range(3):
            right = ((predicted == k) & (y == k)).sum()
            naive = proportion_confint(right, (given == k).sum(), 1 - level, method="wilson")
            assert found[:, k] == pytest.approx(naive, rel=1e-12)


def test_bins_are_shares():
    Z, y, v = some()
    found = bin_intervals(evaluation_sum(Z, y, v).bins, 0.9)
    place = np.minimum((softmax(Z).max(0) * 15).astype(int), 14)
    for i in range(15):
        here = place == i
        naive = (
            proportion_confint((Z.argmax(0) == y)[here].sum(), here.sum(), 0.1, "wilson")
            if here.any()
            else (np.nan,) * 2
        )
        assert found[:, i] == pytest.approx(naive, rel=1e-12, nan_ok=True)


def test_means_have_students_interval():
    Z, y, v = some()
    sums, S = evaluation_sum(Z, y, v), softmax(Z)
    brier = ((S.T - np.eye(3)[y]) ** 2).sum(1)
    for name, each in (("nll", nll(Z, y)), ("nll_bits", nll(Z, y) / np.log(2)), ("brier", brier)):
        naive = stats.t.interval(0.9, 199, each.mean(), stats.sem(each))
        assert INTERVALS[name](sums, 0.9) == pytest.approx(naive, rel=1e-9)


def delong(own, others):
    """The variance of the AUC by the components of each row: a double loop."""
    psi = np.array([[(a > b) + (a == b) / 2 for b in others] for a in own])
    return psi.mean(), psi.mean(1).var(ddof=1) / len(own) + psi.mean(0).var(ddof=1) / len(others)


@pytest.mark.parametrize("classes", [2, 3])
def test_the_area_has_delongs_interval(classes):
    Z, y, v = some(120, classes)
    Z = Z[:, np.random.default_rng(1).integers(0, 90, 120)]  # with ties
    sums, S = evaluation_sum(Z, y, v), softmax(Z)
    found = CLASS_INTERVALS["auc"](sums, 0.95)
    for k in range(classes):
        area, variance = delong(S[k][y == k], S[k][y != k])
        half = stats.norm.ppf(0.975) * variance**0.5
        assert found[:, k] == pytest.approx([area - half, min(1.0, area + half)], rel=1e-12)
    whole = INTERVALS["auc"](sums, 0.95)
    assert whole == pytest.approx(tuple(found[:, 1]) if classes == 2 else (np.nan, np.nan), nan_ok=True)


def test_kappa_has_the_error_of_fleiss_cohen_and_everitt():
    Z, y, v = some(300, 4)
    sums = evaluation_sum(Z, y, v)
    theirs = cohens_kappa(sums.confusion.dense())
    half = stats.norm.ppf(0.95) * theirs.std_kappa
    assert INTERVALS["kappa"](sums, 0.9) == pytest.approx((theirs.kappa - half, theirs.kappa + half), rel=1e-12)


def of_confusion(p):
    """Balanced accuracy, macro F1, MCC and kappa of shares (K, K), by their textbook formulas."""
    true, called, right = p.sum(1), p.sum(0), p.diagonal()
    there, met, chance = true > 0, true + called > 0, true @ called
    spread = np.sqrt((1 - true @ true) * (1 - called @ called))
    return {
        "balanced_accuracy": (right[there] / true[there]).mean(),
        "macro_f1": (2 * right[met] / (true + called)[met]).mean(),
        "mcc": (right.sum() - chance) / spread,
        "kappa": (right.sum() - chance) / (1 - chance),
    }


def drawn_rows(seed):
    """Codes, predictions and weights of 2 to 5 classes: without rows, never predicted, nearly right, of weight 0."""
    rng = np.random.default_rng(seed)
    K, m = int(rng.integers(2, 6)), int(rng.integers(30, 200))
    y, other = rng.choice(K, (2, m), p=rng.dirichlet(np.ones(K)))
    predicted = np.where(rng.random(m) < rng.choice([0.3, 0.8, 0.97]), y, other if seed % 3 else other.min())
    y[:3], predicted[:3] = [0, 1, 0], [0, 0, 1]  # two classes and an error
    return K, y, predicted, rng.choice([0.0, 0.5, 1.0, 3.0], m) if seed % 2 else np.ones(m)


@pytest.mark.parametrize("some", [0, *(pytest.param(i, marks=pytest.mark.slow) for i in range(1, 10))])
def test_figures_of_the_confusion_have_the_error_of_their_differences(some):
    """The variance of a multinomial sample's shares, carried on by derivatives that are differences here."""
    for seed in range(20 * some, 20 * some + 20):
        K, y, predicted, v = drawn_rows(seed)
        sums, p = evaluation_sum(np.eye(K)[predicted].T, y, v), np.zeros((K, K))
        np.add.at(p, (y, predicted), v / v.sum())
        cells, n = np.argwhere(p), v.sum() ** 2 / (v**2).sum()
        shares = p[tuple(cells.T)]
        covariance = (np.diag(shares) - np.outer(shares, shares)) / n
        steps = [1e-6 * (np.arange(K * K).reshape(K, K) == i * K + j) for i, j in cells]
        ends = [[of_confusion(p + sign * step) for sign in (1, -1)] for step in steps]
        for name, value in of_confusion(p).items():
            slopes = np.array([(after[name] - before[name]) / 2e-6 for after, before in ends])
            half, least = stats.norm.ppf(0.95) * (slopes @ covariance @ slopes) ** 0.5, -name.startswith(("m", "k"))
            expected = max(0.0 if name == "macro_f1" else least, value - half), min(1.0, value + half)
            assert INTERVALS[name](sums, 0.9) == pytest.approx(expected, rel=1e-4, abs=1e-6), (seed, name)


def test_an_average_precision_near_0_of_few_rows_has_an_interval_without_a_warning():
    """A row of the class behind very many others."""
    Z = np.stack([np.zeros(20_001), np.append(np.linspace(1, 2, 20_000), 0.5)])
    sums = evaluation_sum(Z, np.append(np.zeros(20_000, np.intp), 1), np.ones(20_001))
    assert CLASS_INTERVALS["average_precision"](sums, 1 - 2**-53)[:, 1].tolist() == [0, 1]


@pytest.mark.parametrize("classes", [2, 4])
def test_figures_of_the_confusion_vary_as_over_resampled_rows(classes):
    Z, y, v = some(500, classes, seed=2)
    names = ("balanced_accuracy", "macro_f1", "mcc", "kappa", "average_precision")
    sums, rng, drawn = evaluation_sum(Z, y, v), np.random.default_rng(0), []
    for _ in range(300):
        rows = rng.integers(0, 500, 500)
        again = evaluation_sum(Z[:, rows], y[rows], v)
        drawn.append([*(METRICS[name](again) for name in names[:4]), CLASS_METRICS[names[4]](again)[1]])
    ends = [*(INTERVALS[name](sums, 0.95) for name in names[:4]), CLASS_INTERVALS[names[4]](sums, 0.95)[:, 1]]
    ratio = np.diff(ends)[:, 0] / (2 * stats.norm.ppf(0.975) * np.std(drawn, axis=0))
    assert (np.abs(np.log(ratio[:4])) < 0.12).all(), ratio  # the error of a deviation of 300 is 4 %
    assert 0.8 < ratio[4] < 2, ratio  # its rows are taken as trials, which are less sure than they are


def every(sums):
    ends = [ends for interval in INTERVALS.values() for ends in interval(sums, 0.9)]
    return np.array([*ends, *np.ravel([interval(sums, 0.9) for interval in CLASS_INTERVALS.values()])])


def test_the_scale_of_weights_does_not_matter_and_zeros_are_no_rows():
    Z, y, v = some()
    plain = every(evaluation_sum(Z, y, v))
    np.testing.assert_allclose(every(evaluation_sum(Z, y, 7.5 * v)), plain, rtol=1e-9)
    v[:60] = 0
    np.testing.assert_allclose(
        every(evaluation_sum(Z, y, v)), every(evaluation_sum(Z[:, 60:], y[60:], v[60:])), rtol=1e-12
    )


def test_rows_with_weights_count_as_their_effective_number():
    Z, y, _ = some()
    v = np.random.default_rng(4).uniform(0.2, 3, 200)
    sums, right = evaluation_sum(Z, y, v), Z.argmax(0) == y
    n = v.sum() ** 2 / (v**2).sum()
    naive = proportion_confint((v * right).sum() / v.sum() * n, n, 0.05, method="wilson")
    assert INTERVALS["accuracy"](sums, 0.95) == pytest.approx(naive, rel=1e-12)
    of = y == 1
    n = v[of].sum() ** 2 / (v[of] ** 2).sum()
    naive = proportion_confint((v * right)[of].sum() / v[of].sum() * n, n, 0.05, method="wilson")
    assert CLASS_INTERVALS["recall"](sums, 0.95)[:, 1] == pytest.approx(naive, rel=1e-12)


@pytest.mark.parametrize("size", [1e-250, 1e250])
def test_weights_without_squares_have_no_intervals(size):
    Z, y, v = some(50)
    found = evaluation_sum(Z, y, size * v)
    assert METRICS["accuracy"](found) == pytest.approx(METRICS["accuracy"](evaluation_sum(Z, y, v)))
    assert np.isnan(every(found)).all()


def test_where_nothing_varies():
    """One row; one class; and no error: shares have their interval, what is made of a spread has none."""
    one = evaluation_sum(np.array([[2.0], [0.0]]), np.array([0]), np.ones(1))
    assert np.isnan(INTERVALS["nll"](one, 0.95)).all()
    assert INTERVALS["accuracy"](one, 0.95) == pytest.approx(proportion_confint(1, 1, method="wilson"))
    perfect = evaluation_sum(9 * np.eye(2)[:, [0, 1] * 20], np.arange(40) % 2, np.ones(40))
    for name in ("auc", "kappa", "mcc", "macro_f1", "balanced_accuracy"):
        assert np.isnan(INTERVALS[name](perfect, 0.95)).all()
    for found in (perfect, evaluation_sum(9 * np.eye(2)[:, [1, 0] * 20], np.arange(40) % 2, np.ones(40))):
        assert np.isnan(INTERVALS["mcc"](found, 0.95)).all()
        assert np.isnan(CLASS_INTERVALS["average_precision"](found, 0.95)).any() == (found is perfect)
    assert CLASS_INTERVALS["precision"](perfect, 0.95)[:, 0] == pytest.approx(
        proportion_confint(20, 20, method="wilson")
    )
    single = evaluation_sum(np.array([[0.0, 0, 0], [0, 1, -1]]), np.array([0, 1, 1]), np.array([0.3, 0.7, 0.7]))
    assert METRICS["auc"](single) == 0.5
    assert np.isnan(INTERVALS["auc"](single, 0.95)).all()
    alone = evaluation_sum(np.eye(2)[:, [0] * 5], np.zeros(5, np.intp), np.ones(5))
    assert np.isnan([INTERVALS[name](alone, 0.95) for name in ("auc", "kappa")]).all()
    assert np.isnan(CLASS_INTERVALS["recall"](alone, 0.95)[:, 1]).all()


def test_shares_of_all_of_some_weights_are_one():
    """However they are added up: a figure above 1 would fail a check, and a spread of rounding be an interval."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        found = evaluation_sum(9 * np.eye(3)[:, [0, 1, 2] * 14], np.arange(42) % 3, rng.uniform(0.1, 3, 42))
        for name in ("accuracy", "auc", "kappa", "top_2_accuracy"):
            assert METRICS[name](found) == 1
        assert 1 - 1e-12 < METRICS["mcc"](found) <= 1
        for name in ("auc", "ks"):
            assert (CLASS_METRICS[name](found) == 1).all()
        assert np.isnan(CLASS_INTERVALS["auc"](found, 0.95)).all()


@pytest.mark.parametrize("least", [1e-10, 1e-18])
def test_one_class_has_nearly_all_the_weight(least):
    """1 less the chance of agreement would be nothing."""
    found = evaluation_sum(9 * np.eye(2)[:, [0, 1]], np.array([0, 1]), np.array([1.0, least]))
    assert METRICS["mcc"](found) == METRICS["kappa"](found) == 1
    every(found)


@pytest.mark.parametrize("offset", [3e7, 1e9])
def test_the_interval_of_a_cost_does_not_hang_on_what_all_costs_have_in_common(offset):
    frame = pd.DataFrame({"x": np.random.default_rng(0).normal(size=200)})
    frame["y"] = np.where(frame.x + np.random.default_rng(1).normal(size=200) > 0, "b", "a")
    model, costs = sm.fit(frame), pd.DataFrame([[0.0, 1.0], [5.0, 0.0]], ["a", "b"], ["a", "b"])
    plain, shifted = (sm.evaluate(model, frame, cost=costs + shift).decisions()["predicted"] for shift in (0, offset))
    assert plain.low < plain.cost < plain.high
    for end in ("cost", "low", "high"):
        assert getattr(shifted, end) - offset == pytest.approx(getattr(plain, end), abs=1e-6)


@pytest.mark.parametrize("level", [0, 1, -0.5, 1.5, np.nan, "0.9", None])
def test_what_is_no_level(level):
    frame = pd.DataFrame({"x": np.arange(20.0), "y": ["a", "b"] * 10})
    model = sm.fit(frame)
    found, pair = sm.evaluate(model, frame), sm.compare(model, model, frame)
    for ask in (
        found.intervals,
        found.class_intervals,
        found.decisions,
        lambda level: pair.outcomes("worse", level=level),
    ):
        with pytest.raises(sm.UsageError, match="level is out of range"):
            ask(level)


@pytest.mark.slow
@pytest.mark.parametrize("weighted", [False, True])
def test_how_often_the_truth_is_held(weighted):
    """The truth is the figure of a great many rows; of 1,000 intervals of 90 % from 150 rows about 900 hold it."""
    Z, y, v = some(400_000, 2, seed=1)
    truth = evaluation_sum(Z, y, v)
    names = ("nll", "accuracy", "brier", "auc", "kappa", "balanced_accuracy", "macro_f1", "mcc")
    precision, held = CLASS_METRICS["average_precision"](truth)[1], np.zeros(len(names) + 1)
    for seed in range(1000):
        rng = np.random.default_rng(seed)
        rows = rng.integers(0, 400_000, 150)
        sums = evaluation_sum(Z[:, rows], y[rows], rng.uniform(0.2, 3, 150) if weighted else np.ones(150))
        ends = np.array([*(INTERVALS[name](sums, 0.9) for name in names), average_precision_intervals(sums, 0.9)[:, 1]])
        values = np.array([*(METRICS[name](truth) for name in names), precision])
        held += (ends[:, 0] <= values) & (values <= ends[:, 1])
    assert (held > 860).all(), held
    assert (held[:-1] < 940).all(), held  # that of the average precision is wider than it need be


OF_CONFUSIONS = ("balanced_accuracy", "macro_f1", "mcc", "kappa")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "right", "figures", "ranked"),
    [
        (1.0, 0.83, (0.87, 0.90), (0.90, 0.98)),
        (1.5, 0.90, (0.87, 0.90), (0.90, 0.98)),
        (2.0, 0.94, (0.87, 0.90), (0.90, 0.98)),
        (2.9, 0.98, (0.82, 0.85), (0.88, 0.89)),
    ],
)
def test_how_often_small_samples_with_a_rarer_class_hold_the_truth(size, right, figures, ranked):
    """What maths.md tells: 200 rows, a fifth of them of the rarer class, and intervals of 90 %."""
    rng = np.random.default_rng(1)
    y = (rng.random(200_000) < 0.2).astype(np.intp)
    Z = size * np.eye(2)[y].T + rng.normal(size=(2, 200_000)) + [[0.7], [0.0]]
    truth = evaluation_sum(Z, y, np.ones(len(y)))
    assert METRICS["accuracy"](truth) == pytest.approx(right, abs=0.006)
    values = [*(METRICS[name](truth) for name in OF_CONFUSIONS), CLASS_METRICS["average_precision"](truth)[1]]
    held = np.zeros(len(values))
    for seed in range(1000):
        rows = np.random.default_rng(seed).integers(0, len(y), 200)
        sums = evaluation_sum(Z[:, rows], y[rows], np.ones(200))
        ends = [INTERVALS[name](sums, 0.9) for name in OF_CONFUSIONS]
        low, high = np.transpose([*ends, average_precision_intervals(sums, 0.9)[:, 1]])
        held += (low <= values) & (values <= high)
    assert figures[0] <= (held[:-1] / 1000).min() <= (held[:-1] / 1000).max() <= figures[1]
    assert ranked[0] <= held[-1] / 1000 <= ranked[1]
