"""Run the benchmarks that need nothing from outside, one after another: what `make bench` does.

    .venv/bin/python evaluate/bench.py              # all of them
    .venv/bin/python evaluate/bench.py --list       # what there is, and what each needs
    .venv/bin/python evaluate/bench.py --only sections corpus_speed

Each is a script of its own with --help; it prints its table and keeps a JSON file in evaluate/results.
Times are taken on whatever else the machine is doing: read the ratios, not the seconds. Exit status 1 when
one fails; the others still run.
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


@dataclass(frozen=True)
class Script:
    """A benchmark: `needs` says what it wants from outside; None: `make bench` runs it."""

    name: str
    what: str
    args: tuple[str, ...] = ()
    needs: str | None = None

    @property
    def file(self) -> Path:
        prefix = "" if self.name.startswith("compare") else "bench_"
        return HERE / f"{prefix}{self.name}.py"


SCRIPTS = (
    Script("segmentation", "blocks, outline and furniture of every report against gold and written pages"),
    Script("corpus_speed", "segmentation beside opencc, near-duplicates, memory against corpus size"),
    Script("sections", "sections with and without headings, training time, paragraphs a second"),
    Script("values", "values of METRIC spans against those read by hand, speed of tables"),
    Script("ner_speed", "entity training and prediction beside spaCy's default, memory, model size"),
    Script("loro", "leave one report out, all systems, with intervals"),
    Script(
        "doccano",
        "push and pull of 3,000 paragraphs",
        needs="a private doccano, which it sets up from the registry",
    ),
    Script("scale", "speed of each step, start-up, memory against corpus size", needs="models/pipeline"),
    Script("serve", "16 clients at once for a minute", needs="models/pipeline"),
    Script("public", "Resume and Weibo NER", needs="the two data sets: --path DIR"),
    Script("compare_ner", "entity models side by side", needs="hours: 10 systems, 5 folds, 5 seeds"),
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--list", action="store_true", help="list the benchmarks and stop")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="run these only")
    args = parser.parse_args()
    names = {script.name: script for script in SCRIPTS}
    unknown = [name for name in args.only or () if name not in names]
    if unknown:
        parser.error(f"no benchmark {unknown[0]!r}; there is: {', '.join(names)}")
    if args.list:
        for script in SCRIPTS:
            print(f"{script.name:<14} {script.what}" + (f" (needs {script.needs})" if script.needs else ""))
        return
    chosen = [names[name] for name in args.only] if args.only else [s for s in SCRIPTS if s.needs is None]
    rows = [(script, *run(script)) for script in chosen]
    print("\nbenchmark        status   seconds")
    for script, status, seconds in rows:
        print(f"{script.name:<16} {'ok' if status == 0 else f'FAILED {status}':<8} {seconds:7.0f}")
    sys.exit(any(status for _, status, _ in rows))


def run(script: Script) -> tuple[int, float]:
    """Exit status and seconds of one script; its output goes where this one's goes."""
    print(f"\n=== {script.name}: {script.what}", flush=True)
    start = time.perf_counter()
    done = subprocess.run([sys.executable, str(script.file), *script.args], env={**os.environ, **ONE_CORE})
    return done.returncode, time.perf_counter() - start


if __name__ == "__main__":
    main()
