"""JSON documents kept as arrays of bytes. Text in numpy's own arrays would be pickles, which cannot be trusted."""

import json
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray


def write(document: object) -> NDArray[np.uint8]:
    """UTF-8 JSON as bytes (uint8), with the same bytes for equal documents."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
    return np.frombuffer(text.encode(errors="backslashreplace"), np.uint8)  # of a surrogate, JSON's escape


def read(array: NDArray[np.generic]) -> Any:
    """The document in an array of bytes."""
    if array.dtype != np.uint8 or array.ndim != 1:
        raise ValueError("not a document")
    return json.loads(array.tobytes().decode(), parse_constant=_no_constant)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} in a document")
