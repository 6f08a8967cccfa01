"""The options of a fit, all of them, with their defaults. Light: the command line reads it before numpy is loaded."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, Self

from smtrain.model.options import Options
from smtrain.model.schema import Positive, document_of
from smtrain.partitions import PATIENCE
from smtrain.sources.arguments import Range
from smtrain.sources.paths import native_path, recorded_path

# When float32 is chosen: rounding to it moves the NLL by about 1e-8 of itself, and the gap by about 1e-6 / l2 of it.
# The relative gap that it is good for.
COARSEST_FLOAT32 = 1e-5
# The weakest penalty that it is good for, as a share of the mean weight of a row.
WEAKEST_FLOAT32 = 0.1
# Numbers in X from which on it pays: 8 MiB in float64, what no longer fits a processor's cache.
FEWEST_FLOAT32 = 1 << 20
# The heaviest row that it is good for, as a multiple of the mean weight.
HEAVIEST_FLOAT32 = 1000.0
# The weight that a class can have: with that of a row, at most 1e152, its sums over all rows stay finite.
CLASS_WEIGHTS = Range(0, 1e100)


def paths_of(options: Options, form: Callable[[str], str]) -> dict[str, Any]:
    """The options that are paths of files, in another form."""
    named = {name: getattr(options, name) for name in ("validation", "test")}
    return {name: form(path) for name, path in named.items() if isinstance(path, str)}


@dataclass(frozen=True, repr=False)
class FitConfig(Options):
    """The options of a fit: those of `Options`, and those that change no bit of the model.

    `threads` None takes the processors that this process may use. `memory` is how many bytes the process may take; rows
    that do not fit go to a temporary file. `cluster` is where workers have the rows: the address or the file of a Dask
    scheduler, or local:N for N processes on this machine; `cluster_wait` how many seconds it may be without a worker.
    `require_convergence` makes a fit fail that does not reach
    its tolerance.

    >>> config = smtrain.FitConfig(target="species", l2=0.1)
    >>> config
    FitConfig(target='species', l2=0.1)
    >>> smtrain.fit("iris.csv", config=config, l2=1).fit.options.l2
    1.0
    """

    threads: Positive | None = None
    memory: Positive | None = None
    cluster: str | None = None
    cluster_wait: Positive = PATIENCE
    require_convergence: bool = False

    @classmethod
    def again(cls, options: Options) -> Self:
        """The options of a fit that is to be made again, from those that its model keeps.

        >>> model = smtrain.fit("iris.csv")
        >>> smtrain.FitConfig.again(model.fit.options)
        FitConfig(solver='lbfgs', tol=0.0001, l2=1.0, precision='float64')
        """
        config = cls(**{one.name: getattr(options, one.name) for one in fields(Options)})
        return replace(config, **paths_of(config, native_path))

    def settled(self, cells: int, mean: float = 1.0, heaviest: float = 1.0) -> "FitConfig":
        """The options with the precision settled, for X of so many numbers and the rows' mean and largest weight.

        >>> smtrain.FitConfig().settled(cells=600).precision
        'float64'
        """
        strong = self.chosen != "l2" and self.ridge >= WEAKEST_FLOAT32 * mean
        even = heaviest <= HEAVIEST_FLOAT32 * mean
        enough = self.tolerance >= COARSEST_FLOAT32 and strong and even and cells >= FEWEST_FLOAT32
        return self if self.precision != "auto" else replace(self, precision="float32" if enough else "float64")

    def without_idle_groups(self) -> "FitConfig":
        """The options with groups that keep no rows together left out as any other column is.

        >>> smtrain.FitConfig(groups="who").without_idle_groups()
        FitConfig(drop=('who',))
        """
        if self.groups is None or self.deals:
            return self
        drop = self.drop if self.groups in self.drop else (*self.drop, self.groups)
        return replace(self, drop=drop, groups=None)

    def kept(self) -> Options:
        """The options as they go into the model: defaults that depend on others filled in, paths in any locale.

        >>> smtrain.FitConfig(l1=0.5).kept().solver
        'proximal'
        """
        options = Options(**{one.name: getattr(self, one.name) for one in fields(Options)})
        l2 = self.l2 if self.l2 == "auto" else self.ridge
        paths = paths_of(self, recorded_path)
        return replace(options, l2=l2, tol=self.tolerance, solver=self.solver_name, **paths)

    def record(self) -> dict[str, Any]:
        """Those as a JSON document.

        >>> smtrain.FitConfig(l1=0.5).record()["l2"]
        0.0
        """
        document: dict[str, Any] = document_of(self.kept())
        return document
