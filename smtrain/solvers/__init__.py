"""Methods of minimisation, a file for each, chosen by name.

To add one: a module here with `from_config`, and its line in SOLVERS.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from smtrain.errors import UsageError, quoted
from smtrain.solvers.options import ABILITIES, Options
from smtrain.wording import given

if TYPE_CHECKING:  # the command line lists the names without loading numpy
    from smtrain.solvers.interface import Solver

SOLVERS = {
    "lbfgs": "smtrain.solvers.lbfgs",
    "proximal": "smtrain.solvers.proximal",
    "gd": "smtrain.solvers.gradient_descent",
}


def make_solver(options: Options) -> "Solver":
    """Return the solver that the options name.

    Raises UsageError if there is no such solver, or if it cannot do what the options ask for.
    """
    name = options.solver_name
    if name not in SOLVERS:
        raise UsageError(f"there is no solver {quoted(name)}", hint=f"there are {', '.join(SOLVERS)}")
    solver = _made(name, options)
    asked = [ability for ability in ABILITIES if ability.asked(options)]
    for ability in asked:
        if not getattr(solver, ability.name):
            able = [other for other in SOLVERS if getattr(_made(other, options), ability.name)]
            # Of those the ones that can do the rest, too, if there are any.
            able = [one for one in able if all(getattr(_made(one, options), other.name) for other in asked)] or able
            hint = f"{' or '.join(given('solver', one) for one in able)} does"
            raise UsageError(f"{given('solver', name)} {ability.refusal}", hint=hint)
    return solver


def _made(name: str, options: Options) -> "Solver":
    """Return the solver of this name, made from the options. Its module is loaded only now."""
    solver: Solver = import_module(SOLVERS[name]).from_config(options)
    return solver
