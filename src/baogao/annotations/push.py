"""A labelling round into doccano: a project for each annotator, with their share and its suggestions."""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from baogao.annotations.client import PROJECTS_AT_ONCE, Connection
from baogao.annotations.project import Pushed, ensure_project, heading_context, push_blocks
from baogao.annotations.rounds import (
    assign,
    check_annotators,
    project_name,
    read_round,
    round_path,
    shares,
    write_round,
)
from baogao.annotations.server import write_private
from baogao.errors import InputError
from baogao.files import sha256
from baogao.progress import track
from baogao.records import Block, LabelledBlock, check_labels, read_blocks
from baogao.workspace import Labels, Workspace

Suggest = Callable[[Sequence[Block]], list[LabelledBlock]]


def push_round(
    connection: Connection,
    workspace: Workspace,
    name: str,
    blocks: Iterable[Block],
    *,
    annotators: Sequence[str] = (),
    overlap: float = 0.0,
    suggest: Suggest | None = None,
    seed: int = 0,
    create_users: bool = False,
) -> dict[str, Pushed]:
    """Give the paragraphs among `blocks` that round `name` does not have yet to `annotators`, and bring all
    of the round into doccano that is not there yet. Returns what was done for each annotator.

    suggest: labels all blocks of the reports that have new paragraphs (a model wants the headings too); None
    takes the labels that `blocks` carry, if any.
    Who gets what is written to annotations/rounds/NAME.jsonl first, so the same call after any interruption
    completes it and doubles nothing. Raises ServiceError when doccano does not do it, InputError for
    unknown users (create_users makes their accounts; passwords go to annotations/doccano/accounts.json).
    """
    labels = workspace.labels()
    blocks = list(blocks)
    check_annotators(annotators)
    known = read_round(workspace, name) if round_path(workspace, name).exists() else []
    fresh = _new_blocks(known, blocks)
    for user in annotators:
        project_name(name, user)  # too long? then before anything is written
    everybody = list(dict.fromkeys([*annotators, *shares(known)]))
    if not everybody:
        raise InputError("nobody is named", field="--annotators", todo="name them: --annotators zhang,li")
    load = Counter({user: len(share) for user, share in shares(known).items()})
    unknown = [user for user in annotators if user not in shares(known)]
    if known and not fresh and unknown:
        raise InputError(
            f"every paragraph of round {name} was given out before, {unknown[0]} would get none",
            field="--annotators", todo="name a new round, or push paragraphs that the round has not",
        )  # fmt: skip
    plan = assign(fresh, annotators or everybody, overlap=overlap, seed=seed, load=load)
    home = workspace.annotations / "doccano"
    ensure_users(connection, everybody, create=create_users, accounts=home / "accounts.json")
    suggested = _suggest(fresh, blocks, suggest)
    for block in suggested:
        check_labels(block, sections=set(labels.sections), labels=set(labels.entities))
        block.meta = {"annotators": plan[block.id]}
    everything = [*known, *suggested]
    if suggested:
        write_round(workspace, name, everything)
    if not everything:
        raise InputError(
            f"round {name!r} would have no paragraph", field="BLOCKS", todo="segment reports with: baogao run"
        )
    guideline = guideline_text(workspace, labels)
    titles = {report.id: report.title or report.id for report in workspace.reports()}

    def context(block: Block) -> dict[str, str]:
        return heading_context(block, titles)

    def bring(item: tuple[str, list[LabelledBlock]]) -> tuple[str, Pushed]:
        user, share = item
        project = ensure_project(
            connection, project_name(name, user), description=f"{name}: {user}", guideline=guideline,
            labels=labels, member=user,
        )  # fmt: skip
        journal = home / "pending" / f"{sha256(f'{connection.url} {project.name}'.encode())[:16]}.json"
        return user, push_blocks(connection, project, share, labels=labels, journal=journal, context=context)

    parts = shares(everything)
    with ThreadPoolExecutor(PROJECTS_AT_ONCE) as pool:  # doccano's task queue answers once a second
        return dict(track(pool.map(bring, parts.items()), "bringing it into doccano", total=len(parts)))


def unlabelled_blocks(workspace: Workspace, paths: Sequence[Path] | None) -> list[Block]:
    """All blocks of `paths`, or, where none is named, of corpus/blocks: there the paragraphs that are in
    annotations/gold are left out. Raises InputError where there are none."""
    files = paths or sorted((workspace.corpus / "blocks").glob("*.jsonl"))
    blocks = [block for path in files for block in read_blocks(path)]
    if not blocks:
        raise InputError("no segmented reports", file=workspace.corpus / "blocks", todo="run: baogao run")
    if paths:
        return blocks
    gold = {block.id for of_report in workspace.labelled("gold").values() for block in of_report}
    return [block for block in blocks if block.kind != "paragraph" or block.id not in gold]


def guideline_text(workspace: Workspace, labels: Labels) -> str:
    """annotations/guidelines.zh.md, else a table of the labels."""
    path = workspace.annotations / "guidelines.zh.md"
    if path.is_file():
        return path.read_text(encoding="utf-8-sig")
    parts = []
    for title, of_kind in (("段落类别(每段一个)", labels.section), ("实体", labels.entity)):
        parts += [f"## {title}", "", "| 标签 | 说明 |", "|---|---|"]
        parts += [f"| {label.zh} ({label.name}) | {label.description} |" for label in of_kind] + [""]
    return "\n".join(parts)


def _new_blocks(known: Sequence[LabelledBlock], blocks: Iterable[Block]) -> list[Block]:
    seen = {block.id for block in known}
    fresh = []
    for block in blocks:
        if block.kind == "paragraph" and block.id not in seen:
            seen.add(block.id)
            fresh.append(block)
    return fresh


def _suggest(fresh: Sequence[Block], blocks: Sequence[Block], suggest: Suggest | None) -> list[LabelledBlock]:
    if suggest is None or not fresh:
        return [_labelled(block) for block in fresh]
    reports = {block.report for block in fresh}
    found = {block.id: block for block in suggest([b for b in blocks if b.report in reports])}
    return [found[block.id] for block in fresh]


def _labelled(block: Block) -> LabelledBlock:
    fields = {name: getattr(block, name) for name in block.__struct_fields__}
    return LabelledBlock(**fields)


def ensure_users(connection: Connection, users: Sequence[str], *, create: bool, accounts: Path) -> None:
    """Raise InputError for users that doccano does not have, or make them (`create`) with a password kept in
    `accounts`."""
    there = {entry["username"] for entry in connection.get("list the users", "users")}
    missing = [user for user in users if user not in there]
    if missing and not create:
        raise InputError(
            f"doccano at {connection.url} has no user {', '.join(missing)}", field="--annotators",
            todo="make them in doccano, or add --create-users",
        )  # fmt: skip
    for user in missing:
        password = secrets.token_urlsafe(9)
        # Kept before it is used: an account whose password nobody knows helps nobody.
        write_private(accounts, read_accounts(accounts) | {user: password})
        connection.call(f"make user {user}", connection.client.create_user, user, password, safe=False)


def read_accounts(path: Path) -> dict[str, str]:
    """User name → password of the accounts that push made."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
