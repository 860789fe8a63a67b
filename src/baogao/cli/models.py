"""baogao models: see each command's --help."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, help="Trained models: list, show, package, predict, serve.")


def predict() -> None:
    """Label raw reports."""
