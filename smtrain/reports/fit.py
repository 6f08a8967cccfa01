"""What a person sees of a fit, on standard error."""

import json
import math
from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Any

from smtrain.errors import OutputError, quoted
from smtrain.fitting.fit import Observer
from smtrain.fitting.learning import Learned
from smtrain.fitting.options import FitConfig
from smtrain.fitting.selection import Selection
from smtrain.model.encoder import Encoder
from smtrain.model.model import Model
from smtrain.model.options import Options
from smtrain.model.rarity import rare_classes
from smtrain.model.record import Candidate
from smtrain.model.schema import document_of
from smtrain.reports.clock import process_seconds
from smtrain.reports.console import animated, errors, make_console
from smtrain.reports.notices import listed, notices, rare_line, warnings
from smtrain.reports.text import named, show
from smtrain.solvers.base import Record, Status

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID
    from rich.status import Status as Spinner

BLOCKS = "▁▂▃▄▅▆▇█"
CURVE_WIDTH = 60
# From so many weights on, their number is said before training: an epoch's time and the memory grow with it.
MANY_WEIGHTS = 100_000
EXPECTED = {Status.CONVERGED, Status.EARLY}


class QuietReport(Observer):
    """Warnings only; loads no rich."""

    def __enter__(self) -> "QuietReport":
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def say(self, line: str) -> None:
        """Print a line on standard error."""
        errors().write(line + "\n")

    def done(self, model: Model, output: str) -> None:  # noqa: ARG002 - FitReport's signature
        """Warn if the tolerance was not reached, or cannot be."""
        if model.fit.status not in EXPECTED:
            self.say(f"smtrain: warning: {outcome(model)}")
        for line in warnings(model):
            self.say(f"smtrain: warning: {line}")


class FitReport(QuietReport):
    """On a terminal, a bar while reading and a line an epoch; elsewhere plain lines at the epochs 0, 1, 2, 4, 8, …."""

    def __init__(self, sources: list[str], total_bytes: int | None) -> None:
        stream = errors()
        self.console = make_console(stream)
        self._animated = animated(stream)
        self._sources, self._total = sources, total_bytes
        self._progress: tuple[Progress, TaskID] | None = None
        self._spinner: Spinner | None = None
        self._next, self._shown = 0, -1
        self._validated = self._headed = False
        self._last: Record | None = None

    def say(self, line: str) -> None:
        """Print a line on standard error."""
        self.console.print(line)

    def __exit__(self, *exc: object) -> None:
        self._stop_progress()
        if self._spinner is not None:
            self._spinner.stop()

    def on_piece(self, bytes_read: int, rows: int) -> None:
        """Move the bar."""
        if not self._animated:
            return
        if self._progress is None:
            from rich.progress import Progress

            progress = Progress(console=self.console, transient=True)
            self._progress = progress, progress.add_task("reading", total=self._total)
            progress.start()
        progress, task = self._progress
        progress.update(task, completed=bytes_read, description=f"reading: {rows:,} rows")

    def _stop_progress(self) -> None:
        if self._progress is not None:
            self._progress[0].stop()
            self._progress = None

    def on_learned(self, learned: Learned, config: FitConfig) -> None:
        """Say what was read and what is about to be done."""
        self._stop_progress()
        for line in description(learned, config, self._sources):
            self.say(line)
        self._validated = learned.validation_rows > 0
        if self._animated:
            self._spinner = self.console.status("training")
            self._spinner.start()

    def on_candidate(self, candidate: Candidate) -> None:
        """Show what cross-validation says of a value of l2."""
        if not self._headed:
            self.say(f"{'l2':>12}  {'NLL':>10}  {'± error':>10}")
            self._headed = True
        self.say(f"{candidate.l2:12.6g}  {candidate.nll:10.6f}  {candidate.se:10.6f}")

    def on_selected(self, selection: Selection) -> None:
        """Say which l2 was chosen."""
        self._headed = False
        chosen, lowest = selection.chosen, selection.lowest
        rule = "the lowest NLL" if chosen == lowest else f"the largest within {lowest.se:.2g} of the lowest NLL"
        self.say(f"l2 = {chosen.l2:.6g}: {rule}; {selection.epochs:,} epochs")

    def on_epoch(self, record: Record) -> None:
        """Show an epoch."""
        if not self._headed:
            validation = f"  {'validation':>10}" if self._validated else ""
            self.say(f"{'epoch':>7}  {'NLL':>10}{validation}  {'gap':>9}  {'gradient':>9}  {'seconds':>8}")
            self._headed = True
        self._last = record
        if self._spinner is not None:
            self._spinner.update(f"epoch {record.epoch}: NLL {record.nll:.6f}")
        if self._animated or record.epoch >= self._next:
            self._show(record)
            self._next = max(1, 2 * record.epoch)

    def _show(self, record: Record) -> None:
        gap = "" if record.gap is None else f"{record.gap:.2e}"
        self._shown = record.epoch
        validation = "" if record.validation_nll is None else f"  {record.validation_nll:10.6f}"
        numbers = f"{record.nll:10.6f}{validation}  {gap:>9}  {record.gradient_norm:9.2e}"
        self.say(f"{record.epoch:7d}  {numbers}  {process_seconds():8.2f}")

    def done(self, model: Model, output: str) -> None:
        """Say how it ended."""
        if self._last is not None and self._shown != self._last.epoch:
            self._show(self._last)
        if self._animated and len(model.history) > 2:
            self.say(f"NLL {curve([float(row[1]) for row in model.history])}")
        for line in notices(model):
            self.say(line)
        if model.fit.status in EXPECTED:
            self.say(outcome(model))
        super().done(model, output)
        if model.fit.options.l1:
            self.say(sparsity(model))
        self.say(f"saved {show(output)}")


