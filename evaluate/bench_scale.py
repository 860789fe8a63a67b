"""Speed of each step, start-up times, and memory against the size of the corpus.

    .venv/bin/python evaluate/bench_scale.py --reports 10 100 1000 --ray

Reports are made by repeating the reports of corpus/reports with other numbers, so that no two are alike.
Speeds are medians of several runs; memory is the peak of the largest process of a whole command. Timings of
a busy machine say little: compare the rows with each other.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from baogao.corpus.segment import segment_text
from baogao.files import write_atomic
from baogao.log import versions
from baogao.models.pipeline import SECTIONS, load_pipeline
from baogao.models.predict import label_blocks
from baogao.workspace import Workspace


def vary(text: str, generator: random.Random) -> str:
    """The same report with other numbers."""
    return re.sub(r"\d+(?=[个件次名家份项人%万余])", lambda _: str(generator.randint(1, 9999)), text)


def make_reports(sources: list[str], count: int, folder: Path) -> int:
    """Write `count` reports; returns their characters."""
    generator = random.Random(0)
    total = 0
    for number in range(count):
        text = vary(sources[number % len(sources)], generator)
        (folder / f"report-{number:06d}.txt").write_text(text, encoding="utf-8")
        total += len(text)
    return total


def median_seconds(work: Callable[[], object], runs: int) -> float:
    work()  # warm-up
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def peak_megabytes(command: list[str]) -> tuple[float, float]:
    """(seconds, peak memory of the largest process in MB) of a command."""
    start = time.perf_counter()
    measure = (
        "import resource,subprocess,sys;code=subprocess.call(sys.argv[1:],stdout=subprocess.DEVNULL);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss);sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", measure, *command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed: {done.stderr.strip()[-400:]}")
    scale = 1e6 if sys.platform == "darwin" else 1e3
    return time.perf_counter() - start, int(done.stdout.split()[-1]) / scale


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workspace", type=Path, default=None)
    parser.add_argument("--model", default=None, help="a pipeline; else models/pipeline")
    parser.add_argument("--reports", type=int, nargs="+", default=[10, 100, 1000], help="corpus sizes")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--ray", action="store_true", help="also on a Ray cluster on this machine")
    parser.add_argument("--json", type=Path, default=None)
    options = parser.parse_args()
    workspace = Workspace.find(options.workspace)
    model = options.model or str(workspace.models / "pipeline")
    if options.model is None and not Path(model).exists():
        sys.exit(f"{model} is not there; train it first: baogao run")
    pages = [workspace.corpus / report.file for report in workspace.reports()]
    sources = [page.read_text(encoding="utf-8-sig") for page in pages if page.suffix == ".txt"]
    results: dict[str, dict] = {"versions": versions(), "steps": {}, "start": {}, "corpus": {}}

    nlp = load_pipeline(model)
    blocks = [block for i, text in enumerate(sources) for block in segment_text(text, report=f"r{i}")]
    texts = [block.text for block in blocks if block.kind == "paragraph"]
    characters = sum(map(len, sources))
    steps: dict[str, tuple[int, Callable[[], object]]] = {
        "segment": (characters, lambda: [segment_text(text, report="r") for text in sources]),
        "entities": (sum(map(len, texts)), lambda: list(nlp.pipe(texts, disable=[SECTIONS]))),
        "sections": (sum(map(len, texts)), lambda: nlp.get_pipe(SECTIONS).classifier.predict(blocks)),
        "all": (
            characters,
            lambda: [label_blocks(nlp, segment_text(text, report=f"r{i}")) for i, text in enumerate(sources)],
        ),
    }
    print(f"{'one process':<28}{'characters a second':>22}")
    for name, (size, work) in steps.items():
        speed = size / median_seconds(work, options.runs)
        results["steps"][name] = speed
        print(f"{name:<28}{speed:>22,.0f}")

    print(f"\n{'start-up':<28}{'seconds':>22}")
    for name, arguments in (
        ("baogao --help", ["--help"]),
        ("predict, one report", ["predict", str(pages[0]), "--model", model]),
    ):
        command = [sys.executable, "-m", "baogao", *arguments]
        taken = median_seconds(lambda: subprocess.run(command, capture_output=True, check=True), options.runs)  # noqa: B023
        results["start"][name] = taken
        print(f"{name:<28}{taken:>22.2f}")

    engines = [("1 process", ["--jobs", "1"]), ("2 processes", ["--jobs", "2"])]
    if options.ray:
        engines.append(("Ray, 2 actors", ["--jobs", "2", "--engine", "ray"]))
    print(f"\n{'reports':>8}  {'engine':<16}{'characters a second':>22}{'peak memory, MB':>18}")
    for count in options.reports:
        with tempfile.TemporaryDirectory(prefix="baogao-scale-") as name:
            folder = Path(name) / "in"
            folder.mkdir()
            size = make_reports(sources, count, folder)
            for engine, arguments in engines:
                output = Path(name) / "out"
                command = [sys.executable, "-m", "baogao", "predict", str(folder), "--model", model]
                taken, peak = peak_megabytes([*command, "--output", f"{output}/", *arguments])
                shutil.rmtree(output)
                results["corpus"][f"{count} reports, {engine}"] = {"speed": size / taken, "peak_mb": peak}
                print(f"{count:>8}  {engine:<16}{size / taken:>22,.0f}{peak:>18,.0f}", flush=True)
    if options.json:
        with write_atomic(options.json) as handle:
            json.dump(results, handle, indent=1)
    print(f"\nthis process peaked at {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:,.0f} MB")


if __name__ == "__main__":
    main()
