"""The scorer: spans on original characters, sections by paragraph, and the paragraphs behind every count.

Spans are half-open [start, end) in characters, so a gold span that some tokenisation cannot express is simply
one that was not found. The order of spans does not matter, and a prediction made twice counts once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from baogao.errors import InputError
from baogao.evaluate.pairs import Pair, pair
from baogao.records import Entity, LabelledBlock
from baogao.spans import Counts

Match = tuple[Entity | None, Entity | None]


class Figures(msgspec.Struct, kw_only=True):
    """Precision, recall, F1 (0 to 1) and the counts behind them. `paragraphs`: for tp, fp and fn one index
    into `Score.ids` a count, in order; empty on sums over labels."""

    precision: float
    recall: float
    f1: float
    tp: int
    fp: int
    fn: int
    support: int
    paragraphs: dict[str, list[int]] = {}


class Scheme(Figures, kw_only=True):
    """Micro figures over all labels, with the macro mean and each label's own figures."""

    macro_precision: float
    macro_recall: float
    macro_f1: float
    labels: dict[str, Figures]


class MucFigures(msgspec.Struct, kw_only=True):
    """MUC counts; incorrect (wrong label) and partial (right label, other edges) count for the gold label.

    Precision is (correct + partial/2) / (correct + incorrect + partial + spurious), recall the same over
    (correct + incorrect + partial + missed). Chinchor and Sundheim, MUC-5 Evaluation Metrics (1993).
    """

    correct: int
    incorrect: int
    partial: int
    missed: int
    spurious: int
    precision: float
    recall: float
    f1: float
    paragraphs: dict[str, list[int]] = {}


class Muc(MucFigures, kw_only=True):
    labels: dict[str, MucFigures]


class Entities(Scheme, kw_only=True):
    """Exact figures at the top (start, end and label are right), the looser readings below.

    label_only: the spans overlap and the label is right. boundary_only: start and end are right, the label
    may be any; a hit counts for the gold label, a miss for the label of the span that missed. overlap: MUC.
    confusion: [gold label or None, predicted label or None, paragraph indices] over aligned spans.
    """

    label_only: Scheme
    boundary_only: Scheme
    overlap: Muc
    confusion: list[tuple[str | None, str | None, list[int]]]


class Sections(msgspec.Struct, kw_only=True):
    """Sections of the paragraphs that have one in gold. macro_f1 is over labels in gold or predicted.
    confusion: [gold, predicted or None, paragraph indices]."""

    accuracy: float
    macro_f1: float
    support: int
    labels: dict[str, Figures]
    confusion: list[tuple[str, str | None, list[int]]]


class Score(msgspec.Struct, kw_only=True):
    """What `score` found. `ids`: the block ids that paragraph indices point to. None where gold has none
    of a kind and nothing was predicted."""

    paragraphs: int
    reports: int
    ner: Entities | None
    sections: Sections | None
    ids: list[str]

    def figure(self, name: str) -> float:
        """A figure by its dotted name: `ner.f1`, `ner.labels.INST.recall`, `sections.accuracy`."""
        return figure(msgspec.to_builtins(self), name)


def figure(result: dict[str, Any], name: str) -> float:
    """The number at a dotted name of a result; labels may hold dots. InputError lists what is there."""
    value: Any = result
    rest = name
    while rest:
        keys = sorted(value, key=len, reverse=True) if isinstance(value, dict) else []
        key = next((key for key in keys if rest == key or rest.startswith(key + ".")), None)
        if key is None:
            known = ", ".join(sorted(value)[:20]) if isinstance(value, dict) else "nothing below"
            raise InputError(f"no figure {name!r}", todo=f"known at this place: {known}")
        value, rest = value[key], rest[len(key) + 1 :]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InputError(f"{name!r} is not a number", todo="name one of its figures, such as ner.f1")
    return value


