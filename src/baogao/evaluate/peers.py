"""Other systems beside ours: predictions from files, and those that evaluate/compare_ner.py left."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from baogao.errors import InputError
from baogao.evaluate.pairs import read_pairs
from baogao.evaluate.predictions import system_folder
from baogao.records import Entity, LabelledBlock, read_jsonl, write_jsonl
from baogao.workspace import Workspace


class PeerRun(msgspec.Struct, kw_only=True):
    """One line of evaluate/results/compare_ner.jsonl: spans [start, end, label] by block id."""

    system: str
    report: str
    seed: int
    spans: dict[str, list[tuple[int, int, str]]]


def write_peers(workspace: Workspace, names: Sequence[str]) -> list[str]:
    """Predictions of the systems `names` from evaluate/results/compare_ner.jsonl, entities only, by seed;
    returns those that have every gold report. None where there is no such file."""
    file = workspace.evaluate / "results" / "compare_ner.jsonl"
    if not file.exists():
        return []
    gold = workspace.labelled("gold")
    runs: dict[tuple[str, int], dict[str, PeerRun]] = {}
    for _, run in read_jsonl(file, PeerRun):
        if run.system in names and run.report in gold:
            runs.setdefault((run.system, run.seed), {})[run.report] = run
    complete = {place: reports for place, reports in runs.items() if set(reports) == set(gold)}
    for (system, seed), reports in complete.items():
        for report, run in reports.items():
            predicted = [_labelled(block, run) for block in gold[report]]
            write_jsonl(system_folder(workspace, system, seed=seed) / f"{report}.jsonl", predicted)
    return sorted({system for system, seed in complete if seed == 0})


def _labelled(block: LabelledBlock, run: PeerRun) -> LabelledBlock:
    spans = [Entity(start=start, end=end, label=label) for start, end, label in run.spans.get(block.id, [])]
    return msgspec.structs.replace(block, section=None, entities=spans)


def add_system(workspace: Workspace, name: str, path: str | Path) -> Path:
    """Take predictions of all gold reports from a JSONL file or a folder into evaluate/predictions/`name`.

    They must fit gold in ids, texts and labels; else InputError, and nothing is written.
    """
    folder = system_folder(workspace, name)
    if folder.exists():
        raise InputError("is there already", file=folder, todo="choose another name or remove it")
    pairs = read_pairs(workspace.annotations / "gold", path, labels=workspace.labels())
    by_report: dict[str, list[LabelledBlock]] = {}
    for p in pairs:
        by_report.setdefault(p.gold.report, []).append(p.predicted)
    for report, blocks in by_report.items():
        write_jsonl(folder / f"{report}.jsonl", blocks)
    return folder
