"""baogao models: see each command's --help."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from baogao.log import logger, write_summary

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
    force: Annotated[bool, typer.Option("--force", help="Replace labels that people made.")] = False,
) -> None:
    """Label raw reports: blocks with their section and entities, and a score each.

    Examples: `baogao predict report.html --model models/pipeline --output labelled.jsonl`,
    `baogao predict 'reports/**/*.docx' --jobs 2 --keep-going --output labelled.parquet`,
    `curl -s ADDRESS | baogao predict - | head -3`
    """
    from baogao.errors import InputError
    from baogao.workspace import Workspace, protect_sources

    protect_sources(output, paths, force=force)
    chosen = model if model is not None else str(Workspace.find().models / "pipeline")
    if engine not in ("local", "ray"):
        raise InputError(f"no engine {engine!r}", field="--engine", todo="say local or ray")
    if engine == "ray" and Path(output).suffix in (".jsonl", ".csv", ".parquet", ".spacy", ".xlsx"):
        raise InputError("ray writes a folder of parts", field="--output", todo="name a folder, ended by /")
    if output.endswith("/") or engine == "ray":
        from baogao.models.engine import predict_many

        predict_many(
            paths, output.rstrip("/"), model=chosen, engine=engine, address=address, jobs=jobs,  # type: ignore[arg-type]
            keep_going=keep_going,
        )  # fmt: skip
    else:
        from baogao.models.predict import predict_paths

        predict_paths(paths, output, model=chosen, format=format, jobs=jobs, keep_going=keep_going)


@app.command("list")
def list_(
    json: Annotated[bool, typer.Option("--json", help="One record a line.")] = False,
    workspace: Annotated[Path | None, typer.Option(help="The workspace; else the one around you.")] = None,
) -> None:
    """List the models of the workspace: kind, version, size, labels.

    Example: `baogao models list`
    """
    from baogao.models.listing import list_models
    from baogao.records import write_jsonl
    from baogao.workspace import Workspace

    found = list_models(Workspace.find(workspace))
    if json:
        write_jsonl("-", found)
        return
    for model in found:
        labels = "; ".join(f"{len(values)} {name}" for name, values in model.labels.items())
        size = f"{model.size / 1e6:.1f} MB"
        typer.echo(f"{model.name:<20} {model.kind:<10} {model.version or '-':<8} {size:>9}  {labels}")
    if not found:
        logger.info("no models yet; train some with: baogao run")


@app.command()
def show(
    name: Annotated[
        str, typer.Argument(help="A model below models/, or the path of its folder.")
    ] = "pipeline",
    card: Annotated[bool, typer.Option("--card", help="The model card, in Markdown.")] = False,
    workspace: Annotated[Path | None, typer.Option(help="The workspace; else the one around you.")] = None,
) -> None:
    """Show what a model is and what it was made from, or its card: data, figures, limits.

    Example: `baogao models show pipeline --card > CARD.md`
    """
    from baogao.models.card import model_card
    from baogao.models.listing import compare_models, show_model
    from baogao.workspace import Workspace

    home = Workspace.find(workspace)
    model = show_model(home, name)
    if card:
        typer.echo(model_card(Path(model.path), home))
        return
    nothing = type(model)(name="", path="", kind="", version=None, size=-1, labels={}, meta={})
    for what, value, _ in compare_models(model, nothing):
        typer.echo(f"{what}: {value}")


@app.command()
def compare(
    one: Annotated[str, typer.Argument(help="A model below models/, or the path of its folder.")],
    other: Annotated[str, typer.Argument(help="Another.")],
    workspace: Annotated[Path | None, typer.Option(help="The workspace; else the one around you.")] = None,
) -> None:
    """Show where two models differ: data, settings, labels, size. Their scores: baogao evaluate compare.

    Example: `baogao models compare pipeline backups/pipeline-2024`
    """
    from baogao.models.listing import compare_models, show_model
    from baogao.workspace import Workspace

    home = Workspace.find(workspace)
    differences = compare_models(show_model(home, one), show_model(home, other))
    for what, left, right in differences:
        typer.echo(f"{what}: {left} | {right}")
    if not differences:
        typer.echo("no difference")


@app.command()
def package(
    name: Annotated[
        str, typer.Argument(help="A pipeline below models/, or the path of its folder.")
    ] = "pipeline",
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder for the wheels.")] = Path("dist"),
    package_name: Annotated[
        str | None, typer.Option("--name", help="The package's name after zh_; else the pipeline's.")
    ] = None,
    version: Annotated[str | None, typer.Option(help="Else the pipeline's.")] = None,
    license: Annotated[str | None, typer.Option(help="For the card; else the pipeline's.")] = None,
    workspace: Annotated[Path | None, typer.Option(help="The workspace; else the one around you.")] = None,
) -> None:
    """Make wheels that install a pipeline, with its card, and baogao itself in an empty environment.

    Example: `baogao models package --version 1.0.0`, then anywhere
    `pip install dist/*.whl` and in Python `spacy.load("zh_baogao")`
    """
    from baogao.models.card import model_card
    from baogao.models.listing import show_model
    from baogao.models.package import package as make
    from baogao.workspace import Workspace

    home = Workspace.find(workspace)
    started = time.perf_counter()
    folder = Path(show_model(home, name).path)
    card = model_card(folder, home, license=license)
    wheels = make(folder, output, card=card, name=package_name, version=version)
    settings = {"model": folder, "name": package_name, "version": version, "license": license}
    made = [wheel.name for wheel in wheels]
    write_summary(output, "models package", started, settings=settings, wheels=made)
    typer.echo(f"pip install {' '.join(map(str, wheels))}")


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
    from baogao.workspace import Workspace, protect_sources

    protect_sources(output, reports)
    home = Workspace.find(workspace)
    started = time.perf_counter()
    count = make_table(
        reports,
        output,
        labels=home.labels(),
        reports=home.reports(),
        predict=predictor(model or home.models / "pipeline"),
    )
    counts = {"reports": len(reports), "figures": count}
    write_summary(output, "models table", started, settings={"model": model}, counts=counts)
    logger.info("%d figures in %s", count, output)


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
        ready=lambda address: logger.info("serving on %s (Ctrl-C ends it)", address),
    )
