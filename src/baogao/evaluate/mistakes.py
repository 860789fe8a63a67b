"""Errors sorted into kinds by rule, so that one sees what to mend: edges, labels, names or data."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from baogao.evaluate.pairs import Pair
from baogao.evaluate.score import align
from baogao.records import Entity, LabelledBlock
from baogao.workspace import Labels

# kind → Chinese name and what it means. The order is that of tables.
KINDS = {
    "wrong label": ("标签错误", "the right characters under another label"),
    "wrong label and edges": ("标签与边界皆错", "overlaps a gold span of another label"),
    "too short": ("边界偏短", "lies inside the gold span"),
    "too long": ("边界偏长", "holds the gold span and more"),
    "shifted": ("边界错位", "overlaps the gold span and leaves it at one side"),
    "split": ("拆分", "one gold span predicted as several"),
    "merged": ("合并", "several gold spans predicted as one"),
    "missed abbreviation": ("漏标简称", "a short name of an institution (four characters or fewer)"),
    "missed, seen in training": ("漏标(训练中见过)", "training has the same characters with this label"),
    "missed, new": ("漏标(训练中未见)", "training does not have it"),
    "number in a name": ("名称中的数字", "a quantity inside quotation or title marks"),
    "generic name": ("泛称误标", "an institution's name that other labelled text mostly leaves unlabelled"),
    "invented": ("多标", "nothing in gold there"),
}
_ABBREVIATION = 4
_OPENING, _CLOSING = '“‘《〈「『"', '”’》〉」』"'


class Mistake(msgspec.Struct, kw_only=True):
    """One error: index of the pair, kind (a key of KINDS), and what stands on each side."""

    pair: int
    kind: str
    gold: Entity | None = None
    predicted: Entity | None = None


class Known:
    """What training labels, by report held out: surfaces with their labels, and how often a surface stands
    unlabelled in any labelled text."""

    def __init__(
        self, gold: Mapping[str, Sequence[LabelledBlock]], practice: Iterable[LabelledBlock]
    ) -> None:
        self._everywhere: Counter[tuple[str, str]] = Counter()
        self._own: dict[str, Counter[tuple[str, str]]] = {}
        self._blocks = [*practice, *(block for blocks in gold.values() for block in blocks)]
        for block in self._blocks:
            surfaces = [(block.text[s.start : s.end], s.label) for s in block.entities]
            self._everywhere.update(surfaces)
            if block.report in gold:
                self._own.setdefault(block.report, Counter()).update(surfaces)
        self._bare: dict[str, int] = {}

    def seen(self, report: str, surface: str, label: str) -> bool:
        """Whether training without `report` labels `surface` so."""
        key = (surface, label)
        return self._everywhere[key] > self._own.get(report, Counter())[key]

    def mostly_bare(self, surface: str, label: str) -> bool:
        """Whether `surface` stands outside all spans more often than it is labelled, and more than once: the
        place of a mistake is one such place itself."""
        if surface not in self._bare:
            self._bare[surface] = sum(_bare_count(block, surface) for block in self._blocks)
        return self._bare[surface] > max(1, self._everywhere[surface, label])


def _bare_count(block: LabelledBlock, surface: str) -> int:
    found, at = 0, block.text.find(surface)
    while at >= 0:
        end = at + len(surface)
        found += all(span.end <= at or end <= span.start for span in block.entities)
        at = block.text.find(surface, end)
    return found


def find_mistakes(pairs: Sequence[Pair], known: Known, labels: Labels) -> list[Mistake]:
    """Every wrong span of `pairs`, in their order. A predicted and a gold span that belong to one error
    (wrong label, wrong edges) are one mistake."""
    values = {label.name: label.value for label in labels.entity}
    found = []
    for index, p in enumerate(pairs):
        over_gold, over_predicted = _overlaps(p)
        for gold, predicted in align(p.gold.entities, p.predicted.entities):
            kind = _kind(p, gold, predicted, over_gold, over_predicted, known, values)
            if kind:
                found.append(Mistake(pair=index, kind=kind, gold=gold, predicted=predicted))
    return found


def _overlaps(p: Pair) -> tuple[dict[tuple, int], dict[tuple, int]]:
    """How many spans of the other side each gold and each predicted span overlaps."""
    over_gold: dict[tuple, int] = defaultdict(int)
    over_predicted: dict[tuple, int] = defaultdict(int)
    for one in p.gold.entities:
        for other in p.predicted.entities:
            if min(one.end, other.end) > max(one.start, other.start):
                over_gold[one.start, one.end] += 1
                over_predicted[other.start, other.end] += 1
    return over_gold, over_predicted


def _kind(
    p: Pair,
    gold: Entity | None,
    predicted: Entity | None,
    over_gold: Mapping[tuple, int],
    over_predicted: Mapping[tuple, int],
    known: Known,
    values: Mapping[str, str | None],
) -> str | None:
    """The kind of one aligned pair, None where it is right."""
    if gold and predicted:
        return _kind_of_two(gold, predicted, over_gold, over_predicted)
    text = p.gold.text
    if gold:
        surface = text[gold.start : gold.end]
        if over_gold.get((gold.start, gold.end)):
            return "merged"
        if values.get(gold.label) == "institution" and len(surface) <= _ABBREVIATION:
            return "missed abbreviation"
        return "missed, seen in training" if known.seen(p.gold.report, surface, gold.label) else "missed, new"
    assert predicted is not None
    if over_predicted.get((predicted.start, predicted.end)):
        return "split"
    value, surface = values.get(predicted.label), text[predicted.start : predicted.end]
    if value == "quantity" and _quoted(text, predicted):
        return "number in a name"
    if value == "institution" and known.mostly_bare(surface, predicted.label):
        return "generic name"
    return "invented"


def _kind_of_two(
    gold: Entity, predicted: Entity, over_gold: Mapping[tuple, int], over_predicted: Mapping[tuple, int]
) -> str | None:
    if (gold.start, gold.end) == (predicted.start, predicted.end):
        return None if gold.label == predicted.label else "wrong label"
    if over_gold[gold.start, gold.end] > 1:
        return "split"
    if over_predicted[predicted.start, predicted.end] > 1:
        return "merged"
    if gold.label != predicted.label:
        return "wrong label and edges"
    if gold.start <= predicted.start and predicted.end <= gold.end:
        return "too short"
    if predicted.start <= gold.start and gold.end <= predicted.end:
        return "too long"
    return "shifted"


def _quoted(text: str, span: Entity) -> bool:
    """Whether an opening mark before the span is still open, within the sentence."""
    before = text[max(0, span.start - 30) : span.start].rpartition("。")[2]
    after = text[span.end : span.end + 30].partition("。")[0]
    opened = max(before.rfind(mark) for mark in _OPENING)
    closed = max(before.rfind(mark) for mark in _CLOSING)
    return opened > closed and any(mark in after for mark in _CLOSING)
