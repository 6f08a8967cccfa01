"""What a fit refuses in the data, doctor lists as errors, and nothing else; what a fit leaves out, doctor says."""

import os
import random

import pytest

import smtrain as sm

SEEDS = int(os.environ.get("SMTRAIN_TEST_SEEDS", "200"))
FIRST = int(os.environ.get("SMTRAIN_TEST_FIRST_SEED", "0"))
NUMBERS = [
    "0",
    "1",
    "2.5",
    "-3",
    "1e3",
    " 4",
    "5 ",
    "007",
    "12",
    "0.1",
    "1e-60",
    "9007199254740993",
    "9007199254740992",
]
LARGE = ["1e160", "-1e400", "1" * 200, "1e153"]
WORDS = ["red", "blue", "a b", "?", "unknown", "True", "False", "2024-01-05", "m2", " ", "x,y", 'say "a"', "é"]
NOTATIONS = [
    "$3",
    "12%",
    "1,5",
    "1.5 kg",
    "<1.5",
    "\u22125",
    "1'200",
    "3 m",
    "2.5 m",
    "110 001",
    "inf",
    "4 doors",
    "=1",
]
GAPS = ["", "NA", "nan", "null"]
POOLS = (NUMBERS, LARGE, WORDS, NOTATIONS, GAPS)


def cells(rng, n):
    """A column: of one sort mostly, constant sometimes, with a few cells of other sorts."""
    kind = rng.choice(["numbers", "words", "notation", "constant", "counting", "names", "gaps", "rounding", "mixed"])
    if kind == "counting":
        start = rng.choice([0, 1, 1, 5])
        found = [str(start + i) for i in range(n)]
    elif kind == "names":
        found = [f"row {i * 7919 % 1009}" for i in range(n)]
    elif kind == "rounding":
        found = [rng.choice(["0.1", "0.1", "0.1", "0.10000000000000002"]) for _ in range(n)]
    elif kind == "constant":
        found = [rng.choice([c for pool in POOLS for c in pool])] * n
    elif kind == "mixed":
        found = [rng.choice(rng.choice(POOLS)) for _ in range(n)]
    else:
        pool = {"numbers": NUMBERS, "words": WORDS, "notation": NOTATIONS, "gaps": GAPS}[kind]
        pool = rng.sample(pool, rng.randint(1, len(pool)))
        found = [rng.choice(pool) for _ in range(n)]
    for _ in range(rng.choice([0, 0, 0, 1, 2])):
        found[rng.randrange(n)] = rng.choice(rng.choice(POOLS))
    return found


def labels(rng, n):
    if rng.random() < 0.1:
        return [str(i / 8) for i in range(n)] if rng.random() < 0.5 else ["one"] * n
    found = [rng.choice(["p", "q", "NA", "1", "1.0"][: rng.randint(2, 5)]) for _ in range(n)]
    if rng.random() < 0.15:
        found[rng.randrange(n)] = rng.choice(["", "y"])
    return found


def weights(rng, n):
    return [rng.choice(["1", "2", "0", "0.5"] if rng.random() < 0.97 else ["-1", "", "x", "1e-70"]) for _ in range(n)]


def quoted(cell):
    return '"' + cell.replace('"', '""') + '"' if any(c in cell for c in ',"\n') or not cell else cell


def generated(seed):
    """A table as text, and options."""
    rng = random.Random(seed)
    n = rng.choice([1, 2, 6, 25, 60, 250])
    names = [f"c{i}" for i in range(rng.randint(1, 3))]
    if rng.random() < 0.15:
        names[0] = rng.choice(["", "Unnamed: 0", "id"])
    options = {}
    columns = [cells(rng, n) for _ in names]
    for option in ("categorical", "numeric"):
        if rng.random() < 0.15:
            options[option] = (
                rng.choice([name for name in names if name and name not in options.get("categorical", ())] or ["y"]),
            )
    if rng.random() < 0.2:
        options["weight"] = "w"
        names, columns = [*names, "w"], [*columns, weights(rng, n)]
    names, columns = [*names, "y"], [*columns, labels(rng, n)]
    if rng.random() < 0.2:
        options["unlabelled"] = "skip"
    if rng.random() < 0.2:
        options["min_count"] = rng.choice([2, 3, 10, 1000])
    decimal = "," if rng.random() < 0.1 else "."
    if rng.random() < 0.2 or decimal == ",":
        values = rng.sample(["?", "-3", "1.0", "red", "1,5", "00", "unknown", "1e160"], rng.randint(0, 3))
        options["dialect"] = sm.Dialect(na_values=tuple(values), decimal=decimal)
    lines = [",".join(map(quoted, row)) for row in zip(*columns, strict=True)]
    return "\n".join([",".join(map(quoted, names)), *lines]) + "\n", options


