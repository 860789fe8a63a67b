"""baogao models: see each command's --help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Trained models: list, show, package, predict, serve.")


@app.command()
def predict(
    paths: Annotated[
        list[str], typer.Argument(help="Raw reports (any format), folders or globs; - is standard input.")
    ],
    model: Annotated[
        str | None, typer.Option(help="A pipeline folder or package; else models/pipeline of the workspace.")
    ] = None,
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            help=".jsonl, .csv, .parquet or .spacy; - for JSONL on standard output; a "
            "folder, ended by /, for very many reports: Parquet in parts, and a stopped run goes on.",
        ),
    ] = "-",
    format: Annotated[
        str | None, typer.Option(help="jsonl, csv, parquet or spacy, where the ending does not tell.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes at once.")] = 1,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Leave out reports that fail, list them, exit 1.")
    ] = False,
    engine: Annotated[str, typer.Option(help="local or ray; ray writes into a folder.")] = "local",
    address: Annotated[str | None, typer.Option(help="A Ray cluster; else one on this machine.")] = None,
) -> None:
    """Label raw reports: blocks with their section and entities, and a score each.

    Examples: `baogao predict report.html --model models/pipeline --output labelled.jsonl`,
    `baogao predict 'reports/**/*.docx' --jobs 2 --keep-going --output labelled.parquet`,
    `curl -s ADDRESS | baogao predict - | head -3`
    """
    from baogao.errors import InputError
    from baogao.workspace import Workspace

    chosen = model if model is not None else str(Workspace.find().models / "pipeline")
    if engine not in ("local", "ray"):
        raise InputError(f"no engine {engine!r}", field="--engine", todo="say local or ray")
    if output.endswith("/") or engine == "ray":
        from baogao.models.engine import predict_many

        predict_many(
            paths, output.rstrip("/"), model=chosen, engine=engine, address=address, jobs=jobs,  # type: ignore[arg-type]
            keep_going=keep_going,
        )  # fmt: skip
    else:
        from baogao.models.predict import predict_paths

        predict_paths(paths, output, model=chosen, format=format, jobs=jobs, keep_going=keep_going)


@app.command()
def table(
    reports: Annotated[
        list[str], typer.Argument(help="Labelled blocks (.jsonl; - for standard input) or raw reports.")
    ],
    output: Annotated[
        str, typer.Option("--output", "-o", help=".csv, .parquet or .xlsx; - for CSV on standard output.")
    ] = "-",
    model: Annotated[
        Path | None, typer.Option(help="A pipeline for raw reports; else models/pipeline of the workspace.")
    ] = None,
    workspace: Annotated[Path | None, typer.Option(help="The workspace; else the one around you.")] = None,
) -> None:
    """Write the figures of reports as rows: what is counted, value, unit, by whom, in which sentence.

    Example: `baogao models table annotations/gold/*.jsonl --output figures.xlsx`
    """
    from baogao.models.table import make_table, predictor
    from baogao.workspace import Workspace

    home = Workspace.find(workspace)
    count = make_table(
        reports,
        output,
        labels=home.labels(),
        reports=home.reports(),
        predict=predictor(model or home.models / "pipeline"),
    )
    typer.echo(f"{count} figures in {output}", err=True)


@app.command()
def serve(
    model: Annotated[
        str | None, typer.Option(help="A pipeline folder or package; else models/pipeline of the workspace.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="On 127.0.0.1; 0 takes a free one.")] = 8765,
    workers: Annotated[int, typer.Option(min=1, help="Reports labelled at the same time.")] = 1,
    at_once: Annotated[int, typer.Option(min=1, help="Requests served or waiting; more get a 503.")] = 32,
    limit_mb: Annotated[float, typer.Option(min=0.001, help="Largest report, in MB.")] = 20,
    time_limit: Annotated[float, typer.Option(min=0.1, help="Seconds for one report.")] = 60,
    workspace: Annotated[Path | None, typer.Option(help="The workspace; else the one around you.")] = None,
) -> None:
    """A page, for this machine only, where one drops a report and sees it labelled; and POST /api/label.

    Example: `baogao models serve`, then open the address it prints, or:
    `curl --data-binary @report.docx 'http://127.0.0.1:8765/api/label?name=report.docx'`
    """
    from baogao.errors import InputError
    from baogao.models.serve import serve as run
    from baogao.workspace import Workspace

    try:
        home = Workspace.find(workspace)
    except InputError:
        if model is None or workspace is not None:
            raise
        home = None  # a packaged pipeline brings its labels along
    run(
        model if model is not None else home.models / "pipeline",  # type: ignore[union-attr]
        workspace=home.root if home else None,
        port=port,
        workers=workers,
        at_once=at_once,
        limit=int(limit_mb * 1e6),
        time_limit=time_limit,
        ready=lambda address: typer.echo(f"serving on {address} (Ctrl-C ends it)", err=True),
    )
