"""How many passes over the rows a fit needs, to a true distance from the optimum."""

from harness import markdown as markdown_table
from harness import shape, smtrain_fit

TITLE = "Passes over the rows"
NOTE = """The optimum J* is the objective of one long fit, proved to be within 1e-9 of the best possible (where it is \
not, the table says by how much). The gap is (J − J*) / J*. *Certified*: where the default fit stops, because it has \
proved a gap of 1e-4, and the true gap there."""
OPTIMUM = ("--tol", "1e-9", "--epochs", "20000")
GAPS = (1e-4, 1e-6)


def measure(paths, options):
    """One result a file."""
    return [measure_file(path, options) for path in paths]


def measure_file(path, options):
    """A fit to the optimum and a default fit; they differ in when they stop."""
    long, usual = (smtrain_fit(path, options.folder, *more) for more in (OPTIMUM, ()))
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
    return found | {f"passes_to_{gap:g}": passes_to(gap, best, usual, long) for gap in GAPS}


def passes_to(gap, best, *fits):
    """The passes of the first fit that comes so near, or None."""
    records = (fit.reached(best * (1 + gap)) for fit in fits)
    return next((record["epoch"] for record in records if record is not None), None)


def markdown(results):
    """The results as a Markdown table."""
    head = ["file", "rows × features, classes", *(f"to {gap:.0e}" for gap in GAPS), "certified (true gap there)", "J*"]
    return markdown_table(head, map(_cells, results))


def _cells(r):
    near = [str(r[f"passes_to_{gap:g}"] or "not reached") for gap in GAPS]
    proved = "" if r["optimum_gap"] <= 1e-9 else f" (within {r['optimum_gap']:.0e})"
    certified = f"{r['certified_passes']} ({r['certified_true_gap']:.1e})"
    return [r["file"], shape(r), *near, certified, f"{r['optimum']:.9f}{proved}"]
