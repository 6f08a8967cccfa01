"""Two models on the same labelled rows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module

import numpy as np

from smtrain.errors import ModelError, quoted
from smtrain.model.labels import nothing_to_measure, settle_unlabelled
from smtrain.model.model import Model, as_model
from smtrain.partitions.memory import available_threads
from smtrain.scoring.blocks import block_rows, total
from smtrain.scoring.changes import MovedWeights, SchemaChange, moved_weights, schema_change
from smtrain.scoring.evaluate import Evaluation
from smtrain.scoring.fail_if import WORSE, Check, Outcome, worse
from smtrain.scoring.paired import PairedRows, PairedSum, joined, sums_of
from smtrain.scoring.predict import Scored, UnseenLevels, score_pair, warn_of
from smtrain.softmax.distributions import LEVEL
from smtrain.softmax.loss import Partition
from smtrain.sources.arguments import check_level, threads_of
from smtrain.sources.dialect import Dialect
from smtrain.sources.opening import Data, open_table


@dataclass(frozen=True, eq=False)
class Comparison:
    """An old and a new model on the same labelled rows: `pairs` has the sums, `classes` the union of their classes.

    >>> old, new = smtrain.fit("iris.csv", drop="petal_width"), smtrain.fit("iris.csv")
    >>> found = smtrain.compare(old, new, "iris.csv")
    >>> found.pairs.gained, found.pairs.lost
    (3, 2)
    >>> found.schema.columns.added
    ('petal_width',)
    """

    old: Evaluation
    new: Evaluation
    classes: tuple[str, ...]
    pairs: PairedSum
    schema: SchemaChange
    weights: MovedWeights

    def __repr__(self) -> str:
        """The accuracy and the NLL of both models."""
        pairs = ((name, self.old.metrics[name], self.new.metrics[name]) for name in ("nll", "accuracy"))
        return f"<Comparison: {', '.join(f'{name} {old:.6g} → {new:.6g}' for name, old, new in pairs)}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: the tables of a report."""
        reports = import_module("smtrain.reports.comparison")
        sections = [reports.verdict(self, LEVEL), *reports.comparison_sections(self, LEVEL, ())]
        return str(import_module("smtrain.reports.html").fragment("Two models compared", sections))

    def outcomes(self, *checks: Check | str, level: float = LEVEL) -> list[Outcome]:
        """What comes of checks of the new model, and of "worse", which fails if it is worse beyond noise.

        >>> old, new = smtrain.fit("iris.csv", drop="petal_width"), smtrain.fit("iris.csv")
        >>> smtrain.compare(old, new, "iris.csv").outcomes("worse")[0].failed
        False
        """
        check_level(level)
        return [worse(self.pairs, level) if c == WORSE else self.new.outcomes(c)[0] for c in checks]


def compare(
    old: Model,
    new: Model,
    data: Data,
    *,
    threads: int | None = None,
    unlabelled: str = "error",
    positive: str | None = None,
) -> Comparison:
    """Compare two models on labelled rows, which are read once. The weights of rows are those of the new model.

    `unlabelled` "skip" leaves out, and counts, rows whose label is empty or unknown to one of the models. Levels that
    training did not have give an UnknownLevelWarning. Of two classes the weights are compared as log-odds of
    `positive`, the second by default.

    Raises ModelError if the models do not predict the same column or cannot read the same file, DataError for an empty
    file or a label that one of them does not know.

    >>> old, new = smtrain.fit("iris.csv", drop="petal_width"), smtrain.fit("iris.csv")
    >>> smtrain.compare(old, new, "iris.csv")
    <Comparison: nll 0.207178 → 0.12995, accuracy 0.966667 → 0.973333>
    """
    table = open_table(data, _common_dialect(as_model(old), as_model(new)))
    moved = moved_weights(old, new, positive)
    settle_unlabelled(table, unlabelled, new.encoder.target, {*old.encoder.classes} & {*new.encoder.classes})
    # Predictions are compared by their places in the union of the classes, for the models may have other ones.
    union = {name: k for k, name in enumerate(dict.fromkeys([*old.encoder.classes, *new.encoder.classes]))}
    # Both models see a row before the next one is read: nothing is kept of it but sums.
    codes = [np.array([union[name] for name in model.encoder.classes], np.intp) for model in (old, new)]
    unseen = UnseenLevels(old), UnseenLevels(new)
    pairs = score_pair(old, new, table, threads=threads_of(threads) or available_threads())
    term = partial(sums_of, models=(old, new), codes=codes, classes=len(union))
    sums = total(term, _paired_rows(pairs, unseen), block_rows(len(union)), joined)
    if sums is None or sums.new.weight == 0:
        raise nothing_to_measure(table, rows=sums is not None)
    warn_of({name: count for one in unseen for name, count in one.counts.items()})
    return Comparison(
        old=Evaluation(old.encoder.classes, sums.old, unseen[0].counts, labels=old.classes),
        new=Evaluation(new.encoder.classes, sums.new, unseen[1].counts, skipped=table.skipped, labels=new.classes),
        classes=tuple(union),
        pairs=sums,
        schema=schema_change(old.encoder, new.encoder),
        weights=moved,
    )


def _paired_rows(
    pairs: Iterable[tuple[Scored, Scored]], unseen: tuple[UnseenLevels, UnseenLevels]
) -> Iterator[PairedRows]:
    """Rows as both models see them, whose unseen levels are counted."""
    for old, new in pairs:
        for counter, scored in zip(unseen, (old, new), strict=True):
            counter.add(scored)
        yield PairedRows(Partition(old.X, old.y, old.v), Partition(new.X, new.y, new.v))


def _common_dialect(old: Model, new: Model) -> Dialect:
    """The dialect that cuts a file into cells for both models. Raises ModelError if there is none."""
    before, after = old.encoder.dialect, new.encoder.dialect
    if old.encoder.target != new.encoder.target:
        targets = f"{quoted(old.encoder.target)} and {quoted(new.encoder.target)}"
        raise ModelError(f"the models predict different columns: {targets}")
    # What parts a file into lines and cells must agree; which cells are missing, each model says for itself.
    if before.header != after.header:
        raise ModelError("one of the models reads files with a header line, the other without")
    if None not in {before.delimiter, after.delimiter} and before.delimiter != after.delimiter:
        raise ModelError(f"the models read different delimiters: {before.delimiter!r} and {after.delimiter!r}")
    dates = tuple(dict.fromkeys([*before.dates, *after.dates]))
    return replace(before, delimiter=before.delimiter or after.delimiter, dates=dates)
