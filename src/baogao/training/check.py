"""Likely mistakes in labels: where models that have not seen a report disagree with it, and how surely.

Reports are dealt into folds; each is judged by models trained on the rest. An entity or a section is ranked
by how improbable the models find the label it has (the self-confidence of Northcutt, Jiang and Chuang 2021,
Confident Learning), an entity that is not there by how probable they find it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from baogao.errors import InputError
from baogao.files import sha256
from baogao.progress import track
from baogao.records import Entity, LabelledBlock, write_jsonl
from baogao.training.commands import refuse_bad_labels
from baogao.training.ner import predict_entities, read_spacy_config, span_probabilities, train_ner
from baogao.training.splits import by_report, paragraphs
from baogao.training.workers import run_tasks
from baogao.workspace import Workspace

Kind = Literal["missing", "extra", "edges", "label", "section"]


class Suspect(msgspec.Struct, kw_only=True):
    """One place where the labels of a paragraph may be wrong.

    missing: an entity the labels do not have; extra: one the models do not find at all; edges, label: one
    they find with other edges or another label; section: another section. `score`, 0 to 1: how sure the
    models are that the labels are wrong. `given` and `suggested` are what the labels say and the models.
    """

    score: float
    kind: Kind
    id: str
    report: str
    given: Entity | str | None
    suggested: Entity | str | None
    text: str


class Task(msgspec.Struct, kw_only=True):
    """One fold."""

    root: Path
    train: list[LabelledBlock]
    held: list[LabelledBlock]
    config: Path
    seed: int
    overrides: dict[str, Any]


def find_suspects(
    workspace: Workspace,
    *,
    folder: str = "gold",
    folds: int = 5,
    seed: int = 0,
    config: Path | None = None,
    overrides: dict[str, Any] | None = None,
    jobs: int = 1,
) -> list[Suspect]:
    """Check the labels of annotations/`folder` by cross-validation over its reports, surest mistake first.

    Gold and practice reports outside the fold are always in training. Raises InputError where there are
    fewer than two reports.
    """
    refuse_bad_labels(workspace)
    checked = workspace.labelled(folder)
    others = {
        report: blocks
        for name in ("gold", "practice")
        for report, blocks in workspace.labelled(name).items()
        if report not in checked
    }
    if not checked or len(checked) + len(others) < 2:
        raise InputError(
            f"checking labels needs two labelled reports, there are {len(checked) + len(others)}",
            file=workspace.annotations / folder, todo="label more",
        )  # fmt: skip
    tasks = [
        Task(
            root=workspace.root,
            train=[b for r, blocks in {**checked, **others}.items() if r not in held for b in blocks],
            held=[b for r in held for b in checked[r]],
            config=config or workspace.training / "ner.cfg",
            seed=seed,
            overrides=overrides or {},
        )
        for held in deal(list(checked), folds if others else max(2, folds))
    ]
    found: list[Suspect] = []
    for suspects in track(run_tasks(check_fold, tasks, jobs=jobs), "checking labels", total=len(tasks)):
        found += suspects
    return sorted(found, key=lambda s: (-s.score, s.id, s.kind, repr(s.given), repr(s.suggested)))


def deal(reports: Sequence[str], folds: int) -> list[list[str]]:
    """`reports` in at most `folds` groups of like size, the same whatever their order."""
    ranked = sorted(reports, key=lambda report: sha256(report.encode()))
    groups = [ranked[i :: max(1, folds)] for i in range(max(1, folds))]
    return [group for group in groups if group]


def check_fold(task: Task) -> list[Suspect]:
    """Train without the held-out reports and compare."""
    import spacy

    with tempfile.TemporaryDirectory(prefix="baogao-check-") as name:
        folder = Path(name)
        model = train_ner(
            task.train, folder / "ner", config=task.config, segmenter=_segmenter(task, folder / "segmenter"),
            seed=task.seed, overrides=task.overrides, progress=False,
        )  # fmt: skip
        nlp = spacy.load(model)
        held = paragraphs(task.held)
        predicted = predict_entities(nlp, held)
        suspects = [
            suspect
            for block, guess, sure in zip(held, predicted, span_probabilities(nlp, held), strict=True)
            for suspect in entity_suspects(block, guess.entities, sure)
        ]
        return suspects + _section_suspects(task, folder / "sections")


def entity_suspects(
    block: LabelledBlock, predicted: Sequence[Entity], probabilities: Sequence[float]
) -> Iterable[Suspect]:
    """Differences between a block's entities, with the model's probability of each, and predicted ones."""
    given = {(span.start, span.end, span.label) for span in block.entities}
    found = {(span.start, span.end, span.label) for span in predicted}
    explained = set()
    for span, probability in zip(block.entities, probabilities, strict=True):
        if (span.start, span.end, span.label) in found:
            continue
        rivals = [p for p in predicted if p.start < span.end and span.start < p.end]
        rivals = [p for p in rivals if (p.start, p.end, p.label) not in given]
        best = max(rivals, key=lambda p: p.score or 0.0, default=None)
        kind: Kind = "extra" if best is None else "edges" if best.label == span.label else "label"
        explained |= {(p.start, p.end) for p in rivals}
        yield _suspect(block, kind, 1 - probability, span, best)
    for span in predicted:
        if (span.start, span.end, span.label) not in given and (span.start, span.end) not in explained:
            yield _suspect(block, "missing", 1.0 if span.score is None else span.score, None, span)


def _suspect(
    block: LabelledBlock, kind: Kind, score: float, given: Entity | None, suggested: Entity | None
) -> Suspect:
    def shown(span: Entity | None) -> Entity | None:
        if span is None:
            return None
        text = block.text[span.start : span.end]
        return Entity(start=span.start, end=span.end, label=span.label, text=text)

    return Suspect(
        score=round(min(1.0, max(0.0, score)), 4), kind=kind, id=block.id, report=block.report,
        given=shown(given), suggested=shown(suggested), text=block.text,
    )  # fmt: skip


def _section_suspects(task: Task, folder: Path) -> list[Suspect]:
    from baogao.training.sections import load_sections, train_sections

    config = Workspace(task.root).training / "sections.toml"
    try:
        train_sections(task.train, folder, config=config if config.exists() else None, seed=task.seed)
    except InputError:  # a workspace without sections, or with one only: nothing to check
        return []
    model = load_sections(folder)
    suspects = []
    for blocks in by_report(task.held).values():
        mine = paragraphs(blocks)
        for block, row in zip(mine, model.probabilities(mine), strict=True):
            best = model.labels[int(row.argmax())]
            if block.section is not None and best != block.section:
                known = block.section in model.labels
                given = float(row[model.labels.index(block.section)]) if known else 0.0
                suspects.append(
                    Suspect(
                        score=round(1 - given, 4),
                        kind="section",
                        id=block.id,
                        report=block.report,
                        given=block.section,
                        suggested=best,
                        text=block.text,
                    )  # fmt: skip
                )
    return suspects


def _segmenter(task: Task, folder: Path) -> Path | None:
    """A word segmenter that has not seen the fold's reports."""
    from baogao.training.segmenter import make_segmenter, sees

    if "segmenter" not in read_spacy_config(task.config).get("paths", {}):
        return None
    workspace = Workspace(task.root)
    held = sorted({block.report for block in task.held})
    if any(sees(workspace, report) for report in held):
        return Path(make_segmenter(workspace, held_out=held, output=folder))
    return Path(make_segmenter(workspace))


