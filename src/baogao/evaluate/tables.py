"""Tables on standard output: aligned for Chinese, whole lines when piped."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None, text: int = 1
) -> None:
    """Print one table; the first `text` columns hold text, the others align right. Cells are never markup."""
    table = Table(box=box.SIMPLE_HEAD, title=title and Text(title), title_justify="left", title_style="bold")
    for index, column in enumerate(columns):
        left = index < text
        table.add_column(Text(column), justify="left" if left else "right", overflow="fold", no_wrap=not left)
    for row in rows:
        table.add_row(*(Text(_printable(str(cell))) for cell in row))
    width = None if sys.stdout.isatty() else 160
    Console(width=width, highlight=False).print(table)


def percent(value: float) -> str:
    """0.9123 → 91.2"""
    return f"{100 * value:.1f}"


def _printable(text: str) -> str:
    """Labels come from files: what would move a terminal's cursor is shown, not sent."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
