"""What the evaluate commands print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from baogao.evaluate.analysis import Analysis, example
from baogao.evaluate.leakage import Leak, LeakSummary
from baogao.evaluate.mistakes import KINDS, Mistake
from baogao.evaluate.results import HEADLINES, Result
from baogao.evaluate.score import Entities, Score, Sections
from baogao.evaluate.settings import Leakage
from baogao.evaluate.slices import Slice
from baogao.evaluate.tables import percent, print_table
from baogao.evaluate.uncertainty import Difference, Interval, few_reports


def print_score(result: Score, bounds: Mapping[str, Interval]) -> None:
    """The tables a person reads."""
    print(f"paragraphs: {result.paragraphs}, reports: {result.reports}")
    if result.ner:
        _print_entities(result.ner, bounds)
    if result.sections:
        _print_sections(result.sections, bounds)
    warning = few_reports(result.reports)
    if warning:
        print(f"note: {warning}")


def _range(bounds: Mapping[str, Interval], name: str) -> str:
    """low–high of a figure in percent, empty where there is no interval."""
    return f"{percent(bounds[name].low)}–{percent(bounds[name].high)}" if name in bounds else ""


def _print_entities(ner: Entities, bounds: Mapping[str, Interval]) -> None:
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


def _print_sections(sections: Sections, bounds: Mapping[str, Interval]) -> None:
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


def print_results(results: Sequence[Result]) -> None:
    """Systems side by side: the first in full, the others beside it by F1."""
    first, *others = results
    if first.ner:
        columns = ["entities (exact)", "P", "R", "F1", "95%", "gold", "leak-free F1"]
        columns += [f"{other.name} F1" for other in others]
        free = first.leak_free["intervals"]
        names = [*first.ner["labels"], None]
        rows = []
        for label in names:
            figures = first.ner["labels"][label] if label else first.ner
            key = f"ner.labels.{label}.f1" if label else "ner.f1"
            beside = [
                percent(other.intervals[key].value) if key in other.intervals else "–" for other in others
            ]
            rows.append([
                label or "all", *(percent(figures[what]) for what in ("precision", "recall", "f1")),
                _range(first.intervals, key), figures["support"],
                percent(free[key].value) if key in free else "–", *beside,
            ])  # fmt: skip
        print_table(
            columns, rows, title=f"{first.name} on annotations/gold; what is trained never saw the report"
        )
    columns = ["system", "NER F1", "NER macro-F1", "section accuracy", "section macro-F1"]
    rows = [
        [
            result.name, *(_with_range(result, name) for name in HEADLINES),
            *(_part(part, kind, name) for part in (result.leak_free, result.raw) for kind, name in _BOTH),
        ]
        for result in results
    ]  # fmt: skip
    columns += ["leak-free F1", "accuracy", "raw page F1", "accuracy"]
    print_table(columns, rows)
    print(f"{percent(first.leaked_share)}% of the test characters lie in clauses that training has too")
    warning = few_reports(len(first.reports))
    if warning:
        print(f"note: {warning}")


_BOTH = (("ner", "f1"), ("sections", "accuracy"))


def _with_range(result: Result, name: str) -> str:
    if name not in result.intervals:
        return "–"
    return f"{percent(result.intervals[name].value)} ({_range(result.intervals, name)})"


def _part(figures: Mapping | None, kind: str, name: str) -> str:
    return percent(figures[kind][name]) if figures and figures.get(kind) else "–"


def print_differences(name_a: str, name_b: str, differences: Sequence[Difference]) -> None:
    """b minus a in percentage points, with interval and p."""
    rows = [
        [
            d.name, percent(d.a), percent(d.b), f"{100 * d.difference:+.1f}",
            f"{100 * d.low:+.1f} to {100 * d.high:+.1f}", f"{d.p:.3f}",
        ]
        for d in differences
    ]  # fmt: skip
    print_table(["figure", name_a, name_b, "difference", "95%", "p"], rows)
    if differences:
        first = differences[0]
        if first.smallest_p > 0.05:
            print(
                f"note: with {first.reports} reports p cannot fall below {first.smallest_p:.3f}: "
                "no difference can be shown at 5%; label more reports"
            )
        elif warning := few_reports(first.reports):
            print(f"note: {warning}")


def print_leakage(
    summary: Sequence[LeakSummary], leaks: Sequence[Leak], settings: Leakage, examples: int
) -> None:
    """Shares by report, and the test clauses nearest to training."""
    rows = [[row.report, row.clauses, row.leaked, percent(row.share)] for row in summary]
    print_table(["report", "clauses", "near-duplicates", "% of characters"], rows)
    print(
        f"near-duplicate: Jaccard of character {settings.ngram}-grams at least {settings.threshold:g}, "
        f"clauses of {settings.min_length} characters or more"
    )
    nearest = sorted(leaks, key=lambda leak: (-leak.similarity, -len(leak.clause.text)))[:examples]
    if nearest:
        rows = [
            [k.clause.id, k.clause.text, k.source.text, k.source.id, f"{k.similarity:.2f}"] for k in nearest
        ]
        print_table(["test", "clause", "in training", "where", "similarity"], rows, text=4)


def print_slices(found: Sequence[Slice]) -> None:
    """Exact entity figures and section accuracy of each slice."""
    rows = [
        [
            s.dimension, s.value, percent(s.precision), percent(s.recall), percent(s.f1), s.tp + s.fn,
            percent(s.section_accuracy) if s.section_accuracy is not None else "–", s.paragraphs or "–",
            "few" if s.few else "",
        ]
        for s in found
    ]  # fmt: skip
    print_table(["slice", "", "P", "R", "F1", "gold", "section accuracy", "paragraphs", ""], rows, text=2)


def print_mistakes(analysis: Analysis, found: Sequence[Mistake], examples: int) -> None:
    """Kinds with counts, most frequent first, and the first examples of each."""
    kinds: dict[str, list[Mistake]] = {}
    for mistake in found:
        kinds.setdefault(mistake.kind, []).append(mistake)
    print(f"{len(found)} errors (gold → predicted, and the text around)")
    for kind, some in sorted(kinds.items(), key=lambda item: -len(item[1])):
        print(f"\n{len(some):4}  {kind} {KINDS[kind][0]}: {KINDS[kind][1]}")
        for mistake in some[:examples]:
            pair = analysis.pairs[mistake.pair]
            gold, predicted, context = example(pair, mistake)
            print(f"      {pair.gold.id}  {gold} → {predicted}   {context}")
