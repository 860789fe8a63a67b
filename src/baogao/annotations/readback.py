"""What annotators did, read back from one project as labelled blocks in characters of their own text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec

from baogao.annotations.anchor import reanchor
from baogao.annotations.client import Connection
from baogao.annotations.project import UID, Project, export_rows, label_names
from baogao.annotations.wire import WireText, entities_to_wire
from baogao.errors import ServiceError
from baogao.records import Entity, LabelledBlock
from baogao.workspace import Labels


def pull_blocks(
    connection: Connection,
    project: Project,
    blocks: Sequence[LabelledBlock],
    *,
    labels: Labels,
    annotator: str,
) -> list[LabelledBlock]:
    """Every block of `blocks` as it stands in the project now, in their order: count in is count out.

    Entities that equal a suggestion keep its `source`, others get the annotator's name. `meta` holds
    annotator, confirmed, comments (user, text, at), example (doccano's number), and where there is any,
    unplaced (spans that fit no text) and problems (a line each).

    Raises ServiceError when a paragraph is missing, or a label is one that `labels` do not have.
    """
    confirmed = {row["id"] for row in export_rows(connection, project, confirmed=True)}
    copies: dict[str, list[dict]] = defaultdict(list)
    for row in export_rows(connection, project):
        copies[str(row.get(UID))].append(row)
    missing = [block.id for block in blocks if block.id not in copies]
    if missing:
        raise ServiceError(
            f"{len(missing)} of {len(blocks)} paragraphs are gone from project {project.name!r} at "
            f"{connection.url}, first {missing[0]}",
            todo="baogao annotations push brings them back; what was pulled before stays as it is",
        )
    comments = _comments(connection, project)
    reader = _Reader(project, labels, annotator)
    found = []
    for block in blocks:
        rows = sorted(copies[block.id], key=lambda row: (row["id"] not in confirmed, row["id"]))
        labelled = reader.read(block, rows[0])
        meta: dict[str, Any] = {
            "annotator": annotator,
            "confirmed": rows[0]["id"] in confirmed,
            "comments": comments.get(rows[0]["id"], []),
            "example": rows[0]["id"],
        }
        problems = labelled.meta.pop("problems")  # type: ignore[union-attr]
        if len(rows) > 1:
            problems.append(f"stands {len(rows)} times in {project.name!r}; the first confirmed one is taken")
        labelled.meta = meta | labelled.meta | ({"problems": problems} if problems else {})  # type: ignore[operator]
        found.append(labelled)
    return found


def _comments(connection: Connection, project: Project) -> dict[int, list[dict[str, str]]]:
    found: dict[int, list[dict[str, str]]] = defaultdict(list)
    what = f"read the comments of {project.name!r}"
    for comment in connection.pages(what, f"projects/{project.id}/comments"):
        entry = {"user": comment["username"], "text": comment["text"], "at": comment["created_at"]}
        found[comment["example"]].append(entry)
    return found


class _Reader:
    """From a row of doccano's export to a labelled block."""

    def __init__(self, project: Project, labels: Labels, annotator: str) -> None:
        self.project = project
        self.annotator = annotator
        self.sections = label_names(labels.section)
        self.entities = label_names(labels.entity)

    def read(self, block: LabelledBlock, row: dict[str, Any]) -> LabelledBlock:
        problems: list[str] = []
        unplaced: list[dict[str, Any]] = []
        wire = WireText.of(block.text)
        changed = row["text"] != wire.text
        text = row["text"] if changed else block.text
        if changed:
            problems.append("its text was changed in doccano; the labels were brought to the text as pushed")
            entities = self._of_changed_text(block, row, wire, text, unplaced)
        else:
            entities = self._entities(row["entities"], wire, unplaced)
        if unplaced:
            problems.append(f"{len(unplaced)} spans fit no text and are kept in meta.unplaced")
        seeds = {(e.start, e.end, e.label): e.source or "suggestion" for e in block.entities}
        for span in entities:
            span.source = seeds.get((span.start, span.end, span.label), self.annotator)
        section = self._section(block, row, problems)
        fields = {name: getattr(block, name) for name in block.__struct_fields__}
        meta = {"problems": problems} | ({"unplaced": unplaced} if unplaced else {})
        changes = {"section": section, "entities": entities, "section_score": msgspec.UNSET, "meta": meta}
        return LabelledBlock(**(fields | changes))

    def _of_changed_text(
        self, block: LabelledBlock, row: dict, wire: WireText, text: str, unplaced: list[dict[str, Any]]
    ) -> list[Entity]:
        """doccano leaves offsets alone when a text is edited: a suggestion that still stands counts in the
        text as pushed, anything else in the text as it is now."""
        pushed = entities_to_wire(wire, block.entities)
        names = self.entities
        stands = [span for span in row["entities"] if (span[0], span[1], names.get(span[2])) in pushed]
        rest = [span for span in row["entities"] if span not in stands]
        kept = self._entities(stands, wire, unplaced)
        moved, lost = reanchor(self._entities(rest, WireText.of(text), unplaced), text, block.text)
        unplaced += [_unplaced(span, text[span.start : span.end]) for span in lost]
        for span in moved:
            if any(span.start < other.end and other.start < span.end for other in kept):
                unplaced.append(_unplaced(span, block.text[span.start : span.end]))
            else:
                kept.append(span)
        return sorted(kept, key=lambda e: e.start)

    def _entities(
        self, spans: Sequence[Sequence], wire: WireText, unplaced: list[dict[str, Any]]
    ) -> list[Entity]:
        """Entities in characters of the wire's original, sorted, none twice and none over another."""
        found: set[tuple[int, int, str]] = set()
        for start, end, shown in spans:
            label = self._name(self.entities, shown)
            span = wire.from_wire(start, end)
            if span is None:
                unplaced.append({"start": start, "end": end, "label": label, "text": None})
            else:
                found.add((*span, label))
        kept: list[Entity] = []
        # Two at one place come from two requests at once; the longer name is kept, as the guidelines say.
        for start, end, label in sorted(found, key=lambda s: (s[0] - s[1], s)):
            span_text = wire.original[start:end]
            entity = Entity(start=start, end=end, label=label)
            if any(start < other.end and other.start < end for other in kept):
                unplaced.append(_unplaced(entity, span_text))
            else:
                kept.append(entity)
        return sorted(kept, key=lambda e: e.start)

    def _section(self, block: LabelledBlock, row: dict[str, Any], problems: list[str]) -> str | None:
        names = [self._name(self.sections, shown) for shown in row["cats"]]
        chosen = [name for name in names if name != block.section] if len(names) > 1 else names
        if len(chosen) > 1:
            problems.append(f"has {len(names)} sections ({', '.join(names)}); none is taken")
            return None
        return chosen[0] if chosen else None

    def _name(self, names: dict[str, str], shown: str) -> str:
        if shown not in names:
            raise ServiceError(
                f"project {self.project.name!r} has a label {shown!r} that annotations/labels.toml has not",
                todo="was it renamed in the page? give it its name back there, or add it to labels.toml",
            )
        return names[shown]


def _unplaced(span: Entity, text: str) -> dict[str, Any]:
    return {"start": span.start, "end": span.end, "label": span.label, "text": text}
