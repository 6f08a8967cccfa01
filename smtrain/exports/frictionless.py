"""A Table Schema of the table that the model was trained on (specs.frictionlessdata.io): a contract, no prediction."""

import json
from collections.abc import Sequence
from typing import Any

from smtrain.exports.columns import Found, found_in
from smtrain.exports.interface import CONTRACT, Golden, NoEngineError, Options, Portable, Row
from smtrain.exports.stamp import stamp

OPTIONS = ()
TOLERANCE = 0.0


def write(portable: Portable, golden: Golden, options: Options) -> bytes:  # noqa: ARG001 - the signature of a format
    """The schema: a field for each column, and what is missing."""
    fields = [_field(found, portable.meaning.decimal) for found in found_in(portable)]
    missing = sorted({*portable.meaning.missing, *(f"{value:.17g}" for value in portable.meaning.values)})
    schema = {"fields": fields, "missingValues": missing, "smtrain": stamp(portable)}
    return (json.dumps(schema, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode()


def _field(found: Found, decimal: str) -> dict[str, Any]:
    constraints: dict[str, Any] = {"required": not found.missing}
    if found.levels is not None:
        return {"name": found.name, "type": "string", "constraints": constraints | {"enum": list(found.levels)}}
    if found.ends is not None:
        constraints |= dict(zip(("minimum", "maximum"), found.ends, strict=True))
    mark = {} if decimal == "." else {"decimalChar": decimal}
    return {"name": found.name, "type": "number", **mark, "constraints": constraints}


def run(artefact: bytes, rows: Sequence[Row], options: Options) -> list[list[float]]:  # noqa: ARG001
    """A contract has no probabilities."""
    raise NoEngineError(CONTRACT)
