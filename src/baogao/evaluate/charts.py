"""Small SVG charts. Only numbers and escaped names go into them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from baogao.evaluate.calibration import Calibration

_SIDE, _MARGIN = 240, 34


def reliability_chart(found: Calibration) -> Markup:
    """Accuracy over mean score for each bin; the area of a dot tells how many predictions are in it."""
    size = _SIDE - 2 * _MARGIN

    def place(score: float, accuracy: float) -> tuple[float, float]:
        return _MARGIN + size * score, _SIDE - _MARGIN - size * accuracy

    most = max(b.count for b in found.bins)
    dots = Markup("")
    for b in found.bins:
        x, y = place(b.score, b.accuracy)
        radius = 3 + 9 * (b.count / most) ** 0.5
        dots += Markup('<circle cx="{:.1f}" cy="{:.1f}" r="{:.1f}"><title>{}</title></circle>').format(
            x, y, radius, f"score {b.score:.2f}, right {100 * b.accuracy:.0f}%, {b.count} predictions"
        )
    (x0, y0), (x1, y1) = place(0, 0), place(1, 1)
    return Markup(
        '<svg class="chart reliability" viewBox="0 0 {side} {side}" role="img" aria-label="{label}">'
        '<path class="axis" d="M{x0},{y1}V{y0}H{x1}"/><path class="ideal" d="M{x0},{y0}L{x1},{y1}"/>{dots}'
        '<text x="{x0}" y="{under}">0</text><text x="{x1}" y="{under}" text-anchor="end">1</text>'
        '<text x="{middle}" y="{under}" text-anchor="middle">score 置信度</text>'
        '<text x="{left}" y="{y0}" text-anchor="end">0</text>'
        '<text x="{left}" y="{top}" text-anchor="end">1</text>'
        '<text transform="translate({side_x},{middle}) rotate(-90)" text-anchor="middle">'
        "right 正确率</text></svg>"
    ).format(
        side=_SIDE, label=f"Reliability, expected calibration error {found.error:.3f}", dots=dots,
        x0=round(x0), y0=round(y0), x1=round(x1), y1=round(y1), under=_SIDE - _MARGIN + 16, middle=_SIDE // 2,
        left=_MARGIN - 5, top=round(y1) + 4, side_x=14,
    )  # fmt: skip


def curve_chart(curve: Mapping[str, Any]) -> Markup:
    """Learning curve: one line a series with its interval as a band, over the number of training reports;
    each step along is a doubling."""
    series: Sequence[Mapping[str, Any]] = curve["series"]
    width, height, margin = 480, 260, 40
    steps = sorted({point.reports for line in series for point in line["points"]})
    lowest = min(point.low for line in series for point in line["points"])
    bottom = min(0.9, max(0.0, int(lowest * 10) / 10))

    def place(reports: int, value: float) -> str:
        x = margin + (width - 2 * margin) * steps.index(reports) / max(1, len(steps) - 1)
        return f"{x:.1f},{height - margin - (height - 2 * margin) * (value - bottom) / (1 - bottom):.1f}"

    parts = Markup("")
    for index, line in enumerate(series):
        points = line["points"]
        area = [place(p.reports, p.high) for p in points] + [
            place(p.reports, p.low) for p in reversed(points)
        ]
        parts += Markup('<g class="s{}"><polygon points="{}"/><polyline points="{}"/></g>').format(
            index % 8, " ".join(area), " ".join(place(p.reports, p.f1) for p in points)
        )
    ticks = Markup("")
    for step in range(round(bottom * 10), 11):
        _, y = place(steps[0], step / 10).split(",")
        ticks += Markup(
            '<path class="grid" d="M{},{}H{}"/><text x="{}" y="{}" dy="4" text-anchor="end">{}</text>'
        ).format(margin, y, width - margin, margin - 6, y, step * 10)
    for reports in steps:
        x, _ = place(reports, bottom).split(",")
        ticks += Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>').format(
            x, height - margin + 18, reports
        )
    return Markup(
        '<svg class="chart curve" viewBox="0 0 {w} {h}" role="img" aria-label="{label}">{ticks}{parts}'
        '<text x="{m}" y="{u}" text-anchor="middle">training reports 训练报告数</text></svg>'
    ).format(w=width, h=height, label=curve["title"], ticks=ticks, parts=parts, m=width // 2, u=height - 4)
