"""Figures of memory: how many rows a partition has, and what a fit takes besides its rows."""

from dataclasses import dataclass

# The most rows of a partition: few enough that one for each thread fits the processor's cache with its logits, and many
# enough that a call for each costs nothing. Another number would give sums with other last bits.
PARTITION_ROWS = 8192
# The most cells of a partition, so that one of a wide table is no larger than 16 MiB of float64.
PARTITION_CELLS = 1 << 21
# The fewest rows of a partition, however wide the table is. With fewer, the calls cost more than the work.
FEWEST_ROWS = 256

# What a fit takes besides its rows, in bytes or in arrays. If one of these were too small, a fit would exceed --memory.
# If it were too large, more rows than necessary would be on disk, or a small --memory would be refused.
# The interpreter with its libraries. Measured: 80 MB; the rest is room to spare.
PROGRAM = 100 << 20
# A thread of the parser. Measured with 5 to 2,000 columns: some 40 MB, and besides …
THREAD = 50 << 20
# … 8 times the text that it parses. Both have room to spare.
TIMES_THE_TEXT = 9
# The partitions that a thread holds at most while means and deviations are computed.
PARTITIONS_OF_A_THREAD = 5
# The partitions that a thread holds at most in training …
TRAINED_PARTITIONS = 4
# … and arrays of the logits of one partition.
TRAINED_LOGITS = 6
# Arrays of the size of the weights that a fit keeps: points, their gradients, and what is being computed.
KEPT_THETAS = 20


def partition_rows(columns: int, most: int = PARTITION_ROWS) -> int:
    """Return the rows of a partition of a table with so many columns: `most`, or fewer in wide tables."""
    return max(min(FEWEST_ROWS, most), min(most, PARTITION_CELLS // columns))


@dataclass(frozen=True)
class Sizes:
    """The size of a fit: the `columns` of its table, the `rows` of a partition, and the `threads`.

    `source` are the bytes that the source of the table takes besides its batches.
    """

    columns: int
    rows: int
    threads: int
    source: int = 0

    @property
    def partition_bytes(self) -> int:
        """The bytes of a partition: of its cells, its labels and its weights."""
        return 8 * self.rows * (self.columns + 2)

    def reading(self, text: int) -> int:
        """Return the bytes that reading takes besides the rows, if a thread parses `text` bytes at a time."""
        parsing = TIMES_THE_TEXT * text + self.partition_bytes
        thread = THREAD + max(parsing, PARTITIONS_OF_A_THREAD * self.partition_bytes)
        return PROGRAM + self.source + self.threads * thread

    def training(self, features: int, classes: int, solver: int, *, fits: int = 1, kept: int = 0) -> int:
        """Return the bytes that training takes besides the rows. `solver` are the bytes that the solver takes.

        `fits` is the number of fits that are under way at a time, `kept` the number of arrays of the size of the
        weights that are kept beside them.
        """
        theta = 8 * features * classes
        thread = TRAINED_PARTITIONS * self.partition_bytes + TRAINED_LOGITS * 8 * self.rows * classes
        return PROGRAM + self.source + self.threads * thread + fits * (KEPT_THETAS * theta + solver) + kept * theta
