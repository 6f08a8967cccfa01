"""What a solver may ask the options of a fit for, and what not every solver can.

The command line reads this module before numpy is loaded, so it imports nothing heavy.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple, Protocol

from smtrain.wording import given


class Options(Protocol):
    """The options that solvers are made from. The options of a fit have them (smtrain.fitting.options)."""

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
        """The seed from which the order of the rows in mini-batches is drawn."""

    @property
    def l1(self) -> float | Literal["auto"]:
        """The penalty l1 Σ |W|; "auto" as for l2."""

    @property
    def l2(self) -> float | Literal["auto"] | None:
        """The penalty l2/2 Σ W². "auto": it is chosen by fits that start where others ended. None: the default."""

    @property
    def precision(self) -> str:
        """The precision of X, the logits and the probabilities: float32 or float64."""


class Ability(NamedTuple):
    """Something that not every solver can do.

    `name` is the attribute of a solver that says whether it can, `asked` whether the options need it, and `refusal` the
    end of the sentence that refuses it.
    """

    name: str
    asked: Callable[[Options], bool]
    refusal: str


ABILITIES = (
    Ability(
        "batches",
        lambda options: options.learning_rate is not None or options.batch_size is not None or options.momentum != 0,
        "takes no --learning-rate, no --batch-size and no --momentum",
    ),
    Ability("l1", lambda options: options.l1 == "auto" or options.l1 > 0, "cannot minimise with --l1"),
    Ability("warm", lambda options: options.l2 == "auto", "does not go with " + given("l2", "auto")),
    Ability("warm", lambda options: options.l1 == "auto", "does not go with " + given("l1", "auto")),
)
