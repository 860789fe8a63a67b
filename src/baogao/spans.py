"""Counting spans that agree: the one arithmetic under agreement, training and evaluation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from baogao.records import Entity


@dataclass(frozen=True)
class Counts:
    """True positives, false positives and false negatives; adding two adds each."""

    tp: int = 0
    fp: int = 0
    fn: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    @property
    def precision(self) -> float:
        return self.tp / (self.tp + self.fp) if self.tp + self.fp else 0.0

    @property
    def recall(self) -> float:
        return self.tp / (self.tp + self.fn) if self.tp + self.fn else 0.0

    @property
    def f1(self) -> float:
        """2tp / (2tp + fp + fn), 0 where nothing is there to find."""
        total = 2 * self.tp + self.fp + self.fn
        return 2 * self.tp / total if total else 0.0

    @property
    def support(self) -> int:
        """Spans in gold."""
        return self.tp + self.fn


def exact_counts(gold: Iterable[Entity], predicted: Iterable[Entity]) -> dict[str, Counts]:
    """Counts per label for one text; a span is right when start, end and label are. Duplicates count once."""
    wanted = {(span.start, span.end, span.label) for span in gold}
    given = {(span.start, span.end, span.label) for span in predicted}
    counts: dict[str, Counts] = {}
    for group, found in (
        (wanted & given, Counts(tp=1)),
        (given - wanted, Counts(fp=1)),
        (wanted - given, Counts(fn=1)),
    ):
        for _, _, label in group:
            counts[label] = counts.get(label, Counts()) + found
    return counts


def add_counts(many: Iterable[dict[str, Counts]]) -> dict[str, Counts]:
    """Sum of several texts' counts, label by label."""
    total: dict[str, Counts] = {}
    for counts in many:
        for label, count in counts.items():
            total[label] = total.get(label, Counts()) + count
    return total
