"""One doccano project that one person works in: made, filled and read back.

The project is of the kind IntentDetectionAndSlotFilling (entities and section on one screen) and is set to
collaborative, with one annotator in it. doccano 1.8.4 shows a member of a project that is not collaborative
only labels made under their own account, gives the administrator no way to read them or their times, and
has no way to give members different parts of a project. With a project a person, suggestions that the
administrator uploads are seen at once, nobody's password is needed, and each person sees just their share.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

from baogao.annotations.client import Connection, RequestFailed
from baogao.annotations.wire import WireText, entities_to_wire
from baogao.errors import InputError, ServiceError
from baogao.files import write_atomic
from baogao.records import Block, LabelledBlock
from baogao.workspace import Label, Labels

PROJECT_TYPE = "IntentDetectionAndSlotFilling"
UID = "para_uid"  # the column of a paragraph's id; `id` and `text` are doccano's own
CHUNK = 1000  # rows a file: doccano's own batch, so that a batch is the most an interruption leaves undone
UNKNOWN_TASK = 5  # seconds; an import of a chunk takes one or two
Kind = Literal["category", "span"]
Context = Callable[[Block], dict[str, str]]


@dataclass(frozen=True)
class Project:
    """A project on a server."""

    id: int
    name: str


@dataclass
class Pushed:
    """What a push did: paragraphs added and found there, duplicates removed."""

    added: int = 0
    present: int = 0
    removed: int = 0


def heading_context(block: Block, titles: Mapping[str, str] | None = None) -> dict[str, str]:
    """What an annotator sees beside a paragraph: its report (by title, if known) and the headings above."""
    report = (titles or {}).get(block.report, block.report)
    return {"报告": report, "标题": " › ".join(block.path) or "(无)"}


def label_text(label: Label) -> str:
    """What annotators see for a label: its Chinese name."""
    return label.zh.strip() or label.name


def label_names(labels: Iterable[Label]) -> dict[str, str]:
    """From what doccano shows to the label's name. The name itself is understood too."""
    labels = list(labels)
    shown = Counter(label_text(label) for label in labels)
    names = {label.name: label.name for label in labels}
    for label in labels:
        if shown[label_text(label)] == 1:
            names.setdefault(label_text(label), label.name)
    return names


def shown_texts(labels: Iterable[Label]) -> dict[str, str]:
    """From a label's name to what doccano shows; the name where two share a Chinese one."""
    labels = list(labels)
    back = label_names(labels)
    return {
        label.name: label_text(label) if back.get(label_text(label)) == label.name else label.name
        for label in labels
    }


def find_project(connection: Connection, name: str) -> Project | None:
    """The project called `name` (the oldest, where there are several) among those this user is in."""
    found = [
        p for p in connection.pages("list the projects", "projects", q=name, limit=100) if p["name"] == name
    ]
    if not found:
        return None
    first = min(found, key=lambda p: p["id"])
    if first["project_type"] != PROJECT_TYPE or not first["collaborative_annotation"]:
        raise ServiceError(
            f"project {name!r} at {connection.url} was not made by baogao (type, or not collaborative)",
            todo="rename it in doccano, or choose another name for the round",
        )
    return Project(first["id"], name)


def ensure_project(
    connection: Connection, name: str, *, description: str, guideline: str, labels: Labels, member: str
) -> Project:
    """The project called `name`, made where it is missing, with all label types and with `member` in it.

    What is there already stays as it is. Raises ServiceError where the user may not do it.
    """
    project = find_project(connection, name)
    if project is None:
        body = {
            "name": name,
            "description": description,
            "guideline": guideline,
            "project_type": PROJECT_TYPE,
            "resourcetype": f"{PROJECT_TYPE}Project",
            "random_order": False,
            "collaborative_annotation": True,
            "single_class_classification": True,
            "allow_member_to_create_label_type": False,
            "tags": [],
        }
        made = connection.post(f"make project {name!r}", "projects", body)
        project = Project(made["id"], name)
    for kind, of_kind in _kinds(labels):
        _ensure_label_types(connection, project, kind, of_kind)
    if member != connection.user and member not in members(connection, project):
        connection.call(
            f"add {member} to project {name!r}", connection.client.add_member, project.id, member, "annotator"
        )
    return project


