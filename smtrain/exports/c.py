"""A header of C99: static tables and two functions, without memory of its own, and without a parser of numbers."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from smtrain.exports.interface import Golden, NoEngineError, Options, Portable, Row, numeric
from smtrain.exports.stamp import stamp
from smtrain.sources.dialect import LARGEST

OPTIONS = ()
TOLERANCE = 1e-12
# C99 asks compilers for texts of 4,095 characters only; all take longer levels.
WARNINGS = ("-std=c99", "-Wall", "-Wextra", "-Wconversion", "-pedantic", "-Werror", "-Wno-overlength-strings")
PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _-+*/.,:;=<>()[]{}#&|^~!%@$'")
TEXT = Path(__file__).with_name("c_template.h")


def write(portable: Portable, golden: Golden, options: Options) -> bytes:  # noqa: ARG001 - the signature of a format
    """The header: the template with its tables. It is ASCII, whatever names there are."""
    about = stamp(portable)
    head = f"/* A model of smtrain {about['smtrain']}, SHA-256 {about['model_sha256']}. */\n"
    return (head + TEXT.read_text().replace("/* TABLES */\n", "\n".join(_tables(portable, golden)))).encode("ascii")


def _tables(portable: Portable, golden: Golden) -> Iterable[str]:
    numbers, words, meaning = portable.numbers, portable.words, portable.meaning
    levels = [(j, *pair) for j, one in enumerate(words) for pair in sorted(one.levels.items(), key=_bytes_of)]
    starts = [0]
    for one in words:
        starts.append(starts[-1] + len(one.levels))
    yield f"#define SMTRAIN_CLASSES {len(portable.classes)}"
    yield f"#define SMTRAIN_NUMBERS {len(numbers)}"
    yield f"#define SMTRAIN_WORDS {len(words)}"
    yield f"#define SMTRAIN_MISSING_NUMBERS {len(meaning.values)}"
    yield f"#define SMTRAIN_GOLDEN {len(golden.rows)}"
    yield f"#define SMTRAIN_LARGEST {LARGEST.hex()}"
    yield _texts("classes", portable.classes)
    yield _texts("number_names", [one.name for one in numbers])
    yield _texts("word_names", [one.name for one in words])
    yield _texts("missing_texts", sorted(meaning.missing))
    yield _doubles("missing_numbers", sorted(meaning.values))
    yield _doubles("intercept", portable.intercept)
    yield _doubles("mean", [one.mean for one in numbers])
    yield _doubles("scale", [one.scale for one in numbers])
    yield _doubles("number_weight", [w for one in numbers for w in one.weights])
    yield _doubles("number_gap", [w for one in numbers for w in one.gap])
    yield _texts("level", [level for _, level, _ in levels])
    yield _doubles("level_weight", [w for _, _, weights in levels for w in weights])
    yield _doubles("word_gap", [w for one in words for w in one.gap])
    yield f"static const size_t smtrain_level_start[] = {{{', '.join(map(str, starts))}}};"
    yield "#ifdef SMTRAIN_SELF_TEST"
    rows = golden.rows
    yield _doubles("golden_numbers", [_number(row[one.name]) for row in rows for one in numbers])
    yield _texts("golden_words", [_word(row[one.name]) for row in rows for one in words])
    yield _doubles("golden_probabilities", [p for line in golden.probabilities for p in line])
    yield "#endif\n"


def _bytes_of(pair: tuple[str, object]) -> bytes:
    """The order of strcmp."""
    return pair[0].encode()


def _number(cell: float | str | None) -> float | None:
    return cell if isinstance(cell, float) else None


def _word(cell: float | str | None) -> str | None:
    return cell if isinstance(cell, str) else None


def _doubles(name: str, values: Iterable[float | None]) -> str:
    """A table of numbers, exact to the bit; at least one, for an empty table is none in C."""
    return f"static const double smtrain_{name}[] = {{{_lines(map(double, values), '0.0')}}};"


def double(value: float | None) -> str:
    """A number as C99 writes it in base 16."""
    return "NAN" if value is None else value.hex()


def _texts(name: str, values: Iterable[str | None]) -> str:
    # An empty text, not NULL: strcmp, which never gets there, is not to get one.
    items = _lines(map(text, values), text(""))
    return f"static const char *const smtrain_{name}[] = {{{items}}};"


def text(value: str | None) -> str:
    """A text in quotes: what is not plain in octal digits, which end after three."""
    if value is None:
        return "NULL"
    return '"' + "".join(chr(byte) if byte in PLAIN else f"\\{byte:03o}" for byte in value.encode()) + '"'


def _lines(items: Iterable[str], nothing: str) -> str:
    return "\n    " + ",\n    ".join([*items] or [nothing])


MAIN = """#include <stdio.h>
#include "model.h"
%s
int main(void) {
    size_t i, k;
    double p[SMTRAIN_CLASSES];
    for (i = 0; i < %d; i++) {
        smtrain_predict(smtrain_numbers + i * SMTRAIN_NUMBERS, smtrain_words + i * SMTRAIN_WORDS, p);
        for (k = 0; k < SMTRAIN_CLASSES; k++) printf("%%a ", p[k]);
        printf("\\n");
    }
    return smtrain_self_test() <= %s ? 0 : 1;
}
"""


def run(artefact: bytes, rows: Sequence[Row], options: Options) -> list[list[float]]:  # noqa: ARG001
    """By the C compiler, with every warning an error."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise NoEngineError("there is no cc")
    names = numeric(rows)
    numbers = _doubles("numbers", [_number(row[one]) for row in rows for one in names])
    words = _texts("words", [_word(row[one]) for row in rows for one in row if one not in names])
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "model.h").write_bytes(artefact)
        Path(folder, "main.c").write_text(MAIN % (f"{numbers}\n{words}", len(rows), TOLERANCE))
        command = [compiler, *WARNINGS, "-DSMTRAIN_SELF_TEST", "-O1", "main.c", "-o", "main", "-lm"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        done = subprocess.run(["./main"], cwd=folder, check=False, capture_output=True, text=True)
    return [[float.fromhex(one) for one in line.split()] for line in done.stdout.splitlines()]
