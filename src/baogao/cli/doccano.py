"""The commands of `baogao annotations` that run or talk to doccano."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from baogao.log import logger, write_summary

if TYPE_CHECKING:
    from baogao.annotations.push import Suggest
    from baogao.workspace import Workspace

WorkspaceOption = Annotated[Path | None, typer.Option(help="The workspace; else the one around you.")]
UrlOption = Annotated[
    str | None, typer.Option(help="doccano's address; else the one of `baogao annotations serve`.")
]
UserOption = Annotated[
    str | None,
    typer.Option(help="Log in as; the password comes from $BAOGAO_DOCCANO_PASSWORD or a prompt."),
]
ModelOption = Annotated[Path | None, typer.Option(help="A trained pipeline; else annotations/rules.toml.")]


def serve(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.")] = 8000,
    workspace: WorkspaceOption = None,
) -> None:
    """Run a private doccano on this machine until Ctrl-C.

    The first start installs doccano into an environment of its own (annotations/doccano/venv, or
    $BAOGAO_DOCCANO_VENV) and sets up its database (SQLite beside it, or $DATABASE_URL); later starts take
    seconds. The data stay. Only this machine can reach it; annotators elsewhere come through your own proxy.

    Example: `baogao annotations serve`, then in another terminal: `baogao annotations push round1 ...`
    """
    from baogao.annotations.server import serve_until_stopped
    from baogao.workspace import Workspace

    def say(line: str) -> None:
        logger.info(line)

    serve_until_stopped(Workspace.find(workspace).annotations / "doccano", port=port, say=say)


def push(
    name: Annotated[str, typer.Argument(help="The round, such as round1.")],
    blocks: Annotated[
        list[Path] | None, typer.Argument(help="Files of blocks; else corpus/blocks without what is gold.")
    ] = None,
    annotators: Annotated[str, typer.Option(help="doccano users, with commas between.")] = "",
    overlap: Annotated[float, typer.Option(help="The part that two people label, 0 to 1.")] = 0.0,
    model: ModelOption = None,
    suggestions: Annotated[
        bool, typer.Option("--suggestions/--no-suggestions", help="Labels for annotators to correct.")
    ] = True,
    seed: Annotated[int, typer.Option(help="Another seed, another assignment.")] = 0,
    create_users: Annotated[
        bool, typer.Option("--create-users", help="Make accounts that are missing.")
    ] = False,
    url: UrlOption = None,
    user: UserOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Bring a labelling round into doccano: each annotator's share, with suggestions.

    Each annotator gets a project of their own (NAME · USER) with the labels, the guideline, and each
    paragraph's report and headings. Who gets what is kept in annotations/rounds/NAME.jsonl, and beside it a
    summary of the last push. Pushing again, also after any interruption, adds only what is new.

    Example: `baogao annotations push round1 --annotators zhang,li,wang --overlap 0.2 --create-users`
    """
    from baogao.annotations.client import open_connection
    from baogao.annotations.push import push_round, unlabelled_blocks
    from baogao.annotations.rounds import round_path
    from baogao.workspace import Workspace

    found = Workspace.find(workspace)
    given = unlabelled_blocks(found, blocks)
    connection = open_connection(found, url=url, user=user)
    started = time.perf_counter()
    team = [a.strip() for a in annotators.split(",") if a.strip()]
    done = push_round(
        connection, found, name, given, annotators=team, overlap=overlap,
        suggest=_suggester(found, model) if suggestions else None, seed=seed, create_users=create_users,
    )  # fmt: skip
    settings = {
        "blocks": blocks, "annotators": team, "overlap": overlap, "model": model, "suggestions": suggestions,
        "seed": seed, "create_users": create_users, "url": connection.url, "user": connection.user,
    }  # fmt: skip
    counts = {annotator: asdict(part) for annotator, part in done.items()}
    write_summary(round_path(found, name), "annotations push", started, settings=settings, counts=counts)
    for annotator, part in done.items():
        copies = f", {part.removed} copies removed" if part.removed else ""
        typer.echo(f"{annotator}: {part.added} paragraphs added, {part.present} there already{copies}")
    accounts = found.annotations / "doccano" / "accounts.json"
    if create_users and accounts.exists():
        logger.info(f"passwords of the accounts made: {accounts}")
    logger.info(f"annotators log in at {connection.url}/auth; then: baogao annotations progress {name}")


