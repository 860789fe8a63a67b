"""baogao evaluate: see each command's --help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True, help="Honest scores, with intervals over reports, and where a model fails."
)

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
    """Score predictions against gold, on original characters.

    Entities: exact (start, end and label), label-only, boundary-only and MUC overlap, per label, micro and
    macro. Sections: accuracy, macro-F1, confusion. 95% intervals resample reports.

    Example: `baogao evaluate score annotations/gold predicted.jsonl --json score.json`
    """
    from baogao.evaluate.commands import score_files

    score_files(gold, predicted, json=json, workspace=workspace, count_unpaired=count_unpaired)


@app.command()
def loro(
    workspace: WorkspaceOption = None,
    report: Annotated[list[str] | None, typer.Option(help="Only this gold report (repeat for more).")] = None,
    system: Annotated[
        str, typer.Option(help="Name of the folder of predictions and of the result.")
    ] = "baogao",
    seeds: Annotated[
        str | None, typer.Option(help="Training seeds, such as 0,1,2; their figures are averaged.")
    ] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Folds trained at once.")] = None,
    set: Annotated[
        list[str] | None, typer.Option(help="A setting of training/ner.cfg, such as training.max_steps=500.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Train folds that are up to date again.")] = False,
) -> None:
    """Leave one report out: train without it, score on it.

    Segmenter, entities and sections are trained without the report, on all other gold and practice reports.
    Predictions lie in evaluate/predictions, beside them a summary (SYSTEM.run.json), results in
    evaluate/results. Stop it at any time: the next run goes on with the folds that are missing. Seeds and
    jobs come from evaluate/benchmark.toml.

    Example: `baogao evaluate loro --seeds 0,1,2 --jobs 2`
    """
    from baogao.evaluate.commands import evaluate_workspace, parse_seeds, parse_settings
    from baogao.workspace import Workspace

    evaluate_workspace(
        Workspace.find(workspace), system=system, reports=report or (), seeds=parse_seeds(seeds), jobs=jobs,
        overrides=parse_settings(set or ()), force=force,
    )  # fmt: skip


@app.command()
def results(
    names: Annotated[
        list[str] | None, typer.Argument(help="Systems; default all of evaluate/predictions.")
    ] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Score the predictions that are there, keep the results.

    The baselines are made on the way. A system is a folder evaluate/predictions/NAME with a JSONL
    file of labelled blocks a gold report: put
    those of any other program there to see it beside the rest.

    Example: `baogao evaluate results`
    """
    from baogao.evaluate.commands import score_systems
    from baogao.workspace import Workspace

    score_systems(Workspace.find(workspace), names or ())


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What to call the system.")],
    predicted: Annotated[
        str, typer.Argument(help="Its labelled blocks of all gold reports: JSONL, folder, or -.")
    ],
    workspace: WorkspaceOption = None,
) -> None:
    """Take in the predictions of another program.

    They must have the ids and texts of annotations/gold and the labels of labels.toml.

    Example: `baogao evaluate add bert predictions.jsonl`, then `baogao evaluate results`
    """
    from baogao.evaluate.peers import add_system
    from baogao.workspace import Workspace

    typer.echo(f"wrote {add_system(Workspace.find(workspace), name, predicted)}")


