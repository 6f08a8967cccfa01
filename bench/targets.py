"""What is asked for, and whether it is met: read off the results of the parts."""

from harness import markdown as markdown_table
from optima import by_file, winner

TITLE = "Targets"
NOTE = """Each target with the worst of the cases that were measured: a factor of at least 1 meets it. *Missed by* \
lists the cases that do not, with how much too much they take. What was tried for them is in \
[docs/speed.md](../../docs/speed.md)."""


def of_fit(results):
    """The targets of fits, with the factor of each case: above 1 it is met."""
    return {
        "a fit is 3 times as fast as scikit-learn to its objective": {
            r["file"]: r["peer_seconds"] / r["smtrain_to_peer_objective"] / 3
            for r in results
            if r["smtrain_to_peer_objective"]
        },
        "a certified fit is as fast as scikit-learn's default": _ratios(results, "peer_seconds", "smtrain_seconds"),
        "a fit has half of its memory": _ratios(results, "peer_peak_mb", "smtrain_peak_mb", 2),
    }


def of_predict(results):
    """The targets of predictions."""
    return {
        f"{job} is 3 times as fast as scikit-learn": _ratios(
            results, f"peer_{job}_seconds", f"smtrain_{job}_seconds", 3
        )
        for job in ("predict", "evaluate")
    }


def of_floor(results):
    """The targets of starting up."""
    start = next(r for r in results if "file" not in r)
    return {
        "`smtrain --help` takes 1.5 × `import click`": {"": 1.5 * start["click_seconds"] / start["help_seconds"]},
        "a fit of iris takes 1.3 × `import pandas`": {"": 1.3 * start["pandas_seconds"] / start["fit_seconds"]},
    }


def of_grid(results):
    """The targets of proportion."""
    names = [f"{r['rows']:,} × {r['features']:,} × {r['classes']:,}" for r in results]
    cells = [(name, r["smtrain"], r["peer"]) for name, r in zip(names, results, strict=True)]
    return {
        f"no cell of the grid has more {what} than scikit-learn": {
            name: theirs[cost] / ours[cost] for name, ours, theirs in cells if cost in ours and cost in theirs
        }
        for what, cost in (("seconds", "seconds"), ("memory", "peak_mb"))
    }


def of_optima(results):
    """The target of equal gaps: to be the fastest."""
    factors = {}
    for file, row in by_file(results).items():
        others = winner({name: r for name, r in row.items() if name != "smtrain"})
        if "seconds" in row["smtrain"] and others:
            factors[f"{file} ({others})"] = row[others]["seconds"] / row["smtrain"]["seconds"]
    return {"to the same true gap, none is faster": factors}


def of_phases(results):
    """The target of a pass."""
    return {
        "a pass takes 1.3 × its products": {r["file"]: 1.3 * r["now"]["products"] / r["now"]["pass"] for r in results}
    }


OF_PARTS = {
    "fit": of_fit,
    "predict": of_predict,
    "floor": of_floor,
    "grid": of_grid,
    "optima": of_optima,
    "phases": of_phases,
}


def _ratios(results, theirs, ours, asked=1):
    """What the peer takes over what we take, as a share of the factor that is asked for."""
    return {r["file"]: r[theirs] / r[ours] / asked for r in results}


def markdown(parts):
    """The targets of the parts that were measured, as a Markdown table."""
    asked = {}
    for name, part in parts.items():
        asked |= OF_PARTS[name](part["results"]) if name in OF_PARTS else {}
    return markdown_table(["target", "met in", "the worst", "missed by"], map(_line, asked.items()))


def _line(target):
    what, cases = target
    worst = min(cases, key=cases.get, default=None)
    missed = {case: factor for case, factor in cases.items() if factor < 1}
    told = ", ".join(f"{case} {1 / factor:.2f}×".strip() for case, factor in sorted(missed.items(), key=lambda c: c[1]))
    return [
        what,
        f"{len(cases) - len(missed)} of {len(cases)}",
        "–" if worst is None else f"{worst} {cases[worst]:.2f}×".strip(),
        told or "–",
    ]
