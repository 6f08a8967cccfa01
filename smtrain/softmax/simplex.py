"""The maximum of a concave quadratic function over the simplex, by an active set: few variables, no tuning.

The function is e·w − w·Qw / 2, Q positive semidefinite, over w ≥ 0 with Σ w = 1 (Nocedal & Wright, 2006, section 16.5).
"""

import contextlib

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# The most rounds for each variable. Rounding can make the active set go round in circles; then what it has is returned,
# as where the points of a fit that diverges are so far apart (Q from 1 to 1e200) that nothing can be solved.
ROUNDS = 4
# What is added to the diagonal of Q, as a share of its mean: Q may be singular.
RIDGE = 1e-12
# The gain, as a share of the largest |e|, that is not worth another variable.
TRIFLE = 1e-14


def best_mixture(e: Floats, Q: Floats, start: Floats) -> Floats:
    """Return weights w (m,) ≥ 0 of sum 1 that maximise e·w − w·Qw / 2, for e (m,) and Q (m, m); nearly so, at worst.

    `start` (m,) are such weights. The nearer they are, the fewer rounds it takes.
    """
    # 1. A variable is free, or it is 0.
    # 2. Find the maximum over the free ones, whatever their signs.
    # 3. If none is negative there, go there, and free the variable along which the function rises most; if it rises
    #    along none, this is the maximum.
    # 4. Else go towards it as far as all stay positive, and hold the one that has become 0.
    w, free, enough = start, start > 0, TRIFLE * float(np.abs(e).max())
    for _ in range(ROUNDS * len(e)):
        z = _maximum_of(e, Q, free)
        if (z >= 0).all():
            if not z.any():
                break
            w = z / z.sum()
            rise = e - Q @ w
            best = int(np.where(free, -np.inf, rise).argmax())
            if free[best] or rise[best] - w @ rise <= enough:
                break
            free[best] = True
        else:
            share = np.where(z < 0, w / np.where(z < 0, w - z, 1), np.inf)
            held = int(share.argmin())
            w = np.maximum(w + share[held] * (z - w), 0)
            w[held], free[held] = 0, False
            w /= w.sum()
    return w


def _maximum_of(e: Floats, Q: Floats, free: NDArray[np.bool_]) -> Floats:
    """Return the maximum over the free variables with Σ w = 1, of any sign; the others are 0.

    All are 0 where that cannot be solved, because the entries of Q are too far apart.
    """
    # With the multiplier μ: Q w + μ = e and Σ w = 1. The rows are divided by the mean of Q's diagonal.
    chosen = np.flatnonzero(free)
    scale = float(Q.trace()) / len(e) or 1.0
    A = np.ones((len(chosen) + 1, len(chosen) + 1))
    A[:-1, :-1] = Q[chosen[:, None], chosen] / scale
    A.flat[:: len(A) + 1] += RIDGE
    A[-1, -1] = 0
    w = np.zeros(len(e))
    with contextlib.suppress(np.linalg.LinAlgError):  # singular to the last bit
        w[chosen] = np.linalg.solve(A, np.append(e[chosen] / scale, 1.0))[:-1]
    return w
