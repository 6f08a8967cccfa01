"""How good fits of a table are on rows that they have not seen, by cross-validation: each fold is a fit of the others.

Each fit sees the rows without its fold as if they were the whole table: kinds of columns, levels, means, deviations,
class weights and, with l2="auto", the penalty are learned from them alone. The table is read once.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cached_property, partial, reduce
from itertools import chain
from operator import add
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smtrain import partitions
from smtrain.errors import FitWarning, UsageError, counted, listed, quoted, warn
from smtrain.fitting.arguments import config_of, with_labels
from smtrain.fitting.contradictions import check_groups, check_options
from smtrain.fitting.dealing import spans_of
from smtrain.fitting.fit import trained
from smtrain.fitting.notices import warn_of
from smtrain.fitting.options import FitConfig
from smtrain.fitting.selection import mean_and_error
from smtrain.inspecting.diagnosis import Finding
from smtrain.inspecting.folds import Dealt, deal
from smtrain.inspecting.penalties import far_from_good, others, trial, tried
from smtrain.model.encoder import name_of_p
from smtrain.model.model import Model
from smtrain.model.options import RIDGE
from smtrain.model.record import Candidate
from smtrain.partitions.interface import Spread
from smtrain.scoring.costs import cost_matrix
from smtrain.scoring.evaluate import Evaluation, measured, measured_by
from smtrain.scoring.fail_if import Check, Outcome, check_classes, parsed_check
from smtrain.scoring.home import sent
from smtrain.scoring.predict import Scored, score
from smtrain.scoring.spans import SpanReading
from smtrain.scoring.totals import Array
from smtrain.softmax.holdout import NEVER
from smtrain.sources.arguments import COUNTS, Range, check_range, whole
from smtrain.sources.arrays import Together
from smtrain.sources.interface import Span
from smtrain.sources.opening import Data, open_table
from smtrain.sources.table import Table


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """What came of a cross-validation: the model of each fold, and its evaluation on the rows of the fold.

    `predictions` has a line for each row of the table, with the index of the DataFrame: its `fold`, from 0, its
    `label`, the `prediction` of the model that has not seen it, and the probability `p(class)` of each class. All are
    missing where a row is in no fold: one of no weight or without a label, and the row of a class of one, of which
    `single` are the names. With `repeats` the models and evaluations of each come behind those of the one before, and
    `predictions` are those of the first. `tried` are values of l2 with the NLL and its error: that of the fits, and a
    tenth and ten times of it where that is soon done; or those that l2="auto" tried in every fold.
    `groups` is the column of the groups, if they were dealt.

    >>> result = smtrain.cross_validate("iris.csv")
    >>> round(result.metrics["accuracy"], 3), round(result.errors["accuracy"], 3)
    (0.953, 0.013)
    >>> result.predictions[["fold", "label", "prediction"]].tail(2)
         fold      label prediction
    148     3  virginica  virginica
    149     0  virginica  virginica
    >>> result.pooled.confusion.loc["virginica"].to_dict()
    {'setosa': 0.0, 'versicolor': 4.0, 'virginica': 46.0}
    """

    models: tuple[Model, ...]
    evaluations: tuple[Evaluation, ...]
    predictions: pd.DataFrame
    repeats: int = 1
    single: tuple[str, ...] = ()
    tried: tuple[Candidate, ...] = ()
    groups: str | None = None

    def __repr__(self) -> str:
        """The folds, and the mean of the NLL and of the accuracy with their standard errors."""
        means = (f"{name} {self.metrics[name]:.6g} ± {self.errors[name]:.2g}" for name in ("nll", "accuracy"))
        return f"<CrossValidation: {self.described}; {', '.join(means)}>"

    @property
    def described(self) -> str:
        """How many folds of how many rows there are."""
        times = f", {self.repeats} times" if self.repeats > 1 else ""
        return f"{self.folds} folds of {counted(self.rows, 'row')}{times}"

    @property
    def folds(self) -> int:
        """The number of folds."""
        return len(self.models) // self.repeats

    @property
    def rows(self) -> int:
        """The number of rows that are in a fold."""
        return sum(one.sums.rows for one in self.evaluations) // self.repeats

    @property
    def metrics(self) -> dict[str, float]:
        """The mean over the folds of every metric of an Evaluation, each fold with the weight of its rows."""
        return {name: mean for name, (mean, _) in self._means.items()}

    @property
    def errors(self) -> dict[str, float]:
        """The standard error of each mean: s/√J of J values, where s² = Σ w (x − mean)² / Σ w · J/(J − 1).

        The training parts of two folds share rows, so that is rather too small than too large, and with `repeats` it
        would go to zero for nothing: there it is s √(1/J + 1/(folds − 1)), where the second term is the rows of a fold
        as a share of those of its training part (Nadeau and Bengio, 2003).
        """
        return {name: error for name, (_, error) in self._means.items()}

    @cached_property
    def pooled(self) -> Evaluation:
        """All rows of the folds as one evaluation, for metrics of classes and for the confusion of classes.

        With `repeats` a row counts once for each.
        """
        unseen: dict[str, int] = {}
        for name, count in (pair for one in self.evaluations for pair in one.unseen.items()):
            unseen[name] = unseen.get(name, 0) + count
        sums = reduce(add, (one.sums for one in self.evaluations))
        return replace(self.evaluations[0], sums=sums, unseen=unseen)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Whether the l2, or with l2="auto" the default, is far from good: another one gains more than its error."""
        auto = any(model.fit.selection for model in self.models)
        return tuple(far_from_good(self.tried, RIDGE if auto else self.models[0].fit.options.ridge, self.groups))

    def to_frame(self) -> pd.DataFrame:
        """A line for each metric: its mean, its standard error `se`, and its value in each fold of each repeat, from 0.

        >>> result = smtrain.cross_validate("iris.csv", folds=2)
        >>> result.to_frame().loc[["nll", "accuracy"]].round(3)
                   mean     se      0      1
        metric
        nll       0.208  0.014  0.222  0.193
        accuracy  0.927  0.007  0.933  0.920
        """
        frame = pd.DataFrame({"mean": self.metrics, "se": self.errors})
        folds = pd.DataFrame([one.metrics for one in self.evaluations]).T
        return pd.concat([frame, folds], axis=1).rename_axis("metric")

    def outcomes(self, *checks: Check | str) -> list[Outcome]:
        """What comes of checks such as "accuracy<0.9", of the means; that of a class is of the pooled rows.

        Raises UsageError for an unknown one.

        >>> [one.failed for one in smtrain.cross_validate("iris.csv").outcomes("accuracy<0.99", "recall[setosa]<1")]
        [True, False]
        """
        parsed, pooled = [parsed_check(check) for check in checks], self.pooled
        check_classes(parsed, pooled.classes)
        return [
            check.of(self.metrics[check.metric]) if check.label is None else check.outcome(pooled.sums, pooled.classes)
            for check in parsed
        ]

    @cached_property
    def _means(self) -> dict[str, tuple[float, float]]:
        weights = np.array([one.sums.weight for one in self.evaluations])
        of_folds = [one.metrics for one in self.evaluations]
        factor = np.sqrt(1 + len(weights) / (self.folds - 1)) if self.repeats > 1 else 1.0
        found = {}
        for name in of_folds[0]:
            mean, error = mean_and_error(np.array([metrics[name] for metrics in of_folds]), weights)
            found[name] = mean, float(factor * error)
        return found


