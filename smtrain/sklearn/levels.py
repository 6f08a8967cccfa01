"""Which columns a pipeline takes as names of levels, though they may be numbers, as codes for a OneHotEncoder are."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, TargetEncoder

ENCODERS = (OneHotEncoder, OrdinalEncoder, TargetEncoder)


def taken_as_levels(step: Any, columns: Sequence[Any]) -> list[Any]:
    """The columns that a step, or one that it is made of, takes as names of levels, whatever their type is."""
    if isinstance(step, ENCODERS):
        return list(columns)
    return [name for part, chosen in _parts(step, columns) for name in taken_as_levels(part, chosen)]


def _parts(step: Any, columns: Sequence[Any]) -> list[tuple[Any, Sequence[Any]]]:
    """The steps that a step is made of, each with the columns that it is given."""
    if isinstance(step, ColumnTransformer):
        return [(part, _named(columns, chosen)) for _, part, chosen in step.transformers_]
    if isinstance(step, FeatureUnion):
        return [(part, columns) for _, part in step.transformer_list]
    if isinstance(step, Pipeline):  # steps behind another may see other columns; an imputer hands on its own
        own = step.steps[:1] if isinstance(step.steps[0][1], ColumnTransformer | FeatureUnion) else step.steps
        return [(part, columns) for _, part in own]
    return []


def _named(columns: Sequence[Any], chosen: Any) -> list[Any]:
    """The names of the columns that a ColumnTransformer has chosen: by name, by place, by a mask, or by a slice."""
    if np.ndim(chosen) == 0 and not isinstance(chosen, slice):
        chosen = [chosen]
    if isinstance(chosen, slice) or not all(isinstance(one, str) for one in chosen):
        return list(np.array(columns, object)[chosen])
    return list(chosen)
