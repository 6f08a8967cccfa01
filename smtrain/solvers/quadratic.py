"""The quadratic model of a smooth function that recent steps give, and its minimum with l1 beside it.

    q(θ') = g·(θ' − θ) + ½ (θ' − θ)·B (θ' − θ) + Σ_j λ_j ‖θ'_j‖₁

g is the gradient at θ, θ_j the line of feature j, and λ_j its threshold, 0 for the intercept. B is the BFGS matrix of
the recent pairs (s, y) over a first guess B₀, in its compact form (Byrd, Nocedal & Schnabel, 1994, Theorem 2.3). The
minimum of q comes from accelerated proximal gradient steps (Beck & Teboulle, 2009) with restarts (O'Donoghue & Candès,
2015). They cost no pass over the rows.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from smtrain.softmax.curvature import Curvature
from smtrain.softmax.objective import Theta
from smtrain.softmax.shrinkage import shrunk
from smtrain.solvers.pairs import Pair

# The most proximal steps on a model.
MOST_STEPS = 1000
# The proximal steps on a model cost as much as this many passes over the rows at most, counted in flops …
WORTH = 10
# … but there may be this many in any case. Measured with 1,034 features and 701 classes: 15 steps lead to the optimum
# in less than a third of the time that 60 do.
FEWEST_STEPS = 15
# Parameters whose products are made at a time. A larger number copies more of the pairs at once.
CHUNK = 1 << 16
# How much of the curvature along a step may be above the bound: that much is rounding.
SLACK = 1e-6
# A bound that was too small is raised by a factor between these.
SMALLEST_RISE = 1.5
LARGEST_RISE = 4.0


class Bfgs:
    """The matrix B = B₀ − L M Lᵀ: B₀ is the curvature, and m pairs give L, with 2m columns, and M (2m, 2m).

    `_low` holds Lᵀ, `_middle` M. `ridge` is the curvature of the penalty l2, l2 / n.
    """

    def __init__(self, curvature: Curvature, ridge: float, pairs: Sequence[Pair]) -> None:
        self._curvature, self._ridge = curvature, ridge
        self._low, self._middle = np.zeros((0, curvature.diagonal.size)), np.zeros((0, 0))
        if pairs:
            self._correct(pairs)

    def _first(self, D: Theta) -> Theta:
        """Return B₀ D."""
        # The curvature takes the means over the classes off: along them it is 0. But l2 is not: its part is added.
        G = self._curvature.times(D)
        G[..., :-1, :] += self._ridge * D[..., :-1, :].mean(axis=-1, keepdims=True)
        return G

    def _correct(self, pairs: Sequence[Pair]) -> None:
        """Compute L and M of the pairs."""
        # With the pairs as columns of S and Y, scaled so that sᵢ·yᵢ = 1:
        # 1. L = [B₀ S, Y].
        # 2. The middle matrix is [[SᵀB₀S, T], [Tᵀ, −I]], where T is the part of SᵀY below the diagonal.
        # 3. M is its inverse. If it has none, some pairs are as good as equal; then B = B₀.
        m, scales = len(pairs), [float((s * y).sum()) ** -0.5 for s, y in pairs]
        low = np.empty((2 * m, pairs[0][0].size))
        for i, ((s, y), scale) in enumerate(zip(pairs, scales, strict=True)):
            low[i], low[m + i] = self._first(s * scale).ravel(), y.ravel() * scale
        products = np.zeros((m, 2 * m))
        for part in (slice(start, start + CHUNK) for start in range(0, low.shape[1], CHUNK)):
            S = np.stack([s.ravel()[part] * scale for (s, _), scale in zip(pairs, scales, strict=True)])
            products += S @ low[:, part].T
        below = np.tril(products[:, m:], -1)
        middle = np.block([[products[:, :m], below], [below.T, -np.eye(m)]])
        with suppress(np.linalg.LinAlgError):
            inverse = np.linalg.inv(middle)
            if np.isfinite(inverse).all():
                self._low, self._middle = low, inverse

    def times(self, D: Theta) -> Theta:
        """Return B D."""
        low = self._low.T @ (self._middle @ (self._low @ D.ravel()))
        return np.asarray(self._first(D) - low.reshape(D.shape))

    @property
    def flops(self) -> int:
        """About how many flops a proximal step costs, `times` among them."""
        return int(self.scale.size * (4 * len(self._low) + 30) + 2 * self._curvature.inverses.size)

    @property
    def scale(self) -> Theta:
        """The diagonal of B₀ (p + 1, K), by which the steps of each parameter are scaled."""
        return self._curvature.diagonal


@dataclass(frozen=True)
class Model:
    """The model q: the matrix B, the point θ and the gradient g there (p + 1, K), and λ = `threshold` (p + 1, 1)."""

    B: Bfgs
    theta: Theta
    g: Theta
    threshold: Theta

    def minimum(self, accuracy: float, one_pass: int) -> Theta:
        """Return about the θ' of the lowest q. Weights that are zero there are exactly zero.

        The steps end when one is at most `accuracy` times as long as the first, or when they have cost WORTH passes
        over the rows. `one_pass` is the cost of a pass, in flops.
        """
        # x is the point so far, and `ahead` the point beyond it to which the momentum of the last step leads. `bound`
        # times the diagonal of B₀ is a curvature that should be at least that of q along each step.
        # 1. Make a proximal step from `ahead`: a gradient step with that curvature, then the proximal operator of l1.
        # 2. If q curves more along the step, raise the bound and go to 1.
        # 3. If the momentum led uphill, begin its sequence anew with t = 1 (restart).
        # 4. With t' = (1 + √(1 + 4 t²)) / 2, the next `ahead` lies beyond the new point by (t − 1) / t' of the way from
        #    x. The new point is the next x, and t' the next t.
        # 5. Stop if the proximal step was short enough; else go to 1.
        x = ahead = Place(self.theta, np.zeros_like(self.theta))
        bound, grown, target = 1.0, 1.0, 0.0
        for _ in range(min(MOST_STEPS, max(FEWEST_STEPS, WORTH * one_pass // self.B.flops))):
            new, size, enough = self._proximal(ahead, bound)
            if enough > bound:
                bound = enough
                continue
            target = target or accuracy * size
            if ((ahead.at - new.at) * (new.at - x.at)).sum() > 0:
                grown = 1.0
            before, grown = grown, (1 + (1 + 4 * grown * grown) ** 0.5) / 2
            ahead, x = new.beyond(x, (before - 1) / grown), new
            if size <= target:
                break
        return x.at

    def _proximal(self, start: "Place", bound: float) -> tuple["Place", float, float]:
        """Return the end of a proximal step, its length, and the bound that it asks for.

        The step takes `bound` times the diagonal of B₀ for the curvature. If q curves more along it, a larger bound is
        returned, else `bound` itself. Lengths are measured by that curvature.
        """
        scale = bound * self.B.scale
        at = shrunk(start.at - (self.g + start.Bd) / scale, self.threshold / scale)
        new = Place(at, self.B.times(at - self.theta))
        e = at - start.at
        length = float((e * e * scale).sum())
        ratio = float((e * (new.Bd - start.Bd)).sum()) / max(length, 1e-300)
        return new, length**0.5, bound * max(SMALLEST_RISE, min(ratio, LARGEST_RISE)) if ratio > 1 + SLACK else bound

    def fall(self, end: Theta) -> float:
        """Return g·d + Σ λ (|end| − |θ|), d = end − θ: the change of the function towards `end` to first order."""
        return float((self.g * (end - self.theta)).sum() + (self.threshold * (np.abs(end) - np.abs(self.theta))).sum())


@dataclass(frozen=True)
class Place:
    """A point θ' and B (θ' − θ), (p + 1, K) each."""

    at: Theta
    Bd: Theta

    def beyond(self, before: "Place", beta: float) -> "Place":
        """Return the place beyond this one by β times the way from `before`. B is linear, so no product is needed."""
        return Place(self.at + beta * (self.at - before.at), self.Bd + beta * (self.Bd - before.Bd))