def cross_validate(
    data: Data,
    y: Any = None,
    sample_weight: Any = None,
    *,
    folds: int = FitConfig.folds,
    repeats: int = 1,
    groups: Any = None,
    cost: Any = None,
    config: FitConfig | None = None,
    names: Sequence[str] | None = None,
    **options: Any,
) -> CrossValidation:
    """Fit a table without each of its `folds` in turn, and evaluate each model on the rows of its fold.

    The arguments are those of `fit`. Rows are dealt to the folds by `seed`, each class evenly; or, with `groups`, the
    name of a column or an array (n,), rows of one group go to the same fold, and the groups are no feature. Each of the
    `repeats` is a cross-validation with the next seed, of other folds. `cost` is what errors cost, as `evaluate` takes
    it: `pooled.decisions()` then says what decisions cost. With l2="auto" the rows without a fold are dealt
    to as many folds again, by their groups if there are any, to choose its penalty.
    Warns as `fit` does, and gives a FitWarning of classes of one row, which is in no fold.
    Raises as `fit` does, and DataError for rows that cannot be dealt out.

    >>> result = smtrain.cross_validate("iris.csv", folds=5)
    >>> result
    <CrossValidation: 5 folds of 150 rows; nll 0.15304 ± 0.011, accuracy 0.953333 ± 0.013>
    >>> round(result.metrics["nll"], 4)
    0.153
    """
    options |= {} if groups is None else {"groups": groups}
    data, options = with_labels(data, y, sample_weight, options, names=names, config=config)
    check_range("folds", whole("folds", folds), Range(2))
    check_range("repeats", whole("repeats", repeats), Range(1))
    validated = cross_validated(data, config_of(config, options), folds, repeats, cost=cost)
    if validated.single:
        names = listed(map(quoted, validated.single))
        warn(f"classes of one row, which every fit learns from and no evaluation has: {names}", FitWarning)
    if isinstance(data, pd.DataFrame | Together):
        validated.predictions.index = (data.frame if isinstance(data, Together) else data).index
    return validated


