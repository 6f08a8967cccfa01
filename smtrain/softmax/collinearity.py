"""Columns of X that the columns before them determine, so that their weights are not unique without a penalty.

The columns are taken in order, after the intercept. Each is regressed on the columns before it. The share of its
variance that is left, 1 − R², is the square of its diagonal entry in the Cholesky factor of the columns' correlations.
A column of which nothing is left gets no column of the factor, and its line of the factor gives the regression. Of each
categorical part the first level is left out: the levels always add up to one.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.loss import Partition
from smtrain.softmax.rows import Rows, evenly_spread

# The most columns of a table that is searched. The cost grows with the cube of the columns. In wider tables no
# dependence is reported.
MOST_COLUMNS = 1000
# The largest 1 − R² of a column that is called determined. A smaller limit would miss relations among rounded numbers,
# a larger one would report columns that are only nearly determined.
DETERMINED = 1e-9
# The smallest share of a column's variance that a term of its regression must have to be named. With a smaller one,
# rounding would name columns that have no part in the relation.
NAMED = 1e-6
# Rows of the sample: this many for each column …
SAMPLE_ROWS_PER_COLUMN = 2
# … and this many in any table. With fewer, more columns seem determined by chance, and are checked on all rows in vain.
SAMPLE_ROWS_BESIDES = 1000
# Columns that are taken together: the others then change by one product of matrices, which a processor does fastest.
BLOCK = 64

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Dependence:
    """A column of X that is a weighted sum of `others` and a constant. A constant column has no `others`."""

    column: int
    others: tuple[int, ...]


def dependences(rows: Rows) -> tuple[Dependence, ...]:
    """Return the determined columns: those of a sample of evenly spaced rows whose relations hold in all rows."""
    # 1. The sample, dense, without the first level of each categorical part, centred and scaled to variances of one.
    p, n = rows.features, rows.count
    if p > MOST_COLUMNS:
        return ()
    size = min(n, SAMPLE_ROWS_PER_COLUMN * (p + 1) + SAMPLE_ROWS_BESIDES)
    sample = evenly_spread(rows, size).X
    kept = np.setdiff1d(np.arange(p), [columns.start for _, columns in sample.parts()])
    X, scale = _standardised(sample.dense(kept).astype(np.float64))
    # 2. The relations that hold in the sample, from the correlations.
    relations = _relations(X.T @ X / size, kept, scale, p)
    if not relations:
        return ()
    # 3. The relations of which nothing is left over all rows.
    D = np.stack([weights for _, weights in relations], axis=1)
    left = _residual_share(rows, D, np.array([dependence.column for dependence, _ in relations]))
    return tuple(dependence for (dependence, _), share in zip(relations, left, strict=True) if share <= DETERMINED)


def _standardised(X: Floats) -> tuple[Floats, Floats]:
    """Return the columns of X centred and divided by their deviations, and these; 1 for a constant column."""
    X -= X.mean(axis=0)
    scale = np.sqrt((X**2).mean(axis=0))
    scale = np.where(scale > 0, scale, 1)
    X /= scale
    return X, scale


def _relations(G: Floats, kept: NDArray[np.intp], scale: Floats, p: int) -> list[tuple[Dependence, Floats]]:
    """Return each determined column, with the weights d (p,) for which X d is constant.

    `G` holds the correlations of the columns `kept`, `scale` their deviations.
    """
    if _independent(G):
        return []
    # The coefficients of a column with the line l of the factor, on the free columns before it: L_freeᵀ⁻¹ l. Behind
    # these its line is zero, so that one product gives those of all.
    L, free = _factor(G)
    coefficients, relations = L[~free] @ np.linalg.inv(L[free]), []
    for j, terms_of_free in zip(np.flatnonzero(~free), coefficients, strict=True):
        terms = np.zeros(len(G))
        terms[free] = terms_of_free
        others = np.flatnonzero(np.abs(terms) > np.sqrt(NAMED) * max(1.0, float(np.abs(terms).max())))
        d = np.zeros(p)
        d[kept] = -terms / scale
        d[kept[j]] = 1 / scale[j]
        relations.append((Dependence(int(kept[j]), tuple(kept[others].tolist())), d))
    return relations


def _independent(G: Floats) -> bool:
    """Return whether no column is determined, by numpy's Cholesky factor: much faster, and usually enough."""
    try:
        return bool((np.diag(np.linalg.cholesky(G)) ** 2 > DETERMINED).all())
    except np.linalg.LinAlgError:
        return False


def _factor(G: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Return L (m, r), and which of the m columns are free, r in number: G = L Lᵀ, up to what is called nothing.

    Line j of L is zero behind the free columns up to j. So L[free] is a lower triangle.
    """
    m, r = len(G), 0
    L, free = np.zeros((m, m)), np.zeros(m, bool)
    for start in range(0, m, BLOCK):
        block = slice(start, start + BLOCK)
        left = G[start:, block] - L[start:, :r] @ L[block, :r].T
        for j in range(left.shape[1]):
            if left[j, j] > DETERMINED:
                column = left[:, j] / np.sqrt(left[j, j])
                column[:j] = 0
                left[:, j:] -= np.outer(column, column[j : left.shape[1]])
                L[start:, r], free[start + j] = column, True
                r += 1
    return L[:, :r], free


@dataclass(frozen=True)
class _Moments:
    """Σ v, Σ v x and Σ v x² of some columns, (3, N), with x counted from a value of each column: no digits are lost."""

    values: Floats

    def __add__(self, other: "_Moments") -> "_Moments":
        return _Moments(self.values + other.values)

    @property
    def variance(self) -> Floats:
        """The variance of each column, (N,)."""
        weight, first, second = self.values
        return np.asarray(second / weight - (first / weight) ** 2)


def _residual_share(rows: Rows, D: Floats, columns: NDArray[np.intp]) -> Floats:
    """Return Var(X d) of each column d of D (p, N), as a share of the variance of its own column's term, (N,).

    Both variances are over all rows, by one pass. `columns` (N,) are the determined columns.
    """
    E = np.zeros_like(D)
    E[columns, np.arange(len(columns))] = D[columns, np.arange(len(columns))]
    both = np.hstack([D, E])
    first = evenly_spread(rows, 1).X.times(both).astype(np.float64)
    variance = rows.sum(partial(_moments, D=both, shift=first)).variance
    left, whole = np.split(variance, 2)
    return np.asarray(left / np.where(whole > 0, whole, 1))


def _moments(partition: Partition, D: Floats, shift: Floats) -> _Moments:
    """Return the moments of the columns of X D over one partition."""
    x = (partition.X.times(D) - shift).astype(np.float64)
    v = partition.v
    return _Moments(np.stack([np.full(len(x), v.sum()), x @ v, (x * x) @ v]))
