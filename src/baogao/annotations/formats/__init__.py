"""Labelled blocks from and to the files of other tools.

Each writer says what its format does not hold, each reader what it did not read, as lines for a person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from baogao.annotations.export import read_labelled_folder
from baogao.annotations.formats.blocks import json_lines
from baogao.annotations.formats.columns import SCHEMES, read_columns, write_columns
from baogao.annotations.formats.docbin import read_docbin, write_docbin
from baogao.annotations.formats.doccano import read_doccano, write_doccano
from baogao.annotations.formats.labelstudio import read_label_studio, write_label_studio
from baogao.annotations.formats.prodigy import read_prodigy, write_prodigy
from baogao.errors import InputError
from baogao.records import LabelledBlock, write_jsonl

__all__ = ["READERS", "WRITERS", "convert", "read_columns", "write_columns"]

Notes = list[str]
Reader = Callable[[str | Path], tuple[list[LabelledBlock], Notes]]
Writer = Callable[[str | Path, Iterable[LabelledBlock]], Notes]


def _read_columns(path: str | Path, scheme: str | None = None) -> tuple[list[LabelledBlock], Notes]:
    return read_columns(path, scheme), []


def _read_blocks(path: str | Path) -> tuple[list[LabelledBlock], Notes]:
    return read_labelled_folder(path), []


def _write_blocks(path: str | Path, blocks: Iterable[LabelledBlock]) -> Notes:
    write_jsonl(path, blocks)
    return []


READERS: dict[str, Reader] = {
    "baogao": _read_blocks,
    "columns": _read_columns,
    **{name: partial(_read_columns, scheme=name) for name in SCHEMES},
    "docbin": read_docbin,
    "prodigy": read_prodigy,
    "labelstudio": read_label_studio,
    "doccano": read_doccano,
}
WRITERS: dict[str, Writer] = {
    "baogao": _write_blocks,
    **{name: partial(write_columns, scheme=name) for name in SCHEMES},
    "docbin": write_docbin,
    "prodigy": write_prodigy,
    "labelstudio": write_label_studio,
    "doccano": write_doccano,
}
_BY_SUFFIX = {
    ".spacy": "docbin", ".json": "labelstudio", ".conll": "columns", ".bio": "columns", ".bmes": "columns",
    ".bioes": "columns", ".tsv": "columns", ".jsonl": "baogao", "": "baogao",
}  # fmt: skip


def convert(
    source: str | Path, target: str | Path, *, source_format: str | None = None, target_format: str
) -> tuple[int, Notes]:
    """Read `source` (a file; of our own format also a folder), write `target`. Returns the number of blocks
    and lines on what was not read or is not held.

    source_format: a key of READERS; None goes by the file's suffix and, for .jsonl, its first record.
    target_format: a key of WRITERS.
    """
    name = source_format or _guess(source)
    if name is None:
        raise InputError(
            "its format is not known by its suffix", file=source, todo=f"add --from {'|'.join(READERS)}"
        )
    for given, known in ((name, READERS), (target_format, WRITERS)):
        if given not in known:
            raise InputError(f"unknown format {given!r}", todo=f"use one of {', '.join(known)}")
    blocks, not_read = READERS[name](source)
    lost = WRITERS[target_format](target, blocks)
    return len(blocks), [f"not read: {note}" for note in not_read] + [f"not kept: {note}" for note in lost]


def _guess(source: str | Path) -> str | None:
    path = Path(source)
    name = _BY_SUFFIX.get(path.suffix.lower())
    if name == "baogao" and path.is_file():
        first = next((record for _, record in json_lines(path)), {})
        if "report" in first and "kind" in first:
            return "baogao"
        if {"cats", "entities", "label", "Comments"} & first.keys():
            return "doccano"
        if {"spans", "accept", "answer"} & first.keys():
            return "prodigy"
    return name
