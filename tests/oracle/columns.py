"""Columns of a table, each of so many cells."""

from random import Random

from tests.oracle.rules import NUMBER
from tests.oracle.vocabulary import EXTREMES, ODD_LABELS, ODD_WORDS

SPELLINGS = ["{:.2f}", "{:.0f}", "{:g}", "{!r}", "{:.17g}", "{:e}", "{:.3E}", "{:+.1f}", "{:08.3f}", "{:.1f}0"]
SCALES = [(0, 1), (50, 20), (1000, 3), (0.001, 0.001), (1e6, 1e5), (-3, 1)]
WORDS = [["red", "green", "blue"], ["u", "v"], ["Bern", "Rome", "Oslo", "São Paulo", "New York"], ["True", "False"]]
WORDS += [["2020-01-01", "2021-02-03"], ["a-1", "b-2", "c-3"]]
FLAGS = [["0", "1"], ["0", "0", "0", "1"], ["yes", "no"], ["0.0", "1.0"], ["-1", "+1"]]
LABELS = [["cat", "dog"], ["p", "q"], ["0", "1"], ["setosa", "virginica", "versicolor"], ["no", "yes"], ["-1", "1"]]
LABELS += [["good", "bad", "ugly"], ["1", "2", "3"], ["10", "9", "8"]]


def is_number(cell: str) -> bool:
    return NUMBER.fullmatch(cell) is not None


def numbers(random: Random, rows: int) -> list[str]:
    """Numbers of one magnitude and one spelling."""
    spelling, (centre, spread) = random.choice(SPELLINGS), random.choice(SCALES)
    return [spelling.format(random.gauss(centre, spread)) for _ in range(rows)]


def odd_numbers(random: Random, rows: int) -> list[str]:
    """Numbers in all spellings at once, and of extreme size."""
    return [random.choice(EXTREMES) if random.random() < 0.5 else any_number(random) for _ in range(rows)]


def any_number(random: Random) -> str:
    digits = "".join(random.choices("0123456789", k=random.choice([1, 2, 3, 8, 17, 20, 40])))
    point = random.randint(0, len(digits))
    text = digits[:point] + random.choice(["", ".", "."]) + digits[point:]
    sign, zeros = random.choice(["", "", "-", "+"]), random.choice(["", "", "0", "000"])
    exponent = random.choice(["", "", "", f"e{random.randint(-30, 30)}", f"E+{random.randint(0, 9)}", "e00", "e-0"])
    return random.choice(["", "", " ", "\t"]) + sign + zeros + text + exponent + random.choice(["", "", " "])


def other_notation(random: Random, rows: int) -> list[str]:
    """Numbers in another notation; they may be beside words."""
    form = random.choice(["{},{}", "{}%", "-{},{}"])
    words = random.choice([[], [], ["x"], ["x", "y", "z"]])
    return [random.choice([form.format(random.randint(0, 9), random.randint(1, 99)), *words]) for _ in range(rows)]


def words(random: Random, rows: int) -> list[str]:
    return random.choices(random.choice(WORDS), k=rows)


def odd_words(random: Random, rows: int) -> list[str]:
    """Words with whatever a cell may have in it."""
    return random.choices(random.sample(ODD_WORDS, random.randint(1, 6)), k=rows)


def flags(random: Random, rows: int) -> list[str]:
    return random.choices(random.choice(FLAGS), k=rows)


def labels(random: Random, rows: int) -> list[str]:
    return several_of(random, random.choice(LABELS), rows)


def odd_labels(random: Random, rows: int) -> list[str]:
    """Labels of all lengths; such as look like numbers, missing cells or one another."""
    return several_of(random, random.sample(ODD_LABELS, random.randint(2, 5)), rows)


def several_of(random: Random, choices: list[str], rows: int) -> list[str]:
    """So many of them, at least two of which occur."""
    found = random.choices(choices, k=rows)
    found[:2] = choices[:2]
    random.shuffle(found)
    return found
