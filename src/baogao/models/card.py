"""The card of a model, in Markdown: what it is for, what it was made from, how well it does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from baogao.errors import InputError
from baogao.files import sha256_tree
from baogao.records import read_json
from baogao.training.export import label_origin
from baogao.workspace import Workspace

#: The figures a card shows, by their names in evaluate/results/SYSTEM.json.
FIGURES = {
    "ner.precision": "entities, precision",
    "ner.recall": "entities, recall",
    "ner.f1": "entities, F1",
    "sections.accuracy": "sections, accuracy",
    "sections.macro_f1": "sections, macro-F1",
}


_CARD = """\
# {package} {version}

Entities and sections of Chinese government annual reports.
Pipeline: {pipes}; spaCy {spacy}.

| component | labels |
|---|---|
{labels}

## Use

For paragraphs and whole reports of the kind it was trained on, annual reports of Chinese governments and
their departments. For anything else, measure first. Its labels are suggestions for people who check, or
figures with a known error; no ground for decisions about persons.

```python
import spacy
nlp = spacy.load("{package}")  # or the folder
doc = nlp(paragraph)  # doc.ents, doc.cats, doc._.section

from baogao.models.predict import predict_file
blocks = predict_file(nlp, "report.html")
```

## Data

{data}

## Figures

{figures}

## Limits

- Trained and measured on few real reports; the intervals above say how little that settles.
- A paragraph has one section and entities never nest. Names of a form not seen before are missed most.
- A paragraph given alone is labelled without its place in a report, and less well.
- Scores are calibrated on held-out training reports; where those differ from yours, they are too high.

## Licence

{license}
"""


class Measured(msgspec.Struct, kw_only=True):
    """What a card takes from a result file of the evaluate stage."""

    name: str
    created: str
    reports: list[str]
    data: dict[str, str]
    intervals: dict[str, dict[str, Any]]


def model_card(
    pipeline: Path, workspace: Workspace | None = None, *, system: str = "baogao", license: str | None = None
) -> str:
    """The card of a pipeline folder. With the workspace it was trained in, the card also has its data and the
    figures of evaluate/results/SYSTEM.json, if there are any. `license`: else that of its meta.json. Raises
    InputError for no pipeline."""
    meta = read_meta(pipeline)
    labels = {name: ", ".join(values) for name, values in (meta.get("labels") or {}).items() if values}
    return _CARD.format(
        package=f"{meta['lang']}_{meta['name']}",
        version=meta["version"],
        pipes=", ".join(meta["pipeline"]),
        spacy=meta.get("spacy_version", ""),
        labels="\n".join(f"| {name} | {values} |" for name, values in labels.items()),
        data=_data(pipeline, workspace),
        figures=_figures(workspace, system),
        license=license or meta.get("license") or "Not stated; ask whoever made it.",
    )


def read_meta(pipeline: Path) -> dict[str, Any]:
    """meta.json of a pipeline folder. Raises InputError where there is none."""
    file = pipeline / "meta.json"
    meta = read_json(file, dict[str, Any], "JSON", todo="name a pipeline folder")
    missing = [key for key in ("lang", "name", "version", "pipeline") if key not in meta]
    if missing:
        raise InputError(f"has no {missing[0]}", file=file, todo="name a pipeline folder")
    return meta


def _data(pipeline: Path, workspace: Workspace | None) -> str:
    lines = [f"- this pipeline: sha256 {sha256_tree(pipeline)}"]
    if workspace is not None:
        for folder in ("gold", "practice"):
            reports = workspace.labelled(folder)
            paragraphs = [b for blocks in reports.values() for b in blocks if b.kind == "paragraph"]
            if reports:
                lines.append(
                    f"- {folder}: {len(reports)} reports, {len(paragraphs)} paragraphs, "
                    f"{sum(len(block.entities) for block in paragraphs)} entities, sha256 "
                    f"{sha256_tree(*workspace.labelled_files(folder))}"
                )
        lines += ["", "### Where the labels come from\n", label_origin(workspace)]
    return "\n".join(lines)


def _figures(workspace: Workspace | None, system: str) -> str:
    file = None if workspace is None else workspace.evaluate / "results" / f"{system}.json"
    if workspace is None or file is None or not file.is_file():
        return "None were measured here. In the workspace it was trained in: `baogao evaluate loro`."
    found = read_json(file, Measured, "a result", todo="write it again: baogao evaluate loro")
    rows = [
        f"| {words} | {_percent(bound['value'])} | {_percent(bound['low'])} – {_percent(bound['high'])} |"
        for name, words in FIGURES.items()
        if (bound := found.intervals.get(name)) is not None
    ]
    changed = [
        folder
        for folder in ("gold", "practice")
        if folder in found.data and found.data[folder] != sha256_tree(*workspace.labelled_files(folder))
    ]
    note = f"\n\nThe labels in {' and '.join(changed)} changed since; measure again." if changed else ""
    return (
        f"Exact match; each of {len(found.reports)} real reports was held out in turn from the training of "
        "the model\nthat labelled it; 95% intervals from resampling reports. This pipeline itself is trained "
        f"on all of them.\nPrinted by `baogao evaluate loro` on {found.created[:10]}.\n\n"
        "| figure | % | 95% interval |\n|---|---|---|\n" + "\n".join(rows) + note
    )


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"
