"""Figures of memory: how many rows a partition has, and what a fit takes besides its rows."""

from dataclasses import dataclass

# Rows of a partition: few enough that one for each thread fits the processor's cache with its logits, and many enough
# that a call for each costs nothing. Another number would give sums with other last bits.
PARTITION_ROWS = 8192
# Cells of a partition, so that one of a wide table is no larger than 16 MiB; and the fewest rows in any table.
PARTITION_CELLS, FEWEST_ROWS = 1 << 21, 256
# The interpreter with its libraries: 80 MB, measured. If it were too little, a fit would exceed --memory.
PROGRAM = 100 << 20
# A thread of the parser, measured with 5 to 2,000 columns: some 40 MB …
THREAD = 50 << 20
# … and 8 times the text that it parses.
TIMES_THE_TEXT = 9
# Partitions that a thread holds at most while means and deviations are computed.
PARTITIONS_OF_A_THREAD = 5
# Partitions, and arrays of logits of one, that a thread holds at most in training.
TRAINED_PARTITIONS, TRAINED_LOGITS = 4, 6
# Arrays of the size of the weights: points, their gradients, and what is being computed.
KEPT_THETAS = 20


def partition_rows(columns: int, most: int = PARTITION_ROWS) -> int:
    """The rows of a partition of a table with so many columns: `most`, or fewer in wide tables."""
    return max(min(FEWEST_ROWS, most), min(most, PARTITION_CELLS // columns))


@dataclass(frozen=True)
class Sizes:
    """A fit of a table with so many `columns`, in partitions of so many `rows`, on so many `threads`."""

    columns: int
    rows: int
    threads: int

    @property
    def partition_bytes(self) -> int:
        """A partition: its cells, its labels and weights."""
        return 8 * self.rows * (self.columns + 2)

    def reading(self, text: int) -> int:
        """What reading takes besides the rows, where a thread parses so many bytes of text at a time."""
        parsing = TIMES_THE_TEXT * text + self.partition_bytes
        return PROGRAM + self.threads * (THREAD + max(parsing, PARTITIONS_OF_A_THREAD * self.partition_bytes))

    def training(self, features: int, classes: int, solver: int, *, fits: int = 1, kept: int = 0) -> int:
        """What training takes besides the rows, with so many bytes for the solver.

        `fits` wait for each other at most, and `kept` arrays of the size of the weights are kept beside them.
        """
        theta = 8 * features * classes
        thread = TRAINED_PARTITIONS * self.partition_bytes + TRAINED_LOGITS * 8 * self.rows * classes
        return PROGRAM + self.threads * thread + fits * (KEPT_THETAS * theta + solver) + kept * theta
