"""Figures by part: which reports, years, lengths and contexts a system is good or bad at."""

from __future__ import annotations

import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from baogao.evaluate.mistakes import Known
from baogao.evaluate.pairs import Pair
from baogao.evaluate.settings import Slices
from baogao.records import Entity, LabelledBlock, Report
from baogao.spans import Counts

# dimension → Chinese name; the order of tables
DIMENSIONS = {
    "label": "标签",
    "section": "章节",
    "report": "报告",
    "year": "年度",
    "level": "层级",
    "province": "省份",
    "origin": "真实或练习",
    "span length": "实体长度",
    "in training": "训练中是否见过",
    "neighbours": "相邻实体",
    "punctuation": "标点宽度",
    "source text": "来源文本",
    "paragraph": "段落长度",
}


class Slice(msgspec.Struct, kw_only=True):
    """Exact entity counts and section hits of one part; section_accuracy is None where the system gives no
    sections. `few`: too few gold spans to read much into F1
    (section figures: too few paragraphs)."""

    dimension: str
    value: str
    tp: int
    fp: int
    fn: int
    precision: float
    recall: float
    f1: float
    paragraphs: int
    section_accuracy: float | None
    few: bool


def slices(
    pairs: Sequence[Pair],
    *,
    known: Known,
    reports: Mapping[str, Report],
    sources: Mapping[str, str] | None = None,
    practice: frozenset[str] = frozenset(),
    settings: Slices | None = None,
) -> list[Slice]:
    """All slices of DIMENSIONS that part the data: a dimension with one value says nothing and is left out.

    A right span belongs where its gold side does, a wrong one where its own side does; "in training" is about
    the same characters with the same label. reports: the manifest by id; sources: raw text by report, for
    "source text"; practice: ids of practice reports.
    """
    settings = settings or Slices()
    counts: dict[tuple[str, str], Counts] = defaultdict(Counts)
    judged: Counter[tuple[str, str]] = Counter()
    right: Counter[tuple[str, str]] = Counter()
    sections = any(p.predicted.section is not None for p in pairs)
    for p in pairs:
        if p.gold.kind != "paragraph":
            continue
        about = _of_block(p.gold, reports, sources or {}, practice, settings)
        if sections and p.gold.section is not None:
            for key in about.items():
                judged[key] += 1
                right[key] += p.gold.section == p.predicted.section
        for span, count in _judged_spans(p):
            side = p.gold if count.tp or count.fn else p.predicted
            for key in (about | _of_span(side, span, known)).items():
                counts[key] += count
    values = Counter(dimension for dimension, _ in {*counts, *judged})
    rows = [
        _slice(key, counts[key], judged[key], right[key], settings)
        for key in {*counts, *judged}
        if values[key[0]] > 1
    ]
    order = list(DIMENSIONS)
    lengths = [f"{name} characters" for name in _LENGTHS.values()]
    return sorted(
        rows,
        key=lambda row: (
            order.index(row.dimension),
            lengths.index(row.value) if row.value in lengths else 0,
            row.value,
        ),
    )


def _slice(key: tuple[str, str], counts: Counts, judged: int, right: int, settings: Slices) -> Slice:
    return Slice(
        dimension=key[0], value=key[1], tp=counts.tp, fp=counts.fp, fn=counts.fn, precision=counts.precision,
        recall=counts.recall, f1=counts.f1, paragraphs=judged,
        section_accuracy=right / judged if judged else None, few=counts.support < settings.few,
    )  # fmt: skip


def _judged_spans(p: Pair) -> list[tuple[Entity, Counts]]:
    """Every gold and every wrong predicted span, each with its one count. Doubles count once."""
    gold = {(s.start, s.end, s.label): s for s in p.gold.entities}
    predicted = {(s.start, s.end, s.label): s for s in p.predicted.entities}
    return [(span, Counts(tp=1) if key in predicted else Counts(fn=1)) for key, span in gold.items()] + [
        (span, Counts(fp=1)) for key, span in predicted.items() if key not in gold
    ]


def _of_block(
    block: LabelledBlock,
    reports: Mapping[str, Report],
    sources: Mapping[str, str],
    practice: frozenset[str],
    settings: Slices,
) -> dict[str, str]:
    report = reports.get(block.report)
    about = {
        "section": block.section or "(none)",
        "report": block.report,
        "year": str(report.year) if report and report.year else "(unknown)",
        "level": (report.level if report else None) or "(unknown)",
        "province": (report.province if report else None) or "(unknown)",
        "origin": "practice" if block.report in practice else "real",
        "punctuation": _punctuation(block.text),
        "paragraph": f"over {settings.long}" if len(block.text) > settings.long else f"up to {settings.long}",
    }
    source = sources.get(block.report)
    if source is not None and block.start is not None and block.end is not None:
        about["source text"] = (
            "repaired" if _repaired(block.text, source[block.start : block.end]) else "clean"
        )
    return about


def _repaired(text: str, source: str) -> bool:
    """Whether more than white space had to be changed to get `text` from `source`."""
    return "".join(text.split()) not in "".join(source.split())


def _punctuation(text: str) -> str:
    """Whether commas, colons, brackets and the like are full or half width; numbers' points do not count."""
    wide = sum(
        1 for c in text if unicodedata.east_asian_width(c) == "F" and unicodedata.category(c)[0] == "P"
    )
    narrow = sum(text.count(c) for c in ",;:!?()")
    return "none" if not wide + narrow else "full" if not narrow else "half" if not wide else "mixed"


_LENGTHS = {2: "1–2", 4: "3–4", 8: "5–8", 16: "9–16", sys.maxsize: "17 and more"}


def _of_span(block: LabelledBlock, span: Entity, known: Known) -> dict[str, str]:
    length = next(name for most, name in _LENGTHS.items() if span.end - span.start <= most)
    near = any(
        other is not span and (0 <= other.start - span.end <= 1 or 0 <= span.start - other.end <= 1)
        for other in block.entities
    )
    seen = known.seen(block.report, block.text[span.start : span.end], span.label)
    return {
        "label": span.label,
        "span length": f"{length} characters",
        "in training": "seen" if seen else "new",
        "neighbours": "within one character" if near else "none near",
    }
