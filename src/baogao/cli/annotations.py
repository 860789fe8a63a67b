"""baogao annotations: see each command's --help."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from baogao.cli import doccano
from baogao.log import logger, write_summary

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
    force: Annotated[bool, typer.Option("--force", help="Replace a file of labels.")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Label paragraphs with the regular expressions of annotations/rules.toml.

    Each span keeps the name of its rule as `source`. Labels that are there are passed over, so that the
    rules can be scored on gold.

    Example: `baogao annotations suggest annotations/gold | baogao evaluate score annotations/gold -`
    """
    from baogao.annotations.export import suggest_files
    from baogao.records import write_jsonl
    from baogao.workspace import Workspace, protect_sources

    protect_sources(output, force=force)
    count = write_jsonl(output, suggest_files(Workspace.find(workspace), paths))
    logger.info(f"wrote {count} blocks to {output}")


@app.command()
def agreement(
    passes: Annotated[
        list[str], typer.Argument(help="A folder or file for each annotator, or a pulled round's folder.")
    ],
    json: Annotated[str | None, typer.Option(help="Write every figure there as JSON (- : stdout).")] = None,
    worst: Annotated[int, typer.Option(min=0, help="How many of the worst paragraphs to show.")] = 5,
    samples: Annotated[int, typer.Option(min=1, help="Resamples behind each interval.")] = 1000,
    unconfirmed: Annotated[
        bool, typer.Option("--unconfirmed", help="Count paragraphs that are not confirmed, too.")
    ] = False,
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
    from baogao.workspace import Workspace, protect_sources

    protect_sources(json, passes)
    found = read_passes(Workspace.find(workspace), passes, unconfirmed=unconfirmed)
    result = agreement(found, samples=samples)
    if json is not None:
        with write_atomic(json) as handle:
            json_module.dump(agreement_record(result), handle, ensure_ascii=False, indent=1)
            handle.write("\n")
    if json != "-":
        Console(soft_wrap=True, highlight=False).print(agreement_tables(result, worst=worst))


@app.command()
def review(
    passes: Annotated[
        list[str], typer.Argument(help="A folder or file for each annotator, or a pulled round's folder.")
    ],
    majority: Annotated[bool, typer.Option("--majority", help="Decide by votes; ties stay open.")] = False,
    adopt: Annotated[
        str | None, typer.Option(metavar="NAME", help="Decide the rest as this annotator did.")
    ] = None,
    reviewer: Annotated[
        str | None, typer.Option(metavar="USER", help="A doccano user who decides the rest there.")
    ] = None,
    name: Annotated[str, typer.Option("--round", help="What the review is called in doccano.")] = "review",
    create_users: Annotated[
        bool, typer.Option("--create-users", help="Make the reviewer's account if it is missing.")
    ] = False,
    output: Annotated[Path | None, typer.Option(help="The folder; else annotations/gold.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Change labels that gold has already.")] = False,
    unconfirmed: Annotated[
        bool, typer.Option("--unconfirmed", help="Take paragraphs that are not confirmed, too.")
    ] = False,
    url: doccano.UrlOption = None,
    user: doccano.UserOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Settle what annotators disagree on and write gold, which keeps who decided.

    What all agree on, or one alone labelled, needs no decision. For the rest: --majority, --adopt NAME,
    --reviewer USER, or these in that order. With a reviewer, disagreements go to a doccano project where
    every version is shown; run the same command again to take the decisions made so far. Exit status 1
    while paragraphs are open.

    Example: `baogao annotations review passes/round1 --reviewer wang --create-users`

    Example: `baogao annotations review passes/a passes/b --adopt a --output adopted`
    """
    from baogao.annotations.agreement_table import read_passes
    from baogao.annotations.review import compare, decide_by_adopting, decide_by_majority, write_gold
    from baogao.errors import Findings
    from baogao.workspace import Workspace

    found = Workspace.find(workspace)
    state = compare(read_passes(found, passes, unconfirmed=unconfirmed))
    logger.info(f"{len(state.decided)} paragraphs are agreed on, {len(state.open)} are not")
    if majority:
        state = decide_by_majority(state)
    if adopt is not None:
        state = decide_by_adopting(state, adopt)
    if reviewer is not None:
        from baogao.annotations.client import open_connection
        from baogao.annotations.review_round import review_in_doccano

        connection = open_connection(found, url=url, user=user)
        state, pushed = review_in_doccano(
            connection, found, name, state, reviewer=reviewer, create_user=create_users
        )
        logger.info(f"{reviewer}: {pushed.added} paragraphs added, {pushed.present} there already")
    if state.open and not (majority or adopt or reviewer):
        first = ", ".join(list(state.open)[:3])
        raise Findings(
            f"{len(state.open)} paragraphs differ ({first} …); nothing is written",
            todo="decide with --majority, --adopt NAME or --reviewer USER",
        )
    written = write_gold(found, state, output or found.annotations / "gold", force=force)
    typer.echo(
        f"wrote {output or found.annotations / 'gold'}: {written.added} paragraphs added, "
        f"{written.changed} changed, {written.same} there already, {written.reports} files"
    )
    bare = [key for key, block in state.decided.items() if block.section is None]
    if bare:
        logger.info(f"{len(bare)} of them have no section, first {bare[0]}")
    if state.open:
        first = ", ".join(list(state.open)[:3])
        raise Findings(
            f"{len(state.open)} paragraphs are open ({first})", todo="decide them and run this again"
        )


@app.command()
def convert(
    source: Annotated[Path, typer.Argument(help="A file (of our own format also a folder); - is stdin.")],
    target: Annotated[Path, typer.Argument(help="The file to write; - is stdout.")],
    to: Annotated[
        str,
        typer.Option(help="baogao, bio, bioes, bilou, bmes, docbin, prodigy, labelstudio or doccano."),
    ],
    source_format: Annotated[
        str | None,
        typer.Option("--from", help="The same, or columns for any tag scheme; else by the suffix."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file of labels.")] = False,
) -> None:
    """Labelled blocks to and from other tools: CoNLL columns, spaCy, Prodigy, Label Studio, doccano.

    Says what was not read and what the target cannot hold.

    Example: `baogao annotations convert annotations/gold gold.spacy --to docbin`

    Example: `baogao annotations convert train.bmes train.jsonl --to baogao`
    """
    from baogao.annotations.formats import convert
    from baogao.workspace import protect_sources

    protect_sources(target, force=force)
    count, notes = convert(source, target, source_format=source_format, target_format=to)
    for note in notes:
        logger.info(note)
    logger.info(f"wrote {count} blocks to {target}")


@app.command("next")
def next_command(
    predictions: Annotated[
        list[Path] | None, typer.Argument(help="Predictions with scores (`baogao predict`); else --model.")
    ] = None,
    model: Annotated[
        Path | None, typer.Option(help="A trained pipeline, for corpus/blocks; else models/pipeline.")
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="How many paragraphs.")] = 100,
    output: Annotated[str, typer.Option(help="Blocks in the order to label (JSONL); - is stdout.")] = "-",
    stop_advice: Annotated[
        bool, typer.Option("--stop-advice", help="Say from the learning curve whether more labels pay.")
    ] = False,
    curve: Annotated[Path | None, typer.Option(help="Else evaluate/results/curve.json.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file of labels.")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Order what is left to label: what the model is least sure of first, and nothing twice.

    Entities and sections count alike. Left out is what is in gold or in a round. With --stop-advice say
    instead whether more labels still pay; `baogao training curve` makes the curve that it reads.

    Example: `baogao annotations next --count 200 --output next.jsonl`, then
    `baogao annotations push round2 next.jsonl --annotators zhang,li`
    """
    from baogao.workspace import Workspace

    found = Workspace.find(workspace)
    if stop_advice:
        from baogao.annotations import stop_advice as advice

        read = advice.read_curve(curve or found.evaluate / "results" / "curve.json")
        for line in advice.stop_advice(read, seconds=advice.seconds_a_paragraph(found)):
            typer.echo(line)
        return
    from baogao.annotations.export import corpus_blocks, read_labelled_folder
    from baogao.annotations.next import labelled_so_far, order_next
    from baogao.records import write_jsonl
    from baogao.workspace import protect_sources

    protect_sources(output, force=force)
    started = time.perf_counter()
    if predictions:
        predicted = [block for path in predictions for block in read_labelled_folder(path)]
    else:
        from baogao.models.pipeline import load_pipeline
        from baogao.models.predict import label_blocks

        model = model or found.models / "pipeline"
        nlp = load_pipeline(model)
        reports = corpus_blocks(found).values()
        predicted = label_blocks(nlp, [block for blocks in reports for block in blocks])
    ranked = order_next(predicted, labelled_so_far(found), count=count)
    write_jsonl(output, (item.as_block() for item in ranked))
    write_summary(
        output, "annotations next", started,
        settings={"predictions": predictions, "model": None if predictions else model, "count": count},
        counts={"blocks": len(predicted), "paragraphs": len(ranked)},
    )  # fmt: skip
    logger.info(f"wrote {len(ranked)} paragraphs to {output}")
