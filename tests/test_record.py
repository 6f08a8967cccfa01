"""The record of a fit: written to the document in a model file, and read back by the types of its fields."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Literal

import numpy as np
import pytest

import smtrain as sm
from smtrain.model.schema import (
    ABSENT,
    LEFT_OUT,
    OUTSIDE,
    DocumentError,
    PathText,
    different,
    document_of,
    read,
)
from smtrain.sources.arguments import Range
from tests.hostile.harness import invoke
from tests.hostile.test_models import Forger

pytestmark = pytest.mark.bits


class Colour(Enum):
    RED = "as blood"
    BLUE = "as the sky"


@dataclass(frozen=True)
class Round:
    radius: Annotated[float, Range(0, above=True)]
    kind: Literal["round"] = field(default="round", init=False)


@dataclass(frozen=True)
class Square:
    side: int
    kind: Literal["square"] = field(default="square", init=False)


@dataclass(frozen=True)
class Thing:
    name: str
    path: PathText
    colour: Colour
    shapes: tuple[Round | Square, ...]
    pair: tuple[int, str]
    counts: Mapping[str, Annotated[int, Range(1)]]
    tags: Annotated[tuple[str, ...], different] | None
    loud: bool
    late: float = field(default=0.5, metadata=ABSENT)
    rare: int | None = field(default=None, metadata=LEFT_OUT)
    inner: str = field(default="ours", metadata=OUTSIDE)


THING = Thing(
    name="é",
    path="a\udcff",
    colour=Colour.BLUE,
    shapes=(Round(1.5), Square(2), Round(3)),
    pair=(1, "x"),
    counts={"a": 1},
    tags=("p", "q"),
    loud=True,
)
DOCUMENT = {
    "name": "é",
    "path": "a\udcff",
    "colour": "BLUE",
    "shapes": [{"radius": 1.5, "kind": "round"}, {"side": 2, "kind": "square"}, {"radius": 3, "kind": "round"}],
    "pair": [1, "x"],
    "counts": {"a": 1},
    "tags": ["p", "q"],
    "loud": True,
    "late": 0.5,
}


def test_a_dataclass_is_a_document_and_back():
    assert document_of(THING) == DOCUMENT
    assert read(Thing, json.loads(json.dumps(DOCUMENT))) == THING


def test_what_need_not_be_there_and_what_nobody_knows():
    document = {name: value for name, value in DOCUMENT.items() if name != "late"}
    assert read(Thing, document | {"newer": 1, "inner": "theirs"}) == THING
    assert read(Thing, DOCUMENT | {"late": 2, "rare": 3}).rare == 3


WRONG = [
    ("name", 5, "name is no text"),
    ("name", "\ud800", "name has half of a character"),
    ("name", "\udcff", "name has half of a character"),
    ("path", "\ud800", "path has half of a character"),
    ("path", None, "path is no text"),
    ("colour", "GREEN", "colour has a value that it cannot have"),
    ("colour", ["RED"], "colour has a value that it cannot have"),
    ("shapes", {}, "shapes is no list"),
    ("shapes", [{"radius": 0, "kind": "round"}], "shapes.radius has a value that it cannot have"),
    ("shapes", [{"side": 0.5, "kind": "square"}], "shapes.side is no whole number"),
    ("shapes", [{"side": 1, "kind": "round"}], "shapes.radius is not there"),
    ("shapes", [{"side": 1, "kind": "flat"}], "shapes.kind has a value that it cannot have"),
    ("shapes", [{"side": 1}], "shapes.kind is not there"),
    ("shapes", [None], "shapes is no object"),
    ("pair", [1], "pair is no list of 2"),
    ("pair", ["x", 1], "pair is no whole number"),
    ("counts", [], "counts is no object"),
    ("counts", {"a": 0}, "counts has a value that it cannot have"),
    ("counts", {"a": True}, "counts is no whole number"),
    ("counts", {"\ud800": 1}, "counts has half of a character"),
    ("tags", ["p", "p"], "tags has a value that it cannot have"),
    ("tags", "pq", "tags is no list"),
    ("loud", 1, "loud is neither true nor false"),
    ("late", None, "late is no number"),
    ("late", False, "late is no number"),
    ("late", "1", "late is no number"),
    ("late", float("nan"), "late is not finite"),
    ("late", float("-inf"), "late is not finite"),
    ("late", 10**400, "late is not finite"),
    ("rare", 0.5, "rare is no whole number"),
]


@pytest.mark.parametrize(("name", "value", "what"), WRONG, ids=str)
def test_the_field_that_is_wrong_is_named(name, value, what):
    with pytest.raises(DocumentError) as refused:
        read(Thing, DOCUMENT | {name: value})
    assert str(refused.value) == what


@pytest.mark.parametrize("name", [name for name in DOCUMENT if name != "late"])
def test_a_field_that_is_not_there(name):
    with pytest.raises(DocumentError, match=f"^{name} is not there$"):
        read(Thing, {other: value for other, value in DOCUMENT.items() if other != name})


@pytest.mark.parametrize("document", [None, [], 1, "x"])
def test_no_document_at_all(document):
    with pytest.raises(DocumentError, match=r"^it is no object$"):
        read(Thing, document)


# Models

FITS = {
    "plain": {},
    "a share": {"validation": 0.2, "patience": 3, "calibrate": False},
    "calibrated": {"validation": 0.2, "calibrate": True},
    "chosen": {"l2": "auto", "folds": 3, "one_se": True},
    "chosen lasso": {"l1": "auto", "folds": 2, "l2": 0.1},
    "likelihood": {"l2": 0.0, "se": True, "loo": True, "epochs": 30},
    "ratios": {"l2": 0.0, "lr": True, "epochs": 5},
    "lasso": {"l1": 1},
    "gd": {"solver": "gd", "batch_size": 32, "momentum": 0.5, "epochs": 3, "seed": 7},
    "skipped": {"unlabelled": "skip", "class_weight": "balanced", "drop": ("year", "year")},
    "tested": {"test": 0.3, "epochs": 3},
    "rare levels": {"min_count": 100, "epochs": 3},
    "weights of classes": {"class_weight": {"Gentoo": 2}, "na_values": ["?"], "numeric": ("year",)},
}


@pytest.fixture(scope="module", params=FITS)
def model(request):
    return sm.fit("sample_data/penguins.csv", target="species", **FITS[request.param])


def test_a_record_is_read_back_as_it_was(model, tmp_path):
    model.save(str(tmp_path / "m.npz"))
    again = sm.load(str(tmp_path / "m.npz"))
    assert again.fit == model.fit
    assert again.encoder == model.encoder
    again.save(str(tmp_path / "again.npz"))
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "m.npz").read_bytes()
    assert json.loads(np.load(tmp_path / "m.npz")["meta"].tobytes())["fit"] == json.loads(
        json.dumps(model.fit.document())
    )


def test_a_model_is_made_again_from_its_record(model, tmp_path):
    model.save(str(tmp_path / "m.npz"))
    assert sm.verify(str(tmp_path / "m.npz"), "sample_data/penguins.csv").same


NAMED = [
    (("fit", "options", "l2"), "x", "fit.options.l2 is no number"),
    (("fit", "options", "precision"), "auto", "fit.options are not those of a fit that was made"),
    (("fit", "options", "dialect", "delimiter"), "||", "fit.options.dialect.delimiter has a value that it cannot have"),
    (("fit", "data", "sha256"), "0", "fit.data.sha256 has a value that it cannot have"),
    (("fit", "status"), "FINE", "fit.status has a value that it cannot have"),
    (("schema", "columns"), [{"kind": "numeric", "name": "a"}], "schema.columns.mean is not there"),
    (("schema", "target"), "", "schema.target has a value that it cannot have"),
    (("schema", "integers"), True, "schema.integers is true, and there are classes that are no integers"),
    (("fit", "rows"), 10**400, "fit.rows has a value that it cannot have"),
    (("fit", "options", "seed"), 2**63, "fit.options.seed has a value that it cannot have"),
    (("fit", "options", "momentum"), 1, "fit.options.momentum has a value that it cannot have"),
    (("format_version",), "1", "format_version is no whole number"),
]


@pytest.mark.parametrize(("path", "value", "what"), NAMED, ids=str)
def test_a_model_that_is_refused_is_told_why(path, value, what, tmp_path):
    sm.fit("sample_data/penguins.csv", target="species", epochs=1).save(str(tmp_path / "model.npz"))

    def change(document):
        for name in path[:-1]:
            document = document[name]
        document[path[-1]] = value

    (tmp_path / "model.npz").write_bytes(Forger((tmp_path / "model.npz").read_bytes()).meta(change).bytes())
    assert f"model.npz: not a valid smtrain model: {what}" in invoke("show", folder=tmp_path, allowed={4}).error
