"""A function of many things, computed by threads, with the results in the order of the things."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import TypeVar

S = TypeVar("S")
T = TypeVar("T")


def in_order(function: Callable[[S], T], things: Iterable[S], pool: Executor | None, ahead: int) -> Iterator[T]:
    """Yield `function` of each thing, in the order of the things. `pool` computes them; the caller does if it is None.

    At most `ahead` results are computed before the one that is asked for, so memory is bounded however slowly the
    results are taken. An error of `function` is raised in place of its result. An error of the iterator `things` is
    raised after the results of all things before it.
    """
    if pool is None:
        yield from map(function, things)
        return
    # The queue holds the computations that were handed out and whose results were not taken yet, oldest first. While it
    # is short, the next thing is handed out; then the oldest result is waited for and taken.
    waiting: deque[Future[T]] = deque()
    fault: Exception | None = None
    remaining = iter(things)
    try:
        while True:
            try:
                waiting.append(pool.submit(function, next(remaining)))
            except StopIteration:
                break
            except Exception as error:  # noqa: BLE001 - raised below, after the results before it were taken
                fault = error
                break
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:  # after an error, or when the caller takes no more results
        for future in waiting:
            future.cancel()
    if fault is not None:
        raise fault
