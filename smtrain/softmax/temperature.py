"""One number that makes probabilities honest: softmax(β (X W + b)), β fitted on rows that were set aside.

Temperature scaling (Guo et al., "On calibration of modern neural networks", 2017); T = 1/β. The predicted class of a
row does not change. The NLL of those rows is convex in β, so Newton's method finds its minimum.
"""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.loss import Partition, logits, softmax
from smtrain.softmax.objective import Objective, Theta

# β is looked for between these: a model whose logits are divided by 10⁷ gives all classes the same probability.
LEAST, MOST, STEPS = 1e-7, 1e3, 60


def at_its_bound(temperature: float) -> str | None:
    """What it means that a temperature is the largest or least that is tried, or 1 for want of a best; else None."""
    if temperature >= 0.99 / LEAST:
        return "the rows set aside are predicted best by equal probabilities: this model tells nothing about them"
    if temperature <= 1.01 / MOST:
        return "the rows set aside are predicted best by probabilities of 0 and 1"
    if temperature == 1:
        return "the rows set aside tell no temperature: all of them are right, or all logits are equal"
    return None


def fitted_scale(objective: Objective, theta: Theta) -> float:
    """β > 0 of the least mean NLL of the rows set aside, of which there must be some.

    1 if all of them are right: then the NLL falls with β for ever, and so few errors say nothing about it.
    """
    beta = 1.0
    for _ in range(STEPS):
        wrong, slope, curvature = objective.rows.sum(partial(_along, theta=theta, beta=beta))
        if wrong == 0 or curvature <= 0:
            return 1.0
        before = beta
        # At most a factor of 2 a step: far from its minimum the function is not a parabola.
        beta = float(np.clip(beta - slope / curvature, max(beta / 2, LEAST), min(beta * 2, MOST)))
        if abs(beta - before) <= 1e-10 * beta:
            break
    return beta


def _along(partition: Partition, theta: Theta, beta: float) -> NDArray[np.float64]:
    """Σ u of the rows that are wrong; the derivatives of Σ u·NLL by β: Σ u (Σ_k s_k z_k − z_y) and Σ u Var_s(z)."""
    if partition.u is None or not partition.u.any():
        return np.zeros(3)
    aside = partition.take(np.flatnonzero(partition.u))
    u = partition.u[partition.u != 0]
    Z = logits(aside.X, theta[:-1], theta[-1]).astype(np.float64)
    S = softmax(beta * Z)
    mean = (S * Z).sum(axis=0)
    own = Z[aside.y, np.arange(aside.rows)]
    rows = (own < Z.max(axis=0), mean - own, (S * (Z - mean) ** 2).sum(axis=0))
    return np.array([u @ row for row in rows])
