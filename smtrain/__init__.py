"""Multiclass (softmax) logistic regression: a CSV in, a certified, portable, reproducible classifier out.

    import smtrain
    model = smtrain.fit("iris.csv", target="species")
    model.save("model.npz")
    smtrain.predict(smtrain.load("model.npz"), "new.csv")

The names below are loaded when they are first used, so that `smtrain --help` needs neither numpy nor pandas, and
scikit-learn is loaded by `from_sklearn` and `to_sklearn` alone.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from smtrain.version import __version__ as __version__

if TYPE_CHECKING:
    from smtrain.errors import (
        CheckError,
        ClusterError,
        DataError,
        ExitCode,
        FitWarning,
        ModelError,
        OutputError,
        SmtrainError,
        SmtrainWarning,
        TrainingError,
        UnknownLevelWarning,
        UsageError,
    )
    from smtrain.exports.table import export
    from smtrain.fitting.fit import fit
    from smtrain.fitting.options import FitConfig
    from smtrain.fitting.parting import split
    from smtrain.inspecting.check import check
    from smtrain.inspecting.cross_validation import CrossValidation, cross_validate
    from smtrain.inspecting.diagnosis import Diagnosis, Finding, Severity
    from smtrain.inspecting.doctor import doctor
    from smtrain.inspecting.verify import Verification, verify
    from smtrain.model.model import Model, load
    from smtrain.reports.report import Report, report
    from smtrain.scoring.compare import Comparison, compare
    from smtrain.scoring.evaluate import Evaluation, evaluate
    from smtrain.scoring.explanation import Explanation, explain
    from smtrain.scoring.inference import Inference, inference
    from smtrain.scoring.likelihood import Likelihood, likelihood
    from smtrain.scoring.predict import predict, predict_proba
    from smtrain.sklearn.pipeline import to_sklearn as to_sklearn
    from smtrain.sklearn.probing import from_sklearn as from_sklearn
    from smtrain.sources.dialect import Dialect

_HOMES = {
    "smtrain.errors": (
        "CheckError",
        "ClusterError",
        "DataError",
        "ExitCode",
        "FitWarning",
        "ModelError",
        "OutputError",
        "SmtrainError",
        "SmtrainWarning",
        "TrainingError",
        "UnknownLevelWarning",
        "UsageError",
    ),
    "smtrain.exports.table": ("export",),
    "smtrain.fitting.fit": ("fit",),
    "smtrain.fitting.options": ("FitConfig",),
    "smtrain.fitting.parting": ("split",),
    "smtrain.inspecting.check": ("check",),
    "smtrain.inspecting.cross_validation": ("CrossValidation", "cross_validate"),
    "smtrain.inspecting.diagnosis": ("Diagnosis", "Finding", "Severity"),
    "smtrain.inspecting.doctor": ("doctor",),
    "smtrain.inspecting.verify": ("Verification", "verify"),
    "smtrain.model.model": ("Model", "load"),
    "smtrain.reports.report": ("Report", "report"),
    "smtrain.scoring.compare": ("Comparison", "compare"),
    "smtrain.scoring.evaluate": ("Evaluation", "evaluate"),
    "smtrain.scoring.explanation": ("Explanation", "explain"),
    "smtrain.scoring.inference": ("Inference", "inference"),
    "smtrain.scoring.likelihood": ("Likelihood", "likelihood"),
    "smtrain.scoring.predict": ("predict", "predict_proba"),
    "smtrain.sklearn": ("from_sklearn", "to_sklearn"),
    "smtrain.sources.dialect": ("Dialect",),
}
# Without those of smtrain.sklearn: `from smtrain import *` is not to need scikit-learn.
__all__ = [
    "CheckError",
    "ClusterError",
    "Comparison",
    "CrossValidation",
    "DataError",
    "Diagnosis",
    "Dialect",
    "Evaluation",
    "ExitCode",
    "Explanation",
    "Finding",
    "FitConfig",
    "FitWarning",
    "Inference",
    "Likelihood",
    "Model",
    "ModelError",
    "OutputError",
    "Report",
    "Severity",
    "SmtrainError",
    "SmtrainWarning",
    "TrainingError",
    "UnknownLevelWarning",
    "UsageError",
    "Verification",
    "check",
    "compare",
    "cross_validate",
    "doctor",
    "evaluate",
    "explain",
    "export",
    "fit",
    "inference",
    "likelihood",
    "load",
    "predict",
    "predict_proba",
    "report",
    "split",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name == "sklearn":
        return import_module("smtrain.sklearn")
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module 'smtrain' has no attribute {name!r}")


def __dir__() -> list[str]:
    # What asks for every name that is listed, as help() does, would fail without scikit-learn.
    return [*__all__, *(_HOMES["smtrain.sklearn"] if find_spec("sklearn") else ())]
