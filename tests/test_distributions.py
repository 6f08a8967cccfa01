"""Student's t and the sign test against scipy, which the program itself does without."""

import math

import pytest
from scipy import stats

from smtrain.softmax.distributions import normal_quantile, quantile, sign_test, two_sided


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 5, 10, 29, 100, 999, 1000])
def test_student(degrees):
    for t in (0.0, 0.3, 1.0, 1.96, 4.5, 20.0):
        assert two_sided(t, degrees) == pytest.approx(2 * stats.t.sf(t, degrees), abs=1e-13)
        assert two_sided(-t, degrees) == two_sided(t, degrees)
    for level in (0.01, 0.5, 0.9, 0.95, 0.99, 0.9999):
        assert quantile(level, degrees) == pytest.approx(stats.t.ppf((1 + level) / 2, degrees), rel=1e-9)


def test_many_degrees_are_normal():
    assert two_sided(1.96, 10**6) == pytest.approx(2 * stats.norm.sf(1.96), rel=1e-12)
    assert quantile(0.95, 10**6) == pytest.approx(stats.norm.ppf(0.975), rel=1e-12)
    assert quantile(0.95, 1001) == pytest.approx(stats.t.ppf(0.975, 1001), rel=2e-3)


@pytest.mark.parametrize("level", [1e-300, 1e-16, 0.5, 0.95, 1 - 2**-53])
def test_quantiles_of_a_normal_variable(level):
    assert normal_quantile(level) == pytest.approx(-stats.norm.ppf((1 - level) / 2), rel=1e-12, abs=1e-15)


def test_edges():
    assert two_sided(math.inf, 3) == 0
    assert math.isnan(two_sided(math.nan, 3))


@pytest.mark.parametrize(("first", "second"), [(0, 0), (0, 1), (0, 8), (3, 5), (5, 3), (20, 20), (400, 600)])
def test_sign(first, second):
    expected = stats.binomtest(first, first + second).pvalue if first + second else 1.0
    assert sign_test(first, second) == pytest.approx(expected, rel=1e-9)
