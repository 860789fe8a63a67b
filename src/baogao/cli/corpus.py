"""baogao corpus: see each command's --help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Raw report pages in, exact paragraphs out: add, segment, show.")


@app.command()
def segment(
    paths: Annotated[list[Path], typer.Argument(help="Report files; `-` reads one from standard input.")],
    output: Annotated[str, typer.Option("--output", "-o", help="JSONL to write; `-` is standard output.")],
) -> None:
    """Write the blocks (headings, paragraphs, closing lines) of report files, one JSON object a line.

    Page furniture is dropped, scrambled text repaired and the outline rebuilt. Offsets are characters of the
    decoded file. Nothing is written unless every file can be read.

    Example: `baogao corpus segment corpus/reports/*.txt --output blocks.jsonl`
    """
    from baogao.corpus.segment import segment_files
    from baogao.progress import track
    from baogao.records import write_jsonl

    write_jsonl(output, segment_files(track(paths, "segmenting")))
