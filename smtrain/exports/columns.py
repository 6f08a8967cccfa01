"""What training found in each column, for contracts that other validators hold tables against."""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from smtrain.exports.interface import NoEngineError, Options, Portable, Row
from smtrain.model.contract import HIGH, LOW
from smtrain.model.encoder import MISSING_LEVEL, CategoricalColumn
from smtrain.sources.typed import text_of

# What `Exporter` has, of a contract.
OPTIONS = ()
TOLERANCE = 0.0


@dataclass(frozen=True)
class Found:
    """A column: its `levels`, None of numbers; its least and largest number, if known; whether cells were missing."""

    name: str
    levels: tuple[str, ...] | None
    ends: tuple[float, float] | None
    missing: bool


def found_in(portable: Portable) -> Iterator[Found]:
    """Each column of the model, in order."""
    encoder, contract = portable.model.encoder, portable.model.contract
    lines = iter([] if contract is None else contract.numbers)
    for column in encoder.columns:
        if isinstance(column, CategoricalColumn):
            levels = tuple(level for level in column.places if level is not None)
            yield Found(column.name, levels, None, MISSING_LEVEL in column.places)
        else:
            line = next(lines, None)
            yield Found(
                column.name, None, None if line is None else (line[LOW].item(), line[HIGH].item()), column.missing
            )


def typed(text: str) -> list[bool | int | float]:
    """The value of another type that smtrain takes for this text, if there is one: 1 for "1", true for "True"."""
    if text in {"True", "False"}:
        return [text == "True"]
    for kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        if math.isfinite(value) and text_of(value) == text:
            return [value]
    return []


def schema_bytes(schema: dict[str, Any]) -> bytes:
    """A schema as the JSON of its file."""
    return (json.dumps(schema, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode()


def run(artefact: bytes, rows: Sequence[Row], options: Options) -> list[list[float]]:  # noqa: ARG001
    """Raise NoEngineError."""
    raise NoEngineError("it is a contract of the columns, and has no probabilities")
