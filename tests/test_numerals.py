"""Numbers as text, many at a time: what Python's repr and format give one by one."""

import numpy as np
import pytest

from smtrain.reports.numerals import number_texts, rounded

MANY = 20_000
EDGES = [
    0.0,
    -0.0,
    1.0,
    0.5,
    5e-324,
    2.2250738585072014e-308,
    1.7976931348623157e308,
    123456.0,
    np.inf,
    -np.inf,
    np.nan,
]
EDGES += [s * p for p in 10.0 ** np.arange(-12, 24) for s in (1, -1, 1.5, 1 - 2**-53, 1 + 2**-52, 9.5)]


def numbers(kind):
    """Doubles of one kind."""
    draw = np.random.default_rng(list(kind.encode()))
    drawn = {
        "edges": lambda: np.array(EDGES),
        "any bits": lambda: draw.integers(-(2**63), 2**63, MANY, dtype=np.int64).view(np.float64),
        "subnormal": lambda: draw.integers(0, 2**52, MANY).view(np.float64),
        "any size": lambda: 10 ** draw.uniform(-323, 308, MANY),
        "small": lambda: 10 ** draw.uniform(-12, 0, MANY),
        "nearly one": lambda: 1 - 10 ** draw.uniform(-17, 0, MANY),
        "few digits": lambda: draw.integers(0, 10**4, MANY) / 10.0 ** draw.integers(0, 12, MANY),
        "ties": lambda: (2 * draw.integers(0, 2**12, MANY) + 1) / 2.0 ** draw.integers(1, 20, MANY),
        "whole": lambda: draw.integers(-(2**62), 2**62, MANY).astype(np.float64),
    }
    return drawn[kind]()


KINDS = ["edges", "any bits", "subnormal", "any size", "small", "nearly one", "few digits", "ties", "whole"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_text_is_that_of_repr(kind):
    found = numbers(kind)
    assert number_texts(found.reshape(1, -1)) == [list(map(repr, found.tolist()))]


@pytest.mark.parametrize("layout", [np.ascontiguousarray, np.asfortranarray, lambda S: np.repeat(S, 2, axis=1)[:, ::2]])
def test_lines_are_those_of_the_matrix(layout):
    S = np.random.default_rng(0).random((3, 7)) / 1e5
    assert number_texts(layout(S)) == [list(map(repr, line)) for line in S.tolist()]
    assert number_texts(layout(S[:, :1])) == [[repr(p)] for p in S[:, 0].tolist()]


@pytest.mark.parametrize("digits", [1, 2, 4, 8, 14, 15, 16, 17])
@pytest.mark.parametrize("kind", KINDS)
def test_rounding_is_that_of_format(kind, digits):
    values = np.abs(numbers(kind)[: MANY // 4])
    slow = [float(f"{value:.{digits - 1}e}") for value in values.tolist()]
    found = rounded(values, digits)
    np.testing.assert_array_equal(found, slow)
    # And no text has more digits than were asked for.
    texts = number_texts(found[np.isfinite(found)].reshape(1, -1))[0]
    assert max(len(text.split("e")[0].replace(".", "").strip("0")) for text in texts) <= digits
