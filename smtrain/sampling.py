"""A sample of the rows, for the first steps of a fit: of each class its share, and a rare class whole."""

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax import Partition

# A class is rare if its share of the sample would be fewer rows than this.
FEWEST_ROWS = 8


def spread_rows(partition: Partition, every: int, rare: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The positions of about one row in `every`, ascending; of the `rare` classes (K,) all of them.

    Systematic: the rows are ordered by class and taken at equal distances, so that the sample needs no random numbers
    and every class, and every stretch of the file, has its share. Rows of no weight are not taken.
    """
    rows = np.flatnonzero(partition.v > 0)
    y = partition.y[rows]
    chosen = rare[y]
    chosen[np.argsort(y, kind="stable")[every // 2 :: every]] = True
    return rows[chosen]
