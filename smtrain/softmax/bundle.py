"""A lower bound of the minimum from several points at once: of the last ones, the newest last.

The probabilities of a convex combination of dual points are a dual point too, with a bound of its own. The gradients of
a fit swing to and fro; where their average is smaller than each, the combination's bound is the better one
(docs/maths.md, "Certificate"). It takes no pass over the rows, only sums that each point has brought along.

For l1 = 0 and l2 > 0. Everything here is a mean over rows; λ is l2 / n.
"""

from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.certificate import dual_of, entropy_of
from smtrain.softmax.dual import dual_point
from smtrain.softmax.objective import Objective, Point, Theta
from smtrain.softmax.simplex import best_mixture

Floats = NDArray[np.float64]

# The most points that are kept. By experiment: 15, 30 and 60 do alike.
MOST = 20
# The most bytes of their gradients. With more, a large model would not fit in memory.
MOST_BYTES = 1 << 26
# Flops of a pass that takes less time than to combine the points, about a millisecond.
CHEAP_PASS = 1 << 20
# After so many passes that are cheap only every second point is taken, after twice as many every third, and so
# on. With a smaller number a fit may take more passes than it needs; with a larger one, more time.
RARER = 32


def is_due(objective: Objective, passes: int) -> bool:
    """Return whether the point after so many passes is to be taken: where a pass is cheap, rarer as they go on."""
    return objective.pass_flops >= CHEAP_PASS or passes % (1 + passes // RARER) == 0


def most_points(bytes_of_theta: int) -> int:
    """Return the most points that are kept for parameters of so many bytes."""
    return max(1, min(MOST, MOST_BYTES // bytes_of_theta))


@dataclass(frozen=True)
class Bundle:
    """What is kept of m points: the entropy, J/n and the gradient of the NLL (p + 1, K) at each.

    `products` (m, m) are the ⟨G_i, G_l⟩ of the gradients by W. `losses` (m,) is what the bound of each point alone
    loses because the gradient of b is not 0. `weights` (m,) are those of the combination: not negative, of sum 1.
    """

    gradients: tuple[Theta, ...] = ()
    entropies: Floats = field(default_factory=partial(np.empty, 0))
    objectives: Floats = field(default_factory=partial(np.empty, 0))
    losses: Floats = field(default_factory=partial(np.empty, 0))
    products: Floats = field(default_factory=partial(np.empty, (0, 0)))
    weights: Floats = field(default_factory=partial(np.empty, 0))

    def with_point(self, objective: Objective, point: Point) -> "Bundle":
        """Return the bundle with another point, and without the oldest if there are too many."""
        gradients = (*self.gradients, point.data_gradient)[-most_points(point.theta.nbytes) :]
        m = len(gradients)
        products = np.zeros((m, m))
        kept = slice(len(self.gradients) - m + 1, None)
        products[:-1, :-1] = self.products[kept, kept]
        products[-1] = products[:, -1] = [float((G[:-1] * gradients[-1][:-1]).sum()) for G in gradients]
        dual, entropy = dual_of(objective, point), entropy_of(point)
        # The bound that there would be if b could not move: that of J as a function of W alone.
        fixed = entropy + float(point.data_gradient[-1] @ point.theta[-1]) - products[-1, -1] / (2 * objective.penalty)
        bundle = Bundle(
            gradients,
            np.append(self.entropies, entropy)[-m:],
            np.append(self.objectives, point.objective)[-m:],
            np.append(self.losses, max(fixed - dual.bound, 0.0))[-m:],
            products,
            np.append(self.weights, 0.0)[-m:],
        )
        return replace(bundle, weights=bundle._mixture(objective, point))

    def bound(self, objective: Objective) -> float:
        """Return the lower bound of min J/n that the combination proves, whatever its weights are."""
        # 1. The combination's entropy is at least that of the points; its gradients are theirs, for they are linear.
        # 2. The repair of the intercept is as for a single point.
        # 3. The bound allows for what float32 has rounded.
        w = self.weights
        gradient = np.zeros_like(self.gradients[-1])
        for share, G in zip(w, self.gradients, strict=True):
            gradient += share * G
        G, g = gradient[:-1], gradient[-1]
        c, P = objective.totals.classes / objective.n, G + objective.class_features
        dual = dual_point(float(w @ self.entropies), G, g, c, P, l1=0.0, l2=objective.penalty)
        return dual.bound - 2 * objective.rounding * float(w @ self.objectives)

    def _mixture(self, objective: Objective, point: Point) -> Floats:
        """Return weights for which the bound is about the largest, as seen from the newest point, `point`."""
        # For a b that cannot move, the bound is w·e − ‖Σ w_i G_i‖² / 2λ, with e_i the entropy + g_i·b. The repair of
        # the intercept takes something off. That is taken for κ ‖Σ w_i g_i‖² / 2, with the κ of the points themselves.
        g = np.array([G[-1] for G in self.gradients])
        squares = float((g * g).sum())
        stiffness = 2 * float(self.losses.sum()) / squares if squares else 0.0
        e = self.entropies + g @ point.theta[-1]
        Q = self.products / objective.penalty + stiffness * g @ g.T
        newest: Floats = np.eye(len(e))[-1]
        if not (np.isfinite(Q).all() and np.isfinite(e).all()):
            return newest
        left = float(self.weights.sum())
        return best_mixture(e, Q, self.weights / left if left > 0 else newest)
