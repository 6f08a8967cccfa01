"""What L-BFGS remembers of recent steps, and the direction that follows from it.

A pair (s, y), both (p + 1, K), is a step s and the change y of the gradient that it made. For a quadratic function with
the Hessian H, y = H s; so the pairs say what H does along the recent steps.
"""

import numpy as np

from smtrain.softmax.curvature import Curvature
from smtrain.softmax.objective import Theta

# The most pairs. More of them would cost more than the curvature that they add is worth.
MEMORY = 50
# The most bytes of all pairs, as long as there are FEWEST_PAIRS. With more, large models would not fit in memory.
# With 1,034 columns and 701 classes, 5 pairs take as many steps as 23 do.
MEMORY_BYTES = 1 << 26
FEWEST_PAIRS = 3
# The least cosine of the angle between s and y of a pair that is kept. Below, the curvature along s is rounding or
# negative, and the approximate Hessian would not be positive definite.
LEAST_COSINE = 1e-12

Pair = tuple[Theta, Theta]


def most_pairs(bytes_of_theta: int) -> int:
    """Return the most pairs that are kept for parameters of so many bytes."""
    return max(FEWEST_PAIRS, min(MEMORY, MEMORY_BYTES // (2 * bytes_of_theta)))


def with_pair(pairs: tuple[Pair, ...], s: Theta, y: Theta) -> tuple[Pair, ...]:
    """Return the pairs with a new one behind them, and without the oldest if there are too many."""
    if (s * y).sum() > LEAST_COSINE * np.linalg.norm(s) * np.linalg.norm(y):
        return (*pairs, (s, y))[-most_pairs(s.nbytes) :]
    return pairs


def descent_direction(g: Theta, pairs: tuple[Pair, ...], curvature: Curvature) -> Theta:
    """Return −H⁻¹g for the gradient g, H⁻¹ the approximate inverse Hessian of L-BFGS; it leads downhill."""
    # The two-loop recursion (Nocedal, 1980; Nocedal & Wright, 2006, Algorithm 7.4), with ρ = 1 / s·y of each pair:
    # 1. q = g. From the newest pair to the oldest: a = ρ s·q, and q ← q − a y.
    # 2. q ← M⁻¹ q, with the curvature M as the first guess of H.
    # 3. From the oldest pair to the newest: q ← q + (a − ρ y·q) s. Then q = H⁻¹g.
    q = g.copy()
    used: list[tuple[float, float, Theta, Theta]] = []
    for s, y in reversed(pairs):
        rho = 1 / float((s * y).sum())
        a = rho * float((s * q).sum())
        q -= a * y
        used.append((a, rho, s, y))
    q = curvature.solve(q)
    for a, rho, s, y in reversed(used):
        q += (a - rho * float((y * q).sum())) * s
    # In exact arithmetic −q always leads downhill. Where rounding spoils that, the pairs are left out.
    return -q if (q * g).sum() > 0 else -curvature.solve(g)
