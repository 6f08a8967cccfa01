"""Draw the costs over the sizes, both logarithmic: python plot.py JSON SVG.

A process of its own: matplotlib would make the measuring one large, and its children's peak memory with it.
"""

import json
import sys
from pathlib import Path

import matplotlib as mpl
from scaling import AXES, COSTS

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "smtrain"  # the same numbers, the same bytes
from matplotlib import pyplot


def draw(results, path):
    """One picture for each cost and axis; a dashed line of slope 1 through the last point."""
    figure, places = pyplot.subplots(len(COSTS), len(AXES), figsize=(12, 8), sharex="col", sharey="row")
    for line, (cost, title) in zip(places, COSTS.items(), strict=True):
        line[0].set_ylabel(title)
        for place, axis in zip(line, AXES, strict=True):
            points = [(r[axis], r[cost]) for r in results if r["axis"] == axis]
            draw_one(place, points)
    for place, axis in zip(places[-1], AXES, strict=True):
        place.set_xlabel(axis)
    figure.suptitle("Cost over size; dashed: proportional to the size")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def draw_one(place, points):
    """The points, and the line of slope 1 as far down as they go."""
    place.set_xscale("log")
    place.set_yscale("log")
    place.grid(visible=True, alpha=0.3)
    if not points:
        return
    low, (high, most) = points[0][0], points[-1]
    place.plot(*zip(*points, strict=True), marker="o")
    start = max(low, high * min(y for _, y in points) / most)
    place.plot([start, high], [most * start / high, most], linestyle="--", color="grey", linewidth=1)


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text())["parts"]["scaling"]["results"], sys.argv[2])
