"""The program and the oracle on the same file: every difference, as a line of text."""

import hashlib
import json
import math
from pathlib import Path

import numpy as np

import smtrain
from tests.oracle.files import Case
from tests.oracle.later import LaterReader
from tests.oracle.moments import moments, weighted
from tests.oracle.oracle import read
from tests.oracle.predicting import wrong_lines, wrong_probabilities
from tests.oracle.rules import SMALLEST, Answer, Options

ROLES = ("target", "drop", "categorical", "numeric", "weight", "unlabelled")
FEW = 1
SHOWN = 4000  # bytes of a file


def program(path: Path, options: Options) -> "smtrain.Model | smtrain.SmtrainError":
    """What the program makes of a file."""
    dialect = smtrain.Dialect(options.header, options.delimiter, options.decimal, options.na_values)
    roles = {name: getattr(options, name) for name in ROLES}
    try:
        return smtrain.fit(str(path), dialect=dialect, epochs=FEW, threads=1, **roles)
    except smtrain.SmtrainError as error:
        return error


def shown(case: Case, found: list[str]) -> str:
    """A file with its differences, and the command that makes it again."""
    given = {name: value for name, value in vars(case.options).items() if value != vars(Options())[name]}
    again = (
        f"python -m tests.oracle {case.seed} {case.number}"
        + " later" * bool(case.later)
        + " long" * ("long" in case.oddities)
    )
    return "\n".join(
        [
            again,
            *case.oddities,
            str(given),
            repr(case.data[:SHOWN]),
            repr(case.later[:SHOWN]),
            *(found or ["they agree"]),
        ]
    )


def differences(path: Path, options: Options) -> list[str]:
    """What the program and the oracle disagree on."""
    answer, found = read(path.read_bytes(), options), program(path, options)
    if isinstance(found, smtrain.SmtrainError):
        return wrong_error(path, answer, found)
    if answer.faults:
        return [f"the program finds no fault, the oracle {answer.faults}"]
    different = wrong_schema(answer, found) or wrong_cells(answer, found)
    return different if options.unlabelled == "skip" else [*different, *wrong_rows(path, answer, found)]


def wrong_rows(path: Path, answer: Answer, model: smtrain.Model) -> list[str]:
    """Differences of predictions, row by row, and of the lines that rows are said to be on."""
    if [column.name for column in answer.columns] != [column.name for column in model.encoder.columns]:
        return []
    predicted = smtrain.predict_proba(model, str(path), on_unknown="ignore")
    evaluated = smtrain.evaluate(model, str(path), threads=1, worst=len(answer.lines))
    return [*wrong_probabilities(answer, answer, model, predicted), *wrong_lines(path, answer, model, evaluated)]


def later_differences(one: Case, path: Path) -> list[str]:
    """What they disagree on of a later file, once a model is made of the first. None if there is no model."""
    path.write_bytes(one.data)
    learned, model = read(one.data, one.options), program(path, one.options)
    if isinstance(model, smtrain.SmtrainError) or learned.faults or wrong_schema(learned, model):
        return []
    path.write_bytes(one.later)
    found = []
    for labels in (False, True):
        answer = LaterReader(one.later, one.options, learned, labels=labels).read()
        try:
            if labels:
                evaluated = smtrain.evaluate(model, str(path), threads=1, worst=len(answer.lines))
            else:
                predicted = smtrain.predict_proba(model, str(path), on_unknown="ignore")
        except smtrain.SmtrainError as error:
            found += wrong_error(path, answer, error)
        else:
            if answer.faults:
                found.append(f"the program finds no fault, the oracle {answer.faults}")
            elif labels:
                found += wrong_lines(path, answer, model, evaluated)
            else:
                found += wrong_probabilities(learned, answer, model, predicted)
    return found


def place(error: smtrain.SmtrainError) -> tuple:
    """Where the program finds a fault, and whether it takes it for one of the data or of the options."""
    return getattr(error, "line", None), getattr(error, "column", None), not isinstance(error, smtrain.DataError)


def wrong_error(path: Path, answer: Answer, error: smtrain.SmtrainError) -> list[str]:
    expected = {(fault.line, fault.column, fault.usage) for fault in [*answer.faults, *answer.doubts]}
    if place(error) not in expected:
        faults = [*answer.faults, *answer.doubts]
        return [f"the program says {type(error).__name__}: {error} {place(error)}, the oracle {faults or 'nothing'}"]
    if isinstance(error, smtrain.DataError) and error.source != str(path):
        return [f"the fault is of {error.source}, not of {path}"]
    return []


