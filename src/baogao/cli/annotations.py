"""baogao annotations: see each command's --help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from baogao.cli import doccano

app = typer.Typer(no_args_is_help=True, help="Labelling in doccano: export, push, pull, agreement, review.")
for command in doccano.COMMANDS:
    app.command()(command)

WorkspaceOption = Annotated[Path | None, typer.Option(help="The workspace; else the one around you.")]


@app.command()
def export(
    output: Annotated[Path | None, typer.Option(help="The folder; else annotations/export.")] = None,
    suggestions: Annotated[
        bool, typer.Option("--suggestions/--no-suggestions", help="With what the rules find.")
    ] = True,
    workspace: WorkspaceOption = None,
) -> None:
    """Write what doccano imports: doccano.jsonl, the label types, the guideline.

    In doccano make a project for intent detection and slot filling, import the two label files
    (span_types.json, category_types.json), then doccano.jsonl as JSONL. `baogao annotations push` does all
    of this by itself.

    Example: `baogao annotations export`
    """
    from baogao.annotations.export import export
    from baogao.workspace import Workspace

    found = Workspace.find(workspace)
    counts = export(found, output, suggest=suggestions)
    typer.echo(
        f"wrote {output or found.annotations / 'export'}: {counts['paragraphs']} paragraphs of "
        f"{counts['reports']} reports, {counts['suggestions']} suggestions"
    )


@app.command()
def suggest(
    paths: Annotated[list[Path], typer.Argument(help="Files or folders of blocks; - is stdin.")],
    output: Annotated[str, typer.Option(help="Labelled blocks (JSONL); - is stdout.")] = "-",
    workspace: WorkspaceOption = None,
) -> None:
    """Label paragraphs with the regular expressions of annotations/rules.toml.

    Each span keeps the name of its rule as `source`. Labels that are there are passed over, so that the
    rules can be scored on gold.

    Example: `baogao annotations suggest annotations/gold | baogao evaluate score annotations/gold -`
    """
    from baogao.annotations.export import suggest_files
    from baogao.records import write_jsonl
    from baogao.workspace import Workspace

    count = write_jsonl(output, suggest_files(Workspace.find(workspace), paths))
    typer.echo(f"wrote {count} blocks to {output}", err=True)


@app.command()
def agreement(
    passes: Annotated[
        list[str], typer.Argument(help="Folders or files of labelled blocks, one per annotator.")
    ],
    json: Annotated[str | None, typer.Option(help="Write every figure there as JSON (- : stdout).")] = None,
    worst: Annotated[int, typer.Option(min=0, help="How many of the worst paragraphs to show.")] = 5,
    samples: Annotated[int, typer.Option(min=1, help="Resamples behind each interval.")] = 1000,
    workspace: WorkspaceOption = None,
) -> None:
    """How far annotators agree: spans per label, sections, confusions, the worst paragraphs.

    Span F1 (exact and overlapping), position against label, Cohen's kappa and Krippendorff's alpha for
    sections; 95% intervals resample reports. Only paragraphs that two annotators labelled count.

    Example: `baogao annotations agreement passes/a passes/b`
    """
    import json as json_module

    from rich.console import Console

    from baogao.annotations.agreement import agreement
    from baogao.annotations.agreement_table import agreement_record, agreement_tables, read_passes
    from baogao.files import write_atomic
    from baogao.workspace import Workspace

    result = agreement(read_passes(Workspace.find(workspace), passes), samples=samples)
    if json is not None:
        with write_atomic(json) as handle:
            json_module.dump(agreement_record(result), handle, ensure_ascii=False, indent=1)
            handle.write("\n")
    if json != "-":
        Console(soft_wrap=True, highlight=False).print(agreement_tables(result, worst=worst))
