"""Every metric equals the naive formula or scikit-learn's, and metrics of sums equal metrics of the whole."""

import math
from functools import reduce
from operator import add

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as peer
from sklearn.dummy import DummyClassifier

from smtrain.scoring import ranks
from smtrain.scoring.baseline import Baseline
from smtrain.scoring.metrics import CLASS_METRICS, METRICS
from smtrain.scoring.sums import evaluation_sum, places
from smtrain.softmax.loss import softmax

ORDER = np.arange(5.0)
COSTS = np.random.default_rng(7).uniform(-1, 3, (5, 5))


@pytest.fixture(params=["rows", "weights", "zeros", "ties"])
def scored(request):
    rng = np.random.default_rng(0)
    Z, y = 2 * rng.normal(size=(5, 400)), rng.integers(0, 4, 400)  # class 4 has no rows
    v = rng.uniform(0.5, 2, 400) if request.param in {"weights", "zeros"} else np.ones(400)
    if request.param == "zeros":
        v[::3] = 0
    if request.param == "ties":
        Z = Z[:, rng.integers(0, 30, 400)]  # thirty different rows
    return Z, y.astype(np.intp), v


def sums(Z, y, v):
    return evaluation_sum(Z, y, v, ORDER, COSTS)


def calibration_error(S, y, v):
    confidence, predicted = S.max(0), S.argmax(0)
    total = 0.0
    for low in range(15):
        here = np.minimum((confidence * 15).astype(int), 14) == low
        if here.any():
            weight = v[here].sum()
            accuracy = (v[here] * (predicted == y)[here]).sum() / weight
            total += weight * abs(accuracy - (v[here] * confidence[here]).sum() / weight)
    return total / v.sum()


def of_classes(function, S, y, v):
    """A metric of two classes for each of those that have rows, against the rest."""
    return np.array([function(y == k, S[k], sample_weight=v) for k in range(4)])


def hand_till(S, y, v):
    """The mean over pairs of classes of the share of pairs of rows that are in the right order, ties half."""
    total = []
    for i in range(4):
        for j in set(range(4)) - {i}:
            a, b = S[i][y == i][:, None], S[i][y == j]
            weights = np.outer(v[y == i], v[y == j])
            total.append((weights * ((a > b) + (a == b) / 2)).sum() / weights.sum())
    return np.mean(total)


def expected(scored):
    Z, y, v = scored
    S = softmax(Z)
    predicted, labels = S.argmax(0), list(range(5))
    areas, counts = of_classes(peer.roc_auc_score, S, y, v), np.bincount(y, v)
    return {
        "auc": areas.mean(),
        "auc_weighted": (areas * counts).sum() / counts.sum(),
        "auc_hand_till": hand_till(S, y, v),
        "average_precision": of_classes(peer.average_precision_score, S, y, v).mean(),
        "mcc": peer.matthews_corrcoef(y, predicted, sample_weight=v),
        "kappa": peer.cohen_kappa_score(y, predicted, sample_weight=v),
        "quadratic_kappa": peer.cohen_kappa_score(y, predicted, sample_weight=v, weights="quadratic"),
        "nll_bits": np.average([-np.log2(S[k, i]) for i, k in enumerate(y)], weights=v),
        "top_2_accuracy": peer.top_k_accuracy_score(y, S.T, k=2, sample_weight=v, labels=labels),
        "top_3_accuracy": peer.top_k_accuracy_score(y, S.T, k=3, sample_weight=v, labels=labels),
        "top_5_accuracy": np.nan,  # there are five classes
        "cost": np.average(COSTS[y, (COSTS.T @ S).argmin(0)], weights=v),
        "nll": peer.log_loss(y, S.T, sample_weight=v, labels=labels),
        "accuracy": peer.accuracy_score(y, predicted, sample_weight=v),
        "balanced_accuracy": np.mean([(v * (predicted == k))[y == k].sum() / v[y == k].sum() for k in range(4)]),
        "macro_f1": peer.f1_score(y, predicted, sample_weight=v, average="macro", labels=labels, zero_division=0),
        "brier": np.average(((S.T - np.eye(5)[y]) ** 2).sum(1), weights=v),
        "calibration_error": calibration_error(S, y, v),
    }


@pytest.mark.parametrize("name", METRICS)
def test_metric(name, scored):
    assert METRICS[name](sums(*scored)) == pytest.approx(expected(scored)[name], rel=1e-12, nan_ok=True)


