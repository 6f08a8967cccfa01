"""The options of a fit, read back from the record in a model, which may be hostile."""

from collections.abc import Callable, Mapping
from typing import Any

from smtrain.fitting.options import FitConfig
from smtrain.model import documents
from smtrain.model.encoder import dialect_from
from smtrain.sources.dialect import UNLABELLED
from smtrain.sources.paths import native_path


def options_from(record: Mapping[str, Any]) -> FitConfig:
    """The options that `FitConfig.record` wrote; what is not there has its default.

    Raises ValueError, KeyError, TypeError or AttributeError for what are no options.
    """
    return FitConfig(**{name: READERS[name](value) for name, value in record.items()})


def _or_none(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else read(value)


def _count(least: int) -> Callable[[Any], int]:
    return lambda value: documents.whole(value, least)


def _class_weight(value: Any) -> str | dict[str, float]:
    if isinstance(value, str):
        return value
    return {documents.text(name): documents.number(weight) for name, weight in value.items()}


def _validation(value: Any) -> str | float:
    return native_path(documents.path(value)) if isinstance(value, str) else documents.number(value)


def _precision(value: Any) -> str:
    if value not in {"float32", "float64"}:
        raise ValueError("not a precision")
    return str(value)


def _unlabelled(value: Any) -> str:
    if value not in UNLABELLED:
        raise ValueError("not what becomes of rows without a label")
    return str(value)


READERS: dict[str, Callable[[Any], Any]] = {
    "target": _or_none(documents.text),
    "drop": documents.texts,
    "categorical": documents.texts,
    "numeric": documents.texts,
    "weight": _or_none(documents.text),
    "class_weight": _or_none(_class_weight),
    "dialect": dialect_from,
    "solver": documents.text,
    "epochs": _count(0),
    "tol": documents.number,
    "l2": documents.number,
    "l1": documents.number,
    "learning_rate": _or_none(documents.number),
    "batch_size": _or_none(_count(1)),
    "momentum": documents.number,
    "seed": _count(0),
    "precision": _precision,
    "validation": _or_none(_validation),
    "patience": _or_none(_count(1)),
    "calibrate": documents.truth,
    "folds": _count(2),
    "one_se": documents.truth,
    "se": documents.truth,
    "loo": documents.truth,
    "unlabelled": _unlabelled,
}
