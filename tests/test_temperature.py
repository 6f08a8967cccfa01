"""The temperature is the one that a search by hand finds, and undoes a known sharpening."""

import numpy as np
import pytest

from smtrain.design import Design
from smtrain.objective import Objective
from smtrain.partitions.memory import MemoryPartitions, Workers
from smtrain.softmax import Partition, nll, softmax
from smtrain.temperature import fitted_scale


def rows(n, scale, seed=0):
    """Rows whose labels are drawn from softmax(X W / scale), half of them set aside; and W."""
    rng = np.random.default_rng(seed)
    X, W = rng.normal(size=(n, 4)), rng.normal(size=(4, 3))
    y = (softmax((X @ W).T / scale).cumsum(0) < rng.random(n)).sum(0)
    aside = np.arange(n) % 2 == 0
    return Partition(Design(X), y, np.where(aside, 0.0, 1.0), u=np.where(aside, rng.uniform(0.5, 2, n), 0.0)), W


def objective(*partitions):
    return Objective(MemoryPartitions(list(partitions), Workers(1)), 3, 1.0)


def test_it_is_the_minimum_of_the_rows_set_aside():
    part, W = rows(400, 1.7)
    beta = fitted_scale(objective(part), np.vstack([W, np.zeros(3)]))
    Z = (part.X.numeric @ W).T

    def mean(b):
        return part.u @ nll(b * Z, part.y)

    grid = np.linspace(0.2, 3, 2801)
    assert beta == pytest.approx(grid[np.argmin([mean(b) for b in grid])], abs=1e-3)


def test_it_undoes_a_sharpening():
    part, W = rows(20_000, 2.5)
    assert 1 / fitted_scale(objective(part), np.vstack([W, np.zeros(3)])) == pytest.approx(2.5, rel=0.1)


def test_it_is_the_same_for_any_partition():
    part, W = rows(300, 0.5)
    theta = np.vstack([W, np.zeros(3)])
    halves = part.take(slice(0, 150)), part.take(slice(150, 300))
    assert fitted_scale(objective(*halves), theta) == pytest.approx(fitted_scale(objective(part), theta), rel=1e-12)


def test_it_stays_finite_where_no_scale_is_best():
    """Rows that are all right would get surer without end, rows that say nothing are all the same to it."""
    X = np.array([[1.0], [-1.0]])
    part = Partition(Design(X), np.array([0, 1]), np.ones(2), u=np.ones(2))
    surest = Objective(MemoryPartitions([part], Workers(1)), 2, 1.0)
    assert fitted_scale(surest, np.array([[1.0, -1.0], [0.0, 0.0]])) == 1
    assert fitted_scale(surest, np.zeros((2, 2))) == 1
