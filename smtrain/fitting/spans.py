"""A table read for a fit where its rows are to live: spans of it read by tasks, what they tell added up here.

A span is read without anything known of the others, which gives the same summary (smtrain.fitting.summary) as one
reading from the first row to the last. Its words are codes of its own vocabulary until that of the table is known.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from smtrain.fitting.options import FitConfig
from smtrain.fitting.raw import RawPartition, joined, raw_partition, slots_of
from smtrain.fitting.read import RawTable, raise_error, summed
from smtrain.fitting.roles import Roles
from smtrain.fitting.summary import Summary
from smtrain.partitions.interface import Spread
from smtrain.partitions.sizes import Sizes
from smtrain.sources.interface import Span
from smtrain.sources.table import Table
from smtrain.sources.usable import Skipped


@dataclass(frozen=True)
class Told:
    """What a span tells: its summary, the rows that were left out, and the bytes that were read."""

    summary: Summary
    skipped: Skipped
    bytes_read: int


@dataclass(frozen=True)
class SpanRows:
    """The rows of a span, None for none, with codes of its own and `slots` of its own, and what it tells."""

    raw: RawPartition | None
    slots: Mapping[int, int]
    told: Told


@dataclass(frozen=True)
class Codes:
    """The codes in the table of the codes in a span: of words by the column's position, of labels, and of groups."""

    words: Mapping[int, NDArray[np.int32]]
    labels: NDArray[np.intp]
    groups: NDArray[np.int32]


def read_spans(
    table: Table, roles: Roles, config: FitConfig, home: Spread, on_piece: Callable[[int, int], None]
) -> RawTable:
    """Read a table by the workers of a home.

    Raises DataError at the first row that cannot be used, or that shows that a column cannot; and for no rows.
    """
    sizes = Sizes(len(table.names), home.partition_rows(len(table.names)), home.threads, table.own_bytes)
    # 1. The spans, each read by a task; what they tell, added up in their order.
    spans = table.spans(home.span_size(table.total_bytes), home.told)
    tasks = home.spread(partial(read_span, roles=roles, skip=config.unlabelled == "skip"), spans)
    every, total, bytes_read = list[Summary](), Summary.of_nothing(roles.kinds), 0
    for told in home.told(told_of, tasks):
        total += told.summary
        every.append(told.summary)
        table.skipped.include(told.skipped)
        raise_error(total, table, ended=False)
        bytes_read += told.bytes_read
        on_piece(bytes_read, total.rows)
    raise_error(total, table, ended=True)
    # 2. The rows with codes and slots of the whole table, cut into its partitions.
    slots = slots_of(total)
    codes = [codes_of(summary, total) for summary in every]
    settled = home.spread(partial(settled_span, slots=slots), codes, tasks)
    raws = home.partitioned(settled, [one.rows for one in every], sizes.rows, joined)
    return RawTable(table, config, roles, total, slots, raws, sizes)


def codes_of(span: Summary, total: Summary) -> Codes:
    """The codes in a table of the codes in one of its spans."""
    words = {i: total.columns[i].vocabulary.codes(column.vocabulary.texts) for i, column in span.columns.items()}
    labels = total.labels.codes(span.labels.texts).astype(np.intp)
    return Codes(words, labels, total.groups.codes(span.groups.texts))


# ---- what workers compute ----


def read_span(span: Span, roles: Roles, *, skip: bool) -> SpanRows:
    """Read the rows of a span, up to the first that cannot be used."""
    table = Table.of_span(span)
    table.weigh_by(roles.weight)
    if skip:
        table.skip_unlabelled(roles.target)
    parts, slots, total = list[RawPartition](), dict[int, int](), Summary.of_nothing(roles.kinds)
    for rows, total in summed(table, roles):
        slots = slots or slots_of(total)
        if rows is not None and total.usable:
            parts.append(raw_partition(rows, total, slots, roles))
        if total.fault is not None:
            break
    return SpanRows(joined(parts) if parts else None, slots, Told(total, table.skipped, table.bytes_read))


def told_of(rows: SpanRows) -> Told:
    """What a span tells."""
    return rows.told


def settled_span(codes: Codes, span: SpanRows, slots: Mapping[int, int]) -> RawPartition | None:
    """The rows of a span with the codes and slots of the whole table."""
    raw = span.raw
    if raw is None:
        return None
    numbers = raw.numbers
    if dict(slots) != dict(span.slots):
        numbers = np.full((raw.rows, len(slots)), np.nan, raw.numbers.dtype)
        both = [i for i in slots if i in span.slots]
        numbers[:, [slots[i] for i in both]] = raw.numbers[:, [span.slots[i] for i in both]]
    words = {i: np.take(np.append(codes.words[i], np.int32(-1)), column) for i, column in raw.codes.items()}
    groups = None if raw.groups is None else codes.groups[raw.groups]
    return RawPartition(numbers, words, codes.labels[raw.labels], raw.weights, groups=groups)
