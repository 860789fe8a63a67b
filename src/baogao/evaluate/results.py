"""Results: the figures of one system on the workspace's gold, with all that is needed to make them again.

evaluate/results/SYSTEM.json is the last result, evaluate/results/history.jsonl one line for each time that
figures or data changed.
"""

from __future__ import annotations

import datetime
import importlib.metadata
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

import baogao
from baogao.errors import InputError
from baogao.evaluate.folds import training_files
from baogao.evaluate.leakage import Leak, find_leaks, leak_free, summarise
from baogao.evaluate.pairs import Pair
from baogao.evaluate.predictions import SystemPairs, read_system, system_folder
from baogao.evaluate.score import figure, score_pairs
from baogao.evaluate.settings import Benchmark, read_benchmark
from baogao.evaluate.uncertainty import Interval, Tally, intervals
from baogao.files import read_bytes, sha256_tree, write_atomic
from baogao.records import read_json
from baogao.workspace import Workspace

HEADLINES = ("ner.f1", "ner.macro_f1", "sections.accuracy", "sections.macro_f1")
_PACKAGES = ("spacy", "spacy-pkuseg", "thinc", "scikit-learn", "numpy", "datasets")


class Result(msgspec.Struct, kw_only=True):
    """One file of evaluate/results. `ner` and `sections` as in `score.Score`, means over seeds where there
    are several, without paragraph indices; `leak_free` and `raw` hold the same for the leak-free part and
    for predictions from raw pages (first seed). `intervals`: figure name → value, low, high."""

    name: str
    created: str
    versions: dict[str, str]
    data: dict[str, str]
    reports: list[str]
    seeds: int
    resampling: dict[str, int]
    ner: dict[str, Any] | None
    sections: dict[str, Any] | None
    intervals: dict[str, Interval]
    leak_free: dict[str, Any]
    leaked_share: float
    raw: dict[str, Any] | None = None

    def figure(self, name: str) -> float:
        """A figure by its dotted name; InputError lists what is there."""
        return figure(msgspec.to_builtins(self), name)


def workspace_leaks(workspace: Workspace) -> list[Leak]:
    """Near-duplicates of each gold report in all other gold and practice reports."""
    gold = [block for some in workspace.labelled("gold").values() for block in some]
    train = [*gold, *(block for some in workspace.labelled("practice").values() for block in some)]
    return find_leaks(gold, train, read_benchmark(workspace).leakage)


def evaluate_system(workspace: Workspace, system: str, leaks: Sequence[Leak]) -> tuple[Result, SystemPairs]:
    """Score the predictions of one system; writes nothing. `leaks`: those of `workspace_leaks`. Raises
    InputError as `read_system` does."""
    settings = read_benchmark(workspace)
    found = read_system(workspace, system)
    gold = [p.gold for p in found.pairs]
    figures, bounds = _figures(found.seeds, settings)
    free, free_bounds = _figures([leak_free(pairs, leaks) for pairs in found.seeds], settings)
    raw = None
    if found.raw:
        raw, raw_bounds = _figures([found.raw], settings)
        raw["intervals"] = raw_bounds
    result = Result(
        name=system,
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        versions=versions(),
        data=data_hashes(workspace, system),
        reports=list(dict.fromkeys(p.gold.report for p in found.pairs)),
        seeds=len(found.seeds),
        resampling={"samples": settings.samples, "seed": settings.seed},
        ner=figures["ner"],
        sections=figures["sections"],
        intervals=bounds,
        leak_free=free | {"intervals": free_bounds},
        leaked_share=summarise(gold, leaks, settings.leakage)[-1].share,
        raw=raw,
    )
    return result, found


