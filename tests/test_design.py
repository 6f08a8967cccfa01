"""The matrix laws: every product of every kind of part equals that of the dense matrix."""

import numpy as np
import pytest

from smtrain.softmax.design import MANY_ROWS, NARROW, Design
from tests.problems import KINDS, design

pytestmark = pytest.mark.bits


@pytest.mark.parametrize("kind", KINDS)
def test_products_equal_those_of_the_dense_matrix(kind):
    X, rng = design(kind), np.random.default_rng(1)
    dense = X.toarray()
    assert dense.shape == (X.rows, X.columns)
    W, R = rng.normal(size=(X.columns, 4)), rng.normal(size=(4, X.rows))
    np.testing.assert_allclose(X.times(W), (dense @ W).T, atol=1e-13)
    np.testing.assert_allclose(X.times_row_by_row(W), (dense @ W).T, atol=1e-13)
    np.testing.assert_allclose(X.transpose_times(R), dense.T @ R.T, atol=1e-13)
    np.testing.assert_allclose(X.squared_norms(), (dense**2).sum(1), atol=1e-13)
    rows = np.array([5, 1, 1])
    np.testing.assert_array_equal(X.take(rows).toarray(), dense[rows])


def test_the_unseen_code_adds_nothing():
    X = design("categorical")
    unseen = X.codes[0] == 0
    assert unseen.any()
    assert (X.toarray()[unseen, :3] == 0).all()
    first_part_only = np.zeros((5, 1))
    first_part_only[:3] = 1
    assert (X.times(first_part_only)[0][unseen] == 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_row_by_row_the_products_are_added_in_the_order_of_the_columns(kind):
    """Bit for bit what Python's own floats come to: no processor and no number of rows changes it."""
    X = design(kind)
    W = np.random.default_rng(2).normal(size=(X.columns, 3))
    q = X.numeric.shape[1]
    for part in (X, X.take(slice(3, 4)), X.take(slice(0, 2))):
        for i, row in enumerate(part.toarray().tolist()):
            for k in range(3):
                total = 0.0
                for j, x in enumerate(row):
                    total += x * float(W[j, k]) if j < q or x else 0.0
                assert part.times_row_by_row(W)[k, i] == total


@pytest.mark.parametrize("K", [1, 3, 4, 7])
@pytest.mark.parametrize("numbers", [0, 5, NARROW, NARROW + 1])
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_products_of_many_rows_whatever_the_number_of_classes(K, numbers, kind):
    rng = np.random.default_rng(K)
    for rows in (MANY_ROWS - 1, MANY_ROWS):
        X = Design(rng.normal(size=(rows, numbers)).astype(kind), (rng.integers(0, 4, rows),), (3,))
        W, R = rng.normal(size=(numbers + 3, K)), rng.normal(size=(K, rows)).astype(kind)
        dense, atol = X.toarray().astype(np.float64), 1e-11 if kind == np.float64 else 2e-3
        Z, G = X.times(W), X.transpose_times(R)
        np.testing.assert_allclose(Z, (dense @ W).T, rtol=0, atol=atol)
        np.testing.assert_allclose(G, dense.T @ R.T, rtol=0, atol=atol)
        assert Z.shape == (K, rows)
        assert Z.flags.c_contiguous
        assert (Z.dtype, G.dtype) == (kind, np.float64)
