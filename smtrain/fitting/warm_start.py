"""The start of a fit from another model of the same columns and classes, `--init`."""

from collections.abc import Hashable, Sequence

import numpy as np

from smtrain.errors import ModelError, quoted
from smtrain.model.encoder import Encoder
from smtrain.model.model import Model
from smtrain.softmax.objective import Theta


def warm_start(model: Model, encoder: Encoder) -> Theta:
    """θ (p + 1, K) of `model` in the units of another encoder of the same columns and classes."""
    _check_same("class", _named(model.encoder.classes), _named(encoder.classes))
    _check_same("feature", _named(model.features, model.encoder.parts), _named(encoder.features, encoder.parts))
    W, b = model.raw_weights
    classes = [model.encoder.classes.index(name) for name in encoder.classes]
    place = {part: j for j, part in enumerate(model.encoder.parts)}  # names may depend on the order of the columns
    W = W[np.ix_([place[part] for part in encoder.parts], classes)]
    return np.vstack([W * encoder.scales[:, None], b[classes] + encoder.means @ W])


def _named(names: Sequence[str], what: Sequence[Hashable] | None = None) -> dict[Hashable, str]:
    return dict(zip(names if what is None else what, names, strict=True))


def _check_same(what: str, old: dict[Hashable, str], new: dict[Hashable, str]) -> None:
    """Raise ModelError, by name, for what only one of a model and the data has."""
    names = {name: "the model" for one, name in old.items() if one not in new}
    names |= {name: "the data" for one, name in new.items() if one not in old}
    for name in sorted(names)[:1]:
        raise ModelError(f"--init: the {what} {quoted(name)} is in {names[name]} only")
