"""The formats of export, and the export of a model to one of them."""

from dataclasses import fields
from importlib import import_module
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from smtrain.errors import CheckError, UsageError, counted, quoted
from smtrain.exports.formats import FORMATS
from smtrain.exports.golden import golden_of
from smtrain.exports.interface import Exporter, Golden, NoEngineError, Options, Portable
from smtrain.model.model import Model

Floats = NDArray[np.float64]
# How far probabilities may be off where all is computed in 24 bits: logits of a thousand lose 1e-4.
FLOAT32 = 1e-3


def export(model: Model, to: str, *, self_test: bool = False, **options: Any) -> bytes:
    """Return the whole prediction of a model in another language, `to` one of FORMATS; see docs/exports.md.

    `options` are those of the format: `table`, `keep`, `dbt` of SQL, `float32` of ONNX. With `self_test` the artefact
    is run here, and held against `predict_proba` on its golden rows. Raises UsageError for a format or an option that
    is not there, for a model that the format cannot hold, and for a self-test where there is nothing that runs the
    artefact; CheckError where a probability differs.

    >>> import json
    >>> model = smtrain.fit("iris.csv")
    >>> document = json.loads(smtrain.export(model, "json"))
    >>> document["classes"]
    ['setosa', 'versicolor', 'virginica']
    """
    return exported(model, to, self_test=self_test, **options)[0]


def exported(model: Model, to: str, *, self_test: bool, **options: Any) -> tuple[bytes, str]:
    """As `export`, and what the self-test found, in words; nothing where none was asked for."""
    exporter, asked = exporter_of(to), options_of(to, options)
    portable = Portable.of(model)
    golden = golden_of(portable)
    artefact = exporter.write(portable, golden, asked)
    if not self_test:
        return artefact, ""
    worst = _check(to, exporter, _run(to, exporter, artefact, golden, asked), golden, asked)
    rows = counted(len(golden.rows), "row")
    found = f"differ by at most {worst:.2g}" if asked.float32 else f"are within {exporter.TOLERANCE:g}"
    return artefact, f"self-test: the probabilities of {rows} {found}"


def exporter_of(to: str) -> Exporter:
    """The format of a name. Raises UsageError."""
    if to not in FORMATS:
        raise UsageError(f"there is no export to {quoted(str(to))}", hint=f"there are {', '.join(FORMATS)}")
    return cast(Exporter, import_module(f"smtrain.exports.{FORMATS[to]}"))


def options_of(to: str, given: dict[str, Any]) -> Options:
    """The options of a format. Raises UsageError for one that it does not have."""
    known = exporter_of(to).OPTIONS
    names = [one.name for one in fields(Options)]
    for name, value in given.items():
        if name not in known and (name not in names or value != getattr(Options, name)):
            raise UsageError(f"the export to {to} has no {name}")
    return Options(**given)


def _run(to: str, exporter: Exporter, artefact: bytes, golden: Golden, options: Options) -> Floats:
    """The probabilities (n, K) of the golden rows. Raises UsageError without an engine, CheckError where it fails."""
    try:
        found = np.array(exporter.run(artefact, golden.rows, options), np.float64)
    except NoEngineError as error:
        raise UsageError(f"the export to {to} cannot be run here: {error}", hint="leave --self-test out") from error
    except (CheckError, MemoryError):
        raise
    except Exception as error:  # each engine has errors of its own, and any of them is a test that failed
        raise CheckError(f"the export to {to} does not run: {_said(error)}") from error
    if found.shape != np.shape(golden.probabilities):
        raise CheckError(f"the export to {to} does not run: it has no probabilities for some rows")
    return found


def _said(error: Exception) -> str:
    """The last line of what an engine says of its error."""
    said = getattr(error, "stderr", None) or str(error)
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    return next(reversed(text.strip().splitlines()), type(error).__name__)


def _check(to: str, exporter: Exporter, found: Floats, golden: Golden, options: Options) -> float:
    """Return the largest difference. Raise CheckError where one is larger than the format allows."""
    tolerance = FLOAT32 if options.float32 else exporter.TOLERANCE
    differences = np.abs(found - golden.probabilities)
    if not (differences <= tolerance).all():
        row = int(np.nan_to_num(differences, nan=np.inf).max(axis=1).argmax())
        what = f"the export to {to} differs from the model by {differences[row].max():.3g} in its golden row {row + 1}"
        raise CheckError(what, hint="it is not to be used; please report this")
    return float(differences.max())
