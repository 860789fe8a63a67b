"""What costs nothing to predict: a model that does not beat these has learned nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import msgspec

from baogao.annotations.rules import Rules
from baogao.evaluate.predictions import system_folder
from baogao.records import Entity, LabelledBlock, write_jsonl
from baogao.workspace import Workspace

Predictor = Callable[[str], list[Entity]]


def write_baselines(workspace: Workspace) -> list[str]:
    """Predictions of every gold report by the systems `rules` (annotations/rules.toml, where there is one)
    and `majority`; returns their names.

    majority gives each paragraph the most frequent section of the other reports and of practice, and as
    entities the surfaces that those texts label, each with its most frequent label, longest first. rules
    gives no sections.
    """
    gold, practice = workspace.labelled("gold"), workspace.labelled("practice")
    file = workspace.annotations / "rules.toml"
    rules = Rules.load(file, labels=workspace.labels().entities) if file.exists() else None
    for report, blocks in gold.items():
        others = [b for name, some in [*gold.items(), *practice.items()] if name != report for b in some]
        section = most_frequent(block.section for block in others)
        predictors: dict[str, Predictor] = {"majority": memory(others)}
        if rules:
            predictors["rules"] = rules.suggest
        for system, suggest in predictors.items():
            predicted = [
                msgspec.structs.replace(
                    block,
                    section=section if block.kind == "paragraph" and system == "majority" else None,
                    entities=suggest(block.text) if block.kind == "paragraph" else [],
                )
                for block in blocks
            ]
            write_jsonl(system_folder(workspace, system) / f"{report}.jsonl", predicted)
    return ["rules", "majority"] if rules else ["majority"]


def most_frequent(labels) -> str | None:
    """The label that occurs most, the first by name among equals; None where there is none."""
    counts = Counter(label for label in labels if label is not None)
    return min(counts, key=lambda label: (-counts[label], label)) if counts else None


def memory(train: Sequence[LabelledBlock]) -> Predictor:
    """A predictor that finds again what `train` labels: longest surface first, from left to right."""
    seen: dict[str, Counter[str]] = {}
    for block in train:
        for span in block.entities:
            seen.setdefault(block.text[span.start : span.end], Counter())[span.label] += 1
    labels = {surface: most_frequent(counts.elements()) for surface, counts in seen.items()}
    lengths = sorted({len(surface) for surface in labels}, reverse=True)

    def suggest(text: str) -> list[Entity]:
        found, at = [], 0
        while at < len(text):
            size = next((n for n in lengths if text[at : at + n] in labels and at + n <= len(text)), 0)
            if size:
                label = labels[text[at : at + size]]
                found.append(Entity(start=at, end=at + size, label=label or ""))
            at += size or 1
        return found

    return suggest
