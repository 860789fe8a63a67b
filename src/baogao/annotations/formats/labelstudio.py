"""Label Studio's JSON: a list of tasks, spans as `labels` results and the section as a `choices` result.

The project's controls are <Text name="text" value="$text"/>, <Labels name="label" toName="text"> and
<Choices name="section" toName="text">; others are read too.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from baogao.annotations.formats.blocks import CARRIED, carried, json_object, restored, string_at, unique_ids
from baogao.annotations.wire import WireText
from baogao.errors import InputError
from baogao.files import read_bytes, write_atomic
from baogao.records import LabelledBlock


def read_label_studio(path: str | Path) -> tuple[list[LabelledBlock], list[str]]:
    """Tasks as blocks: the newest annotation that was not cancelled, else the last prediction. A task's text
    is data.text. Also returns what was not read."""
    tasks = json_object(path, read_bytes(path))
    if not isinstance(tasks, list):
        raise InputError("is not a list of tasks", file=path, todo="export it as JSON (not JSON-MIN)")
    blocks = []
    several = skipped = other = 0
    for number, task in enumerate(tasks):
        data = task.get("data") if isinstance(task, dict) else None
        if not isinstance(data, dict):
            raise InputError("has no data", file=path, line=number + 1, todo="export it as JSON")
        text = string_at(data, "text", path=path, number=number + 1)
        annotations = [a for a in _list(task, "annotations") if not a.get("was_cancelled")]
        several += len(annotations) > 1
        chosen = annotations or _list(task, "predictions")
        if not chosen:
            skipped += 1
            continue
        newest = max(chosen, key=lambda a: str(a.get("updated_at") or a.get("created_at") or ""))
        spans: list[tuple[int, int, str]] = []
        section = None
        for result in _list(newest, "result"):
            value = result.get("value")
            if not isinstance(value, dict):
                other += 1
            elif isinstance(value.get("labels"), list):
                spans += _spans(text, value, path, number)
            elif isinstance(value.get("choices"), list) and value["choices"]:
                section = str(value["choices"][0])
            else:
                other += 1
        rest = data.get(CARRIED)
        blocks.append(restored(text, set(spans), section, rest, path=path, number=number))
    notes = [
        f"{count} {what}"
        for count, what in (
            (several, "tasks have several annotations; the newest is read"),
            (skipped, "tasks without an annotation"),
            (other, "results that are neither a span nor a choice"),
        )
        if count
    ]
    return unique_ids(path, blocks), notes


def _list(record: dict[str, Any], field: str) -> list[dict[str, Any]]:
    found = record.get(field)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _spans(text: str, value: dict[str, Any], path: str | Path, number: int) -> list[tuple[int, int, str]]:
    start, end, marked = value.get("start"), value.get("end"), value.get("text")
    if type(start) is not int or type(end) is not int:
        raise InputError("start and end are no numbers", file=path, line=number + 1, todo="mend the result")
    if isinstance(marked, str) and text[start:end] != marked:
        # Before code points, Label Studio stored UTF-16 units (its issues 1008 and 1347).
        wire = WireText(text, text, 0, WireText.of(text).units) if text == text.strip() else None
        units = wire.from_wire(start, end) if wire else None
        if units is None or text[slice(*units)] != marked:
            raise InputError(
                f"{start}:{end} is {text[start:end]!r} and not {marked!r}", file=path, line=number + 1,
                todo="export it again from the text that was labelled",
            )  # fmt: skip
        start, end = units
    return [(start, end, str(label)) for label in value["labels"]]


def write_label_studio(path: str | Path, blocks: Iterable[LabelledBlock]) -> list[str]:
    """Write all of each block: what has scores as predictions, the rest as annotations."""
    tasks = []
    for number, block in enumerate(blocks, 1):
        results: list[dict[str, Any]] = [
            {
                "id": f"s{index}", "from_name": "label", "to_name": "text", "type": "labels",
                "value": {
                    "start": span.start, "end": span.end, "text": block.text[span.start : span.end],
                    "labels": [span.label],
                },
                **({} if span.score is None else {"score": span.score}),
            }
            for index, span in enumerate(block.entities)
        ]  # fmt: skip
        if block.section is not None:
            results.append(
                {
                    "id": "section", "from_name": "section", "to_name": "text", "type": "choices",
                    "value": {"choices": [block.section]},
                }
            )  # fmt: skip
        predicted = block.section_score is not msgspec.UNSET or any(
            span.score is not None for span in block.entities
        )
        heading = " › ".join(block.path)
        data = {"text": block.text, "report": block.report, "heading": heading, CARRIED: carried(block)}
        tasks.append(
            {
                "id": number,
                "data": data,
                ("predictions" if predicted else "annotations"): [{"result": results}],
            }
        )
    with write_atomic(path) as handle:
        handle.write(msgspec.json.format(msgspec.json.encode(tasks), indent=1).decode() + "\n")
    return []
