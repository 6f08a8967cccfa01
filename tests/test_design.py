"""The matrix laws: every product of every kind of part equals that of the dense matrix."""

import numpy as np
import pytest

from tests.problems import KINDS, design


@pytest.mark.parametrize("kind", KINDS)
def test_products_equal_those_of_the_dense_matrix(kind):
    X, rng = design(kind), np.random.default_rng(1)
    dense = X.toarray()
    assert dense.shape == (X.rows, X.columns)
    W, R = rng.normal(size=(X.columns, 4)), rng.normal(size=(4, X.rows))
    np.testing.assert_allclose(X.times(W), (dense @ W).T, atol=1e-13)
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
