"""What a model must make of rows, by docs/model-format.md, and the differences from what the program does."""

from pathlib import Path

import numpy as np

import smtrain
from tests.oracle.rules import Answer


def wrong_probabilities(learned: Answer, answer: Answer, model: smtrain.Model, found: np.ndarray) -> list[str]:
    """Differences of predictions, row by row."""
    expected = probabilities(learned, answer, model)
    if expected.shape != found.shape:
        return [f"{len(found)} rows are predicted of {len(expected)}"]
    if not np.allclose(expected, found, rtol=0, atol=1e-7):
        return [f"row {int(np.abs(expected - found).max(axis=1).argmax()) + 1} is predicted otherwise"]
    return []


def wrong_lines(path: Path, answer: Answer, model: smtrain.Model, found: smtrain.Evaluation) -> list[str]:
    """Differences of the labels, and of the lines that rows are said to be on."""
    its = {row.row: (row.line, model.classes[row.label], row.source) for row in found.worst}
    weights = answer.weights or [1.0] * len(answer.labels)
    rows = enumerate(zip(answer.lines, answer.labels, weights, strict=True), 1)
    ours = {row: (line, label, str(path)) for row, (line, label, weight) in rows if weight}
    different = [row for row in ours.keys() | its.keys() if ours.get(row) != its.get(row)]
    return [f"row {row}: the oracle {ours.get(row)}, the program {its.get(row)}" for row in sorted(different)]


def probabilities(learned: Answer, answer: Answer, model: smtrain.Model) -> np.ndarray:
    """'Numbers, with the mean for what is missing; whether they are missing, if training had any; levels.'"""
    pairs = list(zip(learned.columns, answer.columns, strict=True))
    numbers = [(taught, np.array(column.cells, float)) for taught, column in pairs if taught.levels is None]
    words = [(taught, column.cells) for taught, column in pairs if taught.levels is not None]
    means = iter(model.encoder.means)
    x = [np.where(np.isnan(cells), next(means), cells) for _, cells in numbers]
    x += [np.isnan(cells) for taught, cells in numbers if taught.missing]
    x += [np.array([cell == level for cell in cells]) for taught, cells in words for level in taught.levels]
    X = np.array(x, float).reshape(len(x), len(answer.lines)).T
    Z = (X - model.encoder.means) / model.encoder.scales @ model.W + model.b
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)
