"""Whether a fit would only make again the model that is there: `fit --if-changed`. It costs a read of the data."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from smtrain.errors import ModelError
from smtrain.fitting.checkpoint import digest
from smtrain.fitting.fit import Observer
from smtrain.fitting.learn import Learned
from smtrain.fitting.options import FitConfig
from smtrain.fitting.warm_start import warm_start
from smtrain.inspecting.verify import recorded_options
from smtrain.model.model import Model, load
from smtrain.model.record import SETTLED, FitRecord, SkippedRecord
from smtrain.version import __version__


class Unchanged(Exception):  # noqa: N818 - no error: it ends a fit that is not needed
    """The fit would make the `model` again that is there."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model


def unless_unchanged(fit: Callable[[], Model]) -> tuple[Model, bool]:
    """The model of a fit, and whether it was there already, as an UnlessUnchanged has found."""
    try:
        return fit(), False
    except Unchanged as kept:
        return kept.model, True


class UnlessUnchanged(Observer):
    """Ends a fit with Unchanged once its data are read, if `model` is what it would make; else passes on to a report.

    `model` None, as `kept_model` returns it, is never that. `init` is the model that the fit starts from.
    """

    def __init__(self, report: Observer, model: Model | None, init: Model | None) -> None:
        self._report, self._model, self._init = report, model, init
        self.on_piece = report.on_piece  # type: ignore[method-assign]  # passed on as it is
        self.on_candidate = report.on_candidate  # type: ignore[method-assign]  # passed on as it is
        self.on_selected = report.on_selected  # type: ignore[method-assign]  # passed on as it is
        self.on_epoch = report.on_epoch  # type: ignore[method-assign]  # passed on as it is

    def on_learned(self, learned: Learned, config: FitConfig) -> None:
        """Raise Unchanged, or pass it on."""
        if self._model is not None and _is_of(self._model, learned, self._init):
            raise Unchanged(self._model)
        self._report.on_learned(learned, config)


def kept_model(path: str, config: FitConfig) -> Model | None:
    """The model at `path` if it may be what a fit with these options makes, as far as can be told without the data."""
    if not Path(path).exists():
        return None
    try:
        model = load(path)
        recorded = recorded_options(model)
    except ModelError:
        return None
    if model.fit.smtrain != __version__ or (config.require_convergence and model.fit.status not in SETTLED):
        return None
    asked = config if config.precision != "auto" else replace(config, precision=recorded.precision)
    return model if asked.kept() == recorded.kept() else None


def _is_of(model: Model, learned: Learned, init: Model | None) -> bool:
    """Whether a model has the digest of a table that was read, the options as that settled them, and the same start."""
    start = None if init is None else digest(warm_start(init, learned.encoder))
    skipped = SkippedRecord(learned.skipped.unlabelled, learned.skipped.unknown)
    same_table = model.data == learned.data and model.encoder == learned.encoder and model.fit.skipped == skipped
    same_beside = digests_beside(model.fit) == (learned.validation_sha256, learned.test_sha256)
    same_options = recorded_options(model).kept() == learned.config.kept()
    return same_table and same_beside and same_options and model.fit.init == start


def digests_beside(fit: FitRecord) -> tuple[str | None, str | None]:
    """What tells the rows of a file for validation, and those of the test, from others; None where there are none."""
    return (
        None if fit.validation is None else fit.validation.sha256,
        None if fit.test is None else fit.test.sha256,
    )