def wrong_schema(answer: Answer, model: smtrain.Model) -> list[str]:
    """Differences of names, kinds, levels, classes and counts."""
    counts = [answer.labels.count(name) for name in answer.classes]
    kinds = [(column["name"], column.get("levels")) for column in model.encoder.schema()["columns"]]
    pairs = {
        "rows": (len(answer.labels), model.fit.rows),
        "target": (answer.target, model.encoder.target),
        "classes": (answer.classes, list(model.classes)),
        "class counts": (counts, list(model.fit.class_counts)),
        "columns": ([(column.name, column.levels) for column in answer.columns], kinds),
        "ignored": (answer.ignored, reasons(answer, model)),
        "missing": (answer.missing, model.fit.missing),
    }
    return [f"{what}: the oracle {ours}, the program {its}" for what, (ours, its) in pairs.items() if ours != its]


def reasons(answer: Answer, model: smtrain.Model) -> dict[str, str]:
    """Why columns were left out, as docs/data.md has it; of large numbers that are constant more is said.

    Whether a weighted deviation is exactly 0, or nearly, is a matter of rounding.
    """
    found = dict(model.encoder.ignored)
    loose = ("in floating point", *(["it is constant"] if answer.weights else []))
    same = {name: answer.ignored.get(name, "") for name, why in found.items() if any(words in why for words in loose)}
    return found | {name: why for name, why in same.items() if why.startswith("it is constant")}


def wrong_cells(answer: Answer, model: smtrain.Model) -> list[str]:
    """Differences of any cell, weight or label, to the last bit: docs/model-format.md, 'the digest of the data'."""
    digest = model.fit.data
    found = [] if digest.sha256 == data_digest(answer) else ["the digest of the data is another"]
    for column, its in zip(answer.columns, digest.columns, strict=False):
        if column_sum(codes(column)) != its:
            found.append(f"column {column.name!r} has other cells")
    if target_sum(answer) != digest.target:
        found.append("the labels are others")
    return [*found, *wrong_numbers(answer, model)]


def data_digest(answer: Answer) -> str:
    weights = answer.weights
    weight = None if weights is None else [answer.weight_name, column_sum(weights)]
    document = {
        "rows": len(answer.labels),
        "columns": [[column.name, column.levels, column_sum(codes(column))] for column in answer.columns],
        "target": [answer.target, answer.classes, target_sum(answer)],
        "weight": weight,
    }
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def codes(column) -> list[float]:
    """A number a cell: its own, or that of its level, from 1."""
    if column.levels is None:
        return column.cells
    order = {level: code for code, level in enumerate(column.levels, 1)}
    return [order[cell] for cell in column.cells]


def target_sum(answer: Answer) -> str:
    order = {name: code for code, name in enumerate(answer.classes)}
    return column_sum([order[label] for label in answer.labels])


def column_sum(cells: list[float]) -> str:
    """As docs/model-format.md has it."""
    i = np.arange(1, len(cells) + 1, dtype=np.uint64)
    z = i * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    numbers = np.asarray(cells, float) + 0.0
    numbers[np.isnan(numbers)] = np.nan
    x = numbers.view(np.uint64)
    mixed = (x ^ (x >> np.uint64(32))) * ((z ^ (z >> np.uint64(31))) | np.uint64(1))
    return f"{mixed.sum():016x}"


def wrong_numbers(answer: Answer, model: smtrain.Model) -> list[str]:
    """Differences of means and deviations, beyond rounding."""
    found = []
    for column, its in zip(answer.columns, model.encoder.columns, strict=False):
        counted = [] if column.levels else weighted(column.cells, answer.weights)
        if not all(math.isnan(x) for x, _ in counted):
            mean, scale = moments(counted)
            largest = max((abs(cell) for cell in column.cells if not math.isnan(cell)), default=0.0)
            if not math.isclose(mean, its.mean, rel_tol=1e-9, abs_tol=1e-9 * largest):
                found.append(f"column {column.name!r}: mean {mean}, the program {its.mean}")
            if scale > max(1e-6 * largest, SMALLEST) and not math.isclose(scale, its.scale, rel_tol=1e-6):
                found.append(f"column {column.name!r}: deviation {scale}, the program {its.scale}")
    return found
