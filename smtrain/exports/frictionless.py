"""A Table Schema of the table that the model was trained on (specs.frictionlessdata.io): a contract, no prediction."""

from decimal import Decimal
from math import inf, nextafter
from typing import Any

from smtrain.exports.columns import OPTIONS, TOLERANCE, Found, found_in, run, schema_bytes
from smtrain.exports.interface import Golden, Options, Portable
from smtrain.exports.stamp import stamp
from smtrain.sources.meaning import Meaning
from smtrain.sources.typed import text_of

__all__ = ["OPTIONS", "TOLERANCE", "run", "write"]


def write(portable: Portable, golden: Golden, options: Options) -> bytes:  # noqa: ARG001 - the signature of a format
    """The schema: a field for each column, and what is missing."""
    meaning = portable.meaning
    fields = [
        _numbers(found, meaning) if found.levels is None else _words(found, meaning) for found in found_in(portable)
    ]
    schema = {"fields": fields, "missingValues": sorted(meaning.missing), "smtrain": stamp(portable)}
    return schema_bytes(schema)


def _words(found: Found, meaning: Meaning) -> dict[str, Any]:
    levels = found.levels or ()
    # A level of a typed table may be a text that is missing in a file.
    missing = sorted(meaning.missing.difference(levels))
    own = {"missingValues": missing} if len(missing) < len(meaning.missing) else {}
    constraints = {"required": not found.missing, "enum": list(levels)}
    return {"name": found.name, "type": "string", **own, "constraints": constraints}


def _numbers(found: Found, meaning: Meaning) -> dict[str, Any]:
    """A column of numbers, in which a number that is missing has other spellings: as an integer, and as a float."""
    spelled = {text.replace(".", meaning.decimal) for value in meaning.values for text in (text_of(value), repr(value))}
    own = {"missingValues": sorted(meaning.missing | spelled)} if spelled else {}
    mark = {} if meaning.decimal == "." else {"decimalChar": meaning.decimal}
    constraints: dict[str, Any] = {"required": not found.missing}
    if found.ends is not None:
        constraints |= dict(zip(("minimum", "maximum"), map(_outward, found.ends, (-inf, inf)), strict=True))
    return {"name": found.name, "type": "number", **mark, **own, "constraints": constraints}


def _outward(end: float, side: float) -> float:
    """An end of the range as validators may compare it, which read a number of a file with all of its digits.

    The next float, where the digits that are written here are not all that the number has.
    """
    return end if Decimal(repr(end)) == Decimal(end) else nextafter(end, side)
