"""What follows a fit: collinear columns, separated classes; if asked for, what inference needs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtrain.errors import UsageError
from smtrain.fitting.likelihood import likelihood_of
from smtrain.fitting.options import FitConfig
from smtrain.model.encoder import Encoder
from smtrain.model.record import LikelihoodRecord, SeparationRecord
from smtrain.softmax.collinearity import MOST_COLUMNS, dependences
from smtrain.softmax.information import (
    MOST_PARAMETERS,
    Limit,
    free_parameters,
    inverse,
    leave_one_out,
    observed_information,
    penalty_information,
)
from smtrain.softmax.objective import Objective, Theta
from smtrain.softmax.ranking import largest_first
from smtrain.softmax.separation import Separation, effects, find_separation

# The share of the largest effect that a column must have to be named among those that separate; and how many are.
NAMED = 0.3
MOST_NAMED = 8
# Pairs of separated classes that the record has: 700 classes have 245,000.
MOST_PAIRS = 1000


@dataclass(frozen=True)
class PostEstimation:
    """Collinear columns, each with those that determine it; classes that are separated; what inference needs.

    `loo_nll` is the leave-one-out NLL, None if it was not asked for or is not defined; `information` (d, d) goes into
    the model, and `likelihood` into its record, if they were asked for.
    """

    collinear: dict[str, tuple[str, ...]]
    separation: SeparationRecord | None
    loo_nll: float | None
    information: NDArray[np.float64] | None
    likelihood: LikelihoodRecord | None


def check_size(config: FitConfig, encoder: Encoder) -> None:
    """Raise UsageError, before training, if what was asked for besides the weights would be too large."""
    if config.lr and len(encoder.features) > MOST_COLUMNS:
        what = f"--lr is for at most {MOST_COLUMNS:,} features, and these are {len(encoder.features):,}"
        raise UsageError(what, hint="columns are left out by --drop")
    parameters = free_parameters(len(encoder.features), len(encoder.classes))
    if (config.se or config.loo) and parameters > MOST_PARAMETERS:
        what = "--se" if config.se else "--loo"
        raise UsageError(
            f"{what} is for at most {MOST_PARAMETERS:,} parameters, and these are {parameters:,}: "
            f"{len(encoder.features):,} features and the intercept, for {len(encoder.classes):,} classes but one",
            hint="columns are left out by --drop",
        )


def postestimation(
    objective: Objective, theta: Theta, epochs: int, config: FitConfig, encoder: Encoder
) -> PostEstimation:
    """Look at the rows once more, at the weights θ (p + 1, K) of the fit, which took so many epochs."""
    separation = None if config.penalised else find_separation(objective, theta, epochs)
    collinear = {
        encoder.features[one.column]: tuple(encoder.features[j] for j in one.others)
        for one in dependences(objective.rows)
    }
    limit = None if separation is None else Limit(separation.direction, separation.apart)
    information = observed_information(objective, theta, limit) if config.se or config.loo else None
    loo_nll = None
    if config.loo and information is not None and separation is None:
        penalty = penalty_information(config.ridge, objective.rows.features, objective.classes)
        nll = leave_one_out(objective, theta, inverse(information + penalty))
        loo_nll = nll if np.isfinite(nll) else None
    apart = None if separation is None else _separation_record(objective, separation, encoder)
    likelihood = likelihood_of(objective, theta, config, encoder) if config.lr else None
    return PostEstimation(collinear, apart, loo_nll, information if config.se else None, likelihood)


def _separation_record(objective: Objective, separation: Separation, encoder: Encoder) -> SeparationRecord:
    sizes = effects(objective, separation.direction)
    order = [j for j in largest_first(sizes) if sizes[j] >= NAMED * sizes.max()]
    pairs = tuple((encoder.classes[k], encoder.classes[m]) for k, m in separation.pairs[:MOST_PAIRS])
    return SeparationRecord(separation.complete, pairs, tuple(encoder.features[j] for j in order[:MOST_NAMED]))
