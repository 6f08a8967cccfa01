"""What a person sees of a fit while it runs, on standard error."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from smtrain.fitting.fit import Observer
from smtrain.fitting.learn import Learned
from smtrain.fitting.options import FitConfig
from smtrain.fitting.selection import Penalty, Selection, value_of
from smtrain.model.model import Model
from smtrain.model.record import Candidate
from smtrain.reports.clock import process_seconds
from smtrain.reports.console import animated, errors, make_console
from smtrain.reports.fit import description, outcome, sparsity, test_lines
from smtrain.reports.notices import EXPECTED, coded, many_line, notices, warnings
from smtrain.reports.text import show
from smtrain.solvers.base import Record

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID
    from rich.status import Status as Spinner

BLOCKS = "▁▂▃▄▅▆▇█"  # the heights of a curve, each one character
CURVE_WIDTH = 60  # characters: with the two numbers beside it a curve fits a terminal of 80


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
        self._validated = self._headed = False
        self._penalty: Penalty = "l2"
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
        if not self._headed:
            validation = f"  {'validation':>10}" if self._validated else ""
            self.say(f"{'epoch':>7}  {'NLL':>10}{validation}  {'gap':>9}  {'gradient':>9}  {'seconds':>8}")
            self._headed = True
        self._last = record
        if self._spinner is not None:
            self._spinner.update(f"epoch {record.epoch}: NLL {record.nll:.6f}")
        # In a log file a line an epoch would bury the rest: every doubling is enough to see how it goes.
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
        # The last epoch is always shown, wherever it falls between two doublings.
        if self._last is not None and self._shown != self._last.epoch:
            self._show(self._last)
        if self._animated and len(model.history) > 2:
            self.say(f"NLL {curve([float(row[1]) for row in model.history])}")
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


def curve(values: list[float]) -> str:
    """Values as a line of blocks, at most CURVE_WIDTH of them."""
    picked = [values[round(i * (len(values) - 1) / (CURVE_WIDTH - 1))] for i in range(CURVE_WIDTH)]
    picked = values if len(values) <= CURVE_WIDTH else picked
    low, high = min(picked), max(picked)
    span = (high - low) or 1.0
    return f"{high:.4f} " + "".join(BLOCKS[round((v - low) / span * (len(BLOCKS) - 1))] for v in picked) + f" {low:.4f}"
