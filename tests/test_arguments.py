"""What people pass to the Python functions: taken as it is meant, or answered with an error of smtrain's own."""

import io
import math
import os
import re
from dataclasses import fields
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import smtrain as sm

RNG = np.random.default_rng(1)
Y = RNG.integers(0, 3, 60)
X = RNG.normal(Y[:, None], 1, (60, 3))
NAMED = pd.DataFrame(X, columns=list("abc")).assign(y=Y)
NUMBERED = pd.DataFrame(np.column_stack([X, Y]))


@pytest.fixture(scope="module")
def model():
    return sm.fit(NAMED)


def features(frame, **options):
    return list(sm.fit(frame, **options).features)


def test_columns_that_are_called_by_numbers():
    assert features(NUMBERED, target=3) == ["0", "1", "2"]
    assert features(NUMBERED, target=np.int64(3), drop=[0]) == ["1", "2"]
    assert features(NUMBERED, target=0, numeric=1, drop=(2,)) == ["1", "3"]


def test_one_name_is_a_list_of_one():
    frame = NAMED.rename(columns={"c": "ab"})
    assert features(frame, drop="ab") == ["a", "b"]
    assert "a=" in features(frame, categorical="a")[-1]
    assert features(frame, drop=["ab", "a"]) == features(frame, drop=pd.Index(["ab", "a"])) == ["b"]


def test_options_of_the_dialect_by_their_names(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a;y\n1,5;p\n?;q\n2,5;p\n")
    found = sm.fit(path, delimiter=";", decimal=",", na_values="?")
    assert found.encoder.dialect == sm.Dialect(delimiter=";", decimal=",", na_values=("?",))
    assert sm.doctor(path, delimiter=";", decimal=",", na_values=["?"]).rows == 3
    assert sm.fit(NAMED, na_values=[-999]).encoder.dialect.na_values == ("-999",)


def test_words_for_delimiters(tmp_path):
    for word, character in {"comma": ",", "semicolon": ";", "tab": "\t", "space": " ", "pipe": "|"}.items():
        path = tmp_path / f"{word}.csv"
        NAMED.to_csv(path, index=False, sep=character)
        for asked in ({"delimiter": word}, {"dialect": sm.Dialect(delimiter=word)}, {"delimiter": character}):
            assert sm.fit(path, **asked).encoder.dialect.delimiter == character
            assert sm.doctor(path, **asked).rows == len(NAMED)


@pytest.mark.parametrize("character", [";;", "bar", '"', "\n", "\r", "\0", "é", ""])
def test_what_cannot_be_a_delimiter(character, tmp_path):
    NAMED.to_csv(tmp_path / "t.csv", index=False)
    dialect = sm.Dialect(delimiter=character)
    for asked in ({"delimiter": character}, {"dialect": dialect}, {"config": sm.FitConfig(dialect=dialect)}):
        for function in (sm.fit, sm.doctor):
            with pytest.raises(sm.UsageError, match="delimiter") as failure:
                function(tmp_path / "t.csv", **asked)
            assert "pipe" in failure.value.hint


RANGES = {
    "l1": (-1, "at least 0"),
    "l2": (float("nan"), "at least 0"),
    "tol": (float("inf"), "finite"),
    "epochs": (-1, "at least 0"),
    "learning_rate": (0, "more than 0"),
    "batch_size": (0, "at least 1"),
    "seed": (-1, "at least 0"),
    "threads": (0, "at least 1"),
    "memory": (0, "at least 1"),
    "validation": (1.5, "less than 1"),
}


@pytest.mark.parametrize("name", RANGES)
def test_a_number_out_of_range_is_told_the_range(name):
    value, wanted = RANGES[name]
    with pytest.raises(sm.UsageError, match=f"{name} is out of range: .*{value}.* is not .*{wanted}"):
        sm.fit(NAMED, **{name: value})


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"momentum": 1, "solver": "gd"}, "less than 1"),
        ({"patience": 0, "validation": 0.5}, "at least 1"),
        ({"folds": 1, "l2": "auto"}, "at least 2"),
    ],
)
def test_a_number_out_of_range_beside_others(options, wanted):
    with pytest.raises(sm.UsageError, match=f"out of range: .*{wanted}"):
        sm.fit(NAMED, **options)


