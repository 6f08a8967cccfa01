"""Learning is a sum: however a table is cut and in whatever order neighbours are added, the same is learned or refused.

Cuts are of three kinds: blocks that know nothing of each other, added in any order; the pieces that a file is read in;
the batches of another source.
"""

import pickle
import random
from functools import partial
from itertools import pairwise

import numpy as np
import pytest

import smtrain as sm
from smtrain.fitting.arguments import config_of
from smtrain.fitting.blocks import read_block
from smtrain.fitting.learn import learn
from smtrain.fitting.roles import roles_of
from smtrain.fitting.summary import MISSING, NUMBER, VOTING_ROWS, WORD, Summary
from smtrain.fitting.vocabulary import Vocabulary
from smtrain.partitions.memory import MemoryHome
from smtrain.sources.cells import TextCells
from smtrain.sources.delimited import Delimited
from smtrain.sources.meaning import meaning_of
from smtrain.sources.notation import is_number
from smtrain.sources.opening import open_table
from smtrain.sources.piece import Piece
from smtrain.sources.table import Table
from smtrain.sources.text import TextBatch
from tests.homes import Pickling
from tests.lists import Lists

SEEDS = range(60)
LONG = 6  # one table in so many has more rows than vote
WORDS = ["red", "green", "blue", "m2", "two words", "Zoë", ""]
ODD = ["1,5", "12%", "$3", "?", "n/a", "7", "1e200", "-1e400", " 4 ", "1.0", "x"]
COLUMNS = {
    "whole": lambda chance, _: str(chance.randint(-3, 3)),
    "real": lambda chance, _: f"{chance.gauss(0, 1):.4f}" if chance.random() < 0.9 else "NA",
    "doubled": lambda _, i: str(i) if i < 20 else f"{i / 7!r}",
    "word": lambda chance, _: chance.choice(WORDS),
    "code": lambda chance, _: f"k{chance.randint(0, 200)}",
    "late words": lambda chance, i: "" if i < 40 else chance.choice("uv"),
    "late numbers": lambda chance, i: "" if i < 40 else str(chance.randint(0, 9)),
    "gaps": lambda chance, _: chance.choice(["", "NA"]),
    "counting": lambda _, i: str(i),
    "notation": lambda chance, _: chance.choice(["1,5", "2,25", "unknown"]),
    "mixed": lambda chance, _: chance.choice(["1", "2", "red"]),
}
FAULTS = {
    "y": ["", " ", "y", "new"],
    "w": ["-1", "", "x", "1e-70"],
}


def drawn(seed):
    """The names and rows of a table, and the options to fit it with."""
    chance = random.Random(seed)
    n = chance.choice([2, 9, 60, 200]) if seed % LONG else VOTING_ROWS + chance.randint(1, 200)
    kinds = chance.sample(sorted(COLUMNS), chance.randint(1, 4))
    names = [f"c{j}" for j, _ in enumerate(kinds)]
    rows = [[COLUMNS[kind](chance, i) for kind in kinds] for i in range(n)]
    for _ in range(chance.choice([0, 0, 1, 1, 2, 8])):
        chance.choice(rows)[chance.randrange(len(names))] = chance.choice(ODD)
    options = {"target": "y", "epochs": 2}
    if chance.random() < 0.3:
        options["weight"] = "w"
        names = [*names, "w"]
        rows = [[*row, chance.choice(["1", "2", "0.5", "0"])] for row in rows]
    if chance.random() < 0.3:
        options[chance.choice(["categorical", "numeric"])] = (names[0],)
    if chance.random() < 0.3:
        options["dialect"] = sm.Dialect(na_values=tuple(chance.sample(["?", "1.0", "red", "1e200", "2"], 2)))
    names, rows = [*names, "y"], [[*row, chance.choice("pqr")] for row in rows]
    for name, texts in FAULTS.items():
        if name in names and chance.random() < 0.15:
            chance.choice(rows)[names.index(name)] = chance.choice(texts)
    return names, rows, options


def quoted(cell):
    return f'"{cell}"' if "," in cell or not cell else cell


def lines_of(rows):
    return [",".join(map(quoted, row)) + "\n" for row in rows]


def written(folder, names, rows):
    path = folder / "t.csv"
    path.write_text("".join(lines_of([names, *rows])), encoding="utf-8")
    return str(path)


def added(chance, parts):
    """Neighbours added in any order."""
    while len(parts) > 1:
        k = chance.randrange(len(parts) - 1)
        parts = [*parts[:k], parts[k] + parts[k + 1], *parts[k + 2 :]]
    return parts[0]


def summaries(names, rows, options, cuts):
    """Of the rows between cuts, each block read without a word of the others."""
    config, lines = config_of(None, options), lines_of(rows)
    header = ",".join(names) + "\n"
    source = Delimited([("t.csv", iter([header.encode()]))], config.dialect, fitting=True)
    table = Table(source)
    roles = roles_of(table, config)
    table.weigh_by(roles.weight)
    for a, b in pairwise(cuts):
        batch = TextBatch(Piece("t.csv", "".join(lines[a:b]).encode(), 2 + a, ","), source)
        yield read_block(batch, table, roles, Summary.of_nothing(roles.kinds)).summary


