"""Arguments of the Python functions, as people pass them: put into the form that is meant, or told what they are."""

import math
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import fields, replace
from numbers import Integral, Real
from typing import Any

import numpy as np

from smtrain.errors import UsageError, quoted
from smtrain.fitting.options import CLASS_WEIGHTS, FitConfig
from smtrain.sources.arguments import check_range, out_of_range, path_of, whole, written, wrong
from smtrain.sources.arrays import is_values, together, with_groups
from smtrain.sources.dialect import BLANKS, DELIMITER_WORDS, Dialect, valid_delimiter
from smtrain.sources.likeness import did_you_mean
from smtrain.sources.opening import Data

OF_A_FIT = tuple(field.name for field in fields(FitConfig))
NA_VALUE = "a value of na_values"
# What options of scikit-learn and statsmodels are here.
CALLED_ELSEWHERE = {
    "C": "l2, which is 1 / C; 2 / C for two classes",
    **dict.fromkeys(("alpha", "lambda_", "penalty"), "l2 and l1"),
    **dict.fromkeys(("max_iter", "maxiter"), "epochs"),
    **dict.fromkeys(("random_state", "random_seed"), "seed"),
    **dict.fromkeys(("cv", "n_splits"), "folds"),
    "n_jobs": "threads",
    "method": "solver",
    "sep": "delimiter",
}
OF_A_DIALECT = tuple(field.name for field in fields(Dialect))


def config_of(config: FitConfig | None, options: Mapping[str, Any]) -> FitConfig:
    """The options of a fit, from a configuration and what is given besides it; those of the dialect by name, too.

    Raises UsageError for an option that there is none of, or a value that it cannot have.
    """
    if not isinstance(config, FitConfig | None):
        raise wrong("config", config, "a FitConfig", "options are given by name: fit(data, target=…, l2=…)")
    for name in options:
        if name not in (*OF_A_FIT, *OF_A_DIALECT):
            known = (*OF_A_FIT, *OF_A_DIALECT)
            elsewhere = CALLED_ELSEWHERE.get(name) and f"here it is {CALLED_ELSEWHERE[name]}"
            hint = elsewhere or did_you_mean(name, known) or f"there are {', '.join(known)}"
            raise UsageError(f"there is no option {quoted(str(name))}", hint=hint)
    given = replace(config or FitConfig(), **{name: value for name, value in options.items() if name in OF_A_FIT})
    dialect = _dialect(given.dialect, {name: value for name, value in options.items() if name in OF_A_DIALECT})
    checked = {name: CHECKS[name](name, getattr(given, name)) for name in OF_A_FIT if name in CHECKS}
    return replace(given, **checked, dialect=dialect)


def with_labels(
    data: Any, y: Any, sample_weight: Any, options: Mapping[str, Any], *, names: Any, config: FitConfig | None
) -> tuple[Data, dict[str, Any]]:
    """The data with labels, weights and groups as columns, if any are given, and the options with their names.

    Raises UsageError for two of one, and for what does not go together.
    """
    data, options = _with_labels(data, y, sample_weight, options, names=names, config=config)
    if is_values(options.get("groups")):
        data, options["groups"] = with_groups(data, options["groups"])
    return data, options


def _with_labels(
    data: Any, y: Any, sample_weight: Any, options: Mapping[str, Any], *, names: Any, config: FitConfig | None
) -> tuple[Data, dict[str, Any]]:
    """The same without groups."""
    options = dict(options)
    if y is None and is_values(options.get("target")):
        y = options.pop("target")
    if sample_weight is None and is_values(options.get("weight")):
        sample_weight = options.pop("weight")
    if y is None and sample_weight is None and names is None:
        return data, options
    for name, value in (("target", y), ("weight", sample_weight)):
        if value is not None and options.get(name, getattr(config, name, None)) is not None:
            raise UsageError(f"the {name} is given twice: as an array, and by name")
    table = together(data, y, sample_weight, names)
    named = {"target": table.target, "weight": table.weight}
    return table, options | {name: value for name, value in named.items() if value is not None}


def _dialect(asked: Any, given: Mapping[str, Any]) -> Dialect:
    if not isinstance(asked, Dialect):
        raise wrong("dialect", asked, "a Dialect", 'delimiter=";" and na_values=["?"] are options, too')
    dialect: Dialect = replace(asked, **given)
    return replace(
        dialect,
        header=_truth("header", dialect.header),
        decimal=_one_of(".", ",")("decimal", dialect.decimal),
        delimiter=_optional(_delimiter)("delimiter", dialect.delimiter),
        dates=_columns("dates", dialect.dates),
        na_values=tuple(map(_cell, _several("na_values", dialect.na_values))),
    )