def _kinds(labels: Labels) -> list[tuple[Kind, list[Label]]]:
    return [("category", labels.section), ("span", labels.entity)]


def members(connection: Connection, project: Project) -> set[str]:
    """User names of a project's members."""
    found = connection.get(f"list the members of {project.name!r}", f"projects/{project.id}/members")
    return {member["username"] for member in found}


def _ensure_label_types(connection: Connection, project: Project, kind: Kind, labels: list[Label]) -> None:
    present = _label_types(connection, project, kind)
    keys = {entry["suffix_key"] for entry in present}
    shown = shown_texts(labels)
    for label in labels:
        if {shown[label.name], label.name} & {entry["text"] for entry in present}:
            continue
        body = {
            "text": shown[label.name],
            "prefix_key": None,
            "suffix_key": None if label.key in keys else label.key,
            "background_color": label.color,
            "text_color": "#ffffff",
        }
        connection.post(
            f"make label {shown[label.name]!r} in project {project.name!r}",
            f"projects/{project.id}/{kind}-types", body,
        )  # fmt: skip


def _label_types(connection: Connection, project: Project, kind: Kind) -> list[dict]:
    # Not client.list_label_types: one colour or key that it does not expect, and it raises.
    return connection.get(f"list the labels of {project.name!r}", f"projects/{project.id}/{kind}-types")


def check_label_types(connection: Connection, project: Project, labels: Labels) -> list[str]:
    """One line for each label of `labels` that the project no longer has: its annotations went with it."""
    lines = []
    for kind, of_kind in _kinds(labels):
        present = {entry["text"] for entry in _label_types(connection, project, kind)}
        shown = shown_texts(of_kind)
        lines += [
            f"label {shown[label.name]!r} is gone from project {project.name!r}"
            for label in of_kind
            if not {shown[label.name], label.name} & present
        ]
    return lines


def push_blocks(
    connection: Connection,
    project: Project,
    blocks: Sequence[LabelledBlock],
    *,
    labels: Labels,
    journal: Path,
    context: Context = heading_context,
) -> Pushed:
    """Bring every block into the project once, its section and entities as suggestions.

    Blocks that are there already stay as they are, whatever was done to them since. `journal`: a file that
    remembers an upload under way; after an interruption its rows are checked and mended. Returns what was
    done. Raises ServiceError when doccano does not do it.
    """
    connection.check_task_worker()
    rows = {row[UID]: row for row in _upload_rows(blocks, labels, context)}
    done = Pushed()
    present = _settle(connection, project, rows, journal, done)
    done.present = len(present)
    for _ in range(2):  # a second time where doccano's own retries left rows without their labels
        missing = [row for uid, row in rows.items() if uid not in present]
        if not missing:
            return done
        for start in range(0, len(missing), CHUNK):
            under_way = [row[UID] for row in missing[: start + CHUNK]]  # looked at again when all are sent
            _upload(connection, project, missing[start : start + CHUNK], under_way, journal)
        present = _settle(connection, project, rows, journal, done)
        done.added = len(present) - done.present
    lost = [uid for uid in rows if uid not in present]
    if lost:
        raise ServiceError(
            f"{len(lost)} of {len(rows)} paragraphs did not arrive in {project.name!r}, first {lost[0]}",
            todo="run the same command again: it adds what is missing",
        )
    return done


def _upload_rows(blocks: Sequence[LabelledBlock], labels: Labels, context: Context) -> list[dict[str, Any]]:
    sections, entities = shown_texts(labels.section), shown_texts(labels.entity)
    contexts = [context(block) for block in blocks]
    columns = list(dict.fromkeys(key for one in contexts for key in one))
    rows = []
    for block, shown in zip(blocks, contexts, strict=True):
        wire = WireText.of(block.text)
        if not wire.text:
            raise InputError(f"block {block.id!r} has no text", field="text", todo="leave it out")
        rows.append(
            {
                "text": wire.text,
                "entities": [
                    [start, end, entities[label]]
                    for start, end, label in entities_to_wire(wire, block.entities)
                ],
                "cats": [sections[block.section]] if block.section else [],
                UID: block.id,
                # doccano imports nothing where rows differ in their columns or one is empty.
                **{key: shown.get(key) or "—" for key in columns},
            }
        )
    return rows


