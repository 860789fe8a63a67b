"""The labelled blocks as a Hugging Face DatasetDict: the one hand-over to both models and to anybody else."""

from __future__ import annotations

import sys
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from baogao.errors import InputError
from baogao.files import write_folder
from baogao.records import LabelledBlock
from baogao.workspace import Labels, Workspace

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict, Features

KINDS = ["heading", "paragraph", "closing"]


def features(labels: Labels) -> Features:
    """One row a block. `section` and the labels of `entities` are ClassLabels in the order of labels.toml,
    null where a block has no section; start and end of entities are code points of `text`; `origin` is the
    folder below annotations/ that the row came from."""
    from datasets import ClassLabel, Features, List, Value

    return Features(
        {
            "id": Value("string"),
            "report": Value("string"),
            "index": Value("int32"),
            "kind": ClassLabel(names=KINDS),
            "level": Value("int8"),
            "number": Value("string"),
            "lead": Value("string"),
            "path": List(Value("string")),
            "text": Value("string"),
            "start": Value("int32"),
            "end": Value("int32"),
            "section": ClassLabel(names=labels.sections),
            "entities": List(
                {
                    "start": Value("int32"),
                    "end": Value("int32"),
                    "label": ClassLabel(names=labels.entities),
                }
            ),
            "origin": Value("string"),
        }
    )


def build_dataset(workspace: Workspace, held_out: Collection[str] = ()) -> DatasetDict:
    """Splits by report: "train" is gold without the reports `held_out`, and all of practice; "test" is the
    reports `held_out` (absent when none is). Raises InputError for an unknown report or no labels at all."""
    from datasets import Dataset, DatasetDict

    gold, practice = workspace.labelled("gold"), workspace.labelled("practice")
    unknown = sorted(set(held_out) - set(gold))
    if unknown:
        raise InputError(f"no gold for report {unknown[0]!r}", todo="name reports of annotations/gold")
    both = sorted(set(gold) & set(practice))
    if both:
        raise InputError(f"report {both[0]!r} is in gold and in practice", todo="keep it in one of them")
    train = [_row(b, "gold") for report, blocks in gold.items() if report not in held_out for b in blocks]
    train += [_row(b, "practice") for blocks in practice.values() for b in blocks]
    splits = {"train": train}
    if held_out:
        splits["test"] = [_row(b, "gold") for report in held_out for b in gold[report]]
    for name, rows in splits.items():
        if not rows:
            raise InputError(
                f"no labelled report for the {name} split", todo="label one into annotations/gold"
            )
    shape = features(workspace.labels())
    return DatasetDict({name: Dataset.from_list(rows, features=shape) for name, rows in splits.items()})


def save_dataset(dataset: DatasetDict, output: Path) -> Path:
    """Save for `datasets.load_from_disk(output)`, whole or not at all."""
    from datasets import disable_progress_bars

    if not sys.stderr.isatty():
        disable_progress_bars()
    with write_folder(output, known_by="dataset_dict.json") as folder:
        dataset.save_to_disk(folder)
    return output


def to_blocks(dataset: Dataset) -> list[LabelledBlock]:
    """The rows of one split as labelled blocks, in order; `build_dataset` reversed but for `origin`."""
    names = {key: dataset.features[key].names for key in ("kind", "section")}
    labels = dataset.features["entities"].feature["label"].names
    blocks = []
    for row in dataset:
        del row["origin"]
        for key, values in names.items():
            row[key] = None if row[key] is None else values[row[key]]
        row["entities"] = [{**entity, "label": labels[entity["label"]]} for entity in row["entities"]]
        blocks.append(msgspec.convert(row, LabelledBlock))
    return blocks


def _row(block: LabelledBlock, origin: str) -> dict[str, Any]:
    row = msgspec.to_builtins(block)
    keep = ("start", "end", "label")
    row["entities"] = [{key: entity[key] for key in keep} for entity in row["entities"]]
    for extra in ("meta", "section_score"):
        row.pop(extra, None)
    return {**row, "origin": origin}