def missing_classes(encoder: Encoder) -> list[str]:
    """A line, if a class is called like a text of --na-values: labels are never missing but where they are empty."""
    found = [name for name in encoder.classes if name.strip() in encoder.dialect.na_values]
    if not found:
        return []
    return [
        f"warning: {listed(map(named, found))}: a class, though --na-values names it; labels are taken as they stand"
    ]


def description(learned: Learned, config: FitConfig, sources: list[str]) -> list[str]:
    """What was read, what was left out, and the options that matter."""
    encoder = learned.encoder
    more = f" and {len(sources) - 1} more" if len(sources) > 1 else ""
    separated = {"\t": ", separated by tabs", ";": ", separated by semicolons"}.get(learned.delimiter, "")
    kinds = f"{len(encoder.numeric)} numeric, {len(encoder.categorical)} categorical"
    columns = "1 column" if len(encoder.columns) == 1 else f"{len(encoder.columns)} columns"
    lines = [
        f"{show(sources[0])}{more}: {learned.rows:,} rows, {columns} ({kinds}){separated}",
        f"target {show(encoder.target)}: {len(encoder.classes)} classes",
    ]
    lines += [f"warning: {learned.doubt}"] if learned.doubt else []
    lines += missing_classes(encoder)
    lines += weights_line(encoder)
    if learned.on_disk:
        lines.append(f"{learned.on_disk / 1e6:,.0f} MB of the rows are on disk")
    if learned.validation_rows:
        lines.append(f"{learned.validation_rows:,} rows are set aside for validation")
    lines += rare_line(learned.class_counts)
    if learned.missing:
        counts = ", ".join(
            f"{named(name, counted=True)} {count:,}" for name, count in list(learned.missing.items())[:12]
        )
        lines.append(f"missing cells: {counts}{', …' if len(learned.missing) > 12 else ''}")
    reasons: dict[str, list[str]] = {}
    for name, reason in encoder.ignored:
        reasons.setdefault(reason, []).append(name)
    for reason, ignored in reasons.items():
        lines.append(f"ignored {listed(map(named, ignored), 12)}: {reason}")
    if learned.counting:
        lines.append(f"{listed(map(named, learned.counting))}: counts the rows; --drop leaves it out")
    lines.append(settings(config))
    return lines


def weights_line(encoder: Encoder) -> list[str]:
    """The number of weights, where it is large, and the column of words that most of them are of."""
    p, K = len(encoder.features), len(encoder.classes)
    if p * K < MANY_WEIGHTS:
        return []
    line = f"{p:,} features × {K:,} classes: {p * K:,} weights"
    widest = max(encoder.categorical, key=lambda column: len(column.levels), default=None)
    if widest is not None and 2 * len(widest.levels) > p:
        line += f", {len(widest.levels) * K:,} of them for the levels of {show(widest.name, 40)}"
    return [line]


def settings(options: Options) -> str:
    """The solver, the penalties and the tolerance of a fit's options."""
    l1 = f", l1 = {options.l1:g}" if options.l1 else ""
    l2 = f"l2 by {options.folds}-fold cross-validation" if options.l2 == "auto" else f"l2 = {options.ridge:g}"
    return f"{options.solver_name}{l1}, {l2}, tolerance {options.tolerance:g}"


def unused(model: Model) -> list[str]:
    """The names of the columns whose weights are all zero."""
    return [c.name for c, used in zip(model.encoder.columns, model.used.tolist(), strict=True) if not used]


