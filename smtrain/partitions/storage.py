"""Storage for things made of arrays: in memory as far as there is room, the others in a temporary file.

How a thing is kept:

1. It is pickled without its arrays (protocol 5). The pickle is small and stays in memory; the arrays are buffers.
2. If the buffers have room in memory, they are copied into a map of their own, and the thing is put together over them.
3. Else they are written to an extent of the file: whole pages, each buffer aligned.
4. Asking for the thing maps its extent, without a copy, and puts the thing together over the map. The map is gone with
   the last array that uses it. So what is resident at a time is a partition for each thread.
5. When the thing is given up, its extent is free for another.

The file has no name (its folder is $TMPDIR, else /var/tmp): it is gone with the process, however that ends.
"""

import errno
import mmap
import os
import pickle
import sys
import tempfile
from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import RLock
from typing import Any, Generic, TypeVar

import numpy as np

from smtrain.errors import OutputError, UsageError, quoted
from smtrain.wording import given

S = TypeVar("S")
# Bytes to a multiple of which the place of each buffer is rounded up: a processor's cache line.
ALIGNMENT = 64


def temporary_folder() -> str:
    """Return $TMPDIR; else /var/tmp, which is on a disk where /tmp is often in memory; else Python's choice."""
    if "TMPDIR" not in os.environ and os.access("/var/tmp", os.W_OK):
        return "/var/tmp"
    return tempfile.gettempdir()


