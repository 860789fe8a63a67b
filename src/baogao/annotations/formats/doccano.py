"""doccano's JSONL: what `baogao annotations export` writes, and what a doccano exports.

Reads projects for intent detection and slot filling (entities, cats) and for sequence labelling (label).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from baogao.annotations.export import HEADINGS, NO_HEADING, SEPARATOR, write_doccano_rows
from baogao.annotations.formats.blocks import json_lines, restored, string_at, unique_ids
from baogao.annotations.wire import WireText
from baogao.errors import InputError
from baogao.records import LabelledBlock


def read_doccano(path: str | Path) -> tuple[list[LabelledBlock], list[str]]:
    """Rows as blocks; offsets in doccano are UTF-16 units. Ids from `para_uid`, else FILE:0000. Also returns
    what was not read."""
    blocks = []
    comments = 0
    for line, row in json_lines(path):
        text = string_at(row, "text", path=path, number=line)
        wire = WireText.of(text)
        comments += bool(row.get("Comments"))
        spans = []
        for index, item in enumerate(row.get("entities", row.get("label", [])) or []):
            if not isinstance(item, list) or [type(value) for value in item] != [int, int, str]:
                raise InputError(
                    "is not [start, end, label]", file=path, line=line, field=f"entities[{index}]",
                    todo="export it as JSONL",
                )  # fmt: skip
            place = wire.from_wire(item[0], item[1])
            if place is None:
                raise InputError(
                    f"{item[0]}:{item[1]} is not within the text", file=path, line=line,
                    field=f"entities[{index}]", todo="mend it",
                )  # fmt: skip
            spans.append((*place, item[2]))
        cats = row.get("cats") or []
        if not isinstance(cats, list) or len(cats) > 1:
            raise InputError(
                "is not one category", file=path, line=line, field="cats", todo="keep one section"
            )
        blocks.append(
            restored(text, spans, cats[0] if cats else None, _rest(row), path=path, number=line - 1)
        )
    notes = [f"comments of {comments} rows"] if comments else []
    return unique_ids(path, blocks), notes


def _rest(row: dict[str, Any]) -> dict[str, Any]:
    """The id, report and headings that our own rows carry."""
    found: dict[str, Any] = {}
    if isinstance(row.get("para_uid"), str):
        found["id"] = row["para_uid"]
    if isinstance(row.get("report"), str):
        found["report"] = row["report"]
    if isinstance(row.get(HEADINGS), str) and row[HEADINGS] != NO_HEADING:
        found["path"] = row[HEADINGS].split(SEPARATOR)
    return found


def write_doccano(path: str | Path, blocks: Iterable[LabelledBlock]) -> list[str]:
    """Write the paragraphs. Returns what the format does not hold."""
    blocks = list(blocks)
    written = write_doccano_rows(path, blocks)
    notes = [f"levels, numbers, leads and source offsets of {written} paragraphs"] if written else []
    left = len(blocks) - written
    notes += [f"{left} headings, closing lines and blank texts"] if left else []
    scores = sum(span.score is not None or span.source is not None for b in blocks for span in b.entities)
    return notes + ([f"scores and sources of {scores} entities"] if scores else [])
