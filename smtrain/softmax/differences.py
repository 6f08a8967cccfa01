"""The gradient of M8 against central differences of the cost of M3, on real rows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.objective import Objective, Theta

# The step h of a parameter in (J(θ + h) − J(θ − h)) / 2h. The formula's error is of order h², 1e-10, and that of
# rounding about 1e-16 / h. A much larger or smaller step would make the differences wrong, not the gradient.
STEP = 1e-5
# The deviation of the random weights at which the gradient is checked: the probabilities are then neither equal nor 0.
SPREAD = 0.1


@dataclass(frozen=True)
class GradientCheck:
    """The N parameters that were compared, of `parameters` in all.

    `features` and `classes` name each one; `formula` and `differences` (N,) are its derivative by the formula of M8 and
    by differences. `scale` is the largest |entry| of the whole gradient.
    """

    features: list[str]
    classes: list[str]
    formula: NDArray[np.float64]
    differences: NDArray[np.float64]
    scale: float
    parameters: int

    @property
    def disagreements(self) -> NDArray[np.float64]:
        """|formula − differences| / max |gradient|, (N,)."""
        return np.asarray(np.abs(self.formula - self.differences) / self.scale)


def check_gradient(
    objective: Objective, features: tuple[str, ...], classes: tuple[str, ...], seed: int, most: int
) -> GradientCheck:
    """Return up to `most` entries of the gradient beside their central differences, at a random θ drawn from `seed`.

    Each entry costs two passes over the rows. If the gradient has more than `most` entries, `seed` draws them.
    """
    rng = np.random.default_rng(seed)
    theta = SPREAD * rng.standard_normal(objective.zeros().shape)
    gradient = objective.value_and_grad(theta).gradient
    chosen = np.arange(theta.size) if theta.size <= most else np.sort(rng.choice(theta.size, most, replace=False))
    differences = np.array([_central_difference(objective, theta, int(flat)) for flat in chosen])
    j, k = np.unravel_index(chosen, theta.shape)
    return GradientCheck(
        [features[i] for i in j],
        [classes[i] for i in k],
        gradient.ravel()[chosen],
        differences,
        float(np.abs(gradient).max()) or 1.0,
        theta.size,
    )


def _central_difference(objective: Objective, theta: Theta, flat: int) -> float:
    """Return (J(θ + h) − J(θ − h)) / 2h for a step h of one parameter, the one at the place `flat` of θ row by row."""
    step = np.zeros(theta.size)
    step[flat] = STEP
    up, down = (objective.value_and_grad(theta + sign * step.reshape(theta.shape)) for sign in (1, -1))
    return (up.objective - down.objective) / (2 * STEP)
