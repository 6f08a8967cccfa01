"""A JSON document that a short program of any language reads: docs/exports.md has one."""

import json
from collections.abc import Sequence
from typing import Any

from smtrain.exports.interface import Golden, Numbers, Options, Portable, Row, Words
from smtrain.exports.python_template import predict_proba
from smtrain.exports.stamp import stamp

OPTIONS = ()
TOLERANCE = 1e-12


def write(portable: Portable, golden: Golden, options: Options) -> bytes:  # noqa: ARG001 - the signature of a format
    """The document."""
    return (json.dumps(document(portable, golden), ensure_ascii=False, allow_nan=False) + "\n").encode()


def document(portable: Portable, golden: Golden) -> dict[str, Any]:
    """All that a prediction needs: the columns, what means missing, and rows to hold a reader against."""
    meaning, dialect = portable.meaning, portable.model.encoder.dialect
    return {
        "format": "smtrain export",
        "version": 1,
        "about": stamp(portable),
        "target": portable.model.encoder.target,
        "classes": portable.classes,
        "intercept": portable.intercept,
        "columns": [_column(column) for column in portable.columns],
        "missing": {"texts": sorted(meaning.missing), "numbers": sorted(meaning.values), "decimal": meaning.decimal},
        "table": {"header": dialect.header, "delimiter": dialect.delimiter},
        "golden": {"rows": golden.rows, "probabilities": golden.probabilities},
    }


def _column(column: Numbers | Words) -> dict[str, Any]:
    if isinstance(column, Words):
        return {"name": column.name, "kind": "words", "levels": column.levels, "missing": column.gap}
    numbers = {"mean": column.mean, "scale": column.scale, "weights": column.weights}
    return {"name": column.name, "kind": "numbers", **numbers, "missing": column.gap}


def run(artefact: bytes, rows: Sequence[Row], options: Options) -> list[list[float]]:  # noqa: ARG001
    """By the reader of it that the export to Python has."""
    model = json.loads(artefact)
    return [predict_proba(row, model) for row in rows]