def score(gold: Sequence[LabelledBlock], predicted: Sequence[LabelledBlock]) -> Score:
    """Score labelled blocks against gold ones of the same ids and texts, in any order.

    Raises InputError where they are not the same paragraphs, and as `pairs.pair` does.
    """
    return score_pairs(pair(gold, predicted))


def score_pairs(pairs: Sequence[Pair]) -> Score:
    """Score paragraphs that are already side by side."""
    return Score(
        paragraphs=sum(p.gold.kind == "paragraph" for p in pairs),
        reports=len({p.gold.report for p in pairs}),
        ner=_entities(pairs),
        sections=_sections(pairs),
        ids=[p.gold.id for p in pairs],
    )


def align(gold: Iterable[Entity], predicted: Iterable[Entity]) -> list[Match]:
    """One-to-one pairs of overlapping spans, then the gold spans left (missed) and the predicted (spurious).

    Best pairs first: same edges and label, same edges, same label, most shared characters, then leftmost;
    so the outcome does not depend on the order of either side. Spans that only touch do not overlap.
    """
    wanted = list({(s.start, s.end, s.label): s for s in gold}.values())
    given = list({(s.start, s.end, s.label): s for s in predicted}.values())
    candidates = []
    for i, one in enumerate(wanted):
        for j, other in enumerate(given):
            shared = min(one.end, other.end) - max(one.start, other.start)
            if shared > 0:
                edges = (one.start, one.end) == (other.start, other.end)
                label = one.label == other.label
                rank = (
                    not (edges and label),
                    not edges,
                    not label,
                    -shared,
                    one.start,
                    other.start,
                    other.end,
                )
                candidates.append((*rank, other.label, i, j))
    matches: list[Match] = []
    taken_gold: set[int] = set()
    taken_predicted: set[int] = set()
    for *_, i, j in sorted(candidates):
        if i not in taken_gold and j not in taken_predicted:
            taken_gold.add(i)
            taken_predicted.add(j)
            matches.append((wanted[i], given[j]))
    matches.sort(key=lambda match: match[0].start if match[0] else 0)
    missed: list[Match] = [(span, None) for i, span in enumerate(wanted) if i not in taken_gold]
    spurious: list[Match] = [(None, span) for j, span in enumerate(given) if j not in taken_predicted]
    return matches + missed + spurious


def ratio(part: float, whole: float) -> float:
    """part / whole, and 0 where there is nothing to divide by."""
    return part / whole if whole else 0.0


