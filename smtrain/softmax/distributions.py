"""Student's t, χ² and the sign test's binomial, from published finite sums, so that no statistics library is needed."""

import math
from statistics import NormalDist

# The level of intervals, unless another is asked for.
LEVEL = 0.95
# The most degrees of freedom for which t is computed. Beyond them the normal distribution is taken, whose quantile of
# 0.975 is then 0.1 % too small. A larger number would make the sum longer.
MOST_DEGREES = 1000
# Halvings of the interval in which a quantile lies: 2⁻⁶⁰ of it is below the rounding of float64.
HALVINGS = 60


def two_sided(t: float, degrees: int) -> float:
    """Return P(|T| ≥ |t|) of Student's distribution with `degrees` ≥ 1 degrees of freedom; NaN if t is NaN.

    Up to MOST_DEGREES it is one minus a sum, so a probability below about 1e-15 comes out as 0.
    """
    if math.isnan(t):
        return math.nan
    if degrees > MOST_DEGREES:
        return math.erfc(abs(t) / math.sqrt(2))
    return max(0.0, 1 - _central(abs(t), degrees))


def quantile(level: float, degrees: int) -> float:
    """Return the t with P(|T| ≤ t) = `level`, 0 < level < 1: half the width of an interval, in standard errors."""
    # Double the upper end until t is below it, then halve the interval.
    low, high = 0.0, 1.0
    while 1 - two_sided(high, degrees) < level:
        high *= 2
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if 1 - two_sided(middle, degrees) < level else (low, middle)
    return (low + high) / 2


def normal_quantile(level: float) -> float:
    """Return the z with P(|Z| ≤ z) = `level` of a normal variable, 0 < level < 1."""
    return -NormalDist().inv_cdf((1 - level) / 2)  # the tail below: that above rounds to 1 where the level nearly is


def _central(t: float, degrees: int) -> float:
    """Return P(|T| ≤ t) by the finite sums of Abramowitz and Stegun (1964), 26.7.3 and 26.7.4."""
    # With the angle θ = atan(t / √degrees), for odd degrees P = 2/π (θ + sin θ (cos θ + 2/3 cos³ θ + …)); for even ones
    # P = sin θ (1 + 1/2 cos² θ + …). Each term is the one before times cos² θ (i − 1) / i.
    angle = math.atan2(t, math.sqrt(degrees))
    sine, cosine, odd = math.sin(angle), math.cos(angle), degrees % 2
    term, total = (cosine if odd else 1.0), 0.0
    for i in range(2 + odd, degrees + 1, 2):
        total += term
        term *= cosine * cosine * (i - 1) / i
    return 2 / math.pi * (angle + sine * total) if odd else sine * total


def chi_square(x: float, degrees: int) -> float:
    """Return P(χ² ≥ x) with `degrees` ≥ 1 degrees of freedom, x ≥ 0, by the finite sums of the same book, 26.4.4 and 5.

    With y = x / 2 it is Σ_a y^a e^−y / Γ(a + 1): for even degrees over a = 0, 1, … below their half; for odd ones over
    a = 1/2, 3/2, …, and P(|Z| ≥ √x) of a normal variable besides.
    """
    y, odd = x / 2, degrees % 2
    if y == 0:
        return 1.0
    # Each term from its logarithm: y^a and Γ overflow long before their quotient does.
    powers = (i + odd / 2 for i in range(degrees // 2))
    terms = [math.exp(a * math.log(y) - y - math.lgamma(a + 1)) for a in powers]
    return min(1.0, math.fsum(terms) + (math.erfc(math.sqrt(y)) if odd else 0.0))


def sign_test(first: int, second: int) -> float:
    """Return the two-sided probability of two counts at least as unequal, if a fair coin decided each; exact."""
    few, n = min(first, second), first + second
    return min(1.0, 2 * sum(math.comb(n, i) for i in range(few + 1)) / (1 << n))
