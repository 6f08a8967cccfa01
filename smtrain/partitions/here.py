"""An executor that is this process: what is written for workers serves tables that are here, too."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from smtrain.partitions.spread import SpreadHome


class Here:
    """Computes a task as it is submitted. A task is its result."""

    threads, description = 1, "this process"

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Return function(*arguments)."""
        return function(*arguments)

    def share(self, thing: Any) -> Any:
        """Return the thing."""
        return thing

    def results(self, tasks: Sequence[Any]) -> Iterator[Any]:
        """Yield the results of some tasks: themselves."""
        return iter(tasks)

    def close(self) -> None:
        """Do nothing."""


def home_here() -> SpreadHome:
    """Return a home whose only worker is this process."""
    return SpreadHome(Here(), 1)
