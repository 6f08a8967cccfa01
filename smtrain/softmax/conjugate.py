"""Conjugate gradients: A x = g is solved by products with A alone (Hestenes & Stiefel, 1952)."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def conjugate_gradients(
    times: Callable[[Array], Array], g: Array, solve: Callable[[Array], Array], *, accuracy: float, most: int
) -> Array:
    """Return an approximate solution x of A x = g, A symmetric and positive semidefinite.

    `times(d)` is A d; at most `most` such products are made. `solve(r)` is M⁻¹ r for a matrix M near A. The residual
    r = g − A x is measured by √(r·M⁻¹r). The function returns when that is at most `accuracy` times what it is for
    x = 0, or when a direction comes up in which A is flat in floating point. x is orthogonal, by M, to the directions
    in which A is flat.
    """
    # 1. x = 0, the residual r = g, and the first direction d = M⁻¹ r.
    # 2. Go along d to the point where the residual is orthogonal to d: x ← x + a d, r ← r − a A d, with
    #    a = r·M⁻¹r / d·A d.
    # 3. The next direction is M⁻¹ r, made conjugate to all before by a share of the last one: d ← M⁻¹ r + b d, with b
    #    the new r·M⁻¹r over the old one. Go to 2.
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
