"""The design matrix X of some rows: a numeric part, and one code column for each categorical part.

No one-hot matrix exists. A categorical part with L levels stands for L columns of zeros and ones, kept as one
column of codes 0…L: code 0 is "unseen", which has no column and so adds nothing; code ℓ is the ℓ-th level's column.
X W gathers rows of W by code, Xᵀ R scatter-adds rows of R by code.

Shapes: m rows, p columns in all (numeric first, then each part's levels), K classes.
Products are class-major, (K, m) and (K, p): a reduction over few classes is two to three times faster down a
long contiguous row than along a short one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Codes = NDArray[np.integer[Any]]

# Half the last bit of a float32 near 1 becomes 1: then float16 holds 11 bits more of numbers of any usual size.
REST, MOST_REST = 2.0**24, 65504.0
NARROW = 128
CACHE_CELLS = 1 << 15


def row_tiles(x: Floats) -> Iterator[slice]:
    """Runs of rows of an array (m, q) that stay in the processor's cache while some operations go over them."""
    size = max(1, CACHE_CELLS // max(1, x.shape[1]))
    return (slice(start, start + size) for start in range(0, len(x), size))


def rest_of(x: NDArray[np.float64], rounded: Floats) -> NDArray[np.float16]:
    """What rounding took from x, as `Design.rest` keeps it."""
    return np.clip((x - rounded) * REST, -MOST_REST, MOST_REST).astype(np.float16)


@dataclass(frozen=True)
class Design:
    """X of m rows: `numeric` (m, q) floats; `codes` one (m,) array a categorical part; `levels` its L each.

    `rest` (m, ≤ q) is what rounding to float32 took from the first columns of `numeric`, times REST; products do not
    count it, `in_double` does.
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
        """Each categorical part's codes with the slice of the p columns that it stands for."""
        found, start = [], self.numeric.shape[1]
        for codes, count in zip(self.codes, self.levels, strict=True):
            found.append((codes, slice(start, start + count)))
            start += count
        return found

    def times(self, W: Floats) -> Floats:
        """(X W)ᵀ: W (p, K) → (K, m), in the numeric part's precision."""
        q = self.numeric.shape[1]
        numeric = W[:q].astype(self.numeric.dtype, copy=False)
        # Measured on 8192 rows: X W and a copy of its transpose take 0.48 ms at q = 54, K = 7, the transposed product
        # 0.64 ms; at q = 717, K = 10 it is the other way round, 4.7 and 2.7 ms; but not in float32, 6.0 and 7.2 ms.
        narrow = q <= NARROW or self.numeric.dtype == np.float32
        Z: Floats = np.ascontiguousarray((self.numeric @ numeric).T) if narrow else numeric.T @ self.numeric.T
        return self._plus_levels(Z, W)

    def times_row_by_row(self, W: Floats) -> Floats:
        """(X W)ᵀ (K, m) with the same bits of a row whatever rows are beside it, on every processor.

        A BLAS adds a row's products in an order that hangs on its place and on the number of rows. Here column after
        column of X is multiplied and added. It takes longer than `times`, and little of reading the rows from text.
        """
        Z = np.zeros((W.shape[1], self.rows))
        used = np.flatnonzero(W[: self.numeric.shape[1]].any(axis=1))
        for rows in row_tiles(Z.T):
            x = self.numeric[rows].T[used]
            z, product = np.zeros((2, W.shape[1], x.shape[1]))
            for w, column in zip(W[used, :, None], x, strict=True):
                z += np.multiply(w, column, out=product)
            Z[:, rows] = z
        return self._plus_levels(Z, W)

    def _plus_levels(self, Z: Floats, W: Floats) -> Floats:
        """Z (K, m) with the weights of each row's levels added in place."""
        for codes, columns in self.parts():
            table = np.zeros((W.shape[1], columns.stop - columns.start + 1), Z.dtype)
            table[:, 1:] = W[columns].T
            for k, row in enumerate(table):  # a gather a class, from a table of L + 1 numbers
                Z[k] += row[codes]
        return Z

    def transpose_times(self, R: Floats) -> NDArray[np.float64]:
        """Xᵀ R of R class-major (K, m) → (p, K), in float64."""
        q = self.numeric.shape[1]
        G = np.empty((self.columns, R.shape[0]))
        G[:q] = (R @ self.numeric).T
        for codes, columns in self.parts():
            size = columns.stop - columns.start + 1
            for k, row in enumerate(R):
                G[columns, k] = np.bincount(codes, weights=row, minlength=size)[1:]
        return G

    def square_transpose_times(self, R: Floats) -> NDArray[np.float64]:
        """(X ∘ X)ᵀ R of R class-major (K, m) → (p, K): ones and zeros are their own squares."""
        return replace(self, numeric=self.numeric * self.numeric).transpose_times(R)

    def dense(self, columns: NDArray[np.intp]) -> Floats:
        """Some columns of X as a dense (m, len(columns)) array, in the numeric part's precision."""
        q = self.numeric.shape[1]
        X: Floats = np.zeros((self.rows, len(columns)), self.numeric.dtype)
        numeric = np.flatnonzero(columns < q)
        X[:, numeric] = self.numeric[:, columns[numeric]]
        place = np.full(self.columns, -1)
        place[columns] = np.arange(len(columns))
        for codes, span in self.parts():
            at = np.append(-1, place[span])[codes]
            rows = np.flatnonzero(at >= 0)
            X[rows, at[rows]] = 1
        return X

    def squared_norms(self) -> NDArray[np.float64]:
        """‖x_n‖² of every row (m,), the intercept's 1 not counted."""
        norms = np.einsum("ij,ij->i", self.numeric, self.numeric, dtype=np.float64)
        for codes in self.codes:
            norms += codes > 0
        return np.asarray(norms, np.float64)

    def take(self, rows: Any) -> "Design":
        """The design of some rows: an index array, which leaves out the rest, or a slice."""
        rest = self.rest[rows] if self.rest is not None and isinstance(rows, slice) else None
        return replace(self, numeric=self.numeric[rows], codes=tuple(codes[rows] for codes in self.codes), rest=rest)

    def in_double(self) -> "Design":
        """The same in float64, with the digits that rounding to float32 took."""
        numeric = self.numeric.astype(np.float64)
        if self.rest is not None:
            numeric[:, : self.rest.shape[1]] += self.rest.astype(np.float64) / REST
        return replace(self, numeric=numeric, rest=None)

    def toarray(self) -> NDArray[np.float64]:
        """X as one dense (m, p) array, for reading and testing small pieces."""
        return self.dense(np.arange(self.columns)).astype(np.float64)
