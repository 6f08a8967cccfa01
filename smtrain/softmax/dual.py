"""The Fenchel dual of the objective: probabilities for every row that prove a bound on the minimum.

It is:

    min J/n ≥ mean of H(u_n) − Σ_jk (|A_jk| − l1/n)₊² / (2 l2/n)        A = Σ_n v_n x_n ⊗ (u_n − y_n) / n

H is the entropy, and (·)₊ is max(·, 0). The bound holds for any probabilities u_n with Σ_n v_n (u_n − y_n) = 0. Without
l2 it holds for those that leave no |A_jk| above l1/n, and the second term is 0. docs/maths.md, "Certificate", derives
it. Everything here is a mean over rows.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.loss import Partition, logits, softmax

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Dual:
    """The probabilities u_n = (1 − τ) y_n + τ (s_n − ρ ∘ s_n + (ρ·s_n) q), with `rho` and `q` (K,) and τ = `scale`.

    `entropy` is a lower bound of the mean entropy for τ = 1, and `cost` the second term of the bound.
    """

    rho: Floats
    q: Floats
    scale: float
    entropy: float
    cost: float

    @property
    def bound(self) -> float:
        """The bound that needs no pass over the rows: H is concave, so H(u) is at least τ times the one for τ = 1."""
        return self.scale * self.entropy - self.cost

    def forecast(self, nll: float) -> float:
        """Return about what the bound would be with the entropy of u itself, to second order in 1 − τ. It is no proof.

        `nll` is the mean NLL at the point.
        """
        rest = 1 - self.scale
        return self.scale * self.entropy + rest * (1 - rest / 2) * nll - self.cost


def dual_point(entropy: float, G: Floats, g: Floats, c: Floats, P: Floats, *, l1: float, l2: float) -> Dual:
    """Return the dual at the model's own probabilities S, changed as little as the conditions on u require.

    `entropy` is the mean of H(s), G (p, K) and g (K,) the gradient of the NLL by W and b, c (K,) the classes' shares of
    the weight, P (p, K) the matrix XᵀVS/n; l1 and l2 are the penalties divided by n, not both 0.
    """
    # 1. The mean probabilities are s̄ = c + g. A class with g > 0 has too much probability, one with g < 0 too little.
    s = c + g
    more, less = np.maximum(g, 0), np.maximum(-g, 0)
    rho, q = np.zeros_like(g), c
    if more.any() and less.any():
        # 2. In every row a class that has too much gives the share ρ_k = g_k / s̄_k of its probability, and q hands it
        #    to those that have too little. Then the mean of u is c.
        rho, q = more / np.maximum(np.maximum(s, c), 1e-300), less / less.sum()
        # 3. The matrix A of these u, without a pass: it is linear in u.
        G = G - P * rho + np.outer(P @ rho, q)
        # 4. A lower bound of their entropy.
        entropy = max(_entropy_of_all(entropy, s, rho, q), _entropy_of_moved(entropy, s, rho, q))
    # 5. The condition of l1, or the cost of l2; the better of the two.
    return max(_scaled(Dual(rho, q, 1.0, entropy, 0.0), np.abs(G), l1, l2), key=lambda dual: dual.bound)


def _entropy_of_all(entropy: float, s: Floats, rho: Floats, q: Floats) -> float:
    """Return a lower bound of the mean entropy of u = s − ρ ∘ s + (ρ·s) q, good where all ρ_k are about as large.

    `entropy` is that of the s_n, and `s` (K,) their mean.
    """
    # With ε the largest ρ_k, u = (1 − ε) s + ε w, where w is a mixture, with the weights s_k, of vectors that have the
    # parts 1 − ρ_k/ε on class k and ρ_k/ε on q. H is concave.
    most = float(rho.max())
    share = rho / most
    w = _entropies(np.column_stack([share, 1 - share])) + share * float(_entropies(q[None])[0])
    return (1 - most) * entropy + most * float(s @ w)


def _entropy_of_moved(entropy: float, s: Floats, rho: Floats, q: Floats) -> float:
    """Return another lower bound of it, good where little probability is moved, if much of some rare class's.

    The arguments are those of `_entropy_of_all`.
    """
    # With r = ρ·s, u = (1 − r) t + r q, where t = s ∘ (1 − ρ) / (1 − r) is what stays. H is concave, and
    #     (1 − r) H(t) = H(s) + Σ_k ρ_k s_k log s_k − Σ_k s_k (1 − ρ_k) log(1 − ρ_k) + (1 − r) log(1 − r)
    # Over the rows, the mean of s_k log s_k is at least that of the mean s_k, and (1 − r) log(1 − r) is at least −r.
    moved = rho * s
    stays = -float((s * (1 - rho)) @ np.log(np.maximum(1 - rho, 1e-300)))
    lost = -float(moved @ np.log(np.maximum(s, 1e-300))) + float(moved.sum())
    return entropy - lost + stays + float(moved.sum()) * float(_entropies(q[None])[0])


def _scaled(dual: Dual, sizes: Floats, l1: float, l2: float) -> list[Dual]:
    """Return the dual at τ = 1, if there is an l2; and, if there is an l1, at the largest τ with no |A_jk| above l1/n.

    `sizes` are the |A_jk| at τ = 1.
    """
    duals = []
    if l2 > 0:
        above = np.maximum(sizes - l1, 0)
        duals.append(replace(dual, cost=float((above * above).sum()) / (2 * l2)))
    if l1 > 0 or not duals:  # a tiny penalty divided by n may be 0 in floating point; then τ and the bound are 0
        duals.append(replace(dual, scale=l1 / max(l1, float(sizes.max()), 1e-300)))
    return duals


def _entropies(U: Floats) -> Floats:
    """Return the entropy −Σ_k u_k log u_k of every line of U (m, K), (m,); 0 log 0 counts as 0."""
    return np.asarray(-(U * np.log(np.where(U > 0, U, 1))).sum(axis=1))


def entropy_sum(partition: Partition, W: Floats, b: Floats, dual: Dual) -> float:
    """Return Σ v H(u) over the rows of a partition. It costs the forward half of a pass."""
    total = 0.0
    for tile in partition.tiles(len(b)):
        # s, then s − ρ ∘ s + (ρ·s) q, then τ times that plus 1 − τ for the row's own class.
        U = softmax(logits(tile.X, W, b)).T.astype(np.float64)
        U = U - U * dual.rho + np.outer(U @ dual.rho, dual.q)
        U *= dual.scale
        U[np.arange(tile.rows), tile.y] += 1 - dual.scale
        total += float(tile.v @ _entropies(U))
    return total
