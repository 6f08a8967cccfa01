"""Batched gradient descent: the textbook update of M9, W ← W − α ∂J/∂W.

Objective: J/n of smtrain.softmax.objective. Inputs: α (or the safe 1/L), a batch size, a momentum μ, a seed. Output:
one step an epoch. One step:

1. With full batches: one update, W ← W − α ∂J/∂W, with the gradient of the last pass.
2. With mini-batches: the rows are shuffled anew, and each batch makes an update. That is a pass over the rows.
3. The objective and its gradient at the new weights, by a pass. After mini-batches that is a second pass over the rows;
   both together count as one epoch.

With momentum (Polyak, 1964) an update is V ← μ V − α ∂J/∂W, W ← W + V.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from smtrain.softmax.batches import mini_batches
from smtrain.softmax.objective import Objective, Point, Theta
from smtrain.softmax.shrinkage import shrunk
from smtrain.solvers.interface import Shape, State
from smtrain.solvers.options import Options


@dataclass(frozen=True, kw_only=True)
class DescentState(State):
    """The point, the step size α, and the velocity V (p + 1, K): the last update, which momentum goes on with."""

    learning_rate: float
    velocity: Theta


@dataclass(frozen=True)
class GradientDescent:
    """See the module. A `learning_rate` of None is the safe step 1/L; a `batch_size` of None is all rows."""

    state: ClassVar[type[State]] = DescentState
    l1: ClassVar[bool] = True
    batches: ClassVar[bool] = True
    warm: ClassVar[bool] = False
    learning_rate: float | None = None
    batch_size: int | None = None
    momentum: float = 0.0
    seed: int = 0

    def most_bytes(self, shape: Shape) -> int:  # noqa: ARG002 - whatever the size
        """Return 0: it keeps nothing but a few arrays like θ. The order of the rows lives beside the rows."""
        return 0

    def start(self, objective: Objective, point: Point) -> DescentState:
        """Return the state at rest, with α settled."""
        rate = self.learning_rate or 1 / self._smoothness(objective)
        return DescentState(point=point, learning_rate=rate, velocity=np.zeros_like(point.theta))

    def _smoothness(self, objective: Objective) -> float:
        """Return a bound of the curvature of the objective of a batch of B of n rows.

        It is (n (B − 1) L + (n − B) L_row) / (B (n − 1)) (Gower et al., 2019, Proposition 3.8), with the bound L for
        all rows and L_row for the worst single row; for a full batch it is L.
        """
        n, B = objective.rows.count, self.batch_size
        L = objective.smoothness()
        if B is None or n <= B:
            return L
        return (n * (B - 1) * L + (n - B) * objective.row_smoothness()) / (B * (n - 1))

    def step(self, objective: Objective, state: DescentState, passes: int) -> DescentState:  # noqa: ARG002 - one a step
        """Return the state after one epoch."""
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
        """Return the parameters and the velocity after one update, from the gradient at `point`.

        With l1 the proximal operator follows, with the threshold α l1/n.
        """
        velocity = self.momentum * velocity - rate * objective.smooth_gradient(point)
        moved = theta + velocity
        if objective.l1:
            # Momentum goes on with the step that was made, not with the one before the proximal operator.
            moved = shrunk(moved, rate * objective.threshold)
            velocity = moved - theta
        return moved, velocity

    def _sweep(self, objective: Objective, state: DescentState) -> tuple[Theta, Theta]:
        """Return the parameters and the velocity after one update for each mini-batch."""
        # The order of the rows is drawn from (seed, epoch). So an interrupted fit needs nothing of earlier epochs.
        assert self.batch_size is not None
        theta, velocity = state.point.theta, state.velocity
        for rows in mini_batches(objective.rows, self.batch_size, self.seed, state.epoch):
            point = objective.batch_value_and_grad(theta, rows)
            theta, velocity = self._update(objective, theta, velocity, point, state.learning_rate)
        return theta, velocity


def from_config(config: Options) -> GradientDescent:
    """Return the solver that `config` asks for."""
    return GradientDescent(config.learning_rate, config.batch_size, config.momentum, config.seed)
