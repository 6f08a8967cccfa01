"""Rows are set aside by class, by seed, and never the last of a class."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtrain.softmax.holdout import NEVER
from tests.problems import fold_numbers as folds
from tests.problems import held_rows as validation_rows

LABELS = st.lists(st.integers(0, 6), min_size=1, max_size=200).map(lambda y: np.unique(y, return_inverse=True)[1])


@given(LABELS, st.floats(0.01, 0.9), st.integers(0, 5))
def test_validation_rows_are_a_share_of_every_class(y, fraction, seed):
    held = validation_rows(y, np.ones(len(y)), fraction, seed)
    for k in range(y.max() + 1):
        of_class = y == k
        assert held[of_class].sum() < of_class.sum()
        assert abs(held[of_class].sum() - min(fraction * of_class.sum(), of_class.sum() - 1)) <= 1
    np.testing.assert_array_equal(held, validation_rows(y, np.ones(len(y)), fraction, seed))


def test_the_share_is_met_over_many_small_classes():
    y = np.repeat(np.arange(100), 3)
    assert validation_rows(y, np.ones(300), 0.2, 0).sum() == 60


@given(LABELS, st.integers(2, 10), st.integers(0, 5))
def test_every_row_is_set_aside_once_but_for_classes_of_one(y, count, seed):
    fold, sizes = folds(y, np.ones(len(y)), count, seed), np.bincount(y)
    assert ((fold == NEVER) == (sizes[y] == 1)).all()
    assert set(fold) <= {NEVER, *range(count)}
    for k, size in enumerate(sizes):
        if size > 1:
            dealt = np.bincount(fold[y == k], minlength=count)
            assert dealt.max() - dealt.min() <= 1  # so in no fold all of a class is set aside
            assert dealt.max() < size
    used = np.unique(fold[fold != NEVER])
    np.testing.assert_array_equal(used, np.arange(min(count, sizes[sizes > 1].sum())))
    np.testing.assert_array_equal(fold, folds(y, np.ones(len(y)), count, seed))


@pytest.mark.parametrize(
    "draw",
    [
        lambda s: validation_rows(np.zeros(50, int), np.ones(50), 0.5, s),
        lambda s: folds(np.zeros(50, int), np.ones(50), 3, s),
    ],
)
def test_the_seed_decides(draw):
    assert not np.array_equal(draw(0), draw(1))


@given(LABELS, st.integers(0, 5), st.data())
def test_rows_of_no_weight_are_as_if_they_were_not_there(y, seed, data):
    v = np.array(data.draw(st.lists(st.sampled_from([0.0, 1.0]), min_size=len(y), max_size=len(y))))
    full = v > 0
    for draw, never in ((partial(validation_rows, fraction=0.4), False), (partial(folds, count=3), NEVER)):
        found = draw(y, v, seed=seed)
        assert (found[~full] == never).all()
        np.testing.assert_array_equal(found[full], draw(y[full], np.ones(full.sum()), seed=seed))
