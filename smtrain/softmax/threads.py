"""A function of many things, by threads, with its results in their order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import TypeVar

S = TypeVar("S")
T = TypeVar("T")


def in_order(function: Callable[[S], T], things: Iterable[S], pool: Executor | None, ahead: int) -> Iterator[T]:
    """`function` of each thing, computed by `pool`, or here if that is None; results come in the order of the things.

    At most `ahead` results are computed before the one that is asked for, so memory is bounded however slowly they are
    taken. An error of `things` itself comes where it belongs: behind the results of what was before it.
    """
    if pool is None:
        yield from map(function, things)
        return
    waiting: deque[Future[T]] = deque()
    fault: Exception | None = None
    remaining = iter(things)
    try:
        while True:
            try:
                waiting.append(pool.submit(function, next(remaining)))
            except StopIteration:
                break
            except Exception as error:  # noqa: BLE001 - raised below, when what was before it has been taken
                fault = error
                break
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
    if fault is not None:
        raise fault
