"""Whether a column of a model alone gives the labels away of the rows that it is measured on.

`doctor` looks for such columns in a table before a fit. A model that came by one all the same, from somewhere else,
looks good for that reason alone, and the report on it says so.
"""

from collections.abc import Iterator

import numpy as np

from smtrain.fitting.refusals import IDENTIFIER_ROWS
from smtrain.inspecting.diagnosis import Finding
from smtrain.inspecting.leaks import Told, gives_away, leak, leak_of_a_class, tells_a_class
from smtrain.inspecting.rows import Hashes, Sample
from smtrain.model.model import Model
from smtrain.scoring.predict import Scored


class LeakWatch:
    """Is shown rows with their labels, and keeps a sample of them: all of them, if they are few."""

    def __init__(self, model: Model) -> None:
        encoder = model.encoder
        self._names = [column.name for column in encoder.columns]
        self._owners, self._classes = encoder.owners, encoder.classes
        self._parts: list[int] = []
        self._sample: Sample | None = None

    def add(self, scored: Scored) -> None:
        """Go on with some more rows."""
        X = scored.X
        numbers = [np.ascontiguousarray(x, np.float64) for x in X.numeric.T]
        parts = X.parts()
        if self._sample is None:
            self._parts = [*range(len(numbers)), *(span.start for _, span in parts)]
            self._sample = Sample(len(self._parts))
        hashes: list[Hashes] = [*(x.view(np.uint64) for x in numbers), *(codes.astype(np.uint64) for codes, _ in parts)]
        none = np.full(X.rows, np.nan)
        self._sample.add(hashes, [*numbers, *[none] * len(parts)], scored.y.astype(np.uint64))

    def findings(self) -> Iterator[Finding]:
        """The columns each of which alone tells the label of nearly all rows, or one class from all others."""
        if self._sample is None:
            return
        hashes, numbers, labels = self._sample.columns()
        classes, y = np.unique(labels, return_inverse=True)
        if len(classes) < 2 or len(y) < IDENTIFIER_ROWS:
            return
        found: dict[str, float] = {}
        told: dict[str, Told] = {}
        for part, values, x in zip(self._parts, hashes, numbers, strict=True):
            name, right, one = self._names[self._owners[part]], gives_away(values, x, y), tells_a_class(values, y)
            if right is not None:
                found[name] = max(right, found.get(name, 0.0))
            elif one is not None:
                told[name] = one
        names = [self._classes[int(code)] for code in classes]
        for name in self._names:
            if name in found:
                yield leak(name, found[name], len(y))
            elif name in told:
                yield leak_of_a_class(name, names[told[name].label], told[name], len(y))
