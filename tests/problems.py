"""Problems for every test: designs of every kind of part, and hard cases. Small, seeded, with no structure to spare."""

import numpy as np

from smtrain.partitions.memory import MemoryHome
from smtrain.softmax.design import Design
from smtrain.softmax.holdout import Folds, Share
from smtrain.softmax.loss import Partition
from smtrain.softmax.objective import Objective
from smtrain.softmax.sampling import row_counts


def design(kind, m=40, seed=0):
    rng = np.random.default_rng(seed)
    numeric = rng.normal(size=(m, 3)) if kind in {"numeric", "mixed"} else np.empty((m, 0))
    if kind == "numeric":
        return Design(numeric)
    codes = (rng.integers(0, 4, m), rng.integers(0, 3, m))  # code 0 is "unseen"
    return Design(numeric, codes, (3, 2))


KINDS = ("numeric", "categorical", "mixed")


def partition(kind="mixed", m=40, K=4, seed=0, weights=False):
    rng = np.random.default_rng(seed + 100)
    v = rng.uniform(0.5, 2, m) if weights else np.ones(m)
    y = np.concatenate([np.arange(K), rng.integers(0, K, m - K)])
    return Partition(design(kind, m, seed), y.astype(np.intp), v)


def split(whole, size):
    return [whole.take(slice(start, start + size)) for start in range(0, whole.rows, size)]


def objective(whole, K=4, l2=1.0, size=None, threads=1):
    parts = [whole] if size is None else split(whole, size)
    return Objective(MemoryHome(threads).rows(parts), K, l2)


def set_aside(f, rows):
    """The objective with some of the rows, (n,), set aside."""
    return f.setting_aside(f.rows.keep(lambda part: rows[part.start : part.start + part.rows]))


def theta(objective_, seed=0, scale=0.5):
    return scale * np.random.default_rng(seed).standard_normal(objective_.zeros().shape)


def gaussian(n, p, K, seed=0, spread=1.0):
    """Rows around K centres."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % K
    X = spread * rng.normal(size=(K, p))[y] + rng.normal(size=(n, p))
    return Partition(Design((X - X.mean(0)) / X.std(0)), y.astype(np.intp), np.ones(n))


def hard_problems():
    """Name → (partition, K): what breaks solvers."""
    rng = np.random.default_rng(7)
    easy = gaussian(300, 5, 3)
    X = easy.X.numeric
    ones = np.ones(300)
    rare = np.where(np.arange(300) == 17, 2, np.arange(300) % 2).astype(np.intp)
    return {
        "easy": (easy, 3),
        "two classes": (gaussian(200, 4, 2), 2),
        "separable": (gaussian(150, 4, 3, spread=8.0), 3),
        "collinear": (Partition(Design(np.c_[X, X[:, :2] + 1e-9 * rng.normal(size=(300, 2))]), easy.y, ones), 3),
        "one row of a class": (Partition(easy.X, rare, ones), 3),
        "more columns than rows": (gaussian(40, 100, 4), 4),
        "heavy tails": (Partition(Design(rng.standard_t(1.5, (300, 5))), easy.y, ones), 3),
        "categories": (partition("categorical", 300, 3), 3),
        "weights": (partition("mixed", 300, 3, weights=True), 3),
    }


def of_each_row(y, v, make, size):
    """What a function of partitions of so many rows, made by `make` of their counts, gives for each row, (n,)."""
    if len(y) == 0:
        return np.empty(0, int)
    whole = Partition(Design(np.empty((len(y), 0))), np.asarray(y, np.intp), np.asarray(v, float))
    rows = MemoryHome().rows(split(whole, size))
    made = make(rows.sum(lambda part: row_counts(part, int(np.max(y)) + 1)))
    return np.concatenate(rows.sum(lambda part: [made(part)]))


def held_rows(y, v, fraction, seed, size=8192):
    """Which rows (n,), of classes y and weights v, a share of `validation` sets aside."""
    return of_each_row(y, v, lambda counts: Share(counts, fraction, seed), size)


def fold_numbers(y, v, count, seed, size=8192):
    """The fold of each row, (n,), of a cross-validation."""
    return of_each_row(y, v, lambda counts: Folds(counts, count, seed), size)
