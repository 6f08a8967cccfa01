"""Deviances, pseudo-R², AIC, BIC and likelihood-ratio tests of a fit without penalty; see docs/inference.md."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smtrain.errors import ModelError, counted
from smtrain.model.model import Model, as_model
from smtrain.model.record import SETTLED
from smtrain.softmax.distributions import chi_square

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class RatioTest:
    """A likelihood-ratio test: `chi2` is twice the loss of log-likelihood, with so many `degrees` of freedom.

    `settled` says that both fits came to their ends.
    """

    chi2: float
    degrees: int
    settled: bool

    @property
    def p(self) -> float:
        """The probability of a χ² at least as large; NaN without a degree of freedom: then nothing is lost."""
        return chi_square(self.chi2, self.degrees) if self.degrees else math.nan


@dataclass(frozen=True)
class Likelihood:
    """How likely a fit without penalty makes its rows, beside the intercepts alone.

    `rows` is the weight of the rows, Σ v; `log_likelihood` and `null_log_likelihood` are sums over them. `parameters`
    are those of the model that the rows determine, K − 1 of them intercepts. `test` is that of all columns, `columns`
    those of each, all of its levels and its indicator of missing cells together.

    >>> known = pandas.read_csv("penguins.csv").dropna()
    >>> found = smtrain.likelihood(smtrain.fit(known[["island", "body_mass_g"]], known["sex"], l2=0, lr=True))
    >>> round(found.mcfadden, 3), round(found.aic, 1)
    (0.251, 353.5)
    """

    rows: float
    classes: int
    parameters: int
    log_likelihood: float
    null_log_likelihood: float
    test: RatioTest
    columns: dict[str, RatioTest]

    def __repr__(self) -> str:
        """The log-likelihood, and what it is worth."""
        size = counted(self.parameters, "parameter")
        return (
            f"<Likelihood: {self.log_likelihood:.6g} of {size}; AIC {self.aic:.6g}, McFadden's R² {self.mcfadden:.3g}>"
        )

    @property
    def deviance(self) -> float:
        """−2 log L."""
        return -2 * self.log_likelihood

    @property
    def null_deviance(self) -> float:
        """−2 log L of the intercepts alone."""
        return -2 * self.null_log_likelihood

    @property
    def degrees(self) -> float:
        """The degrees of freedom that are left: (K − 1) Σ v, less the parameters."""
        return self.null_degrees - self.test.degrees

    @property
    def null_degrees(self) -> float:
        """Those of the intercepts alone."""
        return (self.classes - 1) * (self.rows - 1)

    @property
    def mcfadden(self) -> float:
        """McFadden's R²: 1 − log L / log L0."""
        return 1 - self.log_likelihood / self.null_log_likelihood

    @property
    def nagelkerke(self) -> float:
        """Nagelkerke's R²: that of Cox and Snell, 1 − (L0 / L)^(2/n), as a share of the largest that it can be."""
        cox_snell = -math.expm1(2 * (self.null_log_likelihood - self.log_likelihood) / self.rows)
        return cox_snell / -math.expm1(2 * self.null_log_likelihood / self.rows)

    @property
    def aic(self) -> float:
        """Akaike's criterion: the deviance and twice the parameters."""
        return self.deviance + 2 * self.parameters

    @property
    def bic(self) -> float:
        """Schwarz's criterion: the deviance and log Σ v times the parameters."""
        return self.deviance + math.log(self.rows) * self.parameters

    def table(self) -> "pd.DataFrame":
        """The tests of the columns, a line each.

        >>> known = pandas.read_csv("penguins.csv").dropna()
        >>> model = smtrain.fit(known[["island", "body_mass_g"]], known["sex"], l2=0, lr=True)
        >>> smtrain.likelihood(model).table().round(3)
                        chi2  degrees    p
        column
        island        51.098        2  0.0
        body_mass_g  116.005        1  0.0
        """
        import pandas as pd

        lines = [(test.chi2, test.degrees, test.p) for test in self.columns.values()]
        index = pd.Index(self.columns, name="column")
        return pd.DataFrame(lines, columns=["chi2", "degrees", "p"], index=index)


def likelihood(model: Model) -> Likelihood:
    """The statistics of a model that was fitted with `l2=0` and `lr=True`.

    Raises ModelError if the model does not hold them.

    >>> known = pandas.read_csv("penguins.csv").dropna()
    >>> model = smtrain.fit(known[["island", "body_mass_g"]], known["sex"], l2=0, lr=True)
    >>> smtrain.likelihood(model)
    <Likelihood: -172.773 of 4 parameters; AIC 353.546, McFadden's R² 0.251>
    """
    fit, encoder = as_model(model).fit, model.encoder
    record = fit.likelihood
    if record is None:
        hint = "a fit with --lr, and without a penalty, keeps them"
        raise ModelError("the model holds no statistics of its likelihood", hint=hint)
    n, settled = record.weight, fit.status in SETTLED
    tests = [
        RatioTest(max(0.0, 2 * n * (one.nll - fit.nll)), one.degrees, settled=one.settled and settled)
        for one in record.columns
    ]
    whole = RatioTest(max(0.0, 2 * n * (record.null_nll - fit.nll)), record.degrees, settled=settled)
    return Likelihood(
        rows=n,
        classes=len(encoder.classes),
        parameters=record.degrees + len(encoder.classes) - 1,
        log_likelihood=-n * fit.nll,
        null_log_likelihood=-n * record.null_nll,
        test=whole,
        columns=dict(zip([column.name for column in encoder.columns], tests, strict=True)),
    )
