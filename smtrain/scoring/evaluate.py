"""How good a model is on labelled rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smtrain.model.encoder import Labels
from smtrain.model.labels import SKIP, nothing_to_measure, settle_unlabelled
from smtrain.model.model import Model, as_model
from smtrain.model.tables import UNNAMED, frame_for, open_for
from smtrain.partitions import PATIENCE
from smtrain.partitions.interface import Home, Spread
from smtrain.partitions.memory import available_threads, joined
from smtrain.scoring.baseline import Baseline
from smtrain.scoring.blocks import block_rows, labelled_rows, sums_of, total
from smtrain.scoring.costs import cost_matrix
from smtrain.scoring.decisions import Decided, decided
from smtrain.scoring.fail_if import Check, Outcome, check_classes, parsed_check
from smtrain.scoring.home import home_of, sent
from smtrain.scoring.intervals import CLASS_INTERVALS, INTERVALS
from smtrain.scoring.metrics import CLASS_METRICS, HEADLINE, METRICS
from smtrain.scoring.predict import Scored, UnseenLevels, score, warn_of
from smtrain.scoring.spans import SpanReading, read_spans
from smtrain.scoring.sums import EvaluationSum
from smtrain.scoring.totals import Array
from smtrain.scoring.worst import WorstRow, WorstRows
from smtrain.softmax.distributions import LEVEL
from smtrain.sources.arguments import COUNTS, check_level, check_range, whole
from smtrain.sources.arrays import is_array, together
from smtrain.sources.opening import Data, paths_of
from smtrain.sources.table import Table
from smtrain.sources.usable import Skipped


@dataclass(frozen=True, eq=False)
class Evaluation:
    """How good a model is on labelled rows: `sums`, and the cells whose level training did not have, by column.

    `worst` are the rows of highest NLL, as many as were asked for; `skipped` are rows without a label that can be used.
    `labels` are the classes as `predict` returns them, and as the tables have them. `costs` (K, K) are those of errors,
    None if there are none. `files` are those of the rows, none of a frame.

    >>> model = smtrain.fit("iris.csv")
    >>> found = model.evaluate("iris.csv")
    >>> round(found.metrics["nll"], 3), round(found.metrics["accuracy"], 3)
    (0.13, 0.973)
    >>> found.class_metrics["recall"]
    array([1.  , 0.94, 0.98])
    >>> found.confusion
    prediction  setosa  versicolor  virginica
    label
    setosa        50.0         0.0        0.0
    versicolor     0.0        47.0        3.0
    virginica      0.0         1.0       49.0
    """

    classes: tuple[str, ...]
    sums: EvaluationSum
    unseen: dict[str, int]
    worst: tuple[WorstRow, ...] = ()
    skipped: Skipped = field(default_factory=Skipped)
    labels: Labels = ()
    costs: Array | None = None
    files: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """The metrics that come first."""
        metrics = ", ".join(f"{name} {METRICS[name](self.sums):.6g}" for name in HEADLINE)
        return f"<Evaluation: {metrics}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: the tables and figures of a report."""
        sections = import_module("smtrain.reports.evaluation").evaluation_sections(self, LEVEL)
        return str(import_module("smtrain.reports.html").fragment("Evaluation", sections))

    @property
    def metrics(self) -> dict[str, float]:
        """Every metric of METRICS; NaN where it is not defined."""
        return {name: metric(self.sums) for name, metric in METRICS.items()}

    @property
    def class_metrics(self) -> dict[str, NDArray[np.float64]]:
        """Every metric of CLASS_METRICS, (K,) each; NaN where it is not defined."""
        return {name: metric(self.sums) for name, metric in CLASS_METRICS.items()}

    def intervals(self, level: float = LEVEL) -> dict[str, tuple[float, float]]:
        """The low and the high end of every metric of INTERVALS; NaN where they are not defined.

        Raises UsageError for a level that is not between 0 and 1, as all do that take one.

        >>> model = smtrain.fit("iris.csv")
        >>> low, high = model.evaluate("iris.csv").intervals(0.9)["accuracy"]
        >>> round(low, 3), round(high, 3)
        (0.942, 0.988)
        """
        check_level(level)
        return {name: interval(self.sums, level) for name, interval in INTERVALS.items()}

    def class_intervals(self, level: float = LEVEL) -> dict[str, NDArray[np.float64]]:
        """The low and high ends of every metric of CLASS_INTERVALS, (2, K) each; NaN where they are not defined.

        >>> model = smtrain.fit("iris.csv")
        >>> model.evaluate("iris.csv").class_intervals()["recall"].round(2)
        array([[0.93, 0.84, 0.9 ],
               [1.  , 0.98, 1.  ]])
        """
        check_level(level)
        return {name: interval(self.sums, level) for name, interval in CLASS_INTERVALS.items()}

    @property
    def baseline(self) -> Baseline:
        """What there is to beat on these rows.

        >>> model = smtrain.fit("iris.csv")
        >>> model.evaluate("iris.csv").baseline.accuracy
        0.3333333333333333
        """
        return Baseline.of(self.sums, self.labels)

    def decisions(self, level: float = LEVEL) -> dict[str, Decided]:
        """What a row costs on average if rows are called their most probable class, or in another way.

        Nothing without costs of errors.

        >>> model = smtrain.fit("iris.csv")
        >>> costs = pandas.DataFrame([[0, 1, 1], [1, 0, 1], [1, 9, 0]], model.classes, model.classes)
        >>> found = model.evaluate("iris.csv", cost=costs).decisions()
        >>> {way: round(decided.cost, 3) for way, decided in found.items()}
        {'predicted': 0.08, 'least_cost': 0.153, 'always': 0.667}
        """
        check_level(level)
        if self.sums.costs is None or self.costs is None:
            return {}
        sums = self.sums
        return decided(self.sums.costs, self.costs, sums.scores, sums.support, labels=self.labels, level=level)

    def to_frame(self) -> pd.DataFrame:
        """A line for each class with every metric of CLASS_METRICS; NaN where it is not defined.

        >>> model = smtrain.fit("iris.csv")
        >>> model.evaluate("iris.csv").to_frame()[["support", "precision", "recall"]].round(3)
                    support  precision  recall
        class
        setosa         50.0      1.000    1.00
        versicolor     50.0      0.979    0.94
        virginica      50.0      0.942    0.98
        """
        return pd.DataFrame(self.class_metrics, index=self._index("class"))

    @property
    def confusion(self) -> pd.DataFrame:
        """The weight of the rows of each pair of classes (K, K): a line a label, a column a prediction."""
        return pd.DataFrame(self.sums.confusion.dense(), self._index("label"), self._index("prediction"))

    def _index(self, name: str) -> pd.Index:
        return pd.Index(self.labels, name=name)

    def outcomes(self, *checks: Check | str) -> list[Outcome]:
        """What comes of checks such as "accuracy<0.9", which say when to fail. Raises UsageError for an unknown one.

        >>> model = smtrain.fit("iris.csv")
        >>> [one.failed for one in model.evaluate("iris.csv").outcomes("accuracy<0.99", "recall[setosa]<1")]
        [True, False]
        """
        parsed = [parsed_check(check) for check in checks]
        check_classes(parsed, self.classes)
        return [check.outcome(self.sums, self.classes) for check in parsed]