def write_review(
    workspace: Workspace, suspects: Sequence[Suspect], output: Path, *, folder: str = "gold"
) -> int:
    """Write the paragraphs of `suspects` as two passes into the folder `output`: `labels.jsonl` as they are
    labelled, `model.jsonl` with what is suggested instead. `baogao annotations review` brings the two to a
    reviewer. Returns the number of paragraphs."""
    blocks = {block.id: block for found in workspace.labelled(folder).values() for block in found}
    order = list(dict.fromkeys(suspect.id for suspect in suspects))
    suggested = []
    for key in order:
        block = blocks[key]
        for suspect in (s for s in suspects if s.id == key):
            block = _apply(block, suspect)
        suggested.append(block)
    write_jsonl(output / "labels.jsonl", [blocks[key] for key in order])
    write_jsonl(output / "model.jsonl", suggested)
    return len(order)


def _apply(block: LabelledBlock, suspect: Suspect) -> LabelledBlock:
    if isinstance(suspect.suggested, str):
        return msgspec.structs.replace(block, section=suspect.suggested)
    entities, gone, new = block.entities, suspect.given, suspect.suggested
    if isinstance(gone, Entity):
        entities = [s for s in entities if (s.start, s.end) != (gone.start, gone.end)]
    if isinstance(new, Entity):
        entities = [s for s in entities if s.end <= new.start or new.end <= s.start]
        entities = [*entities, Entity(start=new.start, end=new.end, label=new.label)]
    return msgspec.structs.replace(block, entities=sorted(entities, key=lambda span: span.start))
