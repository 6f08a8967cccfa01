"""Batched gradient descent: the textbook update of M9, W ← W − α ∂J/∂W.

Objective: J/n of smtrain.softmax.objective. Inputs: α (or the safe 1/L), a batch size, a momentum μ, a seed.
Output: one step an epoch. A full batch takes one update an epoch; mini-batches take one each, over rows shuffled anew
every epoch, and then the epoch's NLL is computed at the weights it names by a pass of its own.
With momentum (Polyak, 1964): V ← μ V − α ∂J/∂W, W ← W + V.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from smtrain.softmax.batches import mini_batch, shuffled
from smtrain.softmax.objective import Objective, Point, Theta, shrunk
from smtrain.solvers.base import Shape, State
from smtrain.solvers.options import Options


@dataclass(frozen=True, kw_only=True)
class DescentState(State):
    """Where descent is: its step size α and its velocity V (p + 1, K)."""

    learning_rate: float
    velocity: Theta


@dataclass(frozen=True)
class GradientDescent:
    """See the module. `learning_rate` None takes 1/L; `batch_size` None is all rows."""

    state: ClassVar[type[State]] = DescentState
    l1: ClassVar[bool] = True
    batches: ClassVar[bool] = True
    warm: ClassVar[bool] = False
    learning_rate: float | None = None
    batch_size: int | None = None
    momentum: float = 0.0
    seed: int = 0

    def most_bytes(self, shape: Shape) -> int:  # noqa: ARG002 - whatever the size
        """It keeps nothing but a few arrays like the weights; the order of the rows lives beside them."""
        return 0

    def start(self, objective: Objective, point: Point) -> DescentState:
        """The state at rest, with α settled."""
        rate = self.learning_rate or 1 / self._smoothness(objective)
        return DescentState(point=point, learning_rate=rate, velocity=np.zeros_like(point.theta))

    def _smoothness(self, objective: Objective) -> float:
        """L of a batch of B of n rows: (n (B − 1) L + (n − B) L_row) / (B (n − 1)) (Gower et al., 2019, Prop. 3.8).

        L is the bound for all rows, L_row for the worst single row; a full batch has L.
        """
        n, B = objective.rows.count, self.batch_size
        L = objective.smoothness()
        if B is None or n <= B:
            return L
        return (n * (B - 1) * L + (n - B) * objective.row_smoothness()) / (B * (n - 1))

    def step(self, objective: Objective, state: DescentState, passes: int) -> DescentState:  # noqa: ARG002 - one a step
        """One epoch."""
        if self.batch_size is None or self.batch_size >= objective.rows.count:
            theta, velocity = self._update(
                objective, state.point.theta, state.velocity, state.point, state.learning_rate
            )
        else:
            theta, velocity = self._sweep(objective, state)
        point = objective.value_and_grad(theta)
        return replace(state, point=point, epoch=state.epoch + 1, velocity=velocity)

    def _update(
        self, objective: Objective, theta: Theta, velocity: Theta, point: Point, rate: float
    ) -> tuple[Theta, Theta]:
        """One step, and with l1 the proximal operator after it."""
        velocity = self.momentum * velocity - rate * objective.smooth_gradient(point)
        moved = theta + velocity
        if objective.l1:
            moved = shrunk(moved, rate * objective.threshold)
            velocity = moved - theta
        return moved, velocity

    def _sweep(self, objective: Objective, state: DescentState) -> tuple[Theta, Theta]:
        """One update a mini-batch. The shuffle is drawn from (seed, epoch), so it needs no memory of earlier epochs."""
        assert self.batch_size is not None
        rows = objective.rows
        order, count = shuffled(rows, self.seed, state.epoch), -(-rows.count // self.batch_size)
        theta, velocity = state.point.theta, state.velocity
        for number in range(count):
            batch = objective.batch_value_and_grad(theta, mini_batch(rows, order, number, count))
            theta, velocity = self._update(objective, theta, velocity, batch, state.learning_rate)
        return theta, velocity


def from_config(config: Options) -> GradientDescent:
    """Return the solver that `config` asks for."""
    return GradientDescent(config.learning_rate, config.batch_size, config.momentum, config.seed)
