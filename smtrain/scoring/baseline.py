"""What there is to beat: a forecast that knows how frequent the classes are, and nothing of the rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from smtrain.scoring.sums import EvaluationSum


@dataclass(frozen=True)
class Baseline:
    """Always the commonest class of the rows, `label`: its accuracy, and the NLL of the shares of the classes."""

    label: Any
    accuracy: float
    nll: float

    @classmethod
    def of(cls, sums: EvaluationSum, labels: Sequence[Any]) -> "Baseline":
        """That of some rows. Of classes of as many rows it is the first."""
        shares = sums.support / sums.weight
        there = shares[shares > 0]
        return cls(labels[int(shares.argmax())], float(shares.max()), float((there * np.log(1 / there)).sum()))
