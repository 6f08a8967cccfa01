"""Every fast path of reading beside the slow one that is the rule: over generated text both find the same."""

import random
from itertools import chain, product

import numpy as np
import pytest

import smtrain as sm
from smtrain.errors import DataError
from smtrain.inspecting.counts import NumericCounts
from smtrain.model.contract import EDGES, HIGH, LOW, WIDTH
from smtrain.sources.delimited import Delimited
from smtrain.sources.interface import Reading, reading_alone
from smtrain.sources.meaning import meaning_of
from smtrain.sources.opening import open_table
from smtrain.sources.parser import Parser
from smtrain.sources.part import LabelledSpan, PartOfSpan
from smtrain.sources.piece import Piece
from smtrain.sources.reading import read_leniently
from smtrain.sources.records import RecordReader
from smtrain.sources.table import Table
from smtrain.sources.usable import missing_label
from tests.forms.tables import KINDS, LABELS, table
from tests.forms.writing import FORMS, write

SEEDS = range(60)
# What text is made of: all that means something to a reader, and little else.
CELLS = ["1", "-2.5", "+3", "1e3", "1e400", ".5", "5.", "NA", "nan", "", " 7", "8\t", "+ 1", " +1", "True", "False"]
CELLS += ["1_000", "inf", "x", "y z", '"q"', '"4"', '" 5 "', '"a,b"', '"two\nlines"', '"in""side"', "1,5", "\ufeff6"]
READINGS = [Reading.NUMBER, Reading.NUMBER, Reading.TEXT, Reading.LABEL, Reading.SKIP]
SOUP = ["a", "1", ",", ",", '"', '"', "\n", "\n", "\r", " ", "é"]


def same_numbers(one, other):
    np.testing.assert_array_equal(np.signbit(one), np.signbit(other))
    np.testing.assert_array_equal(np.asarray(one, np.float64), np.asarray(other, np.float64))
    assert one.dtype == other.dtype


def same_cells(one, other):
    same_numbers(one[0], other[0])
    assert one[1].keys() == other[1].keys()
    for i, cells in one[1].items():
        texts = [[None if code < 0 else c.levels[code] for code in c.codes] for c in (cells, other[1][i])]
        assert texts[0] == texts[1]


def compared(parser, piece, readings):
    """Whether the fast path took a piece; the slow one must then have the same cells."""
    fast = parser.at_once(piece.checked(len(readings)), piece.delimiter, readings)
    if fast is not None:
        same_cells(fast, parser.cell_by_cell(piece, readings))
    return fast is not None


def drawn_readings(chance, width):
    """With one label at most, and some column that is read."""
    readings = [chance.choice(READINGS[:4]), *(chance.choice(READINGS) for _ in range(width - 1))]
    chance.shuffle(readings)
    labels = [i for i, reading in enumerate(readings) if reading is Reading.LABEL]
    return tuple(Reading.TEXT if i in labels[1:] else reading for i, reading in enumerate(readings))


@pytest.mark.parametrize("seed", SEEDS)
def test_parsed_at_once_and_cell_by_cell(seed):
    chance, taken = random.Random(seed), 0
    missing = tuple(chance.sample(["x", "7", "1e3", "1_000"], 2))
    dialect = sm.Dialect(decimal=chance.choice([".", ".", ","]), na_values=missing)
    delimiter = chance.choice(",;\t ")
    for _ in range(20):
        width, some = chance.randint(1, 4), chance.sample(CELLS, chance.randint(1, 4))
        rows = [delimiter.join(chance.choice(some) for _ in range(width)) for _ in range(chance.randint(1, 12))]
        end = chance.choice(["\n", "\r\n", "\r"])
        piece = Piece("t", "".join(row + end for row in rows).encode(), 1, delimiter)
        parser = Parser([f"c{i}" for i in range(width)], dialect)
        try:
            piece.checked(width)
        except DataError:  # the rows are ragged, for a cell has the delimiter in it
            continue
        taken += compared(parser, piece, drawn_readings(chance, width))
    assert taken


@pytest.mark.parametrize("some", [0, *(pytest.param(i, marks=pytest.mark.slow) for i in range(1, 5))])
def test_every_form_of_a_table(some):
    taken = 0
    for i, (kind, labels, form) in enumerate(product(KINDS, LABELS, FORMS)):
        if form.compression or i % 5 != some:
            continue
        plain = table(kind, labels, 0)
        readings = [Reading.TEXT if name in "wv" else Reading.NUMBER for name in plain.header[:-1]] + [Reading.LABEL]
        data = write(plain.header, plain.rows, form, plain.label)[0]
        source = Delimited([("t", iter([data]))], sm.Dialect(**form.options))
        for batch in source.batches():
            taken += compared(source.parser(), batch.piece, tuple(readings))
    assert taken > 20  # what looks like an odd number, in words too, is left to the slow path


def checked_at_a_glance(piece, width):
    """The records of the text that is handed to the parser."""
    return [cells for _, cells in Piece("t", piece.checked(width), 1, ",").records()]


def outcome(function, *arguments):
    try:
        return function(*arguments)
    except DataError as error:
        return str(error)


def soup(chance, size=40):
    return "".join(chance.choice(SOUP) for _ in range(chance.randint(1, size))).encode() + b"\n"


@pytest.mark.parametrize("seed", SEEDS)
def test_records_that_are_regular_at_a_glance_and_one_by_one(seed):
    chance = random.Random(seed)
    for _ in range(50):
        piece, width = Piece("t", soup(chance), 1, ","), chance.randint(1, 3)
        slow = outcome(lambda piece, width: [cells for _, cells in piece.checked_records(width)], piece, width)
        assert outcome(checked_at_a_glance, piece, width) == slow


