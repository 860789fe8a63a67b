"""evaluate/report.html: one file for people who decide whether a model is good enough.

It holds everything (style, script, figures, text) and asks the network for nothing: a content security policy
forbids it, and allows only the one script whose hash it names. Text from reports is escaped by jinja2.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from baogao.errors import InputError
from baogao.evaluate import views
from baogao.evaluate.analysis import Analysis
from baogao.evaluate.charts import curve_chart, reliability_chart
from baogao.evaluate.mistakes import KINDS
from baogao.evaluate.paragraphs import WRONG_SECTION, paragraph_views
from baogao.evaluate.predictions import systems
from baogao.files import write_atomic
from baogao.progress import track
from baogao.workspace import Workspace, protect_sources

LIMIT = 5_000_000  # bytes: what a mail server and a browser still take with ease


def write_report(
    workspace: Workspace, output: Path | None = None, *, system: str = "baogao", limit: int = LIMIT
) -> Path:
    """Write the report on `system` beside all other systems; returns its path (default:
    evaluate/report.html).

    Paragraphs come worst first, as many as fit under `limit` bytes. Raises InputError where there are no
    predictions of `system` or they do not fit gold.
    """
    protect_sources(output)
    main = Analysis.of(workspace, system)
    others, left_out = [], []
    for name in track([name for name in systems(workspace) if name != system], "scoring other systems"):
        try:
            others.append(Analysis.of(workspace, name, main.leaks))
        except InputError as error:
            left_out.append(f"{name}: {error.what}")
    page = render(main, others, left_out, limit=limit)
    target = output or workspace.evaluate / "report.html"
    with write_atomic(target) as handle:
        handle.write(page)
    return target


def render(main: Analysis, others: list[Analysis], left_out: list[str], *, limit: int = LIMIT) -> str:
    """The page as text; the paragraphs that would not fit under `limit` bytes are left out and counted."""
    environment = Environment(
        loader=PackageLoader("baogao.evaluate"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    labels = main.workspace.labels()
    environment.globals["labels_index"] = {label.name: index for index, label in enumerate(labels.entity)}
    environment.filters["percent"] = lambda value: f"{100 * value:.1f}"
    script = _source(environment, "report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    calibration = main.calibration
    paragraphs = paragraph_views(main)
    curve = views.curve_views(main.workspace)
    context: dict[str, Any] = {
        "system": main.result.name,
        "result": main.result,
        "labels": labels,
        "names": {label.name: label.zh for label in (*labels.section, *labels.entity)},
        "headlines": views.headline_views(main),
        "label_views": views.label_views(main, others),
        "muc_rows": views.muc_rows(main),
        "system_rows": views.system_rows([main, *others]),
        "left_out": left_out,
        "differences": views.difference_views(main, others),
        "confusions": views.confusion_views(main),
        "calibration": {kind: found for kind, found in calibration.items() if found},
        "reliability": {kind: reliability_chart(found) for kind, found in calibration.items() if found},
        "curve": curve,
        "curve_charts": [curve_chart(chart) for chart in curve["charts"]] if curve else [],
        "kinds": [*((kind, zh) for kind, (zh, _) in KINDS.items()), (WRONG_SECTION, "章节错误")],
        "mistakes": views.mistake_views(main),
        "slices": views.slice_views(main),
        "leakage": main,
        "candidates": views.candidate_views(main.workspace),
        "reproduce": views.reproduce_view(main),
        "style": Markup(_source(environment, "report.css")),
        "script": Markup(script),
        "script_hash": digest,
    }
    template = environment.get_template("report.html.j2")
    empty = len(template.render(**context, paragraphs=[], dropped=0).encode())
    # What one paragraph costs is measured, not guessed: the first is rendered alone.
    room, kept = limit - empty, []
    macro = environment.get_template("paragraph.html.j2")
    for view in paragraphs:
        room -= len(macro.render(view=view, names=context["names"]).encode())
        if room < 0:
            break
        kept.append(view)
    return template.render(**context, paragraphs=kept, dropped=len(paragraphs) - len(kept))


def _source(environment: Environment, name: str) -> str:
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0]
