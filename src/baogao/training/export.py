"""The labelled blocks for anybody: parquet with a card for `datasets.load_dataset`, here or on a hub."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from baogao.errors import InputError, ServiceError
from baogao.files import read_bytes, sha256_tree, write_folder
from baogao.training.dataset import build_dataset
from baogao.workspace import Workspace

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict


def export_dataset(workspace: Workspace, folder: Path, *, held_out: Collection[str] = ()) -> Path:
    """Write the dataset into `folder`, whole or not at all: data/SPLIT-00000-of-00001.parquet and README.md.

    Rows and splits are those of `build_dataset`; two columns more, for token classification: `tokens`, the
    characters of the text, and `ner_tags`, a BIO tag each. Returns `folder`.
    """
    from datasets import disable_progress_bars

    if not sys.stderr.isatty():
        disable_progress_bars()
    dataset = _with_tokens(build_dataset(workspace, held_out), workspace.labels().entities)
    with write_folder(folder, known_by="data/train-00000-of-00001.parquet") as place:
        (place / "data").mkdir()
        for name, split in dataset.items():
            split.to_parquet(place / "data" / f"{name}-00000-of-00001.parquet")
        (place / "README.md").write_text(dataset_card(workspace, dataset), encoding="utf-8")
    return folder


def push_dataset(
    workspace: Workspace,
    repo: str,
    *,
    held_out: Collection[str] = (),
    token: str | None = None,
    private: bool = True,
) -> str:
    """Push the same to `repo` (NAME/DATASET) on the Hugging Face Hub, or the hub of HF_ENDPOINT; returns its
    address.

    `token`: else HF_TOKEN, else that of `hf auth login`. A new repository is private unless told otherwise.
    Raises InputError without a token or for a name no repository can have, ServiceError when the hub is not
    reached or refuses.
    """
    from datasets import disable_progress_bars
    from huggingface_hub import DatasetCard, constants, get_token
    from huggingface_hub.utils import HFValidationError, validate_repo_id

    token = token or os.environ.get("HF_TOKEN") or get_token()
    if not token:
        raise InputError("no token for the hub", field="HF_TOKEN", todo="set HF_TOKEN, or: hf auth login")
    try:
        validate_repo_id(repo)
    except HFValidationError as error:
        raise InputError(f"{repo!r} cannot name a dataset", todo="write it like NAME/DATASET") from error
    if not sys.stderr.isatty():
        disable_progress_bars()
    dataset = _with_tokens(build_dataset(workspace, held_out), workspace.labels().entities)
    try:
        dataset.push_to_hub(repo, token=token, private=private)
        DatasetCard(dataset_card(workspace, dataset)).push_to_hub(repo, token=token)
    except (OSError, RuntimeError, ValueError) as error:  # httpx and hub errors are among these
        said = " ".join(str(error).split())[:200]
        raise ServiceError(
            f"the hub did not take {repo} ({type(error).__name__}: {said})", file=constants.ENDPOINT,
            todo="check the token's rights and the address, and push again",
        ) from error  # fmt: skip
    return f"{constants.ENDPOINT}/datasets/{repo}"


def bio_tags(length: int, entities: Sequence[dict[str, Any]]) -> list[int]:
    """A tag for each of `length` characters: 0 outside, 1 + 2·label at the start of a span, 2 + 2·label
    inside. `entities`: {start, end, label} with the label as a number."""
    tags = [0] * length
    for entity in entities:
        begin = 1 + 2 * entity["label"]
        tags[entity["start"] : entity["end"]] = [begin] + [begin + 1] * (entity["end"] - entity["start"] - 1)
    return tags


def label_origin(workspace: Workspace) -> str:
    """What annotations/ORIGIN.md says of who made the labels, and how; cards repeat it."""
    file = workspace.annotations / "ORIGIN.md"
    if not file.is_file():
        return "Not stated. Whoever made them should say so in annotations/ORIGIN.md."
    return read_bytes(file).decode("utf-8-sig").strip()


def dataset_card(workspace: Workspace, dataset: DatasetDict) -> str:
    """The card, Markdown with the YAML header that hubs and `load_dataset` read."""
    from datasets.info import DatasetInfosDict
    from huggingface_hub import DatasetCardData

    header = DatasetCardData(
        language=["zh"],
        license="unknown",
        task_categories=["token-classification", "text-classification"],
        pretty_name=workspace.root.name,
        configs=[
            {
                "config_name": "default",
                "data_files": [{"split": name, "path": f"data/{name}-*.parquet"} for name in dataset],
            }
        ],
    )
    info = next(iter(dataset.values())).info.copy()
    DatasetInfosDict({"default": info}).to_dataset_card_data(header)
    labels = workspace.labels()
    return _CARD.format(
        header=header.to_yaml(),
        splits="\n".join(_split_row(name, split) for name, split in dataset.items()),
        sections=_label_rows(labels.section),
        entities=_label_rows(labels.entity),
        origin=label_origin(workspace),
        hashes="\n".join(
            f"- annotations/{folder}: sha256 {sha256_tree(*files)}"
            for folder in ("gold", "practice")
            if (files := workspace.labelled_files(folder))
        ),
    )


_CARD = """\
---
{header}
---

# Sections and entities of Chinese government annual reports

One row a block (heading, paragraph or closing) of a report; labels are on paragraphs. Split by report.

```python
import datasets
data = datasets.load_dataset("DIR")  # the folder of this file
```

| split | rows | paragraphs | entities | reports |
|---|---|---|---|---|
{splits}

## Columns

- `text`: clean text; `path`: the headings above; `lead`: a run-in heading; `number`, `level`, `kind`, `index`
- `section`: the topic of a paragraph, null elsewhere
- `entities`: spans, half-open, in Unicode code points of `text`; they never overlap
- `tokens`, `ner_tags`: the characters of `text` with a BIO tag each, the same entities again
- `start`, `end`: where the block lies in the report's source; `origin`: the folder the labels are from

| section | | |
|---|---|---|
{sections}

| entity | | |
|---|---|---|
{entities}

## Where the labels come from

{origin}

{hashes}
"""


def _label_rows(labels: Sequence[Any]) -> str:
    cells = ([label.name, label.zh, label.description] for label in labels)
    return "\n".join("| " + " | ".join(text.replace("|", "\\|") for text in row) + " |" for row in cells)


def _split_row(name: str, split: Dataset) -> str:
    labelled = sum(section is not None for section in split["section"])
    entities = sum(len(some) for some in split["entities"])
    return f"| {name} | {len(split)} | {labelled} | {entities} | {len(set(split['report']))} |"


def _with_tokens(dataset: DatasetDict, labels: Sequence[str]) -> DatasetDict:
    from datasets import ClassLabel, Features, List, Value

    names = ["O", *(f"{edge}-{label}" for label in labels for edge in "BI")]
    extra = {"tokens": List(Value("string")), "ner_tags": List(ClassLabel(names=names))}

    def add(row: dict[str, Any]) -> dict[str, Any]:
        return {"tokens": list(row["text"]), "ner_tags": bio_tags(len(row["text"]), row["entities"])}

    some = next(iter(dataset.values()))
    return dataset.map(add, features=Features({**some.features, **extra}), load_from_cache_file=False)
