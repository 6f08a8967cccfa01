"""What says the same in another form gives the same model, the same predictions, and the same error at its line.

SMTRAIN_FORMS_SEED varies the tables; SMTRAIN_FORMS_TABLES says how many there are of each kind.
"""

import os
import random
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace
from itertools import product
from unittest import mock

import numpy as np
import pandas as pd
import pytest

import smtrain as sm
from smtrain.sources.dialect import Dialect
from smtrain.sources.opening import open_table
from tests.forms.tables import KINDS, LABELS, table
from tests.forms.writing import FORMS, Form, write

SEED = os.environ.get("SMTRAIN_FORMS_SEED", "0")
TABLES = int(os.environ.get("SMTRAIN_FORMS_TABLES", "1"))
PLACES = ("first", "middle", "last")
PIECES = (1, 40, 300, None)
PLAIN = FORMS[0]
# Every kind with some labels in the fast suite, and with all in the slow one.
CASES = [
    pytest.param(kind, labels, k, marks=[] if (i + 2 * j) % 7 == 0 else pytest.mark.slow)
    for k in range(TABLES)
    for i, kind in enumerate(KINDS)
    for j, labels in enumerate(LABELS)
]


def fitted(source, form, target, piece=None):
    """A model after a few epochs."""
    dialect = Dialect(**form.options)
    data = source if isinstance(source, pd.DataFrame) else open_table(source, dialect, fitting=True, piece=piece)
    return sm.fit(data, dialect=dialect, target=target, epochs=3, tol=1e-300)


def said(model):
    """Everything that a model says but how the text was written."""
    record = replace(model.fit, options=None)
    columns = model.encoder.columns, model.encoder.ignored, model.classes, model.features
    return columns, record, model.W.tobytes(), model.b.tobytes()


def foretold(model, source, form, piece=None):
    """The probabilities of the rows of a source, as bytes."""
    data = source if isinstance(source, pd.DataFrame) else open_table(source, Dialect(**form.options), piece=piece)
    return sm.predict_proba(model, data).round(12).tobytes()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("forms")


@pytest.mark.parametrize(("kind", "labels", "k"), CASES)
def test_every_form_says_the_same(kind, labels, k, folder):
    plain = table(kind, labels, f"{SEED} {k}")
    path = folder / "plain.csv"
    path.write_bytes(write(plain.header, plain.rows, PLAIN, plain.label)[0])
    expected = fitted(str(path), PLAIN, plain.target)
    proba = foretold(expected, str(path), PLAIN)
    chance = random.Random(f"{SEED} {kind} {labels} {k}")
    for form in FORMS:
        moved = plain.with_label_at(chance.choice(PLACES))
        path = folder / "form.csv"
        path.write_bytes(write(moved.header, moved.rows, form, moved.label, SEED)[0])
        piece = chance.choice(PIECES)
        what = f"{form.name}, label {moved.label}, pieces of {piece}"
        model = fitted(str(path), form, moved.target, piece)
        assert said(model) == said(expected), what
        assert foretold(model, str(path), form, chance.choice(PIECES)) == proba, what
        found = sm.evaluate(model, open_table(str(path), Dialect(**form.options), piece=piece))
        assert found.sums.rows == len(plain.rows), what


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", ["numbers", pytest.param("gaps", marks=pytest.mark.slow)])
def test_every_form_at_every_place_in_every_piece(form, place, kind, folder):
    plain = table(kind, "one and eight letters", SEED)
    path = folder / "plain.csv"
    path.write_bytes(write(plain.header, plain.rows, PLAIN, plain.label)[0])
    expected = said(fitted(str(path), PLAIN, plain.target))
    moved = plain.with_label_at(place)
    path = folder / "form.csv"
    path.write_bytes(write(moved.header, moved.rows, form, moved.label, SEED)[0])
    for piece in (1, 17, 200, None):
        assert said(fitted(str(path), form, moved.target, piece)) == expected, piece


# Sources


