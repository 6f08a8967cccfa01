"""The certificate: how far above the minimum a point is at most; and an estimate where there is no proof.

With a penalty the Fenchel dual gives a lower bound of the objective at any point, from the sums that the pass over the
rows has made anyway (smtrain.softmax.dual; docs/maths.md, "Certificate"). Without one there is no such bound. Then the
decrease that a Newton step promises stands for the distance.

J is the objective, θ the point, n the weight of all rows; all gaps are means over rows.
"""

from functools import partial

import numpy as np

from smtrain.softmax.conjugate import conjugate_gradients
from smtrain.softmax.dual import Dual, dual_point, entropy_sum
from smtrain.softmax.objective import Objective, Point

# The relative residual at which the conjugate gradients of the estimate without a penalty stop. A larger one makes the
# estimate too low, and a fit may then end too early; a smaller one costs passes.
NEWTON_ACCURACY = 0.1
# The most of their steps, a pass each.
NEWTON_STEPS = 50


def gap(objective: Objective, point: Point) -> float:
    """Return a proved bound on J(θ)/n − min J/n. There must be a penalty.

    With l1 = 0, where the intercept's gradient is zero, it is ‖∂J/∂W‖² / (2 l2) over n.
    """
    return _above(objective, point, dual_of(objective, point).bound)


def sharper_gap(objective: Objective, point: Point, enough: float) -> float:
    """Return `gap`; or for l1 > 0 a smaller bound, by half a pass, if that is likely to be `enough` where `gap` is not.

    The bound of `gap` multiplies the entropy at τ = 1 by τ. This one computes the entropy at τ itself, from all rows.
    """
    dual = dual_of(objective, point)
    plain = _above(objective, point, dual.bound)
    if objective.l1 == 0 or plain <= enough or _above(objective, point, dual.forecast(point.nll)) > enough:
        return plain
    entropies = partial(entropy_sum, W=point.theta[:-1], b=point.theta[-1], dual=dual)
    entropy = objective.rows.sum(entropies) / objective.n
    return min(plain, _above(objective, point, entropy - dual.cost))


def gap_at_solved_intercept(objective: Objective, point: Point) -> float:
    """Return what `gap` would be for l1 = 0, to first order, if b were solved again: ‖∂J/∂W‖² / (2 l2) over n.

    It is no proof. The penalty l2 must not be 0.
    """
    squares = float((point.gradient[:-1] ** 2).sum())
    return squares / (2 * objective.penalty) + 2 * objective.rounding * point.objective


def newton_gap(
    objective: Objective, point: Point, *, accuracy: float = NEWTON_ACCURACY, most: int = NEWTON_STEPS
) -> float:
    """Return g·H⁻¹g / 2, what a Newton step promises, as an estimate of J(θ)/n − min J/n. Used at l2 = 0; no proof.

    H⁻¹g comes from at most `most` conjugate-gradient steps, preconditioned by the diagonal bound of H, to a relative
    residual of `accuracy`. Each step costs one pass over the rows. The sums grow towards g·H⁻¹g, so stopping early
    errs on the low side.
    """
    g = point.gradient - point.gradient.mean(axis=1, keepdims=True)
    times = partial(objective.hessian_times, point.theta)
    scale = 1 / objective.diagonal_bound()
    x = conjugate_gradients(times, g, partial(np.multiply, scale), accuracy=accuracy, most=most)
    return float((g * x).sum()) / 2


def _above(objective: Objective, point: Point, bound: float) -> float:
    """Return the objective minus a lower bound of its minimum, allowing for the rounding of both."""
    # The minimum is not below zero, whatever the bound says.
    return max(point.objective - max(bound, 0.0), 0.0) + 2 * objective.rounding * point.objective


def dual_of(objective: Objective, point: Point) -> Dual:
    """Return the dual point at the model's own probabilities. The first call costs a pass, for XᵀVY."""
    G, g = point.data_gradient[:-1], point.data_gradient[-1]
    # 1. The classes' shares of the weight, and P = XᵀVS/n = G + XᵀVY/n.
    c = objective.totals.classes / objective.n
    P = G + objective.class_features
    # 2. The probabilities u near s that satisfy the conditions of the dual.
    return dual_point(entropy_of(point), G, g, c, P, l1=objective.l1 / objective.n, l2=objective.penalty)


def entropy_of(point: Point) -> float:
    """Return the mean entropy of the model's probabilities, from sums that are known: H(s) = NLL − (s − y)·z."""
    return point.nll - float((point.data_gradient * point.theta).sum())
