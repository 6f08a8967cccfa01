"""A model made again from its data with the options in its record: the same bytes, or how far apart."""

import tempfile
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smtrain.errors import DataError, ModelError, SmtrainError, UsageError, listed, quoted
from smtrain.fitting.contradictions import check_options
from smtrain.fitting.fit import Observer, train
from smtrain.fitting.options import FitConfig
from smtrain.model.encoder import CategoricalColumn, NumericColumn
from smtrain.model.model import Model, load
from smtrain.scoring.predict import probabilities
from smtrain.sources.opening import Data, read_again

# How far apart means and deviations may be, in deviations, that are of the same numbers, summed in another order.
ROUNDING = 1e-9
# Columns that a reason names.
NAMED = 3
# How far apart probabilities may be that another processor made of the same data. Two fits to a gap of 1e-4 end within
# 1e-8 of each other as a rule; with a weak penalty, where the minimum is flat, 3e-4 was seen. Less fails sound models.
WITHIN = 1e-3


@dataclass(frozen=True)
class Verification:
    """`size` bytes of the file; `same`, whether the new ones are equal to them.

    `same_data` says whether the data are those of the fit; None for a model that keeps no digest of them. `reasons` say
    what differs, in words. `weights`, `probabilities` and `objective` are the largest differences, those of the
    probabilities over all rows of the data; None where the models are of other columns or classes.

    >>> model = smtrain.fit("iris.csv")
    >>> model.save("model.npz")
    >>> flowers = pandas.read_csv("iris.csv")
    >>> found = smtrain.verify("model.npz", flowers[1:])
    >>> found.same_data, found.reasons[0]
    (False, 'the data has 149 rows, the model was fitted on 150')
    """

    size: int
    same: bool
    same_data: bool | None = None
    reasons: tuple[str, ...] = ()
    weights: float | None = None
    probabilities: float | None = None
    objective: float | None = None

    def __repr__(self) -> str:
        """Whether the bytes are the same, and if not, how far apart the probabilities are."""
        if self.same:
            return f"<Verification: the same {self.size:,} bytes>"
        apart = "" if self.probabilities is None else f", probabilities within {self.probabilities:.2g}"
        return f"<Verification: other bytes{apart}>"

    def passes(self, *, within: float = WITHIN, tolerance: float = 0.0) -> bool:
        """Whether the bytes are the same, or the data are the same and no probability differs by more than `within`.

        A `tolerance` above 0 lets differences up to it pass for other data, too. 0 for both asks for the same bytes.

        >>> model = smtrain.fit("iris.csv")
        >>> model.save("model.npz")
        >>> smtrain.verify("model.npz", "iris.csv").passes(within=1e-6)
        True
        """
        limit = max(tolerance, within if self.same_data else 0.0)
        return self.same or (self.probabilities is not None and 0 < limit >= self.probabilities)


def verify(
    model: str,
    data: Data,
    *,
    init: Model | None = None,
    observer: Observer | None = None,
    threads: int | None = None,
    memory: int | None = None,
) -> Verification:
    """Fit again, on `data`, with the options recorded in the model file, and compare the files byte by byte.

    `init` is the model that the fit started from, if it did. Raises UsageError if that is not the one, and what a fit
    raises.

    >>> model = smtrain.fit("iris.csv")
    >>> model.save("model.npz")
    >>> smtrain.verify("model.npz", "iris.csv").same
    True
    """
    old, data = load(model), read_again(data, "verify")
    # Threads and memory change no bit, so they are those of this machine and not of the one that made the model.
    config = replace(recorded_options(old), threads=threads, memory=memory)
    if old.fit.init is not None and init is None:
        what = f"{quoted(model)} was made with --init: its fit started from another model"
        raise UsageError(what, hint="--init names that model")
    try:
        new = train(data, config=config, observer=observer, init=init)
    except (DataError, ModelError) as error:
        if not isinstance(config.validation, str):
            raise
        return _of_other_rows(old, model, data, config, error)
    if old.fit.init != new.fit.init:
        raise UsageError("--init: this is not the model that the fit started from")
    # In which form the data were given, and which version fitted, is no matter of what a fit makes of them.
    given, version = old.encoder, old.fit.smtrain
    encoder = replace(new.encoder, array=given.array, unnamed=given.unnamed)
    new = replace(new, encoder=encoder, fit=replace(new.fit, smtrain=version))
    # Byte by byte, as files: whatever is in a model is compared, and nothing has to be kept in mind here.
    there, again = Path(model).read_bytes(), _saved(_with_digests_of(old, new))
    same_data = None if old.data is None else old.data == new.data
    if there == again:
        return Verification(len(there), same=True, same_data=same_data)
    reasons = () if same_data else tuple(_reasons(old, new))
    return Verification(len(there), same=False, same_data=same_data, reasons=reasons, **_distances(old, new, data))


def _of_other_rows(old: Model, model: str, data: Data, config: FitConfig, error: SmtrainError) -> Verification:
    """What can be said if `data` and the file for validation do not go together: one of them is not what it was.

    Raises what a fit raises if it is `data` that cannot be used.
    """
    alone = replace(config, validation=None, patience=None, calibrate=False, se=False, loo=False, epochs=0)
    if alone.chosen is not None:
        found = old.fit.options
        alone = replace(alone, l2=found.ridge, l1=found.lasso, folds=FitConfig.folds, one_se=False)
    new = train(data, config=alone.without_idle_groups())
    same = old.data is not None and old.data == new.data
    reasons = ([] if same else _reasons(old, new)) + [f"the file for validation does not fit: {error.message}"]
    return Verification(Path(model).stat().st_size, same=False, same_data=False, reasons=tuple(reasons))


