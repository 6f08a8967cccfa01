"""Tables on standard output, wide enough for what they hold when nobody's terminal limits them."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from smtrain.reports.text import show, width_of

if TYPE_CHECKING:
    from rich.console import Console

# Characters of the first column and of heads, and of other cells.
LABEL_WIDTH = 32
CELL_WIDTH = 100


def print_table(console: "Console", head: Sequence[str], rows: Sequence[Sequence[str]], *, texts: int = 1) -> None:
    """Print a table without rules; the first `texts` columns are text, the others numbers. Every cell is made safe.

    Where there is no room texts are cut; behind a single column of them the last numbers are left out for "…".
    """
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    cells = [[show(cell, CELL_WIDTH if i else LABEL_WIDTH) for i, cell in enumerate(row)] for row in rows]
    heads = [show(name, LABEL_WIDTH) for name in head]
    fit = _fitting(heads, cells, console.width) if texts == 1 else len(heads)
    for i, name in enumerate(heads[:fit]):
        table.add_column(name, justify="left" if i < texts else "right", no_wrap=True)
    if fit < len(heads):
        table.add_column("…")
    for row in cells:
        table.add_row(*row[:fit])
    console.print(table)


def _fitting(heads: Sequence[str], cells: Sequence[Sequence[str]], width: int) -> int:
    """How many columns fit, with two blanks between them; two at least."""
    ends = np.cumsum([2 + max(map(width_of, column)) for column in zip(heads, *cells, strict=True)]) - 2
    # The sign of what is left out takes three places.
    return len(ends) if ends[-1] <= width else max(2, int((ends + 3 <= width).sum()))


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