def evaluate(
    model: Model,
    data: Data,
    y: Any = None,
    sample_weight: Any = None,
    *,
    threads: int | None = None,
    worst: int = 0,
    cost: Any = None,
    unlabelled: str = "error",
    cluster: str | None = None,
    cluster_wait: int = PATIENCE,
    home: Home | None = None,
    watchers: Sequence[Callable[[Scored], object]] = (),
) -> Evaluation:
    """Compare predictions with the labels in `data`, and keep the `worst` rows of highest NLL.

    Labels `y` (n,) and weights (n,) may be given beside a DataFrame or an array, in place of the columns of the model.
    `cost` is a CSV file or a DataFrame of what it costs to call a row of one class another: a line a label, a column a
    prediction. `unlabelled` "skip" leaves out, and counts, rows whose label is empty or unknown to the model.
    `cluster` says where the workers are that read the files, `cluster_wait` how many seconds they may be missing;
    `home` is where the rows are to live, None is what `cluster` asks for. `watchers` are shown the rows in order, some
    at a time, unless workers read them. Levels that training did not have give an UnknownLevelWarning.
    Raises DataError for an empty file or else for such a label, ClusterError for a cluster that is not there.

    >>> model = smtrain.fit("iris.csv")
    >>> smtrain.evaluate(model, "iris.csv", worst=1).worst[0].line
    135
    """
    check_range("worst", whole("worst", worst), COUNTS)
    model, data, hint = _with_labels(as_model(model), data, y, sample_weight)
    table = open_for(model, data, hint)
    settle_unlabelled(table, unlabelled, model.encoder.target, model.encoder.classes)
    costs = None if cost is None else cost_matrix("cost", cost, model.encoder.classes)
    with home_of(home, threads, cluster, cluster_wait) as opened:
        if isinstance(opened, Spread):
            evaluation = measured_by(opened, table, SpanReading(sent(model), unlabelled, worst), costs)
        else:
            surprising = WorstRows(worst)
            shown = [*watchers, *([surprising.add] if worst else [])]
            evaluation = measured(model, table, opened.threads, *shown, costs=costs)
            evaluation = replace(evaluation, worst=tuple(surprising.rows))
    warn_of(evaluation.unseen)
    return replace(evaluation, files=tuple(paths_of(data)))


