"""What the likelihood of a fit without penalty is compared with: the intercepts alone, and the fit without each column.

A column is taken out whole, with all of its levels and its indicator of missing cells, and the rest is fitted again.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtrain.fitting.options import FitConfig
from smtrain.model.encoder import Encoder
from smtrain.model.record import SETTLED, ColumnLikelihood, LikelihoodRecord
from smtrain.softmax.collinearity import dependences
from smtrain.softmax.objective import Objective, Theta
from smtrain.softmax.rows import Rows, without
from smtrain.solvers import make_solver
from smtrain.solvers.base import minimise


@dataclass(frozen=True)
class _Fits:
    """A fit at θ, from which the others start, and what they have in common."""

    objective: Objective
    theta: Theta
    config: FitConfig
    encoder: Encoder

    def without(self, column: int, rank: int) -> ColumnLikelihood:
        """The fit without a column of the encoder, beside the `rank` of all."""
        gone = self.encoder.owners == column
        rows = without(self.objective.rows, gone)
        start = np.where(np.append(gone, False)[:, None], 0.0, self.theta)
        reduced = Objective(rows, self.objective.classes, 0.0)
        solver, config = make_solver(self.config), self.config
        solution = minimise(reduced, solver, start, epochs=config.epochs, tol=config.tolerance)
        lost = (reduced.classes - 1) * (rank - self.rank(rows))
        return ColumnLikelihood(lost, solution.record.nll, settled=solution.status in SETTLED)

    def rank(self, rows: Rows) -> int:
        """How many columns of X, beside the intercept, are not determined by others."""
        return rows.features - len(self.encoder.categorical) - len(dependences(rows))


def likelihood_of(objective: Objective, theta: Theta, config: FitConfig, encoder: Encoder) -> LikelihoodRecord:
    """Compare the fit at θ (p + 1, K) with those of fewer columns, each a fit of its own."""
    fits = _Fits(objective.in_double(), theta, config, encoder)
    rank = fits.rank(fits.objective.rows)
    return LikelihoodRecord(
        weight=fits.objective.n,
        null_nll=entropy(fits.objective.totals.classes),
        degrees=(objective.classes - 1) * rank,
        columns=tuple(fits.without(i, rank) for i in range(len(encoder.columns))),
    )


def entropy(weights: NDArray[np.float64]) -> float:
    """The mean NLL of rows whose classes weigh so much (K,), where each class has its share for its probability."""
    shares = weights / weights.sum()
    return float(-(shares * np.log(shares)).sum())
