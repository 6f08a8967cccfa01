"""Rows that need not fit in memory: the first stay there, as far as there is room, the others in a temporary file.

The file has no name (its folder is $TMPDIR, else /var/tmp): it is gone with the process, however that ends. What is
read from it is mapped, not copied, and let go when it is no longer used: what is resident at a time is a partition for
each thread. The arrays have the same values, shapes and order in memory as on disk, so the bits of a fit are the same.
"""

import errno
import mmap
import os
import pickle
import tempfile
import weakref
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import RLock
from typing import Any, Generic, TypeVar

import numpy as np

from smtrain.errors import OutputError, UsageError, quoted
from smtrain.partitions import sizes
from smtrain.partitions.interface import Options, Shelf
from smtrain.partitions.memory import MemoryHome

S = TypeVar("S")
ALIGNMENT = 64


def temporary_folder() -> str:
    """$TMPDIR; else /var/tmp, which is on a disk where /tmp often is memory; else what Python finds."""
    if "TMPDIR" not in os.environ and os.access("/var/tmp", os.W_OK):
        return "/var/tmp"
    return tempfile.gettempdir()


def _aligned(size: int, unit: int = ALIGNMENT) -> int:
    return -(-size // unit) * unit


@contextmanager
def _failing(folder: str) -> Iterator[None]:
    """What the system says of writing, as an OutputError."""
    try:
        yield
    except OSError as error:
        what = f"cannot write a temporary file in {quoted(folder)}: {error.strerror or error}"
        hint = "TMPDIR=FOLDER names a folder on a disk with more room; or a larger --memory"
        raise OutputError(what, hint=hint) from error


class _File:
    """A file without a name: extents of whole pages that are written, mapped, read and given back."""

    def __init__(self) -> None:
        self._folder = temporary_folder()
        with _failing(self._folder):
            self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - closed with the storage
        self._fd = self._file.fileno()
        self.end = 0
        self._free: list[tuple[int, int]] = []  # sizes and offsets, in order
        self._lock = RLock()

    def take(self, size: int) -> tuple[int, int]:
        """An extent of at least `size` bytes, as its size and offset: the smallest free one, or a new one."""
        with self._lock:
            place = bisect_left(self._free, (size, 0))
            if place < len(self._free):
                return self._free.pop(place)
            extent = _aligned(max(size, 1), mmap.ALLOCATIONGRANULARITY), self.end
            self.end += extent[0]
            with _failing(self._folder):
                os.ftruncate(self._fd, self.end)  # whole pages can be mapped and read
            return extent

    def give_back(self, extent: tuple[int, int]) -> None:
        """The extent may be used for something else."""
        with self._lock:
            insort(self._free, extent)

    def write(self, data: memoryview, offset: int) -> None:
        """Write all of it."""
        with _failing(self._folder):
            while data:
                written = os.pwrite(self._fd, data, offset)
                data, offset = data[written:], offset + written

    def read(self, extent: tuple[int, int]) -> memoryview:
        """A copy of an extent, that may be changed."""
        data, done = np.empty(extent[0], np.uint8).data, 0
        while done < len(data):
            done += os.preadv(self._fd, [data[done:]], extent[1] + done)
        return data

    def map(self, extent: tuple[int, int]) -> mmap.mmap:
        """The extent as memory to read, until nothing uses it any more."""
        try:
            return mmap.mmap(self._fd, extent[0], prot=mmap.PROT_READ, offset=extent[1])
        except OSError as error:
            if error.errno == errno.ENOMEM:
                raise MemoryError from error
            raise

    def close(self) -> None:
        """Give up the file; what is mapped stays."""
        self._file.close()


@dataclass(frozen=True)
class Kept(Generic[S]):
    """Something that is kept, of `size` bytes: itself, or its pickle apart from its arrays, which are in the file."""

    size: int
    thing: S | None = None
    head: bytes = b""
    sizes: tuple[int, ...] = ()
    extent: tuple[int, int] = (0, 0)

    def build(self, data: memoryview) -> S:
        """Put it together from the bytes of its extent, without a copy."""
        buffers, at = [], 0
        for size in self.sizes:
            buffers.append(data[at : at + size])
            at += _aligned(size)
        built: S = pickle.loads(self.head, buffers=buffers)  # made by this process, never from a file
        return built


def _copied(buffers: Sequence[memoryview]) -> memoryview:
    """The buffers, aligned, in memory of their own. Among what the parser takes and frees they would leave gaps."""
    data = memoryview(mmap.mmap(-1, max(1, sum(_aligned(buffer.nbytes) for buffer in buffers))))
    at = 0
    for buffer in buffers:
        data[at : at + buffer.nbytes] = buffer
        at += _aligned(buffer.nbytes)
    return data


class Storage:
    """Keeps things made of arrays: in memory while there is room, then in a file.

    `memory` is what the process may take at most, in bytes. `reserve` says what it needs besides.
    """

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self._reserved, self._used = 0, 0
        self._lock = RLock()  # what is let go may be let go by a thread that is at work here
        self._file: _File | None = None

    @property
    def on_disk(self) -> int:
        """The size of the file."""
        return 0 if self._file is None else self._file.end

    def reserve(self, size: int) -> None:
        """Leave at least so many bytes for the rest of the process. Raises UsageError if there are not so many."""
        self._reserved = max(self._reserved, size)
        if self._reserved > self._memory:
            least = f"{_aligned(self._reserved, 1 << 20) >> 20}M"
            what = f"--memory is too little: this fit needs {least}, even with all rows on disk"
            raise UsageError(what, hint=f"--memory {least} or more; fewer --threads need less")

    def _fits(self, size: int) -> bool:
        with self._lock:
            fits = self._used + self._reserved + size <= self._memory
            self._used += size if fits else 0
        return fits

    def _the_file(self) -> _File:
        with self._lock:
            self._file = self._file or _File()
            return self._file

    def keep(self, thing: S) -> Kept[S]:
        """Keep it. On disk, changes of it are not seen. Raises OutputError if the disk is full."""
        pickled: list[pickle.PickleBuffer] = []
        head = pickle.dumps(thing, protocol=5, buffer_callback=pickled.append)
        buffers = [buffer.raw() for buffer in pickled]
        size = sum(_aligned(buffer.nbytes) for buffer in buffers)
        fits = self._fits(size)
        kept = Kept[S](size, None, head, tuple(buffer.nbytes for buffer in buffers))
        if fits:
            return Kept(size, kept.build(_copied(buffers)))
        file = self._the_file()
        extent = file.take(size)
        offset = extent[1]
        for buffer in buffers:
            file.write(buffer, offset)
            offset += _aligned(buffer.nbytes)
        return replace(kept, extent=extent)

    def get(self, kept: Kept[S]) -> S:
        """What was kept. Its arrays can only be read."""
        if kept.thing is not None:
            return kept.thing
        return kept.build(memoryview(self._the_file().map(kept.extent)))

    def release(self, kept: Kept[S]) -> S:
        """What was kept, for the caller alone, who may change it; its room is free again."""
        if kept.thing is not None:
            self.discard(kept)
            return kept.thing
        thing = kept.build(self._the_file().read(kept.extent))
        self.discard(kept)
        return thing

    def discard(self, kept: Kept[Any]) -> None:
        """Let go of what was kept; its room is free again."""
        if kept.thing is None:
            return self._the_file().give_back(kept.extent)
        with self._lock:
            self._used -= kept.size
        return None

    def close(self) -> None:
        """Give up the file."""
        if self._file is not None:
            self._file.close()


class DiskShelf(Generic[S]):
    """A list of things that a storage keeps. Their room is free again when nothing refers to the list any more."""

    def __init__(self, storage: Storage, kept: Iterable[Kept[S]] = ()) -> None:
        self._storage, self._kept = storage, [*kept]
        weakref.finalize(self, _discard, storage, self._kept).atexit = False

    def append(self, thing: S) -> None:
        """Keep one more."""
        self._kept.append(self._storage.keep(thing))

    def __len__(self) -> int:
        return len(self._kept)

    def __getitem__(self, index: int) -> S:
        return self._storage.get(self._kept[index])

    def release(self, index: int) -> S:
        """The thing at a place, which it leaves."""
        kept, self._kept[index] = self._kept[index], RELEASED
        return self._storage.release(kept)


RELEASED = Kept[Any](0)


def _discard(storage: Storage, kept: list[Kept[Any]]) -> None:
    for one in kept:
        if one is not RELEASED:
            storage.discard(one)


class DiskHome(MemoryHome):
    """A home within a limit of `memory`, in bytes: what has no room is in a temporary file."""

    def __init__(self, memory: int, threads: int | None = 1, *, most_rows: int = sizes.PARTITION_ROWS) -> None:
        super().__init__(threads, most_rows=most_rows)
        self._storage = Storage(memory)

    @property
    def on_disk(self) -> int:
        """The size of the file."""
        return self._storage.on_disk

    def reserve(self, size: int) -> None:
        """Leave at least so many bytes for the rest of the process. Raises UsageError if there are not so many."""
        self._storage.reserve(size)

    def shelf(self) -> Shelf[Any]:
        """An empty list."""
        return DiskShelf(self._storage)

    def listed(self, make: Callable[[int], S], count: int) -> Shelf[S]:
        """What `make` returns of 0 … count − 1, each kept as soon as a thread has made it."""
        return DiskShelf(self._storage, self.map(lambda k: self._storage.keep(make(k)), range(count)))

    def close(self) -> None:
        """Stop the threads, and give up the file."""
        super().close()
        self._storage.close()


def open_home(options: Options) -> DiskHome:
    """The home for a fit with a limit of memory."""
    assert options.memory is not None
    return DiskHome(options.memory, options.threads)
