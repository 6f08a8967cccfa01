"""Small drawings in SVG, made by hand: lines, dots, boxes and texts.

Every colour stands as an attribute of its element, which a page without style sheets keeps, and has a class besides, by
which the style sheet of a page in dark colours has its say (smtrain.reports.html).
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape

from smtrain.reports.text import show

# Colours on white. Each has a contrast of at least 4.5 there but `grid`, which carries nothing that has to be seen.
COLOURS = {"ink": "#1b1f24", "soft": "#57606a", "grid": "#d0d7de", "blue": "#0b57a4", "orange": "#a34700"}
# The share of a character's height that is its width, on average and for digits: texts are not measured.
CHARACTER = 0.56
FONT = "system-ui,sans-serif"
Place = tuple[float, float]


def fill(colour: str) -> str:
    """The attributes of an area, or of a text."""
    return f'fill="{COLOURS[colour]}" class="f-{colour}"'


def stroke(colour: str) -> str:
    """The attributes of a line."""
    return f'stroke="{COLOURS[colour]}" class="s-{colour}"'


def middle_cut(text: str, most: int) -> str:
    """A text made safe, without its middle if it is longer than `most` characters: names differ at their ends."""
    safe = show(text, 400)
    if len(safe) <= most:
        return safe
    head = (most - 1) // 2
    return f"{safe[:head]}…{safe[len(safe) - (most - 1 - head) :]}"


def figures(value: float) -> str:
    """A coordinate: a tenth of a unit is less than anybody sees."""
    return f"{value:.1f}".rstrip("0").rstrip(".").replace("-0", "0" if -0.05 < value < 0.05 else "-0")


@dataclass
class Drawing:
    """Elements on a sheet so wide and high, in units that are pixels where there is room for all of them."""

    width: float
    height: float
    parts: list[str] = field(default_factory=list)

    def text(self, at: Place, words: str, *, anchor: str = "start", colour: str = "ink", size: float = 11) -> None:
        """Words whose start, middle or end is at a place, on its line."""
        x, y = map(figures, at)
        side = "" if anchor == "start" else f' text-anchor="{anchor}"'
        self.parts.append(f'<text x="{x}" y="{y}" font-size="{size:g}"{side} {fill(colour)}>{escape(words)}</text>')

    def upright(self, at: Place, words: str, *, size: float = 11) -> None:
        """Words from a place upwards."""
        x, y = map(figures, at)
        turned = f'transform="rotate(-90 {x} {y})"'
        self.parts.append(f'<text x="{x}" y="{y}" font-size="{size:g}" {turned} {fill("ink")}>{escape(words)}</text>')

    def line(self, start: Place, end: Place, colour: str = "grid", *, width: float = 1, dashes: str = "") -> None:
        """A straight line."""
        (a, b), (c, d) = ([figures(x) for x in place] for place in (start, end))
        more = f' stroke-dasharray="{dashes}"' if dashes else ""
        self.parts.append(
            f'<line x1="{a}" y1="{b}" x2="{c}" y2="{d}" stroke-width="{width:g}"{more} {stroke(colour)}/>'
        )

    def path(self, places: Iterable[Place], colour: str, *, dashes: str = "") -> None:
        """A line through places."""
        points = " ".join(f"{figures(x)},{figures(y)}" for x, y in places)
        more = f' stroke-dasharray="{dashes}"' if dashes else ""
        self.parts.append(f'<polyline points="{points}" fill="none" stroke-width="1.5"{more} {stroke(colour)}/>')

    def dot(self, at: Place, colour: str, *, radius: float = 3) -> None:
        """A filled circle."""
        self.parts.append(f'<circle cx="{figures(at[0])}" cy="{figures(at[1])}" r="{radius:g}" {fill(colour)}/>')

    def box(self, at: Place, size: Place, colour: str, *, opacity: float = 1) -> None:
        """A filled rectangle, by its upper left corner."""
        (x, y), (w, h) = map(figures, at), map(figures, size)
        more = "" if opacity == 1 else f' fill-opacity="{opacity:.2f}"'
        self.parts.append(f'<rect x="{x}" y="{y}" width="{w}" height="{h}"{more} {fill(colour)}/>')

    def svg(self, name: str, title: str, description: str) -> str:
        """The drawing as an element of a page where no other has this name; readers of screens get the two texts."""
        w, h = figures(self.width), figures(self.height)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" '
            f'aria-labelledby="{name}-t {name}-d" font-family="{FONT}"><title id="{name}-t">{escape(title)}</title>'
            f'<desc id="{name}-d">{escape(description)}</desc>{"".join(self.parts)}</svg>'
        )


@dataclass(frozen=True)
class Axis:
    """Where numbers from `low` to `high` stand between two coordinates."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """The coordinate of a number, of one outside that of the end."""
        share = (min(max(value, self.low), self.high) - self.low) / ((self.high - self.low) or 1)
        return self.start + share * (self.end - self.start)


@dataclass(frozen=True)
class Plot:
    """A drawing with two axes, which are drawn with their ticks: places with texts."""

    drawing: Drawing
    x: Axis
    y: Axis

    def frame(self, x_ticks: Sequence[tuple[float, str]], y_ticks: Sequence[tuple[float, str]]) -> None:
        """Draw the grid and the numbers of the axes."""
        for value, words in y_ticks:
            level = self.y.at(value)
            self.drawing.line((self.x.start, level), (self.x.end, level))
            self.drawing.text((self.x.start - 5, level + 4), words, anchor="end", colour="soft")
        for value, words in x_ticks:
            place = self.x.at(value)
            self.drawing.line((place, self.y.start), (place, self.y.end))
            self.drawing.text((place, self.y.start + 15), words, anchor="middle", colour="soft")

    def at(self, x: float, y: float) -> Place:
        """The place of two numbers."""
        return self.x.at(x), self.y.at(y)

    def bar(self, x: float, low: float, high: float, colour: str) -> None:
        """An interval, upright; nothing where its ends are not defined."""
        if not math.isnan(low + high):
            self.drawing.line(self.at(x, low), self.at(x, high), colour, width=1.5)
