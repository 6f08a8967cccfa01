"""What a home on many workers asks of whoever runs its tasks: a cluster, or something that plays one in a test.

A task is a pure function of some arguments, and its result stays where it was computed. A result that is lost with its
worker is computed again, from the arguments; so an executor keeps these as long as anyone refers to the task.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol


class Task(Protocol):
    """A result that is kept by a worker, now or soon. It is let go with the last reference to the task."""


class Executor(Protocol):
    """Runs functions of a module, or `functools.partial` of one, on workers."""

    @property
    def threads(self) -> int:
        """The number of tasks that run at a time."""

    @property
    def description(self) -> str:
        """The workers, in a few words."""

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Task:
        """Have function(*arguments) computed. An argument that is a task stands for its result, wherever that is."""
        ...

    def share(self, thing: Any) -> Any:
        """Return the argument that stands for a thing in many tasks: the thing, or a task if it is better sent once."""
        ...

    def results(self, tasks: Sequence[Task]) -> Iterator[Any]:
        """Yield the results of some tasks, in their order. Raises the error of the first that failed."""
        ...

    def close(self) -> None:
        """Give up all tasks that were submitted, and leave the workers."""
        ...
