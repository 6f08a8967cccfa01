"""Where the seconds of one fit go: python stopwatch.py CSV TARGET prints one JSON object, as bench/phases.py says.

What the threads compute is in the phase of the main thread that waits for them. A name that this version of smtrain
does not have is left out, so that versions can be compared.
"""

import time

START = time.perf_counter()

import functools
import importlib
import json
import resource
import sys

# What is timed besides the sums over the rows: module, function, phase.
TIMED = (
    ("smtrain.fitting.fit", "learn", "reading and encoding"),
    ("smtrain.fitting.fit", "postestimation", "after the fit"),
    ("smtrain.fitting.postestimation", "dependences", "collinear columns"),
    ("smtrain.solvers.lbfgs", "descent_direction", "pairs and blocks"),
    ("smtrain.solvers.lbfgs", "with_pair", "pairs and blocks"),
    ("smtrain.solvers.lbfgs", "local_curvature", "curvature"),
    ("smtrain.solvers.lbfgs", "curvature_at_zero", "curvature"),
    ("smtrain.solvers.base", "_bounded", "certificate"),
    ("smtrain.solvers.base", "_gap", "certificate"),
)
REPEATS = 5


class Stopwatch:
    """The seconds of each phase so far; the innermost phase is running."""

    def __init__(self):
        self.seconds, self._running, self._since = {}, ["the rest"], START

    def turn(self, phase=None):
        """Give the running phase its seconds; then run a phase inside it, or go back to the one around it."""
        now, last = time.perf_counter(), self._running[-1]
        self.seconds[last] = self.seconds.get(last, 0.0) + now - self._since
        self._since = now
        if phase is None:
            self._running.pop()
        else:
            self._running.append(phase)

    def without(self, function):
        """What a function returns, whose seconds count for no phase."""
        self.turn("")
        seconds, result = dict(self.seconds), function()
        self.turn()
        self.seconds = seconds
        return result

    def timed(self, function, phase):
        """The function, whose seconds are those of a phase: a name, or a function of the arguments."""

        @functools.wraps(function)
        def inside(*args, **kwargs):
            self.turn(phase if isinstance(phase, str) else phase(*args))
            try:
                return function(*args, **kwargs)
            finally:
                self.turn()

        return inside


def name_of(_, function, *__):
    """The phase of a sum over the rows: the name of the function that is summed, without what is around it."""
    while inner := getattr(function, "func", None) or getattr(function, "function", None):
        function = inner
    return "rows: " + getattr(function, "__name__", type(function).__name__).strip("_")


def watch(stopwatch):
    """Put the stopwatch around what is timed."""
    for module, name, phase in TIMED:
        holder = importlib.import_module(module)
        if hasattr(holder, name):
            setattr(holder, name, stopwatch.timed(getattr(holder, name), phase))
    rows = importlib.import_module("smtrain.partitions.memory").LocalRows
    for name in ("sum", "keep", "sampled"):
        setattr(rows, name, stopwatch.timed(getattr(rows, name), name_of))


def products(partition, W):
    """The two products of a pass over a partition, and nothing else."""
    total = 0.0
    for tile in partition.tiles(W.shape[1]):
        total = total + tile.X.transpose_times(tile.X.times(W))
    return total


def milliseconds(function):
    """The best of some calls."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return 1000 * min(times)


def look(objective, solution):
    """The passes of a fit, and the milliseconds of one and of its products."""
    theta, rows = solution.point.theta, objective.rows
    return {
        "passes": solution.history[-1].epoch,
        "pass": milliseconds(lambda: objective.value_and_grad(theta)),
        "products": milliseconds(lambda: rows.sum(functools.partial(products, W=theta[:-1]))),
    }


def main(path, target):
    """Fit, and print."""
    stopwatch, told = Stopwatch(), {}
    stopwatch.turn("imports")
    fitting = importlib.import_module("smtrain.fitting.fit")
    importlib.import_module("smtrain.solvers.lbfgs")
    stopwatch.turn()
    minimise = fitting.minimise

    def minimise_and_look(objective, *args, **kwargs):
        solution = minimise(objective, *args, **kwargs)
        told.update(stopwatch.without(functools.partial(look, objective, solution)))
        return solution

    watch(stopwatch)
    fitting.minimise = minimise_and_look
    fitting.fit(path, target=target)
    stopwatch.turn()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds = dict(sorted(stopwatch.seconds.items(), key=lambda item: -item[1]))
    print(json.dumps(told | {"seconds": seconds, "peak_mb": peak}))


if __name__ == "__main__":
    main(*sys.argv[1:])
