"""Solvers by name. To add one: a module here, and its line in SOLVERS."""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from smtrain.solvers.options import Options

if TYPE_CHECKING:  # the command line lists the names without loading numpy
    from smtrain.solvers.base import Solver

SOLVERS = {
    "lbfgs": "smtrain.solvers.lbfgs",
    "proximal": "smtrain.solvers.proximal",
    "gd": "smtrain.solvers.gradient_descent",
}


def make_solver(config: Options) -> "Solver":
    """Return the solver that `config` names, with its options: each module's `from_config`."""
    from_config: Callable[[Options], Solver] = import_module(SOLVERS[config.solver_name]).from_config
    return from_config(config)
