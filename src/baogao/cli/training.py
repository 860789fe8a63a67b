"""baogao training: see each command's --help."""

from __future__ import annotations

import typer

app = typer.Typer(
    no_args_is_help=True, help="Datasets and models: dataset, segmenter, ner, sections, curve, check."
)
