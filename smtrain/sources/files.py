"""Bytes from files and from standard input, decompressed. Nothing is ever fetched from a network."""

import bz2
import errno
import lzma
import os
import re
import stat
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Protocol

from smtrain.errors import DataError, UsageError, quoted
from smtrain.sources.formats import START, begins_as_parquet, format_of
from smtrain.sources.paths import absolute_path, native_path

READ_BYTES = 1 << 20
# A small file that unpacks to more than this, and to more than so many times its size, is taken for a bomb.
BOMB_BYTES, BOMB_RATIO = 1 << 30, 200


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Gzip:
    """zlib's gzip reader with the interface of bz2 and lzma: input that was not needed yet is kept inside."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


MAGIC: dict[re.Pattern[bytes], Callable[[], _Decompressor]] = {
    re.compile(rb"\x1f\x8b"): _Gzip,
    re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"): bz2.BZ2Decompressor,  # a column may be called BZh
    re.compile(rb"\xfd7zXZ\x00"): lzma.LZMADecompressor,
}


def display_name(path: str) -> str:
    """The name of a source in messages."""
    return "stdin" if path == "-" else path


@dataclass(frozen=True)
class File:
    """A file by its path, "-" for standard input; `name` is what messages call it."""

    path: str
    name: str

    def __iter__(self) -> Iterator[bytes]:
        """Its bytes, decompressed if they are gzip, bz2 or xz."""
        with self._opened() as file:
            start = _fill(file, b"", START)
            decompressor = _decompressor_of(start)
            if decompressor is not None:
                yield from _checked(_decompressed(file, start, decompressor, self.name), self.name)
            else:
                yield from _checked(chain([start], iter(lambda: file.read(READ_BYTES), b"")), self.name)

    def between(self, begin: int, end: int, size: int) -> Iterator[bytes]:
        """Its bytes from one offset to another, as they are. Raises DataError if it has not the `size` any more."""
        with self._opened() as file:
            check_size(file, size, self.name)
            file.seek(begin)
            while begin < end and (data := file.read(min(READ_BYTES, end - begin))):
                begin += len(data)
                yield data

    @contextmanager
    def _opened(self) -> Iterator[BinaryIO]:
        """The open file. What the system says while it is read becomes a DataError."""
        with _open(self.path, self.name) as file:
            try:
                yield file
            except OSError as error:
                raise DataError(f"cannot be read: {error.strerror or error}", source=self.name) from error

    def plain_size(self) -> int | None:
        """The bytes of a file that is not compressed; None for another. Raises UsageError if it cannot be opened."""
        with self._opened() as file:
            return None if _decompressor_of(_fill(file, b"", START)) else os.fstat(file.fileno()).st_size

    @property
    def anywhere(self) -> "File":
        """The same file by a path that does not follow from the folder that a process is in."""
        return replace(self, path=absolute_path(self.path))


def check_size(file: BinaryIO, size: int, name: str) -> None:
    """Raise DataError if an open file has not the size that it had before."""
    found = os.fstat(file.fileno()).st_size
    if found != size:
        what = f"the file has changed: it has {found:,} bytes, and had {size:,} when it was looked at first"
        raise DataError(what, source=name)


def _decompressor_of(start: bytes) -> Callable[[], _Decompressor] | None:
    """What unpacks bytes that begin so; None if they are not packed."""
    return next((decompressor for magic, decompressor in MAGIC.items() if magic.match(start)), None)


def is_stream(path: str) -> bool:
    """Whether a path is standard input, a pipe or a device: it can be read once only, from its start."""
    if path == "-":
        return True
    try:
        mode = os.stat(native_path(path)).st_mode  # noqa: PTH116 - a path of "" must fail like any other
    except (OSError, ValueError):
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def is_parquet(path: str) -> bool:
    """Whether a plain file begins as Parquet does, encrypted or not. What cannot be read is none."""
    # Of a pipe nothing can be read twice, and it must not even be opened twice.
    if is_stream(path):
        return False
    try:
        with Path(native_path(path)).open("rb") as file:
            return begins_as_parquet(file.read(START))
    except (OSError, ValueError):
        return False


def _checked(data: Iterator[bytes], name: str) -> Iterator[bytes]:
    """The same bytes, if they do not begin as those of another format do. Raises DataError."""
    start = b""
    while len(start) < START and (more := next(data, None)) is not None:
        start += more
    sort = format_of(start)
    if sort is not None:
        raise DataError(f"this is {sort[0]}, not CSV", source=name, hint=sort[1])
    yield start
    yield from data


def _fill(file: BinaryIO, data: bytes, size: int) -> bytes:
    """Read until there are `size` bytes; a pipe may hand them out one at a time."""
    while len(data) < size and (more := file.read(READ_BYTES)):
        data += more
    return data


def _open(path: str, name: str) -> BinaryIO:
    if path == "-":
        if sys.stdin is None:
            raise UsageError("standard input is closed")
        return os.fdopen(os.dup(sys.stdin.fileno()), "rb", buffering=0)
    try:
        if stat.S_ISDIR(os.stat(native_path(path)).st_mode):  # noqa: PTH116 - a path of "" must fail like any other
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        return Path(native_path(path)).open("rb", buffering=0)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        hint = "addresses are not fetched: download the file first" if "://" in path else None
        raise UsageError(f"cannot read {quoted(name)}: {reason}", hint=hint) from error


def _decompressed(file: BinaryIO, data: bytes, make: Callable[[], _Decompressor], name: str) -> Iterator[bytes]:
    """Decompress one or more members laid end to end, a bounded piece at a time."""
    read, made, inner = len(data), 0, make()
    try:
        while True:
            out = inner.decompress(data, READ_BYTES)
            made += len(out)
            if made > max(BOMB_BYTES, BOMB_RATIO * read):
                raise DataError(
                    f"unpacks to more than {BOMB_RATIO} times its size",
                    source=name,
                    hint="if it is meant to, decompress it into a pipe and read it from -",
                )
            yield out
            data = b""
            if inner.eof:
                data = inner.unused_data or file.read(READ_BYTES)
                read += len(data)
                if not data.rstrip(b"\0"):
                    return
                inner = make()
            elif len(out) < READ_BYTES:
                data = file.read(READ_BYTES)
                read += len(data)
                if not data:
                    raise DataError("the compressed data ends too early", source=name)
    except (zlib.error, lzma.LZMAError, OSError) as error:
        raise DataError(f"the compressed data is damaged: {error}", source=name) from error
