"""What the report shows of an analysis, as plain rows for the template."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from baogao.evaluate.analysis import Analysis, example
from baogao.evaluate.mistakes import KINDS
from baogao.evaluate.results import HEADLINES
from baogao.evaluate.score import MUC_KINDS
from baogao.evaluate.slices import DIMENSIONS
from baogao.evaluate.uncertainty import Tally, difference, few_reports
from baogao.records import Entity, read_json, read_jsonl
from baogao.workspace import Workspace

_TITLES = {
    "ner.f1": ("Entities: F1", "实体 F1", "start, end and label exactly right, over all spans"),
    "ner.macro_f1": ("Entities: macro-F1", "实体宏平均 F1", "mean of the labels' F1"),
    "sections.accuracy": ("Sections: accuracy", "章节准确率", "paragraphs under the right section"),
    "sections.macro_f1": ("Sections: macro-F1", "章节宏平均 F1", "mean of the sections' F1"),
}


def headline_views(main: Analysis) -> dict[str, Any]:
    """The cards at the top and the warning beside them."""
    result = main.result
    free = result.leak_free["intervals"]
    cards = [
        {
            "title": _TITLES[name][0], "zh": _TITLES[name][1], "note": _TITLES[name][2],
            "interval": result.intervals[name], "leak_free": free[name].value if name in free else None,
        }
        for name in HEADLINES
        if name in result.intervals
    ]  # fmt: skip
    return {
        "cards": cards,
        "warning": few_reports(len(result.reports)),
        "paragraphs": main.score.paragraphs,
        "reports": len(result.reports),
        "spans": result.ner["support"] if result.ner else 0,
        "practice": len({block.report for block in main.practice}),
    }


def label_views(main: Analysis, others: Sequence[Analysis]) -> list[dict[str, Any]]:
    """One row an entity label, all labels last: figures, intervals, looser readings, other systems."""
    ner = main.result.ner
    if not ner:
        return []
    free = main.result.leak_free["intervals"]
    rows: list[dict[str, Any]] = []
    for label in [*main.workspace.labels().entities, None]:
        figures = ner["labels"].get(label) if label else ner
        if figures is None:
            continue
        key = f"ner.labels.{label}." if label else "ner."
        loose = {
            name: (scheme["labels"].get(label) if label else scheme)
            for name, scheme in ((k, ner[k]) for k in ("label_only", "boundary_only", "overlap"))
        }
        rows.append({
            "label": label, "figures": figures, "f1": main.result.intervals[key + "f1"],
            "precision": main.result.intervals[key + "precision"],
            "recall": main.result.intervals[key + "recall"],
            "loose": {name: found["f1"] if found else 0.0 for name, found in loose.items()},
            "leak_free": free[key + "f1"].value if key + "f1" in free else None,
            "others": [
                {"name": o.result.name, "f1": o.result.intervals[key + "f1"].value}
                for o in others if key + "f1" in o.result.intervals
            ],
        })  # fmt: skip
    return rows


def muc_rows(main: Analysis) -> list[tuple[str, list[int]]]:
    """MUC counts by label and for all."""
    ner = main.result.ner
    if not ner:
        return []
    overlap = ner["overlap"]
    rows = [(label, [m[kind] for kind in MUC_KINDS]) for label, m in overlap["labels"].items()]
    return [*rows, ("all 合计", [overlap[kind] for kind in MUC_KINDS])]


def system_rows(analyses: Sequence[Analysis]) -> list[dict[str, Any]]:
    """One row a system: headline intervals, leak-free part, raw pages."""
    return [
        {
            "name": a.result.name, "seeds": a.result.seeds,
            "headlines": [a.result.intervals.get(name) for name in HEADLINES],
            "parts": [
                part[kind][figure] if part and part.get(kind) else None
                for part in (a.result.leak_free, a.result.raw)
                for kind, figure in (("ner", "f1"), ("sections", "accuracy"))
            ],
        }
        for a in analyses
    ]  # fmt: skip


def difference_views(main: Analysis, others: Sequence[Analysis]) -> list[dict[str, Any]]:
    """The system minus each other one on the headline figures that both have."""
    ours = [Tally.of(pairs) for pairs in main.found.seeds]
    rows = []
    for other in others:
        theirs = [Tally.of(pairs) for pairs in other.found.seeds]
        for name in ("ner.f1", "sections.accuracy"):
            if name in main.result.intervals and name in other.result.intervals:
                rows.append(
                    {"other": other.result.name, "title": _TITLES[name], "d": difference(theirs, ours, name)}
                )
    return rows


def confusion_views(main: Analysis) -> list[dict[str, Any]]:
    """Matrices of sections and of entity labels: rows gold, columns predicted, None for nothing there."""
    labels = main.workspace.labels()
    score, views = main.score, []
    for title, zh, names, cells in (
        (
            "Sections",
            "章节",
            labels.sections,
            score.sections.confusion if main.result.sections and score.sections else [],
        ),
        ("Entities", "实体", labels.entities, score.ner.confusion if main.result.ner and score.ner else []),
    ):
        if not cells:
            continue
        counts = {(gold, predicted): len(where) for gold, predicted, where in cells}
        used = {name for pair in counts for name in pair}
        kept = [name for name in names if name in used] + sorted(
            name for name in used if name is not None and name not in names
        )
        rows = [*kept, *([None] if any(gold is None for gold, _ in counts) else [])]
        columns = [*kept, *([None] if any(other is None for _, other in counts) else [])]
        matrix = []
        for gold in rows:
            total = sum(counts.get((gold, other), 0) for other in columns)
            line = [counts.get((gold, other), 0) for other in columns]
            matrix.append(
                {"gold": gold, "total": total, "cells": [(n, n / total if total else 0) for n in line]}
            )
        views.append({"title": title, "zh": zh, "columns": columns, "rows": matrix})
    return views


def mistake_views(main: Analysis, *, examples: int = 4) -> dict[str, Any]:
    """Kinds of error with counts by label and a few examples."""
    by_kind: dict[str, list] = defaultdict(list)
    for mistake in main.mistakes:
        by_kind[mistake.kind].append(mistake)
    labels = [label for label in main.workspace.labels().entities]
    rows = []
    for kind, (zh, meaning) in KINDS.items():
        found = by_kind.get(kind, [])
        if not found:
            continue
        counts = Counter((m.gold or m.predicted).label for m in found)
        some = [
            dict(zip(("gold", "predicted", "context"), example(main.pairs[m.pair], m), strict=True))
            for m in found[:examples]
        ]
        rows.append({
            "kind": kind, "zh": zh, "meaning": meaning, "count": len(found),
            "counts": [counts[label] for label in labels], "examples": some,
        })  # fmt: skip
    return {"labels": labels, "rows": rows, "total": len(main.mistakes)}


def slice_views(main: Analysis) -> list[dict[str, Any]]:
    """Slices by dimension."""
    groups: dict[str, list] = {}
    for row in main.slices:
        groups.setdefault(row.dimension, []).append(row)
    return [{"dimension": name, "zh": DIMENSIONS[name], "rows": rows} for name, rows in groups.items()]


def curve_views(workspace: Workspace) -> dict[str, Any] | None:
    """The learning curve that `baogao training curve` left, None where there is none or no part of it."""
    file = workspace.evaluate / "results" / "curve.json"
    if not file.exists():
        return None
    from baogao.training.curve import Curve

    curve = read_json(file, Curve, "a learning curve", todo="run: baogao training curve")
    charts: list[dict[str, Any]] = []
    for part, title, zh in (("ner", "Entities: F1", "实体 F1"), ("sections", "Sections: accuracy", "准确率")):
        series = []
        for label in [None, *(workspace.labels().entities if part == "ner" else [])]:
            points = [p for p in curve.points if p.part == part and p.label == label]
            points.sort(key=lambda point: point.reports)
            if points:
                series.append({"name": label or "all 合计", "points": points})
        if series:
            charts.append({"title": title, "zh": zh, "series": series})
    return {"charts": charts, "advice": curve.advice} if charts else None


def candidate_views(workspace: Workspace, *, most: int = 30) -> list[dict[str, Any]]:
    """The likely label errors that `baogao training check` left, surest first; empty where there are none."""
    file = workspace.evaluate / "results" / "check.jsonl"
    if not file.exists():
        return []
    from baogao.training.check import Suspect

    suspects = sorted((s for _, s in read_jsonl(file, Suspect)), key=lambda suspect: -suspect.score)
    return [
        {
            "id": suspect.id, "kind": suspect.kind, "score": suspect.score,
            "gold": _said(suspect.given, suspect.text), "suggested": _said(suspect.suggested, suspect.text),
        }
        for suspect in suspects[:most]
    ]  # fmt: skip


def _said(label: Entity | str | None, text: str) -> str:
    """A label of a suspect in words."""
    if isinstance(label, Entity):
        return f"{text[label.start : label.end]} {label.label}"
    return label or "–"


def reproduce_view(main: Analysis) -> dict[str, Any]:
    """How to make the figures again."""
    name = main.result.name
    commands = ["make test   # checks the scorer itself", "baogao evaluate results"]
    if name == "baogao":
        commands.insert(1, "baogao evaluate loro")
    commands += [f"baogao evaluate report --system {name}", f"baogao evaluate errors {name}"]
    return {"commands": commands}
