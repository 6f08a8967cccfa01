"""One statement of SQL that SQLite, DuckDB and PostgreSQL read, at their default settings.

It is a chain of common table expressions:

1. `levels_j`: a table of the levels of a column of words, with the weights of each class.
2. `cells`: the cells of the table, numbers standardised (NULL where missing), words as texts.
3. `logits_1`, `logits_2`, …: the sums z, with the tables of levels joined, some in each.
4. `top_1`, …: the largest z by a tournament, for there is no function of its name that all three know.
5. `softmax`: e = exp(z − largest).
6. The prediction, and e / Σ e.

Each is MATERIALIZED: else an expression would be put wherever its name stands, and grow without bounds.
"""

import contextlib
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

from smtrain.errors import UsageError, quoted
from smtrain.exports.interface import Golden, Numbers, Options, Portable, Row, Words, numeric
from smtrain.exports.stamp import stamp
from smtrain.sources.dialect import BLANKS, LARGEST

OPTIONS = ("table", "keep", "dbt")
TOLERANCE = 1e-9
# SQLite joins 64 tables at most.
JOINS = 32
# PostgreSQL cuts names off there, and then takes one for another.
LONGEST_NAME = 63
# exp of less is an error in PostgreSQL.
LEAST_EXPONENT = "-700e0"
# A weight that is less is 0: a product with it may be an error in PostgreSQL, if it is too small for a number.
LEAST_WEIGHT = 1e-250
# A standardised number that is less counts as 0 for the same reason.
LEAST_NUMBER = 1e-50
# What stands for a cell that is no number that a model may meet: larger than any that is standardised.
FAULT = "1e250"
DIGITS = "0123456789"
# What numbers have inside of their digits, besides a point.
EXPONENTS = ["''", "'e'", "'E'", "'e-'", "'E-'", "'e+'", "'E+'"]
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
    text = head + _Statement(portable, options.keep).text() + "\n" + notes
    return _of_table(text, options).encode()


TABLE = "\0table"  # no name has a NUL
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


def name_of_p(portable: Portable, k: int) -> str:
    """The column of the probabilities of a class."""
    return f"p({portable.classes[k]})"


def identifier(name: str) -> str:
    """A name in quotes."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text in quotes."""
    return "'" + text.replace("'", "''") + "'"


def number(value: float) -> str:
    """A number that every database takes for one of double precision."""
    text = repr(float(value))
    return text if "e" in text else f"{text}e0"


def weight(value: float) -> str:
    """A weight as a number."""
    return number(value if abs(value) > LEAST_WEIGHT else 0)


def balanced(terms: Sequence[str]) -> str:
    """The sum of terms in pairs of pairs: databases limit how deep an expression is."""
    parts = list(terms) or ["0e0"]
    while len(parts) > 1:
        parts = [f"({'+'.join(parts[i : i + 2])})" for i in range(0, len(parts), 2)]
    return parts[0]


def among(expression: str, values: Sequence[str], then: str, other: str) -> str:
    """`then` if an expression is one of some values, else `other`."""
    # Not by IN, of which DuckDB makes a join each: with a thousand columns it would take minutes to make sense of them.
    return (
        f"CASE {expression} {' '.join(f'WHEN {one} THEN {then}' for one in values)} ELSE {other} END"
        if values
        else other
    )


def is_no_number(blank: str) -> str:
    """Whether a text without blanks around it is none that a database casts to a number."""
    # By what is left without digits, for there is no regular expression that all three know.
    inside = f"LTRIM(TRIM(LTRIM({blank}, '+-'), '{DIGITS}'), '.{DIGITS}')"
    start, second = f"LTRIM({blank}, '+-.')", f"SUBSTR({blank}, 2, 1)"
    return (
        f"{among(inside, EXPONENTS, '0', '1')} = 1 OR RTRIM({blank}, '+-eE') <> {blank} OR {blank} LIKE '%.%.%' OR "
        f"LTRIM({start} || 'e', 'eE') <> {start} || 'e' OR LTRIM({second}, '+-') <> {second}"
    )


def _comment(cells: Sequence[object]) -> str:
    """Cells as the CSV of a comment, which is one line."""
    return re.sub(r"\s", " ", ",".join("" if cell is None else str(cell) for cell in cells))


