"""The design matrix X of some rows: a numeric part, and one column of codes for each categorical part.

No one-hot matrix exists. A categorical part with L levels stands for L columns of X: 1 where the row has that level,
else 0. It is kept as one column of codes from 0 to L. Code ℓ is the ℓ-th level. Code 0 is a level that training did
not have; it has no column in X and adds nothing.

Shapes: m rows; q numeric columns; p columns in all, the numeric ones first, then the levels of each part; K classes.
Matrices with a number for each row and class are class-major, (K, m): a reduction over few classes is two to three
times faster down a long contiguous row than along a short one. Each product is stated twice: as NumPy would write it
for the dense X, and as a sum over indices.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Codes = NDArray[np.integer[Any]]

# The factor by which `Design.rest` is multiplied. It turns 2⁻²⁴, half of the last bit of a float32 near 1, into 1. Then
# float16 holds 11 bits more of numbers of any usual size. With a smaller one, small remainders would lose their bits.
REST = 2.0**24
# The largest float16. Larger remainders, of numbers above 65,504, are clipped to it: otherwise they became infinite.
MOST_REST = 65504.0
# Up to this many numeric columns, X W is multiplied as it stands and then transposed. Measured on 8,192 rows: X W and a
# copy of its transpose take 0.48 ms at q = 54, K = 7, and the transposed product takes 0.64 ms. At q = 717, K = 10 it
# is the other way round, 4.7 ms and 2.7 ms; but not in float32, 6.0 ms and 7.2 ms. A wrong number costs time only.
NARROW = 128
# A processor multiplies so many classes at a time. Where one is missing to a multiple of these, the products with
# narrow rows take a class of zeros more. Measured on 8,192 rows of 54 numbers in float32, K = 7: 0.18 and 0.20 ms, and
# with the zeros 0.11 and 0.13. Where two or three are missing, they gain nothing.
LANES = 4
# The fewest rows for it. With fewer, there is nothing to gain.
MANY_ROWS = 4096
# Cells of a tile of rows: 256 KiB of float64, which stay in a processor's cache. A larger number costs time.
CACHE_CELLS = 1 << 15


def row_tiles(x: Floats) -> Iterator[slice]:
    """Return slices of the rows of x (m, q), each so short that its cells stay in the processor's cache."""
    size = max(1, CACHE_CELLS // max(1, x.shape[1]))
    return (slice(start, start + size) for start in range(0, len(x), size))


def rest_of(x: NDArray[np.float64], rounded: Floats) -> NDArray[np.float16]:
    """Return x − rounded in the units of `Design.rest`."""
    return np.clip((x - rounded) * REST, -MOST_REST, MOST_REST).astype(np.float16)


@dataclass(frozen=True)
class Design:
    """X of m rows.

    `numeric` (m, q) holds the numbers, `codes` one array (m,) for each categorical part, `levels` the L of each part.
    `rest` (m, ≤ q) is what rounding to float32 took from the first columns of `numeric`, times REST. `in_double` adds
    it; the products do not count it.
    """

    numeric: Floats
    codes: tuple[Codes, ...] = ()
    levels: tuple[int, ...] = ()
    rest: NDArray[np.float16] | None = None

    @property
    def rows(self) -> int:
        """The number of rows, m."""
        return int(self.numeric.shape[0])

    @property
    def columns(self) -> int:
        """The number of columns, p = q + Σ L."""
        return int(self.numeric.shape[1]) + sum(self.levels)

    def parts(self) -> list[tuple[Codes, slice]]:
        """Return the codes of each categorical part, with the slice of the p columns that the part stands for."""
        parts, start = [], self.numeric.shape[1]
        for codes, count in zip(self.codes, self.levels, strict=True):
            parts.append((codes, slice(start, start + count)))
            start += count
        return parts

    def times(self, W: Floats) -> Floats:
        """Return (X @ W).T, so result[k, i] = Σ_j X[i, j] W[j, k]: W (p, K) → (K, m).

        The result has the precision of the numeric part.
        """
        q = self.numeric.shape[1]
        numeric, K = W[:q].astype(self.numeric.dtype, copy=False), W.shape[1]
        if self._lacks_a_class(K):
            numeric = np.pad(numeric, ((0, 0), (0, 1)))
        narrow = q <= NARROW or self.numeric.dtype == np.float32
        Z: Floats = np.ascontiguousarray((self.numeric @ numeric).T[:K]) if narrow else numeric.T @ self.numeric.T
        return self._plus_levels(Z, W)

    def times_row_by_row(self, W: Floats) -> Floats:
        """Return (X @ W).T, so result[k, i] = Σ_j X[i, j] W[j, k]: W (p, K) → (K, m), in float64.

        The bits of a row do not depend on the rows beside it, nor on the processor. A BLAS adds the products of a row
        in an order that depends on the row's place and on the number of rows. Here the columns of X are multiplied and
        added one after another. This takes longer than `times`, and a small share of what reading the text takes.
        """
        Z = np.zeros((W.shape[1], self.rows))
        used = np.flatnonzero(W[: self.numeric.shape[1]].any(axis=1))  # columns of zero weight add nothing
        for rows in row_tiles(Z.T):
            x = self.numeric[rows].T[used]
            z, product = np.zeros((2, W.shape[1], x.shape[1]))
            for w, column in zip(W[used, :, None], x, strict=True):
                z += np.multiply(w, column, out=product)
            Z[:, rows] = z
        return self._plus_levels(Z, W)

    def _plus_levels(self, Z: Floats, W: Floats) -> Floats:
        """Add the weight of each row's level to Z (K, m), in place: Z[k, i] += W[column of code[i], k]."""
        for codes, columns in self.parts():
            # A gather. The table has a zero in front, for code 0. One class at a time it has L + 1 numbers, which stay
            # in the cache.
            table = np.zeros((W.shape[1], columns.stop - columns.start + 1), Z.dtype)
            table[:, 1:] = W[columns].T
            for k, row in enumerate(table):
                Z[k] += row[codes]
        return Z

    def transpose_times(self, R: Floats) -> NDArray[np.float64]:
        """Return X.T @ R.T, so result[j, k] = Σ_i X[i, j] R[k, i]: R (K, m) → (p, K), in float64."""
        q, K = self.numeric.shape[1], R.shape[0]
        G = np.empty((self.columns, K))
        lines = np.pad(R, ((0, 1), (0, 0))) if self._lacks_a_class(K) else R
        G[:q] = (lines @ self.numeric)[:K].T
        for codes, columns in self.parts():
            # A scatter-add: each row's number goes to the sum of its code. The sum of code 0 is dropped.
            size = columns.stop - columns.start + 1
            for k, row in enumerate(R):
                G[columns, k] = np.bincount(codes, weights=row, minlength=size)[1:]
        return G

    def _lacks_a_class(self, K: int) -> bool:
        """Return whether the products with K classes are faster with one class more."""
        return K % LANES == LANES - 1 and self.numeric.shape[1] <= NARROW and self.rows >= MANY_ROWS

    def squared(self) -> "Design":
        """Return X * X, entry by entry, as a design."""
        # The columns of the levels are ones and zeros, which are their own squares.
        return replace(self, numeric=self.numeric * self.numeric, rest=None)

    def dense(self, columns: NDArray[np.intp]) -> Floats:
        """Return X[:, columns], so result[i, c] = X[i, columns[c]]: (m, len(columns)), dense.

        The result has the precision of the numeric part.
        """
        q = self.numeric.shape[1]
        X: Floats = np.zeros((self.rows, len(columns)), self.numeric.dtype)
        numeric = np.flatnonzero(columns < q)
        if np.array_equal(columns[:q], np.arange(q)):  # to copy a stretch takes a tenth of the time
            X[:, :q] = self.numeric
        else:
            X[:, numeric] = self.numeric[:, columns[numeric]]
        place = np.full(self.columns, -1)  # of each of the p columns, its place in the result; −1 where it has none
        place[columns] = np.arange(len(columns))
        for codes, span in self.parts():
            at = np.append(-1, place[span])[codes]  # code 0 has no place either
            rows = np.flatnonzero(at >= 0)
            X[rows, at[rows]] = 1
        return X

    def squared_norms(self) -> NDArray[np.float64]:
        """Return (X * X).sum(axis=1), so result[i] = Σ_j X[i, j]²: (m,). The intercept's 1 is not counted."""
        norms = np.einsum("ij,ij->i", self.numeric, self.numeric, dtype=np.float64)
        for codes in self.codes:
            norms += codes > 0
        return np.asarray(norms, np.float64)

    def take(self, rows: Any) -> "Design":
        """Return X[rows] as a design. `rows` is a slice, or an array of indices or booleans, which drops `rest`."""
        rest = self.rest[rows] if self.rest is not None and isinstance(rows, slice) else None
        return replace(self, numeric=self.numeric[rows], codes=tuple(codes[rows] for codes in self.codes), rest=rest)

    def without(self, columns: NDArray[np.bool_]) -> "Design":
        """Return X with 0 in the columns of a mask (p,), which has all of a categorical part or none."""
        q = self.numeric.shape[1]
        codes = tuple(np.zeros_like(codes) if columns[part.start] else codes for codes, part in self.parts())
        rest = None if self.rest is None else np.where(columns[: self.rest.shape[1]], np.float16(0), self.rest)
        return replace(
            self, numeric=np.where(columns[:q], self.numeric.dtype.type(0), self.numeric), codes=codes, rest=rest
        )

    def in_double(self) -> "Design":
        """Return X in float64, with the digits that rounding to float32 took."""
        numeric = self.numeric.astype(np.float64)
        if self.rest is not None:
            numeric[:, : self.rest.shape[1]] += self.rest.astype(np.float64) / REST
        return replace(self, numeric=numeric, rest=None)

    def toarray(self) -> NDArray[np.float64]:
        """Return X as one dense array (m, p), for reading and testing small pieces."""
        return self.dense(np.arange(self.columns)).astype(np.float64)
