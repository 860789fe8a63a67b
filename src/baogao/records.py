"""The records that pass between stages, and their JSONL files.

Offsets are Python code points, half-open. A file is checked when it is read: the first bad record raises
an InputError that names file, line and field.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from baogao.errors import InputError
from baogao.files import read_bytes, write_atomic

Level = Literal["province", "city", "county", "township", "department"]


class Report(msgspec.Struct, kw_only=True):
    """One line of corpus/manifest.jsonl. `file` is relative to corpus/; None where unknown."""

    id: str
    file: str
    title: str | None = None
    issuer: str | None = None
    level: Level | None = None
    province: str | None = None
    year: int | None = None
    published: str | None = None
    sha256: str | None = None
    source: str | None = None


class Entity(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A labelled span [start, end) of a block's text. Score (0 to 1) and text only on predictions;
    `source` names the rule, model or person a suggestion came from."""

    start: int
    end: int
    label: str
    score: float | None = None
    text: str | None = None
    source: str | None = None


class Block(msgspec.Struct, kw_only=True):
    """A heading, a paragraph or the closing lines of a report, in clean text.

    `number` as printed or repaired, `lead` the run-in heading without its number, `path` the texts of the
    headings above; [start, end) are characters of the report's decoded source.
    """

    id: str
    report: str
    index: int
    kind: Literal["heading", "paragraph", "closing"]
    level: int | None = None
    number: str | None = None
    lead: str | None = None
    path: list[str] = []
    text: str
    start: int | None = None
    end: int | None = None


class LabelledBlock(Block, kw_only=True):
    """A block with its section (a label name or None) and its entities. `meta` holds what an annotation
    round knows of it: who, when, confirmed, comments."""

    section: str | None = None
    entities: list[Entity] = []
    section_score: float | msgspec.UnsetType = msgspec.UNSET
    meta: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


Record = TypeVar("Record", bound=msgspec.Struct)


def read_json(path: str | Path, kind: type[Any], what: str, *, todo: str) -> Any:
    """A JSON file as a `kind`. Raises InputError: not `what`, and `todo`."""
    try:
        return msgspec.json.decode(read_bytes(path), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"not {what} ({error})", file=path, todo=todo) from error


def read_jsonl(path: str | Path, kind: type[Record]) -> Iterator[tuple[int, Record]]:
    """Yield (line number, record) of a UTF-8 JSONL file; blank lines are passed over. `-`: standard input.

    Lines end at `\\n` only: U+2028 and U+0085 may stand inside a value.
    """
    data = read_bytes(path).removeprefix(b"\xef\xbb\xbf")
    decoder = msgspec.json.Decoder(kind)
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            yield number, decoder.decode(line)
        except msgspec.ValidationError as error:
            what, _, field = str(error).partition(" - at ")
            raise InputError(
                what, file=path, line=number, field=field.strip("`").removeprefix("$.") or None,
                todo=f"write one {kind.__name__} record a line",
            ) from error  # fmt: skip
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise InputError(
                f"not a JSON record ({error})", file=path, line=number, todo="mend or remove the line"
            ) from error


def read_blocks(path: str | Path) -> list[Block]:
    """Blocks of one file, ids unique; labels in it are passed over."""
    return [block for _, block in _unique(path, read_jsonl(path, Block))]


def read_labelled(
    path: str | Path, *, sections: Iterable[str] | None = None, labels: Iterable[str] | None = None
) -> list[LabelledBlock]:
    """Labelled blocks of one file (`-`: standard input), in its order.

    Every span lies within its text, is not empty and does not overlap another; ids are unique; where
    `sections` (section names) or `labels` (entity labels) are given, no other is used. Else InputError.
    """
    sections = None if sections is None else set(sections)
    labels = None if labels is None else set(labels)
    blocks = []
    for line, block in _unique(path, read_jsonl(path, LabelledBlock)):
        try:
            check_labels(block, sections=sections, labels=labels)
        except InputError as error:
            error.file, error.line = str(path), line
            raise
        blocks.append(block)
    return blocks


def check_labels(
    block: LabelledBlock,
    *,
    sections: Collection[str] | None = None,
    labels: Collection[str] | None = None,
    overlaps: bool = False,
) -> None:
    """Raise InputError (without file and line) at the first label of `block` that cannot be right. Spans may
    overlap only with `overlaps`: predictions that are to be scored."""
    if sections is not None and block.section is not None and block.section not in sections:
        raise InputError(f"unknown section {block.section!r}", field="section", todo=_one_of(sections))
    spans = sorted(enumerate(block.entities), key=lambda item: (item[1].start, item[1].end))
    end = 0
    for index, span in spans:
        field = f"entities[{index}]"
        if not 0 <= span.start < span.end <= len(block.text):
            raise InputError(
                f"span {span.start}:{span.end} is not within the text of {len(block.text)} characters",
                field=field, todo="count characters, not bytes, and let end come after start",
            )  # fmt: skip
        if span.start < end and not overlaps:
            raise InputError(
                f"span {span.start}:{span.end} overlaps the one before it",
                field=field,
                todo="keep the longer name",
            )
        if labels is not None and span.label not in labels:
            raise InputError(f"unknown label {span.label!r}", field=field, todo=_one_of(labels))
        end = span.end


def _one_of(names: Collection[str]) -> str:
    return f"write one of {', '.join(sorted(names))}, or add it to annotations/labels.toml"


def _unique(path: str | Path, lines: Iterator[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
    seen: dict[str, int] = {}
    for line, record in lines:
        if record.id in seen:
            raise InputError(
                f"duplicate id {record.id!r}, first on line {seen[record.id]}",
                file=path, line=line, field="id", todo="remove one of the two",
            )  # fmt: skip
        seen[record.id] = line
        yield line, record


def read_manifest(path: str | Path) -> list[Report]:
    """Reports of a manifest in its order; ids are unique and files stay inside the corpus folder."""
    reports = []
    for line, report in _unique(path, read_jsonl(path, Report)):
        parts = Path(report.file).parts
        if not parts or Path(report.file).is_absolute() or ".." in parts or "\0" in report.file:
            raise InputError(
                f"{report.file!r} leads out of the corpus folder", file=path, line=line, field="file",
                todo="name a file below corpus/",
            )  # fmt: skip
        reports.append(report)
    return reports


def write_jsonl(path: str | Path, records: Iterable[msgspec.Struct]) -> int:
    """Write one record a line, whole or not at all (`-`: standard output); returns how many."""
    encoder = msgspec.json.Encoder()
    count = 0
    with write_atomic(path) as handle:
        for record in records:
            handle.write(encoder.encode(record).decode() + "\n")
            count += 1
    return count