@app.command()
def report(
    system: Annotated[str, typer.Option(help="The system; all others stand beside it.")] = "baogao",
    output: Annotated[Path | None, typer.Option(help="The file; default evaluate/report.html.")] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Write everything about a system into one HTML file.

    Figures with intervals, confusions, slices, and every error in its paragraph. It holds all it
    needs and asks the network for nothing: send it by mail, open it anywhere, print it.

    Example: `baogao evaluate report --system rules --output rules.html`
    """
    from baogao.evaluate.report import write_report
    from baogao.workspace import Workspace

    typer.echo(f"wrote {write_report(Workspace.find(workspace), output, system=system)}")


@app.command()
def slices(
    system: Annotated[str, typer.Argument(help="A system of evaluate/predictions.")] = "baogao",
    dimension: Annotated[str | None, typer.Option(help="Only this one, such as 'span length'.")] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Show figures by part: label, report, year, length and so on.

    Example: `baogao evaluate slices rules --dimension "in training"`
    """
    from baogao.evaluate.commands import show_slices
    from baogao.workspace import Workspace

    show_slices(Workspace.find(workspace), system, dimension=dimension)


@app.command()
def errors(
    system: Annotated[str, typer.Argument(help="A system of evaluate/predictions.")] = "baogao",
    kind: Annotated[str | None, typer.Option(help="Only this kind, such as 'too long'.")] = None,
    label: Annotated[str | None, typer.Option(help="Only this entity label.")] = None,
    examples: Annotated[int, typer.Option(min=0, help="Examples of each kind.")] = 3,
    workspace: WorkspaceOption = None,
) -> None:
    """Sort entity errors into kinds, with examples.

    Example: `baogao evaluate errors baogao --label INST --examples 10`
    """
    from baogao.evaluate.commands import show_errors
    from baogao.workspace import Workspace

    show_errors(Workspace.find(workspace), system, kind=kind, label=label, examples=examples)


@app.command()
def compare(
    a: Annotated[str, typer.Argument(help="A system of evaluate/predictions, or a path of predictions.")],
    b: Annotated[str, typer.Argument(help="Another; differences are B minus A.")],
    workspace: WorkspaceOption = None,
    figure: Annotated[
        list[str] | None, typer.Option(help="Figure to compare, such as ner.labels.INST.f1.")
    ] = None,
) -> None:
    """Compare two systems on the same reports.

    Prints the difference, its 95% interval and p. Reports are resampled (paired bootstrap) and
    swapped (approximate randomisation), never single sentences.

    Example: `baogao evaluate compare rules baogao`
    """
    from baogao.evaluate.commands import compare_systems
    from baogao.workspace import Workspace

    compare_systems(Workspace.find(workspace), a, b, figures=figure or ())


@app.command()
def leakage(
    workspace: WorkspaceOption = None,
    train: Annotated[str | None, typer.Option(help="Training blocks: JSONL file or folder.")] = None,
    test: Annotated[str | None, typer.Option(help="Test blocks: JSONL file or folder.")] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Similarity from which clauses count, 0 to 1.")
    ] = None,
    max_share: Annotated[float | None, typer.Option(help="Allowed share of test characters, 0 to 1.")] = None,
    examples: Annotated[int, typer.Option(min=0, help="How many near-duplicates to show.")] = 5,
) -> None:
    """Measure clauses that test shares with training.

    Exit status 1 when they are more than allowed.

    Without --train and --test: every gold report against all other gold and all practice reports.

    Example: `baogao evaluate leakage --train annotations/practice --test annotations/gold --max-share 0.02`
    """
    from baogao.evaluate.checks import check_leakage
    from baogao.workspace import Workspace

    around = Workspace.find(workspace) if workspace or not (train and test) else None
    check_leakage(around, train=train, test=test, threshold=threshold, max_share=max_share, examples=examples)


@app.command()
def gate(
    result: Annotated[str, typer.Argument(help="A system, or a file of evaluate/results.")] = "baogao",
    min: Annotated[list[str] | None, typer.Option(help="FIGURE=SHARE that must be reached (repeat).")] = None,
    max_drop: Annotated[float | None, typer.Option(min=0, max=1, help="How far a figure may fall.")] = None,
    against: Annotated[str | None, typer.Option(help="The result (or system) to fall from.")] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Exit with 1 when a figure is too low or fell too far.

    For continuous integration.

    Example: `baogao evaluate gate --min ner.f1=0.95 --max-drop 0.01 --against last-release.json`
    """
    from baogao.evaluate.checks import gate_result
    from baogao.workspace import Workspace

    gate_result(Workspace.find(workspace), result, minima=min or (), against=against, max_drop=max_drop)


@app.command()
def history(
    system: Annotated[str | None, typer.Argument(help="Only this system.")] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Show how results moved, and what had changed.

    Example: `baogao evaluate history baogao`
    """
    from baogao.evaluate.checks import show_history
    from baogao.workspace import Workspace

    show_history(Workspace.find(workspace), system)
