"""Rows that a fit never sees, put aside before anything is learned or of another file, and how good its model is there.

They are read and encoded before the training, so that what is wrong in them is said before hours of work, and measured
when the model is made.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smtrain.fitting.dealing import SpreadStrata, parts_of, read_strata, spans_of
from smtrain.fitting.digest import sha256_beside
from smtrain.fitting.draws import Draw, check_groups, groups_aside, groups_drawn, no_group_fits
from smtrain.fitting.learn import Learned
from smtrain.fitting.options import FitConfig
from smtrain.fitting.parting import parted
from smtrain.fitting.roles import labelled_rows
from smtrain.fitting.strata import Coded, ShareOfStrata, Strata, share_drawn, strata_drawn, strata_of
from smtrain.fitting.validation import labelled_partitions, read_spans
from smtrain.fitting.weights import check_classes
from smtrain.model.labels import nothing_to_measure
from smtrain.model.model import Model
from smtrain.model.record import HeldOutRecord, SkippedRecord
from smtrain.partitions.cutter import cut
from smtrain.partitions.interface import Home, Shelf, Spread
from smtrain.partitions.memory import available_threads, joined
from smtrain.scoring.blocks import block_rows, sums_of
from smtrain.scoring.home import sent
from smtrain.scoring.metrics import METRICS
from smtrain.softmax.holdout import Share
from smtrain.softmax.loss import Partition
from smtrain.sources.interface import Batch, Rows
from smtrain.sources.opening import Data, open_table
from smtrain.sources.table import Table
from smtrain.sources.usable import Skipped, is_no_label


@dataclass(frozen=True)
class HeldOut:
    """Rows of a table that are never seen, encoded, in blocks on a shelf of the home of the fit; and their number.

    `sha256` tells them from others.
    """

    blocks: Shelf[Partition]
    rows: int
    skipped: Skipped
    sha256: str


def opened(data: Data, config: FitConfig) -> tuple[Table, Table | None]:
    """The table of the data, and the other one to test with, if the options name one."""
    table = open_table(data, config.dialect, fitting=True)
    return table, open_table(config.test, config.dialect) if isinstance(config.test, str) else None


def with_share(table: Table, data: Data, config: FitConfig, home: Home) -> tuple[Table, Table]:
    """The table to learn from, and that of the share that the options put aside: the rows that `smtrain split` draws.

    With groups those that `smtrain split --by` draws. The data are read here. Raises DataError for labels that are no
    classes, and if no row can be put aside.
    """
    assert isinstance(config.test, float | int)
    strata = strata_of(_labelled(table, config), stratify=True, target=config.target, weight=config.weight)
    if isinstance(home, Spread):
        masks = _grouped_there if config.groups is not None else _drawn_there
        return _parted_there(table, strata, config, home, partial(masks, share=config.test))
    threads = config.threads or available_threads()
    if config.groups is None:
        draw: Draw = _checked(strata_drawn(table, strata, config.test, config.seed, threads), table)
    else:
        draw = groups_drawn(table, config.groups, config.test, config.seed, threads, option="--groups")
    train, test = (_labelled(open_table(data, config.dialect, fitting=True), config) for _ in range(2))
    seen = train.of(_part(train, draw, threads, test=False))
    seen.skipped.include(table.skipped)  # those of the whole table, told once
    return seen, test.of(_part(test, draw, threads, test=True))


def _labelled(table: Table, config: FitConfig) -> Table:
    """The table without the rows that the fit leaves out for want of a label: the draw is as if they were not there."""
    return labelled_rows(table, config.target, config.unlabelled)


@dataclass(frozen=True)
class There:
    """A table that the workers of a home read, in `spans`.

    `strata` are its labels; `skip` says that rows without one are left out.
    """

    table: Table
    home: Spread
    spans: Sequence[Any]
    strata: Strata
    skip: bool

    def by(self, strata: Strata, check: Callable[[Rows], object] | None = None) -> SpreadStrata:
        """Its rows by some strata; those that were left out are counted."""
        read = partial(read_strata, strata=strata, check=check, skip=self.strata.column if self.skip else None)
        found = SpreadStrata.of(self.home, self.spans, read)
        self.table.skipped.include(Skipped(found.total.skipped))
        return found


def _drawn_there(there: There, config: FitConfig, share: float) -> Sequence[Any]:
    """Tasks of the masks of a share of each class."""
    found = there.by(there.strata)
    _checked(share_drawn(there.table, there.strata, found.total, share, config.seed), there.table)
    return found.drawn(partial(Share, fraction=share, seed=config.seed))


def _grouped_there(there: There, config: FitConfig, share: float) -> Sequence[Any]:
    """Tasks of the masks of whole groups."""
    name = str(config.groups)
    column = there.table.column(name, "--groups")
    found = there.by(Strata(column), partial(check_groups, column=column, name=name))
    known = found.total.known
    if not len(known):
        raise there.table.no_rows()
    aside = groups_aside(known.texts, known.counts, share, config.seed)
    if not aside:
        raise no_group_fits(known.counts, "test", share, column=name, source=there.table.source)
    own = [np.array([text in aside for text in one.known.texts], np.bool_) for one in found.counts]
    return there.home.spread(mask_of_groups, found.coded, own)


def mask_of_groups(groups: Coded, aside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which rows (n,) of a span are put aside: those of groups that are, (V,) by the codes of the span."""
    return aside[groups.y]


