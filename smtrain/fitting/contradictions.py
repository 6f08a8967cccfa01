"""Options of a fit that contradict each other, are out of range, or cannot be kept: told before the work."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from smtrain.errors import UsageError, quoted
from smtrain.fitting.options import FitConfig
from smtrain.solvers import make_solver
from smtrain.sources.dialect import UNLABELLED


def check_options(config: FitConfig) -> None:
    """Raise UsageError for options that contradict each other or cannot be."""
    make_solver(config)  # each solver refuses the options that it cannot follow
    _check_texts(config)
    _check_selection(config)
    if config.se or config.loo:
        _check_inference(config)
    if config.validation is None and (config.calibrate or config.patience is not None):
        what = "--calibrate" if config.calibrate else "--patience"
        raise UsageError(f"{what} needs rows that are set aside", hint="--validation 0.2")
    # On the command line the types of the options have checked these already; in Python and in a record nobody has.
    ranges = {
        "l1": 0 <= config.l1 < math.inf,
        "l2": 0 <= config.ridge < math.inf,
        "tol": 0 <= config.tolerance < math.inf,
        "epochs": config.epochs >= 0,
        "momentum": 0 <= config.momentum < 1,
        "learning rate": config.learning_rate is None or 0 < config.learning_rate < math.inf,
        "batch size": config.batch_size is None or config.batch_size >= 1,
        "seed": config.seed >= 0,
        "threads": config.threads is None or config.threads >= 1,
        "memory": config.memory is None or config.memory >= 1,
        "validation": not isinstance(config.validation, float) or 0 < config.validation < 1,
        "patience": config.patience is None or config.patience >= 1,
        "number of folds": config.folds >= 2,
        "unlabelled": config.unlabelled in UNLABELLED,
    }
    for name, valid in ranges.items():
        if not valid:
            raise UsageError(f"the {name} is out of range")


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
        raise UsageError(f"{what} needs l2 to be chosen", hint="--l2 auto")


def _check_inference(config: FitConfig) -> None:
    """What --se and --loo say holds at the optimum of a smooth objective, and there only."""
    what = "--se" if config.se else "--loo"
    if config.l1 > 0:
        raise UsageError(f"{what} needs a smooth penalty, and --l1 is none", hint=f"--l2 alone goes with {what}")
    for option, given in (("--calibrate", config.calibrate), ("--patience", config.patience is not None)):
        if given:
            raise UsageError(f"{what} needs the optimum, and {option} leaves it", hint=f"leave out {option}")
