"""Prodigy's JSONL: `spans` for entities, `accept` of a choice for the section."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from baogao.annotations.formats.blocks import (
    CARRIED,
    carried,
    json_lines,
    restored,
    spans_at,
    string_at,
    unique_ids,
)
from baogao.errors import InputError
from baogao.files import write_atomic
from baogao.records import LabelledBlock


def read_prodigy(path: str | Path) -> tuple[list[LabelledBlock], list[str]]:
    """Answers as blocks; those rejected or ignored are left out and counted. Tasks without `answer` count as
    accepted. Also returns what was not read."""
    blocks = []
    refused = relations = 0
    for line, task in json_lines(path):
        if task.get("answer", "accept") != "accept":
            refused += 1
            continue
        relations += bool(task.get("relations"))
        text = string_at(task, "text", path=path, number=line)
        spans = spans_at(
            task.get("spans"), path=path, number=line, field="spans", names=("start", "end", "label")
        )
        rest = task.get(CARRIED)
        blocks.append(restored(text, spans, _section(task, path, line), rest, path=path, number=line - 1))
    notes = [f"{refused} tasks that were rejected or ignored"] if refused else []
    notes += [f"relations of {relations} tasks"] if relations else []
    return unique_ids(path, blocks), notes


def _section(task: dict[str, Any], path: str | Path, line: int) -> str | None:
    accepted = task.get("accept", [])
    if not isinstance(accepted, list) or not all(isinstance(name, str) for name in accepted):
        raise InputError("is not a list of names", file=path, line=line, field="accept", todo="mend it")
    if len(accepted) > 1:
        raise InputError(
            f"{len(accepted)} choices are accepted", file=path, line=line, field="accept",
            todo="keep one: a paragraph has one section",
        )  # fmt: skip
    label = task.get("label")
    return accepted[0] if accepted else label if isinstance(label, str) else None


def write_prodigy(path: str | Path, blocks: Iterable[LabelledBlock]) -> list[str]:
    """Write all of each block, as accepted answers with the report and headings as `meta`."""
    blocks = list(blocks)
    sections = sorted({block.section for block in blocks if block.section is not None})
    encoder = msgspec.json.Encoder()
    with write_atomic(path) as handle:
        for block in blocks:
            task = {
                "text": block.text,
                "spans": [{"start": s.start, "end": s.end, "label": s.label} for s in block.entities],
                "options": [{"id": name, "text": name} for name in sections],
                "accept": [block.section] if block.section is not None else [],
                "answer": "accept",
                "meta": {"report": block.report, "heading": " › ".join(block.path)},
                CARRIED: carried(block),
            }
            handle.write(encoder.encode(task).decode() + "\n")
    return []
