"""The command line that makes a model again: with every option of its record that is not at its default, uncut."""

from collections.abc import Mapping
from typing import Any

from smtrain.model.model import Model
from smtrain.model.options import Options
from smtrain.model.schema import document_of
from smtrain.wording import LISTS, list_word, shell_word


def fit_command(model: Model) -> str:
    """The command line of the fit, of the same bytes on the same DATA and, if it had one, from the same INIT."""
    return " ".join(["smtrain fit DATA", *(_option(name, value) for name, value in sorted(_changed(model).items()))])


def _changed(model: Model) -> dict[str, Any]:
    """The options of the fit that are not at their defaults, by the names of those of the command line."""
    plain, options = document_of(Options()), document_of(model.fit.options)
    plain |= plain.pop("dialect") | {"no_header": False}
    options |= options.pop("dialect")
    options |= {"no_header": not options.pop("header"), "target": model.encoder.target}
    if model.fit.selection is not None:  # the record has the value that was chosen
        options[model.fit.selection.penalty] = "auto"
    if model.fit.init is not None:
        options["init"] = "INIT"
    return {name: value for name, value in options.items() if value is not None and value != plain.get(name)}


def _option(name: str, value: Any) -> str:
    option = name.replace("_", "-")
    if value is True:
        return f"--{option}"
    if option in LISTS:
        return f"--{option} {list_word(*value)}"
    if isinstance(value, Mapping):
        return f"--{option} {list_word(*(f'{key}={weight!r}' for key, weight in value.items()))}"
    return f"--{option} {shell_word(str(value))}"