@pytest.mark.parametrize("name", ["precision", "recall", "f1"])
def test_class_metric(name, scored):
    Z, y, v = scored
    naive = dict(
        zip(
            ("precision", "recall", "f1", "support"),
            peer.precision_recall_fscore_support(
                y, Z.argmax(0), sample_weight=v, labels=range(5), zero_division=np.nan
            ),
            strict=True,
        )
    )
    found = CLASS_METRICS[name](sums(*scored))
    there = [0, 1, 2, 3] if name == "recall" else range(5)
    np.testing.assert_allclose(found[there], naive[name][there], rtol=1e-12)


def test_the_calibration_error_of_each_class(scored):
    Z, y, v = scored
    S = softmax(Z)
    for k in range(5):
        total = 0.0
        for low in range(15):
            here = np.minimum((S[k] * 15).astype(int), 14) == low
            total += abs((v * (y == k))[here].sum() - (v * S[k])[here].sum())
        found = CLASS_METRICS["calibration_error"](sums(*scored))[k]
        assert found == pytest.approx(total / v.sum(), rel=1e-10)


def test_perfect_forecasts_are_calibrated_and_shifted_ones_are_not():
    """Labels drawn from the stated probabilities; then the same labels against sharper probabilities."""
    rng = np.random.default_rng(1)
    Z = rng.normal(size=(3, 40_000))
    y = (softmax(Z).cumsum(0) < rng.random(40_000)).sum(0)
    honest, sharp = (evaluation_sum(scale * Z, y, np.ones(40_000)) for scale in (1, 3))
    assert METRICS["calibration_error"](honest) < 0.015
    assert METRICS["calibration_error"](sharp) > 0.1
    assert (CLASS_METRICS["calibration_error"](honest) < 0.015).all()
    assert (CLASS_METRICS["calibration_error"](sharp) > 0.05).all()


@pytest.mark.parametrize("name", METRICS)
def test_sums_add_up(name, scored):
    Z, y, v = scored
    cuts = [slice(0, 7), slice(7, 250), slice(250, 400)]
    parts = [sums(Z[:, cut], y[cut], v[cut]) for cut in cuts]
    whole, added = sums(*scored), parts[0] + parts[1] + parts[2]
    assert METRICS[name](added) == pytest.approx(METRICS[name](whole), rel=1e-12, nan_ok=True)
    np.testing.assert_allclose(
        added.confusion.dense(), peer.confusion_matrix(y, Z.argmax(0), sample_weight=v, labels=range(5))
    )
    assert added.rows == 400


def weighted_ks(S, y, v, k):
    """The largest distance of the two distribution functions, at every score."""
    own, rest = v * (y == k), v * (y != k)
    return max(abs(own[S[k] <= score].sum() / own.sum() - rest[S[k] <= score].sum() / rest.sum()) for score in S[k])


def weighted_lift(S, y, v, k):
    """Row by row from the highest score, ties together, until a tenth of the weight is taken."""
    left, own = v.sum() / 10, 0.0
    for score in np.unique(S[k][v > 0])[::-1]:
        here = S[k] == score
        part = min(1.0, left / v[here].sum())
        own, left = own + part * (v * (y == k))[here].sum(), left - part * v[here].sum()
        if part < 1:
            break
    return own / (v * (y == k)).sum() * 10


@pytest.mark.parametrize("name", ["auc", "average_precision", "ks", "lift"])
def test_the_ranking_of_each_class(name, scored):
    Z, y, v = scored
    S, found = softmax(Z), CLASS_METRICS[name](sums(*scored))
    theirs = {"auc": peer.roc_auc_score, "average_precision": peer.average_precision_score}
    naive = {"ks": weighted_ks, "lift": weighted_lift}
    values = of_classes(theirs[name], S, y, v) if name in theirs else [naive[name](S, y, v, k) for k in range(4)]
    np.testing.assert_allclose(found[:4], values, rtol=1e-12)
    assert np.isnan(found[4])


def test_the_distance_of_kolmogorov_and_smirnov():
    rng = np.random.default_rng(3)
    Z, y = rng.normal(size=(2, 300)), rng.integers(0, 2, 300)
    S, found = softmax(Z), CLASS_METRICS["ks"](evaluation_sum(Z, y, np.ones(300)))
    np.testing.assert_allclose(found[1], stats.ks_2samp(S[1][y == 1], S[1][y == 0]).statistic, rtol=1e-12)


