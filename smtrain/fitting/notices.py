"""What a caller from Python is to know of a fit, as warnings; the command line has its report."""

from smtrain.errors import FitWarning, counted, listed, quoted, warn
from smtrain.fitting.refusals import NUMBERS_AS_TEXTS, OTHER_TARGET
from smtrain.model.model import Model
from smtrain.model.rarity import are_measured, many_classes
from smtrain.model.record import FitRecord, SeparationRecord
from smtrain.solvers.base import Status
from smtrain.wording import given, in_python


def warn_of(model: Model) -> None:
    """Give a FitWarning of separated classes, of a missed tolerance, of numbers left out or used as labels."""
    record, encoder = model.fit, model.encoder
    if are_measured(encoder.classes, encoder.dialect.decimal):
        many = many_classes(encoder.classes, len(encoder.classes), record.rows, encoder.dialect.decimal)
        if many is not None:
            warn(f"target {quoted(encoder.target)}: {many} ({in_python(OTHER_TARGET)})", FitWarning)
    if record.separation is not None:
        warn(f"{separated(record.separation)} (l2 above 0 has a minimum)", FitWarning)
    elif record.status in {Status.MAX_EPOCHS, Status.STALLED}:
        hint = f"tol is {record.options.tol:g}"
        if record.status is Status.MAX_EPOCHS:
            hint += f", epochs {record.options.epochs}; raise one of them"
        warn(f"{unconverged(record)} ({hint})", FitWarning)
    for name in (name for name, reason in model.encoder.ignored if reason == NUMBERS_AS_TEXTS):
        warn(f"column {quoted(name)} was ignored: {NUMBERS_AS_TEXTS} ({in_python(as_numbers(name))})", FitWarning)


def as_numbers(name: str) -> str:
    """The hint for texts that are numbers."""
    return f"{given('numeric', name)} reads its texts as numbers, as pandas.to_numeric(…) does"


def separated(found: SeparationRecord) -> str:
    """What is said of classes that are separated, which have no optimum without a penalty."""
    pairs = listed((f"{quoted(k)} and {quoted(m)}" for k, m in found.pairs), 3)
    columns = f" along {listed(map(quoted, found.columns))}" if found.columns else ""
    what = f"the classes {pairs} are {'' if found.complete else 'quasi-'}completely separated{columns}"
    return f"{what}: without a penalty there is no minimum, the weights grow without end"


def unconverged(record: FitRecord) -> str:
    """What is said of a fit that ended before its tolerance: how, and the gap that it reached."""
    gap = "not known" if record.gap is None else f"{record.gap:.2g} of the objective"
    proof = "certified" if record.certified else "estimated"
    return f"{record.status.value}: after {counted(record.epochs, 'epoch')} the {proof} gap to the minimum is {gap}"
