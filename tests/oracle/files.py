"""A generator of files and of the options to read them with: the usual ones, and the odd.

A case follows from a seed and a number alone: `case(seed, number)`. Most have a fault or two oddities at most, so that
an error has one cause.
"""

import bz2
import gzip
import lzma
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from random import Random

from tests.oracle import columns
from tests.oracle.drafts import Draft, written
from tests.oracle.oddities import CHANGES, FAULTS, ODDITIES, no_rows
from tests.oracle.rules import Options
from tests.oracle.vocabulary import BYTES, MISSING, NAMES


@dataclass
class Case:
    """A file and how it is read; `oddities` are what was done to it, in order."""

    seed: int
    number: int
    data: bytes = b""
    options: Options = field(default_factory=Options)
    oddities: list[str] = field(default_factory=list)
    later: bytes = b""


def case(seed: int, number: int, *, rows: int = 24) -> Case:
    """The case of this number."""
    random = Random(f"{seed}/{number}")
    draft = ordinary(random, random.randint(4, rows))
    for odd in random.sample(ODDITIES, random.choice([0, 0, 1, 1, 1, 2, 2, 3])):
        draft.oddities.append(odd.__name__)
        odd(draft)
    for fault in random.sample(FAULTS, random.choice([0, 0, 0, 1])):
        draft.oddities.append(fault.__name__)
        fault(draft)
    data = damaged(draft)
    for pack in random.sample((gzip.compress, bz2.compress, lzma.compress), random.random() < 0.04):
        data = pack(data)
    return Case(seed, number, data, draft.options, draft.oddities)


def damaged(draft: Draft) -> bytes:
    """The bytes of a table, some of them wrong at times."""
    data = written(draft)
    for damage in draft.random.sample(DAMAGES, draft.random.choice([0, 0, 0, 0, 0, 1])):
        draft.oddities.append(damage.__name__)
        data = damage(draft.random, data)
    return data


def case_with_later(seed: int, number: int, *, rows: int = 24) -> Case:
    """A table to learn from without a fault, and a later one to predict, which may have some."""
    random = Random(f"{seed}/{number}/later")
    draft = ordinary(random, random.randint(8, rows))
    for odd in random.sample(ODDITIES, random.choice([0, 1, 2])):
        draft.oddities.append(odd.__name__)
        odd(draft)
    data, later = written(draft), deepcopy(draft)
    later.oddities.append("and later")
    for change in random.sample(CHANGES, random.choice([0, 1, 2, 3])):
        later.oddities.append(change.__name__)
        change(later)
    if random.random() < 0.02:
        no_rows(later)
    return Case(seed, number, data, draft.options, later.oddities, damaged(later))


def ordinary(random: Random, rows: int) -> Draft:
    """A table as they are: some columns of numbers, some of words, and a label."""
    kinds: list[Callable[[Random, int], list[str]]] = [columns.numbers, columns.numbers, columns.words, columns.flags]
    width = random.choice([1, 2, 3, 3, 4, 5, 5, 8, 12, 30])
    cells = [random.choice(kinds)(random, rows) for _ in range(width)]
    target = random.choice([0, width, width, width, random.randint(0, width)])
    cells.insert(target, columns.labels(random, rows))
    names = random.sample(NAMES, width + 1) if width < 20 else [f"col{i}" for i in range(width + 1)]
    draft = Draft(random, names, cells, target)
    if target != width or random.random() < 0.1:
        draft.options = replace(draft.options, target=names[target])
    gaps(draft, random.choice([0.0, 0.0, 0.0, 0.1, 0.4]))
    return draft


def gaps(draft: Draft, share: float) -> None:
    """Missing cells of the usual spellings."""
    spelling = draft.random.choice(MISSING)
    for place, column in enumerate(draft.columns):
        if place != draft.target and draft.random.random() < 0.5:
            column[:] = [spelling if draft.random.random() < share else cell for cell in column]


def replace_byte(random: Random, data: bytes) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] + bytes([random.choice(BYTES)]) + data[at + 1 :]


def insert_byte(random: Random, data: bytes) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] + bytes([random.choice(BYTES)]) + data[at:]


def delete_bytes(random: Random, data: bytes) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] + data[at + random.choice([1, 1, 1, 2, 5]) :]


def cut_off(random: Random, data: bytes) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def swap_pieces(random: Random, data: bytes) -> bytes:
    at, to = sorted(random.choices(range(len(data) + 1), k=2))
    return data[:at] + data[to:] + data[at:to]


DAMAGES = [replace_byte, insert_byte, delete_bytes, cut_off, swap_pieces]


def long_case(seed: int, number: int) -> Case:
    """A table of some hundred kilobytes or of megabytes; whatever is odd about it may come late."""
    random = Random(f"{seed}/{number}/long")
    found = case(seed, number, rows=random.choice([500, 3000, 3000, 20_000]))
    return replace(found, oddities=["long", *found.oddities])
