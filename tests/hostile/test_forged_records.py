"""Every field of the documents in a model, replaced by every hostile value: refused, or the model works."""

import contextlib
import copy
import json
from functools import partial

import numpy as np
import pandas as pd
import pytest

import smtrain as sm
from tests.hostile.test_models import Forger

HUGE = 10**400
VALUES = [None, True, -1, 0, 1, 2, 0.5, -0.0, 1e-320, 1e152, -1e308, float("nan"), 2**53, 2**63, HUGE, -HUGE]
VALUES += [
    "",
    "x",
    "-0",
    "é" * 5000,
    "\ud800",
    "\0",
    "auto",
    "/",
    [],
    {},
    [[]],
    [0, 0],
    ["p", "p"],
    {"x": HUGE},
    {"": []},
]
FITS = {
    "integers": {"target": "k", "weight": "w", "l2": "auto", "folds": 2, "validation": 0.3, "drop": ["w2"]},
    "words": {"target": "word", "l2": 0.0, "se": True, "loo": True, "unlabelled": "skip", "class_weight": {"u": 2.0}},
}


def table():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(40, 2)), columns=["a", "b"])
    frame.loc[3, "a"] = np.nan
    frame["copy"] = frame["b"]
    frame["word"] = np.where(frame["b"] + rng.normal(size=40) > 0, "u", "v")
    frame["w"], frame["w2"], frame["k"] = rng.integers(1, 4, 40), 1.0, rng.integers(0, 3, 40)
    return frame


TABLE = table()


def places(document, path=()):
    """The path of everything in a document, with what is there."""
    inside = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for name, value in inside:
        yield (*path, name), value
        yield from places(value, (*path, name))


def other_lists(one):
    """What a list can be mistaken for."""
    return [one[::-1], one[:-1], [*one, *one[-1:]], [*one, "x"], [*one, 7]] if isinstance(one, list) else []


def changed(document, path, value):
    """A copy with something else at a path."""
    document = inner = copy.deepcopy(document)
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return document


def forgeries(data, every):
    """One in so many forged models: what was changed, and the file."""
    documents = {member: Forger(data).json(member) for member in ("meta", "classes", "features")}
    changes = [
        (member, path, value)
        for member, document in documents.items()
        for path, here in places(document)
        for value in [*VALUES, *other_lists(here)]
    ]
    for member, path, value in changes[::every]:
        text = json.dumps(changed(documents[member], path, value))
        yield f"{member} {path} {value!s:.50}", Forger(data).text(member, text).bytes()


@pytest.fixture(scope="module", params=FITS)
def data(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("forged") / "m.npz"
    sm.fit(TABLE, epochs=20, **FITS[request.param]).save(path)
    return path.read_bytes()


@pytest.mark.parametrize("every", [101, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.filterwarnings("ignore::smtrain.errors.UnknownLevelWarning")
def test_every_field_with_every_value(every, data, cli, tmp_path):
    TABLE.to_csv(tmp_path / "d.csv", index=False)
    for what, forged in forgeries(data, every):
        (tmp_path / "m.npz").write_bytes(forged)
        with contextlib.suppress(sm.SmtrainError):
            model = sm.load(tmp_path / "m.npz")
            for command in (["show", "m.npz"], ["show", "m.npz", "--json"], ["verify", "m.npz", "d.csv"]):
                cli(*command)
            for use in (model.evaluate, partial(sm.check, model), partial(sm.compare, model, model)):
                with contextlib.suppress(sm.SmtrainError):
                    use(TABLE)
            assert set(model.predict(TABLE)) <= set(model.classes), what