def sparsity(model: Model) -> str:
    """How many weights a fit with l1 left, and how many columns."""
    count = len(unused(model))
    columns = f"{count} of {len(model.used)} columns {'is' if count == 1 else 'are'} not used"
    return f"{int(model.nonzero.sum()):,} of {model.W.size:,} weights are not zero, {columns}"


def outcome(model: Model) -> str:
    """The end of a fit in words: the NLL of the saved weights, and how far from the best possible they are."""
    fit = model.fit
    kept = f", kept epoch {fit.epoch}" if fit.epoch != fit.epochs and fit.options.patience else ""
    line = f"{fit.status.value}, {fit.epochs} epochs{kept}: NLL {fit.nll:.6f}"
    if fit.validation is not None:
        line += f", validation NLL {fit.validation.nll:.6f}"
    if fit.temperature is not None:
        line += f" at the temperature {fit.temperature:.4g}"
    if fit.status is Status.EARLY or fit.gap is None:
        return line
    distance = fit.gap * fit.objective
    if fit.certified:
        line += f" (objective {fit.objective:.6f}, within {distance:.1g} of the best possible)"
    else:
        line += f" (an estimated {distance:.1g} above the best possible; a proof needs a penalty)"
    if fit.status is not Status.CONVERGED:
        line += f"; relative gap {fit.gap:.1e}, asked for {fit.options.tolerance:g}"
    return line


def curve(values: list[float]) -> str:
    """Values as a line of blocks, at most CURVE_WIDTH of them."""
    picked = [values[round(i * (len(values) - 1) / (CURVE_WIDTH - 1))] for i in range(CURVE_WIDTH)]
    picked = values if len(values) <= CURVE_WIDTH else picked
    low, high = min(picked), max(picked)
    span = (high - low) or 1.0
    return f"{high:.4f} " + "".join(BLOCKS[round((v - low) / span * (len(BLOCKS) - 1))] for v in picked) + f" {low:.4f}"


def summary(model: Model, output: str) -> dict[str, Any]:
    """The fit as one JSON document."""
    fit = model.fit
    return {
        "model": output,
        "rows": fit.rows,
        "skipped": document_of(fit.skipped),
        "columns": len(model.encoder.columns),
        "features": len(model.features),
        "classes": list(model.classes),
        "class_counts": fit.class_counts,
        "missing": fit.missing,
        "ignored": dict(model.encoder.ignored),
        "rare_classes": rare_classes(dict(zip(model.classes, fit.class_counts, strict=True))),
        "collinear": fit.collinear,
        "separation": document_of(fit.separation),
        "solver": fit.options.solver,
        "l1": fit.options.l1,
        "l2": fit.options.l2,
        "nonzero": int(model.nonzero.sum()),
        "unused": unused(model),
        "objective": fit.objective,
        "nll": fit.nll,
        "gap": fit.gap,
        "certified": fit.certified,
        "status": fit.status.name.lower(),
        "epochs": fit.epochs,
        "loo_nll": fit.loo_nll,
        "validation": document_of(fit.validation),
        "epoch": fit.epoch,
        "temperature": fit.temperature,
        "selection": document_of(fit.selection),
    }


def resolved(given: Mapping[str, Any], model: Model) -> dict[str, Any]:
    """The options of a fit in the order of their names: as given or by default, or as the fit settled them."""
    settled = document_of(model.fit.options) | {"target": model.encoder.target}
    return {name: settled.get(name, value) for name, value in sorted(given.items())}


class LogObserver(Observer):
    """Passes everything on to a report, and writes a JSON line for every epoch."""

    def __init__(self, report: Observer, log: IO[str] | None) -> None:
        self._report, self._log = report, log
        self.on_piece = report.on_piece  # type: ignore[method-assign]  # passed on as it is
        self.on_learned = report.on_learned  # type: ignore[method-assign]  # passed on as it is
        self.on_candidate = report.on_candidate  # type: ignore[method-assign]  # passed on as it is
        self.on_selected = report.on_selected  # type: ignore[method-assign]  # passed on as it is

    def on_epoch(self, record: Record) -> None:
        """Write the line, and pass it on."""
        if self._log is not None:
            values = {name: None if x is None or not math.isfinite(x) else x for name, x in vars(record).items()}
            if record.validation_nll is None:
                del values["validation_nll"]
            try:
                self._log.write(json.dumps(values | {"seconds": round(process_seconds(), 6)}) + "\n")
                self._log.flush()
            except OSError as error:
                raise OutputError(f"cannot write {quoted(self._log.name)}: {error.strerror}") from error
        self._report.on_epoch(record)
