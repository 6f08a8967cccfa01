"""Default fits over rows × columns × classes beside scikit-learn's, in time and memory."""

import math
import sys

from harness import RunError, median, run, sklearn, smtrain_fit
from harness import markdown as markdown_table
from scaling import MAKER

TITLE = "Proportion"
NOTE = """Made tables of standard normal numbers with the labels of a softmax model; whole processes from the CSV file \
to the saved model, both with their defaults: smtrain to a proved gap of 1e-4, scikit-learn in its first configuration \
until its gradient is small, at most 100 iterations. A ratio below 1 is a cell where smtrain is slower, or takes more \
memory; it is in bold. A fit that takes too long is stopped, and the table says after how many seconds."""
COSTS = {"seconds": ".2f", "peak_mb": ".0f"}
ROWS, COLUMNS, CLASSES = (1_000, 10_000, 100_000), (10, 100, 1_000, 5_000), (2, 10, 100, 1_000)
# A real table's shape, of which a fit once took four times as long as the peer, and ten times the memory.
MORE = ((4_284, 1_034, 701),)
MORE_FROM = 1e8  # rows × columns × classes of the largest table that is asked for, from which on it is measured too


def measure(_, options):
    """One result a table. Tables of more rows × columns × classes than options.work are left out."""
    cells = [(n, p, K) for p in COLUMNS for K in CLASSES for n in ROWS if n > 2 * K]
    sizes = [cell for cell in cells if math.prod(cell) <= options.work]
    sizes += MORE if options.work >= MORE_FROM else ()
    return [measure_table(cell, options) for cell in sizes]


def measure_table(sizes, options):
    """The medians of one made table."""
    path = options.folder / "table.csv"
    run(sys.executable, MAKER, path, *sizes, 0)
    (threads, precision), model = options.configurations[0], options.folder / "m.joblib"
    found = dict(zip(("rows", "features", "classes"), sizes, strict=True))
    for name, fit in {
        "smtrain": lambda: smtrain_fit(path, options.folder, limit=options.limit).run,
        "peer": lambda: sklearn(threads, "fit", path, "label", precision, model, limit=options.limit),
    }.items():
        try:
            runs = [fit() for _ in range(options.repeats)]
            found[name] = {what: median(getattr(one, what) for one in runs) for what in COSTS}
        except RunError as failure:
            found[name] = {"failed": str(failure)}
    path.unlink()
    return found


def markdown(results):
    """The results as a Markdown table."""
    head = ["columns", "classes", "rows", "smtrain", "scikit-learn", "ratio", "memory, MB", "", "ratio"]
    return markdown_table(head, map(_cells, results))


def _cells(r):
    cells = [f"{r[name]:,}" for name in ("features", "classes", "rows")]
    for cost, form in COSTS.items():
        ours, theirs = r["smtrain"].get(cost), r["peer"].get(cost)
        cells += [
            r[name]["failed"] if one is None else format(one, form)
            for name, one in (("smtrain", ours), ("peer", theirs))
        ]
        ratio = None if None in (ours, theirs) else theirs / ours
        cells.append("–" if ratio is None else f"{ratio:.1f}×" if ratio >= 1 else f"**{ratio:.2f}×**")
    return cells
