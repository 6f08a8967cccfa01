"""Columns of X that the columns before them determine, so that their weights are not unique without a penalty.

The columns are taken in order, after the intercept. What is left of one after regressing it on those before is the
square of its diagonal entry in the Cholesky factor of the Gram matrix. Where nothing is left, the sweep operator gives
the regression itself (Goodnight, "A tutorial on the SWEEP operator", 1979). Of each categorical part the first level is
left out, since the levels always add up to one.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.loss import Partition
from smtrain.softmax.rows import Rows, evenly_spread

# The cost grows with the cube of the columns: beyond, nothing is looked for.
MOST_COLUMNS = 1000
# 1 − R² of a column on those before it, below which it is called determined.
DETERMINED = 1e-9
# The share of a column's variance that a term of its regression must have to be named.
NAMED = 1e-6

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Dependence:
    """A column of X that is a sum of others and a constant; of none for a constant one."""

    column: int
    others: tuple[int, ...]


def dependences(rows: Rows) -> tuple[Dependence, ...]:
    """The determined columns: looked for in evenly spaced rows, two a column and more, kept if they hold in all."""
    p, n = rows.features, rows.count
    if p > MOST_COLUMNS:
        return ()
    size = min(n, 2 * (p + 1) + 1000)
    sample = evenly_spread(rows, size).X
    kept = np.setdiff1d(np.arange(p), [columns.start for _, columns in sample.parts()])
    X = sample.dense(kept).astype(np.float64)
    X -= X.mean(axis=0)
    scale = np.sqrt((X**2).mean(axis=0))
    X /= np.where(scale > 0, scale, 1)
    relations = _relations(X.T @ X / size, kept, np.where(scale > 0, scale, 1), p)
    if not relations:
        return ()
    D = np.stack([relation for _, relation in relations], axis=1)
    left = _residual_share(rows, D, np.array([found.column for found, _ in relations]))
    return tuple(found for (found, _), share in zip(relations, left, strict=True) if share <= DETERMINED)


def _relations(G: Floats, kept: NDArray[np.intp], scale: Floats, p: int) -> list[tuple[Dependence, Floats]]:
    """Each determined column, with the weights d (p,) for which X d is constant; from correlations G of X's columns."""
    if _independent(G):
        return []
    G, swept, found = G.copy(), np.zeros(len(G), bool), []
    for j in range(len(G)):
        if G[j, j] > DETERMINED:
            _sweep(G, j)
            swept[j] = True
            continue
        terms = np.where(swept, G[j], 0.0)
        others = np.flatnonzero(np.abs(terms) > np.sqrt(NAMED) * max(1.0, float(np.abs(terms).max())))
        d = np.zeros(p)
        d[kept] = -terms / scale
        d[kept[j]] = 1 / scale[j]
        found.append((Dependence(int(kept[j]), tuple(kept[others].tolist())), d))
    return found


def _independent(G: Floats) -> bool:
    try:
        return bool((np.diag(np.linalg.cholesky(G)) ** 2 > DETERMINED).all())
    except np.linalg.LinAlgError:
        return False


def _sweep(G: Floats, j: int) -> None:
    """Regress on column j as well: the lines of swept columns hold coefficients, the others what is left."""
    pivot, row, column = G[j, j], G[j].copy(), G[:, j].copy()
    G -= np.outer(column, row / pivot)
    G[j] = row / pivot
    G[:, j] = column / pivot
    G[j, j] = -1 / pivot


@dataclass(frozen=True)
class _Moments:
    """Σ v, Σ v x and Σ v x² of some columns, x counted from a value of theirs."""

    values: Floats

    def __add__(self, other: "_Moments") -> "_Moments":
        return _Moments(self.values + other.values)

    @property
    def variance(self) -> Floats:
        weight, first, second = self.values
        return np.asarray(second / weight - (first / weight) ** 2)


def _residual_share(rows: Rows, D: Floats, columns: NDArray[np.intp]) -> Floats:
    """Var(X d) of each d (p,) as a share of the variance of its column times its weight, over all rows."""
    E = np.zeros_like(D)
    E[columns, np.arange(len(columns))] = D[columns, np.arange(len(columns))]
    both = np.hstack([D, E])
    first = evenly_spread(rows, 1).X.times(both).astype(np.float64)
    variance = rows.sum(partial(_moments, D=both, shift=first)).variance
    left, whole = np.split(variance, 2)
    return np.asarray(left / np.where(whole > 0, whole, 1))


def _moments(partition: Partition, D: Floats, shift: Floats) -> _Moments:
    x = (partition.X.times(D) - shift).astype(np.float64)
    v = partition.v
    return _Moments(np.stack([np.full(len(x), v.sum()), x @ v, (x * x) @ v]))
