"""A function of many pieces, by threads, with its results in their order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from smtrain.errors import DataError

S = TypeVar("S")
T = TypeVar("T")


def in_order(function: Callable[[S], T], pieces: Iterable[S], threads: int) -> Iterator[T]:
    """Map in `threads` threads, a few pieces ahead, results in order."""
    if threads == 1:
        yield from map(function, pieces)
        return
    waiting: deque[Future[T]] = deque()
    fault: Exception | None = None
    ahead = 0  # the first piece settles how the others are read
    with ThreadPoolExecutor(threads) as pool:
        try:
            remaining = iter(pieces)
            while True:
                try:
                    waiting.append(pool.submit(function, next(remaining)))
                except StopIteration:
                    break
                except DataError as error:  # what was read before it is still to come
                    fault = error
                    break
                if len(waiting) > ahead:
                    ahead = threads
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
    if fault is not None:
        raise fault
