"""Arrays in an .npz file: written atomically, with the same bytes for the same arrays, and read as if hostile.

The file is what numpy.load reads: a zip archive of .npy members, none of them compressed. The member `sha256` holds
the SHA-256 of all others, so that any flipped bit is found.
"""

import contextlib
import hashlib
import io
import os
import stat
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from smtrain.errors import ModelError, OutputError, UsageError, quoted

Arrays = Mapping[str, NDArray[np.generic]]
DIGEST = "sha256"
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
DTYPES = {np.dtype("<f8"), np.dtype("u1")}
LONGEST_HEADER = 1000


def digest(arrays: Arrays) -> bytes:
    """SHA-256 of the names, types, shapes and bytes of `arrays`, in the order of their names."""
    found = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        found.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        found.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return found.digest()


def check_writable(path: str) -> None:
    """Raise UsageError if a file at `path` could not be written: asked before the work, not after it."""
    target = Path(os.path.realpath(path))
    try:
        if target.exists() and not stat.S_ISREG(target.stat().st_mode):
            raise UsageError(f"cannot write {quoted(path)}: it is not a regular file")
        descriptor, probe = tempfile.mkstemp(prefix=f".{target.name[:50]}.", suffix=".tmp", dir=target.parent)
        os.close(descriptor)
        os.unlink(probe)  # noqa: PTH108
    except OSError as error:
        raise UsageError(f"cannot write {quoted(path)}: {error.strerror}") from error


def write(path: str, arrays: Arrays, check: Callable[[str], object]) -> None:
    """Write `arrays` to `path` so that a reader finds the old file or the new one, whole, whatever happens meanwhile.

    A temporary file beside it is written, flushed to disk, read back by `check`, and renamed. Raises OutputError.
    """
    target = Path(os.path.realpath(path))
    temporary: str | None = None
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name[:50]}.", suffix=".tmp", dir=target.parent)
        with os.fdopen(descriptor, "wb") as file:
            _write_members(file, {**arrays, DIGEST: np.frombuffer(digest(arrays), np.uint8)})
            file.flush()
            os.fchmod(file.fileno(), _mode(target))
            os.fsync(file.fileno())
        check(temporary)
        os.replace(temporary, target)  # noqa: PTH105
        temporary = None
        _sync_folder(target.parent)
    except OSError as error:
        raise OutputError(f"cannot write {quoted(path)}: {error.strerror or error}") from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)  # noqa: PTH108


def _write_members(file: BinaryIO, arrays: Arrays) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            info = zipfile.ZipInfo(f"{name}.npy", ZIP_EPOCH)
            info.external_attr = 0o644 << 16
            info.create_system = 3  # the bytes are the same on every system
            with archive.open(info, "w", force_zip64=True) as member:
                npy.write_array(member, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)


def _mode(target: Path) -> int:
    """The permissions of the file that is replaced, or those that a new file gets."""
    with contextlib.suppress(OSError):
        return stat.S_IMODE(target.stat().st_mode)
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable, where the system can."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(path: str, members: set[str] | None) -> dict[str, NDArray[np.generic]]:
    """The arrays of an .npz file that has exactly these members, or any, besides the digest.

    Nothing in it is trusted: no member is decompressed, unpickled, or allocated before its size is known to agree with
    its shape. Raises UsageError if the file is not there, ModelError if it is anything but a whole, intact file.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 - a path of "" must fail like any other
            raise ModelError(f"{path}: not a regular file")
        with Path(path).open("rb") as file, zipfile.ZipFile(file) as archive:
            arrays = _read_members(archive, members)
    except FileNotFoundError as error:
        raise UsageError(f"no model {quoted(path)}", hint="smtrain fit makes one; -m names it") from error
    except OSError as error:
        raise UsageError(f"cannot read {quoted(path)}: {error.strerror or error}") from error
    except ModelError as error:
        raise ModelError(error.message if error.message.startswith(path) else f"{path}: {error.message}") from error
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, RuntimeError, UnicodeError) as error:
        raise ModelError(f"{path}: not a smtrain model, or damaged") from error
    stored = arrays.pop(DIGEST)
    if stored.tobytes() != digest(arrays):
        raise ModelError(f"{path}: damaged: its contents do not match their SHA-256")
    return arrays


def _read_members(archive: zipfile.ZipFile, members: set[str] | None) -> dict[str, NDArray[np.generic]]:
    infos = archive.infolist()
    names = [info.filename for info in infos]
    expected = set(names) if members is None else {f"{name}.npy" for name in members | {DIGEST}}
    if sorted(names) != sorted(expected) or f"{DIGEST}.npy" not in expected:
        raise ModelError("not a smtrain model: it has other members")
    return {info.filename.removesuffix(".npy"): _read_member(archive, info) for info in infos}


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> NDArray[np.generic]:
    if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size or info.flag_bits & 1:
        raise ModelError("not a smtrain model: a member is compressed or encrypted")
    with archive.open(info) as member:
        start = member.read(10)  # magic, version, length of the header
        if len(start) < 10 or start[:8] != b"\x93NUMPY\x01\x00":
            raise ModelError("damaged: a member is no array")
        length = int.from_bytes(start[8:10], "little")
        if length > LONGEST_HEADER:
            raise ModelError("damaged: an array's header is too long")
        header = member.read(length)
        shape, fortran, dtype = npy.read_array_header_1_0(
            io.BytesIO(start[8:] + header), max_header_size=LONGEST_HEADER
        )
        size = dtype.itemsize
        for side in shape:  # with Python's integers, which do not overflow
            size *= int(side)
        if dtype not in DTYPES or fortran or min(shape, default=0) < 0 or size != info.file_size - 10 - length:
            raise ModelError("damaged: an array's type, shape and size do not agree")
        data = member.read(size)
    return np.frombuffer(data, dtype).reshape(shape)
