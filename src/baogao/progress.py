"""One progress bar for long work, on standard error, and none where nobody looks."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")
enabled = True  # `baogao --quiet` and `--log-json` turn bars off


def track(items: Iterable[Item], what: str, *, total: int | None = None) -> Iterator[Item]:
    """Pass `items` through under a bar that says `what`; silent when standard error is not a terminal."""
    if not (enabled and sys.stderr.isatty()):
        yield from items
        return
    from rich.console import Console
    from rich.progress import track as rich_track

    if total is None and hasattr(items, "__len__"):
        total = len(items)  # type: ignore[arg-type]
    yield from rich_track(items, what, total=total, console=Console(stderr=True), transient=True)
