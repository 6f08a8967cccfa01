"""What a solver may ask the options of a fit for. Light: the command line reads it before numpy is loaded."""

from typing import Protocol


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
    def precision(self) -> str:
        """That of X, the logits and the probabilities: float32 or float64."""
