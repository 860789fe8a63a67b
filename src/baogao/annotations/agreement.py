"""How far two or more annotators agree, on spans and on sections, with intervals that resample reports.

Only paragraphs that both of a pair labelled are compared. With more than two annotators span counts and
confusions are summed over pairs, Cohen's kappa is the mean over pairs weighted by shared paragraphs (Light,
Psychological Bulletin 76, 1971), and Krippendorff's alpha takes all at once and allows for gaps.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import numpy.typing as npt

from baogao.errors import InputError
from baogao.records import Entity, LabelledBlock
from baogao.resampling import bootstrap_interval
from baogao.spans import Counts, add_counts, exact_counts

ALL = "all"
Confusions = Counter[tuple[str, str]]
Numbers = npt.NDArray[np.float64]
Passes = Mapping[str, Mapping[str, LabelledBlock]]  # annotator → block id → block
NOTHING = "–"


@dataclass(frozen=True)
class Figure:
    """A value with its 95% interval; None where it is not defined (no spans, or one label only)."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class SpanAgreement:
    """F1 between annotators (neither is gold: F1 is the same both ways) and the spans each side has."""

    exact: Figure
    overlap: Figure
    spans: tuple[int, int]


@dataclass(frozen=True)
class Disagreement:
    """One paragraph of one pair: spans only one has, as (label, text), and the two sections."""

    id: str
    annotators: tuple[str, str]
    text: str
    only_first: list[tuple[str, str]]
    only_second: list[tuple[str, str]]
    sections: tuple[str | None, str | None]

    @property
    def size(self) -> int:
        return len(self.only_first) + len(self.only_second) + (self.sections[0] != self.sections[1])


@dataclass(frozen=True)
class Agreement:
    """The result of `agreement`. `spans` by label and "all"; confusions are (first, second) → count, "–"
    where the other has nothing there; `disagreements` the worst first."""

    annotators: list[str]
    reports: int
    paragraphs: int
    spans: dict[str, SpanAgreement]
    position: Figure
    label_where_position_agrees: Figure
    section_agreement: Figure
    section_kappa: Figure
    section_alpha: Figure
    section_confusions: Confusions
    entity_confusions: Confusions
    disagreements: list[Disagreement] = field(default_factory=list)


def agreement(passes: Passes, *, samples: int = 1000, seed: int = 0) -> Agreement:
    """Compare the passes of two or more annotators.

    Raises InputError where there are fewer than two, no shared paragraph, or two texts under one id.
    """
    if len(passes) < 2:
        raise InputError("agreement needs two annotators or more", todo="name two folders")
    pairs = list(_pairs(passes))
    if not pairs:
        raise InputError(
            f"{', '.join(passes)} share no labelled paragraph",
            todo="give some paragraphs to two annotators, who confirm them, or add --unconfirmed",
        )
    by_report: dict[str, _Tally] = {}
    for names, first, second in pairs:
        by_report.setdefault(first.report, _Tally()).add_pair(names, first, second)
    for key in sorted({first.id for _, first, _ in pairs}):
        blocks = [blocks[key] for blocks in passes.values() if key in blocks]
        by_report[blocks[0].report].add_unit([block.section for block in blocks])
    tallies = list(by_report.values())
    labels = sorted({label for tally in tallies for label in tally.exact})
    sections = sorted({name for tally in tallies for pair in tally.coincidences for name in pair})
    annotators = sorted({names for tally in tallies for names in tally.sections})

    def figure(rows: Sequence[Numbers], of_sum: Callable[[Numbers], float]) -> Figure:
        """`of_sum` of what the reports' rows add up to, and its interval."""
        value = of_sum(np.sum(rows, axis=0))
        if math.isnan(value):
            return Figure(None)
        interval = bootstrap_interval(
            rows, lambda chosen: of_sum(np.sum(chosen, axis=0)), samples=samples, seed=seed
        )
        return Figure(value, *interval)

    def span_agreement(label: str) -> SpanAgreement:
        exact = [_row(tally.exact, label) for tally in tallies]
        right, extra, missed = np.sum(exact, axis=0).astype(int)
        return SpanAgreement(
            exact=figure(exact, _f1),
            overlap=figure([_row(tally.overlap, label) for tally in tallies], _f1),
            spans=(int(right + missed), int(right + extra)),
        )

    places = [_row({ALL: tally.position}, ALL) for tally in tallies]
    same = [np.array([_row(tally.exact, ALL)[0], tally.position.tp]) for tally in tallies]
    shape = (len(annotators), len(sections), len(sections))
    tables = [
        np.array([_matrix(tally.sections.get(names, {}), sections) for names in annotators]).reshape(shape)
        for tally in tallies
    ]
    return Agreement(
        annotators=list(passes),
        reports=len(tallies),
        paragraphs=len({first.id for _, first, _ in pairs}),
        spans={label: span_agreement(label) for label in [*labels, ALL]},
        position=figure(places, _f1),
        label_where_position_agrees=figure(same, lambda pair: _share(*pair)),
        section_agreement=figure(tables, lambda t: _share(np.trace(t, axis1=1, axis2=2).sum(), t.sum())),
        section_kappa=figure(tables, _mean_kappa),
        section_alpha=figure([_matrix(tally.coincidences, sections) for tally in tallies], _alpha),
        section_confusions=_sum(c for t in tallies for c in t.sections.values()),
        entity_confusions=_sum(t.entities for t in tallies),
        disagreements=sorted(
            (d for t in tallies for d in t.disagreements), key=lambda d: (-d.size, d.id, d.annotators)
        ),
    )


