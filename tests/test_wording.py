"""Hints in two languages: what the command line says can be typed there, and what Python says is Python."""

import inspect
import pickle
import shlex
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

import smtrain as sm
from smtrain.cli.options import _split
from smtrain.wording import ARGUMENTS, Spoken, given, in_python, in_shell

NAMES = ["id", "a b", "it's", 'say "a"', "x,y", " u", "", "é", "--drop", "a; b", "$HOME", "\\", "leaves"]


@pytest.mark.parametrize("option", ["drop", "categorical", "numeric", "na-values"])
@pytest.mark.parametrize("names", [[name] for name in NAMES] + [NAMES])
def test_a_list_of_texts_comes_back_from_both_languages(option, names):
    said = f"{given(option, *names)} leaves it out; psql --csv"
    flag, word, *_ = shlex.split(in_shell(said))
    assert (flag, _split(word)) == (f"--{option}", names)
    argument = in_python(said).removesuffix(" leaves it out; psql --csv")
    ((name, value),) = eval(f"dict({argument})").items()
    assert name == option.replace("-", "_")
    assert ([value] if isinstance(value, str) else value) == names


SENTENCES = {
    "numbers and words": (
        f"{given('l2', 'auto')}, {given('validation', 0.2)} or {given('unlabelled', 'skip')}",
        "--l2 auto, --validation 0.2 or --unlabelled skip",
        'l2="auto", validation=0.2 or unlabelled="skip"',
    ),
    "a size": (given("memory", 44 << 20), "--memory 44M", f"memory={44 << 20}"),
    "characters": (
        " ".join(given("delimiter", one) for one in ("pipe", "^", "\x01")) + " " + given("decimal", ","),
        "--delimiter pipe --delimiter '^' --delimiter $'\\x01' --decimal ,",
        'delimiter="pipe" delimiter="^" delimiter="\\u0001" decimal=","',
    ),
    "named only": (
        "--drop leaves it out; --class-weight",
        "--drop leaves it out; --class-weight",
        "drop= leaves it out; class_weight=",
    ),
    "a flag": ("--no-header if it is data", "--no-header if it is data", "header=False if it is data"),
    "flags": ("a fit with --se or --one-se", "a fit with --se or --one-se", "a fit with se=True or one_se=True"),
    "options of others": (
        "psql --csv, tail -n +3, --json",
        "psql --csv, tail -n +3, --json",
        "psql --csv, tail -n +3, --json",
    ),
    "in quotes": ('not a number: "--drop"', 'not a number: "--drop"', 'not a number: "--drop"'),
}


@pytest.mark.parametrize("name", SENTENCES)
def test_sentences(name):
    said, shell, python = SENTENCES[name]
    spoken = Spoken(said)
    assert (in_shell(said), in_python(said), spoken) == (shell, python, python)
    for copy in (spoken, Spoken(spoken), pickle.loads(pickle.dumps(spoken))):
        assert (copy, in_shell(copy)) == (python, shell)


def test_what_is_called_an_argument_is_one():
    functions = (sm.fit, sm.split, sm.cross_validate, sm.doctor, sm.evaluate, sm.predict, sm.verify, sm.inference)
    arguments = {name for function in functions for name in inspect.signature(function).parameters}
    arguments |= {field.name for kind in (sm.FitConfig, sm.Dialect) for field in fields(kind)}
    assert {option.replace("-", "_") for option in ARGUMENTS} <= arguments
    assert {field.name for field in fields(sm.FitConfig)} - {"dialect"} <= {one.replace("-", "_") for one in ARGUMENTS}


# ---- the same of a cell, whatever its source ----

ROWS = np.arange(60)
CELLS = {
    "a word": (
        ["1", "2", "x"],
        {"numeric": ["f"]},
        'na_values="x" if it means missing; categorical="f" if the column\'s',
    ),
    "another notation": (
        ["1", "2", "$3"],
        {"numeric": ["f"]},
        "write plain numbers, such as 1234.5; or categorical",
    ),
    "a large number": (["1", "2", "1e200"], {"numeric": ["f"]}, 'give the column in another unit; na_values="1e200"'),
    "a weight": (["1", "2", "x"], {"weight": "f"}, "a weight is 0 or a positive number"),
    "a weight in another notation": (["1", "2", "$3"], {"weight": "f"}, "write plain numbers, such as 1234.5"),
    "a large weight": (["1", "2", "1e200"], {"weight": "f"}, "give the column in another unit"),
}


def sources(frame, folder):
    frame.to_csv(folder / "t.csv", index=False)
    frame.to_parquet(folder / "t.parquet")
    return str(folder / "t.csv"), str(folder / "t.parquet"), frame


@pytest.mark.parametrize("name", CELLS)
def test_a_bad_cell_has_one_hint_whatever_its_source(name, tmp_path):
    cells, options, hint = CELLS[name]
    frame = pd.DataFrame({"f": cells * 20, "x": ROWS % 4, "y": ["p", "q", "r"] * 20})
    told = []
    for data in sources(frame, tmp_path):
        with pytest.raises(sm.DataError) as failure:
            sm.fit(data, target="y", **options)
        told.append((failure.value.what, failure.value.hint))
    assert len(set(told)) == 1, told
    assert told[0][1].startswith(hint)


