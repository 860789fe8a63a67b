"""Paragraphs of the report: gold and prediction laid over one text, worst first."""

from __future__ import annotations

from dataclasses import dataclass, field

from baogao.evaluate.analysis import Analysis
from baogao.evaluate.mistakes import KINDS, Mistake
from baogao.evaluate.pairs import Pair
from baogao.records import Entity

WRONG_SECTION = "wrong section"


@dataclass
class Piece:
    """Characters that share their labels on both sides. `gold_tag` and `predicted_tag` are set on the first
    piece of a span that is wrong, where the page shows a tag."""

    text: str
    gold: str | None
    predicted: str | None
    right: bool
    score: float | None = None
    gold_tag: str | None = None
    predicted_tag: str | None = None


@dataclass
class MistakeView:
    """One error in words."""

    kind: str
    zh: str
    gold: str | None
    gold_label: str | None
    predicted: str | None
    predicted_label: str | None
    score: float | None


@dataclass
class ParagraphView:
    """One paragraph as the page shows it. `tokens`: "label/kind" of each error, what filters look at."""

    id: str
    report: str
    index: int
    path: list[str]
    pieces: list[Piece]
    gold_section: str | None
    predicted_section: str | None
    section_score: float | None
    mistakes: list[MistakeView]
    tokens: list[str] = field(default_factory=list)

    @property
    def wrong_section(self) -> bool:
        return self.gold_section != self.predicted_section

    @property
    def errors(self) -> int:
        return len(self.mistakes) + self.wrong_section


def paragraph_views(main: Analysis) -> list[ParagraphView]:
    """All paragraphs, those with most errors first."""
    by_pair: dict[int, list[Mistake]] = {}
    for mistake in main.mistakes:
        by_pair.setdefault(mistake.pair, []).append(mistake)
    judge_sections = main.result.sections is not None
    views = [
        _view(p, index, by_pair.get(index, []), judge_sections)
        for index, p in enumerate(main.pairs)
        if p.gold.kind == "paragraph"
    ]
    return sorted(views, key=lambda view: (-view.errors, view.index))


def _view(p: Pair, index: int, mistakes: list[Mistake], judge_sections: bool) -> ParagraphView:
    score = p.predicted.section_score
    view = ParagraphView(
        id=p.gold.id, report=p.gold.report, index=index, path=p.gold.path, pieces=pieces(p),
        gold_section=p.gold.section,
        predicted_section=p.predicted.section if judge_sections else p.gold.section,
        section_score=score if isinstance(score, float) else None,
        mistakes=[_mistake_view(p, mistake) for mistake in mistakes],
    )  # fmt: skip
    for mistake in mistakes:
        labels = {span.label for span in (mistake.gold, mistake.predicted) if span}
        view.tokens += [f"{label}/{mistake.kind}" for label in sorted(labels)]
    if view.wrong_section:
        view.tokens += [f"{s}/{WRONG_SECTION}" for s in (view.gold_section, view.predicted_section) if s]
    return view


def _mistake_view(p: Pair, mistake: Mistake) -> MistakeView:
    def quote(span: Entity | None) -> str | None:
        return p.gold.text[span.start : span.end] if span else None

    return MistakeView(
        kind=mistake.kind, zh=KINDS[mistake.kind][0],
        gold=quote(mistake.gold), gold_label=mistake.gold.label if mistake.gold else None,
        predicted=quote(mistake.predicted),
        predicted_label=mistake.predicted.label if mistake.predicted else None,
        score=mistake.predicted.score if mistake.predicted else None,
    )  # fmt: skip


def pieces(p: Pair) -> list[Piece]:
    """The text cut at every edge of a gold or predicted span; the texts of the pieces concatenate to it."""
    text = p.gold.text
    gold, predicted = p.gold.entities, p.predicted.entities
    keys = {(s.start, s.end, s.label) for s in gold} & {(s.start, s.end, s.label) for s in predicted}
    edges = {0, len(text)} | {edge for s in (*gold, *predicted) for edge in (s.start, s.end)}
    ordered = sorted(edges)
    found = []
    for start, end in zip(ordered, ordered[1:], strict=False):
        one, other = _over(gold, start), _over(predicted, start)
        piece = Piece(
            text=text[start:end], gold=one.label if one else None, predicted=other.label if other else None,
            right=one is not None and (one.start, one.end, one.label) in keys,
            score=other.score if other else None,
        )  # fmt: skip
        if one and one.start == start and (one.start, one.end, one.label) not in keys:
            piece.gold_tag = one.label
        if other and other.start == start and (other.start, other.end, other.label) not in keys:
            piece.predicted_tag = other.label
        found.append(piece)
    return found


def _over(spans: list[Entity], at: int) -> Entity | None:
    return next((span for span in spans if span.start <= at < span.end), None)
