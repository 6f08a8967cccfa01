"""A model made again from its data with the options in its record: the same bytes, or how far apart."""

import tempfile
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smtrain import api
from smtrain.config import FitConfig
from smtrain.errors import ModelError, UsageError, quoted
from smtrain.model import Model
from smtrain.recorded import options_from
from smtrain.sources import Data

# Means and deviations (in deviations) that differ less may be of the same numbers, summed in another order.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Verification:
    """`size` bytes of the file; `same`, whether the new ones are equal to them.

    `reasons` say what differs, in words. `weights`, `probabilities` and `objective` are the largest differences, those
    of the probabilities over all rows of the data; None where the models are of other columns or classes.
    """

    size: int
    same: bool
    reasons: tuple[str, ...] = ()
    weights: float | None = None
    probabilities: float | None = None
    objective: float | None = None

    def within(self, tolerance: float) -> bool:
        """Whether the bytes are the same, or no probability differs by more than a tolerance above 0."""
        close = self.probabilities is not None and 0 < tolerance >= self.probabilities
        return self.same or close


def verify(
    model: str,
    data: Data,
    *,
    init: Model | None = None,
    observer: api.Observer | None = None,
    threads: int | None = None,
    memory: int | None = None,
) -> Verification:
    """Fit again, on `data`, with the options recorded in the model file, and compare the files byte by byte.

    `init` is the model that the fit started from, if it did. Raises UsageError if that is not the one, and what a fit
    raises.
    """
    old = api.load(model)
    config = replace(recorded_options(old), threads=threads, memory=memory)
    if "init" in old.fit and init is None:
        what = f"{quoted(model)} was made with --init: its fit started from another model"
        raise UsageError(what, hint="--init names that model")
    new = api.fit(data, config, observer=observer, init=init)
    if old.fit.get("init") != new.fit.get("init"):
        raise UsageError("--init: this is not the model that the fit started from")
    there, again = Path(model).read_bytes(), _saved(new)
    if there == again:
        return Verification(len(there), same=True)
    return Verification(len(there), same=False, reasons=tuple(_reasons(old, new)), **_distances(old, new, data))


def recorded_options(model: Model) -> FitConfig:
    """The options that a model was fitted with. Raises ModelError if its record has none that can be used."""
    record = model.fit["options"]
    try:
        config = options_from(record)
        if model.fit.get("selection") is not None:
            config = replace(config, l2="auto")
        api.check_options(config)
    except (KeyError, TypeError, ValueError, AttributeError, UsageError) as error:
        raise ModelError(
            "the model's record of options cannot be used", hint="a newer smtrain may have made it"
        ) from error
    return config


def _saved(model: Model) -> bytes:
    with tempfile.TemporaryDirectory(prefix="smtrain-") as folder:
        path = Path(folder) / "model.npz"
        model.save(str(path))
        return path.read_bytes()


def _distances(old: Model, new: Model, data: Data) -> dict[str, float]:
    """How far apart two models of the same columns and classes are."""
    if old.features != new.features or old.classes != new.classes:
        return {}
    pieces = zip(*(api.probabilities(model, data) for model in (old, new)), strict=True)
    return {
        "weights": max(_largest(old.W - new.W), _largest(old.b - new.b)),
        "probabilities": max(_largest(p - q) for p, q in pieces),
        "objective": abs(old.fit["objective"] - new.fit["objective"]),
    }


def _largest(difference: NDArray[Any]) -> float:
    return float(np.abs(difference).max(initial=0))


def _reasons(old: Model, new: Model) -> list[str]:
    """What differs, from the data to the bytes."""
    found = []
    if old.fit["rows"] != new.fit["rows"]:
        found.append(f"the data has {new.fit['rows']:,} rows, the model was fitted on {old.fit['rows']:,}")
    if old.classes != new.classes:
        found.append(f"other classes: {_first_difference(old.classes, new.classes)}")
    elif old.fit["class_counts"] != new.fit["class_counts"]:
        found.append("the classes have other numbers of rows")
    if old.features != new.features:
        found.append(f"other features: {_first_difference(old.features, new.features)}")
    elif old.fit["missing"] != new.fit["missing"]:
        found.append("other cells are missing")
    elif changed := _changed_columns(old, new):
        found.append(f"other numbers in {_listed(changed)}")
    if not found and (old.contract is None) != (new.contract is None):
        found.append("the model is of an earlier smtrain, which kept no data contract")
    return found


def _first_difference(old: tuple[str, ...], new: tuple[str, ...]) -> str:
    one, two = next(pair for pair in zip_longest(old, new) if pair[0] != pair[1])
    shown = [
        f"{side} has {'no more' if name is None else quoted(name)}"
        for side, name in (("the model", one), ("the data", two))
    ]
    return ", ".join(shown)


def _changed_columns(old: Model, new: Model) -> list[str]:
    """The columns whose numbers have another mean or deviation."""
    pairs = zip(old.encoder.numeric, new.encoder.numeric, strict=True)
    return [a.name for a, b in pairs if max(abs(a.mean - b.mean), abs(a.scale - b.scale)) > ROUNDING * a.scale]


def _listed(names: list[str]) -> str:
    listed = ", ".join(map(quoted, names[:3])) + (", …" if len(names) > 3 else "")
    return f"column {listed}" if len(names) == 1 else f"columns {listed}"
