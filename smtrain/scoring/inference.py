"""Standard errors, tests, confidence intervals and odds ratios of a fitted model; see docs/inference.md.

The coefficients are in the units of the file, against a reference class. A categorical column's levels are counted from
its first level, so the intercept is that of a row with zeros for numbers and the first level of every column of words.
"""

import math
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from smtrain.errors import ModelError, UsageError, counted, quoted
from smtrain.model.encoder import Encoder, Labels
from smtrain.model.features import intercept_name
from smtrain.model.model import Model, as_model
from smtrain.softmax.distributions import LEVEL, normal_quantile
from smtrain.softmax.information import Inverse, inverse, penalty_information
from smtrain.sources.arguments import check_level
from smtrain.sources.likeness import did_you_mean

if TYPE_CHECKING:
    import pandas as pd


Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Inference:
    """A table for each class but `reference`: arrays (T, K − 1), lines `terms`, columns `classes`.

    `error` is the standard error, NaN where the rows do not identify the coefficient; `z` = estimate / error; `p` its
    two-sided normal probability; `low` and `high` the confidence interval at `level`; `odds` = exp(estimate).
    `penalised` says that the errors are those of a fit with a penalty, which pulls the estimates towards zero.
    `bases` are the first levels, which the other levels of the same columns are counted from. `labels` are the classes
    as `predict` returns them, and as `table` has them.

    >>> model = smtrain.fit("iris.csv", l2=1, se=True)
    >>> found = smtrain.inference(model)
    >>> found.classes
    ('versicolor', 'virginica')
    >>> found.z.shape
    (5, 2)
    """

    reference: str
    classes: tuple[str, ...]
    terms: tuple[str, ...]
    bases: tuple[str, ...]
    level: float
    penalised: bool
    estimate: Floats
    error: Floats
    labels: Labels = ()

    def __repr__(self) -> str:
        """The reference, and how many classes and terms there are."""
        size = f"{len(self.classes) + 1} classes by {counted(len(self.terms), 'term')}"
        return f"<Inference against {quoted(self.reference)}: {size}; intervals of {self.level:g}>"

    @property
    def z(self) -> Floats:
        """The estimate in standard errors."""
        with np.errstate(all="ignore"):
            return np.asarray(self.estimate / self.error)

    @property
    def p(self) -> Floats:
        """The probability that a standard normal variable is at least as far from zero as z."""
        return np.array([[math.erfc(abs(z) / math.sqrt(2)) for z in line] for line in self.z])

    @property
    def low(self) -> Floats:
        """The lower end of the confidence interval."""
        return np.asarray(self.estimate - self._quantile * self.error)

    @property
    def high(self) -> Floats:
        """The upper end of the confidence interval."""
        return np.asarray(self.estimate + self._quantile * self.error)

    @property
    def odds(self) -> Floats:
        """The factor on the odds of the class against the reference for one unit more; infinite where it overflows."""
        with np.errstate(over="ignore"):
            return np.asarray(np.exp(self.estimate))

    @property
    def _quantile(self) -> float:
        return normal_quantile(self.level)

    def table(self) -> "pd.DataFrame":
        """All of it as one DataFrame, a line for each class and term.

        >>> model = smtrain.fit("iris.csv", l2=1, se=True)
        >>> smtrain.inference(model).table().loc["virginica", ["estimate", "low", "high"]].round(2)
                      estimate    low  high
        term
        (intercept)     -14.98 -28.73 -1.22
        sepal_length      1.89  -0.53  4.31
        sepal_width      -4.51  -7.86 -1.16
        petal_length      2.40   1.10  3.70
        petal_width       5.86   2.97  8.75
        """
        import pandas as pd

        index = pd.MultiIndex.from_product([self.labels, self.terms], names=["class", "term"])
        names = ("estimate", "error", "z", "p", "low", "high", "odds")
        return pd.DataFrame({name: getattr(self, name).T.ravel() for name in names}, index=index)


