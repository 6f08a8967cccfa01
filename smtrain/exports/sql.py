"""One statement of SQL that SQLite, DuckDB and PostgreSQL read, at their default settings."""

import contextlib
import re
import sqlite3
from collections.abc import Collection, Iterable, Sequence

from smtrain.errors import UsageError, quoted
from smtrain.exports.interface import Golden, Options, Portable, Row
from smtrain.exports.sql_statement import READS, TABLE, Statement
from smtrain.exports.sql_text import identifier
from smtrain.exports.stamp import stamp
from smtrain.model.encoder import name_of_p

OPTIONS = ("table", "keep", "dbt")
TOLERANCE = 1e-9
# PostgreSQL cuts names off there, and then takes one for another.
LONGEST_NAME = 63
# A name that means what it does without quotes, with its schema: in small letters, as PostgreSQL folds it.
PLAIN_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)


def write(portable: Portable, golden: Golden, options: Options) -> bytes:
    """The statement. Raises UsageError for names that a database cannot have."""
    _check_names(portable, options)
    about = stamp(portable)
    head = f"-- A model of smtrain {about['smtrain']}, SHA-256 {about['model_sha256']}\n"
    names = [*golden.rows[0], *map(name_of_p, portable.classes)]
    lines = [f"-- {_comment(names)}"]
    for row, p in zip(golden.rows, golden.probabilities, strict=True):
        lines.append(f"-- {_comment([*row.values(), *p])}")
    notes = "-- Rows with their probabilities, to test it with:\n" + "\n".join(lines) + "\n"
    statement = Statement(portable, options.keep)
    text = head + statement.text() + "\n" + notes
    _check_table(options, statement.parts)
    return _of_table(text, options).encode()


RAW, END_RAW = "{% raw %}", "{% endraw %}"


def _of_table(text: str, options: Options) -> str:
    """The text with the table's name; for dbt with its reference, and all else as dbt takes it literally."""
    if not options.dbt:
        return text.replace(TABLE, ".".join(map(identifier, _parts(options.table))))
    if "{%" in text:
        raise UsageError("a name or a level has {% in it, which means something to dbt")
    # repr, for a text of Jinja is written as one of Python.
    reference = "{{ ref(" + repr(options.table) + ") }}"
    return RAW + text.replace(TABLE, END_RAW + reference + RAW) + END_RAW + "\n"


def _parts(table: str) -> list[str]:
    """The name of a table after those of its schemas. Words of SQL, such as `order`, are names in quotes only."""
    return table.lower().split(".") if PLAIN_NAME.fullmatch(table) else [table]


def _check_table(options: Options, parts: Collection[str]) -> None:
    """Raise UsageError for a table that has the name of a part of the statement, and would be taken for that."""
    if not options.dbt and options.table.lower() in parts:
        what = f"--table {quoted(options.table)}: a part of the statement has this name"
        raise UsageError(what, hint="put the schema before it: main in SQLite and DuckDB, public in PostgreSQL")


def _check_names(portable: Portable, options: Options) -> None:
    columns, outputs = [one.name for one in portable.columns], ["prediction", *map(name_of_p, portable.classes)]
    for name in [*columns, *outputs]:
        _check_length(name, "rename it in the table, and fit again")
    for name in [*_parts(options.table), *options.keep]:
        _check_length(name, "rename it in the database")
        if not name or "\0" in name:
            raise UsageError("--table and --keep: a name has a character at least, and no NUL")
    for names in (columns, outputs):
        twice = _twice(names)
        if twice is not None:
            what = f"the columns {quoted(twice[0])} and {quoted(twice[1])} are one to SQLite and DuckDB, which do not"
            raise UsageError(f"{what} tell capital letters from small ones", hint="rename one, and fit again")
    twice = _twice([*outputs, *options.keep])
    if twice is not None:
        raise UsageError(f"--keep {quoted(twice[1])}: the predictions have a column of this name")


def _twice(names: Iterable[str]) -> tuple[str, str] | None:
    """The first two names that differ in nothing but capital letters."""
    before: dict[bytes, str] = {}
    for name in names:
        small = name.encode().lower()  # as bytes: databases have capitals of ASCII alone
        if small in before:
            return before[small], name
        before[small] = name
    return None


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
    # Without types, which SQLite does not ask for.
    names = list(dict.fromkeys([*rows[0], *options.keep]))
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.execute(f"CREATE TABLE {name} ({', '.join(map(identifier, names))})")
        places = ", ".join("?" * len(names))
        database.executemany(f"INSERT INTO {name} VALUES ({places})", [[row.get(key) for key in names] for row in rows])
        return [[*found[len(options.keep) + 1 :]] for found in database.execute(statement)]
