"""What smtrain does, in straight lines: fit, load, predict, evaluate, compare, gradcheck."""

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smtrain import partitions
from smtrain.errors import ModelError, TrainingError, UsageError, quoted
from smtrain.fitting.arguments import config_of
from smtrain.fitting.checkpoint import NoCheckpoint, digest, kept_progress
from smtrain.fitting.learn import Learned, learn
from smtrain.fitting.options import FitConfig
from smtrain.fitting.postestimation import PostEstimation, check_size, postestimation
from smtrain.fitting.selection import Selection, select_l2
from smtrain.fitting.validation import fold_objectives, with_validation
from smtrain.model.encoder import Encoder
from smtrain.model.model import HISTORY_COLUMNS, VALIDATED_COLUMNS, Model, as_model
from smtrain.model.record import Candidate, FitRecord, SelectionRecord, SkippedRecord, ValidationRecord
from smtrain.partitions.interface import Home
from smtrain.softmax.objective import Objective, Theta
from smtrain.softmax.temperature import fitted_scale
from smtrain.solvers import make_solver
from smtrain.solvers.base import Record, Solution, Status, minimise
from smtrain.solvers.interface import WarmSolver
from smtrain.sources.arguments import path_of
from smtrain.sources.arrays import together
from smtrain.sources.dialect import UNLABELLED
from smtrain.sources.opening import Data, open_table


class Observer:
    """Is told how a fit goes; does nothing. Subclass it to watch."""

    def on_piece(self, bytes_read: int, rows: int) -> None:
        """Some more of the file was read."""

    def on_learned(self, learned: Learned, config: FitConfig) -> None:
        """The whole file was read and encoded."""

    def on_candidate(self, candidate: Candidate) -> None:
        """A value of l2 was tried by cross-validation."""

    def on_selected(self, selection: Selection) -> None:
        """The value of l2 was chosen."""

    def on_epoch(self, record: Record) -> None:
        """A pass over the rows was made."""


def fit(
    data: Data,
    y: Any = None,
    sample_weight: Any = None,
    *,
    config: FitConfig | None = None,
    names: Sequence[str] | None = None,
    observer: Observer | None = None,
    init: Model | None = None,
    checkpoint: str | None = None,
    home: Home | None = None,
    **options: Any,
) -> Model:
    """Train a model on a CSV file, several with the same header, a DataFrame, or an array X (n, p) with labels y (n,).

    `options` are fields of FitConfig: `fit("iris.csv", target="species", l2=0.1)`. Labels `y` and weights of rows may
    be given beside a DataFrame or an array; the columns of an array are called x1 … xp, or as `names` says.
    `init` is a model with the same columns and classes to start from, instead of zero. `checkpoint` names a file that
    keeps the progress, every half minute and when the fit is stopped; a later call with the same options and data goes
    on from it. It is left behind: remove it when the model is saved. `home` is where the rows are to live, None is
    what the options ask for.
    Raises DataError, UsageError, and TrainingError if training diverged.
    """
    if y is None and isinstance(options.get("target"), pd.Series):
        y = options.pop("target")
    if y is not None or sample_weight is not None:
        data, options = _with_labels(data, y, sample_weight, names, options)
    config = config_of(config, options)
    check_options(config)
    init, checkpoint = init and as_model(init, "init"), path_of("checkpoint", checkpoint)
    observer = observer or Observer()
    with home or partitions.home(config) as opened:
        learned = learn(open_table(data, config.dialect, fitting=True), config, opened, observer.on_piece)
        return _fitted(with_validation(learned), observer, init, checkpoint)


def _with_labels(
    data: Any, y: Any, sample_weight: Any, names: Sequence[str] | None, options: dict[str, Any]
) -> tuple[Data, dict[str, Any]]:
    """The data with labels and weights as columns, and the options that name them. Raises UsageError for two of one."""
    for name, value in (("target", y), ("weight", sample_weight)):
        if value is not None and options.get(name) is not None:
            raise UsageError(f"the {name} is given twice: as an array, and by name")
    table = together(data, y, sample_weight, names)
    named = {"target": table.target, "weight": table.weight}
    return table.frame, options | {name: value for name, value in named.items() if value is not None}