@contextmanager
def piped(data, sizes):
    """Standard input as a pipe into which the data come in bits of these sizes, again and again."""
    reading, writing = os.pipe()

    def feed():
        with os.fdopen(writing, "wb", buffering=0) as pipe:
            at = 0
            while at < len(data):
                size = sizes[at % len(sizes)]
                pipe.write(data[at : at + size])
                at += size

    feeder = threading.Thread(target=feed)
    with os.fdopen(reading) as stdin, mock.patch.object(sys, "stdin", stdin):
        feeder.start()
        yield
        feeder.join()


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_standard_input_in_any_bits(form, folder):
    plain = table("gaps", "eight and nine letters", SEED)
    path = folder / "plain.csv"
    path.write_bytes(write(plain.header, plain.rows, PLAIN, plain.label)[0])
    expected = said(fitted(str(path), PLAIN, plain.target))
    data = write(plain.header, plain.rows, form, plain.label, SEED)[0]
    for sizes in ([1], [3, 1, 7], [1000]):
        with piped(data, sizes):
            assert said(fitted("-", form, plain.target)) == expected


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("labels", LABELS)
def test_several_files_and_a_frame(kind, labels, folder):
    plain = table(kind, labels, SEED)
    path = folder / "plain.csv"
    path.write_bytes(write(plain.header, plain.rows, PLAIN, plain.label)[0])
    expected = fitted(str(path), PLAIN, plain.target)
    chance, parts = random.Random(f"{SEED} {kind} {labels}"), []
    same = [form for form in FORMS if not form.options]
    for i, cut in enumerate(np.array_split(np.arange(len(plain.rows)), 4)):
        form = chance.choice(same)
        parts.append(folder / f"part{i}.csv")
        parts[-1].write_bytes(write(plain.header, [plain.rows[j] for j in cut], form, plain.label, SEED)[0])
    for piece in (7, None):
        assert said(fitted([str(part) for part in parts], PLAIN, plain.target, piece)) == said(expected)
    frame = pd.DataFrame(plain.rows, columns=plain.header)
    assert said(fitted(frame, PLAIN, plain.target)) == said(expected)
    assert len(sm.predict(expected, frame)) == len(frame)


# Errors

WRONG = {"a word": ("x", "wrong"), "another notation": ("x", "1.5kg"), "an empty label": ("kind_of", "")}


def errors_in_forms():
    """Every form with every error at every place; two of those of each form in the fast suite, all in the slow one."""
    for i, form in enumerate(FORMS):
        for j, (wrong, place) in enumerate(product(WRONG, PLACES)):
            fast = j in {2 * i % 9, (2 * i + 4) % 9}
            yield pytest.param(
                form, wrong, place, marks=[] if fast else pytest.mark.slow, id=f"{form.name}-{wrong}-{place}"
            )


@pytest.mark.parametrize(("form", "wrong", "place"), list(errors_in_forms()))
def test_an_error_has_its_line_in_every_form(form, wrong, place, folder):
    plain = table("numbers", "words", SEED).with_label_at(place)
    chance = random.Random(f"{SEED} {form.name} {wrong} {place}")
    row, (column, text) = chance.randrange(5, len(plain.rows)), WRONG[wrong]
    rows = [list(cells) for cells in plain.rows]
    rows[row][plain.header.index(column)] = text
    data, lines = write(plain.header, rows, form, plain.label, SEED)
    path = folder / "wrong.csv"
    path.write_bytes(data)
    for piece in (1, 64, None):
        with pytest.raises(sm.DataError) as failure:
            fitted(str(path), form, plain.target, piece)
        assert (failure.value.line, failure.value.column) == (lines[row], column), piece


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_record_of_another_length_has_its_line(form, folder):
    plain = table("gaps", "words", SEED)
    rows = [list(cells) for cells in plain.rows]
    rows[17].append("more")
    data, lines = write(plain.header, rows, form, plain.label, SEED)
    path = folder / "ragged.csv"
    path.write_bytes(data)
    for piece in (1, 64, None):
        with pytest.raises(sm.DataError) as failure:
            fitted(str(path), form, plain.target, piece)
        assert failure.value.line == lines[17], piece


def test_there_are_forms_enough():
    assert len(FORMS) >= 25
    assert len({form.name for form in FORMS}) == len(FORMS)
    assert Form("plain") == PLAIN


def test_padded_missing_cells_in_many_pieces(folder):
    rows = [[float(i % 7) if i % 5 else None, "ab"[i % 2]] for i in range(400)]
    expected, plain = None, Form("plain")
    for form in (plain, Form("padded", padded=True, spellings=True)):
        path = folder / "padded.csv"
        path.write_bytes(write(["x", "y"], rows, form, 1, SEED)[0])
        for piece in (50, 333, None):
            found = said(fitted(str(path), form, "y", piece))
            expected = expected or found
            assert found == expected, (form.name, piece)
