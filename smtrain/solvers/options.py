"""What a solver may ask the options of a fit for. Light: the command line reads it before numpy is loaded."""

from collections.abc import Callable
from typing import Literal, NamedTuple, Protocol


class Options(Protocol):
    """The options that solvers are made from; those of a fit are some. See smtrain.fitting.options."""

    @property
    def solver_name(self) -> str:
        """The key of SOLVERS."""

    @property
    def learning_rate(self) -> float | None:
        """α of W ← W − α ∂(J/n)/∂W; None is the safe step."""

    @property
    def batch_size(self) -> int | None:
        """Rows of a mini-batch; None is the full batch."""

    @property
    def momentum(self) -> float:
        """The share of the last step that is added to the next, in [0, 1)."""

    @property
    def seed(self) -> int:
        """What decides the order of the rows in mini-batches."""

    @property
    def l1(self) -> float:
        """The penalty l1 Σ |W|."""

    @property
    def l2(self) -> float | Literal["auto"] | None:
        """The penalty l2/2 Σ W², or that it is to be chosen by fits that start where others ended."""

    @property
    def precision(self) -> str:
        """That of X, the logits and the probabilities: float32 or float64."""


class Ability(NamedTuple):
    """Something that not every solver can: the name of the attribute that says so, and when it is asked for."""

    name: str
    asked: Callable[[Options], bool]
    refusal: str


ABILITIES = (
    Ability(
        "batches",
        lambda options: options.learning_rate is not None or options.batch_size is not None or options.momentum != 0,
        "takes no --learning-rate, no --batch-size and no --momentum",
    ),
    Ability("l1", lambda options: options.l1 > 0, "cannot minimise with --l1"),
    Ability("warm", lambda options: options.l2 == "auto", "does not go with --l2 auto"),
)
