"""What curvature blocks cost, and so how many columns get one and from how many rows they are estimated.

Costs are counted in flops and compared with those of a pass over the rows, because no clock may decide: a fit has the
same bits on a fast and on a slow computer.
"""

import math
from dataclasses import dataclass

from smtrain.softmax.loss import TRIFLE, pass_flops
from smtrain.softmax.objective import Objective

# The most columns of a block. Wider blocks cost more than they save.
WIDEST_BLOCK = 1000
# The most bytes of all blocks together: each step reads them.
BLOCK_BYTES = 1 << 28
# Rows drawn for each column of a block: the first of these with which the blocks are cheap, else the last. Fewer rows
# estimate a block worse, and then the fit takes more steps.
ROWS_PER_COLUMN = (40, 20, 10)
# Passes, by their flops, up to which blocks are cheap: they are made without waiting for the objective to flatten.
CHEAP = 5.0
# Passes, by their flops, that blocks may cost at most where none were made yet. Dearer ones are made of fewer columns.
AT_ONCE = 40.0
# Passes, by their flops, that blocks may cost at most at any time. Dearer ones are made of fewer columns.
DEAREST = 600.0
# How many times faster the products of blocks run, by the flop, than a pass does. If it is too high, a fit makes blocks
# that take longer than the passes that they save.
FASTER = 8.0


@dataclass(frozen=True)
class Plan:
    """How `local_curvature` is to be computed.

    `flops` are those of the blocks, and `one_pass` those of a pass over the rows. `multiple` is the number of rows for
    each column of a block, `widest` the most columns that get a block.
    """

    one_pass: int
    flops: float
    multiple: int
    widest: int

    @property
    def cost(self) -> float:
        """The cost in passes, by their flops.

        1.5 passes make the weights twice, by the forward half of a pass each, and the exact diagonal once.
        """
        return 1.5 + self.flops / self.one_pass

    @property
    def passes(self) -> float:
        """About how many passes take as long; the work besides the blocks is counted as two passes."""
        return 2 + self.flops / FASTER / max(self.one_pass, TRIFLE)


def refresh_plan(objective: Objective, dearest: float = DEAREST) -> Plan:
    """Return the plan with the widest blocks that are worth what they cost, `dearest` passes at most."""
    rows = objective.rows
    return _plan(objective.row_counts.total, rows.features, rows.cells, objective.classes, dearest)


def refresh_bytes(n: int, p: int, width: int, classes: int, threads: int) -> int:
    """Return the most memory, in bytes, that `local_curvature` takes together with the inverses that it returns.

    The arguments are those of `_plan`, and the number of threads.
    """
    plan = _plan(n, p, width, classes)
    c = plan.widest + 1
    # The inverses of the last time and the new ones. Each thread has a sample of rows, as they are kept and as a dense
    # float32 matrix, and up to eight c × c matrices.
    inverses = 2 * 8 * classes * c * c
    sample = min(n, plan.multiple * c) * (3 * 8 * width + 12 * c)
    return inverses + threads * (sample + 8 * 8 * c * c)


def _plan(n: int, p: int, width: int, K: int, dearest: float = DEAREST) -> Plan:
    """Return the plan for n rows of `width` cells, p features and K classes. See `refresh_plan`."""
    # 1. All columns get a block, up to WIDEST_BLOCK and as far as BLOCK_BYTES allow.
    one_pass = pass_flops(n, width, K)
    widest = min(p, WIDEST_BLOCK, max(0, math.isqrt(BLOCK_BYTES // (8 * K)) - 1))
    # 2. As many rows for each column as are cheap, else as few as there may be.
    plans = [Plan(one_pass, _block_flops(K, multiple, widest), multiple, widest) for multiple in ROWS_PER_COLUMN]
    plan = next((plan for plan in plans if plan.cost <= CHEAP), plans[-1])
    if plan.flops <= dearest * max(one_pass, TRIFLE):
        return plan
    # 3. If that is too dear, as few columns as cost CHEAP passes: the flops grow with the cube of the columns.
    c = (CHEAP * max(one_pass, TRIFLE) / _block_flops(K, plan.multiple, 0)) ** (1 / 3)
    widest = max(0, int(c) - 1)
    return Plan(one_pass, _block_flops(K, plan.multiple, widest), plan.multiple, widest)


def _block_flops(K: int, multiple: int, columns: int) -> float:
    """Return the flops of the blocks of K classes: of the products of the drawn rows, and of the inverses."""
    return K * (multiple + 4 / 3) * (columns + 1) ** 3
