"""The wire format of protocol buffers, as far as an ONNX model needs it (protobuf.dev, "Encoding").

A message is a sequence of fields: a key (number · 8 + kind), then the value. Of the kinds there are 0, an integer of
seven bits a byte, the lowest first, and 2, bytes with their length before them: texts, and messages in messages.
"""

from collections.abc import Iterable
from typing import Any

Value = int | str | bytes


def message(fields: dict[int, Any]) -> bytes:
    """A message from its fields by number; a list is a field that is repeated, None one that is not there."""
    return b"".join(_field(number, one) for number, value in fields.items() for one in _values(value))


def _values(value: Any) -> Iterable[Value]:
    if value is None:
        return ()
    return value if isinstance(value, list | tuple) else (value,)


def _field(number: int, value: Value) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    raw = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(raw)) + raw


def varint(value: int) -> bytes:
    """An integer, not negative."""
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])
