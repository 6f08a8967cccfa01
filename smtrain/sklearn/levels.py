"""Which columns a pipeline takes as names of levels, though they may be numbers, as codes for a OneHotEncoder are."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, TargetEncoder

ENCODERS = (OneHotEncoder, OrdinalEncoder, TargetEncoder)


def taken_as_levels(step: Any, columns: Sequence[Any]) -> list[Any]:
    """The columns that a step, or one that it is made of, takes as names of levels, whatever their type is."""
    if isinstance(step, ENCODERS):
        return list(columns)
    if isinstance(step, ColumnTransformer):
        parts = [(part, _named(columns, chosen)) for _, part, chosen in step.transformers_]
        return [name for part, chosen in parts for name in taken_as_levels(part, chosen)]
    if isinstance(step, Pipeline):  # steps behind another may see other columns; an imputer hands on its own
        own = step.steps[:1] if isinstance(step.steps[0][1], ColumnTransformer) else step.steps
        return [name for _, one in own for name in taken_as_levels(one, columns)]
    return []


def _named(columns: Sequence[Any], chosen: Any) -> list[Any]:
    """The names of the columns that a ColumnTransformer has chosen: by name, by place, by a mask, or by a slice."""
    if np.ndim(chosen) == 0 and not isinstance(chosen, slice):
        chosen = [chosen]
    if isinstance(chosen, slice) or not all(isinstance(one, str) for one in chosen):
        return list(np.array(columns, object)[chosen])
    return list(chosen)
