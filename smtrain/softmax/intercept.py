"""A step of Newton's method on the intercept alone. Near the end of a fit the certificate often waits for it only.

W stays as it is. The step is H⁻¹g, g (K,) the intercept's gradient and H (K, K) its curvature, the mean of
v (diag s − s sᵀ). H is singular: adding a constant to b changes nothing.
"""

from functools import partial

import numpy as np

from smtrain.softmax.conjugate import conjugate_gradients
from smtrain.softmax.loss import intercept_curvature, intercept_curvature_times
from smtrain.softmax.objective import Objective, Point, Theta

# The most classes for which H is made as a matrix. With more, making it and solving with it would cost many passes.
MOST_DIRECT_CLASSES = 200
# With more classes, conjugate gradients make at most this many products with H, half a pass each. With fewer products
# the step is less exact, and more steps are made.
MOST_PRODUCTS = 6
# The farthest that an entry of b, and with it a logit, moves in a step. Farther away the parabola says nothing about
# the function: a longer step could raise the objective, and would then be given up.
LONGEST_STEP = 2.0
# The residual, relative to that of no step, at which conjugate gradients stop.
ACCURACY = 1e-3
# A singular value of H below this share of the largest counts as 0; the one of adding a constant must.
SINGULAR = 1e-12


def intercept_passes(classes: int) -> int:
    """Return the most passes over the rows that `step_intercept` costs.

    With a matrix they are the forward half of a pass for it and a pass for the new point, counted as two. With products
    the forward half of a pass for each comes on top.
    """
    return 2 if classes <= MOST_DIRECT_CLASSES else 2 + MOST_PRODUCTS // 2


def step_intercept(objective: Objective, point: Point) -> Point:
    """Return the point after one step of Newton's method on b alone; `point` itself if that is not lower."""
    W, b = point.theta[:-1], point.theta[-1]
    moved = objective.value_and_grad(np.vstack([W, b - clipped(_intercept_step(objective, W, b))]))
    return moved if moved.objective <= point.objective else point


def _intercept_step(objective: Objective, W: Theta, b: Theta) -> Theta:
    """Return H⁻¹ g of the intercept, (K,): solved exactly, or for many classes nearly so, by conjugate gradients."""
    few = objective.classes <= MOST_DIRECT_CLASSES
    sums = objective.rows.sum(partial(intercept_curvature, W=W, b=b, diagonal=not few))
    g, H = sums.g / objective.n, sums.H / objective.n
    if few:
        return newton_step(g, H)
    # Here H is the diagonal alone, and its inverse the preconditioner.
    scale = 1 / np.maximum(H, SINGULAR * H.max() + 1e-300)

    def times(d: Theta) -> Theta:
        """Return H d, by half a pass over the rows."""
        product: Theta = objective.rows.sum(partial(intercept_curvature_times, W=W, b=b, d=d))
        return product / objective.n

    step = conjugate_gradients(times, g, partial(np.multiply, scale), accuracy=ACCURACY, most=MOST_PRODUCTS)
    return np.asarray(step - step.mean())


def newton_step(g: Theta, H: Theta) -> Theta:
    """Return H⁻¹ g, (K,), for the matrix H."""
    # Least squares, as H is singular. g has no part along the constants, for Σ_k g_k = 0, so the equations hold.
    return np.asarray(np.linalg.lstsq(H, g, rcond=SINGULAR)[0])


def clipped(step: Theta) -> Theta:
    """Return a step of b (K,), shortened if it moves an entry farther than LONGEST_STEP."""
    return step * min(1.0, LONGEST_STEP / max(float(np.abs(step).max()), 1e-300))
