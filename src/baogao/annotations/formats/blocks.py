"""Between a labelled block and another tool's record: what is carried along, and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from baogao.errors import InputError
from baogao.files import read_bytes
from baogao.records import LabelledBlock, check_labels

CARRIED = "baogao"  # the key under which a foreign record carries the rest of a block


def carried(block: LabelledBlock) -> dict[str, Any]:
    """Everything of a block but its text and section; entities with all they hold."""
    record = msgspec.to_builtins(block)
    return {key: value for key, value in record.items() if key not in ("text", "section")}


def restored(
    text: str,
    spans: Iterable[tuple[int, int, str]],
    section: str | None,
    rest: Mapping[str, Any] | None,
    *,
    path: str | Path,
    number: int,
) -> LabelledBlock:
    """A block from a foreign record, with what it carried of ours: `rest`, else a fresh id from the file's
    name and `number` (from 0). Spans that stand as they were keep their source and score.

    Raises InputError naming the file and record for spans that overlap or leave the text.
    """
    stem = "stdin" if str(path) == "-" else Path(path).stem
    record: dict[str, Any] = {
        "id": f"{stem}:{number:04d}", "report": stem, "index": number, "kind": "paragraph",
        **(rest if isinstance(rest, Mapping) else {}), "text": text, "section": section,
    }  # fmt: skip
    known = {}
    for entity in record.get("entities") or []:
        if isinstance(entity, Mapping):
            known[entity.get("start"), entity.get("end"), entity.get("label")] = entity
    record["entities"] = [
        {**known.get((start, end, label), {}), "start": start, "end": end, "label": label}
        for start, end, label in sorted(spans)
    ]
    try:
        block = msgspec.convert(record, LabelledBlock)
        check_labels(block)
    except msgspec.ValidationError as error:
        raise InputError(str(error), file=path, line=number + 1, todo="mend the record") from error
    except InputError as error:
        error.file, error.line = str(path), number + 1
        raise
    return block


def unique_ids(path: str | Path, blocks: Sequence[LabelledBlock]) -> list[LabelledBlock]:
    """The blocks, or InputError at an id that stands twice."""
    seen: set[str] = set()
    for number, block in enumerate(blocks, 1):
        if block.id in seen:
            raise InputError(
                f"duplicate id {block.id!r}", file=path, line=number, todo="remove one of the two"
            )
        seen.add(block.id)
    return list(blocks)


def json_lines(path: str | Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line number, object) of a JSONL file; lines end at \\n only."""
    for number, line in enumerate(read_bytes(path).removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if line.strip():
            yield number, json_object(path, line, number)


def json_object(path: str | Path, data: bytes, line: int | None = None) -> Any:
    """One JSON value; InputError where it is none, or no object on a line of a JSONL file."""
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"not JSON ({error})", file=path, line=line, todo="mend or remove it") from error
    if line is not None and not isinstance(value, dict):
        raise InputError("not a JSON object", file=path, line=line, todo="write one object a line")
    return value


def string_at(record: Mapping[str, Any], field: str, *, path: str | Path, number: int) -> str:
    """record[field] as a string, else InputError."""
    value = record.get(field)
    if not isinstance(value, str):
        raise InputError("is not a string", file=path, line=number, field=field, todo="give it a text")
    return value


def spans_at(
    items: Any, *, path: str | Path, number: int, field: str, names: tuple[str, str, str]
) -> list[tuple[int, int, str]]:
    """(start, end, label) of a list of objects that call them `names`, else InputError."""
    spans: list[tuple[int, int, str]] = []
    for index, item in enumerate(items if isinstance(items, list) else []):
        values: list[Any] = [item.get(name) for name in names] if isinstance(item, dict) else []
        if [type(value) for value in values] != [int, int, str]:
            raise InputError(
                f"is not an object with {', '.join(names)}", file=path, line=number,
                field=f"{field}[{index}]", todo="mend it",
            )  # fmt: skip
        spans.append((values[0], values[1], values[2]))
    return spans