def _optional(check: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    return lambda name, value: None if value is None else check(name, value)


def _number(name: str, value: Any) -> float:
    if not isinstance(value, Real) or isinstance(value, bool):
        raise wrong(name, value, "a number")
    try:
        number = float(value)
    except OverflowError:
        raise out_of_range(name, value, "a finite number") from None
    return int(value) if isinstance(value, Integral) else number


def _penalty(name: str, value: Any) -> float | str:
    if isinstance(value, str) and value != "auto":
        raise wrong(name, value, 'a number or "auto"')
    return value if isinstance(value, str) else _number(name, value)


def _truth(name: str, value: Any) -> bool:
    if isinstance(value, bool) or type(value).__name__ in {"bool", "bool_"}:
        return bool(value)
    raise wrong(name, value, "True or False")


def _text(name: str, value: Any) -> str:
    if isinstance(value, str):
        return str(value)
    raise wrong(name, value, "a text")


def _delimiter(name: str, value: Any) -> str:
    """A delimiter, or the word for it."""
    character = DELIMITER_WORDS.get(_text(name, value), value)
    if valid_delimiter(character):
        return str(character)
    words = ", ".join(DELIMITER_WORDS)
    raise wrong(name, value, "one ASCII character, or a word for one", f"the words are {words}")


def _one_of(*words: str) -> Callable[[str, Any], str]:
    def check(name: str, value: Any) -> str:
        if isinstance(value, str) and value in words:
            return str(value)
        raise wrong(name, value, " or ".join(map(quoted, words)))

    return check


def column_of(name: str, value: Any) -> str:
    """The name of a column; a DataFrame's may be a number, which is written out as in the header of a file."""
    if isinstance(value, str) or (isinstance(value, Real) and not isinstance(value, bool)):
        return written(value).strip(BLANKS) or written(value)  # as all names of columns; blanks alone are no name
    raise wrong(name, value, "the name of a column", "the data are one table, with the labels in one of its columns")


def _several(name: str, value: Any) -> list[Any]:
    """Several values, or one that stands alone."""
    if isinstance(value, str | Real) and not isinstance(value, bool):
        return [value]
    if isinstance(value, Iterable) and not isinstance(value, bytes | Mapping):
        with suppress(TypeError):  # an array without a side says that it is iterable
            return list(value)
    raise wrong(name, value, "a list of names")


def _columns(name: str, value: Any) -> tuple[str, ...]:
    several = _several(name, value)
    if several and all(isinstance(one, bool | np.bool_) for one in several):
        raise wrong(name, value, "a list of names", f"a condition picks them so: {name}=list(X.columns[condition])")
    return tuple(column_of(name, one) for one in several)


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Real) and not isinstance(value, bool) and not math.isnan(_number(NA_VALUE, value)):
        return written(value)
    raise wrong(NA_VALUE, value, "a text or a number")


def _class_weight(name: str, value: Any) -> str | dict[str, float]:
    if isinstance(value, str) and value == "balanced":
        return str(value)
    if not isinstance(value, Mapping):
        raise wrong(name, value, '"balanced" or a dictionary of the classes and their weights')
    return {_label(name, label): _weight(name, weight) for label, weight in value.items()}


def _label(name: str, value: Any) -> str:
    if isinstance(value, str | Real):
        return written(value)
    raise wrong(f"a class of {name}", value, "a label")


def _weight(name: str, value: Any) -> float:
    return check_range(name, float(_number(f"a weight of {name}", value)), CLASS_WEIGHTS)


def _rows(name: str, value: Any) -> float | str:
    if isinstance(value, Real) and not isinstance(value, bool):
        return float(_number(name, value))
    path = path_of(name, value, "a share of the rows or the path of a file")
    return str(path)


CHECKS: dict[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys(("target", "weight", "groups"), _optional(column_of)),
    **dict.fromkeys(("drop", "categorical", "numeric"), _columns),
    **dict.fromkeys(("tol", "learning_rate"), _optional(_number)),
    "momentum": _number,
    "l1": _penalty,
    **dict.fromkeys(("batch_size", "threads", "memory", "patience"), _optional(whole)),
    **dict.fromkeys(("epochs", "seed", "folds", "min_count", "cluster_wait"), whole),
    **dict.fromkeys(("require_convergence", "calibrate", "one_se", "se", "loo", "lr"), _truth),
    "class_weight": _optional(_class_weight),
    **dict.fromkeys(("solver", "cluster"), _optional(_text)),
    "l2": _optional(_penalty),
    "precision": _one_of("auto", "float32", "float64"),
    "unlabelled": _one_of("error", "skip"),
    **dict.fromkeys(("validation", "test"), _optional(_rows)),
}