def outcome(function, path, options):
    try:
        return function(path, **options)
    except sm.SmtrainError as error:
        return error


@pytest.mark.parametrize("seed", range(FIRST, FIRST + SEEDS))
def test_doctor_has_an_error_where_fit_has_one(seed, tmp_path, monkeypatch):
    text, options = generated(seed)
    path = tmp_path / "t.csv"
    path.write_text(text)
    if seed % 2:  # piece by piece
        monkeypatch.setattr("smtrain.sources.records.PIECE", 300)
        monkeypatch.setattr("smtrain.sources.records.FIRST_PIECE", 300)
        monkeypatch.setattr("smtrain.sources.records.PIECE_PER_COLUMN", 1)
    fit, doctor = outcome(sm.fit, str(path), options | {"epochs": 1}), outcome(sm.doctor, str(path), options)
    if isinstance(doctor, sm.SmtrainError):
        assert type(fit) is type(doctor)
        return
    errors = [f for f in doctor.findings if f.severity is sm.Severity.ERROR]
    if isinstance(fit, sm.DataError):
        assert errors, fit
        assert fit.column is None or fit.column in {f.column for f in errors}, (fit, errors)
        return
    assert not errors, (fit, errors)
    assert isinstance(fit, sm.Model), fit
    out = {f.column for f in doctor.findings if "a fit leaves it out" in f.what}
    left = {name for name, _ in fit.encoder.ignored}
    assert out == left, (out, fit.encoder.ignored)
    missing = next((f.numbers["cells"] for f in doctor.findings if f.kind == "missing cells"), {})
    assert missing == fit.fit.missing


REFUSED = {
    "one class": ("x,y\n1,a\n2,a\n", {}),
    "no classes": ("x,y\n" + "".join(f"{i % 7},{i / 8}\n" for i in range(300)), {}),
    "no features": ("x,z,y\n1,NA,a\n1,,b\n", {}),
    "only a target": ("y\na\nb\n", {}),
    "no name": (",y\n3,a\n2,b\n", {}),
    "weight": ("x,w,y\n1,1,a\n5,1,a\n2,0,b\n3,0,b\n", {"weight": "w"}),
    "large number": ("x,y\n1,a\n2,b\n1e200,a\n", {}),
    "notation": ('x,y\n"1,5",a\n"2,5",b\n', {}),
    "empty label": ("x,y\n1,a\n2,b\n3,\n", {}),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_fit_and_doctor_say_it_in_the_same_words(kind, tmp_path):
    text, options = REFUSED[kind]
    path = tmp_path / "t.csv"
    path.write_text(text)
    (told,) = (f for f in sm.doctor(str(path), **options).findings if f.severity is sm.Severity.ERROR)
    with pytest.raises(sm.DataError) as refused:
        sm.fit(str(path), **options)
    error = refused.value
    assert (told.hint, told.column or None, told.line) == (error.hint, error.column, error.line)
    of_cells = {"large number", "notation", "empty label"}  # doctor has counted them
    assert kind in of_cells or error.message.endswith(told.what)


def test_the_tables_are_of_all_sorts():
    kinds = set()
    for seed in range(300):
        text, options = generated(seed)
        kinds.add(bool(options.get("weight")) + 2 * (text.count("\n") > 50))
    assert len(kinds) == 4
