"""The gradient of M8 against central differences of the cost of M3, on real rows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.objective import Objective

STEP = 1e-5


@dataclass(frozen=True)
class GradientCheck:
    """The parameters that were compared: (feature, class, by formula, by differences), and the scale of the gradient.

    `disagreements` (N,) are |formula − differences| relative to the largest entry of the gradient.
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
    """Compare up to `most` of the (p + 1) K entries at W ~ N(0, 0.1²) drawn from `seed`."""
    rng = np.random.default_rng(seed)
    theta = 0.1 * rng.standard_normal(objective.zeros().shape)
    gradient = objective.value_and_grad(theta).gradient
    chosen = np.arange(theta.size) if theta.size <= most else np.sort(rng.choice(theta.size, most, replace=False))
    numeric = np.empty(len(chosen))
    for place, flat in enumerate(chosen):
        step = np.zeros(theta.size)
        step[flat] = STEP
        up, down = (objective.value_and_grad(theta + sign * step.reshape(theta.shape)) for sign in (1, -1))
        numeric[place] = (up.objective - down.objective) / (2 * STEP)
    j, k = np.unravel_index(chosen, theta.shape)
    return GradientCheck(
        [features[i] for i in j],
        [classes[i] for i in k],
        gradient.ravel()[chosen],
        numeric,
        float(np.abs(gradient).max()) or 1.0,
        theta.size,
    )
