"""Multiclass (softmax) logistic regression: a CSV in, a certified, portable, reproducible classifier out.

    import smtrain
    model = smtrain.fit("iris.csv", target="species")
    model.save("model.npz")
    smtrain.predict(smtrain.load("model.npz"), "new.csv")

The names below are loaded when they are first used, so that `smtrain --help` needs neither numpy nor pandas.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smtrain.api import Comparison, Evaluation, check, compare, doctor, evaluate, fit, load, predict, predict_proba
    from smtrain.config import Dialect, FitConfig
    from smtrain.diagnosis import Diagnosis, Finding, Severity
    from smtrain.errors import (
        CheckError,
        DataError,
        ExitCode,
        ModelError,
        OutputError,
        SmtrainError,
        TrainingError,
        UsageError,
    )
    from smtrain.model import Model
    from smtrain.standard_errors import Inference, inference
    from smtrain.verifying import Verification, verify

__version__ = "0.1.0"

_HOMES = {
    "smtrain.api": (
        "Comparison",
        "Evaluation",
        "check",
        "compare",
        "doctor",
        "evaluate",
        "fit",
        "load",
        "predict",
        "predict_proba",
    ),
    "smtrain.config": ("Dialect", "FitConfig"),
    "smtrain.diagnosis": ("Diagnosis", "Finding", "Severity"),
    "smtrain.errors": (
        "CheckError",
        "DataError",
        "ExitCode",
        "ModelError",
        "OutputError",
        "SmtrainError",
        "TrainingError",
        "UsageError",
    ),
    "smtrain.standard_errors": ("Inference", "inference"),
    "smtrain.model": ("Model",),
    "smtrain.verifying": ("Verification", "verify"),
}
__all__ = [
    "CheckError",
    "Comparison",
    "DataError",
    "Diagnosis",
    "Dialect",
    "Evaluation",
    "ExitCode",
    "Finding",
    "FitConfig",
    "Inference",
    "Model",
    "ModelError",
    "OutputError",
    "Severity",
    "SmtrainError",
    "TrainingError",
    "UsageError",
    "Verification",
    "check",
    "compare",
    "doctor",
    "evaluate",
    "fit",
    "inference",
    "load",
    "predict",
    "predict_proba",
    "verify",
]


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module 'smtrain' has no attribute {name!r}")
