"""The options of a fit that can change a bit of its model: those that the model keeps. Light: read before NumPy."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Annotated, Literal

from smtrain.model.schema import ABSENT, LEFT_OUT, Count, PathText, Positive
from smtrain.sources.arguments import NOT_NEGATIVE, Range
from smtrain.sources.dialect import Dialect

# The penalty where none is asked for: as the prior that a deviation of a feature changes the logits by about 1.
RIDGE = 1.0
# Relative gaps at which a fit ends. Without a penalty it is a maximum-likelihood fit, whose coefficients people read.
TOLERANCE = 1e-4
TOLERANCE_UNPENALISED = 1e-10
# With standard errors: then coefficients, whose errors go with the square root of the gap, are read to seven digits.
TOLERANCE_INFERENCE = 1e-10
TOLERANCE_INFERENCE_UNPENALISED = 1e-14
# The most folds: the number of a row's fold is an int32.
MOST_FOLDS = 2**31 - 1

NotNegative = Annotated[float, NOT_NEGATIVE]


@dataclass(frozen=True)
class Options:
    """The options of a fit, without those that change no bit of the model.

    `l1` and `l2` are those of J = Σ v·NLL + l1 ‖W‖₁ + l2/2 ‖W‖² on standardised features; `l2` None is 1, or 0 if
    `l1` is above 0. `tol` is the relative gap, certified with a penalty and estimated without, at which training
    stops; None takes 1e-4, or 1e-10 without a penalty, where the fit is a maximum-likelihood estimate whose
    coefficients people read; with `se`, 1e-10 and 1e-14. `solver` None is lbfgs, or proximal if `l1` is above 0, or gd
    if a learning rate or a batch size is given. `learning_rate` is α of W ← W − α ∂(J/n)/∂W; None takes the safe 1/L.
    `batch_size` None is the full batch. `precision` is that of X, the logits and the probabilities; "auto" takes
    float32 for large tables whose fit does not need more.
    `se` keeps the information matrix in the model, for standard errors; `loo` approximates the leave-one-out NLL.
    `lr` keeps what likelihood-ratio tests, and other statistics of a fit without penalty, are made of.
    `validation` is the share of the rows that is set aside, drawn by `seed`, or a file of further rows; with `patience`
    training stops after so many epochs without a lower NLL on them, and the best epoch is kept; `calibrate` fits a
    temperature on them. `l2` or `l1` "auto" is chosen by cross-validation in so many `folds`: that of the lowest NLL,
    or with `one_se` the largest within a standard error of it.
    `min_count` is the number of rows that a level of a column of words must have, whatever their weights, to have a
    feature of its own: those with fewer share one.
    `test` is the share of the rows that the fit does not see, those that `split` puts aside, or a file of others: the
    metrics on them are in the model's record.
    `groups` is a column whose equal rows stay together, in those folds and where a share is set aside: it is no
    feature.
    `unlabelled` "skip" leaves out rows without a label, and of a file of `validation` or `test` those whose label is no
    class.
    """

    target: str | None = None
    drop: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    numeric: tuple[str, ...] = ()
    weight: str | None = None
    class_weight: str | Mapping[str, float] | None = None
    dialect: Dialect = field(default_factory=Dialect)
    solver: str | None = None
    epochs: Count = 1000
    tol: NotNegative | None = None
    l2: NotNegative | Literal["auto"] | None = None
    l1: NotNegative | Literal["auto"] = field(default=0.0, metadata=ABSENT)
    learning_rate: Annotated[float, Range(0, above=True)] | None = None
    batch_size: Positive | None = None
    momentum: Annotated[float, Range(0, 1, below=True)] = 0.0
    seed: Count = 0
    precision: Literal["auto", "float32", "float64"] = "auto"
    validation: Annotated[float, Range(0, 1, above=True, below=True)] | PathText | None = field(
        default=None, metadata=ABSENT
    )
    patience: Positive | None = field(default=None, metadata=ABSENT)
    calibrate: bool = field(default=False, metadata=ABSENT)
    folds: Annotated[int, Range(2, MOST_FOLDS)] = field(default=5, metadata=ABSENT)
    one_se: bool = field(default=False, metadata=ABSENT)
    se: bool = field(default=False, metadata=ABSENT)
    loo: bool = field(default=False, metadata=ABSENT)
    min_count: Positive = field(default=1, metadata=LEFT_OUT)
    lr: bool = field(default=False, metadata=LEFT_OUT)
    test: Annotated[float, Range(0, 1, above=True, below=True)] | PathText | None = field(
        default=None, metadata=LEFT_OUT
    )
    unlabelled: Literal["error", "skip"] = field(default="error", metadata=LEFT_OUT)
    groups: str | None = field(default=None, metadata=LEFT_OUT)

    def __repr__(self) -> str:
        """Those that are not at their defaults."""
        plain, names = type(self)(), (one.name for one in fields(self))
        given = {name: getattr(self, name) for name in names if getattr(self, name) != getattr(plain, name)}
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in given.items())})"

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to defaults that depend on other options or on the table: so models keep them."""
        return None not in {self.tol, self.l2, self.solver} and "auto" not in {self.l2, self.l1, self.precision}

    @property
    def solver_name(self) -> str:
        """`solver`; unless it is given, a learning rate or a batch size means gradient descent, an l1 proximal."""
        if self.solver is not None:
            return self.solver
        if self.learning_rate is not None or self.batch_size is not None:
            return "gd"
        return "proximal" if self.lasso > 0 else "lbfgs"

    @property
    def chosen(self) -> Literal["l1", "l2"] | None:
        """The penalty that is to be chosen by cross-validation, if one is."""
        return "l1" if self.l1 == "auto" else "l2" if self.l2 == "auto" else None

    @property
    def deals(self) -> bool:
        """Whether rows of the table are dealt out: to folds, or as a share that is set aside."""
        return self.chosen is not None or any(isinstance(one, float | int) for one in (self.validation, self.test))

    @property
    def lasso(self) -> float:
        """`l1`. Until it is chosen, "auto" is as where the search begins."""
        return float(self.l1) if isinstance(self.l1, float | int) else RIDGE

    @property
    def ridge(self) -> float:
        """`l2`, or its default: with `l1` alone the fit is a lasso. Until it is chosen, "auto" is as the default."""
        if isinstance(self.l2, float | int):
            return float(self.l2)
        return 0.0 if self.lasso > 0 else RIDGE

    @property
    def penalised(self) -> bool:
        """Whether there is a penalty, and with it a certificate."""
        return self.lasso > 0 or self.ridge > 0

    @property
    def tolerance(self) -> float:
        """`tol`, or its default for these penalties."""
        if self.tol is not None:
            return self.tol
        if self.se and self.precision != "float32":
            return TOLERANCE_INFERENCE if self.penalised else TOLERANCE_INFERENCE_UNPENALISED
        return TOLERANCE if self.penalised else TOLERANCE_UNPENALISED
