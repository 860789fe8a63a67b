"""Agreement as tables for the terminal and as a JSON record, and the passes it is computed from."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Column, Table
from rich.text import Text

from baogao.annotations.agreement import Agreement, Disagreement, Figure, Passes
from baogao.annotations.export import read_labelled_folder
from baogao.errors import InputError
from baogao.records import LabelledBlock
from baogao.workspace import Workspace

FEW_REPORTS = 10  # below it an interval over reports shows their spread and not much more


def read_passes(
    workspace: Workspace | None, paths: Sequence[str | Path], *, unconfirmed: bool = False
) -> Passes:
    """Annotator → block id → block, for the folders or files of `paths`, one an annotator.

    The annotator is the folder's or file's name; a folder of folders (a pulled round) holds one annotator
    each. A path is looked for where it says and then below the workspace's annotations/. Labels must be in
    its labels.toml. What an annotator has not confirmed is left out unless `unconfirmed`.
    """
    names = workspace.labels() if workspace else None
    passes: dict[str, dict[str, LabelledBlock]] = {}
    seen: set[Path] = set()
    for path in paths:
        place = Path(path)
        if not place.exists() and workspace:
            place = workspace.annotations / path
        if not place.exists():
            raise InputError("is not there", file=path, todo="name a folder such as annotations/passes/a")
        for found in _annotators(place):
            if found.resolve() in seen:
                raise InputError("is named twice", file=found, todo="name different folders")
            seen.add(found.resolve())
            blocks = read_labelled_folder(
                found, sections=names.sections if names else None, labels=names.entities if names else None
            )
            name = found.stem if found.is_file() else found.resolve().name
            passes[name if name not in passes else str(found)] = {
                block.id: block for block in blocks if unconfirmed or _is_confirmed(block)
            }
    return passes


def _annotators(place: Path) -> list[Path]:
    folders = sorted(path for path in place.iterdir() if path.is_dir()) if place.is_dir() else []
    return folders if folders and not list(place.glob("*.jsonl")) else [place]


def _is_confirmed(block: LabelledBlock) -> bool:
    """Blocks that no doccano has seen have no `confirmed` and count as done."""
    return not isinstance(block.meta, dict) or block.meta.get("confirmed") is not False


def agreement_record(result: Agreement) -> dict[str, Any]:
    """Everything of `result` for JSON; confusions as [first, second, count], the largest first."""
    record = dataclasses.asdict(dataclasses.replace(result, disagreements=[]))
    for name in ("section_confusions", "entity_confusions"):
        record[name] = [[*pair, count] for pair, count in getattr(result, name).most_common()]
    record["disagreements"] = [dataclasses.asdict(found) for found in result.disagreements]
    return record


def agreement_tables(result: Agreement, *, worst: int = 5) -> RenderableType:
    """Figures, confusions and the `worst` paragraphs, in percent, for a terminal."""
    first, second = (*result.annotators[:2],) if len(result.annotators) == 2 else ("first", "second")
    parts: list[RenderableType] = [
        Text(
            f"{', '.join(result.annotators)}: {result.paragraphs} shared paragraphs "
            f"of {result.reports} reports"
        )
    ]
    spans = _table("entities", "exact F1", "95%", "overlap F1", "95%", first, second)
    for label, figures in result.spans.items():
        cells = [*_cells(figures.exact), *_cells(figures.overlap), *map(str, figures.spans)]
        _add(spans, label, *cells)
    parts += [Text(), spans]
    others = _table("", "", "95%")
    for name, figure in (
        ("spans: both ends agree, F1", result.position),
        ("  and of these the label too", result.label_where_position_agrees),
        ("sections: same label", result.section_agreement),
        ("  Cohen's kappa", result.section_kappa),
        ("  Krippendorff's alpha", result.section_alpha),
    ):
        _add(others, name, *_cells(figure))
    parts += [Text(), others]
    for what, confusions in (("section", result.section_confusions), ("entity", result.entity_confusions)):
        differing = [(pair, count) for pair, count in confusions.most_common() if pair[0] != pair[1]]
        if differing:
            parts += [Text(), _confusion_table(what, first, second, differing)]
    shown = result.disagreements[:worst]
    if shown:
        parts += [Text(f"\n{len(result.disagreements)} paragraphs differ; the {len(shown)} worst:")]
        parts += [_disagreement_text(found) for found in shown]
    if result.reports < FEW_REPORTS:
        parts += [Text(f"\nnote: {result.reports} reports are few: read an interval as the spread of them")]
    return Group(*parts)


def _table(*columns: str) -> Table:
    return Table(*(Column(Text(column)) for column in columns), box=None)


def _add(table: Table, *cells: str) -> None:
    table.add_row(*map(Text, cells))  # labels and names are data, not rich's markup


def _cells(figure: Figure) -> tuple[str, str]:
    if figure.value is None or figure.low is None or figure.high is None:
        return "–", ""
    return f"{100 * figure.value:.1f}", f"{100 * figure.low:.1f}–{100 * figure.high:.1f}"


def _confusion_table(
    what: str, first: str, second: str, differing: list[tuple[tuple[str, str], int]]
) -> Table:
    table = _table(f"{what}: {first}", second, "times")
    for (left, right), count in differing[:10]:
        _add(table, left, right, str(count))
    return table


def _disagreement_text(found: Disagreement) -> Text:
    lines = [f"\n{found.id}  {found.text[:60]}{'…' if len(found.text) > 60 else ''}"]
    for name, only in zip(found.annotators, (found.only_first, found.only_second), strict=True):
        if only:
            lines.append(f"  only {name}: " + ", ".join(f"{label} {text}" for label, text in only))
    if found.sections[0] != found.sections[1]:
        pairs = zip(found.annotators, found.sections, strict=True)
        lines.append("  section: " + ", ".join(f"{name} {section}" for name, section in pairs))
    return Text("\n".join(lines))
