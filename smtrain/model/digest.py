"""What tells one training table from another: a sum for each column, and a digest of all of them.

A sum is Σ_i mix(x_i) r_i modulo 2⁶⁴ over the rows, with x_i a cell as the bits of a float64 and r_i an odd number made
from the row's number i. Integers add in any order to the same sum: threads, pieces and processors do not matter, while
a changed cell, or two cells that trade places, do. It finds mistakes, not forgery.
"""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray

from smtrain.model import documents
from smtrain.model.encoder import Encoder, NumericColumn
from smtrain.model.schema import LEFT_OUT
from smtrain.softmax.design import Floats, row_tiles

Sums = NDArray[np.uint64]
# The constants of splitmix64 (Steele, Lea & Flood, 2014), which takes a counter to numbers without a pattern. Others
# would make other digests: no model could be compared with one that was made before.
STEP = 0x9E3779B97F4A7C15
FIRST = 0xBF58476D1CE4E5B9
SECOND = 0x94D049BB133111EB
Sha256 = Annotated[str, re.compile(r"[0-9a-f]{64}").fullmatch]
Sum = Annotated[str, re.compile(r"[0-9a-f]{16}").fullmatch]


def row_keys(start: int, rows: int) -> Sums:
    """The odd numbers r (m,) of the rows from `start` on: splitmix64 of the row's number."""
    z: Sums = np.arange(start + 1, start + rows + 1, dtype=np.uint64) * np.uint64(STEP)
    for shift, factor in ((30, FIRST), (27, SECOND)):
        z ^= z >> np.uint64(shift)
        z *= np.uint64(factor)
    return z ^ z >> np.uint64(31) | np.uint64(1)


def column_sums(cells: Floats, keys: Sums) -> Sums:
    """Σ mix(x) r of each column (q,) of some cells (m, q), NaN where missing; −0 counts as 0."""
    total = np.zeros(cells.shape[1], np.uint64)
    for rows in row_tiles(cells):
        x = cells[rows].astype(np.float64)
        x += 0.0
        x[np.isnan(x)] = np.nan  # one NaN of the many
        bits = np.ascontiguousarray(x).view(np.uint64)
        bits ^= bits >> 32
        bits *= keys[rows, None]
        total += bits.sum(axis=0, dtype=np.uint64)
    return total


@dataclass(frozen=True)
class DataDigest:
    """The `sha256` of the training data, and the sums that it is made of, all as hexadecimal digits.

    There is a sum for each of the encoder's `columns`, in order, for the `target`, and for the `weight` and the
    `groups` of the rows, which are None if they have none.
    """

    sha256: Sha256
    columns: tuple[Sum, ...]
    target: Sum
    weight: Sum | None
    groups: Sum | None = field(default=None, metadata=LEFT_OUT)

    @classmethod
    def of(cls, encoder: Encoder, rows: int, sums: Sums, groups: str | None = None) -> Self:
        """The digest of a table of `rows` rows, from the sums of the encoder's columns, the target, and any weight.

        The last is that of the column of the `groups`, if one is named.
        """
        columns, digits = encoder.columns, [f"{int(total):016x}" for total in sums]
        # Levels and classes are in the digest beside the sums, for a sum knows only their numbers.
        kinds = [None if isinstance(column, NumericColumn) else list(column.places) for column in columns]
        target = digits[len(columns)]
        weight = None if encoder.weight is None else digits[len(columns) + 1]
        together = None if groups is None else digits[-1]
        document = {
            "rows": rows,
            "columns": [[c.name, kind, one] for c, kind, one in zip(columns, kinds, digits, strict=False)],
            "target": [encoder.target, list(encoder.classes), target],
            "weight": None if weight is None else [encoder.weight, weight],
        } | ({} if groups is None else {"groups": [groups, together]})
        sha256 = hashlib.sha256(documents.write(document).tobytes()).hexdigest()
        return cls(sha256, tuple(digits[: len(columns)]), target, weight, together)