def said(error):
    return None if error is None else (str(error), error.hint, error.line)


def told(summary, names):
    """All that a summary tells. A column that is refused tells why, and no more."""
    refused = {i for _, i, _ in summary.refused}
    return {
        "rows": summary.rows,
        "labels": told_of_vocabulary(summary.labels),
        "votes": summary.votes.tolist(),
        "sights": {
            i: (c.number, c.word, c.large, None if i in refused else c.odd, c.kind) for i, c in summary.columns.items()
        },
        "cells": {
            i: (c.missing, told_of_vocabulary(c.vocabulary)) for i, c in summary.columns.items() if i not in refused
        },
        "wrong": [wrong and (wrong.row, said(wrong.error)) for wrong in (summary.label, summary.weight)],
        "fault": said(summary.fault),
        "error": said(summary.error(names, ".", ended=True)),
    }


def told_of_vocabulary(vocabulary):
    return list(zip(vocabulary.texts, vocabulary.counts.tolist(), strict=True))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_table_may_be_cut_anywhere_and_added_in_any_order(seed):
    names, rows, options = drawn(seed)
    chance = random.Random(-1 - seed)
    (whole,) = summaries(names, rows, options, [0, len(rows)])
    expected = told(whole, names)
    for most in (2, 7, 40):
        between = chance.sample(range(1, len(rows)), min(len(rows) - 1, chance.randint(1, most)))
        parts = list(summaries(names, rows, options, [0, *sorted(between), len(rows)]))
        assert told(added(chance, parts), names) == expected
        assert told(added(chance, [pickle.loads(pickle.dumps(part)) for part in parts]), names) == expected


@pytest.mark.parametrize("seed", SEEDS)
def test_first_cells_and_votes_are_those_of_a_loop(seed):
    """Of all columns together, and cell by cell; the label comes first."""
    names, rows, options = drawn(seed)
    names, rows = [names[-1], *names[:-1]], [[row[-1], *row[:-1]] for row in rows]
    (found,) = summaries(names, rows, options, [0, len(rows)])
    if found.fault is not None:
        return
    meaning = meaning_of(options.get("dialect", sm.Dialect()))
    for j, (i, column) in enumerate(found.columns.items()):
        if column.given is not None:
            continue
        cells = [row[i] for row in rows]
        sorts = [MISSING if meaning.is_missing(cell) else NUMBER if is_number(cell) else WORD for cell in cells]
        assert found.votes[:, j].tolist() == sorts[:VOTING_ROWS]
        for sort, sight in ((NUMBER, column.number), (WORD, column.word)):
            first = sorts.index(sort) if sort in sorts else None
            assert sight == (None if first is None else (first, ("t.csv", 2 + first), cells[first]))


def outcome(data, options, tmp_path):
    """The bytes of a model, or what is said instead; errors without the name of their source."""
    try:
        model = sm.fit(data, **options)
    except sm.DataError as error:
        return str(error).removeprefix(error.source or ""), error.hint
    model.save(str(tmp_path / "m.npz"))
    return (tmp_path / "m.npz").read_bytes()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_file_may_be_read_in_pieces_of_any_size(seed, tmp_path):
    names, rows, options = drawn(seed)
    path, dialect = written(tmp_path, names, rows), options.get("dialect", sm.Dialect())
    expected = outcome(path, options, tmp_path)
    for piece, threads in [(1 if len(rows) < VOTING_ROWS else 97, 1), (333, 3), (5000, 2)]:
        table = open_table(path, dialect, fitting=True, piece=piece)
        assert outcome(table, options | {"threads": threads}, tmp_path) == expected, piece


@pytest.mark.parametrize("seed", [seed for seed in SEEDS if seed % 5 == 0])
def test_another_source_may_have_batches_of_any_size(seed, tmp_path):
    names, rows, options = drawn(seed)
    options = options | {"dialect": sm.Dialect()}  # that of the lists
    found = {outcome(Table(Lists(names, rows, size)), options, tmp_path) for size in (1, 13, 5000)}
    assert len(found) == 1


def mixtures(before, after, tmp_path):
    """What is said of a column with these cells, at once and in pieces: the line and the message."""
    rows = [[cell, "pq"[i % 2]] for i, cell in enumerate([*before, *after])]
    (summary,) = summaries(["x", "y"], rows, {"target": "y"}, [0, len(rows)])
    errors = [summary.error(["x", "y"], ".", ended=True)]
    path = written(tmp_path, ["x", "y"], rows)
    for piece in (3, 50, None):
        with pytest.raises(sm.DataError) as caught:
            sm.fit(open_table(path, sm.Dialect(), fitting=True, piece=piece))
        errors.append(caught.value)
    return {(error.line, error.what) for error in errors}


