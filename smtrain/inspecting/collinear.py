"""Columns of numbers that others determine, as far as a sample of the rows can tell: what a fit says of all rows."""

from collections.abc import Iterator

import numpy as np

from smtrain.errors import listed, quoted
from smtrain.inspecting.diagnosis import Finding, Severity
from smtrain.inspecting.examined import Examined
from smtrain.inspecting.profile import Profile
from smtrain.partitions.memory import MemoryHome
from smtrain.softmax.collinearity import dependences
from smtrain.softmax.design import Design
from smtrain.softmax.loss import Partition
from smtrain.sources.interface import Reading


def collinear(examined: Examined) -> Iterator[Finding]:
    """A note for each column of numbers that is a sum of others and a constant."""
    places = [i for i, one in enumerate(examined.profiles) if _is_kept(one, examined.kinds[i], examined.rows)]
    places = list({examined.profiles[i].digest: i for i in reversed(places)}.values())[
        ::-1
    ]  # equal ones are told as such
    x = examined.sample[1][places]
    # Of fewer rows than columns every column is a sum of others.
    if not 1 < len(places) < x.shape[1]:
        return
    for column, others in _determined(x):
        names = listed(quoted(examined.profiles[places[j]].name) for j in others)
        what = f"collinear with {names}: its weight is arbitrary without a penalty"
        yield Finding(Severity.NOTE, "collinear", what, examined.profiles[places[column]].name)


def _is_kept(profile: Profile, kind: Reading | None, rows: int) -> bool:
    number = profile.numbers and not profile.words and kind is not Reading.TEXT
    return bool(number) and profile.constant is None and profile.facts(kind, rows).left_out is None


def _determined(x: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Iterator[tuple[int, tuple[int, ...]]]:
    """The determined columns of numbers x (q, m), with those that determine them."""
    with np.errstate(over="ignore", invalid="ignore"):  # what is too large to compute is collinear with nothing
        X = x.T - np.nanmean(x, axis=1)
        scale = np.sqrt(np.nanmean(X**2, axis=0))
        X /= np.where(scale > 0, scale, 1)
    known = np.flatnonzero(np.isfinite(scale) & (scale > 0))
    if len(known) < 2:
        return
    X = np.nan_to_num(X[:, known])  # a gap counts as the mean, as in a fit
    rows = Partition(Design(X), np.zeros(len(X), np.intp), np.ones(len(X)))
    dependent = dependences(MemoryHome().rows([rows]))
    yield from ((int(known[one.column]), tuple(int(known[j]) for j in one.others)) for one in dependent)
