"""Leave one report out on this workspace: train without each gold report, predict it, score it.

    .venv/bin/python evaluate/bench_loro.py --seeds 0 1 2 --jobs 2
    .venv/bin/python evaluate/bench_loro.py --score-only

The same as `baogao evaluate loro`, with the time of each fold and a JSON file beside the table. Seeds are
those of benchmark.toml unless given. Folds that are up to date are not trained again; --score-only trains
none. Predictions stay in evaluate/predictions, results in evaluate/results.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

import msgspec

from baogao.evaluate.commands import score_systems
from baogao.evaluate.folds import leave_one_report_out
from baogao.evaluate.results import headline_figures, versions
from baogao.evaluate.settings import read_benchmark
from baogao.evaluate.tables import print_table
from baogao.files import write_atomic
from baogao.workspace import Workspace

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workspace", type=Path, default=ROOT)
    parser.add_argument("--system", default="baogao", help="name of the predictions and the result")
    parser.add_argument("--seeds", type=int, nargs="+", help="training seeds; figures are means over them")
    parser.add_argument("--jobs", type=int, help="folds at once")
    parser.add_argument("--force", action="store_true", help="train folds that are up to date again")
    parser.add_argument("--score-only", action="store_true", help="score the predictions that are there")
    parser.add_argument("--json", type=Path, default=ROOT / "evaluate/results/bench_loro.json")
    args = parser.parse_args()

    workspace = Workspace.find(args.workspace)
    settings = read_benchmark(workspace).leave_one_report_out
    records = []
    if not args.score_only:
        records = leave_one_report_out(
            workspace, system=args.system, seeds=args.seeds or settings.seeds,
            jobs=args.jobs or settings.jobs, force=args.force,
        )  # fmt: skip
        parts = list(dict.fromkeys(part for record in records for part in record.seconds))
        rows = [[r.report, r.seed, *(f"{r.seconds.get(part, 0):.1f}" for part in parts)] for r in records]
        medians = [statistics.median(r.seconds.get(part, 0) for r in records) for part in parts]
        rows.append(["median", "", *(f"{value:.1f}" for value in medians)])
        print_table(["fold", "seed", *(f"{part}, s" for part in parts)], rows)
    results = score_systems(workspace, first=args.system)
    figures = {result.name: headline_figures(result) for result in results}
    found = {"folds": records, "figures": figures, "versions": versions()}
    with write_atomic(args.json, "wb") as handle:
        handle.write(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")
    print(f"wrote {args.json}")


if __name__ == "__main__":
    main()
