"""Expressions of --fail-if: what they mean, and what is none."""

import math
import operator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtrain.errors import UsageError
from smtrain.scoring.fail_if import OPERATORS, Check, check_classes, parse
from smtrain.scoring.metrics import CLASS_METRICS, METRICS
from smtrain.scoring.sums import evaluation_sum

CLASSES = ("a", "b", "c")


@pytest.fixture(scope="module")
def sums():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 50)  # the class c has no rows
    return evaluation_sum(rng.normal(size=(3, 50)) + 3 * np.eye(3)[y].T, y, np.ones(50), np.arange(3.0))


@pytest.mark.parametrize("comparison", OPERATORS)
@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_is_compared(metric, comparison, sums):
    value = METRICS[metric](sums)
    assert math.isnan(value) == (metric in {"top_3_accuracy", "top_5_accuracy", "cost"})
    if math.isnan(value):
        return  # as the recall of a class without rows below
    naive = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq}[comparison]
    for bound in (value, value + 0.01, value - 0.01):
        outcome = parse(f"{metric} {comparison} {bound!r}").outcome(sums, CLASSES)
        assert outcome.failed == naive(value, bound)
        assert outcome.value == value


@pytest.mark.parametrize("metric", CLASS_METRICS)
def test_a_metric_of_a_class(metric, sums):
    value = float(CLASS_METRICS[metric](sums)[1])
    assert parse(f"{metric}[b]>={value!r}").outcome(sums, CLASSES).failed
    assert not parse(f"{metric}[b]>{value!r}").outcome(sums, CLASSES).failed


def test_what_is_not_defined_fails(sums):
    for text in ("recall[c]<0.5", "recall[c]>=0.5", "auc[c]<0.5", "top_3_accuracy<0.9"):
        outcome = parse(text).outcome(sums, CLASSES)
        assert outcome.failed
        assert math.isnan(outcome.value)
        assert "not defined" in outcome.message


def test_the_number_shown_agrees_with_the_outcome(sums):
    value = METRICS["nll"](sums)
    outcome = parse(f"nll>{float(f'{value:.6g}')!r}").outcome(sums, CLASSES)
    shown = float(outcome.message.removeprefix("it is "))
    assert (shown > float(f"{value:.6g}")) == outcome.failed


@given(st.text(min_size=1), st.sampled_from(sorted(CLASS_METRICS)), st.sampled_from(sorted(OPERATORS)))
def test_a_class_may_have_any_name(label, metric, comparison):
    found = parse(f"{metric}[{label}]{comparison}-1.5e-3")
    assert (found.metric, found.label, found.comparison, found.bound) == (metric, label, comparison, -0.0015)


def test_a_name_that_looks_like_an_expression():
    assert parse("recall[a]<0.5]>=0.25") == Check("recall[a]<0.5]>=0.25", "recall", "a]<0.5", ">=", 0.25)


@pytest.mark.parametrize(
    "text",
    ["", "accuracy", "accuracy<", "accuracy<x", "accuracy=0.9", "accuracy<nan", "accuracy<1e", "accuracy<0.9 or nll>1",
     "<0.9", "recall[]<1", "recall[a<1", "accuracy<0.9%", "Accuracy<1", "accuracy<٣", "worse"],
)  # fmt: skip
def test_what_is_no_expression(text):
    with pytest.raises(UsageError, match="not an expression"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("area<0.9", "there are nll, accuracy"),
        ("recall<0.9", "'recall[CLASS]'"),
        ("accuracy[a]<0.9", "accuracy has no class"),
        ("area[a]<0.9", "there are support, precision"),
    ],
)
def test_unknown_metrics(text, hint):
    with pytest.raises(UsageError, match="there is no metric") as caught:
        parse(text)
    assert hint in caught.value.hint


def test_unknown_classes():
    check_classes([parse("recall[a]<1"), parse("nll>1"), "worse"], CLASSES)
    with pytest.raises(UsageError, match='no class "d"'):
        check_classes([parse("recall[d]<1")], CLASSES)
    with pytest.raises(UsageError, match='no class " a"'):
        check_classes([parse("recall[ a]<1")], CLASSES)
