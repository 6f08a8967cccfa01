"""How cost grows: rows, columns, classes and levels, one at a time, on made tables, with a fixed number of passes."""

import math
import sys
from itertools import pairwise
from pathlib import Path

from harness import markdown as markdown_table
from harness import median, run, smtrain_fit

TITLE = "Growth"
NOTE = """Made tables of standard normal numbers (and one column of words where levels are counted), one size varied \
at a time. *Reading*: from the start of the process to the first pass, which includes {start:.2f} s for Python and its \
libraries. *A pass*: training by passes, {passes} of them. *Slope*: of the logarithm of the cost over that of the size \
since the line above, the start-up taken off the reading; 1 is linear, less is better."""
PASSES = 8  # too few for a fit to begin with a sample
MAKER = Path(__file__).parent / "make_table.py"
SIZES = ("rows", "columns", "classes", "levels")
AXES = {
    "rows": [(n, 5, 3, 0) for n in (10**4, 10**5, 10**6, 10**7)],
    "columns": [(2_000, p, 3, 0) for p in (10, 100, 1_000, 10_000)],
    "classes": [(100_000, 10, K, 0) for K in (2, 10, 100, 1_000)],
    "levels": [(300_000, 2, 3, L) for L in (10, 100, 1_000, 10_000, 100_000)],
}
COSTS = {"reading_seconds": "reading, s", "pass_seconds": "a pass, s", "peak_mb": "memory, MB"}


def measure(_, options):
    """One result a table. Tables of more rows × (columns + 1) × classes than options.work are left out."""
    results = [{"axis": "start", **measure_table((100, 1, 2, 0), options)}]
    for axis, tables in AXES.items():
        for sizes in tables:
            if math.prod((sizes[0], sizes[1] + 1, sizes[2])) <= options.work:
                results.append({"axis": axis, **measure_table(sizes, options)})
    return results


def measure_table(sizes, options):
    """The medians of one made table."""
    path = options.folder / "table.csv"
    run(sys.executable, MAKER, path, *sizes)
    more = ("--tol", 0, "--epochs", PASSES)
    fits = [smtrain_fit(path, options.folder, *more) for _ in range(options.repeats)]
    path.unlink()
    return dict(zip(SIZES, sizes, strict=True)) | {
        "reading_seconds": median(fit.log[0]["seconds"] for fit in fits),
        "pass_seconds": median(fit.training / max(1, fit.passes) for fit in fits),
        "peak_mb": median(fit.run.peak_mb for fit in fits),
    }


def start_of(results):
    """Seconds to the first pass on next to nothing."""
    return next(r["reading_seconds"] for r in results if r["axis"] == "start")


def note(results):
    """The note with its numbers."""
    return NOTE.format(start=start_of(results), passes=PASSES)


def slopes(results, axis, cost):
    """The slope of each result of an axis over the one before; None for the first."""
    base = start_of(results) if cost == "reading_seconds" else 0.0
    points = [(r[axis], max(r[cost] - base, 1e-3 if base else 1e-9)) for r in results if r["axis"] == axis]
    return [None, *(math.log(b / a) / math.log(n / m) for (m, a), (n, b) in pairwise(points))][: len(points)]


def markdown(results):
    """A Markdown table for each axis."""
    head = [cell for cost in COSTS.values() for cell in (cost, "slope")][:-1]
    return "\n\n".join(
        markdown_table([axis, "the table", *head], _lines(results, axis))
        for axis in AXES
        if any(r["axis"] == axis for r in results)
    )


def _lines(results, axis):
    slope = {cost: slopes(results, axis, cost) for cost in COSTS}
    for i, r in enumerate(r for r in results if r["axis"] == axis):
        others = ", ".join(f"{r[name]:,} {name}" for name in SIZES if name != axis and r[name])
        cells = []
        for cost, steepness in slope.items():
            cells.append(f"{r[cost]:.3g}" if cost != "peak_mb" else f"{r[cost]:.0f}")
            cells.append("" if steepness[i] is None else f"{steepness[i]:.2f}")
        yield [f"{r[axis]:,}", others, *cells[:-1]]
