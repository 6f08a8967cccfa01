"""A home for rows on many workers, which hold them in blocks (smtrain.partitions.blocks).

Nothing with a number for each row comes back to the process that runs the fit.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import accumulate, pairwise
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from smtrain.partitions import sizes
from smtrain.partitions.blocks import Block, Blocks
from smtrain.partitions.cutter import Cuttable, Join, cut
from smtrain.partitions.executor import Executor, Task
from smtrain.partitions.interface import Items
from smtrain.partitions.memory import available_threads, facts_of, joined
from smtrain.softmax.loss import Partition
from smtrain.softmax.rows import Positions, Rows
from smtrain.softmax.threads import in_order
from smtrain.softmax.tree import Additive

# Blocks for each thread of the workers: with one, a worker that is slower than the others keeps all of them waiting.
BLOCKS_PER_THREAD = 2
# The most partitions of a block. With more a worker that is lost takes long to make up for, with fewer a table of 10⁹
# rows keeps the scheduler busy: it takes about a millisecond for a task.
MOST_PARTITIONS = 1024
# Spans for each thread of the workers, if the table is large enough for …
SPANS_PER_THREAD = 3
# … the least bytes of a span: beside fewer the pieces of text that a span tells of itself are not small. And the most:
# of a worker that is lost, what it was reading is read again.
LEAST_SPAN, MOST_SPAN = 1 << 20, 1 << 26
C = TypeVar("C", bound=Cuttable)
S = TypeVar("S")
R = TypeVar("R")
T = TypeVar("T", bound=Additive)


class SpreadHome:
    """A home on the workers of an executor; `threads` are those of this process, None one for each processor.

    A partition has at most `most_rows` rows. A table is read in spans of about `span_bytes`, None for as many as suit
    the workers.
    """

    def __init__(
        self,
        executor: Executor,
        threads: int | None = None,
        *,
        most_rows: int = sizes.PARTITION_ROWS,
        span_bytes: int | None = None,
    ) -> None:
        self.executor, self._most_rows, self._span_bytes = executor, most_rows, span_bytes
        # Those of this process, which solves small systems.
        self.threads = threads or available_threads()
        self._pool = ThreadPoolExecutor(self.threads) if self.threads > 1 else None

    @property
    def whereabouts(self) -> str | None:
        """The workers that have the rows."""
        return f"rows on {self.executor.description}"

    def partition_rows(self, columns: int) -> int:
        """Return the rows of a partition of a table with so many columns."""
        return sizes.partition_rows(columns, self._most_rows)

    def reserve(self, size: int) -> None:
        """Do nothing: the rows are elsewhere."""

    def span_size(self, total: int) -> int:
        """Return about how many bytes a span of a table has, of `total` bytes in all."""
        return self._span_bytes or min(max(total // (SPANS_PER_THREAD * self.executor.threads), LEAST_SPAN), MOST_SPAN)

    def shelf(self) -> Blocks[Any]:
        """Return an empty list."""
        return Blocks(self.executor)

    def listed(self, function: Callable[[S], R], things: Items[S]) -> Blocks[R]:
        """Return the list of `function` of each thing; things that are here are sent to the workers."""
        if isinstance(things, Blocks):
            return things.mapped(function)
        sent: Blocks[S] = Blocks(self.executor)
        for index in range(len(things)):
            sent.append(things[index])
        return sent.mapped(function)

    def replaced(self, function: Callable[[S], R], shelf: Items[S]) -> Blocks[R]:
        """Return the list of `function` of each thing of a shelf."""
        return self.listed(function, shelf)

    def seen(self, function: Callable[[S], R], things: Items[S]) -> Items[R]:
        """Return things that are `function` of other things. They are kept, and share what the function leaves."""
        return _blocks(things).mapped(function)

    def rows(self, partitions: Items[Partition]) -> Rows:
        """Return the rows of some partitions."""
        return SpreadRows(_blocks(partitions), self)

    def map(self, function: Callable[[S], R], things: Items[S]) -> Iterator[R]:
        """Yield `function` of each thing, in order, computed by the workers."""
        return _blocks(things).told(function)

    def sum(self, term: Callable[[S], T], things: Items[S]) -> T:
        """Return Σ term(thing), computed by the workers, added in the fixed tree."""
        return _blocks(things).summed(term)

    def here(self, function: Callable[[S], R], things: Sequence[S]) -> Iterator[R]:
        """Yield `function` of each thing, in order, computed by threads of this process."""
        return in_order(function, things, self._pool if len(things) > 1 else None, ahead=len(things))

    def spread(self, function: Callable[..., Any], *things: Sequence[Any]) -> list[Task]:
        """Return a task for each thing: of `function` of it, and of its like in other sequences of things or tasks."""
        shared = self.executor.share(function)
        return [self.executor.submit(call, shared, *some) for some in zip(*things, strict=True)]

    def results(self, tasks: Sequence[Task]) -> Iterator[Any]:
        """Yield the results of tasks, in order."""
        return self.executor.results(tasks)

    def told(self, function: Callable[..., R], things: Sequence[Any]) -> Iterator[R]:
        """Yield `function` of each thing or task, in order, computed by tasks."""
        return self.results(self.spread(function, things))

    def partitioned(
        self,
        parts: Sequence[Task],
        counts: Sequence[int],
        rows: int,
        join: Join[C],
        *,
        behind: Items[C] | None = None,
    ) -> Blocks[C]:
        """Return partitions of so many rows, cut from parts: results of tasks with `counts` rows each.

        Those of the list `behind` come first. `join` joins the rows of several parts.
        """
        blocks = self.shelf() if behind is None else _blocks(behind).copy()
        first, partitions = len(blocks), -(-sum(counts) // rows)
        size = block_size(partitions, self.executor.threads)
        for begin in range(0, partitions, size):
            some = list(overlapping(counts, begin * rows, (begin + size) * rows))
            work = partial(cut_block, first=first + begin, rows=rows, join=join, ranges=[one for _, one in some])
            blocks.tasks.append(self.executor.submit(work, *(parts[k] for k, _ in some)))
            blocks.counts.append(min(size, partitions - begin))
        return blocks

    def pieces(self, arrays: Blocks[NDArray[Any]], rows: int, counts: Sequence[int]) -> list[Task]:
        """Return tasks of arrays with `counts` rows each, cut from arrays of so many rows, of which the last has less.

        It is the way back from partitions to the parts that they were cut from.
        """
        held = [rows * count for count in arrays.counts]
        tasks = []
        for begin, end in pairwise([0, *accumulate(counts)]):
            some = list(overlapping(held, begin, end))
            work = partial(piece_of, ranges=[one for _, one in some])
            tasks.append(self.executor.submit(work, *(arrays.tasks[k] for k, _ in some)))
        return tasks

    def close(self) -> None:
        """Give up the rows, and leave the workers."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        self.executor.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class SpreadRows:
    """Rows in partitions that workers hold. A handle to what is kept of them is a list of blocks of the same sizes."""

    def __init__(self, partitions: Blocks[Partition], home: SpreadHome) -> None:
        self._home, executor = home, home.executor
        facts = list(partitions.told(facts_of))
        self._facts = facts[0]
        # Partitions without rows are left out, the others numbered, and told the position of their first row.
        self._blocks: Blocks[Partition] = Blocks(executor)
        # The position of the first row of each block, and the number of all rows behind.
        self._starts, at = [0], 0
        for task, count in zip(partitions.tasks, partitions.counts, strict=True):
            rows = [fact.rows for fact in facts[at : at + count]]
            at += count
            if any(rows):
                self._blocks.tasks.append(executor.submit(placed, task, len(self._blocks), self._starts[-1]))
                self._blocks.counts.append(sum(number > 0 for number in rows))
                self._starts.append(self._starts[-1] + sum(rows))

    @property
    def features(self) -> int:
        """The number of columns of X, p."""
        return self._facts.features

    @property
    def count(self) -> int:
        """The number of rows, n."""
        return self._starts[-1]

    @property
    def cells(self) -> int:
        """The cells that are kept of a row: its numbers, and one code for each categorical part."""
        return self._facts.cells

    @property
    def single(self) -> bool:
        """Whether X is in float32."""
        return self._facts.single

    def sum(self, term: Callable[..., T], *kept: Any) -> T:
        """Return Σ term(partition, its piece of each kept thing), added in the fixed tree."""
        return self._blocks.summed(term, *kept)

    def keep(self, function: Callable[..., S], *kept: Any) -> Blocks[S]:
        """Keep function(partition, its piece of each kept thing) beside each partition; return the handle."""
        return self._blocks.mapped(function, *kept)

    def gather(self, pick: Callable[..., Partition], *kept: Any, at: Positions | None = None) -> Partition:
        """Return the rows pick(partition, …) of the blocks that have a position of `at` as one partition, here."""
        asked = None if at is None else np.unique(np.searchsorted(self._starts, at, "right") - 1).tolist()
        return self._blocks.joined(pick, *kept, asked=asked)

    def sampled(self, pick: Callable[..., Partition], every: int, *kept: Any) -> Rows:
        """Return the rows pick(partition, …) as rows of their own. `every` neighbours become one partition."""
        picked, executor = self._blocks.mapped(pick, *kept), self._home.executor
        groups = -(-len(picked) // every)
        size = block_size(groups, executor.threads)
        sample: Blocks[Partition] = Blocks(executor)
        for first in range(0, groups, size):
            tasks = [picked.tasks[k] for k, _ in overlapping(picked.counts, first * every, (first + size) * every)]
            sample.tasks.append(executor.submit(grouped, first, size, every, *tasks))
            sample.counts.append(min(size, groups - first))
        return self._home.rows(sample)

    def map(self, function: Callable[[S], R], things: Sequence[S]) -> Iterator[R]:
        """Yield `function` of each thing, in order, computed here."""
        return self._home.here(function, things)


def block_size(things: int, threads: int) -> int:
    """Return how many neighbouring things a block gets: a power of two, so that most blocks come back as one sum."""
    size = 1
    while size < MOST_PARTITIONS and 2 * size * BLOCKS_PER_THREAD * threads <= things:
        size *= 2
    return size


def overlapping(counts: Sequence[int], begin: int, end: int) -> Iterator[tuple[int, range]]:
    """Yield the runs that have some of the places `begin` … `end` − 1, and which of their own places these are.

    Runs of `counts` things lie one behind the other.
    """
    for k, (first, last) in enumerate(pairwise([0, *accumulate(counts)])):
        if first < last and first < end and begin < last:
            yield k, range(max(begin - first, 0), min(end, last) - first)


def _blocks(things: Items[S]) -> Blocks[S]:
    """The things of a home on workers are in blocks always."""
    assert isinstance(things, Blocks)
    return things


# ---- what workers compute ----


def call(function: Callable[..., R], *things: Any) -> R:
    """Return function(things)."""
    return function(*things)


def placed(block: Block[Partition], first: int, start: int) -> Block[Partition]:
    """Return the partitions of a block that have rows, numbered from `first` on; the first row is at `start`."""
    partitions = []
    for partition in block.things:
        if partition.rows:
            partitions.append(replace(partition, start=start))
            start += partition.rows
    return Block(first, partitions)


def cut_block(*parts: C, first: int, rows: int, join: Join[C], ranges: Sequence[range]) -> Block[C]:
    """Return partitions of so many rows, numbered from `first` on, of the rows in `ranges` of some parts."""
    copies = (part.copy(slice(some.start, some.stop)) for part, some in zip(parts, ranges, strict=True))
    partitions = enumerate(cut(copies, rows, join), first)
    return Block(first, [replace(one, start=number * rows) for number, one in partitions])


def piece_of(*blocks: Block[NDArray[Any]], ranges: Sequence[range]) -> NDArray[Any]:
    """Return the rows in `ranges` of some blocks of arrays, as one array."""
    joints = (np.concatenate(block.things) for block in blocks)
    pieces = [joint[some.start : some.stop] for joint, some in zip(joints, ranges, strict=True)]
    return np.concatenate(pieces) if pieces else np.empty(0, np.int32)


def grouped(first: int, size: int, every: int, *blocks: Block[Partition]) -> Block[Partition]:
    """Return the groups `first` … `first` + `size` − 1, each the rows of `every` neighbours as one partition."""
    partitions = {block.first + k: partition for block in blocks for k, partition in enumerate(block.things)}
    places = [range(group * every, (group + 1) * every) for group in range(first, first + size)]
    groups = [[partitions[k] for k in some if k in partitions] for some in places]
    return Block(first, [joined(group) for group in groups if group])
