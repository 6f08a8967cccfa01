"""Generated tables: numbers, words and labels of every sort that a form of text could hurt."""

import random
from dataclasses import dataclass

LABELS = {
    "words": ["alpha", "beta", "gamma"],
    "one letter": ["p", "q", "r"],
    "one and eight letters": ["a", "abcdefgh"],
    "eight and nine letters": ["abcdefgh", "abcdefghi", "abcdefg"],
    "numbers": ["1", "12", "2"],
    "spellings": ["1", "1.0", "01"],
    "missing words": ["NA", "None", "nan"],
    "unicode": ["é", "日本", "ß\u0301"],
    "blanks": ["x", " x", "x "],
    "marks": ["\ufeffa", "a", "a\ufeff"],
    "nasty": ['say "hi"', "a,b;c|d", "two\nlines", "cr\rlf\r\n"],
}
WORDS = {
    "plain": ["red", "green", "blue"],
    "nasty": [
        '6" nail',
        "a,b",
        "c;d",
        "e\tf",
        "g\nh",
        "i\r\nj",
        "k\rl",
        " m ",
        "\ufeffn",
        "'o'",
        "ü",
        "p|q",
        '""',
        "\x0c",
    ],
}
KINDS = ("numbers", "one number", "mixed", "words only", "gaps")


@dataclass(frozen=True)
class Table:
    header: list
    rows: list
    label: int

    @property
    def target(self):
        return self.header[self.label]

    def with_label_at(self, place):
        """The same table with the labels in the first, the last or a middle column."""
        at = {"first": 0, "middle": len(self.header) // 2, "last": len(self.header) - 1}[place]

        def moved(cells):
            rest = cells[: self.label] + cells[self.label + 1 :]
            return [*rest[:at], cells[self.label], *rest[at:]]

        return Table(moved(self.header), [moved(row) for row in self.rows], at)


def table(kind, labels, seed, rows=None):
    """A table whose last column is `kind_of`, the labels."""
    chance = random.Random(f"{kind} {labels} {seed}")
    count = rows or chance.randrange(24, 90)
    columns = {
        "numbers": ["x", "z", "u"],
        "one number": ["x"],
        "mixed": ["x", "w", "z", "v"],
        "words only": ["w", "v"],
        "gaps": ["x", "w", "z", "v", "g"],
    }[kind]
    gaps = kind == "gaps"
    found = []
    for i in range(count):
        label = LABELS[labels][i % len(LABELS[labels])]
        row = [_cell(name, chance, i % len(LABELS[labels]), gaps) for name in columns]
        found.append([*row, label])
    return Table([*columns, "kind_of"], found, len(columns))


def _cell(name, chance, k, gaps):
    if gaps and chance.random() < 0.2:
        return None
    if name in "wv":
        return chance.choice(WORDS["plain" if name == "w" else "nasty"])
    value = chance.gauss(k, 1)
    digits = {"x": 1, "z": 17, "u": 3, "g": 5}[name]
    return float(f"{value * chance.choice([1, 1, 1e-3, 1e5]):.{digits}g}")
