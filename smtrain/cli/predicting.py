"""Predictions of files, each written to a file of its own: here one after another, or by workers."""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smtrain.cli.output import data_output
from smtrain.errors import DataError, ModelError, SmtrainError, UsageError, quoted
from smtrain.model.model import Model
from smtrain.partitions.interface import Home, Spread
from smtrain.reports.predictions import PredictionWriter
from smtrain.scoring.predict import UnseenLevels, score
from smtrain.sources.files import display_name, is_parquet, is_stream
from smtrain.sources.opening import open_table
from smtrain.sources.paths import absolute_path, native_path
from smtrain.sources.table import Table

# What the name of a table ends with; that of its predictions ends with their format.
ENDINGS = re.compile(r"(\.(csv|tsv|tab|txt|dat|data|parquet|pq))?(\.(gz|bz2|xz))?$", re.IGNORECASE)


@dataclass(frozen=True)
class Job:
    """A file of rows and the file of its predictions, by absolute paths; `name` is what messages call the first."""

    data: str
    name: str
    output: str


@dataclass(frozen=True)
class Written:
    """What is known of a job: the `columns` of the table and the cells of `unseen` levels; or its `error`."""

    columns: tuple[str, ...] = ()
    unseen: dict[str, int] | None = None
    error: SmtrainError | None = None


@dataclass(frozen=True)
class Predicting:
    """How rows are predicted and written: by a `model`, called by its `name`, with `options` of the writer.

    Called with a job it does it, and returns what is known then: the error too, if the file cannot be used.
    """

    model: Model
    name: str
    on_unknown: str
    options: dict[str, Any]
    threads: int = 1

    def __call__(self, job: Job) -> Written:
        """Raises OutputError where nothing more can be written."""
        try:
            table = open_table(native_path(job.data), self.model.encoder.dialect, called=job.name)
            unseen = self.write(table, native_path(job.output))
        except (DataError, ModelError, UsageError) as error:
            return Written(error=error)
        return Written(tuple(table.own_names), unseen)

    def write(self, table: Table, output: str | None) -> dict[str, int]:
        """Write the predictions of a table to a file or standard output; return the cells of unseen levels."""
        # Before the output is begun: a file of other columns is refused, and nothing is written.
        self.model.encoder.readings(table, labels=False, model=self.name)
        writer = writer_of(self.options["format"])(self.model, table, **self.options)
        unseen = UnseenLevels(self.model, error=self.on_unknown == "error")
        with data_output(output) as out:
            out.write(writer.head())
            for scored in score(self.model, table, labels=False, threads=self.threads):
                unseen.add(scored)
                out.write(writer.rows(scored))
            out.write(writer.end())
        return unseen.counts


def writer_of(form: str) -> type[PredictionWriter]:
    """What writes a format. Raises UsageError where pyarrow is missing for Parquet."""
    if form != "parquet":
        return PredictionWriter
    from smtrain.sources.pyarrow_later import needing

    with needing("Parquet is written"):
        from smtrain.reports.typed_predictions import TypedPredictionWriter
    return TypedPredictionWriter


def format_of(output: str | None) -> str:
    """The format of an output that says nothing of it but its name."""
    return "parquet" if output is not None and output.lower().endswith(".parquet") else "csv"


def ending_of(path: str) -> str:
    """What the name of another file of a table ends with, without that of its compression; of a pipe .csv."""
    found = ENDINGS.search(Path(path).name)
    return (found and found[1]) or (".parquet" if is_parquet(path) else ".csv")


def is_folder(output: str | None) -> bool:
    """Whether an output names a folder: one that is there, or a path that ends as that of one."""
    return output is not None and (output.endswith(os.sep) or Path(output).is_dir())


def jobs_of(data: Sequence[str], folder: str, form: str) -> list[Job]:
    """A job for each file. Raises UsageError for a pipe, and if two would be written to one file."""
    jobs: dict[str, Job] = {}
    for name in data:
        if is_stream(name):
            what = f"{display_name(name)}: what comes through a pipe has no name for a file in a folder"
            raise UsageError(what, hint="-o FILE")
        path = str(Path(folder) / f"{ENDINGS.sub('', Path(name).name) or Path(name).name}.{form}")
        if path in jobs:
            what = f"{quoted(jobs[path].name)} and {quoted(name)} would both be written to {quoted(path)}"
            raise UsageError(what, hint="give them one after another, each with a folder of its own")
        jobs[path] = Job(absolute_path(name), name, absolute_path(path))
    return list(jobs.values())


def made(folder: str) -> None:
    """Make a folder if it is not there. Raises UsageError if that cannot be."""
    try:
        Path(folder).mkdir(exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot make the folder {quoted(folder)}: {error.strerror}") from error


def done(jobs: Sequence[Job], predicting: Predicting, home: Home) -> Iterator[Written]:
    """Do all jobs, and yield what is known of each, in their order."""
    if isinstance(home, Spread):
        return home.told(predicting, jobs)
    return map(predicting, jobs)


def summed(written: Iterable[Written]) -> tuple[list[str], dict[str, int], list[SmtrainError]]:
    """The columns and the cells of unseen levels of all files together, and the errors, in order, each message once."""
    columns, unseen, errors = dict[str, None](), dict[str, int](), dict[str, SmtrainError]()
    for one in written:
        columns |= dict.fromkeys(one.columns)
        for name, count in (one.unseen or {}).items():
            unseen[name] = unseen.get(name, 0) + count
        if one.error is not None:
            errors.setdefault(one.error.message, one.error)
    return list(columns), unseen, list(errors.values())
