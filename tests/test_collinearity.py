"""Determined columns, against the ranks of matrices."""

import numpy as np
import pytest

from smtrain.partitions.memory import MemoryHome
from smtrain.softmax.collinearity import Dependence, dependences
from smtrain.softmax.design import Design
from smtrain.softmax.loss import Partition
from tests.problems import split


@pytest.fixture(autouse=True, params=[2, 64])
def block(request, monkeypatch):
    """These tables have so few columns that they would be one block."""
    monkeypatch.setattr("smtrain.softmax.collinearity.BLOCK", request.param)


def found(X, *codes, size=50, levels=(), dtype=np.float64):
    whole = Partition(Design(X.astype(dtype), codes, levels), np.zeros(len(X), np.intp), np.ones(len(X)))
    return dependences(MemoryHome().rows(split(whole, size)))


def columns(n=300, p=4, seed=0):
    return np.random.default_rng(seed).normal(size=(n, p))


def test_independent_columns():
    assert found(columns()) == ()


@pytest.mark.parametrize("noise", [0.0, 1e-7])
def test_copies_sums_and_constants(noise):
    X = columns(p=3)
    wobble = noise * columns(p=3, seed=1)
    X = np.c_[X, -3 * X[:, 1] + 5 + wobble[:, 0], np.full(300, 2.0), X[:, 0] + X[:, 2] + wobble[:, 1]]
    assert found(X) == (Dependence(3, (1,)), Dependence(4, ()), Dependence(5, (0, 2)))


def test_what_is_merely_near_is_not_determined():
    X = columns(p=2)
    assert found(np.c_[X, X[:, 0] + 1e-3 * X[:, 1] + 1e-3 * columns(p=1, seed=2)[:, 0]]) == ()


def test_single_precision():
    X = columns(p=2)
    assert found(np.c_[X, X[:, 0] - X[:, 1]], dtype=np.float32) == (Dependence(2, (0, 1)),)


def test_levels_add_up_to_one_and_that_is_not_told():
    rng = np.random.default_rng(1)
    codes = rng.integers(1, 4, 300)
    assert found(columns(p=1), codes, levels=(3,)) == ()
    again = np.array([0, 3, 1, 2])[codes]
    both = found(columns(p=1), codes, again, levels=(3, 3))
    assert [dependence.column for dependence in both] == [5, 6]
    numbers = found(np.c_[columns(p=1), codes == 2], codes, levels=(3,))
    assert numbers == (Dependence(3, (1,)),)


@pytest.mark.parametrize("seed", range(5))
def test_their_number_is_the_loss_of_rank(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(100, 4)) @ rng.normal(size=(4, 9)) * 10.0 ** rng.integers(-8, 8, 9)
    X[:, rng.integers(9)] = rng.normal(size=100)
    scaled = (X - X.mean(0)) / X.std(0)
    assert len(found(X)) == 9 - np.linalg.matrix_rank(scaled, tol=1e-6)


def test_what_holds_in_the_sample_only_is_dropped():
    X = columns(n=5000, p=2)
    X = np.c_[X, X[:, 0]]
    assert found(X) == (Dependence(2, (0,)),)
    X[4, 2] += 100  # not among the evenly spaced rows
    assert found(X) == ()


def test_more_columns_than_rows_and_too_many_columns(monkeypatch):
    assert len(found(columns(n=20, p=30))) == 11
    monkeypatch.setattr("smtrain.softmax.collinearity.MOST_COLUMNS", 2)
    assert found(np.ones((10, 3))) == ()
