"""Figures of a report: one row for each quantity, with what is counted, by whom and in which sentence.

What is counted is a heuristic, not a model. Of the clause around the figure (between commas, brackets and
other figures) it takes what stands before and after the figure, less words that only lead to it (共, 累计, 达
…) and less the predicate after a counted noun (…部门<开展督察>); in a list (26.5%、34.2%) where nothing is
left, the head of the clause, else the clause before, else the indicator of the figure before.
"""

from __future__ import annotations

import bisect
import re
import sys
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from baogao.models.institutions import Place, read_institution, read_place
from baogao.models.quantities import read_quantity
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


def _rows(block: LabelledBlock, kinds: Mapping[str, ValueKind], report: Report | None) -> Iterator[Figure]:
    text = block.text
    place = read_place(report) if report else Place()
    entities = sorted(block.entities, key=lambda entity: entity.start)
    sentences = _between(_SENTENCE_END, text, entities, keep=True)
    clauses = _between(_CLAUSE_MARK, text, entities)
    by_clause: dict[int, list[Entity]] = {}
    named: dict[int, tuple[str | None, str | None]] = {}  # body and document by where a quantity starts
    sentence, body, document = -1, None, None
    for entity in entities:
        if (here := _at(sentences, entity)) != sentence:
            sentence, body, document = here, None, None
        kind = kinds.get(entity.label)
        if kind == "quantity":
            by_clause.setdefault(_at(clauses, entity), []).append(entity)
            named[entity.start] = (body, document)
        elif kind == "institution":
            written = text[entity.start : entity.end]
            body = read_institution(written, place).full_name or written
        elif kind == "document":
            document = text[entity.start : entity.end]
    indicator = ""
    for index, inside in sorted(by_clause.items()):
        for turn, entity in enumerate(inside):
            indicator = _indicator(text, clauses, index, inside, turn) or indicator
            body, document = named[entity.start]
            start, end = sentences[_at(sentences, entity)]
            start, end = max(start, entity.start - _LONGEST), min(end, entity.end + _LONGEST)
            written = text[entity.start : entity.end]
            quantity = read_quantity(written)
            yield Figure(
                report=block.report,
                year=report.year if report else None,
                place=place.lowest(),
                section=block.section,
                indicator=indicator[-_LONGEST:],
                text=written,
                number=quantity.number if quantity else None,
                unit=quantity.unit if quantity else None,
                comparator=quantity.comparator if quantity else None,
                approximate=quantity.approximate if quantity else None,
                value=quantity.value if quantity else None,
                high_value=quantity.high_value if quantity else None,
                base_unit=quantity.base_unit if quantity else None,
                body=body,
                document=document,
                sentence=text[start:end].strip(),
                block=block.id,
                start=entity.start,
                end=entity.end,
                score=entity.score,
            )


def _between(
    marks: re.Pattern[str], text: str, entities: list[Entity], *, keep: bool = False
) -> list[tuple[int, int]]:
    """[start, end) of the pieces between the marks (group 1 of the pattern), in order; `keep` leaves a mark
    at the end of the piece before it. A mark within an entity, like the comma of a title, divides nothing."""
    starts = [entity.start for entity in entities]
    pieces, at = [], 0
    for match in marks.finditer(text):
        before = bisect.bisect_right(starts, match.start(1)) - 1
        if not match[1] or (before >= 0 and match.end(1) <= entities[before].end):
            continue
        pieces.append((at, match.end(1) if keep else match.start(1)))
        at = match.end(1)
    return [*pieces, (at, len(text))]


def _at(pieces: list[tuple[int, int]], entity: Entity) -> int:
    """The piece that an entity begins in."""
    return bisect.bisect_right(pieces, (entity.start, sys.maxsize)) - 1


_LONGEST = 400  # characters of an indicator, and of a sentence on either side of its figure
_SENTENCE_END = re.compile("([。!?!?]+[”」』))]*)")
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


def _indicator(text: str, clauses: list[tuple[int, int]], index: int, inside: list[Entity], turn: int) -> str:
    """The indicator phrase of quantity `turn` of those `inside` clause `index`; empty where only the figure
    before has one."""
    this = inside[turn]
    clause, until = clauses[index]
    after = _noun(text[this.end : inside[turn + 1].start if turn + 1 < len(inside) else until])
    before = text[inside[turn - 1].end if turn else clause : this.start]
    if turn:
        before = _own(before, after)
    phrase = _trim(_trim(_PREPOSITION.sub("", before)) + after)
    if len(phrase) > 1 and not (turn and text[this.start] == "第"):
        return phrase
    if turn:
        return _trim(text[clause : inside[0].start])
    return phrase or (_trim(text[slice(*clauses[index - 1])]) if index else "")


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