def _aligned(size: int, unit: int = ALIGNMENT) -> int:
    """Return the size rounded up to a multiple of the unit."""
    return -(-size // unit) * unit


@contextmanager
def _failing(folder: str) -> Iterator[None]:
    """Turn an error of the system while writing into an OutputError."""
    try:
        yield
    except OSError as error:
        what = f"cannot write a temporary file in {quoted(folder)}: {error.strerror or error}"
        hint = "TMPDIR=FOLDER names a folder on a disk with more room; or a larger --memory"
        raise OutputError(what, hint=hint) from error


class _File:
    """A file without a name, in extents of whole pages. An extent is its size and its offset, in bytes."""

    def __init__(self) -> None:
        if not hasattr(os, "pwrite"):  # Windows, where also maps work otherwise
            what = "not all rows have room in the memory that was given, and this system cannot keep them in a file"
            raise UsageError(what, hint=given("memory", "SIZE"))
        self._folder = temporary_folder()
        with _failing(self._folder):
            self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - closed with the storage
        self._fd = self._file.fileno()
        self.end = 0
        self._free: list[tuple[int, int]] = []  # extents, the smallest first
        self._lock = RLock()

    def take(self, size: int) -> tuple[int, int]:
        """Return an extent of at least `size` bytes: the smallest free one that is large enough, else a new one."""
        # A free extent is not split: the things of a fit come in few sizes, so another thing will fill it.
        with self._lock:
            place = bisect_left(self._free, (size, 0))
            if place < len(self._free):
                return self._free.pop(place)
            extent = _aligned(max(size, 1), mmap.ALLOCATIONGRANULARITY), self.end
            self.end += extent[0]
            with _failing(self._folder):
                os.ftruncate(self._fd, self.end)  # so that the last page can be mapped and read as a whole
            return extent

    def give_back(self, extent: tuple[int, int]) -> None:
        """Make an extent free for something else."""
        with self._lock:
            insort(self._free, extent)

    def write(self, data: memoryview, offset: int) -> None:
        """Write all of the data at an offset. Raises OutputError if that fails."""
        if sys.platform == "win32":
            raise NotImplementedError
        with _failing(self._folder):
            while data:
                written = os.pwrite(self._fd, data, offset)
                data, offset = data[written:], offset + written

    def read(self, extent: tuple[int, int]) -> memoryview:
        """Return a copy of an extent, which may be changed."""
        if sys.platform == "win32":
            raise NotImplementedError
        data, done = np.empty(extent[0], np.uint8).data, 0
        while done < len(data):
            done += os.preadv(self._fd, [data[done:]], extent[1] + done)
        return data

    def map(self, extent: tuple[int, int]) -> mmap.mmap:
        """Return the extent as memory to read. It is mapped until nothing uses it. Raises MemoryError without room."""
        if sys.platform == "win32":
            raise NotImplementedError
        try:
            return mmap.mmap(self._fd, extent[0], prot=mmap.PROT_READ, offset=extent[1])
        except OSError as error:
            # The system has no room for the map: that is a lack of memory, not of disk.
            if error.errno == errno.ENOMEM:
                raise MemoryError from error
            raise

    def close(self) -> None:
        """Close the file. What is mapped stays."""
        self._file.close()


@dataclass(frozen=True)
class Kept(Generic[S]):
    """Something that is kept, of `size` bytes.

    In memory it is the `thing` itself. On disk it is `head`, the pickle without its arrays; their buffers, of the
    `sizes` in bytes, lie one after another in an `extent` of the file.
    """

    size: int
    thing: S | None = None
    head: bytes = b""
    sizes: tuple[int, ...] = ()
    extent: tuple[int, int] = (0, 0)

    def build(self, data: memoryview) -> S:
        """Return the thing, put together over the bytes of its extent without a copy."""
        buffers, at = [], 0
        for size in self.sizes:
            buffers.append(data[at : at + size])
            at += _aligned(size)
        built: S = pickle.loads(self.head, buffers=buffers)  # this process made the pickle
        return built


def _copied(buffers: Sequence[memoryview]) -> memoryview:
    """Return a copy of the buffers, aligned, in one map of memory."""
    # On the heap, among what the parser takes and frees, they would leave gaps.
    data = memoryview(mmap.mmap(-1, max(1, sum(_aligned(buffer.nbytes) for buffer in buffers))))
    at = 0
    for buffer in buffers:
        data[at : at + buffer.nbytes] = buffer
        at += _aligned(buffer.nbytes)
    return data


class Storage:
    """Keeps things made of arrays: in memory while there is room, then in a file.

    `memory` is the most that the process may take, in bytes. `reserve` says what it needs besides the things.
    """

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self._reserved, self._used = 0, 0
        # The lock may be taken twice by a thread: while it is at work here, Python may free a shelf, which gives back
        # room.
        self._lock = RLock()
        self._file: _File | None = None

    @property
    def on_disk(self) -> int:
        """The size of the file, in bytes."""
        return 0 if self._file is None else self._file.end

    def reserve(self, size: int) -> None:
        """Leave at least `size` bytes for the rest of the process. Raises UsageError if the limit is smaller."""
        self._reserved = max(self._reserved, size)
        if self._reserved > self._memory:
            least = _aligned(self._reserved, 1 << 20)
            what = f"--memory is too little: this fit needs {least >> 20}M, even with all rows on disk"
            raise UsageError(what, hint=f"{given('memory', least)} or more; fewer --threads need less")

    def _fits(self, size: int) -> bool:
        """Return whether there is room for so many bytes in memory, and take it."""
        with self._lock:
            fits = self._used + self._reserved + size <= self._memory
            self._used += size if fits else 0
        return fits

    def _the_file(self) -> _File:
        """Return the file, which is made when it is first needed."""
        with self._lock:
            self._file = self._file or _File()
            return self._file

    def keep(self, thing: S) -> Kept[S]:
        """Keep a thing, as it is now. Raises OutputError if it has to be written and the disk is full."""
        # 1. The pickle, and the buffers of the arrays.
        pickled: list[pickle.PickleBuffer] = []
        head = pickle.dumps(thing, protocol=5, buffer_callback=pickled.append)
        buffers = [buffer.raw() for buffer in pickled]
        size = sum(_aligned(buffer.nbytes) for buffer in buffers)
        fits = self._fits(size)
        kept = Kept[S](size, None, head, tuple(buffer.nbytes for buffer in buffers))
        # 2. In memory, if there is room.
        if fits:
            return Kept(size, kept.build(_copied(buffers)))
        # 3. Else in the file, one buffer after another.
        file = self._the_file()
        extent = file.take(size)
        offset = extent[1]
        for buffer in buffers:
            file.write(buffer, offset)
            offset += _aligned(buffer.nbytes)
        return replace(kept, extent=extent)

    def get(self, kept: Kept[S]) -> S:
        """Return what was kept. Its arrays can only be read."""
        if kept.thing is not None:
            return kept.thing
        return kept.build(memoryview(self._the_file().map(kept.extent)))

    def release(self, kept: Kept[S]) -> S:
        """Return what was kept, for the caller alone, who may change it. Its room becomes free."""
        if kept.thing is not None:
            self.discard(kept)
            return kept.thing
        # A copy, not a map: another thing may be written over the extent.
        thing = kept.build(self._the_file().read(kept.extent))
        self.discard(kept)
        return thing

    def discard(self, kept: Kept[Any]) -> None:
        """Give up what was kept. Its room becomes free."""
        if kept.thing is None:
            return self._the_file().give_back(kept.extent)
        with self._lock:
            self._used -= kept.size
        return None

    def close(self) -> None:
        """Close the file, if there is one."""
        if self._file is not None:
            self._file.close()
