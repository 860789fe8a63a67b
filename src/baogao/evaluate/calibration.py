"""Whether scores mean what they say: of spans scored 0.8, four in five should be right."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from baogao.evaluate.pairs import Pair

BINS = 10


class Bin(msgspec.Struct, kw_only=True):
    """Predictions scored within [low, high): how many, their mean score and the share that is right."""

    low: float
    high: float
    count: int
    score: float
    accuracy: float


class Calibration(msgspec.Struct, kw_only=True):
    """Bins that hold something, and the expected calibration error: the mean gap between score and accuracy,
    weighted by count (Naeini, Cooper and Hauskrecht, AAAI 2015)."""

    bins: list[Bin]
    error: float
    count: int


def calibrate(scored: Sequence[tuple[float, bool]]) -> Calibration | None:
    """Bin (score, right) pairs; None where there are none."""
    if not scored:
        return None
    groups: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for score, right in scored:
        groups[min(BINS - 1, max(0, int(score * BINS)))].append((score, right))
    bins = [
        Bin(
            low=i / BINS, high=(i + 1) / BINS, count=len(group),
            score=sum(score for score, _ in group) / len(group),
            accuracy=sum(right for _, right in group) / len(group),
        )
        for i, group in enumerate(groups)
        if group
    ]  # fmt: skip
    error = sum(b.count * abs(b.score - b.accuracy) for b in bins) / len(scored)
    return Calibration(bins=bins, error=error, count=len(scored))


def entity_scores(pairs: Sequence[Pair]) -> list[tuple[float, bool]]:
    """Score of every predicted span that has one, and whether it is exactly right."""
    found = []
    for p in pairs:
        gold = {(span.start, span.end, span.label) for span in p.gold.entities}
        for span in p.predicted.entities:
            if span.score is not None:
                found.append((span.score, (span.start, span.end, span.label) in gold))
    return found


def section_scores(pairs: Sequence[Pair]) -> list[tuple[float, bool]]:
    """Score of every predicted section that has one and is judged by gold, and whether it is right."""
    return [
        (p.predicted.section_score, p.gold.section == p.predicted.section)
        for p in pairs
        if p.gold.section is not None and isinstance(p.predicted.section_score, float)
    ]
