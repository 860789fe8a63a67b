"""Small SVG charts. Only numbers and escaped names go into them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

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
    """Learning curve: one line a series, F1 (or accuracy) over the number of training reports."""
    series: Sequence[Mapping[str, Any]] = curve["series"]
    width, height, margin = 640, 300, 44
    points = [point for line in series for point in line["points"]]
    most = max(point["x"] for point in points) or 1
    bottom = max(0.0, min(point["low"] for point in points) // 0.1 * 0.1)

    def place(x: float, y: float) -> tuple[float, float]:
        share = (y - bottom) / (1 - bottom)
        return margin + (width - 2 * margin - 90) * x / most, height - margin - (height - 2 * margin) * share

    parts = Markup("")
    for index, line in enumerate(series):
        path = " ".join("{:.1f},{:.1f}".format(*place(p["x"], p["y"])) for p in line["points"])
        upper = ["{:.1f},{:.1f}".format(*place(p["x"], p["high"])) for p in line["points"]]
        lower = ["{:.1f},{:.1f}".format(*place(p["x"], p["low"])) for p in reversed(line["points"])]
        last = place(line["points"][-1]["x"], line["points"][-1]["y"])
        parts += Markup(
            '<g class="series s{i}"><polygon points="{area}"/><polyline points="{path}"/>'
            '<text x="{x:.0f}" y="{y:.0f}">{name}</text></g>'
        ).format(
            i=index % 8, area=" ".join([*upper, *lower]), path=path, x=last[0] + 6, y=last[1] + 4,
            name=line["name"],
        )  # fmt: skip
    ticks = Markup("")
    for step in range(round(bottom * 10), 11):
        _, y = place(0, step / 10)
        ticks += Markup(
            '<path class="grid" d="M{a},{y:.0f}H{b}"/><text x="{t}" y="{z:.0f}" text-anchor="end">{v}</text>'
        ).format(a=margin, b=width - margin - 90, y=y, t=margin - 6, z=y + 4, v=step * 10)
    for x in sorted({point["x"] for point in points}):
        at, _ = place(x, bottom)
        ticks += Markup('<text x="{:.0f}" y="{}" text-anchor="middle">{}</text>').format(
            at, height - margin + 18, f"{x:g}"
        )
    return Markup(
        '<svg class="chart curve" viewBox="0 0 {w} {h}" role="img" aria-label="{label}">{ticks}{parts}'
        '<text x="{m}" y="{u}" text-anchor="middle">{unit}</text></svg>'
    ).format(
        w=width, h=height, label=escape(curve["title"]), ticks=ticks, parts=parts, m=width // 2 - 45,
        u=height - 8, unit=curve["unit"],
    )  # fmt: skip
