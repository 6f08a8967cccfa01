"""Arrays in an .npz file: written atomically, with the same bytes for the same arrays, and read as if hostile.

The file is what numpy.load reads: a zip archive of .npy members, none of them compressed. It ends in the archive's
comment: the SHA-256, in 64 hexadecimal digits, of every byte before it, so that any flipped bit is found.
`head -c -64 model.npz | sha256sum` prints the same digits.
"""

import hashlib
import math
import os
import re
import stat
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from smtrain.errors import ModelError, OutputError, UsageError, quoted
from smtrain.model.atomic import replacing
from smtrain.sources.paths import native_path

Arrays = Mapping[str, NDArray[np.generic]]
# Bytes of the seal: the hexadecimal digits of a SHA-256.
SEAL = 64
# Bytes of an archive for each member beside its contents, at most: two headers with its name are below 200. A larger
# number would let a file be larger than what is read of it.
OVERHEAD = 1024
# The earliest date that a zip archive can hold: a model has no date, so that equal models are equal files.
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
# Bytes of the header of an array, at most; numpy's, of three sides at most, take 128.
LONGEST_HEADER = 1000
# The header as numpy writes it, of numbers or bytes in C order and of no other sort.
HEADER = re.compile(rb"\{'descr': '(<f8|\|u1)', 'fortran_order': False, 'shape': \((|\d+,|\d+(?:, \d+)+)\), \} *\n")


def digest(file: BinaryIO) -> bytes:
    """The SHA-256, as hexadecimal digits, of all bytes of an open file but the last 64."""
    sha256, left = hashlib.sha256(), file.seek(0, os.SEEK_END) - SEAL
    file.seek(0)
    while left > 0 and (data := file.read(min(left, 1 << 20))):
        sha256.update(data)
        left -= len(data)
    return sha256.hexdigest().encode()


def seal(file: BinaryIO) -> None:
    """Write the digest over the last 64 bytes of an archive, its comment."""
    digits = digest(file)
    file.seek(-SEAL, os.SEEK_END)
    file.write(digits)


def write(path: str, arrays: Arrays, check: Callable[[str], object]) -> None:
    """Write `arrays` to `path` so that a reader finds the old file or the new one, whole, whatever happens meanwhile.

    `check` reads the new file back before it takes the place of the old one. Raises OutputError.
    """
    try:
        with replacing(path, check) as file:
            write_into(file, arrays)
    except OSError as error:
        raise OutputError(f"cannot write {quoted(path)}: {error.strerror or error}") from error
    except ModelError as error:
        raise OutputError(f"cannot write {quoted(path)}: it did not read back as it was written") from error


def write_into(file: BinaryIO, arrays: Arrays) -> None:
    """Write `arrays` to an empty file, which may be one in memory: the same bytes for the same arrays."""
    _write_members(file, arrays)
    seal(file)


def _write_members(file: BinaryIO, arrays: Arrays) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.comment = b"0" * SEAL
        for name, array in arrays.items():
            info = zipfile.ZipInfo(f"{name}.npy", ZIP_EPOCH)
            info.external_attr = 0o644 << 16
            info.create_system = 3  # the bytes are the same on every system
            with archive.open(info, "w", force_zip64=True) as member:
                npy.write_array(member, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)


def read(path: str, members: set[str] | None, optional: frozenset[str] = frozenset()) -> dict[str, NDArray[np.generic]]:
    """The arrays of an .npz file that has exactly these members, and perhaps `optional` ones; or any.

    Nothing in it is trusted: no member is decompressed, unpickled, or allocated before its size is known to agree with
    its shape and with the file's. Raises UsageError if it is not there, ModelError if it is not whole and intact.
    """
    with _opened(path) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                infos = _checked_members(archive, members, optional, file.seek(0, os.SEEK_END))
                if archive.comment != digest(file):
                    raise ModelError(f"{path}: damaged: its bytes do not match their SHA-256")
                return {info.filename.removesuffix(".npy"): _read_member(archive, info) for info in infos}
        except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, ValueError, OSError) as error:
            raise ModelError(f"{path}: not a smtrain model, or damaged", hint=_text_hint(file)) from error


def _text_hint(file: BinaryIO) -> str | None:
    """A hint, if a file is text: data where a model belongs."""
    # The usual mistake is to name the data in place of the model. b"P" begins an archive, \x1f gzip.
    try:
        file.seek(0)
        start = file.read(1 << 12)
    except OSError:
        return None
    text = bool(start) and b"\0" not in start and start[:1] not in b"P\x1f" and b"\n" in start
    return "this looks like data: a model is a file that smtrain fit has written" if text else None


def _opened(path: str) -> BinaryIO:
    try:
        path = native_path(path)
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 - a path of "" must fail like any other
            raise ModelError(f"{path}: not a regular file")
        return Path(path).open("rb")
    except FileNotFoundError as error:
        raise UsageError(f"no model {quoted(path)}", hint="smtrain fit makes one") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"cannot read {quoted(path)}: {reason}") from error


def _checked_members(
    archive: zipfile.ZipFile, members: set[str] | None, optional: frozenset[str], size: int
) -> list[zipfile.ZipInfo]:
    """The members, if they are those expected and fill the file: a few reads, however large the file says it is."""
    # Neither a member that is there twice, nor one with a path, nor bytes that belong to none can be in such a file.
    infos = archive.infolist()
    names = [info.filename for info in infos]
    there = {name for name in optional if f"{name}.npy" in names}
    expected = set(names) if members is None else {f"{name}.npy" for name in members | there}
    if sorted(names) != sorted(expected):
        raise ValueError("other members")
    room = size - sum(info.file_size for info in infos)
    if not 0 < room <= OVERHEAD * (len(infos) + 1):
        raise ValueError("members that do not fill the file")
    return infos


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> NDArray[np.generic]:
    """One array: its header must be one that numpy writes for numbers in C order, and its size that of the member."""
    if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size or info.flag_bits & 1:
        raise ValueError("a member is compressed or encrypted")
    with archive.open(info) as member:
        start = member.read(10)  # magic, version, length of the header
        length = int.from_bytes(start[8:], "little")
        if len(start) < 10 or start[:8] != b"\x93NUMPY\x01\x00" or length > LONGEST_HEADER:
            raise ValueError("a member is no array")
        header = HEADER.fullmatch(member.read(length))
        if header is None:
            raise ValueError("an array of another type or order")
        dtype = np.dtype(header[1].decode())
        shape = tuple(int(side) for side in header[2].split(b",") if side.strip())
        size = math.prod(shape) * dtype.itemsize  # with Python's integers, which do not overflow
        if len(shape) > 3 or size != info.file_size - 10 - length:
            raise ValueError("an array's shape and size do not agree")
        data = member.read(size)
    return np.frombuffer(data, dtype).reshape(shape)
