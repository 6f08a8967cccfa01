"""The temperature is the one that a search by hand finds, and undoes a known sharpening."""

import numpy as np
import pytest

from smtrain.partitions.memory import MemoryHome
from smtrain.softmax.design import Design
from smtrain.softmax.loss import Partition, nll, softmax
from smtrain.softmax.objective import Objective
from smtrain.softmax.temperature import fitted_scale
from tests.hostile.harness import invoke


def rows(n, scale, seed=0):
    """Rows whose labels are drawn from softmax(X W / scale), half of them set aside; and W."""
    rng = np.random.default_rng(seed)
    X, W = rng.normal(size=(n, 4)), rng.normal(size=(4, 3))
    y = (softmax((X @ W).T / scale).cumsum(0) < rng.random(n)).sum(0)
    aside = np.arange(n) % 2 == 0
    return Partition(Design(X), y, np.where(aside, 0.0, 1.0), u=np.where(aside, rng.uniform(0.5, 2, n), 0.0)), W


def objective(*partitions):
    return Objective(MemoryHome().rows(list(partitions)), 3, 1.0)


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
    surest = Objective(MemoryHome().rows([part]), 2, 1.0)
    assert fitted_scale(surest, np.array([[1.0, -1.0], [0.0, 0.0]])) == 1
    assert fitted_scale(surest, np.zeros((2, 2))) == 1


def table(path, n, agrees, seed=0):
    """Rows whose label is the sign of x, or the other one, or neither."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    right = (x + 0.5 * rng.normal(size=n) > 0) if agrees else (x + 0.5 * rng.normal(size=n) < 0)
    path.write_text("x,y\n" + "".join(f"{a:.4f},{'pq'[int(b)]}\n" for a, b in zip(x, right, strict=True)))


@pytest.mark.parametrize(
    ("agrees", "says"),
    [(True, None), (False, "are predicted best by equal probabilities"), (None, "tell no temperature")],
)
def test_a_temperature_at_its_bound_is_said(agrees, says, tmp_path):
    table(tmp_path / "train.csv", 200, True)
    if agrees is None:
        (tmp_path / "v.csv").write_text("x,y\n9,q\n-9,p\n")
    else:
        table(tmp_path / "v.csv", 200, agrees, seed=1)
    said = invoke("fit", "train.csv", "--validation", "v.csv", "--calibrate", "-q", folder=tmp_path).stderr
    assert (says is None and not said) or says in said
    if agrees is False:
        evaluated = invoke("evaluate", "v.csv", "--json", folder=tmp_path).document
        assert evaluated["nll"] <= np.log(2) + 1e-6
