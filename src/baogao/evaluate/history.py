"""How results moved: evaluate/results/history.jsonl."""

from __future__ import annotations

from baogao.evaluate.results import HistoryLine
from baogao.records import read_jsonl
from baogao.workspace import Workspace


def read_history(workspace: Workspace, system: str | None = None) -> list[HistoryLine]:
    """All lines, oldest first; of one system where named. Empty where nothing was kept yet."""
    file = workspace.evaluate / "results" / "history.jsonl"
    if not file.exists():
        return []
    lines = [line for _, line in read_jsonl(file, HistoryLine)]
    return [line for line in lines if system is None or line.name == system]


def what_changed(older: HistoryLine | None, newer: HistoryLine) -> list[str]:
    """Names of what differs between two lines of one system: data, then versions."""
    if older is None:
        return ["first"]
    data = [name for name in newer.data if newer.data[name] != older.data.get(name) and name != "predictions"]
    packages = [name for name in newer.versions if newer.versions[name] != older.versions.get(name)]
    return [*data, *packages, *(["seeds"] if newer.seeds != older.seeds else [])] or ["predictions"]