def _figures(
    seeds: Sequence[Sequence[Pair]], settings: Benchmark
) -> tuple[dict[str, Any], dict[str, Interval]]:
    """Figures (means over seeds where an interval has several) and intervals of one system. Where it
    predicts no section at all, or no entity, that half is None: it was not made for it."""
    tree = msgspec.to_builtins(score_pairs(seeds[0]))
    tallies = [Tally.of(pairs) for pairs in seeds]
    bounds = intervals(tallies, samples=settings.samples, seed=settings.seed)
    for kind in ("ner", "sections"):
        if not any(name.startswith(f"{kind}.") for name in bounds):
            tree[kind] = None
    for name, bound in bounds.items():
        _put(tree, name, bound.value)
    return {key: _without_indices(tree[key]) for key in ("ner", "sections")}, bounds


def _put(tree: dict[str, Any], name: str, value: float) -> None:
    """Replace the figure at a name that `uncertainty.Tally.names` gave."""
    kind, _, rest = name.partition(".")
    label, _, what = rest.removeprefix("labels.").rpartition(".")
    place = tree[kind]["labels"][label] if label else tree[kind]
    place[what] = value


def _without_indices(value: Any) -> Any:
    """Paragraph indices matter beside the paragraphs, not in a kept result: counts instead."""
    if isinstance(value, dict):
        return {key: _without_indices(some) for key, some in value.items() if key != "paragraphs"}
    if isinstance(value, list) and value and isinstance(value[0], (list, tuple)):
        return [[*names, len(where)] for *names, where in value]
    return value


def versions() -> dict[str, str]:
    """Versions of what decides the figures."""
    found = {"baogao": baogao.__version__, "python": platform.python_version()}
    for name in _PACKAGES:
        found[name] = importlib.metadata.version(name)
    return found


def data_hashes(workspace: Workspace, system: str | None = None) -> dict[str, str]:
    """SHA-256 of gold, practice, labels, the files of training/ and (with `system`) the predictions."""
    hashes = {
        "gold": sha256_tree(*workspace.labelled_files("gold")),
        "practice": sha256_tree(*workspace.labelled_files("practice")),
        "labels": sha256_tree(workspace.annotations / "labels.toml"),
        "training": sha256_tree(*training_files(workspace)),
    }
    if system is not None:
        hashes["predictions"] = sha256_tree(*sorted(system_folder(workspace, system).rglob("*.jsonl")))
    return hashes


def result_file(workspace: Workspace, system: str) -> Path:
    return workspace.evaluate / "results" / f"{system}.json"


def save_result(workspace: Workspace, result: Result) -> bool:
    """Write the result and a line of history, unless only the date has changed; says which."""
    file = result_file(workspace, result.name)
    if file.exists():
        try:
            old = read_result(file)
        except InputError:  # of another version of baogao: worth no keeping
            old = None
        if old and _same(old, result):
            return False
    with write_atomic(file, "wb") as handle:
        handle.write(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    line = HistoryLine(
        name=result.name, created=result.created, versions=result.versions, data=result.data,
        seeds=result.seeds, figures=headline_figures(result),
    )  # fmt: skip
    history = file.with_name("history.jsonl")
    old_lines = read_bytes(history) if history.exists() else b""
    with write_atomic(history, "wb") as handle:
        handle.write(old_lines + msgspec.json.encode(line) + b"\n")
    return True


def _same(old: Result, new: Result) -> bool:
    # Through JSON, which turns the tuples of a fresh result into lists.
    fresh = msgspec.json.decode(msgspec.json.encode(new), type=Result)
    return msgspec.structs.replace(old, created="") == msgspec.structs.replace(fresh, created="")


def headline_figures(result: Result) -> dict[str, float]:
    """Headlines and each entity label's F1, rounded to a hundredth of a percent."""
    names = [name for name in result.intervals if name in HEADLINES or name.startswith("ner.labels.")]
    return {
        name: round(result.intervals[name].value, 4)
        for name in names
        if not name.endswith(("precision", "recall"))
    }


def read_result(path: str | Path) -> Result:
    """A file that `save_result` wrote; InputError where it is not one."""
    return read_json(path, Result, "a result", todo="make one with: baogao evaluate results")


class HistoryLine(msgspec.Struct, kw_only=True):
    """One line of evaluate/results/history.jsonl."""

    name: str
    created: str
    versions: dict[str, str]
    data: dict[str, str]
    seeds: int
    figures: dict[str, float]
