"""Some of the rows of a span, for another process to read."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtrain.sources.interface import Batch, Reading, Source, Span


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
        only = tuple(Reading.LABEL if i == self.column else Reading.SKIP for i in range(len(source.names)))
        begin = 0
        for batch in source.batches():
            end = begin + batch.read(only).count
            gone = np.logical_not(self.some[begin:end])
            left = batch.without(gone) if gone.any() else batch
            if left is not None:
                yield left
            begin = end
