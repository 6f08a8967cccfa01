"""How a model sees one row: its x, z, s, y and s − y, and what each feature adds to the logits."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smtrain.errors import Place, quoted
from smtrain.model.features import intercept_name
from smtrain.model.model import Model, as_model
from smtrain.scoring.predict import scored_row
from smtrain.softmax.design import Codes, Design
from smtrain.softmax.loss import nll
from smtrain.softmax.ranking import largest_first
from smtrain.sources.arguments import whole
from smtrain.sources.opening import Data

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Explanation:
    """A row as a model sees it: its encoded features x (p,), logits z (K,) and probabilities s (K,).

    `y` is the position of its label among the classes, None where the row has none; `nll` its NLL then. `place` is what
    messages call the row, `cells` what stands there in the columns of the model. `first` and `second` are the positions
    of the two most probable classes.

    >>> model = smtrain.fit("iris.csv")
    >>> found = model.explain("iris.csv", 70)
    >>> found.prediction, found.label, round(found.nll, 3)
    ('virginica', 'versicolor', 0.821)
    >>> found.probabilities.round(3)
    class
    virginica     0.548
    versicolor    0.440
    setosa        0.012
    dtype: float64
    """

    model: Model
    place: Place
    x: Floats
    z: Floats
    s: Floats
    y: int | None
    nll: float | None
    cells: tuple[str, ...]

    def __repr__(self) -> str:
        """The two most probable classes, and the label if there is one."""
        classes = self.model.encoder.classes
        ranked = (f"{quoted(classes[k])} {self.s[k]:.6g}" for k in (self.first, self.second))
        label = "" if self.y is None else f"; label {quoted(classes[self.y])}"
        return f"<Explanation: {', then '.join(ranked)}{label}>"

    @property
    def first(self) -> int:
        """The position of the most probable class."""
        return self._ranked[0]

    @property
    def second(self) -> int:
        """The position of the class that is the most probable besides."""
        return self._ranked[1]

    @property
    def _ranked(self) -> list[int]:
        return [int(k) for k in np.argsort(-self.s, kind="stable")[:2]]

    @property
    def prediction(self) -> str | int:
        """The most probable class, as `predict` returns it."""
        return self.model.classes[self.first]

    @property
    def label(self) -> str | int | None:
        """The label of the row, None if it has none."""
        return None if self.y is None else self.model.classes[self.y]

    @property
    def probabilities(self) -> "pd.Series[float]":
        """The probability of each class, the largest first."""
        order = np.argsort(-self.s, kind="stable")
        return pd.Series(self.s[order], index=pd.Index([self.model.classes[k] for k in order], name="class"))

    @property
    def residual(self) -> Floats | None:
        """The s − y of the row (K,), None if it has no label."""
        return None if self.y is None else self.s - np.eye(len(self.s))[self.y]

    @property
    def gradient(self) -> Floats | None:
        """What the row adds to the gradient of the cost, x ⊗ (s − y) with a line for each class (K, p)."""
        return None if self.residual is None else np.outer(self.residual, self.x)

    @property
    def contributions(self) -> pd.DataFrame:
        """What each feature adds to the logit of each class, x_j W_jk: a line a feature and a column a class.

        The lines add up to z. First come those that push the prediction most ahead of the second class, or behind it;
        the last is the intercept.
        """
        model = self.model
        order = largest_first(np.abs(pushes(model, self.x, self.first, self.second)))
        terms = [*(model.features[j] for j in order), intercept_name(model.features)]
        lines = np.vstack([(self.x[:, None] * model.W)[order], model.b])
        columns = pd.Index(model.classes, name="class")
        return pd.DataFrame(lines, index=pd.Index(terms, name="term"), columns=columns)

    @property
    def column_pushes(self) -> Floats:
        """What each of the model's columns adds to the lead of the prediction over the second class (columns,)."""
        each, encoder = pushes(self.model, self.x, self.first, self.second), self.model.encoder
        return np.bincount(encoder.owners, each, len(encoder.columns)).astype(np.float64, copy=False)


def pushes(model: Model, x: Floats, first: int, second: int) -> Floats:
    """x_j (W_j,first − W_j,second), (p,): what each feature adds to the lead of a class over another."""
    return np.asarray(x * (model.W[:, first] - model.W[:, second]))


def column_pushes(model: Model, X: Design, first: Codes, second: Codes) -> Floats:
    """What each of the table's columns adds to the lead of one class over another in each row, (columns, m).

    `first` and `second` (m,) are the classes of each row. The levels of a column count together, and so do its numbers
    and its indicator of missing cells.
    """
    W, owners = model.W, model.encoder.owners
    total = np.zeros((len(model.encoder.columns), X.rows))
    for j, x in enumerate(X.numeric.T):
        total[owners[j]] += x * (W[j, first] - W[j, second])
    for codes, span in X.parts():
        levels = np.vstack([np.zeros_like(W[:1]), W[span]])  # code 0 adds nothing
        total[owners[span.start]] += levels[codes, first] - levels[codes, second]
    return total


def explain(model: Model, data: Data, row: int = 0, *, counted_from: int = 0) -> Explanation:
    """How a model sees one row of a file, a DataFrame or an array; rows are counted from 0, or as `counted_from` says.

    The row may have a label, in the model's target column. Raises UsageError if there is no such row, and otherwise as
    `predict` does.

    >>> model = smtrain.fit("iris.csv")
    >>> found = smtrain.explain(model, "iris.csv", 100)
    >>> found.contributions.round(2)
    class         setosa  versicolor  virginica
    term
    petal_width    -3.10       -1.41       4.51
    petal_length   -2.46       -0.46       2.92
    sepal_width     0.65       -0.20      -0.44
    sepal_length   -0.59        0.32       0.27
    (intercept)    -0.20        2.07      -1.87
    """
    scored, cells, labelled = scored_row(as_model(model), data, whole("row", row), counted_from)
    return Explanation(
        model,
        scored.rows.place(scored.start),
        x=scored.X.toarray()[0],
        z=np.asarray(scored.Z[:, 0], np.float64),
        s=np.asarray(scored.probabilities[:, 0], np.float64),
        y=int(scored.y[0]) if labelled else None,
        nll=float(nll(scored.Z, scored.y)[0]) if labelled else None,
        cells=cells,
    )
