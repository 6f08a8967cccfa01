"""A JSON Schema (json-schema.org, draft 2020-12) of the rows of training: a contract, no prediction."""

from collections.abc import Collection, Sequence
from typing import Any

from smtrain.exports.columns import OPTIONS, TOLERANCE, Found, found_in, run, schema_bytes, typed
from smtrain.exports.interface import Golden, Options, Portable
from smtrain.exports.stamp import stamp
from smtrain.sources.typed import typed_meaning

__all__ = ["OPTIONS", "TOLERANCE", "run", "write"]


def write(portable: Portable, golden: Golden, options: Options) -> bytes:  # noqa: ARG001 - the signature of a format
    """The schema of a row: an object with a member for each column."""
    about, encoder = stamp(portable), portable.model.encoder
    absent = [None, *sorted(typed_meaning(encoder.dialect, ".").missing)]
    columns = {
        found.name: _numbers(found, portable.meaning.values)
        if found.levels is None
        else _one_of(found.levels, absent if found.missing else [])
        for found in found_in(portable)
    }
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": f"rows as smtrain {about['smtrain']} saw them in training; model SHA-256 {about['model_sha256']}",
        "type": "object",
        "properties": columns | {encoder.target: _one_of(encoder.classes)},
        "required": list(columns),
    }
    return schema_bytes(schema)


def _one_of(texts: Sequence[str], others: Sequence[str | None] = ()) -> dict[str, Any]:
    """Any of some texts, and what else counts as such."""
    return {"enum": [*texts, *(value for text in texts for value in typed(text)), *others]}


def _numbers(found: Found, values: Collection[float]) -> dict[str, Any]:
    """A number of the range, or nothing if cells were missing, for which some numbers may stand too."""
    ends = {} if found.ends is None else dict(zip(("minimum", "maximum"), found.ends, strict=True))
    if not (found.missing and values and ends):
        return {"type": ["number", "null"] if found.missing else "number", **ends}
    return {"anyOf": [{"type": "number", **ends}, {"enum": [None, *sorted(values)]}]}
