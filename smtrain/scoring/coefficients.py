"""The coefficients of a model in the units of its data: which of them are looked at, in which order; and as a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smtrain.errors import UsageError, quoted
from smtrain.model.features import intercept_name
from smtrain.model.model import Model
from smtrain.scoring.inference import Inference, inference, reference_class
from smtrain.softmax.ranking import largest_first

Sort = Literal["column", "effect", "name"]
# The columns of the tidy form, and what Inference calls those that it has besides the estimate.
TIDY = ("class", "term", "estimate", "std_error", "z", "p", "low", "high")
INFERRED = {"std_error": "error", "z": "z", "p": "p", "low": "low", "high": "high"}


def coefficients(model: Model, reference: str | int | None, *, se: bool) -> pd.DataFrame:
    """A line for each class and term, with the estimate; with `se` all that inference has. See Model.coef."""
    if se:
        return inference(model, reference).table()
    base = None if reference is None else reference_class(model, reference)
    W, b = counted_from(model, base)
    estimate, classes = np.vstack([W, b]), list[str | int](model.classes)
    if base is not None:
        estimate = np.delete(estimate, base, axis=1)
        del classes[base]
    terms = [*model.features, intercept_name(model.features)]
    index = pd.MultiIndex.from_product([classes, terms], names=["class", "term"])
    return pd.DataFrame({"estimate": estimate.T.ravel()}, index=index)


def counted_from(model: Model, base: int | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """W (p, K) and b (K,) in the units of the data, less those of the class at `base`, if there is one."""
    W, b = model.raw_weights
    return (W, b) if base is None else (W - W[:, [base]], b - b[base])


@dataclass(frozen=True)
class Choice:
    """Which coefficients are looked at: those of the `classes`, by position, counted from the class at `base`.

    Without a base they are as the penalty has them. The `top` are so many features of the largest effect, all if None;
    they are in the order of the columns, of the effect, or of the names, as `sort` says.
    """

    base: int | None
    classes: tuple[int, ...]
    top: int | None = None
    sort: Sort = "column"

    def features(self, model: Model, most: int | None = None) -> list[int]:
        """The features to look at, by position, of those that have a weight, at most so many."""
        # By the weights of standardised columns, which can be compared.
        W = model.W if self.base is None else model.W - model.W[:, [self.base]]
        return self._sorted(np.abs(W[:, list(self.classes)]).max(axis=1), model.features, self.top or most)

    def terms(self, found: Inference, k: int, most: int | None = None) -> list[int]:
        """The terms of a class to look at, by position: the intercept, then those of the largest |z|."""
        z = np.nan_to_num(np.abs(found.z[1:, k]), nan=0.0)
        order = self._sorted(z + np.finfo(float).tiny, found.terms[1:], self.top or most)
        return [0, *(1 + j for j in order)]

    def _sorted(self, effect: NDArray[np.float64], names: Sequence[str], most: int | None) -> list[int]:
        some = np.flatnonzero(effect)
        order = [int(j) for j in some[largest_first(effect[some])[:most]]]
        if self.sort == "effect":
            return order
        return sorted(order) if self.sort == "column" else sorted(order, key=names.__getitem__)


def choice_of(
    model: Model, base: int | None, classes: Sequence[str] = (), top: int | None = None, sort: Sort | None = None
) -> Choice:
    """The choice that options name, counted from the class at `base`; of all other classes, if none is named.

    Raises UsageError for a class that there is none of, or that is the base.
    """
    chosen = [k for k in range(len(model.encoder.classes)) if k != base]
    if classes:
        named = [reference_class(model, name, "--class") for name in classes]
        if base in named:
            what = (
                f"--class: the others are counted from {quoted(model.encoder.classes[base])}, which has no coefficients"
            )
            raise UsageError(what, hint="--reference names the class to count from")
        chosen = list(dict.fromkeys(named))
    return Choice(base, tuple(chosen), top, sort or ("effect" if top else "column"))


def base_of(model: Model, reference: str | None, positive: str | None) -> int | None:
    """The class that the others are counted from: of two the first, or the one that is not `positive`.

    Raises UsageError for a class that there is none of, and for what does not go together.
    """
    if positive is None:
        two = len(model.encoder.classes) == 2
        return reference_class(model, reference) if two or reference is not None else None
    if len(model.encoder.classes) != 2:
        what = f"--positive is for two classes, and the model has {len(model.encoder.classes):,}"
        raise UsageError(what, hint="--reference names the class to count from")
    base = 1 - reference_class(model, positive, "--positive")
    if reference is not None and reference_class(model, reference) != base:
        raise UsageError("--positive and --reference name the same class")
    return base


def tidy(model: Model, choice: Choice, found: Inference | None) -> list[dict[str, Any]]:
    """A row for each class and term, with the keys TIDY; None for what is not known, or not identified."""
    if found is None:
        return _plain_rows(model, choice)
    places = {name: k for k, name in enumerate(found.classes)}
    names = [model.encoder.classes[k] for k in choice.classes]
    return [_row(found, t, places[name]) for name in names for t in choice.terms(found, places[name])]


def _plain_rows(model: Model, choice: Choice) -> list[dict[str, Any]]:
    W, b = counted_from(model, choice.base)
    features, rows = choice.features(model), []
    for k in choice.classes:
        terms = [(intercept_name(model.features), b[k]), *((model.features[j], W[j, k]) for j in features)]
        for term, estimate in terms:
            row = {"class": model.encoder.classes[k], "term": term, "estimate": float(estimate)}
            rows.append(row | dict.fromkeys(INFERRED))
    return rows


def _row(found: Inference, t: int, k: int) -> dict[str, Any]:
    known = {"estimate": "estimate"} | INFERRED
    identified = np.isfinite(found.error[t, k])
    numbers = {key: float(getattr(found, name)[t, k]) if identified else None for key, name in known.items()}
    return {"class": found.classes[k], "term": found.terms[t]} | {
        key: value if value is not None and np.isfinite(value) else None for key, value in numbers.items()
    }
