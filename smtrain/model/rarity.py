"""Which classes are rare."""

# The share of the rows that a class would have if all had as many: with less it is rare.
SMALL_SHARE = 0.01
# Rows with less than which a class is rare too, or with less than half an equal share where that is fewer.
FEW_ROWS = 10


def rare_classes(counts: dict[str, int]) -> dict[str, int]:
    """The classes with few rows, and their rows, the rarest first."""
    # Measured by what an equal share would be, so that of a hundred classes not all are rare.
    equal = sum(counts.values()) / len(counts)
    few = max(SMALL_SHARE * equal, min(FEW_ROWS, equal / 2))
    return dict(sorted(((name, n) for name, n in counts.items() if n < few), key=lambda pair: pair[1]))
