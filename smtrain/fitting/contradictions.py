"""Options of a fit that contradict each other, are out of range, or cannot be kept: told before the work."""

from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, get_args, get_type_hints

from smtrain.errors import UsageError, quoted
from smtrain.fitting.options import FitConfig, paths_of
from smtrain.solvers import make_solver
from smtrain.sources.arguments import Range, check_range
from smtrain.wording import given


def check_options(config: FitConfig) -> None:
    """Raise UsageError for options that contradict each other or cannot be."""
    make_solver(config)  # each solver refuses the options that it cannot follow
    _check_texts(config)
    _check_selection(config)
    if config.se or config.loo or config.lr:
        _check_inference(config)
    if config.validation is None and (config.calibrate or config.patience is not None):
        what = "--calibrate" if config.calibrate else "--patience"
        raise UsageError(f"{what} needs rows that are set aside", hint=given("validation", 0.2))
    if config.groups is not None:
        _check_dealing(config)
        check_groups(config)
    if config.cluster is not None and config.memory is not None:
        raise UsageError("--memory and --cluster exclude each other", hint="workers have limits of their own")
    check_ranges(config)


def check_ranges(config: FitConfig, called: Mapping[str, str] = MappingProxyType({})) -> None:
    """Raise UsageError for a number that an option cannot have; `called` are other names of options."""
    # On the command line the types of the options have checked these already; in Python nobody has.
    for name, numbers in _ranges().items():
        value = getattr(config, name)
        if isinstance(value, int | float):
            check_range(called.get(name, name), value, numbers)


@cache
def _ranges() -> dict[str, Range]:
    """The range of each option that is a number, as the types of the options have it."""
    hints = get_type_hints(FitConfig, include_extras=True)
    conditions = {
        name: [one for kind in (hint, *get_args(hint)) for one in get_args(kind)] for name, hint in hints.items()
    }
    return {name: one for name, those in conditions.items() for one in those if isinstance(one, Range)}


def _check_texts(config: FitConfig) -> None:
    """Raise UsageError for what cannot be kept in a model: asked before the work, not after it."""
    try:
        record = config.record() | dict.fromkeys(paths_of(config, str))
    except UnicodeError as error:
        path = " or ".join(quoted(path) for path in paths_of(config, str).values())
        raise UsageError(f"{path} is not a path") from error
    wrong = [text for text in _texts(record) if any("\ud800" <= character <= "\udfff" for character in text)]
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
    """What goes with the choice of a penalty, and what does not."""
    if config.l1 == "auto" and config.l2 == "auto":
        what = f"{given('l1', 'auto')} and {given('l2', 'auto')} exclude each other"
        raise UsageError(what, hint="a number for one of them; without --l2 it is a lasso")
    if config.chosen is None and (config.one_se or config.folds != FitConfig.folds):
        what = "--one-se" if config.one_se else "--folds"
        raise UsageError(f"{what} needs a penalty to be chosen", hint=given("l2", "auto"))


def _check_dealing(config: FitConfig) -> None:
    """Groups are for rows that are dealt out."""
    if not config.deals:
        what = "--groups keeps rows together where they are dealt out, and none are"
        raise UsageError(what, hint=f"{given('l2', 'auto')}; {given('validation', 0.2)}; {given('test', 0.2)}")


def check_groups(config: FitConfig) -> None:
    """Raise UsageError for groups of which numbers are to be made."""
    groups = config.groups
    if groups is not None and groups in config.dialect.dates:
        raise UsageError(f"column {quoted(groups)} is both in --groups and in --dates", hint="leave it out of one")


def _check_inference(config: FitConfig) -> None:
    """What --se, --loo and --lr say holds at the optimum of a smooth objective, and there only."""
    what = "--se" if config.se else "--loo" if config.loo else "--lr"
    if config.lr and (config.chosen or config.penalised):
        raise UsageError("--lr is for a fit of maximum likelihood, without a penalty", hint=given("l2", 0))
    if config.lasso > 0:
        raise UsageError(f"{what} needs a smooth penalty, and --l1 is none", hint=f"--l2 alone goes with {what}")
    for option, asked in (("--calibrate", config.calibrate), ("--patience", config.patience is not None)):
        if asked:
            raise UsageError(f"{what} needs the optimum, and {option} leaves it", hint=f"leave out {option}")
