"""`baogao evaluate score`: read, score, print."""

from __future__ import annotations

from pathlib import Path

import msgspec

from baogao.errors import InputError
from baogao.evaluate.pairs import read_pairs
from baogao.evaluate.score import Entities, Score, Sections, score_pairs
from baogao.evaluate.tables import percent, print_table
from baogao.evaluate.uncertainty import Interval, Tally, few_reports, intervals
from baogao.files import write_atomic
from baogao.workspace import Labels, Workspace


def score_files(
    gold: str, predicted: str, *, json: str | None = None, workspace: Path | None = None,
    count_unpaired: bool = False,
) -> Score:  # fmt: skip
    """Score two files or folders, print the tables (unless the JSON takes standard output), write `json`."""
    labels = Workspace.find(workspace).labels() if workspace else None
    around = None if labels else _labels_around()
    pairs = read_pairs(gold, predicted, labels=labels, labels_around=around, count_unpaired=count_unpaired)
    result = score_pairs(pairs)
    bounds = intervals([Tally.of(pairs)]) if result.reports > 1 else {}
    if json is not None:
        with write_atomic(json) as handle:
            handle.write(to_json(result, bounds).decode() + "\n")
    if json != "-":
        print_score(result, bounds)
    return result


def to_json(result: Score, bounds: dict[str, Interval]) -> bytes:
    """The score with `intervals`: figure name → [low, high]."""
    tree = msgspec.to_builtins(result) | {"intervals": {k: [v.low, v.high] for k, v in bounds.items()}}
    return msgspec.json.format(msgspec.json.encode(tree), indent=1)


def _labels_around() -> Labels | None:
    try:
        return Workspace.find().labels()
    except InputError:
        return None


def print_score(result: Score, bounds: dict[str, Interval]) -> None:
    """The tables a person reads."""
    print(f"{result.paragraphs} paragraphs of {result.reports} reports")
    if result.ner:
        _print_entities(result.ner, bounds)
    if result.sections:
        _print_sections(result.sections, bounds)
    warning = few_reports(result.reports)
    if warning:
        print(f"note: {warning}")


def _range(bounds: dict[str, Interval], name: str) -> str:
    """low–high of a figure in percent, empty where there is no interval."""
    return f"{percent(bounds[name].low)}–{percent(bounds[name].high)}" if name in bounds else ""


def _print_entities(ner: Entities, bounds: dict[str, Interval]) -> None:
    rows = [
        [
            label, *(percent(v) for v in (f.precision, f.recall, f.f1)),
            _range(bounds, f"ner.labels.{label}.f1"), f.support, f.tp, f.fp, f.fn,
            percent(ner.label_only.labels[label].f1),
            percent(ner.boundary_only.labels[label].f1) if label in ner.boundary_only.labels else "",
            percent(ner.overlap.labels[label].f1) if label in ner.overlap.labels else "",
        ]
        for label, f in ner.labels.items()
    ]  # fmt: skip
    total = [
        "all (micro)", *(percent(v) for v in (ner.precision, ner.recall, ner.f1)), _range(bounds, "ner.f1"),
        ner.support, ner.tp, ner.fp, ner.fn, percent(ner.label_only.f1), percent(ner.boundary_only.f1),
        percent(ner.overlap.f1),
    ]  # fmt: skip
    macro = [
        "all (macro)", *(percent(v) for v in (ner.macro_precision, ner.macro_recall, ner.macro_f1)),
        _range(bounds, "ner.macro_f1"), "", "", "", "", percent(ner.label_only.macro_f1),
        percent(ner.boundary_only.macro_f1), "",
    ]  # fmt: skip
    print_table(
        [
            "entities (exact)",
            "P",
            "R",
            "F1",
            "95%",
            "gold",
            "tp",
            "fp",
            "fn",
            "label F1",
            "edges F1",
            "MUC F1",
        ],
        [*rows, total, macro],
    )
    print_table(
        ["overlap (MUC)", "correct", "incorrect", "partial", "missed", "spurious", "P", "R", "F1"],
        [
            [
                label, m.correct, m.incorrect, m.partial, m.missed, m.spurious,
                *(percent(v) for v in (m.precision, m.recall, m.f1)),
            ]
            for label, m in [*ner.overlap.labels.items(), ("all", ner.overlap)]
        ],
    )  # fmt: skip


def _print_sections(sections: Sections, bounds: dict[str, Interval]) -> None:
    rows = [
        [label, *(percent(v) for v in (f.precision, f.recall, f.f1)), f.support]
        for label, f in sections.labels.items()
    ]
    print_table(["sections", "P", "R", "F1", "gold"], rows)
    for name, value in (("accuracy", sections.accuracy), ("macro_f1", sections.macro_f1)):
        bound = _range(bounds, f"sections.{name}")
        print(f"  sections {name.replace('_', '-')} {percent(value)}" + (f"  95% {bound}" if bound else ""))
    wrong = [(one, other, where) for one, other, where in sections.confusion if one != other]
    if wrong:
        worst = sorted(wrong, key=lambda cell: (-len(cell[2]), cell[0]))[:10]
        print_table(
            ["gold section", "predicted", "paragraphs"],
            [[a, b or "(none)", len(w)] for a, b, w in worst],
            text=2,
        )
