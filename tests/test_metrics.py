"""Every metric equals the naive formula or scikit-learn's, and metrics of sums equal metrics of the whole."""

import numpy as np
import pytest
from sklearn import metrics as peer

from smtrain.scoring.metrics import CLASS_METRICS, METRICS, evaluation_sum
from smtrain.softmax.loss import softmax


@pytest.fixture(params=[False, True])
def scored(request):
    rng = np.random.default_rng(0)
    Z, y = 2 * rng.normal(size=(5, 400)), rng.integers(0, 4, 400)  # class 4 has no rows
    v = rng.uniform(0.5, 2, 400) if request.param else np.ones(400)
    return Z, y.astype(np.intp), v


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


def expected(scored):
    Z, y, v = scored
    S = softmax(Z)
    predicted, labels = S.argmax(0), list(range(5))
    return {
        "nll": peer.log_loss(y, S.T, sample_weight=v, labels=labels),
        "accuracy": peer.accuracy_score(y, predicted, sample_weight=v),
        "balanced_accuracy": np.mean([(v * (predicted == k))[y == k].sum() / v[y == k].sum() for k in range(4)]),
        "macro_f1": peer.f1_score(y, predicted, sample_weight=v, average="macro", labels=labels, zero_division=0),
        "brier": np.average(((S.T - np.eye(5)[y]) ** 2).sum(1), weights=v),
        "calibration_error": calibration_error(S, y, v),
    }


@pytest.mark.parametrize("name", METRICS)
def test_metric(name, scored):
    assert METRICS[name](evaluation_sum(*scored)) == pytest.approx(expected(scored)[name], rel=1e-12)


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
    found = CLASS_METRICS[name](evaluation_sum(*scored))
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
        found = CLASS_METRICS["calibration_error"](evaluation_sum(*scored))[k]
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
    parts = [evaluation_sum(Z[:, cut], y[cut], v[cut]) for cut in cuts]
    whole, added = evaluation_sum(*scored), parts[0] + parts[1] + parts[2]
    assert METRICS[name](added) == pytest.approx(METRICS[name](whole), rel=1e-12)
    np.testing.assert_allclose(
        added.confusion.dense(), peer.confusion_matrix(y, Z.argmax(0), sample_weight=v, labels=range(5))
    )
    assert added.rows == 400
