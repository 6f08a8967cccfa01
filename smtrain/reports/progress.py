"""What a person sees of a fit while it runs, on standard error."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from smtrain.fitting.fit import Observer
from smtrain.fitting.learn import Learned
from smtrain.fitting.options import FitConfig
from smtrain.fitting.selection import Penalty, Selection, value_of
from smtrain.model.model import Model
from smtrain.model.record import Candidate
from smtrain.reports.bars import curve
from smtrain.reports.clock import process_seconds
from smtrain.reports.console import animated, errors, make_console
from smtrain.reports.fit import above_the_bound, description, outcome, sparsity, test_lines
from smtrain.reports.notices import EXPECTED, coded, many_line, notices, warnings
from smtrain.reports.text import show
from smtrain.solvers.base import Record

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID
    from rich.status import Status as Spinner

# The columns of a line of an epoch with their widths, and which of them a narrow terminal has, the first first.
EPOCH_COLUMNS = {
    "epoch": 5, "objective": 10, "NLL": 10, "validation": 10, "gap": 9, "gradient": 9, "seconds": 8,
}  # fmt: skip
IMPORTANCE = ("epoch", "validation", "objective", "gap", "NLL", "seconds", "gradient")


class QuietReport(Observer):
    """Warnings only, without the findings of some codes; loads no rich."""

    def __init__(self, ignore: Collection[str] = ()) -> None:
        self._ignore = ignore

    def __enter__(self) -> "QuietReport":
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def say(self, line: str) -> None:
        """Print a line on standard error."""
        errors().write(line + "\n")

    def on_learned(self, learned: Learned, config: FitConfig) -> None:  # noqa: ARG002 - an Observer's signature
        """Warn of very many classes before they are trained."""
        for line in many_line(learned.encoder, learned.rows, self._ignore):
            self.say(f"smtrain: {line}")

    def done(self, model: Model, output: str) -> None:  # noqa: ARG002 - FitReport's signature
        """Warn if the tolerance was not reached, or cannot be."""
        if model.fit.status not in EXPECTED:
            for line in coded("not converged", outcome(model), self._ignore):
                self.say(f"smtrain: warning: {line}")
        for line in warnings(model, self._ignore):
            self.say(f"smtrain: warning: {line}")

    def unchanged(self, output: str) -> None:
        """Say nothing: the model is what it was."""


class FitReport(QuietReport):
    """On a terminal, a bar while reading and a line an epoch; elsewhere plain lines at the epochs 0, 1, 2, 4, 8, …."""

    def __init__(self, sources: list[str], total_bytes: int | None, ignore: Collection[str] = ()) -> None:
        super().__init__(ignore)
        stream = errors()
        self.console = make_console(stream)
        self._animated = animated(stream)
        self._sources, self._total = sources, total_bytes
        self._progress: tuple[Progress, TaskID] | None = None
        self._spinner: Spinner | None = None
        self._next, self._shown = 0, -1  # the epoch from which on the next line is due; the last that was shown
        self._validated = False
        self._columns: tuple[str, ...] = ()
        self._penalty: Penalty = "l2"
        self._last: Record | None = None

    def say(self, line: str) -> None:
        """Print a line on standard error; a narrow terminal has whole words."""
        self.console.print(line, soft_wrap=False)

    def __exit__(self, *exc: object) -> None:
        self._stop_progress()
        if self._spinner is not None:
            self._spinner.stop()

    def on_piece(self, bytes_read: int, rows: int) -> None:
        """Move the bar."""
        if not self._animated:
            return
        if self._progress is None:  # begun with the first piece: a file that cannot be read shows no bar
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
        for line in description(learned, config, self._sources, self._ignore):
            self.say(line)
        self._validated = learned.validation_rows > 0
        self._penalty = config.chosen or self._penalty
        if self._animated:
            self._spinner = self.console.status("training")
            self._spinner.start()

    def on_candidate(self, candidate: Candidate) -> None:
        """Say what cross-validation says of a value of the penalty: on a terminal in the line that changes."""
        line = (
            f"{self._penalty} = {value_of(candidate, self._penalty):.6g}: NLL {candidate.nll:.6f} ± {candidate.se:.6f}"
        )
        if self._spinner is not None:
            self._spinner.update(line)
        else:
            self.say(line)

    def on_selected(self, selection: Selection) -> None:
        """Show all values that were tried, in order, and say which was chosen."""
        chosen, lowest, name = selection.chosen, selection.lowest, selection.penalty
        self.say(f"{name:>12}  {'NLL':>10}  {'± error':>10}")
        for one in selection.candidates:
            mark = "  chosen" if one == chosen else ""
            self.say(f"{selection.value(one):12.6g}  {one.nll:10.6f}  {one.se:10.6f}{mark}")
        rule = "the lowest NLL" if chosen == lowest else f"the largest within {lowest.se:.2g} of the lowest NLL"
        self.say(f"{name} = {selection.value(chosen):.6g}: {rule}; {selection.epochs:,} epochs")

    def on_epoch(self, record: Record) -> None:
        """Show an epoch."""
        if not self._columns:
            self._columns = epoch_columns(self.console.width, validated=self._validated)
            self.say("  ".join(f"{name:>{EPOCH_COLUMNS[name]}}" for name in self._columns))
        self._last = record
        if self._spinner is not None:
            self._spinner.update(f"epoch {record.epoch}: objective {record.objective:.6f}")
        # In a log file a line an epoch would bury the rest: every doubling is enough to see how it goes.
        if self._animated or record.epoch >= self._next:
            self._show(record)
            self._next = max(1, 2 * record.epoch)

    def _show(self, record: Record) -> None:
        self._shown = record.epoch
        cells = epoch_cells(record)
        self.say("  ".join(f"{cells[name]:>{EPOCH_COLUMNS[name]}}" for name in self._columns))

    def unchanged(self, output: str) -> None:
        """Say why nothing was done."""
        self._stop_progress()
        self.say(f"{show(output)} is of these data, with these options: nothing to do")

    def done(self, model: Model, output: str) -> None:
        """Say how it ended."""
        # The last epoch is always shown, wherever it falls between two doublings.
        if self._last is not None and self._shown != self._last.epoch:
            self._show(self._last)
        if self._animated and len(model.history) > 2:
            self._say_curve(model)
        for line in notices(model, self._ignore):
            self.say(line)
        if model.fit.status in EXPECTED:
            self.say(outcome(model))
        for line in test_lines(model):
            self.say(line)
        super().done(model, output)
        if model.fit.options.l1:
            self.say(sparsity(model))
        self.say(f"saved {show(output)}")

    def _say_curve(self, model: Model) -> None:
        """Show the history in a line: of the NLL itself the first epochs would be all that is seen."""
        drawn = curve(above_the_bound(model))
        if drawn:
            what = "its proved bound" if model.fit.certified else "an estimate of its minimum"
            self.say(f"objective above {what}, on a logarithmic scale:")
            self.say(drawn)


def epoch_columns(width: int, *, validated: bool) -> tuple[str, ...]:
    """The columns of the lines of epochs that have room beside each other."""
    chosen: list[str] = []
    for name in IMPORTANCE:
        sizes = [EPOCH_COLUMNS[one] + 2 for one in (*chosen, name)]
        if sum(sizes) - 2 <= width and (validated or name != "validation"):
            chosen.append(name)
    return tuple(name for name in EPOCH_COLUMNS if name in chosen)


def epoch_cells(record: Record) -> dict[str, str]:
    """The numbers of an epoch by the names of their columns; a dash for a gap of 1, with which nothing is proved."""
    return {
        "epoch": str(record.epoch),
        "objective": f"{record.objective:.6f}",
        "NLL": f"{record.nll:.6f}",
        "validation": "" if record.validation_nll is None else f"{record.validation_nll:.6f}",
        "gap": "" if record.gap is None else "–" if record.gap >= 1 else f"{record.gap:.2e}",
        "gradient": f"{record.gradient_norm:.2e}",
        "seconds": f"{process_seconds():.2f}",
    }
