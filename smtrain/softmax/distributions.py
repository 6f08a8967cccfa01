"""Student's t and the sign test's binomial, from published finite sums: no statistics library is needed for them."""

import math

# Beyond so many degrees of freedom t is taken for normal: the quantile of 0.975 is then 0.1 % too small.
MOST_DEGREES = 1000


def two_sided(t: float, degrees: int) -> float:
    """P(|T| ≥ |t|) of Student's distribution with `degrees` ≥ 1 degrees of freedom; NaN for a t that is NaN.

    Up to MOST_DEGREES it is one minus a sum, so that less than 1e-15 is 0.
    """
    if math.isnan(t):
        return math.nan
    if degrees > MOST_DEGREES:
        return math.erfc(abs(t) / math.sqrt(2))
    return max(0.0, 1 - _central(abs(t), degrees))


def quantile(level: float, degrees: int) -> float:
    """The t with P(|T| ≤ t) = `level`, 0 < level < 1: half the width of an interval, in standard errors."""
    low, high = 0.0, 1.0
    while 1 - two_sided(high, degrees) < level:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if 1 - two_sided(middle, degrees) < level else (low, middle)
    return (low + high) / 2


def _central(t: float, degrees: int) -> float:
    """P(|T| ≤ t): Abramowitz and Stegun (1964), 26.7.3 and 26.7.4."""
    angle = math.atan2(t, math.sqrt(degrees))
    sine, cosine, odd = math.sin(angle), math.cos(angle), degrees % 2
    term, total = (cosine if odd else 1.0), 0.0
    for i in range(2 + odd, degrees + 1, 2):
        total += term
        term *= cosine * cosine * (i - 1) / i
    return 2 / math.pi * (angle + sine * total) if odd else sine * total


def sign_test(first: int, second: int) -> float:
    """The two-sided probability of counts at least as unequal, if each of their sum is a fair coin's; exact."""
    few, n = min(first, second), first + second
    return min(1.0, 2 * sum(math.comb(n, i) for i in range(few + 1)) / (1 << n))