def cross_validated(
    data: Data,
    config: FitConfig,
    folds: int,
    repeats: int,
    *,
    cost: Any = None,
    predictions: bool = True,
    on_fold: Callable[[Model, Evaluation], object] | None = None,
) -> CrossValidation:
    """The cross-validation with options that are in their form already; `on_fold` is told of each fold.

    Without `predictions` there is no line for any row. Raises as `cross_validate`, and gives the warnings of `fit`
    alone.
    """
    check_groups(config)
    of_all, config = config, _of_a_fold(config, folds)
    check_options(config)
    check_range("seed", config.seed + repeats - 1, COUNTS)
    if config.test is not None:
        raise UsageError("--test is for a fit: a cross-validation tests with every row", hint="leave out --test")
    table, folds_done = open_table(data, config.dialect, fitting=True), list[_Fold]()
    with nullcontext() if config.cluster is None else partitions.home(config) as home:
        there = home if isinstance(home, Spread) else None
        dealt = deal(table, of_all, folds, repeats=repeats, home=there)
        costs = None if cost is None else cost_matrix("cost", cost, dealt[0].classes)
        for repeat, one in enumerate(dealt):
            for fold in range(one.folds):
                seeded = replace(config, seed=config.seed + repeat)
                folds_done.append(_fold(one, fold, seeded, there, costs=costs, predictions=predictions and not repeat))
                if on_fold is not None:
                    on_fold(folds_done[-1].model, folds_done[-1].evaluation)
        first = folds_done[: dealt[0].folds]
        frame = _predictions(dealt[0].fold, first) if predictions else pd.DataFrame()
    models, evaluations = tuple(done.model for done in folds_done), tuple(done.evaluation for done in folds_done)
    weights = np.array([one.sums.weight for one in evaluations])
    nlls = [done.others and {config.ridge: done.evaluation.sums.nll.mean, **done.others} for done in folds_done]
    found = tuple(tried(models, nlls, weights))
    return CrossValidation(models, evaluations, frame, repeats, dealt[0].single, found, of_all.groups)


def _of_a_fold(config: FitConfig, folds: int) -> FitConfig:
    """The options of the fit of a fold."""
    config = config.without_idle_groups()
    return replace(config, folds=config.folds if config.chosen is None else folds)


