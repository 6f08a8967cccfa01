"""A Table Schema of the table that the model was trained on (specs.frictionlessdata.io): a contract, no prediction."""

from typing import Any

from smtrain.exports.columns import OPTIONS, TOLERANCE, Found, found_in, run, schema_bytes
from smtrain.exports.interface import Golden, Options, Portable
from smtrain.exports.stamp import stamp

__all__ = ["OPTIONS", "TOLERANCE", "run", "write"]


def write(portable: Portable, golden: Golden, options: Options) -> bytes:  # noqa: ARG001 - the signature of a format
    """The schema: a field for each column, and what is missing."""
    fields = [_field(found, portable.meaning.decimal) for found in found_in(portable)]
    missing = sorted({*portable.meaning.missing, *(f"{value:.17g}" for value in portable.meaning.values)})
    schema = {"fields": fields, "missingValues": missing, "smtrain": stamp(portable)}
    return schema_bytes(schema)


def _field(found: Found, decimal: str) -> dict[str, Any]:
    constraints: dict[str, Any] = {"required": not found.missing}
    if found.levels is not None:
        return {"name": found.name, "type": "string", "constraints": constraints | {"enum": list(found.levels)}}
    if found.ends is not None:
        constraints |= dict(zip(("minimum", "maximum"), found.ends, strict=True))
    mark = {} if decimal == "." else {"decimalChar": decimal}
    return {"name": found.name, "type": "number", **mark, "constraints": constraints}
