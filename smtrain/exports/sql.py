"""One statement of SQL that SQLite, DuckDB and PostgreSQL read, at their default settings."""

import contextlib
import re
import sqlite3
from collections.abc import Sequence

from smtrain.errors import UsageError, quoted
from smtrain.exports.interface import Golden, Options, Portable, Row, numeric
from smtrain.exports.sql_statement import READS, TABLE, Statement, name_of_p
from smtrain.exports.sql_text import identifier
from smtrain.exports.stamp import stamp

OPTIONS = ("table", "keep", "dbt")
TOLERANCE = 1e-9
# PostgreSQL cuts names off there, and then takes one for another.
LONGEST_NAME = 63
# A name that is put as it stands, with its schema: one in quotes would be another in PostgreSQL, which folds it.
PLAIN_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)


def write(portable: Portable, golden: Golden, options: Options) -> bytes:
    """The statement. Raises UsageError for names that a database cannot have."""
    _check_names(portable, options)
    about = stamp(portable)
    head = f"-- A model of smtrain {about['smtrain']}, SHA-256 {about['model_sha256']}\n"
    names = [*golden.rows[0], *[name_of_p(portable, k) for k in range(len(portable.classes))]]
    lines = [f"-- {_comment(names)}"]
    for row, p in zip(golden.rows, golden.probabilities, strict=True):
        lines.append(f"-- {_comment([*row.values(), *p])}")
    notes = "-- Rows with their probabilities, to test it with:\n" + "\n".join(lines) + "\n"
    text = head + Statement(portable, options.keep).text() + "\n" + notes
    return _of_table(text, options).encode()


RAW, END_RAW = "{% raw %}", "{% endraw %}"


def _of_table(text: str, options: Options) -> str:
    """The text with the table's name; for dbt with its reference, and all else as dbt takes it literally."""
    if not options.dbt:
        name = options.table if PLAIN_NAME.fullmatch(options.table) else identifier(options.table)
        return text.replace(TABLE, name)
    if "{%" in text:
        raise UsageError("a name or a level has {% in it, which means something to dbt")
    # repr, for a text of Jinja is written as one of Python.
    reference = "{{ ref(" + repr(options.table) + ") }}"
    return RAW + text.replace(TABLE, END_RAW + reference + RAW) + END_RAW + "\n"


def _check_names(portable: Portable, options: Options) -> None:
    outputs = ["prediction", *(name_of_p(portable, k) for k in range(len(portable.classes)))]
    tables = options.table.split(".") if PLAIN_NAME.fullmatch(options.table) else [options.table]
    for name in [*(column.name for column in portable.columns), *outputs]:
        _check_length(name, "rename it in the table, and fit again")
    for name in [*tables, *options.keep]:
        _check_length(name, "rename it in the database")
        if not name or "\0" in name:
            raise UsageError("--table and --keep: a name has a character at least, and no NUL")
    for i, name in enumerate(options.keep):
        if name in (*outputs, *options.keep[:i]):
            raise UsageError(f"--keep {quoted(name)}: the predictions have a column of this name")


def _check_length(name: str, hint: str) -> None:
    if len(name.encode()) > LONGEST_NAME:
        what = f"the name {quoted(name)} is too long for SQL: PostgreSQL cuts names at {LONGEST_NAME} bytes"
        raise UsageError(what, hint=hint)


def _comment(cells: Sequence[object]) -> str:
    """Cells as the CSV of a comment, which is one line."""
    return re.sub(r"\s", " ", ",".join("" if cell is None else str(cell) for cell in cells))


def _bare(text: str) -> str:
    """A text without what tells dbt to take it literally."""
    return text.removeprefix(RAW).rstrip().removesuffix(END_RAW)


def run(artefact: bytes, rows: Sequence[Row], options: Options) -> list[list[float]]:
    """By SQLite, with a table of the rows in the place of the one that is named."""
    table = "rows of a test"
    name = identifier(table)
    read, reading = (_bare(_of_table(READS, one)) for one in (options, Options(table=table)))
    statement = _bare(artefact.decode()).replace(read, reading, 1)
    kinds = {key: "DOUBLE PRECISION" if key in numeric(rows) else "TEXT" for key in rows[0]}
    kinds |= dict.fromkeys([one for one in options.keep if one not in kinds], "TEXT")
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.execute(
            f"CREATE TABLE {name} ({', '.join(f'{identifier(key)} {kind}' for key, kind in kinds.items())})"
        )
        places = ", ".join("?" * len(kinds))
        database.executemany(f"INSERT INTO {name} VALUES ({places})", [[row.get(key) for key in kinds] for row in rows])
        return [[*found[len(options.keep) + 1 :]] for found in database.execute(statement)]
