"""Which classes are rare."""

# A class is called rare with this share of the rows that it would have if all had as many; or with half, if those are
# few.
SMALL_SHARE, FEW_ROWS = 0.01, 10


def rare_classes(counts: dict[str, int]) -> dict[str, int]:
    """The classes with few rows, the rarest first."""
    equal = sum(counts.values()) / len(counts)
    few = max(SMALL_SHARE * equal, min(FEW_ROWS, equal / 2))
    return dict(sorted(((name, n) for name, n in counts.items() if n < few), key=lambda pair: pair[1]))
