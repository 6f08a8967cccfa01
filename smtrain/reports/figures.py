"""Figures of a report: what a fit, an evaluation or a choice of l2 looks like."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtrain.reports.svg import CHARACTER, Axis, Drawing, Plot, middle_cut

Array = NDArray[np.float64]
# Units of a figure: a phone's width, so that its letters stay as large as they are.
WIDTH = 320.0
# Points of a curve: more are closer together than a pixel.
MOST_POINTS = 160
# Classes up to which the cells of a confusion matrix hold their number; and up to which it is drawn at all.
MOST_NUMBERED = 20
MOST_DRAWN = 100
# The opacity of the fullest cell: text on it has enough contrast, on white and on black.
FULLEST = 0.42
# Characters of a name beside a figure.
NAME = 16
# Room for the name of an axis beside those of classes.
AXIS_NAME = 16
QUARTERS = [(0.0, "0"), (0.25, "25 %"), (0.5, "50 %"), (0.75, "75 %"), (1.0, "100 %")]


@dataclass(frozen=True)
class Figure:
    """A drawing with a title and a sentence that says what it shows, for those who do not see it."""

    title: str
    description: str
    drawing: Drawing


@dataclass(frozen=True)
class Dot:
    """A value, and the ends of its interval, which may be NaN as it may be."""

    value: float
    low: float = math.nan
    high: float = math.nan
    colour: str = "blue"


Line = tuple[str, Sequence[Dot]]


def dot_plot(title: str, description: str, lines: Sequence[Line], axis: tuple[float, float], unit: str = "") -> Figure:
    """Lines below each other, each a name with its dots and their intervals; one without dots is a heading."""
    ticks = _ticks(*axis) if unit == "%" else _outer_ticks(*axis)
    low, high = axis if unit == "%" or len(ticks) < 2 else (ticks[0], ticks[-1])
    step, left = 18.0, 8 + CHARACTER * 11 * max(len(middle_cut(name, NAME)) for name, _ in lines)
    height = 12 + step * len(lines)
    drawing = Drawing(WIDTH, height + 22)
    plot = Plot(drawing, Axis(low, high, left, WIDTH - 18), Axis(0, 1, height, 4))
    plot.frame([(x, f"{100 * x:g} %" if unit == "%" else f"{x:.3g}") for x in ticks], [])
    if low < 0 < high:
        drawing.line(plot.at(0, 0), plot.at(0, 1), "soft")
    for i, (name, dots) in enumerate(lines):
        y = 16 + step * i
        drawing.text((0, y + 4), middle_cut(name, NAME), colour="ink" if dots else "soft")
        for k, dot in enumerate(dots):
            # Two dots of a line stand above each other, so that neither hides the other.
            _draw_dot(plot, dot, y + 6 * (k - (len(dots) - 1) / 2))
    return Figure(title, description, drawing)


def _draw_dot(plot: Plot, dot: Dot, y: float) -> None:
    if not math.isnan(dot.low):
        plot.drawing.line((plot.x.at(dot.low), y), (plot.x.at(dot.high), y), dot.colour, width=1.5)
    if not math.isnan(dot.value):
        plot.drawing.dot((plot.x.at(dot.value), y), dot.colour)


def _ticks(low: float, high: float) -> list[float]:
    """Three to six round numbers between two."""
    if not 0 < high - low < math.inf:  # all values are the same, or none is a number
        return [low] if math.isfinite(low) else []
    step = _step(high - low)
    return [step * i for i in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _outer_ticks(low: float, high: float) -> list[float]:
    """The same with one more at an end that is no round number: nothing is drawn beyond the last."""
    if not 0 < high - low < math.inf:
        return _ticks(low, high)
    step = _step(high - low)
    return [step * i for i in range(math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9) + 1)]


def _step(span: float) -> float:
    """The distance of ticks: 1, 2 or 5 times a power of ten."""
    step = 10.0 ** math.floor(math.log10(span / 3))
    return step * next(factor for factor in (5, 2, 1) if span / (factor * step) >= 2.5)


def learning_curve(epochs: Array, above: Array, *, certified: bool) -> Figure | None:
    """How far above the bound of the minimum the objective was after each epoch, on a logarithmic scale.

    None where it never was above it, which no fit leaves.
    """
    there = np.flatnonzero((above > 0) & np.isfinite(above) & np.isfinite(epochs))
    if not len(there):
        return None
    chosen = there[np.unique(np.linspace(0, len(there) - 1, MOST_POINTS).round().astype(int))]
    x, y = epochs[chosen], np.log10(above[chosen])
    low, high = math.floor(y.min()), math.ceil(y.max() + 1e-9)
    drawing = Drawing(WIDTH, 200)
    plot = Plot(drawing, Axis(0, float(max(1, x.max())), 44, WIDTH - 14), Axis(low, high, 170, 10))
    every = max(1, (high - low) // 5)
    plot.frame([(t, f"{t:g}") for t in _ticks(0, plot.x.high)], [(t, f"1e{t}") for t in range(low, high + 1, every)])
    drawing.path((plot.at(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)), "blue")
    drawing.dot(plot.at(float(x[-1]), float(y[-1])), "blue")
    drawing.text((WIDTH - 14, 198), "epoch", anchor="end", colour="soft")
    what = "its proved lower bound" if certified else "an estimate of its minimum"
    told = f"From {above[chosen[0]]:.2g} before training to {above[chosen[-1]]:.2g} after {x[-1]:.0f} epochs."
    return Figure(f"How far the objective is above {what}", told, drawing)


def confusion_matrix(names: Sequence[str], matrix: Array) -> Figure:
    """A cell for each pair of classes, true by predicted; the shade is its share of the rows of the true class."""
    K = len(names)
    side = 34.0 if K <= 6 else 28.0 if K <= MOST_NUMBERED else max(4.0, 480 / K)
    most = NAME if K <= MOST_NUMBERED else 10
    margin = 10 + CHARACTER * 11 * max(len(middle_cut(name, most)) for name in names) if side >= 9 else 4
    margin += AXIS_NAME
    drawing = Drawing(margin + side * K + 4, margin + side * K + 4)
    drawing.text((margin + side * K, 11), "predicted", anchor="end", colour="soft")
    drawing.upright((11, margin + side * K), "true")
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    for k in range(K):
        start = margin + side * (k + 0.5) + 4
        if side >= 9:
            drawing.text((margin - 6, start), middle_cut(names[k], most), anchor="end", size=min(11, side))
            drawing.upright((start, margin - 6), middle_cut(names[k], most), size=min(11, side))
    drawing.box((margin, margin), (side * K, side * K), "grid", opacity=0.25)
    for i, j in zip(*np.nonzero(matrix), strict=True):
        at = margin + side * j, margin + side * i
        colour = "blue" if i == j else "orange"
        drawing.box(at, (side - 1, side - 1), colour, opacity=0.06 + FULLEST * float(shares[i, j]))
        if K <= MOST_NUMBERED:
            drawing.text((at[0] + side / 2, at[1] + side / 2 + 4), _short(matrix[i, j]), anchor="middle", size=10)
    right = matrix.trace() / matrix.sum()
    told = "Lines are true classes, columns predictions; a cell is the darker the larger its share of its line. "
    told += f"{right:.1%} of the rows are on the diagonal."
    return Figure("Confusion matrix", told, drawing)


def _short(weight: float) -> str:
    """A number that fits a cell."""
    return f"{weight:.0f}" if weight < 1e4 and weight == int(weight) else f"{weight:.2g}".replace("e+0", "e")


def near_the_diagonal(matrix: Array) -> list[int]:
    """An order of the classes in which those that are confused stand side by side.

    It begins at the class that is confused most, and goes on with the class that the last one is confused with most.
    """
    mixed = matrix + matrix.T
    np.fill_diagonal(mixed, 0)
    order, left = [int(mixed.sum(axis=1).argmax())], set(range(len(matrix)))
    left.discard(order[0])
    while left:
        order.append(max(sorted(left), key=lambda k: mixed[order[-1], k]))
        left.discard(order[-1])
    return order


def reliability(mean: Array, right: Array, ends: Array) -> Figure:
    """How often predictions of a probability were right, with intervals (2, B), beside the line where both agree."""
    drawing = Drawing(WIDTH, 286)
    plot = Plot(drawing, Axis(0, 1, 48, WIDTH - 22), Axis(0, 1, 250, 10))
    plot.frame(QUARTERS, QUARTERS)
    drawing.line(plot.at(0, 0), plot.at(1, 1), "soft", dashes="4 3")
    for x, y, low, high in zip(mean.tolist(), right.tolist(), *ends.tolist(), strict=True):
        plot.bar(x, low, high, "blue")
        drawing.dot(plot.at(x, y), "blue")
    drawing.text((WIDTH - 14, 282), "said to be right", anchor="end", colour="soft")
    drawing.upright((11, 250), "are right")
    off = np.abs(mean - right).max()
    told = f"Dots on the dashed line are right as often as they say; the farthest is {100 * off:.0f} points off."
    return Figure("Reliability of the predicted class", told, drawing)


def histogram(title: str, description: str, shares: Array, unit: str) -> Figure:
    """A bar for each of some bins of equal width between 0 and 1, as high as its share; the axis has the unit."""
    drawing, ticks = Drawing(WIDTH, 200), _outer_ticks(0, float(shares.max()))
    plot = Plot(drawing, Axis(0, 1, 48, WIDTH - 22), Axis(0, ticks[-1], 166, 10))
    plot.frame(QUARTERS, [(t, f"{100 * t:.3g} %") for t in ticks])
    drawing.upright((11, 166), "share of the rows")
    edges = np.linspace(0, 1, len(shares) + 1).tolist()
    for share, low, high in zip(shares.tolist(), edges, edges[1:], strict=False):
        (left, top), (right, bottom) = plot.at(low, share), plot.at(high, 0)
        if share:
            drawing.box((left + 0.5, top), (right - left - 1, bottom - top), "blue")
    drawing.text((WIDTH - 14, 198), unit, anchor="end", colour="soft")
    return Figure(title, description, drawing)


def penalty_path(name: str, values: Array, nll: Array, error: Array, chosen: float) -> Figure:
    """The NLL of the rows set aside by the values of a penalty, l1 or l2, with standard errors.

    The value that was chosen stands out.
    """
    drawing, x = Drawing(WIDTH, 200), np.log10(values)
    low, high = float((nll - error).min()), float((nll + error).max())
    plot = Plot(drawing, Axis(float(x.min()), float(x.max()), 52, WIDTH - 14), Axis(low, high, 168, 10))
    plot.frame([(t, f"1e{t:g}") for t in _ticks(x.min(), x.max())], [(t, f"{t:.3g}") for t in _ticks(low, high)])
    for a, b, e, one in zip(x.tolist(), nll.tolist(), error.tolist(), values.tolist(), strict=True):
        colour = "orange" if one == chosen else "blue"
        plot.bar(a, b - e, b + e, colour)
        drawing.dot(plot.at(a, b), colour)
    drawing.text((WIDTH - 14, 198), name, anchor="end", colour="soft")
    told = f"The lowest NLL is {nll.min():.4g}; {name} = {chosen:.4g} was chosen, the dot of another colour."
    return Figure("NLL of rows set aside, by penalty", told, drawing)
