"""Commands that end with a verdict or a look back: gate, leakage, history."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from baogao.errors import Findings, InputError
from baogao.evaluate.gate import Check, gate, parse_minimum
from baogao.evaluate.history import read_history, what_changed
from baogao.evaluate.leakage import LeakSummary, find_leaks, summarise
from baogao.evaluate.pairs import read_texts
from baogao.evaluate.printing import print_leakage
from baogao.evaluate.results import HEADLINES, HistoryLine, Result, read_result, result_file
from baogao.evaluate.settings import Benchmark, read_benchmark
from baogao.evaluate.tables import percent, print_table
from baogao.workspace import Workspace


def gate_result(
    workspace: Workspace,
    result: str,
    *,
    minima: Sequence[str] = (),
    against: str | None = None,
    max_drop: float | None = None,
) -> list[Check]:
    """Check a result (a file, or the name of a system) against minima and an older result.

    Raises Findings when a check fails, after printing all of them.
    """
    new = _find_result(workspace, result)
    old = None if against is None else _find_result(workspace, against)
    checks = gate(new, minima=[parse_minimum(text) for text in minima], against=old, max_drop=max_drop)
    rows = [
        ["ok" if c.passed else "FAILED", c.name, percent(c.value), c.kind, percent(c.bound)]
        for c in sorted(checks, key=lambda c: c.passed)
    ]
    print_table(["", "figure", "is", "bound", "must be at least"], rows, text=2)
    failed = [check for check in checks if not check.passed]
    if failed:
        raise Findings(
            f"{len(failed)} of {len(checks)} figures are too low: {', '.join(c.name for c in failed[:5])}",
            todo="see: baogao evaluate errors",
        )
    return checks


def _find_result(workspace: Workspace, name: str) -> Result:
    given = Path(name)
    file = given if given.suffix == ".json" or given.exists() else result_file(workspace, name)
    if not file.exists():
        raise InputError("no such result", file=file, todo="make it with: baogao evaluate results")
    return read_result(file)


def show_history(workspace: Workspace, system: str | None = None) -> list[HistoryLine]:
    """Print the headline figures of each kept result, oldest first, with what had changed."""
    lines = read_history(workspace, system)
    if not lines:
        raise InputError(
            f"no results of {system!r} kept yet" if system else "no results kept yet",
            file=workspace.evaluate / "results",
            todo="run: baogao evaluate loro",
        )
    last: dict[str, HistoryLine] = {}
    rows = []
    for line in lines:
        older = last.get(line.name)
        moved = [
            "–" if name not in line.figures
            else percent(line.figures[name])
            + (f" ({100 * (line.figures[name] - older.figures[name]):+.1f})"
               if older and name in older.figures else "")
            for name in HEADLINES
        ]  # fmt: skip
        changed = ", ".join(what_changed(older, line))
        rows.append([line.created[:16].replace("T", " "), line.name, *moved, changed])
        last[line.name] = line
    print_table(["when (UTC)", "system", *HEADLINES, "changed"], rows, text=2)
    return lines


def check_leakage(
    workspace: Workspace | None,
    *,
    train: str | None = None,
    test: str | None = None,
    threshold: float | None = None,
    max_share: float | None = None,
    examples: int = 5,
) -> list[LeakSummary]:
    """Print how much of the test text stands nearly as it is in training.

    Without `train` and `test` (JSONL files or folders): leave-one-report-out on the workspace, every gold
    report against all other gold and all practice. Raises Findings when the share of all test characters,
    or that of one report, is over `max_share` (default: that of evaluate/benchmark.toml).
    """
    if (train is None) != (test is None):
        raise InputError("a split has two sides", field="--train", todo="give both --train and --test")
    benchmark = read_benchmark(workspace) if workspace else Benchmark()
    settings = benchmark.leakage
    if threshold is not None:
        settings = msgspec.structs.replace(settings, threshold=threshold)
    if not 0 < settings.threshold <= 1:
        raise InputError(f"{settings.threshold} is not a similarity", field="--threshold", todo="try 0.8")
    allowed = settings.max_share if max_share is None else max_share
    if train is not None and test is not None:
        held_out, known = read_texts(test), read_texts(train)
        both = sorted({b.report for b in held_out} & {b.report for b in known})
        if both:
            raise Findings(
                f"{len(both)} reports are in both training and test: {', '.join(both[:3])}",
                todo="split by report",
            )
    else:
        workspace = workspace or Workspace.find()
        held_out = [block for some in workspace.labelled("gold").values() for block in some]
        known = [*held_out, *(block for some in workspace.labelled("practice").values() for block in some)]
    if not held_out:
        raise InputError("there is no test text", file=test, todo="label a report into annotations/gold")
    leaks = find_leaks(held_out, known, settings, progress=True)
    summary = summarise(held_out, leaks, settings)
    print_leakage(summary, leaks, settings, examples)
    over = [row.report for row in summary if row.share > allowed]
    if over:
        raise Findings(
            f"{percent(allowed)}% of the characters may leak; over it: {', '.join(over[:5])}",
            todo="take the near-duplicates out of training, or allow more with --max-share",
        )
    return summary
