"""baogao annotations: see each command's --help."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, help="Labelling in doccano: export, push, pull, agreement, review.")
