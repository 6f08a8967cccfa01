"""What the penalty l1 does to a step and to a gradient: the proximal operator, and the subgradient of least norm.

|w| has no derivative at 0. So a step with l1 is a step without it, after which each number is moved towards 0; and a
gradient with l1 is the smallest of many.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def shrunk(theta: Array, threshold: Array) -> Array:
    """Return θ with each number moved towards 0 by its threshold, and to 0 if it was closer.

    This is the proximal operator of Σ threshold |θ|: the minimum over x of ½ ‖x − θ‖² + Σ threshold |x|.
    """
    return np.asarray(theta - np.clip(theta, -threshold, threshold))


def least_subgradient(gradient: Array, theta: Array, threshold: Array) -> Array:
    """Return the subgradient of least norm of f(θ) + Σ threshold |θ|, where `gradient` is that of f.

    At θ = 0 the derivative of |θ| may be any number from −1 to 1; the one is taken that brings the sum nearest to 0.
    """
    return np.where(theta == 0, shrunk(gradient, threshold), gradient + threshold * np.sign(theta))
