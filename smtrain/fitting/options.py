"""Every default of a fit, once. Light: the command line reads it before numpy is loaded."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from smtrain.sources.dialect import Dialect
from smtrain.sources.paths import recorded_path

# float32 pays on tables that do not fit the processor's cache, and is good for these tolerances, penalties as shares of
# the mean weight of a row, and weights as multiples of it.
COARSEST_FLOAT32, WEAKEST_FLOAT32, FEWEST_FLOAT32, HEAVIEST_FLOAT32 = 1e-5, 0.1, 1 << 20, 1000.0

RIDGE = 1.0
TOLERANCE = 1e-4
TOLERANCE_UNPENALISED = 1e-10
# With standard errors: then coefficients, whose errors go with the square root of the gap, are read to seven digits.
TOLERANCE_INFERENCE, TOLERANCE_INFERENCE_UNPENALISED = 1e-10, 1e-14


@dataclass(frozen=True)
class FitConfig:
    """The options of a fit.

    `l1` and `l2` are those of J = Σ v·NLL + l1 ‖W‖₁ + l2/2 ‖W‖² on standardised features; `l2` None is 1, or 0 if
    `l1` is above 0. `tol` is the relative gap, certified with a penalty and estimated without, at which training
    stops; None takes 1e-4, or 1e-10 without a penalty, where the fit is a maximum-likelihood estimate whose
    coefficients people read; with `se`, 1e-10 and 1e-14. `solver` None is lbfgs, or proximal if `l1` is above 0, or gd
    if a learning rate or a batch size is given. `learning_rate` is α of W ← W − α ∂(J/n)/∂W; None takes the safe 1/L.
    `batch_size` None is the full batch. `threads` None takes the processors this process may use; the result does not
    depend on it. `memory` is how many bytes the process may take; rows that do not fit go to a temporary file, and the
    result is the same. `precision` is that of X, the logits and the probabilities; "auto" takes float32 for large
    tables whose fit does not need more.
    `se` keeps the information matrix in the model, for standard errors; `loo` approximates the leave-one-out NLL.
    `validation` is the share of the rows that is set aside, drawn by `seed`, or a file of further rows; with `patience`
    training stops after so many epochs without a lower NLL on them, and the best epoch is kept; `calibrate` fits a
    temperature on them. `l2` "auto" is chosen by cross-validation in so many `folds`: that of the lowest NLL, or with
    `one_se` the largest within a standard error of it.
    `unlabelled` "skip" leaves out rows without a label, and of a file of `validation` those whose label is no class.
    """

    target: str | None = None
    drop: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    numeric: tuple[str, ...] = ()
    weight: str | None = None
    class_weight: str | Mapping[str, float] | None = None
    dialect: Dialect = field(default_factory=Dialect)
    solver: str | None = None
    epochs: int = 1000
    tol: float | None = None
    l2: float | Literal["auto"] | None = None
    l1: float = 0.0
    learning_rate: float | None = None
    batch_size: int | None = None
    momentum: float = 0.0
    seed: int = 0
    precision: Literal["auto", "float32", "float64"] = "auto"
    threads: int | None = None
    memory: int | None = None
    require_convergence: bool = False
    validation: float | str | None = None
    patience: int | None = None
    calibrate: bool = False
    folds: int = 5
    one_se: bool = False
    se: bool = False
    loo: bool = False
    unlabelled: Literal["error", "skip"] = "error"

    @property
    def solver_name(self) -> str:
        """`solver`; unless it is given, a learning rate or a batch size means gradient descent, an l1 proximal."""
        if self.solver is not None:
            return self.solver
        if self.learning_rate is not None or self.batch_size is not None:
            return "gd"
        return "proximal" if self.l1 > 0 else "lbfgs"

    @property
    def ridge(self) -> float:
        """`l2`, or its default: with `l1` alone the fit is a lasso. Until it is chosen, "auto" is as the default."""
        if isinstance(self.l2, float | int):
            return float(self.l2)
        return 0.0 if self.l1 > 0 else RIDGE

    @property
    def penalised(self) -> bool:
        """Whether there is a penalty, and with it a certificate."""
        return self.l1 > 0 or self.ridge > 0

    @property
    def tolerance(self) -> float:
        """`tol`, or its default for these penalties."""
        if self.tol is not None:
            return self.tol
        if self.se and self.precision != "float32":
            return TOLERANCE_INFERENCE if self.penalised else TOLERANCE_INFERENCE_UNPENALISED
        return TOLERANCE if self.penalised else TOLERANCE_UNPENALISED

    def settled(self, cells: int, mean: float = 1.0, heaviest: float = 1.0) -> "FitConfig":
        """The same options with the precision settled, for X of so many numbers and the rows' mean and largest weight.

        Rounding to float32 moves the NLL by about 1e-8 of itself, and the gap by about 1e-6 / l2 of it.
        """
        strong = self.l2 != "auto" and self.ridge >= WEAKEST_FLOAT32 * mean
        even = heaviest <= HEAVIEST_FLOAT32 * mean
        enough = self.tolerance >= COARSEST_FLOAT32 and strong and even and cells >= FEWEST_FLOAT32
        return self if self.precision != "auto" else replace(self, precision="float32" if enough else "float64")

    def record(self) -> dict[str, Any]:
        """The options as they go into the model, without those that change no bit of it."""
        options = asdict(self)
        for name in ("threads", "memory", "require_convergence"):
            del options[name]
        if self.unlabelled == "error":
            del options["unlabelled"]  # models of earlier versions have none
        l2 = self.l2 if self.l2 == "auto" else self.ridge
        aside = recorded_path(self.validation) if isinstance(self.validation, str) else self.validation
        return options | {"l2": l2, "tol": self.tolerance, "solver": self.solver_name, "validation": aside}
