"""A home for rows that need not fit in memory: the first stay there, as far as there is room, the others in a file.

The home keeps what is given to it in a `Storage` (smtrain.partitions.storage). The arrays have the same values, shapes
and order in memory as on disk, so the bits of a fit are the same.
"""

import weakref
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from smtrain.partitions import sizes
from smtrain.partitions.interface import Items, Options, Shelf
from smtrain.partitions.memory import MemoryHome
from smtrain.partitions.storage import Kept, Storage

S = TypeVar("S")
R = TypeVar("R")

# What stands in a shelf for a thing that was released.
RELEASED = Kept[Any](0)


class DiskShelf(Generic[S]):
    """A list of things that a storage keeps. Their room becomes free when nothing refers to the list any more."""

    def __init__(self, storage: Storage, kept: Iterable[Kept[S]] = ()) -> None:
        self._storage, self._kept = storage, [*kept]
        # At the end of the process nothing has to be given back: the file is gone then.
        weakref.finalize(self, _discard, storage, self._kept).atexit = False

    def append(self, thing: S) -> None:
        """Keep one more."""
        self._kept.append(self._storage.keep(thing))

    def __len__(self) -> int:
        return len(self._kept)

    def __getitem__(self, index: int) -> S:
        return self._storage.get(self._kept[index])

    def release(self, index: int) -> S:
        """Return the thing at a place, which it leaves."""
        kept, self._kept[index] = self._kept[index], RELEASED
        return self._storage.release(kept)


def _discard(storage: Storage, kept: list[Kept[Any]]) -> None:
    """Give back the room of all things of a list that were not released."""
    for one in kept:
        if one is not RELEASED:
            storage.discard(one)


class DiskHome(MemoryHome):
    """A home within a limit of `memory`, in bytes: what has no room is in a temporary file.

    `threads` None is one for each processor. A partition has at most `most_rows` rows.
    """

    def __init__(self, memory: int, threads: int | None = 1, *, most_rows: int = sizes.PARTITION_ROWS) -> None:
        super().__init__(threads, most_rows=most_rows)
        self._storage = Storage(memory)

    @property
    def on_disk(self) -> int:
        """The size of the temporary file, in bytes."""
        return self._storage.on_disk

    @property
    def whereabouts(self) -> str | None:
        """How much of the rows is on disk, if any is."""
        return f"{self.on_disk / 1e6:,.0f} MB of the rows are on disk" if self.on_disk else None

    def reserve(self, size: int) -> None:
        """Leave at least `size` bytes for the rest of the process. Raises UsageError if the limit is smaller."""
        self._storage.reserve(size)

    def shelf(self) -> Shelf[Any]:
        """Return an empty list."""
        return DiskShelf(self._storage)

    def listed(self, function: Callable[[S], R], things: Items[S]) -> Shelf[R]:
        """Return the list of `function` of each thing, kept as soon as a thread has computed it."""
        return DiskShelf(self._storage, self.map(lambda thing: self._storage.keep(function(thing)), things))

    def close(self) -> None:
        """Stop the threads, and close the file."""
        super().close()
        self._storage.close()


def open_home(options: Options) -> DiskHome:
    """Return the home for a fit with a limit of memory."""
    assert options.memory is not None
    return DiskHome(options.memory, options.threads)
