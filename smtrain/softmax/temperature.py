"""Temperature scaling: softmax(β (X W + b)), with one number β fitted on rows that were set aside.

It makes the probabilities of a model neither too sure nor too cautious (Guo et al., "On calibration of modern neural
networks", 2017). The temperature is T = 1/β. The predicted class of a row does not change. The NLL of the rows set
aside is convex in β, so Newton's method finds its minimum.
"""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.loss import Partition, logits, softmax
from smtrain.softmax.objective import Objective, Theta

# The least β. A model whose logits are divided by 10⁷ gives all classes the same probability.
LEAST = 1e-7
# The largest β. A model whose logits are multiplied by 1,000 gives probabilities of 0 and 1.
MOST = 1e3
# The most steps of Newton's method. 24 halvings lead from 1 to the least β; near the minimum each step squares the
# error.
STEPS = 60
# The relative change of β at which the steps end.
SETTLED = 1e-10


def at_its_bound(temperature: float) -> str | None:
    """Return what it means that a temperature is the largest or the least that is tried, or exactly 1; else None.

    It is 1 if `fitted_scale` could not fit one.
    """
    if temperature >= 0.99 / LEAST:
        return "the rows set aside are predicted best by equal probabilities: this model tells nothing about them"
    if temperature <= 1.01 / MOST:
        return "the rows set aside are predicted best by probabilities of 0 and 1"
    if temperature == 1:
        return "the rows set aside tell no temperature: all of them are right, or all logits are equal"
    return None


def fitted_scale(objective: Objective, theta: Theta) -> float:
    """Return the β > 0 for which the mean NLL of the rows set aside is least. There must be such rows.

    It returns 1 if all of them are predicted right: then the NLL falls with β for ever. It also returns 1 if the logits
    of each row are all equal: then β changes nothing.
    """
    # Newton's method on one variable: β ← β − slope / curvature, by a factor of 2 at most, for far from its minimum the
    # function is no parabola. Each step costs the forward half of a pass.
    beta = 1.0
    for _ in range(STEPS):
        wrong, slope, curvature = objective.rows.sum(partial(_along, theta=theta, beta=beta))
        if wrong == 0 or curvature <= 0:
            return 1.0
        before = beta
        beta = float(np.clip(beta - slope / curvature, max(beta / 2, LEAST), min(beta * 2, MOST)))
        if abs(beta - before) <= SETTLED * beta:
            break
    return beta


def _along(partition: Partition, theta: Theta, beta: float) -> NDArray[np.float64]:
    """Return three sums over a partition: Σ u of the rows predicted wrong, and both derivatives of Σ u·NLL by β, (3,).

    The derivatives are Σ u (Σ_k s_k z_k − z_y) and Σ u Var_s(z), the variance of a row's logits under s.
    """
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