def reference_class(model: Model, name: str | int | None, option: str = "--reference") -> int:
    """The position of the class that an option names, the first if None. Raises UsageError if there is none."""
    if name is None:
        return 0
    name = str(name) if isinstance(name, Real) else name
    if not isinstance(name, str) or name not in model.encoder.classes:
        hint = did_you_mean(str(name), model.encoder.classes)
        raise UsageError(f"{option}: there is no class {quoted(str(name))}", hint=hint)
    return model.encoder.classes.index(name)


def inference(model: Model, reference: str | int | None = None, level: float = LEVEL) -> Inference:
    """Standard errors of a model that was fitted with `se=True`, against the class `reference`, the first by default.

    Raises ModelError if the model does not hold its information matrix, UsageError for an unknown class or a level
    that is not between 0 and 1.

    >>> model = smtrain.fit("iris.csv", l2=1, se=True)
    >>> smtrain.inference(model, "setosa", level=0.9)
    <Inference against "setosa": 3 classes by 5 terms; intervals of 0.9>
    """
    # The covariance is the inverse of the information, penalty included, of the weights counted from the first class.
    # A term of a class against the reference is a sum of these weights, by L and by which two classes are compared, and
    # its variance that of the sum.
    base = reference_class(as_model(model), reference)
    check_level(level)
    if model.information is None:
        raise ModelError("the model holds no standard errors", hint="a fit with --se keeps what they are made of")
    p, K = model.W.shape
    covariance = inverse(model.information + penalty_information(model.fit.options.ridge, p, K))
    terms, L = _contrasts(model.encoder)
    theta = np.vstack([model.W, model.b])
    others = [k for k in range(K) if k != base]
    with np.errstate(all="ignore"):  # a forged model: what is not finite is shown as not defined
        estimate = L @ (theta[:, others] - theta[:, [base]])
        error = np.sqrt(_variances(covariance, L, others, base, K))
    return Inference(
        reference=model.encoder.classes[base],
        classes=tuple(model.encoder.classes[k] for k in others),
        terms=terms,
        bases=tuple(model.features[j] for j in _first_levels(model.encoder)),
        level=level,
        penalised=model.fit.options.ridge > 0,
        estimate=estimate,
        error=error,
        labels=cast("Labels", tuple(model.classes[k] for k in others)),
    )


def _first_levels(encoder: Encoder) -> list[int]:
    """The feature of the first level of each categorical column."""
    sizes = [column.size for column in encoder.categorical]
    start = len(encoder.features) - sum(sizes)
    return [start + sum(sizes[:i]) for i in range(len(sizes))]


def _contrasts(encoder: Encoder) -> tuple[tuple[str, ...], Floats]:
    """The terms, and how each is made of the p + 1 weights of a class: (T, p + 1).

    1. Weights of standardised columns become those in the units of the file: w / scale, and the intercept loses
       Σ mean w / scale.
    2. Levels are counted from the first of their column: its weight is taken off them and added to the intercept.
    3. The intercept comes first, and first levels, which are no terms, are left out.
    """
    p, firsts = len(encoder.features), _first_levels(encoder)
    L = np.diag(np.append(1 / encoder.scales, 1.0))
    L[p, :p] = -encoder.means / encoder.scales
    L[p, firsts] = 1
    for column, first in zip(encoder.categorical, firsts, strict=True):
        L[first : first + column.size, first] -= 1
    order = [p, *(j for j in range(p) if j not in firsts)]
    names = (*encoder.features, intercept_name(encoder.features))
    return tuple(names[j] for j in order), L[order]


def _variances(covariance: Inverse, L: Floats, others: list[int], base: int, classes: int) -> Floats:
    """The variance of each term of each class against the base, (T, K − 1)."""
    columns = []
    for k in others:
        # θ_k − θ_base = (θ_k − θ_0) − (θ_base − θ_0), and the first class, counted from itself, has no weights.
        against = np.zeros(classes)
        against[[k, base]] = 1, -1
        columns.append(covariance.variance(np.kron(against[1:], L).astype(np.float64)))
    return np.stack(columns, axis=1)
