"""Two classes. scikit-learn has one vector of weights for them; smtrain has one a class, each half as long.

So the rule is the same for any number of classes in smtrain, and another one for two in scikit-learn. It is kept here.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def factor_of_l2(classes: int) -> int:
    """The f of l2 = f / C, the penalty of a LogisticRegression in smtrain's terms: ‖w/2‖² + ‖−w/2‖² is ‖w‖²/2."""
    return 2 if classes == 2 else 1


def as_scikit_learn(ours: Array) -> Array:
    """What has a line for each class (K, …) as scikit-learn has it: of two classes one, their difference."""
    return ours[1:] - ours[:1] if len(ours) == 2 else ours


def of_each_class(theirs: Array) -> Array:
    """A column for each class (m, K) of what scikit-learn has one column of for two classes, (m,) or (m, 1)."""
    if theirs.ndim == 1 or theirs.shape[1] == 1:
        second = theirs.reshape(-1) / 2
        return np.column_stack([-second, second])
    return theirs
