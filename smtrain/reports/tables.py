"""Tables on standard output, wide enough for what they hold when nobody's terminal limits them.

In a narrow terminal nothing is cut: texts go on in the next line, and the columns of numbers that do not fit beside the
others stand below them, behind the same texts.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from smtrain.reports.bars import Bars
from smtrain.reports.text import show, width_of

if TYPE_CHECKING:
    from rich.console import Console

# Characters of the first column and of heads, of other cells, and of those of tables of sentences and of pages.
LABEL_WIDTH = 32
CELL_WIDTH = 100
TEXT_WIDTH = 200
# Characters between two columns.
GAP = 2
# Characters that a column of texts keeps beside several columns of numbers; and beside one, at least.
FEWEST = 16
LEAST = 4
# Characters of a column with which its texts can still be read.
LEGIBLE = 9
Cells = Sequence[Sequence[str]]


def print_table(
    console: "Console", head: Sequence[str], rows: Cells, *, texts: int = 1, bars: Bars | None = None
) -> None:
    """Print a table without rules; the first `texts` columns are text, the others numbers. Every cell is made safe.

    Behind the numbers stand the bars of the rows, if there are some.
    """
    head = [show(name, LABEL_WIDTH) for name in head]
    widest = TEXT_WIDTH if texts == len(head) else CELL_WIDTH
    cells = [[show(cell, widest if i else LABEL_WIDTH) for i, cell in enumerate(row)] for row in rows]
    if bars is not None:
        head, cells = [*head, bars.head], [[*row, line] for row, line in zip(cells, bars.lines, strict=True)]
    widths = [max(map(width_of, column)) for column in zip(head, *cells, strict=True)]
    drawn = None if bars is None else len(head) - 1
    blocks = [
        _narrowed(widths, texts, numbers, console.width) for numbers in _blocks(head, widths, texts, console.width)
    ]
    if any(width < min(widths[i], LEGIBLE) for block in blocks for i, (width, _) in block.items()):
        _print_records(console, head, cells)
        return
    for k, block in enumerate(blocks):
        if k:
            console.print()
        _print_block(console, head, cells, {i: (width, number and i != drawn) for i, (width, number) in block.items()})


def _print_records(console: "Console", head: Sequence[str], cells: Cells) -> None:
    """Print a table whose texts have no room beside each other: a line for each cell, behind the name of its column."""
    size = max(map(width_of, head))
    for k, row in enumerate(cells):
        if k:
            console.print()
        for name, cell in zip(head, row, strict=True):
            line = f"{name}{' ' * (size - width_of(name) + GAP)}{cell}" if cell else name
            console.print(line, soft_wrap=False)


def _print_block(console: "Console", head: Sequence[str], cells: Cells, widths: dict[int, tuple[int, bool]]) -> None:
    """Print some columns of a table, by their places, each with its width and whether it is one of numbers."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, GAP, 0, 0))
    for i, (width, is_number) in widths.items():
        justify: Literal["left", "right"] = "right" if is_number else "left"
        table.add_column(head[i], justify=justify, no_wrap=is_number, width=width, overflow="fold")
    for row in cells:
        table.add_row(*(row[i] for i in widths))
    if console.is_terminal:
        console.print(table)
        return
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        console.print(line.rstrip())  # rich fills the last column with blanks, which only a terminal hides


def _blocks(head: Sequence[str], widths: Sequence[int], texts: int, width: int) -> list[list[int]]:
    """The columns of numbers that stand side by side in a terminal so wide; one block has none if there is none.

    A column without a name belongs to the one before it.
    """
    blocks: list[list[int]] = [[]]
    left = least = width - sum(min(widths[i], FEWEST) + GAP for i in range(texts))
    if sum(widths) + GAP * (len(widths) - 1) <= width:
        return [list(range(texts, len(widths)))]
    for group in _groups(head, texts):
        size = sum(widths[i] + GAP for i in group)
        if size > left + GAP and blocks[-1]:  # behind the last column there is no gap
            blocks.append([])
            left = least
        blocks[-1] += group
        left -= size
    return blocks


def _groups(head: Sequence[str], texts: int) -> list[list[int]]:
    groups: list[list[int]] = []
    for i in range(texts, len(head)):
        if head[i] or not groups:
            groups.append([i])
        else:
            groups[-1].append(i)
    return groups


def _narrowed(widths: Sequence[int], texts: int, numbers: list[int], width: int) -> dict[int, tuple[int, bool]]:
    """The widths of the texts and of some columns of numbers: the widest texts give way, the numbers do not."""
    room = width - sum(widths[i] + GAP for i in numbers) - GAP * (texts - 1)
    narrow = list(widths[:texts])
    while sum(narrow) > room and max(narrow) > LEAST:
        narrow[narrow.index(max(narrow))] -= 1
    return {i: (one, False) for i, one in enumerate(narrow)} | {i: (widths[i], True) for i in numbers}


def number(value: float, digits: int = 4) -> str:
    """A number for people; a dash where it is not defined."""
    return "–" if math.isnan(value) else f"{value:.{digits}f}"


def plain(value: Any) -> Any:
    """A value for JSON, which has no NaN and no infinity: null in their place."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def whole(value: float) -> float | int:
    """A count as an integer, a sum of weights as it is: for JSON."""
    return int(value) if value == int(value) else value


def weight(value: float) -> str:
    """A count without decimals, a sum of weights with them."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.4g}"
