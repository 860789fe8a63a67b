"""baogao evaluate: see each command's --help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Honest scores: score, compare, report, gate.")

WorkspaceOption = Annotated[Path | None, typer.Option(help="The workspace; else the one around you.")]


@app.command()
def score(
    gold: Annotated[str, typer.Argument(help="Labelled blocks (JSONL), a folder of them, or -.")],
    predicted: Annotated[str, typer.Argument(help="The same blocks as a system labelled them.")],
    json: Annotated[
        str | None, typer.Option(help="Write every figure and count there as JSON (- : stdout).")
    ] = None,
    workspace: Annotated[
        Path | None,
        typer.Option(help="Labels must be in its labels.toml; else in that around you, if GOLD keeps to it."),
    ] = None,
    count_unpaired: Annotated[
        bool,
        typer.Option("--count-unpaired", help="Count missing paragraphs as missed, extra ones as spurious."),
    ] = False,
) -> None:
    """Score predicted labelled blocks against gold ones, on the original characters.

    Entities: exact (start, end and label), label-only, boundary-only and MUC overlap, per label, micro and
    macro. Sections: accuracy, macro-F1, confusion. 95% intervals resample reports.

    Example: `baogao evaluate score annotations/gold predicted.jsonl --json score.json`
    """
    from baogao.evaluate.command import score_files

    score_files(gold, predicted, json=json, workspace=workspace, count_unpaired=count_unpaired)
