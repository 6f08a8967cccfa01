"""A JSON Schema (json-schema.org, draft 2020-12) of the rows of training: a contract, no prediction."""

from typing import Any

from smtrain.exports.columns import OPTIONS, TOLERANCE, Found, found_in, run, schema_bytes
from smtrain.exports.interface import Golden, Options, Portable
from smtrain.exports.stamp import stamp

__all__ = ["OPTIONS", "TOLERANCE", "run", "write"]


def write(portable: Portable, golden: Golden, options: Options) -> bytes:  # noqa: ARG001 - the signature of a format
    """The schema of a row: an object with a member for each column."""
    about, target = stamp(portable), portable.model.encoder.target
    columns = {found.name: _member(found) for found in found_in(portable)}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": f"rows as smtrain {about['smtrain']} saw them in training; model SHA-256 {about['model_sha256']}",
        "type": "object",
        "properties": columns | {target: {"enum": list(portable.model.classes)}},
        "required": list(columns),
    }
    return schema_bytes(schema)


def _member(found: Found) -> dict[str, Any]:
    nothing: list[None] = [None] if found.missing else []
    if found.levels is not None:
        return {"enum": [*found.levels, *nothing]}
    ends = {} if found.ends is None else dict(zip(("minimum", "maximum"), found.ends, strict=True))
    return {"type": ["number", "null"] if found.missing else "number", **ends}
