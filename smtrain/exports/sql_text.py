"""Pieces of SQL that SQLite, DuckDB and PostgreSQL read alike: names, texts, numbers, sums and conditions."""

from collections.abc import Sequence

# A weight that is less is 0: a product with it may be an error in PostgreSQL, if it is too small for a number.
LEAST_WEIGHT = 1e-250
DIGITS = "0123456789"
# What numbers have inside of their digits, besides a point.
EXPONENTS = ["''", "'e'", "'E'", "'e-'", "'E-'", "'e+'", "'E+'"]


def identifier(name: str) -> str:
    """A name in quotes."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text in quotes."""
    return "'" + text.replace("'", "''") + "'"


def number(value: float) -> str:
    """A number that every database takes for one of double precision."""
    text = repr(float(value))
    return text if "e" in text else f"{text}e0"


def weight(value: float) -> str:
    """A weight as a number."""
    return number(value if abs(value) > LEAST_WEIGHT else 0)


def balanced(terms: Sequence[str]) -> str:
    """The sum of terms in pairs of pairs: databases limit how deep an expression is."""
    parts = list(terms) or ["0e0"]
    while len(parts) > 1:
        parts = [f"({'+'.join(parts[i : i + 2])})" for i in range(0, len(parts), 2)]
    return parts[0]


def among(expression: str, values: Sequence[str], then: str, other: str) -> str:
    """`then` if an expression is one of some values, else `other`."""
    # Not by IN, of which DuckDB makes a join each: with a thousand columns it would take minutes to make sense of them.
    return (
        f"CASE {expression} {' '.join(f'WHEN {one} THEN {then}' for one in values)} ELSE {other} END"
        if values
        else other
    )


def is_no_number(blank: str) -> str:
    """Whether a text without blanks around it is none that a database casts to a number."""
    # By what is left without digits, for there is no regular expression that all three know.
    inside = f"LTRIM(TRIM(LTRIM({blank}, '+-'), '{DIGITS}'), '.{DIGITS}')"
    start, second = f"LTRIM({blank}, '+-.')", f"SUBSTR({blank}, 2, 1)"
    return (
        f"{among(inside, EXPONENTS, '0', '1')} = 1 OR RTRIM({blank}, '+-eE') <> {blank} OR {blank} LIKE '%.%.%' OR "
        f"LTRIM({start} || 'e', 'eE') <> {start} || 'e' OR LTRIM({second}, '+-') <> {second}"
    )