@pytest.mark.parametrize(
    ("before", "after", "line", "what"),
    [
        (["n/a"] * 3, ["1"] * 9, 2, "not a number"),
        (["n/a"] * 3, ["1"] * 9 + ["x"] * 2 * VOTING_ROWS, 5, "words, but here the number"),
        (["1"] * VOTING_ROWS, ["x"] * 3 * VOTING_ROWS, VOTING_ROWS + 2, "not a number"),
        (["x"] * VOTING_ROWS, ["1"] * 3 * VOTING_ROWS, VOTING_ROWS + 2, "words, but here the number"),
        ([""] * VOTING_ROWS, ["1", "x"], VOTING_ROWS + 3, "not a number"),
        ([""] * VOTING_ROWS, ["x", "1"], VOTING_ROWS + 3, "words, but here the number"),
        (["1", "2"], ["x", "z"], 2, "words, but here the number"),
        (["x", "z"], ["1", "2"], 4, "words, but here the number"),
    ],
)
def test_a_mixture_names_the_sort_of_which_the_first_rows_have_fewer(before, after, line, what, tmp_path):
    ((found_line, message),) = mixtures(before, after, tmp_path)
    assert found_line == line
    assert what in message


def test_a_missing_number_is_the_first_cell_of_its_column_however_it_is_cut():
    rows, options = [["1", "p"], ["1e400", "q"]], {"target": "y", "dialect": sm.Dialect(na_values=("1.0",))}
    (whole,) = summaries(["x", "y"], rows, options, [0, 2])
    one, other = summaries(["x", "y"], rows, options, [0, 1, 2])
    assert told(one + other, ["x", "y"]) == told(whole, ["x", "y"])


def test_rows_behind_a_mixture_are_read_only_as_far_as_they_vote(tmp_path):
    rows = [["1", "p"], ["x", "q"], *[["2", "p"]] * 50_000]
    seen = []

    class Watched(Lists):
        def batches(self):
            for batch in super().batches():
                seen.append(batch.start)
                yield batch

    with pytest.raises(sm.DataError, match='not a number: "x"'):
        sm.fit(Table(Watched(["x", "y"], rows, 100)), threads=1)
    assert max(seen) < 2 * VOTING_ROWS


def test_terms_over_raw_rows_can_be_pickled(tmp_path):
    chance = random.Random(0)
    rows = [[COLUMNS[kind](chance, i) for kind in COLUMNS if kind not in {"mixed", "notation"}] for i in range(900)]
    rows = [[*row, str(chance.randint(1, 3)), chance.choice("pq")] for row in rows]
    names = [*[f"c{j}" for j in range(len(rows[0]) - 2)], "w", "y"]
    config = config_of(None, {"target": "y", "weight": "w", "class_weight": "balanced"})
    learned = []
    for home in (MemoryHome(1, most_rows=256), Pickling(1, most_rows=256)):
        with home:
            table = open_table(written(tmp_path, names, rows), config.dialect, fitting=True)
            learned.append(learn(table, config, home, lambda *_: None))
    one, other = learned
    assert one.encoder == other.encoder
    assert one.data == other.data
    np.testing.assert_array_equal(one.contract.numbers, other.contract.numbers)
    np.testing.assert_array_equal(one.contract.levels, other.contract.levels)
    np.testing.assert_array_equal(one.factors, other.factors)
    assert (one.class_counts, one.missing, one.counting) == (other.class_counts, other.missing, other.counting)
    assert len(one.shelf) == len(other.shelf) == 4
    for k in range(len(one.shelf)):
        assert_same_partition(one.shelf[k], other.shelf[k])


def assert_same_partition(one, other):
    assert one.X.levels == other.X.levels
    pairs = [(one.X.numeric, other.X.numeric), *zip(one.X.codes, other.X.codes, strict=True)]
    for here, there in [*pairs, (one.y, other.y), (one.v, other.v)]:
        np.testing.assert_array_equal(here, there, strict=True)


def vocabulary_of(*texts):
    levels = list(dict.fromkeys(texts))
    return Vocabulary.of(TextCells(np.array([levels.index(text) for text in texts], np.intp), levels))


def test_a_vocabulary_never_changes_whatever_is_added_to_it():
    one = vocabulary_of("a", "b", "a")
    two = one + vocabulary_of("c", "b")
    three = one + vocabulary_of("d", "c", "a")  # the dictionary has grown into `two` by now
    told = partial(told_of_vocabulary)
    assert told(one) == [("a", 2), ("b", 1)]
    assert told(two) == [("a", 2), ("b", 2), ("c", 1)]
    assert told(three) == [("a", 3), ("b", 1), ("d", 1), ("c", 1)]
    assert told(pickle.loads(pickle.dumps(one))) == told(one)
    assert len(pickle.loads(pickle.dumps(one))._codes) == 2
