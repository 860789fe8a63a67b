"""Run the benchmarks that need nothing from outside, one after another: what `make bench` does.

    .venv/bin/python evaluate/bench.py              # about half an hour of one core
    .venv/bin/python evaluate/bench.py --full       # the long ones in their full size too: hours
    .venv/bin/python evaluate/bench.py --list       # what there is, what each needs, what is sized down
    .venv/bin/python evaluate/bench.py --only sections corpus_speed

Each is a script of its own with --help; it prints its table, and most keep a JSON file in evaluate/results.
Those that need models/pipeline run where it is (`make demo` makes it). Times are taken on whatever else the
machine is doing: read the ratios, not the seconds. Exit status 1 when one fails; the others still run.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
# One core each, so that a ratio compares programs and not their threads.
ONE_CORE = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


PIPELINE = HERE.parent / "models" / "pipeline"


@dataclass(frozen=True)
class Script:
    """A benchmark. `needs` says what it wants from outside: then only --only runs it. `pipeline`: it runs
    where there is models/pipeline. `sized` are the arguments that make it short, unless --full."""

    name: str
    what: str
    needs: str | None = None
    pipeline: bool = False
    sized: tuple[str, ...] = ()

    @property
    def file(self) -> Path:
        prefix = "" if self.name.startswith("compare") else "bench_"
        return HERE / f"{prefix}{self.name}.py"

    def notes(self) -> str:
        found = [f"needs {self.needs}"] if self.needs else []
        found += ["needs models/pipeline"] if self.pipeline else []
        found += [f"sized down: {' '.join(self.sized)}"] if self.sized else []
        return f" ({'; '.join(found)})" if found else ""


SCRIPTS = (
    Script("segmentation", "blocks, outline and furniture of every report against gold and written pages"),
    Script("corpus_speed", "segmentation beside opencc, near-duplicates, memory against corpus size"),
    Script("values", "values, table rows and full names against those read by hand, speed of tables"),
    Script("sections", "sections with and without headings, calibration, training time, paragraphs a second"),
    Script("loro", "leave one report out, all systems, with intervals"),
    Script(
        "ner_speed",
        "entity training and prediction beside spaCy's default, memory, model size",
        sized=("--max-steps", "200", "--repeat", "2", "--characters", "20000", "--output", "/dev/null"),
    ),
    Script(
        "scale",
        "speed of each step, start-up, memory against corpus size",
        pipeline=True,
        sized=("--reports", "10"),
    ),
    Script("serve", "16 clients at once on the page's endpoint", pipeline=True, sized=("--seconds", "20")),
    Script(
        "doccano",
        "push and pull of 3,000 paragraphs",
        needs="a private doccano, which it sets up from the registry",
    ),
    Script("public", "Resume and Weibo NER", needs="the two data sets: --path DIR"),
    Script("compare_ner", "entity models side by side", needs="hours: 13 systems, 5 folds, 5 seeds"),
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--list", action="store_true", help="list the benchmarks and stop")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="run these only")
    parser.add_argument("--full", action="store_true", help="nothing sized down")
    args = parser.parse_args()
    names = {script.name: script for script in SCRIPTS}
    unknown = [name for name in args.only or () if name not in names]
    if unknown:
        parser.error(f"no benchmark {unknown[0]!r}; there is: {', '.join(names)}")
    if args.list:
        for script in SCRIPTS:
            print(f"{script.name:<14} {script.what}{script.notes()}")
        return
    rows: list[tuple[str, str, float]] = []
    for script in SCRIPTS:
        if args.only and script.name not in args.only:
            continue
        if script.pipeline and not PIPELINE.is_dir():
            rows.append((script.name, "skipped: no models/pipeline (make demo)", 0.0))
        elif args.only or script.needs is None:
            status, seconds = run(script, () if args.full else script.sized)
            rows.append((script.name, "ok" if status == 0 else f"FAILED {status}", seconds))
        else:
            rows.append((script.name, f"skipped: needs {script.needs}", 0.0))
    print("\nbenchmark        seconds  status")
    for name, said, seconds in rows:
        print(f"{name:<16} {seconds:7.0f}  {said}")
    sys.exit(any(said.startswith("FAILED") for _, said, _ in rows))


def run(script: Script, arguments: tuple[str, ...]) -> tuple[int, float]:
    """Exit status and seconds of one script; its output goes where this one's goes."""
    size = f" (sized down: {' '.join(arguments)})" if arguments else ""
    print(f"\n=== {script.name}: {script.what}{size}", flush=True)
    start = time.perf_counter()
    done = subprocess.run([sys.executable, str(script.file), *arguments], env={**os.environ, **ONE_CORE})
    return done.returncode, time.perf_counter() - start


if __name__ == "__main__":
    main()