# Labels (m,) and probabilities (m, K) of some rows.
Labelled = tuple[NDArray[np.intp], NDArray[np.float64]]


@dataclass(frozen=True)
class _Fold:
    """What came of one fold, and what was predicted of its `rows`, some at a time, if that was wanted.

    `others` are the NLL of the rows by the l2 of further fits.
    """

    model: Model
    evaluation: Evaluation
    rows: Sequence[Labelled]
    others: dict[float, float]


def _fold(
    dealt: Dealt, fold: int, config: FitConfig, home: Spread | None, *, costs: Array | None, predictions: bool
) -> _Fold:
    """A fit without a fold, evaluated on it; here, or by the workers of a home."""
    model = _fitted(dealt.without(fold), config, home)
    warn_of(model)
    kept: list[Labelled] = []
    watchers = [lambda scored: kept.append(labelled_of(scored))] if predictions and home is None else []
    evaluation = _measured(model, dealt.alone(fold), config, home, *watchers, costs=costs)
    if predictions and home is not None:
        kept = _labelled_there(model, dealt.alone(fold), home)
    nlls = {}
    for l2 in others(config, model):
        other = _fitted(dealt.without(fold), trial(config, l2), home, model)
        nlls[l2] = _measured(other, dealt.alone(fold), config, home).sums.nll.mean
    return _Fold(model, evaluation, kept, nlls)


def _fitted(table: Table, config: FitConfig, home: Spread | None, init: Model | None = None) -> Model:
    """A fit of a table, here, or by the workers of a home."""
    with partitions.home(config) if home is None else nullcontext(home) as place:
        return trained(table, None, config, place, init=init)


def _measured(
    model: Model,
    table: Table,
    config: FitConfig,
    home: Spread | None,
    *watchers: Callable[[Scored], object],
    costs: Array | None = None,
) -> Evaluation:
    """An evaluation on a table, here, where `watchers` are shown the rows; or by the workers of a home."""
    if home is None:
        return measured(model, table, config.threads, *watchers, costs=costs)
    return measured_by(home, table, SpanReading(sent(model), "error", 0), costs)


def _labelled_there(model: Model, table: Table, home: Spread) -> list[Labelled]:
    """The labels and probabilities of the rows of a table, some at a time, which the workers of a home send here."""
    read = partial(labelled_span, model=sent(model))
    return list(chain.from_iterable(home.told(read, spans_of(table, home))))


def labelled_of(scored: Scored) -> Labelled:
    """Those of rows that were scored."""
    return scored.y, np.asarray(scored.probabilities.T, np.float64)


def labelled_span(span: Span, model: Model) -> list[Labelled]:
    """Those of the rows of a span, some at a time."""
    return [labelled_of(scored) for scored in score(model, Table.of_span(span), labels=True)]


def _predictions(fold: NDArray[np.int32], folds: Sequence[_Fold]) -> pd.DataFrame:
    """The frame of `fold` (n,), and of the labels and probabilities of the rows of all folds."""
    y = np.concatenate([part for one in folds for part, _ in one.rows])
    S = np.concatenate([part for one in folds for _, part in one.rows])
    # Within a fold the rows come in the order of the table.
    rows = np.argsort(fold, kind="stable")[np.count_nonzero(fold == NEVER) :]
    encoder, every = folds[0].model.encoder, pd.RangeIndex(len(fold))
    dtype = "Int64" if encoder.integers else "boolean" if encoder.booleans else "str"
    labels = pd.Series(encoder.labels, dtype=dtype)
    columns = {"fold": pd.Series(fold[rows], dtype="Int64"), "label": labels[y], "prediction": labels[S.argmax(axis=1)]}
    columns |= {name_of_p(name): pd.Series(S[:, k]) for k, name in enumerate(encoder.classes)}
    return pd.DataFrame({name: column.set_axis(rows).reindex(every) for name, column in columns.items()})
