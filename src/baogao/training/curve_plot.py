"""The learning curve as a picture."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from baogao.files import write_atomic
from baogao.training.curve import Curve, Part, Point


def plot(curve: Curve, path: Path) -> None:
    """The curve as SVG: F1 over reports, paragraphs along the top, a panel for entities and one for
    sections (whose labels are many, so only the accuracy)."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    parts = list(dict.fromkeys(point.part for point in curve.points))
    # Text stays text, so that the reader's own fonts show Chinese label names.
    with pyplot.rc_context({"svg.fonttype": "none", "svg.hashsalt": "baogao"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")
        figure, axes = pyplot.subplots(1, len(parts), figsize=(5.5 * len(parts), 4), squeeze=False)
        for axis, part in zip(axes[0], parts, strict=True):
            _panel(axis, [point for point in curve.points if point.part == part], part)
        figure.tight_layout()
        with write_atomic(path) as handle:
            figure.savefig(handle, format="svg", metadata={"Date": None})
        pyplot.close(figure)


def _panel(axis: Any, points: Sequence[Point], part: Part) -> None:
    labels = dict.fromkeys(point.label for point in points if part == "ner" or point.label is None)
    for label in labels:
        mine = sorted((p for p in points if p.label == label), key=lambda p: p.reports)
        x = [point.reports for point in mine]
        name = label or ("all" if part == "ner" else "accuracy")
        axis.plot(x, [100 * p.f1 for p in mine], marker="o", linewidth=2 if label is None else 1, label=name)
        if label is None:
            axis.fill_between(x, [100 * p.low for p in mine], [100 * p.high for p in mine], alpha=0.15)
            top = axis.secondary_xaxis("top")
            top.set_xticks(x, [f"{p.paragraphs:.0f}" for p in mine])
            top.set_xlabel("paragraphs")
            axis.set_xscale("symlog" if 0 in x else "log", base=2)
            axis.set_xticks(x, [str(n) for n in x])
            axis.minorticks_off()
            top.minorticks_off()
    axis.set_xlabel("labelled reports")
    axis.set_ylabel("exact F1, %" if part == "ner" else "accuracy, %")
    axis.grid(alpha=0.3)
    axis.legend()