def pull(
    name: Annotated[str, typer.Argument(help="The round.")],
    idle_cap: Annotated[float, typer.Option(help="Seconds; a longer pause is no work.")] = 300,
    force: Annotated[
        bool, typer.Option("--force", help="Replace labels that no pull wrote, or shrink.")
    ] = False,
    url: UrlOption = None,
    user: UserOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Take what annotators did into annotations/passes/NAME/ANNOTATOR.

    Every paragraph comes back, confirmed or not, with who, when, comments and seconds in `meta`. Nothing is
    written unless all came. Beside annotations/passes/NAME lies a summary of the last pull. Exit status 1
    where labels fit no text or a paragraph stands twice.

    Example: `baogao annotations pull round1`
    """
    from baogao.annotations.client import open_connection
    from baogao.annotations.pull import pull_round
    from baogao.errors import Findings
    from baogao.workspace import Workspace

    found = Workspace.find(workspace)
    connection = open_connection(found, url=url, user=user)
    started = time.perf_counter()
    done = pull_round(connection, found, name, force=force, idle_cap=idle_cap)
    target = found.annotations / "passes" / name
    settings = {"idle_cap": idle_cap, "force": force, "url": connection.url, "user": connection.user}
    counts = {annotator: asdict(part) for annotator, part in done.items()}
    problems = [line for part in counts.values() for line in part.pop("problems")]
    write_summary(target, "annotations pull", started, settings=settings, counts=counts, problems=problems)
    for annotator, part in done.items():
        pace = "" if part.median_seconds is None else f", {part.median_seconds:.0f} s a paragraph (median)"
        typer.echo(
            f"{annotator}: {part.confirmed} of {part.paragraphs} paragraphs confirmed, {part.changed} new or "
            f"changed, {part.labels} labels, {part.comments} comments{pace}"
        )
    for line in problems:
        logger.warning(line)
    logger.info(f"in {target}")
    if problems:
        raise Findings(f"{len(problems)} paragraphs want a look", todo="see the lines above")


def progress(
    name: Annotated[str, typer.Argument(help="The round.")],
    url: UrlOption = None,
    user: UserOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """How far each annotator is, and how long the rest will take at their pace so far.

    Example: `baogao annotations progress round1`
    """
    from baogao.annotations.client import open_connection
    from baogao.annotations.pull import round_progress
    from baogao.workspace import Workspace

    found = Workspace.find(workspace)
    connection = open_connection(found, url=url, user=user)
    for annotator, part in round_progress(connection, found, name).items():
        left = part.paragraphs - part.confirmed
        pace = "" if part.median_seconds is None else (
            f", {part.median_seconds:.0f} s a paragraph, about {left * part.median_seconds / 60:.0f} min left"
        )  # fmt: skip
        away = "" if part.member else ", is not in the project: push the round again"
        share = part.confirmed / part.paragraphs
        typer.echo(f"{annotator}: {part.confirmed} of {part.paragraphs} ({share:.0%}){pace}{away}")


def assist(
    name: Annotated[str, typer.Argument(help="The round.")],
    model: ModelOption = None,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    url: UrlOption = None,
    user: UserOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Answer doccano's auto-labelling with the rules or a model, until Ctrl-C.

    Sets up the projects of a round to ask this endpoint; annotators switch it on with the wand in the page.
    When it stops, the projects no longer ask. doccano must run on this machine.

    Example: `baogao annotations assist round1 --model models/pipeline`
    """
    import threading

    from baogao.annotations.assist import start_assist
    from baogao.annotations.client import open_connection
    from baogao.annotations.server import until_stopped
    from baogao.workspace import Workspace

    found = Workspace.find(workspace)
    connection = open_connection(found, url=url, user=user)
    suggest = _suggester(found, model)
    with until_stopped(), start_assist(connection, found, name, suggest, port=port) as address:
        logger.info(f"doccano asks {address} for suggestions; Ctrl-C stops it")
        threading.Event().wait()
    logger.info("stopped; the projects no longer ask")


def _suggester(workspace: Workspace, model: Path | None) -> Suggest:
    if model is not None:
        from baogao.models.pipeline import load_pipeline
        from baogao.models.predict import label_blocks

        nlp = load_pipeline(model)
        return lambda blocks: label_blocks(nlp, blocks)
    from baogao.annotations.export import suggest_blocks
    from baogao.annotations.rules import workspace_rules

    rules = workspace_rules(workspace)
    return lambda blocks: suggest_blocks(blocks, rules)


COMMANDS = (serve, push, assist, progress, pull)
