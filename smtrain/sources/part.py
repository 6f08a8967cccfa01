"""Some of the rows of a span, for another process to read."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtrain.sources.interface import Batch, Source, Span, reading_alone
from smtrain.sources.usable import Skipped, UsableLabels


def batches_of(span: Span, source: Source) -> Iterable[Batch]:
    """The rows of a span, by the source that it opened."""
    chosen = span.chosen(source)
    return source.batches() if chosen is None else chosen


@dataclass(frozen=True)
class LabelledSpan(Span):
    """The rows of a span that have a label in a `column`: a text that is neither empty nor called missing by name."""

    span: Span
    column: int

    def open(self) -> Source:
        """A source of all rows of the span."""
        return self.span.open()

    def chosen(self, source: Source) -> Iterator[Batch]:
        """Those with a label."""
        labels = UsableLabels(self.column, source.dialect.na_values, None, Skipped())
        return filter(None, (labels.usable(batch, len(source.names)) for batch in batches_of(self.span, source)))


@dataclass(frozen=True)
class PartOfSpan(Span):
    """The rows of a span that a mask (n,) has: `some`. They are counted by a `column` that can be read as a label."""

    span: Span
    some: NDArray[np.bool_]
    column: int

    def open(self) -> Source:
        """A source of all rows of the span."""
        return self.span.open()

    def chosen(self, source: Source) -> Iterator[Batch]:
        """Those of the mask."""
        only = reading_alone(self.column, len(source.names))
        begin = 0
        for batch in batches_of(self.span, source):
            end = begin + batch.read(only).count
            gone = np.logical_not(self.some[begin:end])
            left = batch.without(gone) if gone.any() else batch
            if left is not None:
                yield left
            begin = end