def _upload(
    connection: Connection, project: Project, rows: list[dict[str, Any]], under_way: list[str], journal: Path
) -> None:
    what = f"upload {len(rows)} paragraphs to {project.name!r}"
    client = connection.client
    # ASCII only: doccano guesses the encoding of a file, and takes short Chinese ones for something else.
    content = "".join(json.dumps(row, ensure_ascii=True) + "\n" for row in rows)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "paragraphs.jsonl"
        path.write_text(content, encoding="ascii")
        upload = connection.call(what, client._data_import_repository.upload, str(path))
    _write_journal(journal, {"ids": under_way, "task": None})
    # Once only: a second try of one that did arrive would add every row twice.
    ingest = client._data_import_repository.ingest
    task = connection.call(what, ingest, project.id, [upload], PROJECT_TYPE, "JSONL", safe=False)
    _write_journal(journal, {"ids": under_way, "task": task})
    connection.wait_for_task(what, task)


def _write_journal(journal: Path, value: dict) -> None:
    with write_atomic(journal) as handle:
        json.dump(value, handle)


def _settle(
    connection: Connection, project: Project, rows: dict[str, dict], journal: Path, done: Pushed
) -> set[str]:
    """Wait for an upload that was left under way, remove copies and half-made paragraphs that nobody has
    worked on, and return which of `rows` are there."""
    pending = (
        json.loads(journal.read_text(encoding="utf-8")) if journal.exists() else {"ids": [], "task": None}
    )
    if pending["ids"]:
        _outlast(connection, pending["task"])
    confirmed = {row["id"] for row in export_rows(connection, project, confirmed=True)}
    found: dict[str, list[dict]] = defaultdict(list)
    for row in export_rows(connection, project):
        if row.get(UID) in rows:
            found[row[UID]].append(row)
    doomed: list[int] = []
    for uid, copies in found.items():
        seeds = _labels_of(rows[uid])
        half = [c for c in copies if _untouched(c, confirmed, ([], []))] if any(seeds) else []
        whole = [c for c in copies if _untouched(c, confirmed, seeds)]
        worked_on = [c for c in copies if c not in half and c not in whole]
        keep = worked_on or whole[:1] or ([] if uid in pending["ids"] else half[:1])
        doomed += [c["id"] for c in copies if c not in keep]
        copies[:] = keep
    if doomed:
        what = f"remove {len(doomed)} copies from {project.name!r}"
        connection.delete(what, f"projects/{project.id}/examples", {"ids": doomed})
        done.removed += len(doomed)
    journal.unlink(missing_ok=True)
    return {uid for uid, copies in found.items() if copies}


def _outlast(connection: Connection, task: str | None) -> None:
    """Wait for a task of an earlier run; one that failed or was lost with its worker does not end well, and
    what it left is looked at next. None: the answer with its name was lost, so it has a moment to end."""
    if task is None:
        time.sleep(UNKNOWN_TASK)
        return
    try:
        connection.wait_for_task("end the upload under way", task, patience=connection.timeout)
    except RequestFailed:
        raise
    except ServiceError:
        return


def _labels_of(row: dict) -> tuple[list, list]:
    return sorted(map(list, row["entities"])), sorted(row["cats"])


def _untouched(row: dict, confirmed: set[int], labels: tuple[list, list]) -> bool:
    return row["id"] not in confirmed and not row["Comments"] and _labels_of(row) == labels


def export_rows(connection: Connection, project: Project, *, confirmed: bool = False) -> list[dict[str, Any]]:
    """The rows doccano exports: id, text, entities ([start, end, shown label], in its units), cats, Comments
    and the columns that were pushed."""
    # Lines end at \n only: U+2028 and U+0085 stand raw in the export.
    lines = connection.export(project.id, confirmed=confirmed).split(b"\n")
    return [msgspec.json.decode(line) for line in lines if line.strip()]