def _parted_there(
    table: Table, strata: Strata, config: FitConfig, home: Spread, drawn: Callable[[There, FitConfig], Any]
) -> tuple[Table, Table]:
    """The same, by the workers of a home."""
    skip = config.unlabelled == "skip"
    there = There(table, home, spans_of(table, home), strata, skip)
    masks = drawn(there, config)
    parted = partial(parts_of, table, home, there.spans, masks, column=strata.column, skip=skip)
    seen = parted(chosen=np.logical_not)
    seen.skipped.include(table.skipped)
    return seen, parted(chosen=np.asarray)


def _checked(draw: ShareOfStrata, table: Table) -> ShareOfStrata:
    """A draw of labels. Raises DataError for labels that are no classes, and if no row would be put aside."""
    classes = [text for text in draw.known.ordered() if not is_no_label(text)]
    with table.advising():
        check_classes(classes, table, draw.strata.column, int(draw.known.counts[draw.known.codes(classes)].sum()))
    draw.check()
    return draw


def _part(table: Table, draw: Draw, threads: int, *, test: bool) -> Iterator[Batch]:
    """The rows that are put aside, or the others."""
    for rows, aside in parted(table, draw, threads):
        gone = aside != test
        batch = rows.batch.without(gone) if gone.any() else rows.batch
        if batch is not None:
            yield batch


def held_out(table: Table, learned: Learned) -> HeldOut:
    """The labelled rows of a table, encoded and kept. Raises DataError if they cannot be used, or weigh nothing."""
    encoder, home, skip = learned.encoder, learned.home, learned.config.unlabelled == "skip"
    size = block_rows(len(encoder.classes))
    if isinstance(home, Spread):
        read = partial(labelled_partitions, encoder=encoder, threads=1, skip=skip)
        parts, counts, skipped = read_spans(table, encoder, home, read)
        shelf, rows = home.partitioned(parts, counts, size, joined), sum(counts)
    else:
        shelf, rows = home.shelf(), 0
        for block in cut(labelled_partitions(table, encoder, home.threads, skip=skip), size, joined):
            shelf.append(block)
            rows += block.rows
        skipped = table.skipped
    if not rows or not home.sum(weight_of, shelf):
        raise nothing_to_measure(table, rows=rows > 0)
    sha256 = sha256_beside(home.rows(shelf), skipped.unlabelled, skipped.unknown)
    return HeldOut(shelf, rows, skipped, sha256)


def weight_of(block: Partition) -> float:
    """What the rows of a block weigh."""
    return float(block.v.sum())


def tested(model: Model, held: HeldOut, home: Home) -> Model:
    """The model with every metric of the rows that were held out in its record."""
    sums = home.sum(partial(sums_of, model=sent(model)), held.blocks)
    unseen = home.sum(unseen_cells, held.blocks)
    names = [column.name for column in model.encoder.categorical]
    values = {name: float(metric(sums)) for name, metric in METRICS.items()}
    record = HeldOutRecord(
        rows=held.rows,
        metrics={name: value if np.isfinite(value) else None for name, value in values.items()},
        unseen={name: cells for name, cells in zip(names, unseen.tolist(), strict=True) if cells},
        skipped=SkippedRecord(held.skipped.unlabelled, held.skipped.unknown),
        sha256=held.sha256,
    )
    return replace(model, fit=replace(model.fit, test=record))


def unseen_cells(block: Partition) -> NDArray[np.intp]:
    """How many cells of each column of words have a level that training did not have, (q,)."""
    return np.array([np.count_nonzero(codes == 0) for codes in block.X.codes], np.intp)