@dataclass
class _Statement:
    """The parts of the statement, each with its name."""

    portable: Portable
    keep: tuple[str, ...]
    parts: list[str] = field(default_factory=list)

    @property
    def classes(self) -> range:
        return range(len(self.portable.classes))

    @property
    def kept(self) -> list[str]:
        return [f"keep_{i}" for i in range(len(self.keep))] + ["faults"]

    def text(self) -> str:
        """The whole statement."""
        places = {column.name: j for j, column in enumerate(self.portable.columns)}
        words = [(places[column.name], column) for column in self.portable.words]
        for j, column in words:
            if column.levels:
                self.parts.append(f"levels_{j} (level, {self._names('w')}) AS (VALUES\n{_levels(column)})")
        self._add("cells", self._cells(), f"{TABLE} AS t")
        z = [balanced([_term(j, column, k) for j, column in self._numbers(places)]) for k in self.classes]
        z = [f"{weight(b)}+{sum_of}" for b, sum_of in zip(self.portable.intercept, z, strict=True)]
        groups = [words[i : i + JOINS] for i in range(0, len(words), JOINS)] or [[]]
        source = "cells"
        for i, group in enumerate(groups):
            source = self._logits(i, group, [pair for later in groups[i + 1 :] for pair in later], z, source)
            z = [f"z{k}" for k in self.classes]
        return "WITH\n" + ",\n".join([*self.parts, *self._softmax(source)]) + "\n" + self._predictions()

    def _numbers(self, places: dict[str, int]) -> list[tuple[int, Numbers]]:
        return [(places[column.name], column) for column in self.portable.numbers]

    def _names(self, letter: str) -> str:
        return ", ".join(f"{letter}{k}" for k in self.classes)

    def _add(self, name: str, columns: Sequence[str], source: str) -> None:
        self.parts.append(f"{name} AS MATERIALIZED (SELECT\n" + ",\n".join(columns) + f"\nFROM {source})")

    def _cells(self) -> list[str]:
        columns = [f"t.{identifier(name)} AS keep_{i}" for i, name in enumerate(self.keep)]
        missing = [*map(literal, sorted(self.portable.meaning.missing))]
        values = [*map(number, sorted(self.portable.meaning.values))]
        for j, column in enumerate(self.portable.columns):
            cell = f"t.{identifier(column.name)}"
            text = f"CAST({cell} AS TEXT)"
            blank = f"TRIM({text}, {literal(BLANKS)})"
            if isinstance(column, Words):
                gap = f"CASE WHEN {cell} IS NULL THEN 1 ELSE {among(blank, missing, '1', '0')} END"
                columns += [f"{text} AS c{j}", f"{gap} AS g{j}"]
                continue
            value = f"CAST({cell} AS DOUBLE PRECISION)"
            # In this order: what is no number cannot be cast, what is too large or too small cannot be divided.
            is_none = f"WHEN {cell} IS NULL THEN NULL WHEN {is_no_number(blank)} THEN {FAULT}"
            is_large = f"WHEN ABS({value}) > {number(LARGEST)} THEN {FAULT}"
            centred = f"({value}+{number(-column.mean)})"
            is_small = f"WHEN ABS{centred} < {number(LEAST_NUMBER * column.scale)} THEN 0e0"
            x = among(value, values, "NULL", f"CASE {is_small} ELSE {centred}/{number(column.scale)} END")
            x = among(blank, missing, "NULL", f"CASE {is_none} {is_large} ELSE {x} END")
            columns.append(f"{x} AS x{j}")
        return columns

    def _faults(self) -> str:
        """How many cells of a row are no numbers that a model may meet."""
        numbers = [j for j, column in enumerate(self.portable.columns) if isinstance(column, Numbers)]
        return balanced([f"CASE WHEN x{j} = {FAULT} THEN 1 ELSE 0 END" for j in numbers]) if numbers else "0"

    def _logits(
        self,
        i: int,
        group: list[tuple[int, Words]],
        later: list[tuple[int, Words]],
        z: list[str],
        source: str,
    ) -> str:
        """Add the sums with the words of a group; what later groups need stays. Return the name."""
        kept = self.kept if i else [*self.kept[:-1], f"{self._faults()} AS faults"]
        columns = [*kept, *(f"{letter}{j}" for j, _ in later for letter in "cg")]
        for k in self.classes:
            columns.append(f"{balanced([z[k], *(_word(j, column, k) for j, column in group)])} AS z{k}")
        joins = "".join(f"\nLEFT JOIN levels_{j} ON levels_{j}.level = c{j}" for j, column in group if column.levels)
        self._add(f"logits_{i + 1}", columns, source + joins)
        return f"logits_{i + 1}"

    def _softmax(self, source: str) -> list[str]:
        """The largest z, two and two, and then its exponentials."""
        parts, rivals, carried = [], [f"z{k}" for k in self.classes], [*self.kept, *(f"z{k}" for k in self.classes)]
        i = 0
        while len(rivals) > 1:
            i += 1
            pairs = [rivals[j : j + 2] for j in range(0, len(rivals), 2)]
            tops = [
                f"CASE WHEN {a[0]} >= {a[-1]} THEN {a[0]} ELSE {a[-1]} END AS top_{i}_{j}" for j, a in enumerate(pairs)
            ]
            parts.append(f"top_{i} AS MATERIALIZED (SELECT\n" + ",\n".join([*carried, *tops]) + f"\nFROM {source})")
            rivals, source = [f"top_{i}_{j}" for j in range(len(pairs))], f"top_{i}"
        top = rivals[0]
        e = [
            f"EXP(CASE WHEN z{k}-{top} < {LEAST_EXPONENT} THEN {LEAST_EXPONENT} ELSE z{k}-{top} END) AS e{k}"
            for k in self.classes
        ]
        columns = [*carried, f"{top} AS top", *e]
        parts.append("softmax AS MATERIALIZED (SELECT\n" + ",\n".join(columns) + f"\nFROM {source})")
        return parts

    def _predictions(self) -> str:
        total = balanced([f"e{k}" for k in self.classes])
        whens = "\n".join(f"WHEN z{k} = top THEN {literal(name)}" for k, name in enumerate(self.portable.classes))
        columns = [f"keep_{i} AS {identifier(name)}" for i, name in enumerate(self.keep)]
        columns.append(f"CASE WHEN faults > 0 THEN NULL\n{whens} END AS prediction")
        for k in self.classes:
            name = identifier(name_of_p(self.portable, k))
            columns.append(f"CASE WHEN faults = 0 THEN e{k}/{total} END AS {name}")
        return "SELECT\n" + ",\n".join(columns) + "\nFROM softmax"


