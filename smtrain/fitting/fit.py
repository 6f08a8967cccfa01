"""What smtrain does, in straight lines: fit, load, predict, evaluate, compare, gradcheck."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from smtrain import partitions
from smtrain.errors import TrainingError
from smtrain.fitting.arguments import config_of, with_labels
from smtrain.fitting.checkpoint import NoCheckpoint, digest, kept_progress
from smtrain.fitting.contradictions import check_options
from smtrain.fitting.held_out import held_out, opened, tested, with_share
from smtrain.fitting.learn import Learned, learn
from smtrain.fitting.notices import warn_of
from smtrain.fitting.options import FitConfig
from smtrain.fitting.postestimation import PostEstimation, check_size, postestimation
from smtrain.fitting.selection import Selection, select
from smtrain.fitting.validation import fold_objectives, with_validation
from smtrain.fitting.warm_start import warm_start
from smtrain.model.model import HISTORY_COLUMNS, VALIDATED_COLUMNS, Model, as_model
from smtrain.model.record import Candidate, FitRecord, SelectionRecord, SkippedRecord, ValidationRecord
from smtrain.partitions.interface import Home
from smtrain.softmax.objective import Objective, Theta
from smtrain.softmax.temperature import fitted_scale
from smtrain.solvers import make_solver
from smtrain.solvers.base import Record, Solution, Status, minimise
from smtrain.solvers.interface import WarmSolver
from smtrain.sources.arguments import path_of, wrong
from smtrain.sources.opening import Data, read_again
from smtrain.sources.table import Table
from smtrain.version import __version__


class Observer:
    """Is told how a fit goes; does nothing. Subclass it to watch."""

    def on_piece(self, bytes_read: int, rows: int) -> None:
        """Some more of the file was read."""

    def on_learned(self, learned: Learned, config: FitConfig) -> None:
        """The whole file was read and encoded."""

    def on_candidate(self, candidate: Candidate) -> None:
        """A value of a penalty was tried by cross-validation."""

    def on_selected(self, selection: Selection) -> None:
        """The value of the penalty was chosen."""

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
    """Train a model on a file, several with the same columns, a DataFrame, or an array X (n, p) with labels y (n,).

    `options` are fields of FitConfig: `fit("iris.csv", target="species", l2=0.1)`. Labels `y` and weights of rows may
    be given beside a DataFrame or an array; the columns of an array are called x1 … xp, or as `names` says. `groups`,
    an option, may be an array, too.
    `init` is a model with the same columns and classes to start from, instead of zero. `checkpoint` names a file that
    keeps the progress, every half minute and when the fit is stopped; a later call with the same options and data goes
    on from it. It is left behind: remove it when the model is saved. `home` is where the rows are to live, None is
    what the options ask for.
    A FitWarning says that the fit ended before its tolerance, but by `patience`; that without a penalty the classes are
    separated; that a column of texts was ignored which are numbers; or that the labels look like measured numbers.
    `model.ignored` are all columns that were.
    Raises DataError, UsageError, and TrainingError if training diverged.

    >>> smtrain.fit("iris.csv", target="species", l2=0.1)
    <Model of "species": 3 classes by 4 columns; 150 rows, converged, NLL 0.0595359>
    >>> penguins = pandas.read_csv("penguins.csv")
    >>> smtrain.fit(penguins.drop(columns="species"), penguins["species"], l2=0.5)
    <Model of "species": 3 classes by 7 columns; 344 rows, converged, NLL 0.0183505>
    """
    model = train(
        data,
        y,
        sample_weight,
        config=config,
        names=names,
        observer=observer,
        init=init,
        checkpoint=checkpoint,
        home=home,
        **options,
    )
    warn_of(model)
    return model


def train(
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
    """Train a model as `fit` does, without its warnings: for callers that say themselves what came of it."""
    data, options = with_labels(data, y, sample_weight, options, names=names, config=config)
    config = config_of(config, options)
    check_options(config)
    init, checkpoint = None if init is None else as_model(init, "init"), path_of("checkpoint", checkpoint)
    if not isinstance(observer, Observer | None):
        hint = "a subclass of smtrain.fitting.fit.Observer is told of every epoch"
        raise wrong("observer", observer, "an Observer", hint)
    if isinstance(config.test, float | int):
        data = read_again(data, "--test with a share")
    table, test = opened(data, config)
    with home or partitions.home(config) as there:
        if isinstance(config.test, float | int):
            table, test = with_share(table, data, config, there)
        return trained(table, test, config, there, observer=observer, init=init, checkpoint=checkpoint)


def trained(
    table: Table,
    test: Table | None,
    config: FitConfig,
    home: Home,
    *,
    observer: Observer | None = None,
    init: Model | None = None,
    checkpoint: str | None = None,
) -> Model:
    """Train a model on a table, its rows at a home that is open and stays so, and measure it on another, `test`."""
    observer = observer or Observer()
    learned = learn(table, config, home, observer.on_piece)
    held = None if test is None else held_out(test, learned)
    if held is not None:
        learned = replace(learned, test_rows=held.rows, test_sha256=held.sha256)
    learned = with_validation(learned)
    model = _fitted(learned, observer, init, checkpoint)
    return model if held is None else tested(model, held, home)


def _fitted(learned: Learned, observer: Observer, init: Model | None, checkpoint: str | None) -> Model:
    """The model of rows that were read: a penalty chosen if it is to be, trained, calibrated, looked at once more."""
    config = learned.config
    observer.on_learned(learned, config)
    check_size(config, learned.encoder)
    objective = Objective(learned.encoded, len(learned.encoder.classes), config.ridge, config.lasso)
    start = objective.zeros() if init is None else warm_start(init, learned.encoder)
    selection: Selection | None = None
    with kept_progress(checkpoint, config, learned, start) as kept:
        if config.chosen is not None:
            selection = _selected(objective, learned, start, observer, kept)
            chosen = selection.chosen
            settled: dict[str, Any] = {config.chosen: selection.value(chosen)}
            learned = replace(learned, config=replace(config, **settled))
            objective = objective.with_penalties(l2=chosen.l2, l1=chosen.l1)
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
        selection=None
        if selection is None
        else SelectionRecord(selection.epochs, selection.candidates, selection.penalty),
        init=None if init is None else digest(start),
    )
    theta = solution.point.theta
    return Model(learned.encoder, theta[:-1], theta[-1], record, history(solution), after.information, learned.contract)


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
    """The penalty of the lowest NLL in cross-validation."""
    assert learned.config.chosen is not None
    solver = cast(WarmSolver, make_solver(learned.config))  # those that are not are refused with auto
    selection = select(
        objective,
        solver,
        start,
        fold_objectives(objective, learned),
        penalty=learned.config.chosen,
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
        aside = ValidationRecord(learned.validation_rows, best.validation_nll, learned.validation_sha256)
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
        likelihood=after.likelihood,
        skipped=SkippedRecord(learned.skipped.unlabelled, learned.skipped.unknown),
        validation=aside,
        smtrain=__version__,
    )


def history(solution: Solution) -> NDArray[np.float64]:
    """The history as a model keeps it: a line for each point that was looked at."""
    columns = HISTORY_COLUMNS if solution.record.validation_nll is None else VALIDATED_COLUMNS
    rows = [[getattr(record, name) for name in columns] for record in solution.history]
    return np.array(rows, np.float64)
