"""What a solver is: a method of minimisation, and what it remembers between steps.

A solver knows the objective and nothing else: no data, no printing, no clock. It is a small value with two methods,
`start` and `step`; smtrain.solvers.base calls them in a loop. What it remembers between steps is its state.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

from smtrain.softmax.objective import Objective, Point, Theta


@dataclass(frozen=True)
class State:
    """What every solver remembers: where it is, and after how many passes over the rows.

    `promised` is the decrease of the objective that the solver's own model of the curvature promises, None if it has no
    such model. `stalled` says that no step of the solver lowers the objective any further.
    """

    point: Point
    epoch: int = 0
    promised: float | None = None
    stalled: bool = False

    def alone(self) -> Self:
        """Return the state without what is kept beside the rows for it."""
        return self


@dataclass(frozen=True)
class Shape:
    """The size of a fit: n rows, p features, the cells of a row, K classes, and the threads that work on it."""

    rows: int
    features: int
    cells: int
    classes: int
    threads: int


class Solver(Protocol):
    """A method of minimisation. `state` is the class of what it remembers, from which a checkpoint is read back.

    It says what it can: minimise with `l1`, learn from mini-`batches`, start `warm` from where another fit ended.
    """

    state: ClassVar[type[State]]
    l1: ClassVar[bool]
    batches: ClassVar[bool]
    warm: ClassVar[bool]

    def most_bytes(self, shape: Shape) -> int:
        """Return the most memory, in bytes, that it takes for a fit of this size, besides a few arrays like θ."""
        ...

    def start(self, objective: Objective, point: Point) -> Any:
        """Return the state at the first point."""
        ...

    def step(self, objective: Objective, state: Any, passes: int) -> Any:
        """Return the state after one step, made with at most `passes` ≥ 1 passes over the rows.

        The `epoch` of the new state counts the passes that were made.
        """
        ...


class WarmSolver(Solver, Protocol):
    """A solver that starts well from where another fit ended."""

    def near(self, objective: Objective, point: Point) -> Any:
        """Return the state at a point near the optimum."""
        ...

    def moved(self, objective: Objective, state: Any, theta: Theta) -> Any:
        """Return a state at θ for a similar objective, on other rows, with what `state` knows of the curvature."""
        ...

    def is_near(self, state: Any, accuracy: float) -> bool:
        """Return whether little is left to gain: at most `accuracy` of the objective, as far as the solver can say."""
        ...