def recorded_options(model: Model) -> FitConfig:
    """The options that a model was fitted with. Raises ModelError if its record has none that can be used."""
    unusable = ModelError("the model's record of options cannot be used", hint="a newer smtrain may have made it")
    if model.fit.newer_options:
        raise unusable
    config = FitConfig.again(model.fit.options)
    # The record has the penalty that was chosen. It was chosen by cross-validation, which is done again.
    if model.fit.selection is not None:
        auto: dict[str, Any] = {model.fit.selection.penalty: "auto"}
        config = replace(config, **auto)
    try:
        check_options(config)
    except UsageError as error:
        raise unusable from error
    return config


def _with_digests_of(old: Model, new: Model) -> Model:
    """The new model without the digests that models did not keep yet when the old one was written."""
    one, two = old.fit, new.fit
    if two.validation is not None and one.validation is not None and one.validation.sha256 is None:
        two = replace(two, validation=replace(two.validation, sha256=None))
    if two.test is not None and one.test is not None and one.test.sha256 is None:
        two = replace(two, test=replace(two.test, sha256=None))
    return replace(new, fit=two if one.data is not None else replace(two, data=None))


def _saved(model: Model) -> bytes:
    with tempfile.TemporaryDirectory(prefix="smtrain-") as folder:
        path = Path(folder) / "model.npz"
        model.save(str(path))
        return path.read_bytes()


def _distances(old: Model, new: Model, data: Data) -> dict[str, float]:
    """How far apart two models of the same columns and classes are."""
    if old.features != new.features or old.encoder.classes != new.encoder.classes:
        return {}
    pieces = zip(*(probabilities(model, data, "ignore") for model in (old, new)), strict=True)
    return {
        "weights": max(_largest(old.W - new.W), _largest(old.b - new.b)),
        "probabilities": max(_largest(p - q) for p, q in pieces),
        "objective": abs(old.fit.objective - new.fit.objective),
    }


def _largest(difference: NDArray[Any]) -> float:
    return float(np.abs(difference).max(initial=0))


def _reasons(old: Model, new: Model) -> list[str]:
    """What differs, from the data to the bytes."""
    reasons = []
    if old.fit.rows != new.fit.rows:
        reasons.append(f"the data has {new.fit.rows:,} rows, the model was fitted on {old.fit.rows:,}")
    if old.encoder.classes != new.encoder.classes:
        reasons.append(f"other classes: {_first_difference(old.encoder.classes, new.encoder.classes)}")
    elif old.fit.class_counts != new.fit.class_counts:
        reasons.append("the classes have other numbers of rows")
    if old.features != new.features:
        reasons.append(f"other features: {_first_difference(old.features, new.features)}")
    elif old.fit.missing != new.fit.missing:
        reasons.append("other cells are missing")
    if old.fit.rows == new.fit.rows and old.features == new.features:
        reasons += _other_cells(old, new)
    if old.data is None and not reasons and old.contract is None:
        reasons.append("the model is of an earlier smtrain, which kept no data contract")
    return reasons


def _other_cells(old: Model, new: Model) -> list[str]:
    """The columns that have other cells, by their sums in the digest; by their moments in a model without one."""
    moved = _moved_columns(old, new)
    if old.data is None or new.data is None:
        return [f"other numbers in {_listed(moved)}"] if moved else []
    pairs = zip(old.encoder.columns, old.data.columns, new.data.columns, strict=True)
    changed = [column for column, one, two in pairs if one != two]
    # A sum of the digest depends on the order of the rows, a mean does not.
    if len(changed) == len(old.encoder.columns) > 1 and not moved:
        return ["other cells in every column, of the same means: the rows may be in another order"]
    reasons = [
        f"other {what} in {_listed(names)}"
        for what, kind in (("numbers", NumericColumn), ("words", CategoricalColumn))
        if (names := [column.name for column in changed if isinstance(column, kind)])
    ]
    beside = {"labels": "target", "weights": "weight", "groups": "groups"}
    pairs_of_two = [(what, getattr(old.data, name), getattr(new.data, name)) for what, name in beside.items()]
    return reasons + [f"other {what}" for what, one, two in pairs_of_two if one != two]


def _first_difference(old: tuple[str, ...], new: tuple[str, ...]) -> str:
    one, two = next(pair for pair in zip_longest(old, new) if pair[0] != pair[1])
    shown = [
        f"{side} has {'no more' if name is None else quoted(name)}"
        for side, name in (("the model", one), ("the data", two))
    ]
    return ", ".join(shown)


def _moved_columns(old: Model, new: Model) -> list[str]:
    """The columns whose numbers have another mean or deviation."""
    pairs = zip(old.encoder.numeric, new.encoder.numeric, strict=True)
    return [a.name for a, b in pairs if max(abs(a.mean - b.mean), abs(a.scale - b.scale)) > ROUNDING * a.scale]


def _listed(names: list[str]) -> str:
    return f"column {quoted(names[0])}" if len(names) == 1 else f"columns {listed(map(quoted, names), NAMED)}"
