"""A list whose things workers hold, in blocks of neighbours; and what a worker computes of a block.

A function goes out. What comes back of a sum are the few subtotals of each block in the fixed tree
(smtrain.softmax.tree): where the blocks are cut changes no bit.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, Generic, TypeVar

from smtrain.partitions.executor import Executor, Task
from smtrain.partitions.memory import joined
from smtrain.softmax import tree
from smtrain.softmax.loss import Partition
from smtrain.softmax.tree import Additive, Subtotal

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


# ---- what workers compute ----


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
