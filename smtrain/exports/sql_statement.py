"""The statement of SQL of a model, a chain of common table expressions.

1. `source`: the cells of the columns that are read, with a number `id` for each row.
2. `weights_i`: a table of the weights of some columns of numbers, a row for each class. SQLite compares each number of
   an expression with all others: as factors in sums they would take it minutes.
3. `cells_i`: the same columns standardised, NULL where a cell is no number, so that all sums with it are NULL;
   `sums_i`: what they add to z, a row for each row and class.
4. `levels_j`: a table of the levels of a column of words, with the weights of each class.
5. `texts`, `words_0`, `words_1`, …: the columns of words as texts, and their sums, some columns in each; `sums`: the
   same as of numbers.
6. `logits`: the sums z of all these in one row, by the only GROUP BY. The columns that are kept come along all the way:
   SQLite guesses how many rows a part has, and may read all of `source` for each row of another part.
7. `top_1`, …: the largest z by a tournament, for there is no function of its name that all three know.
8. `powers`: the place of the prediction among the classes, and e = exp(z − largest); `softmax`: Σ e with them.
9. The prediction, and e / Σ e.

Each is MATERIALIZED: else an expression would be put wherever its name stands, and grow without bounds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from smtrain.errors import UsageError
from smtrain.exports.interface import Numbers, Portable, Words
from smtrain.exports.sql_cells import Cells, number_term, word_term
from smtrain.exports.sql_text import balanced, identifier, literal, weight
from smtrain.model.encoder import name_of_p

TABLE = "\0table"  # no name has a NUL
# How the table is read, with what comes before: a name may have the same words as the second line.
READS = f"ROW_NUMBER() OVER () AS id\nFROM {TABLE} AS t)"
# How many columns of numbers have their weights in one table: PostgreSQL limits columns, DuckDB plans many slowly.
WIDTH = 100
# SQLite joins 64 tables at most.
JOINS = 32
# What PostgreSQL has of columns in a table; SQLite has 2,000.
MOST_COLUMNS = 1600
# exp of less is an error in PostgreSQL.
LEAST_EXPONENT = "-700e0"
Column = TypeVar("Column")


@dataclass
class Statement:
    """The parts of the statement, each with its name."""

    portable: Portable
    keep: tuple[str, ...]
    parts: dict[str, str] = field(default_factory=dict)

    @property
    def classes(self) -> range:
        """The places of the classes."""
        return range(len(self.portable.classes))

    @property
    def row(self) -> list[str]:
        """The names of what all parts up to `logits` hand on: the number of the row, and the columns that are kept."""
        return ["id", *self.kept]

    @property
    def kept(self) -> list[str]:
        """The names of the columns that are kept."""
        return [f"keep_{i}" for i in range(len(self.keep))]

    @property
    def numbers(self) -> list[tuple[int, Numbers]]:
        """The columns of numbers, each with its place among all."""
        return [(j, column) for j, column in enumerate(self.portable.columns) if isinstance(column, Numbers)]

    @property
    def words(self) -> list[tuple[int, Words]]:
        """The columns of words, each with its place among all."""
        return [(j, column) for j, column in enumerate(self.portable.columns) if isinstance(column, Words)]

    def text(self) -> str:
        """The whole statement. Raises UsageError for a model with more columns than PostgreSQL has."""
        kept = [f"t.{identifier(name)} AS {one}" for one, name in zip(self.kept, self.keep, strict=True)]
        cells = [f"t.{identifier(column.name)} AS c{j}" for j, column in enumerate(self.portable.columns)]
        # The number of the row is the last of its columns, as READS has it.
        self._add("source", [*kept, *cells, "ROW_NUMBER() OVER () AS id"], f"{TABLE} AS t")
        sums = [*self._sums_of_numbers()]
        if self.words or not sums:
            sums.append(self._sums_of_words())
        self._logits(sums)
        self._softmax()
        predictions = self._predictions()
        return "WITH\n" + ",\n".join(self.parts.values()) + "\n" + predictions

    def _add(self, name: str, columns: Sequence[str], source: str) -> None:
        self.parts[name] = f"{name} AS MATERIALIZED ({_select(columns, source)})"

    def _add_values(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        lines = ",\n".join(f"({', '.join(row)})" for row in rows)
        self.parts[name] = f"{name} ({', '.join(columns)}) AS MATERIALIZED (VALUES\n{lines})"

    def _names(self, letter: str) -> list[str]:
        return [f"{letter}{k}" for k in self.classes]

    def _sums_of_numbers(self) -> Iterator[str]:
        """Add what columns of numbers add to z, a row for each row and class; the names of the parts."""
        cells = Cells(self.portable.meaning)
        for i, group in enumerate(_groups(self.numbers, WIDTH)):
            self._weights(f"weights_{i}", group)
            standardised = [f"{cells.number(f'c{j}', column)} AS x{j}" for j, column in group]
            self._add(f"cells_{i}", [*self.row, *standardised], "source")
            z = balanced([number_term(j, column) for j, column in group])
            # Not within the GROUP BY: PostgreSQL would work out the sum for each class again.
            self._add(f"sums_{i}", [*self.row, "class", f"{z} AS z"], f"cells_{i} CROSS JOIN weights_{i}")
            yield f"sums_{i}"

    def _weights(self, name: str, group: Sequence[tuple[int, Numbers]]) -> None:
        """Add the table of the weights of some columns, and of their gaps where these have any."""
        columns = {f"w{j}": column.weights for j, column in group}
        columns |= {f"g{j}": column.gap for j, column in group if any(column.gap)}
        rows = [[str(k), *(weight(of_column[k]) for of_column in columns.values())] for k in self.classes]
        self._add_values(name, ["class", *columns], rows)

    def _sums_of_words(self) -> str:
        """Add what columns of words add to z, a row for each row and class. Return the name of the part."""
        cells, texts = Cells(self.portable.meaning), self.row
        for j, column in self.words:
            if column.levels:
                rows = [[literal(level), *map(weight, weights)] for level, weights in column.levels.items()]
                self._add_values(f"levels_{j}", ["level", *self._names("w")], rows)
            texts += [f"{one} AS {letter}{j}" for letter, one in zip("cg", cells.word(f"c{j}"), strict=True)]
        self._add("texts", texts, "source")
        last = self._words()
        self._add_values("classes", ["class"], [[str(k)] for k in self.classes])
        whens = " ".join(f"WHEN {k} THEN z{k}" for k in self.classes)
        self._add("sums", [*self.row, "class", f"CASE class {whens} END AS z"], f"{last} CROSS JOIN classes")
        return "sums"

    def _words(self) -> str:
        """Add the sums of words, with the texts that later ones need. Return the name of the last."""
        source, z = "texts", ["0e0" for _ in self.classes]
        for i, group in enumerate(_groups(self.words, JOINS) or [[]]):
            later = [f"{letter}{j}" for j, _ in self.words[(i + 1) * JOINS :] for letter in "cg"]
            terms = [balanced([one, *(word_term(j, column, k) for j, column in group)]) for k, one in enumerate(z)]
            joins = [f" LEFT JOIN levels_{j} ON levels_{j}.level = c{j}" for j, column in group if column.levels]
            columns = [*self.row, *later, *(f"{term} AS z{k}" for k, term in enumerate(terms))]
            self._add(f"words_{i}", columns, source + "".join(joins))
            source, z = f"words_{i}", self._names("z")
        return source

    def _logits(self, sums: Sequence[str]) -> None:
        """Add the sums of all columns: NULL where one of them is, which a sum of SQL would pass over."""
        z = [f"CASE WHEN COUNT(*) = COUNT(z) THEN SUM(z) FILTER (WHERE class = {k}) END" for k in self.classes]
        z = [f"{weight(b)}+{one}" for b, one in zip(self.portable.intercept, z, strict=True)]
        columns = [f"{one} AS z{k}" for k, one in enumerate(z)]
        row = ", ".join(self.row)
        every = "\nUNION ALL\n".join(f"SELECT {row}, class, z FROM {one}" for one in sums)
        self._add("logits", [*self.kept, *columns], f"({every}) AS all_sums\nGROUP BY {row}")

    def _softmax(self) -> None:
        """Add the largest z, two and two, and then the exponentials."""
        z, source, i = self._names("z"), "logits", 0
        rivals = z
        while len(rivals) > 1:
            i += 1
            pairs = [rivals[j : j + 2] for j in range(0, len(rivals), 2)]
            larger = [f"CASE WHEN {a[0]} >= {a[-1]} THEN {a[0]} ELSE {a[-1]} END" for a in pairs]
            self._add(f"top_{i}", [*self.kept, *z, *(f"{one} AS top_{i}_{j}" for j, one in enumerate(larger))], source)
            rivals, source = [f"top_{i}_{j}" for j in range(len(pairs))], f"top_{i}"
        top = rivals[0]
        place = " ".join(f"WHEN {a} = {top} THEN {k}" for k, a in enumerate(z))
        powers = [f"CASE WHEN {a}-{top} < {LEAST_EXPONENT} THEN {LEAST_EXPONENT} ELSE {a}-{top} END" for a in z]
        e = [f"EXP({power}) AS e{k}" for k, power in enumerate(powers)]
        self._add("powers", [*self.kept, f"CASE {place} END AS place", *e], source)
        total = f"{balanced(self._names('e'))} AS total"
        self._add("softmax", [*self.kept, "place", *self._names("e"), total], "powers")

    def _predictions(self) -> str:
        whens = "\n".join(f"WHEN {k} THEN {literal(name)}" for k, name in enumerate(self.portable.classes))
        columns = [f"{one} AS {identifier(name)}" for one, name in zip(self.kept, self.keep, strict=True)]
        columns.append(f"CASE place\n{whens} END AS prediction")
        columns += [f"e{k}/total AS {identifier(name_of_p(name))}" for k, name in enumerate(self.portable.classes)]
        return _select(columns, "softmax")


def _groups(columns: Sequence[Column], size: int) -> list[Sequence[Column]]:
    return [columns[i : i + size] for i in range(0, len(columns), size)]


def _select(columns: Sequence[str], source: str) -> str:
    """A query. Raises UsageError for one with more columns than PostgreSQL has."""
    if len(columns) > MOST_COLUMNS:
        what = f"the model is too large for SQL: PostgreSQL has tables of {MOST_COLUMNS:,} columns at most"
        raise UsageError(f"{what}, and a part of the statement has {len(columns):,}", hint="other formats can hold it")
    return "SELECT\n" + ",\n".join(columns) + f"\nFROM {source}"
