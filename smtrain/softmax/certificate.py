"""The certificate: how far above the minimum a point is at most. Beside it, what is estimated where there is no proof.

With a penalty the Fenchel dual gives a lower bound of the objective at any point, from the sums that the pass over the
rows has made anyway (smtrain.softmax.dual; docs/maths.md, "Certificate"). Without one there is no such bound; then the
decrease that a Newton step promises stands for the distance.
"""

from functools import partial

import numpy as np

from smtrain.softmax.conjugate import conjugate_gradients
from smtrain.softmax.dual import Dual, dual_point, entropy_sum
from smtrain.softmax.objective import Objective, Point


def gap(objective: Objective, point: Point) -> float:
    """A proved bound on J(θ)/n − min J/n, with a penalty.

    With l1 = 0 and the intercept's gradient zero it is ‖∂J/∂W‖² / (2 l2) over n.
    """
    return _above(objective, point, dual_of(objective, point).bound)


def sharper_gap(objective: Objective, point: Point, enough: float) -> float:
    """`gap`; or for l1 > 0 a smaller bound, by half a pass, if that is likely to be `enough` where `gap` is not."""
    dual = dual_of(objective, point)
    plain = _above(objective, point, dual.bound)
    if objective.l1 == 0 or plain <= enough or _above(objective, point, dual.forecast(point.nll)) > enough:
        return plain
    entropies = partial(entropy_sum, W=point.theta[:-1], b=point.theta[-1], dual=dual)
    entropy = objective.rows.sum(entropies) / objective.n
    return min(plain, _above(objective, point, entropy - dual.cost))


def gap_at_solved_intercept(objective: Objective, point: Point) -> float:
    """What `gap` would be for l1 = 0, to first order, if b were re-solved: ‖∂J/∂W‖² / (2 l2) over n. No proof."""
    squares = float((point.gradient[:-1] ** 2).sum())
    return squares / (2 * objective.penalty) + 2 * objective.rounding * point.objective


def newton_gap(objective: Objective, point: Point, *, accuracy: float = 0.1, most: int = 50) -> float:
    """An estimate, g·H⁻¹g / 2, of J(θ)/n − min J/n: what a Newton step promises. Used at l2 = 0; no proof.

    H⁻¹g by at most `most` conjugate-gradient steps, preconditioned by H's diagonal bound, to a relative residual
    of `accuracy`; each step costs one pass over the rows. Stopping early errs on the low side.
    """
    g = point.gradient - point.gradient.mean(axis=1, keepdims=True)
    times = partial(objective.hessian_times, point.theta)
    scale = 1 / objective.diagonal_bound()
    x = conjugate_gradients(times, g, partial(np.multiply, scale), accuracy=accuracy, most=most)
    return float((g * x).sum()) / 2


def _above(objective: Objective, point: Point, bound: float) -> float:
    """The objective above a bound, of which either may be off by their rounding. The optimum is not below zero."""
    return max(point.objective - max(bound, 0.0), 0.0) + 2 * objective.rounding * point.objective


def dual_of(objective: Objective, point: Point) -> Dual:
    """The dual point at the model's own probabilities."""
    W, b = point.theta[:-1], point.theta[-1]
    G, g = point.data_gradient[:-1], point.data_gradient[-1]
    entropy = point.nll - float((G * W).sum()) - float(g @ b)  # mean of −Σ_k s log s
    c = objective.totals.classes / objective.n
    P = G + objective.class_features
    return dual_point(entropy, G, g, c, P, l1=objective.l1 / objective.n, l2=objective.penalty)
