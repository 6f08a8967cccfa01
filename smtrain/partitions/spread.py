"""A home for rows on many workers. A task holds a block of neighbouring partitions; the driver holds tasks.

What the driver sends out is a function, what it gets back are the few subtotals of a block in the fixed tree
(smtrain.softmax.tree): where the blocks are cut changes no bit. Nothing with a number for each row comes back.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate, pairwise
from typing import Any, Generic, Self, TypeVar

import numpy as np

from smtrain.partitions import sizes
from smtrain.partitions.cutter import Cuttable, Join, cut
from smtrain.partitions.executor import Executor, Task
from smtrain.partitions.interface import Items
from smtrain.partitions.memory import available_threads, facts_of, joined
from smtrain.softmax import tree
from smtrain.softmax.loss import Partition
from smtrain.softmax.rows import Positions, Rows
from smtrain.softmax.threads import in_order
from smtrain.softmax.tree import Additive, Subtotal

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


@dataclass(frozen=True)
class Block(Generic[S]):
    """Things that a worker holds; `first` is the number of the first one among those of all blocks."""

    first: int
    things: Sequence[S]


class Blocks(Generic[S]):
    """A list whose things are in blocks, each the result of a task. `counts` are the things of each block.

    Things may be asked for by their place, and further ones added, which takes them over the network.
    """

    def __init__(self, executor: Executor, tasks: Iterable[Task] = (), counts: Iterable[int] = ()) -> None:
        self.executor, self.tasks, self.counts = executor, [*tasks], [*counts]

    def __len__(self) -> int:
        return sum(self.counts)

    def __getitem__(self, index: int) -> S:
        firsts = [0, *accumulate(self.counts)]
        at = next(k for k, (begin, end) in enumerate(pairwise(firsts)) if begin <= index < end)
        (thing,) = self.executor.results([self.executor.submit(thing_of, self.tasks[at], index - firsts[at])])
        found: S = thing
        return found

    def copy(self) -> "Blocks[S]":
        """Return a list of the same things."""
        return Blocks(self.executor, self.tasks, self.counts)

    def append(self, thing: S) -> None:
        """Add one, which is sent to a worker."""
        self.tasks.append(self.executor.submit(Block, len(self), (thing,)))
        self.counts.append(1)

    def release(self, index: int) -> S:
        """Return a copy of a thing."""
        return self[index]

    def told(self, function: Callable[[S], R]) -> Iterator[R]:
        """Yield `function` of each thing, in order. All tasks are submitted at once."""
        shared = self.executor.share(function)
        tasks = [self.executor.submit(results_of, shared, task) for task in self.tasks]
        for results in self.executor.results(tasks):
            yield from results

    def mapped(self, function: Callable[..., R], *kept: "Blocks[Any]") -> "Blocks[R]":
        """Return the list of function(thing, its piece of each kept thing), which stays on the workers."""
        return Blocks(self.executor, self._each(block_of, function, kept), self.counts)

    def summed(self, term: Callable[..., T], *kept: "Blocks[Any]") -> T:
        """Return Σ term(thing, its piece of each kept thing), added in the fixed tree."""
        runs: Iterator[list[Subtotal[T]]] = self.executor.results(self._each(subtotals_of, term, kept))
        return tree.joined(runs)

    def joined(self, pick: Callable[..., Partition], *kept: "Blocks[Any]", asked: list[int] | None = None) -> Partition:
        """Return the rows pick(thing, its piece of each kept thing) of the blocks that are asked, None for all."""
        tasks = self._each(joined_of, pick, kept, asked)
        return joined(list(self.executor.results(tasks)))

    def _each(
        self,
        work: Callable[..., Any],
        function: Callable[..., Any],
        kept: "Sequence[Blocks[Any]]",
        asked: list[int] | None = None,
    ) -> list[Task]:
        """Submit work(function, block, the pieces that are kept of it) for each block that is asked, None for all."""
        shared = self.executor.share(function)
        pieces = list(zip(self.tasks, *(one.tasks for one in kept), strict=True))
        return [
            self.executor.submit(work, shared, *pieces[k]) for k in (range(len(pieces)) if asked is None else asked)
        ]


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


def thing_of(block: Block[S], index: int) -> S:
    """Return the thing at a place of a block."""
    return block.things[index]


def results_of(function: Callable[[S], R], block: Block[S]) -> list[R]:
    """Return `function` of each thing."""
    return [function(thing) for thing in block.things]


def block_of(function: Callable[..., R], block: Block[Any], *kept: Block[Any]) -> Block[R]:
    """Return the block of `function` of each thing and of the pieces that are kept of it."""
    return Block(block.first, tuple(_each(function, block, kept)))


def subtotals_of(term: Callable[..., T], block: Block[Any], *kept: Block[Any]) -> list[Subtotal[T]]:
    """Return the nodes of the fixed tree that the terms of a block sum to."""
    return tree.subtotals(block.first, _each(term, block, kept))


def joined_of(pick: Callable[..., Partition], block: Block[Any], *kept: Block[Any]) -> Partition:
    """Return the rows that are picked from the partitions of a block as one partition."""
    return joined(list(_each(pick, block, kept)))


def _each(function: Callable[..., R], block: Block[Any], kept: Sequence[Block[Any]]) -> Iterator[R]:
    """Yield function(thing, its piece of each kept block) for each thing."""
    return (function(*pieces) for pieces in zip(block.things, *(one.things for one in kept), strict=True))


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


def grouped(first: int, size: int, every: int, *blocks: Block[Partition]) -> Block[Partition]:
    """Return the groups `first` … `first` + `size` − 1, each the rows of `every` neighbours as one partition."""
    partitions = {block.first + k: partition for block in blocks for k, partition in enumerate(block.things)}
    places = [range(group * every, (group + 1) * every) for group in range(first, first + size)]
    groups = [[partitions[k] for k in some if k in partitions] for some in places]
    return Block(first, [joined(group) for group in groups if group])