class _Tally:
    """Paragraph indices by label and kind of count."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, list[int]]] = {}

    def add(self, label: str, kind: str, paragraph: int) -> None:
        self.found.setdefault(label, {}).setdefault(kind, []).append(paragraph)

    def counts(self, label: str) -> Counts:
        kinds = self.found[label]
        return Counts(*(len(kinds.get(kind, ())) for kind in ("tp", "fp", "fn")))

    def figures(self, label: str) -> Figures:
        paragraphs = {kind: self.found[label].get(kind, []) for kind in ("tp", "fp", "fn")}
        return _figures(self.counts(label), paragraphs)

    def fields(self) -> dict[str, Any]:
        """The fields of a Scheme."""
        labels = {label: self.figures(label) for label in sorted(self.found)}
        micro = sum((self.counts(label) for label in labels), Counts())
        mean = {
            f"macro_{name}": ratio(sum(getattr(f, name) for f in labels.values()), len(labels))
            for name in ("precision", "recall", "f1")
        }
        return msgspec.structs.asdict(_figures(micro, {})) | mean | {"labels": labels}


def _figures(counts: Counts, paragraphs: dict[str, list[int]]) -> Figures:
    return Figures(
        precision=counts.precision, recall=counts.recall, f1=counts.f1, tp=counts.tp, fp=counts.fp,
        fn=counts.fn, support=counts.support, paragraphs=paragraphs,
    )  # fmt: skip


def _entities(pairs: Sequence[Pair]) -> Entities | None:
    exact, label_only, boundary_only, muc = _Tally(), _Tally(), _Tally(), _Tally()
    confusion: dict[tuple[str | None, str | None], list[int]] = {}
    for index, (gold, predicted) in enumerate(pairs):
        for one, other in align(gold.entities, predicted.entities):
            names = (one.label if one else None, other.label if other else None)
            confusion.setdefault(names, []).append(index)
            edges = one is not None and other is not None and (one.start, one.end) == (other.start, other.end)
            for tally, right in (
                (exact, edges and names[0] == names[1]),
                (label_only, names[0] == names[1]),
                (boundary_only, edges),
            ):
                if right and one:
                    tally.add(one.label, "tp", index)
                    continue
                if one:
                    tally.add(one.label, "fn", index)
                if other:
                    tally.add(other.label, "fp", index)
            kind = (
                "spurious" if one is None else "missed" if other is None
                else "incorrect" if names[0] != names[1] else "correct" if edges else "partial"
            )  # fmt: skip
            muc.add((one or other).label, kind, index)  # type: ignore[union-attr]
    if not confusion:
        return None
    order = sorted(
        confusion, key=lambda names: (names[0] is None, names[0] or "", names[1] is None, names[1] or "")
    )
    return Entities(
        **exact.fields(),
        label_only=Scheme(**label_only.fields()),
        boundary_only=Scheme(**boundary_only.fields()),
        overlap=_muc(muc),
        confusion=[(*names, confusion[names]) for names in order],
    )


MUC_KINDS = ("correct", "incorrect", "partial", "missed", "spurious")


def _muc(tally: _Tally) -> Muc:
    labels = {label: MucFigures(**_muc_fields(kinds)) for label, kinds in sorted(tally.found.items())}
    total = {kind: [i for kinds in tally.found.values() for i in kinds.get(kind, [])] for kind in MUC_KINDS}
    return Muc(**(_muc_fields(total) | {"paragraphs": {}}), labels=labels)


def _muc_fields(kinds: dict[str, list[int]]) -> dict[str, Any]:
    paragraphs = {kind: kinds.get(kind, []) for kind in MUC_KINDS}
    correct, incorrect, partial, missed, spurious = (len(paragraphs[kind]) for kind in MUC_KINDS)
    precision = ratio(correct + partial / 2, correct + incorrect + partial + spurious)
    recall = ratio(correct + partial / 2, correct + incorrect + partial + missed)
    return {
        "correct": correct, "incorrect": incorrect, "partial": partial, "missed": missed,
        "spurious": spurious,
        "precision": precision, "recall": recall, "f1": ratio(2 * precision * recall, precision + recall),
        "paragraphs": paragraphs,
    }  # fmt: skip


def _sections(pairs: Sequence[Pair]) -> Sections | None:
    tally = _Tally()
    confusion: dict[tuple[str, str | None], list[int]] = {}
    for index, (gold, predicted) in enumerate(pairs):
        if gold.section is None:
            continue
        confusion.setdefault((gold.section, predicted.section), []).append(index)
        if gold.section == predicted.section:
            tally.add(gold.section, "tp", index)
        else:
            tally.add(gold.section, "fn", index)
            if predicted.section is not None:
                tally.add(predicted.section, "fp", index)
    if not confusion:
        return None
    cells = Counter({names: len(where) for names, where in confusion.items()})
    labels = {label: tally.figures(label) for label in sorted(tally.found)}
    return Sections(
        accuracy=ratio(sum(n for (one, other), n in cells.items() if one == other), cells.total()),
        macro_f1=ratio(sum(f.f1 for f in labels.values()), len(labels)),
        support=cells.total(),
        labels=labels,
        confusion=[
            (*names, confusion[names]) for names in sorted(confusion, key=lambda n: (n[0], n[1] or "~"))
        ],
    )