def _fitted(learned: Learned, observer: Observer, init: Model | None, checkpoint: str | None) -> Model:
    """The model of rows that were read: l2 chosen if it is to be, trained, calibrated, looked at once more."""
    config = learned.config
    observer.on_learned(learned, config)
    check_size(config, learned.encoder)
    objective = Objective(learned.encoded, len(learned.encoder.classes), config.ridge, config.l1)
    start = objective.zeros() if init is None else warm_start(init, learned.encoder)
    selection: Selection | None = None
    with kept_progress(checkpoint, config, learned, start) as kept:
        if config.l2 == "auto":
            selection = _selected(objective, learned, start, observer, kept)
            learned = replace(learned, config=replace(config, l2=selection.chosen.l2))
            objective = objective.with_penalties(l2=selection.chosen.l2, l1=config.l1)
            solution = _trained(objective, learned.config, selection.theta, observer, kept, near=True)
        else:
            solution = _trained(objective, config, start, observer, kept)
    check_solution(config, solution)
    temperature = None
    if config.calibrate:
        solution, temperature = _calibrated(objective, solution)
    after = postestimation(objective, solution.point.theta, solution.epochs, learned.config, learned.encoder)
    record = replace(
        _record(learned, solution, after),
        temperature=temperature,
        selection=None if selection is None else SelectionRecord(selection.epochs, selection.candidates),
        init=None if init is None else digest(start),
    )
    theta, history = solution.point.theta, _history(solution)
    return Model(learned.encoder, theta[:-1], theta[-1], record, history, after.information, learned.contract)


def _trained(
    objective: Objective, config: FitConfig, start: Theta, observer: Observer, kept: NoCheckpoint, *, near: bool = False
) -> Solution:
    """The solution from `start`, which is `near` the optimum or not."""
    solver = make_solver(config)
    return minimise(
        objective,
        solver,
        start,
        epochs=config.epochs,
        tol=config.tolerance,
        patience=config.patience,
        on_epoch=observer.on_epoch,
        on_progress=kept.on_progress,
        resume=kept.load(),
        begin=cast(WarmSolver, solver).near if near else None,
    )


def _selected(
    objective: Objective, learned: Learned, start: Theta, observer: Observer, kept: NoCheckpoint
) -> Selection:
    """The l2 of the lowest NLL in cross-validation."""
    solver = cast(WarmSolver, make_solver(learned.config))  # those that are not are refused with --l2 auto
    selection = select_l2(
        objective,
        solver,
        start,
        fold_objectives(objective, learned.config),
        one_se=learned.config.one_se,
        on_candidate=observer.on_candidate,
        on_walk=kept.on_walk,
        resume=kept.load_walk(),
    )
    observer.on_selected(selection)
    return selection


def _calibrated(objective: Objective, solution: Solution) -> tuple[Solution, float]:
    """The solution with its weights divided by the temperature that fits the rows set aside best; and that temperature.

    What its record says is of the new weights; the lower bound of the objective is the same.
    """
    exact, before = objective.in_double(), solution.record
    scale = fitted_scale(exact, solution.point.theta)
    point = exact.value_and_grad(scale * solution.point.theta)
    gap = before.gap
    if gap is not None and point.objective > 0:
        gap = 1 - before.objective * (1 - gap) / point.objective
    return solution.at(point, gap), 1 / scale


def warm_start(model: Model, encoder: Encoder) -> Theta:
    """θ (p + 1, K) of `model` in the units of another encoder of the same columns and classes."""
    _check_same("class", _named(model.classes), _named(encoder.classes))
    _check_same("feature", _named(model.features, model.encoder.parts), _named(encoder.features, encoder.parts))
    W, b = model.raw_weights
    classes = [model.classes.index(name) for name in encoder.classes]
    place = {part: j for j, part in enumerate(model.encoder.parts)}  # names may depend on the order of the columns
    W = W[np.ix_([place[part] for part in encoder.parts], classes)]
    return np.vstack([W * encoder.scales[:, None], b[classes] + encoder.means @ W])


def _named(names: Sequence[str], what: Sequence[Hashable] | None = None) -> dict[Hashable, str]:
    return dict(zip(names if what is None else what, names, strict=True))


def _check_same(what: str, old: dict[Hashable, str], new: dict[Hashable, str]) -> None:
    """Raise ModelError, by name, for what only one of a model and the data has."""
    names = {name: "the model" for one, name in old.items() if one not in new}
    names |= {name: "the data" for one, name in new.items() if one not in old}
    for name in sorted(names)[:1]:
        raise ModelError(f"--init: the {what} {quoted(name)} is in {names[name]} only")


