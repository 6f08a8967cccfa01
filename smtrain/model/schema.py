"""Frozen dataclasses as JSON documents, and back: one reader, driven by the types of the fields, that trusts nothing.

A field of a document is read by its type: numbers, texts, truths, None, Literal, Enum (by name), tuples (lists), dicts,
unions (the first type that fits), other dataclasses. `Annotated` adds conditions: functions that say whether a value
can be used. A field must be there, but for those whose metadata are ABSENT. What a document has besides its fields is
ignored: a newer smtrain may have written it. Light: the command line loads it before NumPy.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from functools import cache, partial
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NoReturn, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from smtrain.sources.arguments import COUNTS, LARGEST_FLOAT, POSITIVE

T = TypeVar("T")
# The field that says which dataclass of a union a document is, a Literal that is not given to its constructor. It is
# read first: what is wrong with it says nothing of the others.
TAG = "kind"
Reader = Callable[[Any], Any]
Condition = Callable[[Any], object]
# The metadata of a field that a document need not have: older ones have it not.
ABSENT = {"absent": True}
# And of one that no document has where it has its default.
LEFT_OUT = {"absent": True, "left out": True}
# And of one that is in no document.
OUTSIDE = {"outside": True}


class DocumentError(ValueError):
    """A document cannot be read. `where` is the path of the field that is wrong, `what` says what is wrong with it."""

    def __init__(self, what: str, where: str = "") -> None:
        super().__init__(f"{where or 'it'} {what}")
        self.what, self.where = what, where

    def within(self, name: str) -> "DocumentError":
        """The error with its path seen from the document that has the field `name`."""
        return DocumentError(self.what, f"{name}.{self.where}" if self.where else name)


@contextlib.contextmanager
def within(name: str) -> Iterator[None]:
    """Where the field `name` is read: a DocumentError from there names it."""
    try:
        yield
    except DocumentError as error:
        raise error.within(name) from None


# Conditions


def filled(value: Any) -> bool:
    """For texts that are not empty."""
    return bool(value)


def different(values: tuple[Any, ...]) -> bool:
    """For lists without repetitions."""
    return len(set(values)) == len(values)


Count = Annotated[int, COUNTS]
Positive = Annotated[int, POSITIVE]
Text = Annotated[str, filled]
Texts = Annotated[tuple[Text, ...], different]
# Surrogates may stand in it for bytes that are not UTF-8.
PathText = Annotated[str, "a path"]


# Fields


def document_of(value: Any) -> Any:
    """A value of any of the types that `read` knows as a JSON document."""
    if is_dataclass(value):
        return {one.name: document_of(getattr(value, one.name)) for one in fields(value) if _is_written(one, value)}
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, tuple | list):
        return [document_of(one) for one in value]
    if isinstance(value, Mapping):
        return {name: document_of(one) for name, one in value.items()}
    return value


def _is_written(one: "Field[Any]", value: Any) -> bool:
    if one.metadata.get("outside"):
        return False
    return not (one.metadata.get("left out") and getattr(value, one.name) == _default(one))


def _default(one: "Field[Any]") -> Any:
    return one.default if one.default_factory is MISSING else one.default_factory()


def read(kind: type[T], document: Any) -> T:
    """The dataclass `kind` from its JSON document. Raises DocumentError, which names the field that is wrong."""
    whole: T = reader_of(cast(Any, kind))(document)
    return whole


# Readers


@cache
def reader_of(kind: Any) -> Reader:
    """The function that reads values of a type."""
    if kind in PRIMITIVES:
        return PRIMITIVES[kind]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return partial(_conditional, reader_of(arguments[0]), arguments[1:])
    if origin in {Union, UnionType}:
        return partial(_either, tuple(map(reader_of, arguments)))
    if origin is Literal:
        return partial(_literal, arguments)
    if origin is tuple and arguments[-1] is ...:
        return partial(_several, reader_of(arguments[0]))
    if origin is tuple:
        return partial(_row, tuple(map(reader_of, arguments)))
    if origin is not None and issubclass(origin, Mapping):
        return partial(_mapping, *map(reader_of, arguments))
    if is_dataclass(kind):
        return partial(_dataclass, cast(Any, kind), _readers_of_fields(kind))
    assert issubclass(kind, Enum)
    return partial(_member, kind)


def _readers_of_fields(kind: Any) -> dict[str, tuple[Reader, bool]]:
    """The reader of each field, and whether the field must be there."""
    types = get_type_hints(kind, include_extras=True)
    inside = sorted((one for one in fields(kind) if not one.metadata.get("outside")), key=lambda one: one.name != TAG)
    return {one.name: (reader_of(types[one.name]), not one.metadata.get("absent")) for one in inside}


def _dataclass(kind: Callable[..., Any], readers: Mapping[str, tuple[Reader, bool]], value: Any) -> Any:
    if not isinstance(value, dict):
        _refuse("is no object")
    there = {name: reader for name, (reader, must) in readers.items() if must or name in value}
    values = {name: _field(name, reader, value) for name, reader in there.items()}
    values.pop(TAG, None)  # it was read for its check alone
    return kind(**values)


def _field(name: str, reader: Reader, document: dict[str, Any]) -> Any:
    if name not in document:
        raise DocumentError("is not there", name)
    with within(name):
        return reader(document[name])


def _conditional(reader: Reader, conditions: tuple[Condition, ...], value: Any) -> Any:
    result = reader(value)
    if not all(condition(result) for condition in conditions):
        _refuse("has a value that it cannot have")
    return result


def _either(readers: tuple[Reader, ...], value: Any) -> Any:
    """By the first reader that takes the value. If there is none, the first of the right kind says why."""
    errors = []
    for reader in readers:
        try:
            return reader(value)
        except DocumentError as error:
            errors.append(error)
    raise min(errors, key=lambda error: error.where == TAG)


def _literal(allowed: tuple[Any, ...], value: Any) -> Any:
    if not any(type(value) is type(one) and value == one for one in allowed):
        _refuse("has a value that it cannot have")
    return value


def _several(reader: Reader, value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list):
        _refuse("is no list")
    return tuple(map(reader, value))


def _row(readers: tuple[Reader, ...], value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list) or len(value) != len(readers):
        _refuse(f"is no list of {len(readers)}")
    return tuple(reader(one) for reader, one in zip(readers, value, strict=True))


def _mapping(keys: Reader, values: Reader, value: Any) -> dict[Any, Any]:
    if not isinstance(value, dict):
        _refuse("is no object")
    return {keys(name): values(one) for name, one in value.items()}


def _member(kind: type[Enum], value: Any) -> Enum:
    if not isinstance(value, str) or value not in kind.__members__:
        _refuse("has a value that it cannot have")
    return kind[value]


def _text(value: Any, errors: str = "strict") -> str:
    """Return a text that is Unicode throughout, but for what `errors`, as `str.encode` takes it, lets pass."""
    if not isinstance(value, str):
        _refuse("is no text")
    try:
        value.encode("utf-8", errors)
    except UnicodeEncodeError:
        _refuse("has half of a character")
    return value


def _number(value: Any) -> float:
    """A finite number, whole or not, as it stands."""
    if isinstance(value, bool) or not isinstance(value, int | float):  # bool is an int to Python, and none to JSON
        _refuse("is no number")
    if not abs(value) <= LARGEST_FLOAT:  # NaN is not; nor is a whole number that no float can hold
        _refuse("is not finite")
    return value


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        _refuse("is no whole number")
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        _refuse("is neither true nor false")
    return value


def _nothing(value: Any) -> None:
    if value is not None:
        _refuse("is not null")


def _refuse(what: str) -> NoReturn:
    raise DocumentError(what)


PRIMITIVES: dict[Any, Reader] = {
    str: _text,
    PathText: partial(_text, errors="surrogateescape"),
    float: _number,
    int: _whole,
    bool: _truth,
    NoneType: _nothing,
}
