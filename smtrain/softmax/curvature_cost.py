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
# The most bytes of all blocks together: each step reads them. By experiment on tables of 1,000 columns and 100 and 701
# classes: a quarter of the bytes takes as many steps and a tenth less time, and half of the memory.
BLOCK_BYTES = 1 << 26
# Rows drawn for each column of a block: the first of these with which the blocks are cheap, else the last. Fewer rows
# estimate a block worse, and then the fit takes more steps.
ROWS_PER_COLUMN = (40, 20, 10, 4)
# The most bytes of drawn rows that come to the driver at a time. With fewer, rows that were drawn for several classes
# come more often; with more, the driver needs more memory.
ROWS_BYTES = 1 << 27
# Passes, by their flops, up to which blocks are cheap: they are made as soon as the fit has moved on.
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
    each column of a block, `widest` the most columns that get a block. The drawn rows of so many classes come
    `together`.
    """

    one_pass: int
    flops: float
    multiple: int
    widest: int
    together: int

    @property
    def cost(self) -> float:
        """The cost in passes, by their flops.

        Two passes make the weights twice, by the forward half of a pass each, the exact diagonal and the leverages.
        """
        return 2 + self.flops / self.one_pass

    @property
    def passes(self) -> float:
        """About how many passes take as long; the work besides the blocks is counted as two passes."""
        return 2 + self.flops / FASTER / max(self.one_pass, TRIFLE)

    def rounds(self, classes: int) -> list[range]:
        """Return the classes in runs of those whose drawn rows come together."""
        return [range(k, min(k + self.together, classes)) for k in range(0, classes, self.together)]


def refresh_plan(objective: Objective, dearest: float = DEAREST) -> Plan:
    """Return the plan with the widest blocks that are worth what they cost, `dearest` passes at most."""
    rows = objective.rows
    return _plan(objective.row_counts.total, rows.features, rows.cells, objective.classes, dearest=dearest)


def plan_at_zero(objective: Objective) -> Plan:
    """Return the plan for one block for all classes."""
    rows = objective.rows
    return _plan(objective.row_counts.total, rows.features, rows.cells, objective.classes, blocks=1)


def refresh_bytes(n: int, p: int, width: int, classes: int, threads: int) -> int:
    """Return the most memory, in bytes, that `local_curvature` takes together with the inverses that it returns.

    The arguments are those of `_plan`, and the number of threads.
    """
    plan = _plan(n, p, width, classes)
    c = plan.widest + 1
    # The inverses of the last time and the new ones, and the drawn rows of some classes. Each thread has the rows of a
    # class, as they are kept and as a dense float32 matrix, and up to eight c × c matrices.
    inverses = 2 * 8 * classes * c * c
    drawn = min(n, plan.together * plan.multiple * c) * _row_bytes(width)
    sample = min(n, plan.multiple * c) * (_row_bytes(width) + 12 * c)
    return inverses + drawn + threads * (sample + 8 * 8 * c * c)


def _plan(n: int, p: int, width: int, K: int, *, blocks: int = 0, dearest: float = DEAREST) -> Plan:
    """Return the plan for n rows of `width` cells, p features and K classes: see `refresh_plan`.

    There are so many `blocks`, 0 for one for each class.
    """
    blocks = blocks or K
    # 1. All columns get a block, up to WIDEST_BLOCK and as far as BLOCK_BYTES allow.
    one_pass = pass_flops(n, width, K)
    widest = min(p, WIDEST_BLOCK, max(0, math.isqrt(BLOCK_BYTES // (8 * blocks)) - 1))
    # 2. As many rows for each column as are cheap, else as few as there may be.
    plans = [_plan_of(one_pass, width, blocks, multiple, widest) for multiple in ROWS_PER_COLUMN]
    plan = next((plan for plan in plans if plan.cost <= CHEAP), plans[-1])
    if plan.flops <= dearest * max(one_pass, TRIFLE):
        return plan
    # 3. If that is too dear, as few columns as cost CHEAP passes: the flops grow with the cube of the columns.
    c = (CHEAP * max(one_pass, TRIFLE) / _block_flops(blocks, plan.multiple, 0)) ** (1 / 3)
    return _plan_of(one_pass, width, blocks, plan.multiple, max(0, int(c) - 1))


def _plan_of(one_pass: int, width: int, blocks: int, multiple: int, widest: int) -> Plan:
    """Return the plan with so many columns and rows for each."""
    together = max(1, ROWS_BYTES // (multiple * (widest + 1) * _row_bytes(width)))
    return Plan(one_pass, _block_flops(blocks, multiple, widest), multiple, widest, min(blocks, together))


def _block_flops(blocks: int, multiple: int, columns: int) -> float:
    """Return the flops of so many blocks: of the products of the drawn rows, and of the inverses."""
    return blocks * (multiple + 4 / 3) * (columns + 1) ** 3


def _row_bytes(width: int) -> int:
    """Return the most bytes of a row of `width` cells."""
    return 8 * (width + 2)
