"""Conjugate gradients: solving A x = g by products with A alone."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def conjugate_gradients(
    times: Callable[[Array], Array], g: Array, solve: Callable[[Array], Array], *, accuracy: float, most: int
) -> Array:
    """Solve A x = g, for A symmetric and positive semidefinite, by at most `most` products `times(d)` = A d.

    `solve` multiplies by the inverse of a matrix M near A. Stops at a residual of `accuracy` times that of x = 0, both
    measured by M⁻¹, and where A is flat in floating point. x has no part of the directions in which A is flat beyond
    what makes it orthogonal to them by M (Hestenes & Stiefel, 1952).
    """
    x, r = np.zeros_like(g), g
    z = solve(r)
    d, rz = z, float((r * z).sum())
    target = accuracy**2 * rz
    for _ in range(most):
        if rz <= target:
            break
        Ad = times(d)
        dAd = float((d * Ad).sum())
        if dAd <= 0:
            break
        x = x + rz / dAd * d
        r = r - rz / dAd * Ad
        z = solve(r)
        rz, before = float((r * z).sum()), rz
        d = z + rz / before * d
    return x
