"""How many passes over the rows a fit needs, to a true distance from the optimum."""

from harness import markdown as markdown_table
from harness import shape, smtrain_fit

TITLE = "Passes over the rows"
NOTE = """The optimum J* is the objective of one long fit, proved to be within 1e-9 of the best possible (where it is \
not, the table says by how much). The gap is (J − J*) / J*. *a → b*: a fit with the default tolerance had the gap \
after a passes, and had proved it after b. It stops where it has proved 1e-4; the last column but one has the true \
gap there. All fits are in float64: the log of one in float32 has only the digits that rounding leaves, too few to \
tell 1e-4."""
EXACT = ("--precision", "float64")
OPTIMUM = (*EXACT, "--tol", "1e-9", "--epochs", "20000")
GAPS = (1e-2, 1e-3, 1e-4)


def measure(paths, options):
    """One result a file."""
    return [measure_file(path, options) for path in paths]


def measure_file(path, options):
    """A fit to the optimum and one with the default tolerance; they differ in when they stop."""
    long, usual = (smtrain_fit(path, options.folder, *more) for more in (OPTIMUM, EXACT))
    best = min(long.summary["objective"], usual.summary["objective"])
    last = usual.log[-1]
    found = {
        "file": path.name,
        "rows": usual.summary["rows"],
        "features": usual.summary["features"],
        "classes": len(usual.summary["classes"]),
        "optimum": best,
        "optimum_gap": long.summary["gap"],
        "certified_passes": last["epoch"],
        "certified_true_gap": (last["objective"] - best) / best,
    }
    for gap in GAPS:
        near = usual.reached(best * (1 + gap))
        proved = next((record for record in usual.log if record["gap"] is not None and record["gap"] <= gap), None)
        found |= {f"passes_to_{gap:g}": _passes(near), f"certified_to_{gap:g}": _passes(proved)}
    return found


def _passes(record):
    """The passes until a record of the log, or None."""
    return None if record is None else record["epoch"]


def markdown(results):
    """The results as a Markdown table."""
    head = ["file", "rows × features, classes", *(f"to {gap:.0e}" for gap in GAPS), "true gap at the end", "J*"]
    return markdown_table(head, map(_cells, results))


def _cells(r):
    near = [" → ".join(str(r[f"{name}_to_{gap:g}"] or "–") for name in ("passes", "certified")) for gap in GAPS]
    proved = "" if r["optimum_gap"] <= 1e-9 else f" (within {r['optimum_gap']:.0e})"
    return [r["file"], shape(r), *near, f"{r['certified_true_gap']:.1e}", f"{r['optimum']:.9f}{proved}"]
