"""Whether more labels still pay: the learning curve of `baogao training curve`, put into words and hours."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from baogao.errors import InputError
from baogao.records import read_json, read_labelled
from baogao.workspace import Workspace


class Point(msgspec.Struct):
    """F1 (0 to 1) at a number of reports; label None is all labels."""

    part: str
    label: str | None
    reports: int
    paragraphs: float
    f1: float


class Gain(msgspec.Struct):
    """What the last doubling brought, with its interval and what `baogao training curve` makes of it."""

    part: str
    label: str | None
    gain: float
    low: float
    high: float
    verdict: str


class CurveFile(msgspec.Struct):
    """The part of evaluate/results/curve.json that is read here."""

    vary: str = "all"
    points: list[Point] = []
    gains: list[Gain] = []


def read_curve(path: Path) -> CurveFile:
    """Raises InputError where there is no curve, or none with two sizes."""
    if not path.is_file():
        raise InputError("no learning curve", file=path, todo="make one with: baogao training curve")
    curve = read_json(path, CurveFile, "a learning curve", todo="make it again: baogao training curve")
    if not any(gain.label is None for gain in curve.gains):
        raise InputError(
            "is not finished, or has one size only",
            file=path,
            todo="finish it with: baogao training curve (it goes on where it was)",
        )
    return curve


def stop_advice(curve: CurveFile, *, seconds: float | None = None) -> list[str]:
    """Lines for a person: for entities and for sections whether another doubling of the labels is likely to
    pay, what it may bring and cost, and which labels gain.

    seconds: the median time to label a paragraph; None leaves the hours out. What the next doubling may bring
    is the last gain times its ratio to the one before (at most 1): rough, and said to be so.
    """
    lines = []
    for part, what in (("ner", "entities"), ("sections", "sections")):
        whole = next((g for g in curve.gains if g.part == part and g.label is None), None)
        if whole is None:
            continue
        points = sorted(
            (p for p in curve.points if p.part == part and p.label is None), key=lambda p: p.reports
        )
        lines.append(f"{what}: {_verdict(whole)} (last doubling {_points(whole)})")
        if whole.verdict != "flat" and len(points) > 1:
            lines.append(f"  {_next_doubling(points, seconds, curve.vary)}")
        for verdict, words in (("helps", "still gaining"), ("flat", "flat"), ("unsure", "cannot tell")):
            named = [
                g for g in curve.gains if g.part == part and g.label is not None and g.verdict == verdict
            ]
            if named:
                lines.append(f"  {words}: " + ", ".join(f"{g.label} {_points(g)}" for g in named))
    return lines


def _verdict(gain: Gain) -> str:
    return {
        "helps": "label on, more labels still pay",
        "flat": "stop, more labels of the same kind hardly pay",
    }.get(gain.verdict, "the curve cannot tell; score on more held-out reports before you decide")


def _points(gain: Gain) -> str:
    return f"{100 * gain.gain:+.1f} points, {100 * gain.low:+.1f} to {100 * gain.high:+.1f}"


def _next_doubling(points: Sequence[Point], seconds: float | None, vary: str) -> str:
    last = points[-1].f1 - points[-2].f1
    before = points[-2].f1 - points[-3].f1 if len(points) > 2 else last
    ratio = min(max(last / before, 0.0), 1.0) if before > 0 else 1.0
    expected = max(last, 0.0) * ratio
    # With practice reports always in training, only what gold adds is doubled.
    fixed = points[0].paragraphs if vary == "gold" and points[0].reports == 0 else 0.0
    paragraphs = points[-1].paragraphs - fixed
    hours = "" if seconds is None else f", about {paragraphs * seconds / 3600:.0f} h of labelling"
    return (
        f"the next doubling: {points[-1].reports} reports, {paragraphs:.0f} paragraphs{hours}, "
        f"perhaps {100 * expected:+.1f} points"
    )


def seconds_a_paragraph(workspace: Workspace) -> float | None:
    """The median time between confirmations in all pulled rounds; None where there is none."""
    found: list[float] = []
    for path in sorted((workspace.annotations / "passes").rglob("*.jsonl")):
        for block in read_labelled(path):
            meta: dict[str, Any] = block.meta if isinstance(block.meta, dict) else {}
            if isinstance(meta.get("seconds"), float | int):
                found.append(float(meta["seconds"]))
    return statistics.median(found) if found else None