def _levels(column: Words) -> str:
    return ",\n".join(f"({literal(level)}, {', '.join(map(weight, w))})" for level, w in column.levels.items())


def _term(j: int, column: Numbers, k: int) -> str:
    """What a number adds to z: its weight times it, or the weight of a gap."""
    return f"COALESCE(x{j}*{weight(column.weights[k])}, {weight(column.gap[k])})"


def _word(j: int, column: Words, k: int) -> str:
    """What a word adds to z: the weight of its level, or of a missing cell, or nothing."""
    gap = f"CASE WHEN g{j} = 1 THEN {weight(column.gap[k])} ELSE 0e0 END" if any(column.gap) else "0e0"
    return f"COALESCE(levels_{j}.w{k}, {gap})" if column.levels else gap


def run(artefact: bytes, rows: Sequence[Row], options: Options) -> list[list[float]]:
    """By SQLite, with a table of the rows in the place of the one that is named."""
    name = identifier("rows of a test")
    reference = _of_table(f"FROM {TABLE} AS t", options).removeprefix(RAW).rstrip().removesuffix(END_RAW)
    statement = artefact.decode().removeprefix(RAW).rstrip().removesuffix(END_RAW)
    # With what follows it: a level or a name may have the same words.
    follows = "),\nlogits_1 AS MATERIALIZED (SELECT"
    statement = statement.replace(f"\n{reference}{follows}", f"\nFROM {name} AS t{follows}", 1)
    kinds = {key: "DOUBLE PRECISION" if key in numeric(rows) else "TEXT" for key in rows[0]}
    kinds |= dict.fromkeys([one for one in options.keep if one not in kinds], "TEXT")
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.execute(
            f"CREATE TABLE {name} ({', '.join(f'{identifier(key)} {kind}' for key, kind in kinds.items())})"
        )
        places = ", ".join("?" * len(kinds))
        database.executemany(f"INSERT INTO {name} VALUES ({places})", [[row.get(key) for key in kinds] for row in rows])
        return [[*found[len(options.keep) + 1 :]] for found in database.execute(statement)]
