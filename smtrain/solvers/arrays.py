"""What a solver remembers, as arrays by name, and back: for a file from which an interrupted run goes on.

How a value is written follows from its type alone, so a new field of a state, or a new state, needs nothing here:

    a number, None among them               one number, NaN for None
    a dataclass of numbers                  a line of numbers; a tuple of such, or of numbers, an array
    an array                                itself
    another dataclass, or tuple             its parts, each under its name or place
    a handle to what is kept of the rows    the piece of each partition
    None in place of such a thing           nothing

Reading arrays that no run has written raises KeyError, TypeError, ValueError, IndexError or OverflowError.
"""

import types
from dataclasses import dataclass, fields, is_dataclass
from functools import partial
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.loss import Partition
from smtrain.softmax.rows import Handle, Rows
from smtrain.solvers.interface import State

Arrays = dict[str, NDArray[Any]]
# The types that are written as a number.
NUMBERS = (float, int, bool)
# The name of the array that tells how many parts a value has. It tells a value with empty parts from none.
COUNT = "count"


class Kind(NamedTuple):
    """A type without None, and whether it may be None."""

    type: Any
    optional: bool


@dataclass(frozen=True)
class Codec:
    """Writes values as arrays and reads them back.

    `rows` are the rows beside which handles keep their pieces. `state` is the class of the state wherever a type says
    State.
    """

    rows: Rows
    state: type[State]

    def write(self, kind: Any, value: Any, name: str) -> Arrays:
        """Return the arrays of a value whose type is `kind`. Their names begin with `name`."""
        # The cases are those of the module's list. `read` has the same, in the same order.
        kind, _ = self._plain(kind)
        if self._is_number(kind) or self._is_line(kind):
            return {name: np.array(_line(kind, value), np.float64)}
        if value is None:
            return {}
        if get_origin(kind) is np.ndarray:
            return {name: np.asarray(value, np.float64)}
        if self._is_table(kind):
            lines = [_line(get_args(kind)[0], one) for one in value]
            return {name: np.array(lines, np.float64) if lines else np.empty((0, 1))}
        if kind is Handle:
            pieces = self.rows.sum(_Pieces.of, value).pieces
            return {f"{name}.{start}": piece for start, piece in pieces.items()}
        return self._write_parts(kind, value, name)

    def read(self, kind: Any, arrays: Arrays, name: str) -> Any:
        """Return the value of the type `kind` that `write` wrote under `name`."""
        kind, optional = self._plain(kind)
        if self._is_number(kind) or self._is_line(kind):
            return self._from_line(kind, arrays[name], optional=optional)
        if optional and not any(one == name or one.startswith(f"{name}.") for one in arrays):
            return None
        if get_origin(kind) is np.ndarray:
            return arrays[name].astype(get_args(get_args(kind)[1])[0])
        if self._is_table(kind):
            item, optional = self._plain(get_args(kind)[0])
            return tuple(self._from_line(item, line, optional=optional) for line in arrays[name])
        if kind is Handle:
            under = f"{name}."
            pieces = {int(one.removeprefix(under)): arrays[one] for one in arrays if one.startswith(under)}
            return self.rows.keep(partial(_piece, pieces))
        return self._read_parts(kind, arrays, name)

    def _plain(self, kind: Any) -> Kind:
        """Return the type without None, and whether there was one. State becomes the class of the state."""
        if get_origin(kind) not in {Union, types.UnionType}:
            return Kind(self.state if kind is State else kind, optional=False)
        (plain,) = (one for one in get_args(kind) if one is not types.NoneType)
        return Kind(self.state if plain is State else plain, optional=True)

    def _is_number(self, kind: Any) -> bool:
        """Return whether a type is that of a number."""
        return kind in NUMBERS

    def _is_line(self, kind: Any) -> bool:
        """Return whether a type is a dataclass of numbers."""
        return is_dataclass(kind) and all(self._is_number(self._plain(one).type) for one in _hints(kind).values())

    def _is_table(self, kind: Any) -> bool:
        """Return whether a type is a tuple of any number of numbers, or of dataclasses of numbers."""
        if get_origin(kind) is not tuple or get_args(kind)[1:] != (...,):
            return False
        item = self._plain(get_args(kind)[0]).type
        return self._is_number(item) or self._is_line(item)

    def _from_line(self, kind: Any, line: NDArray[Any], *, optional: bool) -> Any:
        """Return the number, or the dataclass of numbers, that a line of numbers stands for."""
        if not is_dataclass(kind):
            (number,) = line.tolist()
            return None if optional and np.isnan(number) else kind(number)
        values = {}
        for (name, hint), number in zip(_hints(kind).items(), line, strict=True):
            part = self._plain(hint)
            values[name] = self._from_line(part.type, np.array([number]), optional=part.optional)
        return kind(**values) if isinstance(kind, type) else values

    def _write_parts(self, kind: Any, value: Any, name: str) -> Arrays:
        """Return the arrays of the parts of a dataclass or tuple, and of their number."""
        values = [getattr(value, field.name) for field in fields(kind)] if is_dataclass(kind) else list(value)
        arrays: Arrays = {f"{name}.{COUNT}": np.array([float(len(values))])}
        for (part, hint), one in zip(_parts(kind, len(values)).items(), values, strict=True):
            arrays |= self.write(hint, one, f"{name}.{part}")
        return arrays

    def _read_parts(self, kind: Any, arrays: Arrays, name: str) -> Any:
        """Return the dataclass or tuple that `_write_parts` wrote."""
        (count,) = arrays[f"{name}.{COUNT}"].tolist()
        if not 0 <= count <= len(arrays):  # also true for NaN
            raise ValueError(f"{name} has {count} parts")
        parts = _parts(kind, int(count)).items()
        values = {part: self.read(hint, arrays, f"{name}.{part}") for part, hint in parts}
        return kind(**values) if isinstance(kind, type) else tuple(values.values())


def _hints(kind: Any) -> dict[str, Any]:
    """Return the types of the fields of a dataclass, by name."""
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _parts(kind: Any, count: int) -> dict[str, Any]:
    """Return the types of the fields of a dataclass by name, or those of the `count` items of a tuple by place."""
    if is_dataclass(kind):
        return _hints(kind)
    items = get_args(kind)
    items = items[:1] * count if items[1:] == (...,) else items
    return {str(i): item for i, item in enumerate(items)}


def _line(kind: Any, value: Any) -> list[float]:
    """Return a number, or a dataclass of numbers, as a line of numbers; None becomes NaN."""
    values = [getattr(value, field.name) for field in fields(kind)] if is_dataclass(kind) else [value]
    return [np.nan if one is None else float(one) for one in values]


class _Pieces:
    """The pieces of a kept array, by the position where their partition starts. Its "sum" is all pieces together.

    So a sum over the rows brings the pieces to the driver.
    """

    def __init__(self, pieces: dict[int, NDArray[Any]]) -> None:
        self.pieces = pieces

    @classmethod
    def of(cls, partition: Partition, piece: NDArray[Any]) -> "_Pieces":
        """Return the piece of one partition."""
        return cls({partition.start: piece})

    def __add__(self, other: "_Pieces") -> "_Pieces":
        return _Pieces(self.pieces | other.pieces)


def _piece(pieces: dict[int, NDArray[Any]], partition: Partition) -> NDArray[Any]:
    """Return the piece of a partition, so that it is kept beside it again. Raises KeyError if there is none."""
    return pieces[partition.start]
