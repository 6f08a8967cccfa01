"""The record of a fit, which a model keeps: what was asked for, what came of it, what was found besides the weights."""

from dataclasses import dataclass, field, fields, replace
from typing import Annotated, Any, Literal

from smtrain.errors import counted
from smtrain.model.digest import DataDigest, Sha256
from smtrain.model.options import Options
from smtrain.model.schema import (
    ABSENT,
    LEFT_OUT,
    OUTSIDE,
    Count,
    DocumentError,
    Positive,
    Text,
    Texts,
    different,
    document_of,
    read,
)
from smtrain.solvers.base import Status
from smtrain.sources.arguments import NOT_NEGATIVE, Range

# How a fit ends that is as near its optimum as was asked for, or as floating point can come.
SETTLED = (Status.CONVERGED, Status.STALLED)
Pair = Annotated[tuple[Text, Text], different]


@dataclass(frozen=True)
class SkippedRecord:
    """Rows that were left out: those without a label, and those whose label is no class."""

    unlabelled: Count = 0
    unknown: Count = 0


@dataclass(frozen=True)
class ValidationRecord:
    """Rows that were set aside, and their mean NLL at the weights of the model.

    `sha256` tells the rows of a file from others; those of a share are in the digest of the data.
    """

    rows: Positive
    nll: float
    sha256: Sha256 | None = field(default=None, metadata=LEFT_OUT)


@dataclass(frozen=True)
class HeldOutRecord:
    """Rows that the fit has not seen, and every metric of the model on them; None where one is not defined.

    `unseen` are the cells whose level training did not have, by column; `skipped` are rows that were left out. `sha256`
    tells all of these rows from others; earlier versions kept none.
    """

    rows: Positive
    metrics: dict[str, float | None]
    unseen: dict[str, Positive] = field(default_factory=dict, metadata=LEFT_OUT)
    skipped: SkippedRecord = field(default_factory=SkippedRecord, metadata=LEFT_OUT)
    sha256: Sha256 | None = field(default=None, metadata=LEFT_OUT)


@dataclass(frozen=True)
class Candidate:
    """Two penalties with the mean NLL of the rows set aside, over the folds, and its standard error."""

    l2: float
    nll: float
    se: float
    l1: float = field(default=0.0, metadata=LEFT_OUT)


@dataclass(frozen=True)
class SelectionRecord:
    """The choice of a penalty by cross-validation: the passes over the rows that it took, and what was tried."""

    epochs: Positive
    candidates: tuple[Candidate, ...]
    penalty: Literal["l1", "l2"] = field(default="l2", metadata=LEFT_OUT)


@dataclass(frozen=True)
class SeparationRecord:
    """Whether separation is complete, the first pairs of classes that are separated, the columns of X that do it."""

    complete: bool
    pairs: tuple[Pair, ...]
    columns: Texts


@dataclass(frozen=True)
class ColumnLikelihood:
    """The fit without a column: its mean NLL, the degrees of freedom that it has less, whether it came to its end."""

    degrees: Count
    nll: Annotated[float, NOT_NEGATIVE]
    settled: bool


@dataclass(frozen=True)
class LikelihoodRecord:
    """What the likelihood of a fit without penalty is compared with: fits without each of the columns, in their order.

    `weight` is the weight of the rows, `null_nll` their mean NLL with intercepts alone, and `degrees` the degrees of
    freedom of all columns together.
    """

    weight: Annotated[float, Range(0, above=True)]
    null_nll: Annotated[float, Range(0, above=True)]
    degrees: Count
    columns: tuple[ColumnLikelihood, ...]


@dataclass(frozen=True)
class FitRecord:
    """What a model keeps of its fit.

    `rows` are those of the table without the skipped ones, `class_counts` those of each class, `missing` the cells that
    are missing, by column. `nll` and `objective` are means per row at the weights of the model; `gap` is what is proved
    of the distance to the minimum, or estimated if it is not `certified`, as a share of the objective; None if it is
    not known. `epochs` passes were made in all, and `epoch` until the weights of the model were reached.
    `data` tells the training data from others. `collinear` are, of each column of X that others determine, those
    others; `separation` is looked for without a penalty. `temperature` is what calibration divided the weights by.
    `loo_nll` is None if it was not asked for, or is not defined; `likelihood` if it was not asked for. `test` is of
    rows that were not seen. `init` is the digest of the weights to start from, `smtrain` the version that fitted.
    `newer_options` are options in a model file that this smtrain does not know.
    """

    options: Options
    rows: Positive
    class_counts: tuple[Count, ...]
    missing: dict[str, Count]
    nll: float
    objective: float
    gap: float | None
    certified: bool
    status: Status
    epochs: Count
    epoch: Count
    # From here on what earlier versions did not keep, or what is kept only if it was asked for.
    data: DataDigest | None = field(default=None, metadata=LEFT_OUT)
    collinear: dict[str, Texts] = field(default_factory=dict, metadata=ABSENT)
    separation: SeparationRecord | None = field(default=None, metadata=ABSENT)
    skipped: SkippedRecord = field(default_factory=SkippedRecord, metadata=LEFT_OUT)
    validation: ValidationRecord | None = field(default=None, metadata=LEFT_OUT)
    temperature: Annotated[float, Range(0, above=True)] | None = field(default=None, metadata=LEFT_OUT)
    selection: SelectionRecord | None = field(default=None, metadata=LEFT_OUT)
    loo_nll: float | None = field(default=None, metadata=ABSENT)
    likelihood: LikelihoodRecord | None = field(default=None, metadata=LEFT_OUT)
    test: HeldOutRecord | None = field(default=None, metadata=LEFT_OUT)
    # Of the start only what tells it from others: `verify` asks for the model itself.
    init: Text | None = field(default=None, metadata=LEFT_OUT)
    smtrain: Text | None = field(default=None, metadata=LEFT_OUT)
    newer_options: tuple[str, ...] = field(default=(), metadata=OUTSIDE)

    def __repr__(self) -> str:
        """How the fit ended."""
        passes, rows = counted(self.epochs, "epoch"), counted(self.rows, "row")
        return f"<FitRecord: {rows}, {self.status.value} after {passes}, NLL {self.nll:.6g}>"

    def document(self) -> dict[str, Any]:
        """The record as a JSON document, in the order of its keys; `from_document` reads it back."""
        document = document_of(self)
        if not self.options.loo:
            del document["loo_nll"]  # null says that it is not defined
        return {name: _in_order(value) for name, value in sorted(document.items())}

    @classmethod
    def from_document(cls, document: Any) -> "FitRecord":
        """Read `document()` back. Raises DocumentError for what is no record of a fit."""
        record = read(cls, document)
        # Options that a fit settles cannot be open in its record, or `verify` would settle them in its own way.
        if not record.options.is_settled:
            raise DocumentError("are not those of a fit that was made", "options")
        known = {one.name for one in fields(Options)}
        return replace(record, newer_options=tuple(sorted(document["options"].keys() - known)))


def _in_order(document: Any) -> Any:
    """A document whose objects have their keys in order, as the model file has them."""
    if isinstance(document, dict):
        return {name: _in_order(value) for name, value in sorted(document.items())}
    return [_in_order(one) for one in document] if isinstance(document, list) else document
