"""Whether a model could be made again, in sentences or as one JSON document."""

from typing import Any

from smtrain.inspecting.verify import Verification
from smtrain.reports.text import message


def document(found: Verification, within: float, tolerance: float) -> dict[str, Any]:
    """The verification with stable keys; differences are null where there is nothing to compare."""
    return {
        "verified": found.passes(within=within, tolerance=tolerance),
        "same_bytes": found.same,
        "same_data": found.same_data,
        "bytes": found.size,
        "within": within,
        "tolerance": tolerance,
        "reasons": list(found.reasons),
        "largest_difference": {
            "weights": found.weights,
            "probabilities": found.probabilities,
            "objective": found.objective,
        },
    }


def sentences(found: Verification, within: float) -> list[str]:
    """What there is to say, line by line."""
    if found.same:
        return [f"verified: the same {found.size:,} bytes"]
    lines = [_first_line(found, within), *(f"  {message(reason, 300)}" for reason in found.reasons)]
    if found.probabilities is not None:
        lines.append("  largest difference")
        names = ("weights", "probabilities", "objective")
        lines += [f"    {name:<14} {getattr(found, name):.1g}" for name in names]
    if found.same_data is None and not found.reasons:
        lines.append(
            "  the counts agree: another cell or order of the rows; or another version of smtrain, Python, NumPy"
        )
        lines.append(
            "  or pandas, or another processor. The model keeps no digest of its data, so they cannot be told."
        )
    return lines


def _first_line(found: Verification, within: float) -> str:
    """What is the same, for a model of other bytes."""
    if not found.same_data:
        return "other bytes" if found.same_data is None else "other bytes, of other data"
    if found.passes(within=within):
        return f"verified: the same data, and probabilities within {within:g}; other bytes"
    return f"the same data, but probabilities that differ by more than {within:g}"