@pytest.mark.parametrize("cell", ["x", "$3", "1e200"])
def test_a_bad_cell_for_a_model_has_one_hint_whatever_its_source(cell, tmp_path):
    frame = pd.DataFrame({"f": ROWS % 5, "y": ["p", "q", "r"] * 20})
    model = sm.fit(frame, epochs=1)
    for data in sources(frame.astype({"f": object}).assign(f=["1", "2", cell] * 20), tmp_path):
        for call in (sm.predict, sm.evaluate):
            with pytest.raises(sm.DataError) as failure:
                call(model, data)
            assert failure.value.hint == "the model was fitted on numbers in this column"


def test_a_decimal_comma_is_an_option_of_files_alone(tmp_path):
    frame = pd.DataFrame({"f": ["1,5", "2,5", "3"] * 20, "y": ["p", "q", "r"] * 20})
    csv, parquet, _ = sources(frame, tmp_path)
    for data in (csv, parquet):
        for call in (sm.fit, lambda data, **options: raises(sm.doctor(data, **options))):
            with pytest.raises((sm.DataError, AssertionError), match='decimal="," reads a decimal comma'):
                call(data, numeric=["f"])
    with pytest.raises(sm.DataError) as failure:
        sm.fit(frame, numeric=["f"])
    assert failure.value.hint.startswith("write plain numbers, such as 1234.5")


def raises(diagnosis):
    raise AssertionError(diagnosis.findings[0].hint)


# ---- of a DataFrame nothing is said that only files have ----


def frame_of(**columns):
    return pd.DataFrame({"x": ROWS % 4, **columns, "y": ["p", "q", "r"] * 20})


def objects(*cells):
    return pd.Series([*cells] * (60 // len(cells)), dtype=object)


FRAMES = {
    "a word": (frame_of(f=objects(1, 2, 3, "a")), {}),
    "a word for a missing cell": (frame_of(f=objects(1, 2, 3, "?")), {}),
    "numbers among words": (frame_of(f=objects("a", "b", 1)), {}),
    "a decimal comma": (frame_of(f=["1,5", "2", "3"] * 20), {"numeric": ["f"]}),
    "another notation": (frame_of(f=objects("1 kg", "2 kg", "3 kg", None)), {"numeric": ["f"]}),
    "an infinite number": (frame_of(f=np.where(ROWS == 7, np.inf, ROWS)), {}),
    "a large number": (frame_of(f=objects(10**400, 1, 2)), {}),
    "no rows": (frame_of().iloc[:0], {}),
    "a target alone": (frame_of()[["y"]], {}),
    "a constant": (frame_of(x=1), {}),
    "one class": (frame_of().assign(y="p"), {}),
    "a quantity": (pd.DataFrame({"x": np.arange(300) % 7, "y": np.arange(300) / 8}), {}),
    "an empty label": (frame_of().assign(y=objects(None, "p", "q")), {}),
    "no name": (frame_of().rename(columns={"x": ""}), {}),
    "no name behind": (frame_of(z=1)[["z", "x", "y"]].rename(columns={"x": ""}), {}),
    "a name twice": (frame_of(z=1).rename(columns={"z": "x"}), {}),
    "no such target": (frame_of(), {"target": "z"}),
    "no such column": (frame_of(), {"drop": ["z"]}),
    "dates": (frame_of(d=pd.date_range("2024-01-01", periods=60)), {}),
    "texts of dates": (frame_of(d=pd.date_range("2024-01-01", periods=60).astype(str)), {}),
    "a word for a weight": (frame_of(w=objects("a", 1, 2)), {"weight": "w"}),
    "a negative weight": (frame_of(w=-1.0), {"weight": "w"}),
    "no weight": (frame_of(w=0.0), {"weight": "w"}),
    "a NUL": (frame_of(w=objects("1", "x\0", "2")), {}),
    "texts that are the same but for case": (frame_of(f=objects("Bern", "bern", "Uri")), {}),
    "letters that are put together in two ways": (frame_of(f=objects("\u00e9", "e\u0301", "b")), {}),
    "single quotes": (frame_of(f=objects("'a'", "'b'", "'c'")), {}),
    "texts that may be quantities": (frame_of(f=objects("2 doors", "4 doors", "none")), {}),
}
OF_FILES = ("--", "file", "header", " line", "CSV", "sed ", "decimal=")


@pytest.mark.parametrize("name", FRAMES)
def test_what_is_told_of_a_frame_says_nothing_of_files(name):
    frame, options = FRAMES[name]
    told = []
    for call in (sm.fit, sm.doctor):
        try:
            found = call(frame, **options)
        except sm.SmtrainError as error:
            told.append(str(error))
        else:
            told += [f"{one.what}\n{one.hint}" for one in getattr(found, "findings", ())]
    assert told
    for text in told:
        assert not [word for word in OF_FILES if word in text.replace("a file of text with one", "")], text


def test_a_model_that_a_frame_does_not_fit_says_nothing_of_files():
    model = sm.fit(frame_of(f=ROWS), epochs=1)
    for frame in (
        frame_of(),
        frame_of(f=ROWS)[["x", "f"]],
        frame_of(f=ROWS).assign(y="z"),
        frame_of(f=ROWS).assign(y=None),
    ):
        with pytest.raises(sm.SmtrainError) as failure:
            sm.evaluate(model, frame)
        assert not [word for word in OF_FILES if word in str(failure.value)], str(failure.value)
