"""baogao corpus: see each command's --help."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from baogao.log import logger, write_summary

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
    decoded file. A file is written only when every report could be read, or with --keep-going; beside it lies
    OUTPUT.run.json with settings, versions, counts and the files skipped.

    Example: `baogao corpus segment corpus/reports/*.txt --output blocks.jsonl`
    """
    from baogao.corpus.segment import segment_files
    from baogao.errors import BaogaoError, Findings
    from baogao.records import write_jsonl
    from baogao.workspace import protect_sources

    protect_sources(output, paths)
    started = time.perf_counter()
    skipped: list[BaogaoError] = []
    count = write_jsonl(output, segment_files(paths, jobs=jobs, skipped=skipped if keep_going else None))
    write_summary(
        output, "corpus segment", started, settings={"jobs": jobs, "keep_going": keep_going},
        counts={"reports": len(paths) - len(skipped), "blocks": count}, skipped=[str(e) for e in skipped],
    )  # fmt: skip
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
    are read off the page. A summary of the last call, with the files skipped, lies beside it.

    Example: `baogao corpus add ~/downloads/reports --keep-going`
    """
    from baogao.corpus.add import add_reports
    from baogao.errors import Findings
    from baogao.workspace import Workspace

    found = Workspace.find(workspace)
    started = time.perf_counter()
    added = add_reports(found, paths, jobs=jobs, keep_going=keep_going)
    write_summary(
        found.corpus / "manifest.jsonl", "corpus add", started,
        settings={"jobs": jobs, "keep_going": keep_going},
        counts={"reports": len(added.reports), "near_duplicates": len(added.alike)},
        skipped=[str(error) for error in added.skipped],
    )  # fmt: skip
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