def test_classes_that_are_numbers():
    assert sm.fit(NAMED, class_weight={0: 1, 1: 2, np.int64(2): 3}).fit.options.class_weight == {
        "0": 1.0,
        "1": 2.0,
        "2": 3.0,
    }


def test_numbers_of_numpy_are_numbers():
    one = sm.fit(NAMED, l2=np.float64(0.5), epochs=np.int64(7), seed=np.int32(3), se=np.bool_(True))
    two = sm.fit(NAMED, l2=0.5, epochs=7, seed=3, se=True)
    np.testing.assert_array_equal(one.W, two.W)
    assert one.fit == two.fit


WRONG = {
    "target is True": {"target": True},
    "target is a list": {"target": ["y"]},
    "drop is a number of a kind": {"drop": 1j},
    "drop holds a list": {"drop": [["a"]]},
    "drop is None": {"drop": None},
    "drop is a dictionary": {"drop": {"a": 1}},
    "l2 is a text": {"l2": "1"},
    "l2 is True": {"l2": True},
    "l2 is a list": {"l2": [1.0]},
    "l1 is None": {"l1": None},
    "tol is a text": {"tol": "small"},
    "epochs is a fraction": {"epochs": 1.5},
    "epochs is None": {"epochs": None},
    "seed is None": {"seed": None},
    "seed is a text": {"seed": "0"},
    "threads is a text": {"threads": "2"},
    "memory is a text": {"memory": "1G"},
    "se is a text": {"se": "yes"},
    "se is 1": {"se": 1},
    "solver is a number": {"solver": 3},
    "solver is unknown": {"solver": "saga"},
    "precision is unknown": {"precision": "float16"},
    "class weight is a list": {"class_weight": [1, 2, 3]},
    "class weight is an unknown word": {"class_weight": "auto"},
    "class weight of a text": {"class_weight": {"0": "2"}},
    "class weight below 0": {"class_weight": {"0": -1}},
    "class weight of nothing": {"class_weight": {None: 1}},
    "validation is a table": {"validation": NAMED},
    "validation is True": {"validation": True},
    "dialect is a text": {"dialect": ";"},
    "delimiter is a number": {"delimiter": 1},
    "decimal is a word": {"decimal": "comma"},
    "header is a number": {"header": 0},
    "na_values are None": {"na_values": None},
    "na_values hold None": {"na_values": [None]},
    "an option that there is none of": {"C": 1},
    "an option that is misspelt": {"epoch": 1},
    "a configuration that is none": {"config": {"l2": 1}},
    "init that is a path": {"init": "model.npz"},
    "a checkpoint that is a number": {"checkpoint": 3},
}


@pytest.mark.parametrize("options", WRONG.values(), ids=WRONG)
def test_a_value_that_an_option_cannot_have(options):
    with pytest.raises(sm.UsageError) as failure:
        sm.fit(NAMED, **options)
    assert re.search("|".join([*options, *(name.replace("_", "[- ]") for name in options)]), str(failure.value))


def test_a_misspelt_option_has_its_hint():
    with pytest.raises(sm.UsageError) as failure:
        sm.fit(NAMED, targt="y")
    assert failure.value.hint == 'did you mean "target"?'


class InBytes(os.PathLike):
    """A path of bytes, as os.scandir(b".") gives them."""

    def __fspath__(self):
        return b"t.csv"


