"""Draws docs/rooms.svg: the packages of smtrain in their layers, and which of them import which.

Everything in it comes from the code: the layers from pyproject.toml, the sentences from the packages' docstrings, the
arrows from the import statements of all modules. An arrow is as wide as the share of the package's modules that import.
Everything may import the lowest layer, so arrows to it are not drawn. `make docs` calls it.
"""

import ast
import re
from dataclasses import dataclass
from functools import cached_property
from html import escape
from itertools import count
from pathlib import Path
from textwrap import wrap

from rooms import ROOT, layers, modules, sentence_of

PICTURE = ROOT / "docs" / "rooms.svg"
# Pixels: the picture, a box, and what is between two layers. A sentence has so many letters in a line of a box.
WIDTH, BOX, HEIGHT, BETWEEN, LETTERS = 1000, 290, 84, 64, 44
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#5a5a5a", "#8c6d1f", "#7a5ab5", "#a33b3b")


@dataclass(frozen=True)
class Room:
    """A package, or a module of the top level."""

    name: str
    layer: int

    @cached_property
    def files(self) -> list[Path]:
        """Its modules, without those that have nothing but a docstring."""
        return [file for file in modules(self.name) if len(ast.parse(file.read_text()).body) > 1]

    @property
    def size(self) -> str:
        """How many modules it has."""
        return f"{len(self.files)} modules" if len(self.files) > 1 else "a module"

    def imports(self, other: "Room") -> int:
        """How many of its modules import something of another room."""
        name = re.compile(rf"smtrain\.{other.name}\b")
        return sum(any(name.match(one) for one in imported(file)) for file in self.files)


def imported(file: Path) -> list[str]:
    """The full names of all that a module imports."""
    names = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
    return names


def corner(line: list[Room], place: int) -> tuple[float, float]:
    """The upper left corner of a box; layers of one room stand aside in turn, so that arrows pass by them."""
    layer = line[place].layer
    free = WIDTH - BOX * len(line)
    gap = free / (len(line) + 1)
    shift = (-1) ** layer * free / 5 if len(line) == 1 else 0
    return gap + place * (BOX + gap) + shift, 12 + layer * (HEIGHT + BETWEEN)


def box(room: Room, x: float, y: float, colour: str) -> str:
    """A room: its name, its sentence, its size."""
    lines = wrap(sentence_of(room.name), LETTERS)[:3]
    texts = [f'<text x="{x + 12:.0f}" y="{y + 22:.0f}" class="name" fill="{colour}">{escape(room.name)}</text>']
    texts += [f'<text x="{x + BOX - 12:.0f}" y="{y + 22:.0f}" class="size">{room.size}</text>']
    texts += [f'<text x="{x + 12:.0f}" y="{y + 41 + 15 * i:.0f}">{escape(line)}</text>' for i, line in enumerate(lines)]
    frame = f'<rect x="{x:.0f}" y="{y:.0f}" width="{BOX}" height="{HEIGHT}" rx="7" stroke="{colour}"/>'
    return "\n".join([frame, *texts])


def arrow(title: str, start: tuple[float, float], end: tuple[float, float], share: float, colour: str) -> str:
    """From the lower edge of a box to the upper edge of another, as wide as the share of modules that import."""
    (a, b), (c, d) = start, end
    bend = (d - b) / 2
    path = f"M{a:.0f} {b:.0f} C{a:.0f} {b + bend:.0f} {c:.0f} {d - bend:.0f} {c:.0f} {d - 6:.0f}"
    head = f"M{c - 4:.0f} {d - 8:.0f} L{c:.0f} {d:.0f} L{c + 4:.0f} {d - 8:.0f} Z"
    line = f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{1 + 3 * share:.1f}"/>'
    return f'<g><title>{title}</title>{line}<path d="{head}" fill="{colour}"/></g>'


def picture() -> str:
    """The whole of it, as SVG."""
    rows = [[Room(name, layer) for name in line] for layer, line in enumerate(layers())]
    places = {room.name: corner(row, i) for row in rows for i, room in enumerate(row)}
    rooms = [room for row in rows for room in row]
    colours = dict(zip((room.name for room in rooms), COLOURS, strict=False))
    colours |= {room.name: colours.get(room.name, "#444444") for room in rooms}
    pairs = [(a, b, a.imports(b)) for a in rooms for b in rooms if a.layer < b.layer]
    pairs = [(a, b, number) for a, b, number in pairs if number and b.layer < len(rows) - 1]
    arrows = []
    for a, b, number in pairs:
        start = port([other for one, other, _ in pairs if one == a], b, places, places[a.name], HEIGHT)
        end = port([one for one, other, _ in pairs if other == b], a, places, places[b.name], 0)
        arrows.append(arrow(f"{a.name} → {b.name}", start, end, number / len(a.files), colours[a.name]))
    boxes = [box(room, *places[room.name], colours[room.name]) for room in rooms]
    height = 24 + len(rows) * (HEIGHT + BETWEEN) - BETWEEN
    style = "text{font:12.5px sans-serif;fill:#222}.name{font-weight:bold;font-size:16px}"
    style += ".size{text-anchor:end;fill:#777;font-size:11.5px}rect{fill:#fff;stroke-width:1.5}path{opacity:.75}"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">'
    ground = f'<rect width="{WIDTH}" height="{height}" stroke="none"/>'
    return "\n".join([head, f"<style>{style}</style>", ground, *arrows, *boxes, "</svg>", ""])


def port(
    others: list[Room], other: Room, places: dict[str, tuple[float, float]], at: tuple[float, float], below: float
) -> tuple[float, float]:
    """Where on the edge of a box its arrow to or from another is: in the order in which the others lie."""
    order = sorted(others, key=lambda room: places[room.name])
    number = next(i for i, room in zip(count(1), order, strict=False) if room == other)
    return at[0] + BOX * number / (len(order) + 1), at[1] + below


if __name__ == "__main__":
    PICTURE.write_text(picture())
