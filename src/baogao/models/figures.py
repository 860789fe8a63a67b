"""Figures of a report: one row for each quantity, with what is counted, by whom and in which sentence.

What is counted is a heuristic, not a model. Of the clause around the figure (between commas, brackets and
other figures) it takes what stands before and after the figure, less words that only lead to it (共, 累计, 达
…) and less the predicate after a counted noun (…部门<开展督察>); in a list (26.5%、34.2%) where nothing is
left, the head of the clause, else the clause before, else the indicator of the figure before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from baogao.models.institutions import Institution, Place, read_place
from baogao.models.quantities import read_quantity
from baogao.models.values import read_value
from baogao.records import Entity, LabelledBlock, Report
from baogao.workspace import ValueKind


class Figure(msgspec.Struct, kw_only=True):
    """A row of the table. `value` in `base_unit` for computing, `text` as printed; `high_value` the upper end
    of a range. `body` is the institution named last before the figure in its sentence (full name where
    known), `document` likewise. `score` only for predictions. `start`, `end` in the text of `block`."""

    report: str
    year: int | None
    place: str | None
    section: str | None
    indicator: str
    text: str
    number: float | None
    unit: str | None
    comparator: str | None
    approximate: bool | None
    value: float | None
    high_value: float | None
    base_unit: str | None
    body: str | None
    document: str | None
    sentence: str
    block: str
    start: int
    end: int
    score: float | None = None


def figures(
    blocks: Iterable[LabelledBlock],
    kinds: Mapping[str, ValueKind],
    reports: Mapping[str, Report] | None = None,
) -> list[Figure]:
    """A row for each quantity of `blocks`, in order. `kinds` says which labels are quantities, institutions
    and documents (baogao.models.values.value_kinds); `reports`, by id, give year and place."""
    return [row for block in blocks for row in _rows(block, kinds, (reports or {}).get(block.report))]


_SENTENCE_END = re.compile("([。!?!?]+[”」』))]*)")


def _rows(block: LabelledBlock, kinds: Mapping[str, ValueKind], report: Report | None) -> Iterator[Figure]:
    place = read_place(report) if report else Place()
    entities = sorted(block.entities, key=lambda entity: entity.start)
    quantities = [entity for entity in entities if kinds.get(entity.label) == "quantity"]
    sentences = _sentences(block.text, entities)
    indicator = ""
    for index, entity in enumerate(quantities):
        start, end = next((s, e) for s, e in sentences if entity.start < e)
        near = [other for other in entities if start <= other.start and other.end <= entity.start]
        indicator = _indicator(block.text, entities, quantities, index) or indicator
        text = block.text[entity.start : entity.end]
        quantity = read_quantity(text)
        yield Figure(
            report=block.report,
            year=report.year if report else None,
            place=place.lowest(),
            section=block.section,
            indicator=indicator,
            text=text,
            number=quantity.number if quantity else None,
            unit=quantity.unit if quantity else None,
            comparator=quantity.comparator if quantity else None,
            approximate=quantity.approximate if quantity else None,
            value=quantity.value if quantity else None,
            high_value=quantity.high_value if quantity else None,
            base_unit=quantity.base_unit if quantity else None,
            body=_last(block.text, near, kinds, "institution", place),
            document=_last(block.text, near, kinds, "document", place),
            sentence=block.text[start:end].strip(),
            block=block.id,
            start=entity.start,
            end=entity.end,
            score=entity.score,
        )


def _last(
    text: str, near: list[Entity], kinds: Mapping[str, ValueKind], kind: ValueKind, place: Place
) -> str | None:
    for entity in reversed(near):
        if kinds.get(entity.label) == kind:
            written = text[entity.start : entity.end]
            value = read_value(written, kind, place)
            return value.full_name or written if isinstance(value, Institution) else written
    return None


def _marks(pattern: re.Pattern[str], text: str, entities: list[Entity]) -> list[tuple[int, int]]:
    """Where the group of `pattern` stands outside of entities (a title may hold a comma)."""
    found = [match.span(1) for match in pattern.finditer(text) if match[1]]
    return [(s, e) for s, e in found if not any(x.start <= s and e <= x.end for x in entities)]


def _sentences(text: str, entities: list[Entity]) -> list[tuple[int, int]]:
    """[start, end) of the sentences; together they are the whole text."""
    ends = [end for _, end in _marks(_SENTENCE_END, text, entities)]
    ends = [end for end in ends if end < len(text)] + [len(text)]
    return list(zip([0, *ends[:-1]], ends, strict=True))


# Brackets of a few characters belong to the noun before them: 镇(街道), 县(市、区).
_CLAUSE_MARK = re.compile("[((][^()()0-9]{1,6}[))]|([,。;:!?,;:!?()()—])")
_JOINT = re.compile("以及|[、和及与]")
_LEADING = re.compile(
    "^(?:[、和及与并]|以及|截至.{0,8}?[底日月前]|目前|今年|全年|年内|[0-9]{4}年(?:度|以来)?"
    "|(?:[0-9]+[-—至])?[0-9]+月底?|[一二三四五六七八九十]+是|累计|共计|共(?![享同建治青])|现[有已]|已经|已|其中|同时|分别)"
)
_TRAILING = re.compile(
    "(?:总计|合计|累计|分别|连续|持续|保持|同比|达到|降至|升至|降为|增至|共计|共有|(?<!公)共|(?<![到表传])达"
    "|(?<![行作])为|(?<![所拥具])有|(?<![平人])均|了|[、和及与])$"
)
_PREPOSITION = re.compile("(?:(?<![行作])为|对|(?<!存)在|从|向|将)$")
_PREDICATE = re.compile(
    "开展|进行|参加|参训|参与|全部|实现|保持|予以|联合(?!会)|纳入|完成|入选|作为|的(?=.{1,6}率)|被|(?<![平人])均"
    "|(?<!公)共(?![享同建治青])|(?<![行作])为|(?<!存)在|(?<![高初其集])中(?![心国央小学级介医队等])"
)


def _indicator(text: str, entities: list[Entity], quantities: list[Entity], index: int) -> str:
    """The indicator phrase of quantity `index`, empty where only the figure before has one."""
    this = quantities[index]
    marks = _marks(_CLAUSE_MARK, text, entities)
    clause = max((end for _, end in marks if end <= this.start), default=0)
    until = min((start for start, _ in marks if start >= this.end), default=len(text))
    inside = [q for q in quantities if clause <= q.start and q.end <= until]
    earlier = [q.end for q in inside if q.end <= this.start]
    later = [q.start for q in inside if q.start >= this.end]
    after = _noun(text[this.end : min(later, default=until)])
    before = text[max(earlier, default=clause) : this.start]
    if earlier:
        before = _own(before, after)
    before = _PREPOSITION.sub("", before)
    phrase = _trim(_trim(before) + after)
    if len(phrase) > 1 and not (earlier and text[this.start] == "第"):
        return phrase
    if earlier:
        return _trim(text[clause : inside[0].start])
    previous = [span for span in marks if span[1] <= clause]
    if phrase or not previous:
        return phrase
    begin = max((end for _, end in previous[:-1]), default=0)
    return _trim(text[begin : previous[-1][0]])


def _noun(after: str) -> str:
    """The counted noun that follows a figure, without its predicate and without the next item of a list."""
    if _JOINT.match(after) or after.startswith("内"):
        return ""
    predicate = _PREDICATE.search(after)
    return _trim(after[: predicate.start()] if predicate else after)


def _own(between: str, after: str) -> str:
    """Of the words between two figures of a clause, those that lead to the second; the rest is the noun
    of the first."""
    if _JOINT.search(between):
        return _after_last(_JOINT, between)
    if after or _PREPOSITION.search(between):
        return ""
    return _after_last(_PREDICATE, _trim(between))


def _after_last(pattern: re.Pattern[str], text: str) -> str:
    ends = [match.end() for match in pattern.finditer(text)]
    return text[ends[-1] :] if ends else text


def _trim(phrase: str) -> str:
    """Without words at either end that say nothing of what is counted."""
    phrase = phrase.strip()
    while shorter := _LEADING.search(phrase) or _TRAILING.search(phrase):
        phrase = (phrase[: shorter.start()] + phrase[shorter.end() :]).strip()
    return phrase
