"""The Fenchel dual of the objective: probabilities for every row that prove a bound on the minimum.

    min J/n ≥ mean of H(u_n) − Σ_jk (|A_jk| − l1/n)₊² / (2 l2/n)        A = Σ_n v_n x_n ⊗ (u_n − y_n) / n

for any probabilities u_n with Σ_n v_n (u_n − y_n) = 0; without l2 for those that leave no |A_jk| above l1/n. See
docs/maths.md, "Certificate". Everything here is a mean over rows.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.loss import Partition, logits, softmax

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Dual:
    """u_n = (1 − τ) y_n + τ (s_n − ρ ∘ s_n + (ρ·s_n) q), with `rho` (K,), `q` (K,) and τ = `scale`.

    `entropy` is a lower bound of the mean entropy at τ = 1, `cost` what l2 takes off.
    """

    rho: Floats
    q: Floats
    scale: float
    entropy: float
    cost: float

    @property
    def bound(self) -> float:
        """The bound that needs no pass over the rows: by concavity H(u) is at least τ times that at τ = 1."""
        return self.scale * self.entropy - self.cost

    def forecast(self, nll: float) -> float:
        """What the bound would be about with the entropy of u itself, to second order in 1 − τ. No proof."""
        rest = 1 - self.scale
        return self.scale * self.entropy + rest * (1 - rest / 2) * nll - self.cost


def dual_point(entropy: float, G: Floats, g: Floats, c: Floats, P: Floats, *, l1: float, l2: float) -> Dual:
    """The dual at the model's own probabilities S, changed as little as the two conditions ask for.

    `entropy` is the mean of H(s), G (p, K) and g (K,) the gradient of the NLL by W and b, c (K,) the classes' shares of
    the weight, P (p, K) the matrix XᵀVS/n; l1 and l2 are the penalties' shares, divided by n, not both 0.
    """
    s = c + g  # the mean probabilities: too high where g > 0; what is too much goes where g < 0
    more, less = np.maximum(g, 0), np.maximum(-g, 0)
    rho, q = np.zeros_like(g), c
    if more.any() and less.any():
        rho, q = more / np.maximum(np.maximum(s, c), 1e-300), less / less.sum()
        G = G - P * rho + np.outer(P @ rho, q)
        most = float(rho.max())
        share = rho / most  # u = (1 − most) s + most w, where w moves a larger share of each class than u does
        w = _entropies(np.column_stack([share, 1 - share])) + share * float(_entropies(q[None])[0])
        entropy = (1 - most) * entropy + most * float(s @ w)
    return max(_scaled(Dual(rho, q, 1.0, entropy, 0.0), np.abs(G), l1, l2), key=lambda dual: dual.bound)


def _scaled(dual: Dual, sizes: Floats, l1: float, l2: float) -> list[Dual]:
    """The dual at τ = 1, if there is an l2; and, if there is an l1, at the largest τ with no |A_jk| above l1/n."""
    found = []
    if l2 > 0:
        above = np.maximum(sizes - l1, 0)
        found.append(replace(dual, cost=float((above * above).sum()) / (2 * l2)))
    if l1 > 0 or not found:  # the share of a tiny penalty may be 0 in floating point: then the bound is 0
        found.append(replace(dual, scale=l1 / max(l1, float(sizes.max()), 1e-300)))
    return found


def _entropies(U: Floats) -> Floats:
    """−Σ_k u_k log u_k of every line."""
    return np.asarray(-(U * np.log(np.where(U > 0, U, 1))).sum(axis=1))


def entropy_sum(partition: Partition, W: Floats, b: Floats, dual: Dual) -> float:
    """Σ v H(u) over the rows of a partition: the forward half of a pass."""
    total = 0.0
    for tile in partition.tiles(len(b)):
        U = softmax(logits(tile.X, W, b)).T.astype(np.float64)
        U = U - U * dual.rho + np.outer(U @ dual.rho, dual.q)
        U *= dual.scale
        U[np.arange(tile.rows), tile.y] += 1 - dual.scale
        total += float(tile.v @ _entropies(U))
    return total