def check_options(config: FitConfig) -> None:
    """Raise UsageError for options that contradict each other or cannot be."""
    make_solver(config)
    _check_texts(config)
    _check_selection(config)
    if config.se or config.loo:
        _check_inference(config)
    if config.validation is None and (config.calibrate or config.patience is not None):
        what = "--calibrate" if config.calibrate else "--patience"
        raise UsageError(f"{what} needs rows that are set aside", hint="--validation 0.2")
    ranges = {
        "l1": 0 <= config.l1 < math.inf,
        "l2": 0 <= config.ridge < math.inf,
        "tol": 0 <= config.tolerance < math.inf,
        "epochs": config.epochs >= 0,
        "momentum": 0 <= config.momentum < 1,
        "learning rate": config.learning_rate is None or 0 < config.learning_rate < math.inf,
        "batch size": config.batch_size is None or config.batch_size >= 1,
        "seed": config.seed >= 0,
        "threads": config.threads is None or config.threads >= 1,
        "memory": config.memory is None or config.memory >= 1,
        "validation": not isinstance(config.validation, float) or 0 < config.validation < 1,
        "patience": config.patience is None or config.patience >= 1,
        "number of folds": config.folds >= 2,
        "unlabelled": config.unlabelled in UNLABELLED,
    }
    for name, valid in ranges.items():
        if not valid:
            raise UsageError(f"the {name} is out of range")


def _check_texts(config: FitConfig) -> None:
    """Raise UsageError for what cannot be kept in a model: asked before the work, not after it."""
    try:
        found = list(_texts(config.record() | {"validation": None}))
    except UnicodeError as error:
        raise UsageError(f"--validation: {quoted(str(config.validation))} is not a path") from error
    wrong = [text for text in found if any("\ud800" <= character <= "\udfff" for character in text)]
    if wrong:
        raise UsageError(f"an option is not Unicode text: {quoted(wrong[0])}")


def _texts(value: Any) -> Iterator[str]:
    """Every text in a document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _texts([*value, *value.values()])
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)


def _check_selection(config: FitConfig) -> None:
    """What goes with the choice of l2, and what does not."""
    if config.l2 != "auto" and (config.one_se or config.folds != FitConfig.folds):
        what = "--one-se" if config.one_se else "--folds"
        raise UsageError(f"{what} needs l2 to be chosen", hint="--l2 auto")


def _check_inference(config: FitConfig) -> None:
    """What --se and --loo say holds at the optimum of a smooth objective, and there only."""
    what = "--se" if config.se else "--loo"
    if config.l1 > 0:
        raise UsageError(f"{what} needs a smooth penalty, and --l1 is none", hint=f"--l2 alone goes with {what}")
    for option, given in (("--calibrate", config.calibrate), ("--patience", config.patience is not None)):
        if given:
            raise UsageError(f"{what} needs the optimum, and {option} leaves it", hint=f"leave out {option}")


def check_solution(config: FitConfig, solution: Solution) -> None:
    """Raise TrainingError for a solution that is none, or not the one that was asked for."""
    first = solution.history[0]
    if solution.status is Status.DIVERGED:
        last = solution.history[-1]
        what = f"training diverged: the objective went from {first.objective:.6g} to {last.objective:.6g}"
        hint = "a smaller --learning-rate, or none: then the safe step is used" if config.learning_rate else None
        raise TrainingError(f"{what} in {last.epoch} epochs; no model is written", hint=hint)
    if config.require_convergence and solution.status is not Status.CONVERGED:
        raise TrainingError(f"{solution.status.value}, and convergence was required; no model is written")


def _record(learned: Learned, solution: Solution, after: PostEstimation) -> FitRecord:
    """What the model keeps of a fit."""
    best, config, aside = solution.record, learned.config, None
    if learned.validation_rows and best.validation_nll is not None:
        aside = ValidationRecord(learned.validation_rows, best.validation_nll)
    return FitRecord(
        options=config.kept(),
        rows=learned.rows,
        class_counts=tuple(learned.class_counts.values()),
        missing=learned.missing,
        nll=best.nll,
        objective=best.objective,
        gap=best.gap,
        certified=config.penalised,
        status=solution.status,
        epochs=solution.epochs,
        epoch=best.epoch,
        data=learned.data,
        collinear=after.collinear,
        separation=after.separation,
        loo_nll=after.loo_nll,
        skipped=SkippedRecord(learned.skipped.unlabelled, learned.skipped.unknown),
        validation=aside,
    )


def _history(solution: Solution) -> NDArray[np.float64]:
    columns = HISTORY_COLUMNS if solution.record.validation_nll is None else VALIDATED_COLUMNS
    rows = [[getattr(record, name) for name in columns] for record in solution.history]
    return np.array(rows, np.float64)
