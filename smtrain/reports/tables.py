"""Tables on standard output, wide enough for what they hold when nobody's terminal limits them."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from smtrain.reports.text import show

if TYPE_CHECKING:
    from rich.console import Console

# Characters of the first column and of heads, and of other cells.
LABEL_WIDTH = 32
CELL_WIDTH = 100


def print_table(console: "Console", head: Sequence[str], rows: Sequence[Sequence[str]], *, texts: int = 1) -> None:
    """Print a table without rules; the first `texts` columns are text, the others numbers. Every cell is made safe."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for i, name in enumerate(head):
        table.add_column(show(name, LABEL_WIDTH), justify="left" if i < texts else "right", no_wrap=True)
    for row in rows:
        table.add_row(*(show(cell, CELL_WIDTH if i else LABEL_WIDTH) for i, cell in enumerate(row)))
    console.print(table)


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
