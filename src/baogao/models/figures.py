"""Figures of a report: one row for each quantity, with what is counted, by whom and in which sentence.

What is counted is a heuristic, not a model. Of the clause around the figure (between commas, brackets and
other figures) it takes what stands before and after the figure, less words that only lead to it (共, 累计, 达
…), less the predicate after a counted noun (…部门<开展督察>) and less the institution that begins it, which
is the body; in a list (26.5%、34.2%) where nothing is left, the head of the clause, else the clause before,
else the indicator of the figure before. tests/models/indicators.jsonl holds what three of the reference
reports should give, and evaluate/bench_values.py counts it.
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
    of a range. `body` is the institution that begins the figure's clause, else the one named last before it
    in its sentence (full name where known), but none where that is only a place or a receiver (在武汉大学,
    向区人大) or the writer speaks of itself since (我区). `document` is the one named last. `score` only for
    predictions. `start`, `end` in the text of `block`."""

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
    subjects: dict[int, Entity] = {}  # the institution that a clause begins with
    bodies: dict[int, str] = {}
    sentence, body, document = -1, None, None
    for entity in entities:
        if (here := _at(sentences, entity)) != sentence:
            sentence, body, document = here, None, None
        kind, clause = kinds.get(entity.label), _at(clauses, entity)
        written = text[entity.start : entity.end]
        if kind == "quantity":
            by_clause.setdefault(clause, []).append(entity)
            if _ITSELF.match(text, clauses[clause][0]):
                body = None
            named[entity.start] = (bodies.get(clause, body), document)
        elif (
            kind == "institution" and clause not in bodies and not _RECEIVER.search(text[: entity.start][-1:])
        ):
            body = read_institution(written, place).full_name or written
            if not text[clauses[clause][0] : entity.start].strip() and _ACTS.match(text, entity.end):
                subjects[clause], bodies[clause] = entity, body
        elif kind == "document":
            document = written
    for index, subject in subjects.items():
        clauses[index] = (subject.end, clauses[index][1])
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
# A receiver or a place of doing, a clause on the writer's own area, and how an institution goes on that acts.
_RECEIVER = re.compile("[在向赴于]$")
_ITSELF = re.compile("(?:今年|目前)?[我全本][省市县区州旗乡镇局院]")
_ACTS = re.compile(
    "共(?![享同建治青])|累计|已|全年|年内|先后|主动|牵头|联合(?!会)|组织|指导|推动|依法|带头|审|办理|受理|收到|接[待到]"
    "|[召打]开|开展|举办|参加|完成|出台|制定|印发|聘|选派|[成设建]立|发[布放]|调[处解]|排查|化解|检查|查处"
)
_DURATION = re.compile("(?:年|个月|周|天|日|小时|分钟)$")
_RANKED = re.compile(".*(?:位列|位居|名列|排名|列居)")
_JOINT = re.compile("以及|[、和及与]")
_LEADING = re.compile(
    "^(?:[、和及与并]|以及|通过(?!率)|发挥|确保|截至.{0,8}?[底日月前]|目前|今年|全年|年内|[0-9]{4}年(?:度|以来)?"
    "|(?:[0-9]+[-—至])?[0-9]+月底?|[一二三四五六七八九十]+是|累计|共计|共(?![享同建治青])|现[有已]|已经|已|其中|同时|分别)"
)
_TRAILING = re.compile(
    "(?:总计|合计|累计|分别|连续|持续|保持|同比|达到|降至|升至|降为|增至|共计|共有|还有|(?<!公)共|(?<![到表传])达"
    "|(?<![行作])为|(?<![所拥具])有|(?<![平人])均|了|的|[、和及与])$"
)
_PREPOSITION = re.compile("(?:(?<![行作])为|对|(?<!存)在|从|向|将)$")
_ABOUT = re.compile("^[对从为在]")
_ALTOGETHER = re.compile("(?<=[^公中一总])共(?![享同建治青产识和存性])")
_PREDICATE = re.compile(
    "开展|进行|出台|并(?![购网联])|参加|参训|参与|全部|实现|保持|予以|联合(?!会)|纳入|完成|入选|作为|的(?=.{1,6}率)|被|(?<![平人])均"
    "|(?<!公)共(?![享同建治青])|(?<![行作])为|(?<!存)在|(?<![高初其集])中(?![心国央小学级介医队等])"
)


def _indicator(text: str, clauses: list[tuple[int, int]], index: int, inside: list[Entity], turn: int) -> str:
    """The indicator phrase of quantity `turn` of those `inside` clause `index`; empty where only the figure
    before has one."""
    this = inside[turn]
    clause, until = clauses[index]
    after = text[this.end : inside[turn + 1].start if turn + 1 < len(inside) else until]
    after = _noun(after, whole=bool(_DURATION.search(text[this.start : this.end])))
    before = text[inside[turn - 1].end if turn else clause : this.start]
    if turn:
        before = _own(before, after)
    rank = text[this.start] in "第前"
    if not rank:
        before = _RANKED.sub("", before)
    phrase = _trim(_trim(_PREPOSITION.sub("", before)) + after)
    if after or rank:
        phrase = _ABOUT.sub("", phrase)  # 对城市更新等7项决策进行审查: the counted is 城市更新等决策
    if len(phrase) > 1 and not (turn and text[this.start] == "第"):
        return _ALTOGETHER.sub("", phrase)
    if turn:
        return _trim(text[clause : inside[0].start])
    return phrase or (_trim(text[slice(*clauses[index - 1])]) if index else "")


def _noun(after: str, *, whole: bool) -> str:
    """The counted noun that follows a figure, without its predicate and without the next item of a list; all
    of it where `whole`: after a duration stands what lasted."""
    if _JOINT.match(after) or after.startswith("内"):
        return ""
    if whole:
        return _trim(after)
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