def cohen_kappa(confusion: Mapping[tuple[str, str], float]) -> float:
    """Cohen's kappa of a table (first label, second label) → count; nan where both use one label only.

    Cohen, Educational and Psychological Measurement 20 (1960).

    >>> round(cohen_kappa({("yes", "yes"): 20, ("yes", "no"): 5, ("no", "yes"): 10, ("no", "no"): 15}), 2)
    0.4
    """
    return _kappa(_matrix(confusion, sorted({label for pair in confusion for label in pair})))


def krippendorff_alpha(units: Iterable[Sequence[str | None]]) -> float:
    """Krippendorff's alpha for nominal labels; each unit holds one label per annotator, None where missing.

    Krippendorff, Computing Krippendorff's Alpha-Reliability (2011). nan where only one label is used.
    """
    coincidences = _sum(_coincidences(unit) for unit in units)
    return _alpha(_matrix(coincidences, sorted({label for pair in coincidences for label in pair})))


def _matrix(table: Mapping[tuple[str, str], float], labels: Sequence[str]) -> Numbers:
    """The table as an array (len(labels), len(labels))."""
    place = {label: index for index, label in enumerate(labels)}
    matrix = np.zeros((len(labels), len(labels)))
    for (left, right), count in table.items():
        matrix[place[left], place[right]] += count
    return matrix


def _kappa(matrix: Numbers) -> float:
    total = matrix.sum()
    if not total:
        return math.nan
    expected = float(matrix.sum(axis=0) @ matrix.sum(axis=1)) / total**2
    return (
        math.nan if math.isclose(expected, 1) else float((matrix.trace() / total - expected) / (1 - expected))
    )


def _alpha(coincidences: Numbers) -> float:
    totals = coincidences.sum(axis=0)
    everything = totals.sum()
    expected = everything**2 - (totals**2).sum()
    if math.isclose(expected, 0):
        return math.nan
    return float(1 - (everything - 1) * (everything - coincidences.trace()) / expected)


def _mean_kappa(tables: Numbers) -> float:
    """Mean of the pairs' kappas, weighted by their paragraphs. tables: (pairs, sections, sections)."""
    weighted = weights = 0.0
    for table in tables:
        kappa = _kappa(table)
        if not math.isnan(kappa):
            weighted, weights = weighted + kappa * table.sum(), weights + table.sum()
    return weighted / weights if weights else math.nan


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else math.nan


def _row(counts: Mapping[str, Counts], label: str) -> Numbers:
    """[tp, fp, fn] of a label, or of all."""
    chosen = counts.values() if label == ALL else [counts.get(label, Counts())]
    return np.array([[c.tp, c.fp, c.fn] for c in chosen] or [[0, 0, 0]], dtype=float).sum(axis=0)


def _f1(row: Numbers) -> float:
    """nan where neither has a span, so that such a resample does not count as disagreement."""
    right, extra, missed = row
    return _share(2 * right, 2 * right + extra + missed)


