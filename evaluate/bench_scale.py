"""Speed of each step, start-up times, engines side by side, and memory against the size of the corpus.

    .venv/bin/python evaluate/bench_scale.py
    .venv/bin/python evaluate/bench_scale.py --parts memory --reports 10 100 1000 10000
    .venv/bin/python evaluate/bench_scale.py --parts engines --ray

Reports are made by repeating the reports of corpus/reports with other numbers, so that no two are alike; for
memory they are short (--characters), so that there can be many. Speeds are medians of several runs; memory is
the peak of the largest process of a whole command. Timings of a busy machine say little: compare rows with
each other.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
import numpy as np

from baogao.corpus.segment import segment_text
from baogao.files import write_atomic
from baogao.log import versions
from baogao.models.pipeline import SECTIONS, load_pipeline
from baogao.models.predict import label_blocks
from baogao.workspace import Workspace

PARTS = ("steps", "start", "engines", "memory")


def vary(text: str, generator: random.Random) -> str:
    """The same report with other numbers."""
    return re.sub(r"\d+(?=[个件次名家份项人%万余])", lambda _: str(generator.randint(1, 9999)), text)


def make_reports(sources: list[str], count: int, folder: Path, characters: int | None = None) -> int:
    """Write `count` reports, each cut at the end of a line after `characters`; returns their characters."""
    generator = random.Random(0)
    folder.mkdir()
    total = 0
    for number in range(count):
        text = sources[number % len(sources)]
        if characters is not None:
            text = text[: text.find("\n", characters) + 1] or text
        text = vary(text, generator)
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


def steps(sources: list[str], model: str, runs: int) -> dict[str, float]:
    """Characters a second of each step in this process."""
    nlp = load_pipeline(model)
    blocks = [block for i, text in enumerate(sources) for block in segment_text(text, report=f"r{i}")]
    texts = [block.text for block in blocks if block.kind == "paragraph"]
    characters, labelled = sum(map(len, sources)), sum(map(len, texts))
    work: dict[str, tuple[int, Callable[[], object]]] = {
        "segment": (characters, lambda: [segment_text(text, report="r") for text in sources]),
        "entities": (labelled, lambda: list(nlp.pipe(texts, disable=[SECTIONS]))),
        "sections": (labelled, lambda: nlp.get_pipe(SECTIONS).classifier.predict(blocks)),
        "all": (
            characters,
            lambda: [label_blocks(nlp, segment_text(text, report=f"r{i}")) for i, text in enumerate(sources)],
        ),
    }
    print(f"{'one process':<28}{'characters a second':>22}")
    found = {}
    for name, (size, function) in work.items():
        found[name] = size / median_seconds(function, runs)
        print(f"{name:<28}{found[name]:>22,.0f}", flush=True)
    return found


def start_up(page: Path, model: str, runs: int) -> dict[str, float]:
    """Seconds of a whole command."""
    print(f"\n{'start-up':<28}{'seconds':>22}")
    found = {}
    for name, arguments in (
        ("baogao --help", ["--help"]),
        ("predict, one report", ["predict", str(page), "--model", model]),
    ):
        command = [sys.executable, "-m", "baogao", *arguments]
        found[name] = median_seconds(partial(subprocess.run, command, capture_output=True, check=True), runs)
        print(f"{name:<28}{found[name]:>22.2f}", flush=True)
    return found


def predict(sources: list[str], model: str, count: int, characters: int | None, *arguments: str) -> dict:
    """Label `count` made reports into a folder: characters, characters a second, peak MB."""
    with tempfile.TemporaryDirectory(prefix="baogao-scale-") as name:
        size = make_reports(sources, count, Path(name) / "in", characters)
        command = [sys.executable, "-m", "baogao", "predict", f"{name}/in", "--model", model]
        taken, peak = peak_megabytes([*command, "--output", f"{name}/out/", *arguments])
    return {"characters": size, "speed": size / taken, "peak_mb": peak}


def engines(sources: list[str], model: str, count: int, ray: bool) -> dict[str, dict]:
    """The same reports with one process, two, and two on Ray."""
    rows = [("1 process", ["--jobs", "1"]), ("2 processes", ["--jobs", "2"])]
    if ray:
        rows += [("Ray, 1 process", ["--jobs", "1", "--engine", "ray"])]
        rows += [("Ray, 2 processes", ["--jobs", "2", "--engine", "ray"])]
    print(f"\n{f'{count} whole reports':<28}{'characters a second':>22}{'peak MB':>10}")
    found = {}
    for name, arguments in rows:
        found[name] = predict(sources, model, count, None, *arguments)
        print(f"{name:<28}{found[name]['speed']:>22,.0f}{found[name]['peak_mb']:>10,.0f}", flush=True)
    return found


def memory(sources: list[str], model: str, counts: list[int], characters: int) -> dict[str, dict]:
    """Peak memory of one process against the number of reports, and the line through it."""
    print(f"\nreports of about {characters} characters, one process")
    print(f"{'reports':>10}{'characters':>14}{'peak MB':>10}")
    found = {}
    for count in counts:
        row = found[str(count)] = predict(sources, model, count, characters)
        print(f"{count:>10,}{row['characters']:>14,}{row['peak_mb']:>10,.0f}", flush=True)
    peaks = [row["peak_mb"] for row in found.values()]
    if len(counts) > 1:
        slope, base = np.polyfit(counts, peaks, 1)
        print(f"line: {base:,.0f} MB + {1000 * slope:,.1f} MB a thousand reports; "
              f"most over least: {max(peaks) / min(peaks):.3f}")  # fmt: skip
        found["line"] = {"base_mb": base, "mb_a_thousand_reports": 1000 * slope}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workspace", type=Path, default=None)
    parser.add_argument("--model", default=None, help="a pipeline; else models/pipeline")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--runs", type=int, default=5, help="of what medians are taken of")
    parser.add_argument("--ray", action="store_true", help="engines: also a Ray cluster on this machine")
    parser.add_argument("--whole", type=int, default=20, help="engines: whole reports")
    parser.add_argument("--reports", type=int, nargs="+", default=[10, 100, 1000], help="memory: counts")
    parser.add_argument("--characters", type=int, default=400, help="memory: of a report, at least")
    parser.add_argument("--json", type=Path, default=None)
    options = parser.parse_args()
    workspace = Workspace.find(options.workspace)
    model = options.model or str(workspace.models / "pipeline")
    if options.model is None and not Path(model).exists():
        sys.exit(f"{model} is not there; train it first: baogao run")
    pages = [workspace.corpus / report.file for report in workspace.reports()]
    sources = [page.read_text(encoding="utf-8-sig") for page in pages if page.suffix == ".txt"]
    work = {
        "steps": lambda: steps(sources, model, options.runs),
        "start": lambda: start_up(pages[0], model, options.runs),
        "engines": lambda: engines(sources, model, options.whole, options.ray),
        "memory": lambda: memory(sources, model, options.reports, options.characters),
    }
    results = {part: work[part]() for part in options.parts}
    if options.json:
        kept = msgspec.json.decode(options.json.read_bytes()) if options.json.exists() else {}
        with write_atomic(options.json) as handle:
            json.dump(kept | {"versions": versions()} | results, handle, indent=1)
            handle.write("\n")


if __name__ == "__main__":
    main()
