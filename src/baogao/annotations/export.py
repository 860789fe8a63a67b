"""What doccano imports: paragraphs with suggestions, the label types, the guideline.

For a doccano of your own; `baogao annotations push` does the same through its interface.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from baogao.annotations.rules import Rules, workspace_rules
from baogao.annotations.wire import WireText, entities_to_wire
from baogao.errors import InputError
from baogao.files import write_atomic, write_folder
from baogao.progress import track
from baogao.records import Block, Entity, LabelledBlock, read_blocks, read_labelled
from baogao.workspace import Label, Workspace

HEADINGS, SEPARATOR, NO_HEADING = "标题", " › ", "(无)"  # as `baogao annotations push` shows them


def corpus_blocks(workspace: Workspace) -> dict[str, list[Block]]:
    """The segmented reports of corpus/blocks by report; InputError when there are none yet."""
    paths = sorted((workspace.corpus / "blocks").glob("*.jsonl"))
    if not paths:
        raise InputError(
            "no segmented reports", file=workspace.corpus / "blocks", todo="segment them with: baogao run"
        )
    return {path.stem: read_blocks(path) for path in paths}


def suggest_blocks(blocks: Iterable[Block], rules: Rules) -> list[LabelledBlock]:
    """`blocks` with the entities that `rules` find in paragraphs, each with its rule as source and its
    text; no sections. Headings and closings get no entities."""
    labelled = []
    for block in blocks:
        entities = rules.suggest(block.text) if block.kind == "paragraph" else []
        for span in entities:
            span.text = block.text[span.start : span.end]
        found = as_labelled(block)
        found.entities = entities
        labelled.append(found)
    return labelled


def as_labelled(block: Block) -> LabelledBlock:
    """The block without labels."""
    return LabelledBlock(**{name: getattr(block, name) for name in Block.__struct_fields__})


def doccano_row(block: Block, entities: Iterable[Entity] = (), section: str | None = None) -> dict[str, Any]:
    """One line of doccano's JSONL for an IntentDetectionAndSlotFilling project.

    Besides text, entities and cats the same keys in every row, never empty, because doccano drops an upload
    whose rows differ: para_uid (the block's id), report, and 标题 (the headings above, for the annotator).
    Text and offsets are as doccano's page shows and counts them.
    """
    wire = WireText.of(block.text)
    return {
        "text": wire.text,
        "entities": [list(span) for span in entities_to_wire(wire, list(entities))],
        "cats": [section] if section is not None else [],
        "para_uid": block.id,
        "report": block.report,
        HEADINGS: SEPARATOR.join(block.path) or NO_HEADING,
    }


def write_doccano_rows(path: str | Path, blocks: Iterable[LabelledBlock]) -> int:
    """Write the paragraphs among `blocks` for doccano's import; returns how many.

    ASCII only: doccano guesses the encoding of an upload and guesses short Chinese files wrong.
    """
    count = 0
    with write_atomic(path) as handle:
        for block in blocks:
            if block.kind == "paragraph" and block.text.strip():
                row = doccano_row(block, block.entities, block.section)
                handle.write(json.dumps(row, ensure_ascii=True) + "\n")
                count += 1
    return count


def label_types(labels: Iterable[Label]) -> list[dict[str, Any]]:
    """doccano's label configuration (its page imports and exports the same)."""
    return [
        {
            "text": label.name,
            "prefix_key": None,
            "suffix_key": label.key,
            "background_color": label.color,
            "text_color": "#ffffff",
        }
        for label in labels
    ]


def export(workspace: Workspace, output: Path | None = None, *, suggest: bool = True) -> dict[str, int]:
    """Write annotations/export/ (or `output`): doccano.jsonl, span_types.json, category_types.json and
    guideline.md, all anew.

    Paragraphs of corpus/blocks, with the suggestions of annotations/rules.toml when `suggest`. Returns the
    number of reports, paragraphs and suggestions.
    """
    labels = workspace.labels()
    rules = workspace_rules(workspace) if suggest else Rules(())
    reports = corpus_blocks(workspace)
    rows = [
        block for blocks in track(reports.values(), "suggesting") for block in suggest_blocks(blocks, rules)
    ]
    with write_folder(output or workspace.annotations / "export", known_by="doccano.jsonl") as folder:
        paragraphs = write_doccano_rows(folder / "doccano.jsonl", rows)
        for name, kind in (("span_types", labels.entity), ("category_types", labels.section)):
            with write_atomic(folder / f"{name}.json") as handle:
                json.dump(label_types(kind), handle, ensure_ascii=True, indent=1)
        guideline = workspace.annotations / "guidelines.zh.md"
        if guideline.is_file():
            (folder / "guideline.md").write_bytes(guideline.read_bytes())
    return {
        "reports": len(reports),
        "paragraphs": paragraphs,
        "suggestions": sum(len(block.entities) for block in rows),
    }


def suggest_files(workspace: Workspace, paths: Iterable[str | Path]) -> list[LabelledBlock]:
    """Rule suggestions for files of blocks, or for folders of them; labels that are there are passed over."""
    rules = workspace_rules(workspace)
    if not rules.rules:
        raise InputError(
            "no rules", file=workspace.annotations / "rules.toml", todo="write some, or predict with a model"
        )
    found: list[LabelledBlock] = []
    for path in block_files(paths):
        found += suggest_blocks(read_blocks(path), rules)
    return found


def block_files(paths: Iterable[str | Path]) -> list[str | Path]:
    """The files named, and the *.jsonl of the folders named but for a manifest, each once; `-` stays."""
    files: list[str | Path] = []
    for path in paths:
        if str(path) != "-" and Path(path).is_dir():
            inside = sorted(file for file in Path(path).glob("*.jsonl") if file.name != "manifest.jsonl")
            if not inside:
                raise InputError("has no *.jsonl", file=path, todo="name a folder of labelled blocks")
            files += inside
        else:
            files.append(path)
    return list(dict.fromkeys(files))


def read_labelled_folder(
    path: str | Path, *, sections: Iterable[str] | None = None, labels: Iterable[str] | None = None
) -> list[LabelledBlock]:
    """Labelled blocks of a file or of all files of a folder, checked as by `read_labelled`; an id in two
    files is an InputError."""
    seen: dict[str, str | Path] = {}
    blocks: list[LabelledBlock] = []
    for file in block_files([path]):
        for block in read_labelled(file, sections=sections, labels=labels):
            if block.id in seen:
                raise InputError(
                    f"block {block.id!r} is also in {seen[block.id]}",
                    file=file,
                    field="id",
                    todo="remove one",
                )
            seen[block.id] = file
            blocks.append(block)
    return blocks
