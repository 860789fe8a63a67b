"""baogao corpus: see each command's --help."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, help="Raw report pages in, exact paragraphs out: add, segment, show.")
