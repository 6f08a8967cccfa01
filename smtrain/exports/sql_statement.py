"""The statement of SQL of a model, a chain of common table expressions.

1. `levels_j`: a table of the levels of a column of words, with the weights of each class.
2. `cells`: the cells of the table, numbers standardised (NULL where missing), words as texts.
3. `logits_1`, `logits_2`, …: the sums z, with the tables of levels joined, some in each.
4. `top_1`, …: the largest z by a tournament, for there is no function of its name that all three know.
5. `softmax`: e = exp(z − largest).
6. The prediction, and e / Σ e.

Each is MATERIALIZED: else an expression would be put wherever its name stands, and grow without bounds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from smtrain.exports.interface import Numbers, Portable, Words
from smtrain.exports.sql_text import among, balanced, identifier, is_no_number, literal, number, weight
from smtrain.sources.dialect import BLANKS, LARGEST

TABLE = "\0table"  # no name has a NUL
# How the table is read, with what follows: a level or a name may have the same words as the first line.
READS = f"\nFROM {TABLE} AS t),\nlogits_1 AS MATERIALIZED (SELECT"
# SQLite joins 64 tables at most.
JOINS = 32
# exp of less is an error in PostgreSQL.
LEAST_EXPONENT = "-700e0"
# A standardised number that is less counts as 0 for the reason of LEAST_WEIGHT.
LEAST_NUMBER = 1e-50
# What stands for a cell that is no number that a model may meet: larger than any that is standardised.
FAULT = "1e250"


def name_of_p(portable: Portable, k: int) -> str:
    """The column of the probabilities of a class."""
    return f"p({portable.classes[k]})"


@dataclass
class Statement:
    """The parts of the statement, each with its name."""

    portable: Portable
    keep: tuple[str, ...]
    parts: list[str] = field(default_factory=list)

    @property
    def classes(self) -> range:
        """The places of the classes."""
        return range(len(self.portable.classes))

    @property
    def numbers(self) -> list[tuple[int, Numbers]]:
        """The columns of numbers, each with its place among all."""
        return [(j, column) for j, column in enumerate(self.portable.columns) if isinstance(column, Numbers)]

    @property
    def words(self) -> list[tuple[int, Words]]:
        """The columns of words, each with its place among all."""
        return [(j, column) for j, column in enumerate(self.portable.columns) if isinstance(column, Words)]

    @property
    def missing(self) -> list[str]:
        """The texts that mean missing, in quotes."""
        return [*map(literal, sorted(self.portable.meaning.missing))]

    @property
    def kept(self) -> list[str]:
        """The names of what all parts hand on: the columns that are kept, and how many cells are no numbers."""
        return [f"keep_{i}" for i in range(len(self.keep))] + ["faults"]

    def text(self) -> str:
        """The whole statement."""
        for j, column in self.words:
            if column.levels:
                self.parts.append(f"levels_{j} (level, {self._names('w')}) AS (VALUES\n{_levels(column)})")
        self._add("cells", self._cells(), f"{TABLE} AS t")
        self._softmax(self._all_logits())
        return "WITH\n" + ",\n".join(self.parts) + "\n" + self._predictions()

    def _all_logits(self) -> str:
        """Add the sums of all columns. Return the name of the last."""
        z = [balanced([_number_term(j, column, k) for j, column in self.numbers]) for k in self.classes]
        z = [f"{weight(b)}+{sum_of}" for b, sum_of in zip(self.portable.intercept, z, strict=True)]
        source = "cells"
        for i in range(max(1, -(-len(self.words) // JOINS))):
            group, later = self.words[i * JOINS : (i + 1) * JOINS], self.words[(i + 1) * JOINS :]
            source = self._logits(i, group, later, z, source)
            z = [f"z{k}" for k in self.classes]
        return source

    def _names(self, letter: str) -> str:
        return ", ".join(f"{letter}{k}" for k in self.classes)

    def _add(self, name: str, columns: Sequence[str], source: str) -> None:
        self.parts.append(f"{name} AS MATERIALIZED (SELECT\n" + ",\n".join(columns) + f"\nFROM {source})")

    def _cells(self) -> list[str]:
        columns = [f"t.{identifier(name)} AS keep_{i}" for i, name in enumerate(self.keep)]
        for j, column in enumerate(self.portable.columns):
            cell = f"t.{identifier(column.name)}"
            columns += self._word(j, cell) if isinstance(column, Words) else [f"{self._number(cell, column)} AS x{j}"]
        return columns

    def _word(self, j: int, cell: str) -> list[str]:
        """The text of a cell, and whether it is missing."""
        text = f"CAST({cell} AS TEXT)"
        gap = f"CASE WHEN {cell} IS NULL THEN 1 ELSE {among(_trimmed(text), self.missing, '1', '0')} END"
        return [f"{text} AS c{j}", f"{gap} AS g{j}"]

    def _number(self, cell: str, column: Numbers) -> str:
        """A number standardised; NULL where it is missing, FAULT where it is none that a model may meet."""
        blank, value = _trimmed(f"CAST({cell} AS TEXT)"), f"CAST({cell} AS DOUBLE PRECISION)"
        values = [*map(number, sorted(self.portable.meaning.values))]
        # In this order: what is no number cannot be cast, what is too large or too small cannot be divided.
        is_none = f"WHEN {cell} IS NULL THEN NULL WHEN {is_no_number(blank)} THEN {FAULT}"
        is_large = f"WHEN ABS({value}) > {number(LARGEST)} THEN {FAULT}"
        centred = f"({value}+{number(-column.mean)})"
        is_small = f"WHEN ABS{centred} < {number(LEAST_NUMBER * column.scale)} THEN 0e0"
        x = among(value, values, "NULL", f"CASE {is_small} ELSE {centred}/{number(column.scale)} END")
        return among(blank, self.missing, "NULL", f"CASE {is_none} {is_large} ELSE {x} END")

    def _faults(self) -> str:
        """How many cells of a row are no numbers that a model may meet."""
        return balanced([f"CASE WHEN x{j} = {FAULT} THEN 1 ELSE 0 END" for j, _ in self.numbers] or ["0"])

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
        columns = [*kept, *_texts(later)]
        for k in self.classes:
            columns.append(f"{balanced([z[k], *(_word_term(j, column, k) for j, column in group)])} AS z{k}")
        joins = "".join(f"\nLEFT JOIN levels_{j} ON levels_{j}.level = c{j}" for j, column in group if column.levels)
        self._add(f"logits_{i + 1}", columns, source + joins)
        return f"logits_{i + 1}"

    def _softmax(self, source: str) -> None:
        """Add the largest z, two and two, and then the exponentials."""
        z = [f"z{k}" for k in self.classes]
        rivals, carried, i = z, [*self.kept, *z], 0
        while len(rivals) > 1:
            i += 1
            pairs = [rivals[j : j + 2] for j in range(0, len(rivals), 2)]
            larger = [f"CASE WHEN {a[0]} >= {a[-1]} THEN {a[0]} ELSE {a[-1]} END" for a in pairs]
            tops = [f"{one} AS top_{i}_{j}" for j, one in enumerate(larger)]
            self._add(f"top_{i}", [*carried, *tops], source)
            rivals, source = [f"top_{i}_{j}" for j in range(len(pairs))], f"top_{i}"
        top = rivals[0]
        powers = [f"CASE WHEN {a}-{top} < {LEAST_EXPONENT} THEN {LEAST_EXPONENT} ELSE {a}-{top} END" for a in z]
        e = [f"EXP({power}) AS e{k}" for k, power in enumerate(powers)]
        self._add("softmax", [*carried, f"{top} AS top", *e], source)

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


def _texts(words: Sequence[tuple[int, Words]]) -> list[str]:
    """The names of cells of words, and of whether they are missing."""
    return [f"{letter}{j}" for j, _ in words for letter in "cg"]


def _trimmed(text: str) -> str:
    return f"TRIM({text}, {literal(BLANKS)})"


def _number_term(j: int, column: Numbers, k: int) -> str:
    """What a number adds to z: its weight times it, or the weight of a gap."""
    return f"COALESCE(x{j}*{weight(column.weights[k])}, {weight(column.gap[k])})"


def _word_term(j: int, column: Words, k: int) -> str:
    """What a word adds to z: the weight of its level, or of a missing cell, or nothing."""
    gap = f"CASE WHEN g{j} = 1 THEN {weight(column.gap[k])} ELSE 0e0 END" if any(column.gap) else "0e0"
    return f"COALESCE(levels_{j}.w{k}, {gap})" if column.levels else gap