HUGE, LONG = 10**400, 10**5000  # a float holds neither, and Python does not write the second
HOSTILE = [
    *(
        None,
        True,
        -1,
        0,
        1,
        2,
        0.5,
        math.nan,
        math.inf,
        -math.inf,
        np.float32(0.5),
        np.longdouble("1e4000"),
        1j,
        5e-324,
    ),
    *(2**31, 2**63, 2**64, -(2**64), HUGE, -HUGE, LONG, -LONG, Fraction(1, 3), Fraction(HUGE), Decimal(1), pd.NA),
    *("", "x", "y", "a", "auto", "balanced", "gd", "\ud800", "\0", "x" * 5000, b"x", InBytes(), Path("nowhere")),
    *(
        [],
        [[]],
        ["a"],
        [None],
        [HUGE],
        [LONG],
        [b"a"],
        {},
        {"0": HUGE},
        {0: 1e308, 1: 5e-324, 2: 1},
        {LONG: 1},
        {"0": LONG},
    ),
    *({(): 1}, set(), (), object(), float, np.array([1, 2]), np.array(1), NAMED, NAMED["y"]),
]
# A fit waits some time for whatever text it is told to be the address of a cluster.
OPTIONS = [one.name for kind in (sm.FitConfig, sm.Dialect) for one in fields(kind) if one.name != "cluster"]


def fitted(*data, **options):
    """A model, or the error in its place, which is short."""
    try:
        return sm.fit(*data, **({"epochs": 2} | options))
    except sm.SmtrainError as error:
        shown = str(error)
    assert len(shown) < 500
    return None


@pytest.mark.parametrize("name", [*OPTIONS, "config", "init", "names", "sample_weight"])
def test_any_value_of_any_option_gives_a_model_or_an_error(name):
    frame = NAMED[::3]
    for value in HOSTILE:
        model = fitted(frame, **{name: value})
        assert model is None or set(model.predict(frame)) <= set(model.classes), value


