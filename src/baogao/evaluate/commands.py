"""What the evaluate commands do: each a plain function that prints its table and returns what is in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from baogao.errors import InputError
from baogao.evaluate.analysis import Analysis
from baogao.evaluate.baselines import write_baselines
from baogao.evaluate.folds import leave_one_report_out
from baogao.evaluate.mistakes import KINDS, Mistake
from baogao.evaluate.pairs import read_pairs
from baogao.evaluate.peers import write_peers
from baogao.evaluate.predictions import read_any, system_folder, systems
from baogao.evaluate.printing import (
    print_differences,
    print_mistakes,
    print_results,
    print_score,
    print_slices,
)
from baogao.evaluate.results import HEADLINES, Result, evaluate_system, save_result, workspace_leaks
from baogao.evaluate.score import Score, score_pairs
from baogao.evaluate.settings import read_benchmark
from baogao.evaluate.slices import DIMENSIONS, Slice
from baogao.evaluate.uncertainty import Difference, Interval, Tally, difference, intervals
from baogao.files import write_atomic
from baogao.log import logger
from baogao.progress import track
from baogao.workspace import Labels, Workspace, protect_sources


def score_files(
    gold: str,
    predicted: str,
    *,
    json: str | None = None,
    workspace: Path | None = None,
    count_unpaired: bool = False,
) -> Score:
    """Score two files or folders, print the tables (unless the JSON takes standard output), write `json`."""
    protect_sources(json, [gold, predicted])
    labels = Workspace.find(workspace).labels() if workspace else None
    around = None if labels else _labels_around()
    pairs = read_pairs(gold, predicted, labels=labels, labels_around=around, count_unpaired=count_unpaired)
    result = score_pairs(pairs)
    bounds = intervals([Tally.of(pairs)]) if result.reports > 1 else {}
    if json is not None:
        with write_atomic(json) as handle:
            handle.write(_to_json(result, bounds).decode() + "\n")
    if json != "-":
        print_score(result, bounds)
    return result


def _to_json(result: Score, bounds: dict[str, Interval]) -> bytes:
    """The score with `intervals`: figure name → [low, high]."""
    tree = msgspec.to_builtins(result) | {"intervals": {k: [v.low, v.high] for k, v in bounds.items()}}
    return msgspec.json.format(msgspec.json.encode(tree), indent=1)


def _labels_around() -> Labels | None:
    try:
        return Workspace.find().labels()
    except InputError:
        return None


def evaluate_workspace(
    workspace: Workspace,
    *,
    system: str = "baogao",
    reports: Sequence[str] = (),
    seeds: Sequence[int] | None = None,
    jobs: int | None = None,
    overrides: dict[str, Any] | None = None,
    force: bool = False,
) -> list[Result]:
    """Leave one report out, then score every system that has predictions; prints and saves the results.

    Seeds and jobs are those of evaluate/benchmark.toml where not given. With `reports` only those folds are
    trained and nothing is scored before all are there.
    """
    settings = read_benchmark(workspace).leave_one_report_out
    leave_one_report_out(
        workspace, system=system, reports=reports, seeds=seeds or settings.seeds, jobs=jobs or settings.jobs,
        overrides=overrides, force=force,
    )  # fmt: skip
    folder = system_folder(workspace, system)
    missing = [f.stem for f in workspace.labelled_files("gold") if not (folder / f.name).is_file()]
    if missing:
        print(f"not scored yet: {', '.join(missing)} still to be held out; run: baogao evaluate loro")
        return []
    return score_systems(workspace, first=system)


def parse_seeds(text: str | None) -> list[int] | None:
    """`0,1,2` → [0, 1, 2]; None stays None. InputError for anything else."""
    if text is None:
        return None
    parts = text.split(",")
    if not all(part.strip().isdecimal() for part in parts):
        raise InputError(f"{text!r} is not a list of seeds", field="--seeds", todo="write for example 0,1,2")
    return [int(part) for part in parts]


def parse_settings(texts: Sequence[str]) -> dict[str, Any]:
    """`training.max_steps=500` → {"training.max_steps": 500}; values are JSON, else text."""
    settings: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise InputError(f"{text!r} is not NAME=VALUE", field="--set", todo="try training.max_steps=500")
        try:
            settings[name] = msgspec.json.decode(value)
        except (msgspec.DecodeError, UnicodeError):
            settings[name] = value
    return settings


def score_systems(workspace: Workspace, names: Sequence[str] = (), *, first: str = "baogao") -> list[Result]:
    """Score systems from their predictions (default: all, baselines included), print and save the results.

    A system whose predictions do not fit gold any more is left out with a line that says so, unless it was
    named: then it is an InputError.
    """
    if not workspace.labelled_files("gold"):
        raise InputError("holds no gold labels", file=workspace.annotations / "gold", todo="label a report")
    write_baselines(workspace)
    write_peers(workspace, read_benchmark(workspace).peers)
    chosen = list(names) or sorted(systems(workspace), key=lambda name: (name != first, name))
    leaks = workspace_leaks(workspace)
    results = []
    for name in track(chosen, "scoring"):
        try:
            result, _ = evaluate_system(workspace, name, leaks)
        except InputError as error:
            if name in names or name == first:
                raise
            logger.warning("left out %s: %s", name, error)
            continue
        save_result(workspace, result)
        results.append(result)
    print_results(results)
    return results


def compare_systems(
    workspace: Workspace, a: str, b: str, *, figures: Sequence[str] = (), samples: int = 2000
) -> list[Difference]:
    """Compare two systems, by name or by a path of predictions, on the same gold reports."""
    tallies = [[Tally.of(pairs) for pairs in read_any(workspace, name).seeds] for name in (a, b)]
    known = [name for name in tallies[0][0].names() if name in tallies[1][0].names()]
    labels = [name for name in known if name.startswith("ner.labels.") and name.endswith(".f1")]
    names = list(figures) or [name for name in [*HEADLINES, *labels] if name in known]
    for name in names:
        if name not in known:
            raise InputError(f"no figure {name!r}", todo=f"name one of: {', '.join(known[:12])} …")
    seed = read_benchmark(workspace).seed
    found = [difference(tallies[0], tallies[1], name, samples=samples, seed=seed) for name in names]
    print_differences(a, b, found)
    return found


def show_slices(workspace: Workspace, system: str, *, dimension: str | None = None) -> list[Slice]:
    """Print the figures of one system by part of the data."""
    if dimension is not None and dimension not in DIMENSIONS:
        raise InputError(f"no dimension {dimension!r}", todo=f"name one of: {', '.join(DIMENSIONS)}")
    found = [s for s in Analysis.of(workspace, system).slices if dimension in (None, s.dimension)]
    print_slices(found)
    return found


def show_errors(
    workspace: Workspace, system: str, *, kind: str | None = None, label: str | None = None, examples: int = 3
) -> list[Mistake]:
    """Print the errors of one system by kind, with examples; of one kind or label where named."""
    if kind is not None and kind not in KINDS:
        raise InputError(f"no kind {kind!r}", todo=f"name one of: {', '.join(KINDS)}")
    known = workspace.labels().entities
    if label is not None and label not in known:
        raise InputError(f"no label {label!r}", todo=f"name one of: {', '.join(known)}")
    analysis = Analysis.of(workspace, system)
    found = [
        m for m in analysis.mistakes
        if kind in (None, m.kind) and label in (None, *(s.label for s in (m.gold, m.predicted) if s))
    ]  # fmt: skip
    print_mistakes(analysis, found, examples)
    return found
