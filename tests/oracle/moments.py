"""Means and deviations of columns, by exact sums."""

import math


def weighted(cells: list, weights: list[float] | None) -> list[tuple[float, float]]:
    """The cells that count, with their weights."""
    return [(x, w) for x, w in zip(cells, weights or [1.0] * len(cells), strict=True) if w > 0]


def moments(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    """Mean and deviation: 'a missing cell counts as the mean'. Of scaled numbers, so that no square overflows."""
    there = [(x, w) for x, w in pairs if not math.isnan(x)]
    heaviest = max(w for _, w in pairs)
    unit = max(abs(x) for x, _ in there) or 1.0
    mean = math.fsum(x / unit * (w / heaviest) for x, w in there) / math.fsum(w / heaviest for _, w in there)
    total = math.fsum(w / heaviest for _, w in pairs)
    variance = math.fsum((x / unit - mean) ** 2 * (w / heaviest) for x, w in there) / total
    return mean * unit, math.sqrt(variance) * unit
