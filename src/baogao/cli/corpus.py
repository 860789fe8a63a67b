"""baogao corpus: see each command's --help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from baogao.log import logger

app = typer.Typer(no_args_is_help=True, help="Raw report pages in, exact paragraphs out: add, segment, show.")


@app.command()
def segment(
    paths: Annotated[list[Path], typer.Argument(help="Report files; `-` reads one from standard input.")],
    output: Annotated[str, typer.Option("--output", "-o", help="JSONL to write; `-` is standard output.")],
    jobs: Annotated[int, typer.Option(min=1, help="Processes; the bytes written are the same.")] = 1,
    keep_going: Annotated[bool, typer.Option("--keep-going", help="Skip bad files and list them.")] = False,
) -> None:
    """Write the blocks (headings, paragraphs, closing lines) of report files, one JSON object a line.

    Page furniture is dropped, scrambled text repaired and the outline rebuilt. Offsets are characters of the
    decoded file. A file is written only when every report could be read, or with --keep-going.

    Example: `baogao corpus segment corpus/reports/*.txt --output blocks.jsonl`
    """
    from baogao.corpus.segment import segment_files
    from baogao.errors import BaogaoError, Findings
    from baogao.records import write_jsonl

    skipped: list[BaogaoError] = []
    write_jsonl(output, segment_files(paths, jobs=jobs, skipped=skipped if keep_going else None))
    for error in skipped:
        logger.warning("skipped %s", error)
    if skipped:
        raise Findings(
            f"{len(skipped)} of {len(paths)} files skipped", todo="mend them and segment them again"
        )


@app.command()
def add(
    paths: Annotated[
        list[Path], typer.Argument(help="Report files (txt, html, docx, pdf) or folders of them.")
    ],
    workspace: Annotated[Path | None, typer.Option(help="The workspace; else the one around you.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes that read files.")] = 1,
    keep_going: Annotated[bool, typer.Option("--keep-going", help="Skip bad files and list them.")] = False,
) -> None:
    """Copy reports into the corpus, fill in the manifest and say which are near-duplicates.

    The same file is not taken twice. Check title, issuer and year in corpus/manifest.jsonl afterwards: they
    are read off the page.

    Example: `baogao corpus add ~/downloads/reports --keep-going`
    """
    from baogao.corpus.add import add_reports
    from baogao.errors import Findings
    from baogao.workspace import Workspace

    added = add_reports(Workspace.find(workspace), paths, jobs=jobs, keep_going=keep_going)
    for report in added.reports:
        typer.echo(f"added {report.id}: {report.title or 'no title found'}")
    for one, other, alike in added.alike:
        typer.echo(f"near-duplicate: {one} is {alike:.0%} like {other}")
    for error in added.skipped:
        logger.warning("skipped %s", error)
    if added.skipped:
        raise Findings(
            f"{len(added.skipped)} files skipped, {len(added.reports)} added", todo="mend and add them again"
        )


@app.command()
def show(
    report: Annotated[str, typer.Argument(help="A report of the workspace by its id, or a file.")],
    source: Annotated[
        bool, typer.Option("--source", help="Source lines beside blocks, and what was dropped.")
    ] = False,
    workspace: Annotated[Path | None, typer.Option(help="The workspace; else the one around you.")] = None,
) -> None:
    """Print the outline of a report as a tree with paragraph counts.

    Example: `baogao corpus show pengshan-2023 --source`
    """
    from rich.console import Console

    from baogao.corpus.page import read_page
    from baogao.corpus.segment import page_blocks, report_path
    from baogao.corpus.show import outline_tree, source_table
    from baogao.errors import InputError
    from baogao.workspace import Workspace

    path = Path(report)
    if not path.is_file():
        found = Workspace.find(workspace)
        ids = {each.id: each for each in found.reports()}
        if report not in ids:
            raise InputError(
                f"no report {report!r} in the manifest and no such file",
                todo=f"known: {', '.join(ids) or 'none'}",
            )
        path = report_path(found, ids[report])
    page = read_page(path)
    blocks = page_blocks(page, report=path.stem)
    Console().print(source_table(page, blocks) if source else outline_tree(path.name, blocks))