def measured(
    model: Model,
    table: Table,
    threads: int | None,
    *watchers: Callable[[Scored], object],
    costs: Array | None = None,
) -> Evaluation:
    """How good a model is on the labelled rows of a table; `watchers` are shown the rows in order, some at a time.

    Raises as `score` does, and DataError for rows that weigh nothing together.
    """
    unseen = UnseenLevels(model)
    scored = score(model, table, labels=True, threads=threads or available_threads(), hint=SKIP)
    rows = labelled_rows(scored, unseen.add, *watchers)
    sums = total(partial(sums_of, model=model, costs=costs), rows, block_rows(len(model.encoder.classes)), joined)
    return _evaluation(model, table, sums, unseen.counts, costs)


def measured_by(home: Spread, table: Table, reading: SpanReading, costs: Array | None = None) -> Evaluation:
    """The same, by the workers of a home."""
    model, sums = reading.model, None
    parts, told = read_spans(home, table, reading)
    if told.rows:
        blocks = home.partitioned(parts, told.counts, block_rows(len(model.encoder.classes)), joined)
        del parts  # workers need not keep the rows twice
        sums = home.sum(partial(sums_of, model=model, costs=costs), blocks)
    evaluation = _evaluation(model, table, sums, told.unseen.counts, costs)
    return replace(evaluation, worst=tuple(told.worst.rows))


def _evaluation(
    model: Model, table: Table, sums: EvaluationSum | None, unseen: dict[str, int], costs: Array | None
) -> Evaluation:
    """What the sums say, None for no rows. Raises DataError for these, and for rows that weigh nothing together."""
    if sums is None or sums.weight == 0:
        raise nothing_to_measure(table, rows=sums is not None)
    return Evaluation(model.encoder.classes, sums, unseen, skipped=table.skipped, labels=model.classes, costs=costs)


def _with_labels(model: Model, data: Data, y: Any, sample_weight: Any) -> tuple[Model, Data, str | None]:
    """The data with labels and weights, if any are given, as columns that the model looks for; that model; and a hint.

    The hint is for those who look for a column that is not there.
    """
    hint = UNNAMED if is_array(data) else None
    if is_array(data):
        data = frame_for(model, data)
    if y is None and sample_weight is None:
        return model, data, hint
    encoder = model.encoder
    table = together(data, y, sample_weight, labels=encoder.named_target, weights=encoder.named_weight)
    # Columns that are given now are those that are meant, whatever the names that smtrain gave them.
    left = {encoder.target if table.target is None else None, encoder.weight if table.weight is None else None}
    encoder = replace(
        encoder,
        target=table.target or encoder.target,
        weight=table.weight or encoder.weight,
        unnamed=tuple(column for column in encoder.unnamed if column in left),
    )
    return replace(model, encoder=encoder), table, hint
