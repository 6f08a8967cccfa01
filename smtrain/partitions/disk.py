"""Rows that need not fit in memory: the first stay there, as far as there is room, the others in a temporary file.

The file has no name (its folder is $TMPDIR, else /var/tmp): it is gone with the process, however that ends. What is
read from it is mapped, not copied, and let go when it is no longer used: what is resident at a time is a partition for
each thread. The arrays have the same values, shapes and order in memory as on disk, so the bits of a fit are the same.
"""

import errno
import math
import mmap
import os
import pickle
import tempfile
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from smtrain.errors import OutputError, UsageError, quoted
from smtrain.partitions.memory import Items, MemoryPartitions, Workers
from smtrain.softmax.loss import Partition
from smtrain.softmax.tree import Additive

S = TypeVar("S")
R = TypeVar("R")
T = TypeVar("T", bound=Additive)
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
        self._lock = Lock()

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

    def allocate(self, extent: tuple[int, int]) -> None:
        """Make sure that the disk has the room: writing to a mapped page could not say so."""
        with _failing(self._folder):
            os.posix_fallocate(self._fd, extent[1], extent[0])

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

    def map(self, extent: tuple[int, int], *, writable: bool = False) -> mmap.mmap:
        """The extent as memory, until nothing uses it any more."""
        protection = mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0)
        try:
            return mmap.mmap(self._fd, extent[0], prot=protection, offset=extent[1])
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

    `memory` is what the process may take at most, in bytes; None is no limit. `set_aside` says what it needs besides.
    """

    def __init__(self, memory: int | None = None) -> None:
        self._memory = math.inf if memory is None else memory
        self._aside, self._used = 0, 0
        self._lock = Lock()
        self._file: _File | None = None
        self._mapped: list[mmap.mmap] = []
        self._lent: list[Kept[Any]] = []

    @property
    def on_disk(self) -> int:
        """The size of the file."""
        return 0 if self._file is None else self._file.end

    def set_aside(self, size: int) -> None:
        """Leave at least so many bytes for the rest of the process. Raises UsageError if there are not so many."""
        self._aside = max(self._aside, size)
        if self._aside > self._memory:
            least = f"{_aligned(self._aside, 1 << 20) >> 20}M"
            what = f"--memory is too little: this fit needs {least}, even with all rows on disk"
            raise UsageError(what, hint=f"--memory {least} or more; fewer --threads need less")

    def _fits(self, size: int) -> bool:
        with self._lock:
            fits = self._used + self._aside + size <= self._memory
            self._used += size if fits else 0
        return fits

    def _the_file(self) -> _File:
        with self._lock:
            self._file = self._file or _File()
            return self._file

    def keep(self, thing: S) -> Kept[S]:
        """Keep it. On disk, changes of it are not seen. Raises OutputError if the disk is full."""
        found: list[pickle.PickleBuffer] = []
        head = pickle.dumps(thing, protocol=5, buffer_callback=found.append)
        buffers = [buffer.raw() for buffer in found]
        size = sum(_aligned(buffer.nbytes) for buffer in buffers)
        fits = self._fits(size)
        if fits and self._memory == math.inf:
            return Kept(size, thing)
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

    def array(self, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """An array of any values, to be written to; in the file if there is no room. See `let_go`."""
        size = 8 * math.prod(shape)
        if self._fits(size):
            self._lent.append(Kept(size, shape))
            return np.empty(shape)
        file = self._the_file()
        extent = file.take(size)
        file.allocate(extent)
        self._lent.append(Kept(size, extent=extent))
        self._mapped.append(file.map(extent, writable=True))
        return np.frombuffer(self._mapped[-1], np.float64, math.prod(shape)).reshape(shape)

    @contextmanager
    def lending(self) -> Iterator[None]:
        """A while at whose end the arrays that it asked for are given back: nothing may use them any more."""
        lent, mapped = len(self._lent), len(self._mapped)
        try:
            yield
        finally:
            for one in self._lent[lent:]:
                self.discard(one)
            del self._lent[lent:], self._mapped[mapped:]

    def let_go(self) -> None:
        """Take the pages of the arrays in the file out of memory; they come back when they are used."""
        for mapped in self._mapped:
            mapped.madvise(mmap.MADV_DONTNEED)

    def __enter__(self) -> "Storage":
        return self

    def __exit__(self, *exc: object) -> None:
        if self._file is not None:
            self._file.close()


class Shelf(Items[S]):
    """A list of things that a storage keeps."""

    def __init__(self, storage: Storage, kept: list[Kept[S]] | None = None) -> None:
        self._storage, self._kept = storage, kept or []

    def append(self, thing: S) -> None:
        """Keep one more."""
        self._kept.append(self._storage.keep(thing))

    def __len__(self) -> int:
        return len(self._kept)

    def __getitem__(self, index: int) -> S:
        return self._storage.get(self._kept[index])

    def release(self, index: int) -> S:
        """The thing at a place, which it leaves: nothing may ask for it any more."""
        kept, self._kept[index] = self._kept[index], Kept(0)
        return self._storage.release(kept)


class Longer(Items[S]):
    """Some things, and behind them further ones that a storage keeps."""

    def __init__(self, things: Items[S], storage: Storage, kept: tuple[Kept[S], ...] = ()) -> None:
        self._things, self._storage, self._kept = things, storage, kept

    def __len__(self) -> int:
        return len(self._things) + len(self._kept)

    def __getitem__(self, index: int) -> S:
        here = len(self._things)
        return self._things[index] if index < here else self._storage.get(self._kept[index - here])

    def followed_by(self, kept: Kept[S]) -> "Longer[S]":
        """The same and one more."""
        return Longer(self._things, self._storage, (*self._kept, kept))


class DiskPartitions(MemoryPartitions):
    """Partitions that a storage keeps, and the threads that work over them."""

    def __init__(self, partitions: Shelf[Partition], workers: Workers, storage: Storage) -> None:
        super().__init__(partitions, workers)
        self._storage = storage

    def append(self, partition: Partition) -> None:
        """Keep the rows that follow the last ones: here, and not in what this is a view of, nor in views of this."""
        kept, before = self._storage.keep(partition), self._partitions
        longer = before if isinstance(before, Longer) else Longer(before, self._storage)
        self._partitions = longer.followed_by(kept)
        self._starts = np.append(self._starts, self.rows + partition.rows)

    def sum(self, term: Callable[[Partition], T]) -> T:
        """Σ term(partition), added in the fixed tree."""

        def letting_go(partition: Partition) -> T:
            found = term(partition)
            self._storage.let_go()
            return found

        return super().sum(letting_go)

    @contextmanager
    def _housed(self, make: Callable[[int], Partition], count: int) -> Iterator[MemoryPartitions]:
        kept = list(self._workers.map(lambda k: self._storage.keep(make(k)), range(count)))
        try:
            with self.lending():
                yield DiskPartitions(Shelf(self._storage, kept), self._workers, self._storage)
        finally:
            for one in kept:
                self._storage.discard(one)

    def lending(self) -> AbstractContextManager[None]:
        """A while at whose end the arrays of `room` that it asked for are given back."""
        return self._storage.lending()

    def room(self, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """An array of any values, to be written to."""
        return self._storage.array(shape)