@pytest.mark.parametrize("seed", SEEDS)
def test_cells_as_they_stand_with_and_without_quotes(seed):
    """A quoted cell at the end makes the slow path of the same records."""
    chance = random.Random(seed)
    for _ in range(50):
        text = soup(chance).replace(b'"', b"")
        fast, slow = (list(Piece("t", text + more, 1, ",").raw_records()) for more in (b"z\n", b'"z"\n'))
        assert fast[:-1] == slow[:-1]
        assert (fast[-1], slow[-1]) == (["z"], ['"z"'])


def records_of(arriving, piece):
    return [record for one in RecordReader(iter(arriving), "t", ",", piece=piece) for record in one.records()]


@pytest.mark.parametrize("seed", SEEDS)
def test_whole_records_are_cut_alike_whatever_arrives_at_once(seed):
    """Text without quotes is cut at its last line end; with quotes by the pattern of records."""
    chance = random.Random(seed)
    for _ in range(10):
        text = b"".join(soup(chance, 8) for _ in range(6))
        cut = []
        for size, piece in ((1, 1), (3, 7), (1000, None)):
            arriving = [text[i : i + size] for i in range(0, len(text), size)]
            cut.append(outcome(records_of, arriving, piece))
        assert cut[0] == cut[1] == cut[2]


@pytest.mark.parametrize("seed", [0, *(pytest.param(i, marks=pytest.mark.slow) for i in range(1, 20))])
def test_numbers_outside_a_range_are_those_of_a_loop(seed):
    """Counted at once, by check, and cell by cell; from a column that was read as numbers, and from one of text."""
    chance = random.Random(seed)
    for _ in range(20):
        decimal, end = chance.choice([".", ","]), chance.choice(["\n", "\r\n"])
        dialect = sm.Dialect(decimal=decimal, na_values=tuple(chance.sample(["7", "x", "1e3"], 1)))
        meaning, words = meaning_of(dialect), chance.choice([[], ["x", "y z"]])
        some = [f"{chance.gauss(0, 3):.1f}".replace(".", decimal) for _ in range(9)]
        some += ["7", f"7{decimal}0", "", "NA", "0", "-0", *words]
        cells = [chance.choice(some) for _ in range(chance.randint(1, 30))]
        source = Delimited([("t", iter(["".join(f"{c};r{end}" for c in ["a", *cells]).encode()]))], dialect)
        (batch,) = source.batches()
        line = np.zeros(WIDTH)
        line[LOW], line[HIGH] = sorted(chance.uniform(-4, 4) for _ in range(2))
        line[EDGES] = np.sort(np.clip(np.random.default_rng(seed).normal(size=9), line[LOW], line[HIGH]))
        numbers = [np.nan if meaning.is_missing_number(cell) else meaning.number(cell) for cell in cells]
        beyond = [x < line[LOW] or x > line[HIGH] for x in numbers]
        wrong = [not (meaning.is_missing(cell) or meaning.can_read(cell)) for cell in cells]
        rows = read_leniently(batch, (Reading.NUMBER, Reading.SKIP), meaning)
        assert rows.is_text(0) == any(wrong)
        found = NumericCounts.of(rows, 0, meaning, line)
        assert found.outside.tolist() == [sum(x < line[LOW] for x in numbers), sum(x > line[HIGH] for x in numbers)]
        assert found.first_outside == (rows.place(beyond.index(True)) if any(beyond) else None)
        assert found.wrong.first == (rows.place(wrong.index(True)) if any(wrong) else None)
        assert (found.missing, found.wrong.cells) == (np.isnan(numbers).sum() - sum(wrong), sum(wrong))


@pytest.mark.parametrize("seed", [0, *(pytest.param(i, marks=pytest.mark.slow) for i in range(1, 20))])
def test_some_rows_of_spans_are_those_of_a_loop(seed, tmp_path):
    """The rows with a label of a file that is read in spans, and of these the rows of masks."""
    chance, rng = random.Random(seed), np.random.default_rng(seed)
    labels, n = ["a", "b", "", "  ", "NA", "none", " none "][: chance.randint(1, 7)], chance.randint(1, 400)
    rows = [(f"{i}", chance.choice(labels)) for i in range(n)]
    (tmp_path / "t.csv").write_text("i,y\n" + "".join(f'{i},"{y}"\n' for i, y in rows))
    table = open_table(str(tmp_path / "t.csv"), sm.Dialect(na_values=("none",)), piece=chance.choice([40, 200, None]))
    missing, spans = missing_label(("none",)), table.spans(chance.choice([50, 300, 10_000]), map)

    def read(spans):
        return [[text_of(rows, k) for rows in parts_of(span) for k in range(rows.count)] for span in spans]

    def parts_of(span):
        return list(Table.of_span(span).rows(reading_alone(0, 2)))

    def text_of(rows, k):
        cells = rows.texts(0)
        return cells.levels[cells.codes[k]]

    labelled = [LabelledSpan(span, 1) for span in spans]
    expected = [i for i, y in rows if not missing(y)]
    assert [*chain(*read(labelled))] == expected
    masks = [rng.random(len(one)) < rng.choice([0, 0.5, 1]) for one in read(labelled)]
    parts = [PartOfSpan(span, mask, 1) for span, mask in zip(labelled, masks, strict=True)]
    chosen = np.concatenate(masks)
    assert [*chain(*read(parts))] == [i for i, one in zip(expected, chosen, strict=True) if one]
