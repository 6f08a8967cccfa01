"""Whether a model could be made again, in sentences or as one JSON document."""

from typing import Any

from smtrain.reports.text import message
from smtrain.verifying import Verification


def document(found: Verification, tolerance: float) -> dict[str, Any]:
    """The verification with stable keys; differences are null where there is nothing to compare."""
    return {
        "verified": found.within(tolerance),
        "same_bytes": found.same,
        "bytes": found.size,
        "tolerance": tolerance,
        "reasons": list(found.reasons),
        "largest_difference": {
            "weights": found.weights,
            "probabilities": found.probabilities,
            "objective": found.objective,
        },
    }


def sentences(found: Verification) -> list[str]:
    """What there is to say, line by line."""
    if found.same:
        return [f"verified: the same {found.size:,} bytes"]
    lines = ["other bytes", *(f"  {message(reason, 300)}" for reason in found.reasons)]
    if found.probabilities is not None:
        lines.append("  largest difference")
        names = ("weights", "probabilities", "objective")
        lines += [f"    {name:<14} {getattr(found, name):.1g}" for name in names]
    if not found.reasons:
        lines.append(
            "  the counts agree: another cell or order of the rows; or another version of smtrain, Python, NumPy"
        )
        lines.append("  or pandas, or another processor. Versions are not kept in a model.")
    return lines
