"""Options of a fit that contradict each other, are out of range, or cannot be kept: told before the work."""

import math
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from smtrain.errors import UsageError, quoted
from smtrain.fitting.options import FitConfig
from smtrain.solvers import make_solver
from smtrain.sources.arguments import check_range
from smtrain.sources.dialect import UNLABELLED
from smtrain.wording import given


def check_options(config: FitConfig) -> None:
    """Raise UsageError for options that contradict each other or cannot be."""
    make_solver(config)  # each solver refuses the options that it cannot follow
    _check_texts(config)
    _check_selection(config)
    if config.se or config.loo:
        _check_inference(config)
    if config.validation is None and (config.calibrate or config.patience is not None):
        what = "--calibrate" if config.calibrate else "--patience"
        raise UsageError(f"{what} needs rows that are set aside", hint=given("validation", 0.2))
    check_ranges(config)


def check_ranges(config: FitConfig, called: Mapping[str, str] = MappingProxyType({})) -> None:
    """Raise UsageError for a number that an option cannot have; `called` are other names of options."""
    # On the command line the types of the options have checked these already; in Python and in a record nobody has.
    at_least_0 = "a finite number of at least 0"
    ranges = {
        "l1": (config.l1, 0 <= config.l1 < math.inf, at_least_0),
        "l2": (config.l2, 0 <= config.ridge < math.inf, at_least_0),
        "tol": (config.tol, 0 <= config.tolerance < math.inf, at_least_0),
        "epochs": (config.epochs, config.epochs >= 0, "at least 0"),
        "momentum": (config.momentum, 0 <= config.momentum < 1, "at least 0 and less than 1"),
        "learning_rate": (
            config.learning_rate,
            config.learning_rate is None or 0 < config.learning_rate < math.inf,
            "a finite number above 0",
        ),
        "batch_size": (config.batch_size, _positive(config.batch_size), "at least 1"),
        "seed": (config.seed, config.seed >= 0, "at least 0"),
        "threads": (config.threads, _positive(config.threads), "at least 1"),
        "memory": (config.memory, _positive(config.memory), "at least 1 byte"),
        "validation": (
            config.validation,
            not isinstance(config.validation, float) or 0 < config.validation < 1,
            "a share of the rows, more than 0 and less than 1",
        ),
        "patience": (config.patience, _positive(config.patience), "at least 1"),
        "folds": (config.folds, config.folds >= 2, "at least 2"),
        "unlabelled": (config.unlabelled, config.unlabelled in UNLABELLED, " or ".join(UNLABELLED)),
    }
    for name, (value, valid, wanted) in ranges.items():
        check_range(called.get(name, name), value, valid=valid, wanted=wanted)


def _positive(number: int | None) -> bool:
    return number is None or number >= 1


def _check_texts(config: FitConfig) -> None:
    """Raise UsageError for what cannot be kept in a model: asked before the work, not after it."""
    try:
        texts = list(_texts(config.record() | {"validation": None}))
    except UnicodeError as error:
        raise UsageError(f"--validation: {quoted(str(config.validation))} is not a path") from error
    wrong = [text for text in texts if any("\ud800" <= character <= "\udfff" for character in text)]
    if wrong:
        raise UsageError(f"an option is not Unicode text: {quoted(wrong[0])}")


def _texts(value: Any) -> Iterator[str]:
    """Every text in a document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _texts([*value, *value.values()])
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)


def _check_selection(config: FitConfig) -> None:
    """What goes with the choice of l2, and what does not."""
    if config.l2 != "auto" and (config.one_se or config.folds != FitConfig.folds):
        what = "--one-se" if config.one_se else "--folds"
        raise UsageError(f"{what} needs l2 to be chosen", hint=given("l2", "auto"))


def _check_inference(config: FitConfig) -> None:
    """What --se and --loo say holds at the optimum of a smooth objective, and there only."""
    what = "--se" if config.se else "--loo"
    if config.l1 > 0:
        raise UsageError(f"{what} needs a smooth penalty, and --l1 is none", hint=f"--l2 alone goes with {what}")
    for option, asked in (("--calibrate", config.calibrate), ("--patience", config.patience is not None)):
        if asked:
            raise UsageError(f"{what} needs the optimum, and {option} leaves it", hint=f"leave out {option}")