def overlap_counts(first: Sequence[Entity], second: Sequence[Entity]) -> dict[str, Counts]:
    """Counts per label where spans of one label agree if they share a character, each used once.

    Spans of one side do not overlap, so pairing from left to right finds the most pairs.
    """
    counts: dict[str, Counts] = {}
    for label in {span.label for span in (*first, *second)}:
        left = sorted((s.start, s.end) for s in first if s.label == label)
        right = sorted((s.start, s.end) for s in second if s.label == label)
        paired = i = j = 0
        while i < len(left) and j < len(right):
            if left[i][0] < right[j][1] and right[j][0] < left[i][1]:
                paired, i, j = paired + 1, i + 1, j + 1
            elif left[i][1] <= right[j][0]:
                i += 1
            else:
                j += 1
        counts[label] = Counts(paired, len(right) - paired, len(left) - paired)
    return counts


def entity_confusions(first: Sequence[Entity], second: Sequence[Entity]) -> Confusions:
    """(label of the first, label of the second) for spans that share a character, every such pair; a span
    that meets nothing of the other side is paired with "–"."""
    found: Confusions = Counter()
    met: set[int] = set()
    for left in first:
        others = [k for k, right in enumerate(second) if left.start < right.end and right.start < left.end]
        met.update(others)
        found.update((left.label, second[k].label) for k in others)
        if not others:
            found[left.label, NOTHING] += 1
    found.update((NOTHING, right.label) for k, right in enumerate(second) if k not in met)
    return found


@dataclass
class _Tally:
    """What one report adds to every figure; all of it sums over reports."""

    exact: dict[str, Counts] = field(default_factory=dict)
    overlap: dict[str, Counts] = field(default_factory=dict)
    position: Counts = Counts()
    sections: dict[tuple[str, str], Confusions] = field(default_factory=dict)
    coincidences: Counter[tuple[str, str]] = field(default_factory=Counter)
    entities: Confusions = field(default_factory=Counter)
    disagreements: list[Disagreement] = field(default_factory=list)

    def add_pair(self, names: tuple[str, str], first: LabelledBlock, second: LabelledBlock) -> None:
        self.exact = add_counts([self.exact, exact_counts(first.entities, second.entities)])
        self.overlap = add_counts([self.overlap, overlap_counts(first.entities, second.entities)])
        places = [{(span.start, span.end) for span in block.entities} for block in (first, second)]
        self.position += Counts(
            len(places[0] & places[1]), len(places[1] - places[0]), len(places[0] - places[1])
        )
        self.entities += entity_confusions(first.entities, second.entities)
        if first.section is not None and second.section is not None:
            self.sections.setdefault(names, Counter())[first.section, second.section] += 1
        found = _disagreement(names, first, second)
        if found.size:
            self.disagreements.append(found)

    def add_unit(self, sections: Sequence[str | None]) -> None:
        self.coincidences += _coincidences(sections)


def _pairs(passes: Passes) -> Iterable[tuple[tuple[str, str], LabelledBlock, LabelledBlock]]:
    for names in combinations(passes, 2):
        first, second = (passes[name] for name in names)
        for key, block in first.items():
            if block.kind == "paragraph" and key in second:
                if block.text != second[key].text:
                    raise InputError(
                        f"{names[0]} and {names[1]} have different texts for block {key!r}",
                        field="text", todo="pull both again, so that they are on the same text",
                    )  # fmt: skip
                yield names, block, second[key]


def _disagreement(names: tuple[str, str], first: LabelledBlock, second: LabelledBlock) -> Disagreement:
    spans = [{(s.start, s.end, s.label) for s in block.entities} for block in (first, second)]

    def only(mine: set[tuple[int, int, str]], other: set[tuple[int, int, str]]) -> list[tuple[str, str]]:
        return [(label, first.text[start:end]) for start, end, label in sorted(mine - other)]

    return Disagreement(
        first.id, names, first.text, only(*spans), only(*spans[::-1]), (first.section, second.section)
    )


def _coincidences(unit: Sequence[str | None]) -> Counter[tuple[str, str]]:
    values = [value for value in unit if value is not None]
    found: Counter[tuple[str, str]] = Counter()
    for i, left in enumerate(values):
        for k, right in enumerate(values):
            if i != k:
                found[left, right] += 1 / (len(values) - 1)  # type: ignore[assignment]
    return found


def _sum(many: Iterable[Counter[tuple[str, str]]]) -> Counter[tuple[str, str]]:
    total: Counter[tuple[str, str]] = Counter()
    for one in many:
        total.update(one)
    return total