@pytest.mark.parametrize("classes", [2, 3, 17, 40])
def test_many_classes(classes):
    """Against scikit-learn, where every class has rows; two classes as it has them, by the second one's probability."""
    rng = np.random.default_rng(classes)
    y = np.append(np.arange(classes), rng.integers(0, classes, 300))
    Z = rng.normal(size=(classes, len(y))) + 2 * np.eye(classes)[y].T
    S, found = softmax(Z), evaluation_sum(Z, y, np.ones(len(y)))
    for name, how in (("auc", "ovr macro"), ("auc_weighted", "ovr weighted"), ("auc_hand_till", "ovo macro")):
        way, average = how.split()
        scores = {"y_score": S.T, "multi_class": way, "average": average} if classes > 2 else {"y_score": S[1]}
        assert METRICS[name](found) == pytest.approx(peer.roc_auc_score(y, **scores), rel=1e-12)
    assert METRICS["mcc"](found) == pytest.approx(peer.matthews_corrcoef(y, Z.argmax(0)), rel=1e-12)


def test_beyond_two_hundred_classes_nothing_is_ranked():
    y = np.arange(201)
    found = evaluation_sum(np.eye(201), y, np.ones(201)) + evaluation_sum(np.eye(201), y, np.ones(201))
    for name in ("auc", "auc_weighted", "auc_hand_till", "average_precision"):
        assert np.isnan(METRICS[name](found))
    assert np.isnan(CLASS_METRICS["lift"](found)).all()
    assert CLASS_METRICS["lift"](found).shape == (201,)
    assert METRICS["accuracy"](found) == 1


def test_where_all_scores_are_equal_nothing_is_ranked_better_than_by_chance():
    found = evaluation_sum(np.zeros((3, 60)), np.arange(60) % 3, np.ones(60))
    assert [METRICS[f"auc{name}"](found) for name in ("", "_weighted", "_hand_till")] == [0.5] * 3
    np.testing.assert_allclose(CLASS_METRICS["average_precision"](found), 1 / 3)
    np.testing.assert_allclose(CLASS_METRICS["lift"](found), 1)
    np.testing.assert_array_equal(CLASS_METRICS["ks"](found), 0)
    assert METRICS["kappa"](found) == 0
    assert np.isnan(METRICS["mcc"](found))  # all are predicted to be of one class


def test_rows_of_one_class_have_no_order():
    found = evaluation_sum(np.eye(2)[:, [0, 0, 0]], np.zeros(3, np.intp), np.array([1.0, 0.3, 2.2]), np.arange(2.0))
    for name in ("auc", "auc_weighted", "auc_hand_till", "mcc", "kappa", "quadratic_kappa"):
        assert np.isnan(METRICS[name](found))
    np.testing.assert_array_equal(CLASS_METRICS["average_precision"](found), [1, np.nan])
    np.testing.assert_array_equal(CLASS_METRICS["lift"](found), [1, np.nan])


def test_the_places_of_labels_that_are_numbers():
    np.testing.assert_array_equal(places(["1", "2", "10"]), [0, 1, 2])
    np.testing.assert_array_equal(places(["10", "-2", "0.5"]), [2, 0, 1])
    for classes in (["low", "high"], ["1", "01"], ["1", "nan"], ["1", ""], ["1", "2e3"]):
        assert np.isnan(places(classes)).all()