@pytest.mark.parametrize("name", ["data", "y", "checkpoint"])
def test_any_value_of_an_argument_gives_a_model_or_an_error(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where a text is the name of a file, there is none
    for value in HOSTILE:
        fitted(**({"data": NAMED[["a", "b", "c"]], "y": Y} | {name: value}))


class Polars:
    """What knows how to become a DataFrame."""

    def to_pandas(self):
        return NAMED


TABLES = {
    "a Series": (NAMED.iloc[0], "series.to_frame().T"),
    "lists": (X.tolist(), None),
    "a dictionary": ({"a": [1]}, "pandas.DataFrame"),
    "a number": (3, None),
    "None": (None, None),
    "bytes": (b"t.csv", "os.fsdecode"),
    "an open file": (io.StringIO("a,y\n1,p\n"), "the path of the file"),
    "a list of DataFrames": ([NAMED, NAMED], None),
    "a DataFrame of another library": (Polars(), ".to_pandas()"),
    "no path": ([], None),
    "names of several levels": (
        pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", 1), ("b", 1)])),
        "join",
    ),
}


@pytest.mark.parametrize(("data", "hint"), TABLES.values(), ids=TABLES)
def test_what_is_no_table(data, hint, model):
    for function in (sm.fit, sm.doctor, *(lambda d, f=f: f(model, d) for f in (sm.predict, sm.evaluate, sm.check))):
        with pytest.raises(sm.UsageError) as failure:
            function(data)
        assert hint is None or hint in failure.value.hint


@pytest.mark.parametrize("wrong", ["model.npz", None, 3, NAMED])
def test_what_is_no_model(wrong, model):
    calls = [
        lambda: sm.predict(wrong, NAMED),
        lambda: sm.predict_proba(wrong, NAMED),
        lambda: sm.evaluate(wrong, NAMED),
        lambda: sm.check(wrong, NAMED),
        lambda: sm.compare(wrong, model, NAMED),
        lambda: sm.compare(model, wrong, NAMED),
        lambda: sm.inference(wrong),
    ]
    for call in calls:
        with pytest.raises(sm.UsageError, match="model"):
            call()


def test_other_arguments(model):
    for call in (
        lambda: sm.evaluate(model, NAMED, threads="2"),
        lambda: sm.evaluate(model, NAMED, threads=0),
        lambda: sm.evaluate(model, NAMED, worst=1.5),
        lambda: sm.evaluate(model, NAMED, worst=-1),
        lambda: sm.check(model, NAMED, threads=-1),
        lambda: sm.load(None),
        lambda: sm.load(3),
        lambda: sm.inference(sm.fit(NAMED, se=True), level="high"),
        lambda: sm.inference(sm.fit(NAMED, se=True), reference=["0"]),
    ):
        with pytest.raises(sm.UsageError):
            call()
    assert sm.inference(sm.fit(NAMED, se=True), reference=1).reference == "1"


def test_paths_may_be_path_objects(tmp_path, model):
    NAMED.to_csv(tmp_path / "t.csv", index=False)
    model.save(str(tmp_path / "m.npz"))
    assert len(sm.predict(sm.load(tmp_path / "m.npz"), tmp_path / "t.csv")) == 60
    assert sm.fit(Path(tmp_path / "t.csv"), validation=tmp_path / "t.csv", epochs=2).fit.validation.rows == 60


@pytest.mark.parametrize(("place", "line", "column"), [(0, 0, "a"), (41, 41, "a")])
def test_half_a_surrogate_pair_in_a_cell(place, line, column):
    words = ["x", "z", "w"] * 20
    words[place] = "x\ud800"
    with pytest.raises(sm.DataError) as failure:
        sm.fit(NAMED.assign(a=pd.Series(words, dtype=object)))
    assert (failure.value.line, failure.value.column) == (line, column)
    assert failure.value.source == "DataFrame"


def test_half_a_surrogate_pair_in_a_name():
    with pytest.raises(sm.DataError, match="column 2"):
        sm.fit(NAMED.set_axis(pd.Index(["a", "b\udc00", *NAMED.columns[2:]], dtype=object), axis=1))


def test_an_error_speaks_python():
    """On the command line it names options; Python shows the names of arguments, and the hint as well."""
    with pytest.raises(sm.UsageError) as failure:
        sm.fit(NAMED, target="y", class_weight={"none": 2.0})
    assert failure.value.message.startswith("--class-weight: there is no class")
    assert str(failure.value).startswith("class_weight=: there is no class")
    with pytest.raises(sm.DataError) as failure:
        sm.fit(NAMED.assign(a=["x", 1, 2, 3] * (len(NAMED) // 4) + ["x"] * (len(NAMED) % 4)))
    assert '\nhint: na_values="x" if it means missing; categorical="a" if' in str(failure.value)
    assert "--" not in str(failure.value)


@pytest.mark.parametrize(
    "values", [Y, list(Y), pd.Series(Y), pd.Index(Y), pd.Categorical(Y)], ids=lambda v: type(v).__name__
)
def test_labels_and_weights_may_be_given_as_target_and_weight(values):
    X = pd.DataFrame({"a": np.arange(60) % 7, "b": np.arange(60) % 5})
    weights = 1.0 + np.arange(60) % 2
    plain = sm.fit(X, Y, weights)
    np.testing.assert_array_equal(sm.fit(X, target=values, weight=weights).W, plain.W)
    assert sm.cross_validate(X, target=values, folds=2).to_frame().equals(sm.cross_validate(X, Y, folds=2).to_frame())
    with pytest.raises(sm.UsageError, match="target must be the name of a column"):
        sm.fit(X.assign(y=Y), target=["y"])


@pytest.mark.parametrize(
    ("name", "here"), [("C", "l2, which is 1 / C"), ("random_state", "seed"), ("max_iter", "epochs"), ("cv", "folds")]
)
def test_the_names_of_other_programs_are_answered(name, here):
    with pytest.raises(sm.UsageError, match=f'there is no option "{name}"\nhint: here it is {here}'):
        sm.fit("sample_data/iris.csv", **{name: 3})
