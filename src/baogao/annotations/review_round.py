"""Review in doccano: a reviewer sees what annotators disagree on, with every version beside it.

A review is a round (annotations/rounds/NAME.jsonl) with one member, whose suggestions are what all agree on.
"""

from __future__ import annotations

from collections.abc import Mapping

from baogao.annotations.client import Connection
from baogao.annotations.project import (
    UID,
    Pushed,
    ensure_project,
    export_rows,
    find_project,
    heading_context,
    push_blocks,
    shown_texts,
)
from baogao.annotations.pull import add_times
from baogao.annotations.push import ensure_users, guideline_text
from baogao.annotations.readback import pull_blocks
from baogao.annotations.review import Review, agreed_part, decide_as, version_lines
from baogao.annotations.rounds import annotators_of, project_name, read_round, round_path, write_round
from baogao.errors import InputError
from baogao.files import sha256
from baogao.records import Block, LabelledBlock
from baogao.workspace import Workspace


def review_in_doccano(
    connection: Connection,
    workspace: Workspace,
    name: str,
    review: Review,
    *,
    reviewer: str,
    create_user: bool = False,
) -> tuple[Review, Pushed]:
    """Take what `reviewer` has decided in project "NAME · REVIEWER" and bring there what is still open.

    The same call brings the first paragraphs, completes an interrupted push, and in the end takes the
    decisions. Raises InputError where round `name` is no review by `reviewer`, ServiceError when doccano does
    not do it.
    """
    known = read_round(workspace, name) if round_path(workspace, name).exists() else []
    for block in known:
        if annotators_of(block) != [reviewer] or not _versions(block):
            raise InputError(
                f"round {name!r} is no review by {reviewer}", file=round_path(workspace, name),
                todo="give the review another --round",
            )  # fmt: skip
    if known:
        review = decide_as(review, _decisions(connection, workspace, name, known, reviewer), reviewer)
    labels = workspace.labels()
    shown = shown_texts(labels.section) | shown_texts(labels.entity)
    there = {block.id for block in known}
    for key, versions in review.open.items():
        if key not in there:
            block = agreed_part(list(versions.values()))
            block.meta = {"annotators": [reviewer], "versions": version_lines(versions, shown)}
            known.append(block)
    if not known or not review.open:
        return review, Pushed(present=len(known))
    home = workspace.annotations / "doccano"
    ensure_users(connection, [reviewer], create=create_user, accounts=home / "accounts.json")
    write_round(workspace, name, known)
    project = ensure_project(
        connection, project_name(name, reviewer), description=f"{name}: review by {reviewer}",
        guideline=guideline_text(workspace, labels), labels=labels, member=reviewer,
    )  # fmt: skip
    journal = home / "pending" / f"{sha256(f'{connection.url} {project.name}'.encode())[:16]}.json"
    pushed = push_blocks(connection, project, known, labels=labels, journal=journal, context=_context)
    return review, pushed


def _decisions(
    connection: Connection, workspace: Workspace, name: str, known: list[LabelledBlock], reviewer: str
) -> dict[str, LabelledBlock]:
    """What the reviewer has confirmed, by id; nothing where the project is not there (pushing makes it)."""
    project = find_project(connection, project_name(name, reviewer))
    if project is None:
        return {}
    present = {row[UID] for row in export_rows(connection, project) if UID in row}
    blocks = [block for block in known if block.id in present]
    found = pull_blocks(connection, project, blocks, labels=workspace.labels(), annotator=reviewer)
    done = [block for block in found if isinstance(block.meta, dict) and block.meta.get("confirmed")]
    add_times(connection, project, done, {})
    return {block.id: block for block in done}


def _context(block: Block) -> dict[str, str]:
    return heading_context(block) | {f"版本 {name}": line for name, line in _versions(block).items()}


def _versions(block: Block) -> Mapping[str, str]:
    meta = block.meta if isinstance(block, LabelledBlock) and isinstance(block.meta, dict) else {}
    found = meta.get("versions")
    return found if isinstance(found, dict) else {}
