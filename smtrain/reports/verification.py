"""Whether a model could be made again, in sentences or as one JSON document."""

from typing import Any

from smtrain.inspecting.verify import Verification
from smtrain.reports.text import message


def verification_document(verification: Verification, within: float, tolerance: float) -> dict[str, Any]:
    """The verification with stable keys; differences are null where there is nothing to compare."""
    return {
        "verified": verification.passes(within=within, tolerance=tolerance),
        "same_bytes": verification.same,
        "same_data": verification.same_data,
        "bytes": verification.size,
        "within": within,
        "tolerance": tolerance,
        "reasons": list(verification.reasons),
        "largest_difference": {
            "weights": verification.weights,
            "probabilities": verification.probabilities,
            "objective": verification.objective,
        },
    }


def sentences(verification: Verification, within: float) -> list[str]:
    """What there is to say, line by line."""
    if verification.same:
        return [f"verified: the same {verification.size:,} bytes"]
    lines = [_first_line(verification, within), *(f"  {message(reason, 300)}" for reason in verification.reasons)]
    if verification.probabilities is not None:
        lines.append("  largest difference")
        names = ("weights", "probabilities", "objective")
        lines += [f"    {name:<14} {getattr(verification, name):.1g}" for name in names]
    # Without a digest the reasons can only be guessed at, and that is said.
    if verification.same_data is None and not verification.reasons:
        lines.append(
            "  the counts agree: another cell or order of the rows; or another version of smtrain, Python, NumPy"
        )
        lines.append(
            "  or pandas, or another processor. The model keeps no digest of its data, so they cannot be told."
        )
    return lines


def _first_line(verification: Verification, within: float) -> str:
    """What is the same, for a model of other bytes."""
    if not verification.same_data:
        return "other bytes" if verification.same_data is None else "other bytes, of other data"
    if verification.passes(within=within):
        return f"verified: the same data, and probabilities within {within:g}; other bytes"
    return f"the same data, but probabilities that differ by more than {within:g}"