@pytest.mark.parametrize(("classes", "bits"), [(2, 6), (4, 4), (30, 2)])
def test_bins_are_off_by_no_more_than_they_say(classes, bits, monkeypatch):
    """And the sum is the same from whatever parts, also from such as are few enough to be kept."""
    rng = np.random.default_rng(classes)
    y = rng.integers(0, classes, 6000)
    Z = 3 * np.eye(classes)[y].T + 2 * rng.normal(size=(classes, len(y)))
    v = np.where(y % 2, 1.0, 0.5)
    exact = evaluation_sum(Z, y, v)
    monkeypatch.setattr(ranks, "MOST_SCORES", 40 * classes**2 << bits)
    binned = evaluation_sum(Z, y, v)
    assert (exact.scores.exact, binned.scores.exact) == (True, False)
    for k, (one, other) in enumerate(zip(exact.scores.ranks, binned.scores.ranks, strict=True)):
        for name in ("auc", "average_precision", "ks", "lift"):
            a, b = getattr(one, name), getattr(other, name)
            assert abs(a.value - b.value) <= b.error + 1e-12
        off = abs(one.against[0] - other.against[0]) - other.against[1]
        assert (np.delete(off, k) <= 1e-12).all()
        assert other.auc.error < 2.0**-bits / 3
    cuts = np.split(np.arange(len(y)), [50, 51, len(y) // 2])
    added = reduce(add, (evaluation_sum(Z[:, cut], y[cut], v[cut]) for cut in cuts))
    np.testing.assert_array_equal(added.scores.cells, binned.scores.cells)


def test_the_baseline_is_scikit_learns_dummy_of_the_priors(scored):
    _, y, v = scored
    dummy = DummyClassifier(strategy="prior").fit(np.zeros((400, 1)), y, v)
    found = Baseline.of(sums(*scored), range(5))
    p = dummy.predict_proba(np.zeros((400, 1)))
    assert found.nll == pytest.approx(peer.log_loss(y, p, sample_weight=v), rel=1e-12)
    assert found.accuracy == pytest.approx(dummy.score(np.zeros((400, 1)), y, v), rel=1e-12)
    assert found.label == dummy.predict([[0]])[0]


def test_the_baseline_of_one_class_is_sure():
    found = Baseline.of(evaluation_sum(np.eye(2)[:, [0, 0]], np.zeros(2, np.intp), np.ones(2)), ["a", "b"])
    assert (found.label, found.accuracy, str(found.nll)) == ("a", 1.0, "0.0")


def bin_by_exponents(p, bits):
    """The bin of a probability by its parts: which halving of the distance to the nearer end, and where in that."""
    near = min(p, 1 - p)
    digits, exponent = math.frexp(near)
    halving = ranks.HALVINGS + exponent  # 2^(exponent - 1) <= near < 2^exponent
    place = 0 if near < 2.0 ** -(ranks.HALVINGS + 1) else (halving << bits) + int((2 * digits - 1) * 2**bits) + 1
    last = 2 * (((ranks.HALVINGS) << bits) + 1)
    return last - place if p > 0.5 else place


@pytest.mark.parametrize("bits", [0, 3, 10])
def test_bins_are_those_of_each_probability_alone(bits):
    rng = np.random.default_rng(bits)
    near = np.concatenate([[0, 5e-324, 0.5], rng.random(300), 2.0 ** -rng.integers(1, 60, 300), rng.random(300) ** 30])
    p = np.concatenate([near, 1 - near]).reshape(-1, 2)[:, ::-1]  # neither contiguous nor in order
    before = p.copy()
    np.testing.assert_array_equal(ranks.bin_of(p, bits), [[bin_by_exponents(x, bits) for x in row] for row in p])
    np.testing.assert_array_equal(p, before)


@pytest.mark.parametrize("bits", [0, 3, 10])
def test_bins_are_in_the_order_of_the_probabilities(bits):
    S = np.sort(np.concatenate([[0, 5e-324, 0.5, 1], 2.0 ** -np.arange(1, 60), 1 - 2.0 ** -np.arange(1, 53)]))
    place = ranks.bin_of(S, bits)
    assert (np.diff(place) >= 0).all()
    assert place[0] == 0
    assert len(np.unique(place)) == 2 * 21 - 1 + 2
    least = ranks.least_of_bins(bits)
    np.testing.assert_array_equal(ranks.bin_of(least, bits), np.arange(len(least)))
    np.testing.assert_array_equal(ranks.bin_of(np.nextafter(least[1:], 0), bits), np.arange(len(least) - 1))
    # Probabilities of one bin differ by a share of 2^-bits at most, of p or of 1 - p.
    p = np.random.default_rng(0).uniform(1e-3, 0.5, 3000)
    for some in np.split(np.sort(p), np.flatnonzero(np.diff(ranks.bin_of(np.sort(p), bits))) + 1):
        assert some[-1] <= some[0] * (1 + 2.0**-bits)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(300))
def test_rankings_of_random_rows(seed):
    """Few rows, many ties, weights of 0, classes without rows: against scikit-learn and the naive loops."""
    rng = np.random.default_rng(seed)
    classes, m = int(rng.integers(2, 7)), int(rng.integers(1, 40))
    Z = rng.integers(-2, 3, (classes, m)).astype(float) * rng.choice([1, 20])
    y, v = rng.integers(0, classes, m), rng.choice([0, 1, 0.3, 2], m)
    v[0] = 1
    S, found = softmax(Z), evaluation_sum(Z, y, v)
    for k in range(classes):
        own, rest = (v * (y == k)).sum(), (v * (y != k)).sum()
        values = {name: CLASS_METRICS[name](found)[k] for name in ("auc", "average_precision", "ks", "lift")}
        assert np.isnan(values["auc"]) == np.isnan(values["ks"]) == (not own or not rest)
        assert np.isnan(values["average_precision"]) == np.isnan(values["lift"]) == (not own)
        if not own or not rest:
            continue
        there = v > 0
        naive = {
            "auc": peer.roc_auc_score((y == k)[there], S[k][there], sample_weight=v[there]),
            "average_precision": peer.average_precision_score((y == k)[there], S[k][there], sample_weight=v[there]),
            "ks": weighted_ks(S, y, v, k),
            "lift": weighted_lift(S, y, v, k),
        }
        assert values == pytest.approx(naive, rel=1e-10, abs=1e-12)
