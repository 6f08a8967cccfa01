"""The log of a fit: a file with a JSON line for every epoch."""

import json
import math
from contextlib import suppress
from typing import IO

from smtrain.errors import OutputError, quoted
from smtrain.fitting.fit import Observer
from smtrain.fitting.learn import Learned
from smtrain.fitting.options import FitConfig
from smtrain.reports.clock import process_seconds
from smtrain.solvers.base import Record


class LogObserver(Observer):
    """Passes everything on to a report, and writes a JSON line for every epoch, at first to a log that it empties."""

    def __init__(self, report: Observer, log: IO[str] | None, *, empty: bool = False) -> None:
        self._report, self._log, self._empty = report, log, empty
        self.on_piece = report.on_piece  # type: ignore[method-assign]  # passed on as it is
        self.on_candidate = report.on_candidate  # type: ignore[method-assign]  # passed on as it is
        self.on_selected = report.on_selected  # type: ignore[method-assign]  # passed on as it is

    def on_learned(self, learned: Learned, config: FitConfig) -> None:
        """Empty the log if that is asked for, and pass it on: what follows is a new fit."""
        if self._log is not None and self._empty:
            with suppress(OSError):  # a pipe has nothing to lose
                self._log.truncate(0)
        self._report.on_learned(learned, config)

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
