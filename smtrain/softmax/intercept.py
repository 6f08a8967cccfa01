"""A step of Newton's method on the intercept alone, which the certificate waits for near the end of a fit."""

from functools import partial

import numpy as np

from smtrain.softmax.conjugate import conjugate_gradients
from smtrain.softmax.loss import intercept_curvature, intercept_curvature_times
from smtrain.softmax.objective import Objective, Point, Theta

# For so many classes the curvature of b is made as a K × K matrix; with more, that and solving with it would cost many
# passes.
MOST_DIRECT_CLASSES = 200
# With more classes at most so many products with it, half a pass each, take its place.
MOST_PRODUCTS = 6
# The logits move by at most so much in a step: farther away the parabola says nothing about the function.
LONGEST_STEP = 2.0


def intercept_passes(classes: int) -> int:
    """What `step_intercept` costs at most, in passes over the rows."""
    return 2 if classes <= MOST_DIRECT_CLASSES else 2 + MOST_PRODUCTS // 2


def step_intercept(objective: Objective, point: Point) -> Point:
    """The point after one step of Newton's method on b alone; `point` if it is no lower."""
    W, b = point.theta[:-1], point.theta[-1]
    step = _intercept_step(objective, W, b)
    b = b - step * min(1.0, LONGEST_STEP / max(float(np.abs(step).max()), 1e-300))
    moved = objective.value_and_grad(np.vstack([W, b]))
    return moved if moved.objective <= point.objective else point


def _intercept_step(objective: Objective, W: Theta, b: Theta) -> Theta:
    """H⁻¹ g of the intercept, (K,): solved, or for many classes nearly so by conjugate gradients."""
    few = objective.classes <= MOST_DIRECT_CLASSES
    sums = objective.rows.sum(partial(intercept_curvature, W=W, b=b, diagonal=not few))
    g, H = sums.g / objective.n, sums.H / objective.n
    if few:
        return np.asarray(np.linalg.lstsq(H, g, rcond=1e-12)[0])  # H is singular: Σ_k g_k = 0
    scale = 1 / np.maximum(H, 1e-12 * H.max() + 1e-300)

    def times(d: Theta) -> Theta:
        product: Theta = objective.rows.sum(partial(intercept_curvature_times, W=W, b=b, d=d))
        return product / objective.n

    step = conjugate_gradients(times, g, partial(np.multiply, scale), accuracy=1e-3, most=MOST_PRODUCTS)
    return np.asarray(step - step.mean())
