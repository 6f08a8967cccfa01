"""The coefficients of a model in the units of its data, as a table."""

import numpy as np
import pandas as pd

from smtrain.model.features import intercept_name
from smtrain.model.model import Model
from smtrain.scoring.inference import inference, reference_class


def coefficients(model: Model, reference: str | int | None, *, se: bool) -> pd.DataFrame:
    """A line for each class and term, with the estimate; with `se` all that inference has. See Model.coef."""
    if se:
        return inference(model, reference).table()
    W, b = model.raw_weights
    estimate, classes = np.vstack([W, b]), list[str | int](model.classes)
    if reference is not None:
        k = reference_class(model, reference)
        estimate = np.delete(estimate - estimate[:, [k]], k, axis=1)
        del classes[k]
    terms = [*model.features, intercept_name(model.features)]
    index = pd.MultiIndex.from_product([classes, terms], names=["class", "term"])
    return pd.DataFrame({"estimate": estimate.T.ravel()}, index=index)
