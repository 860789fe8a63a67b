"""Speed, size and memory of training/ner.cfg beside spaCy's default character config, as ratios.

Both train on the practice reports and are scored on gold, on one core, in fresh processes; prediction is
timed in turns. Seconds are of processor time, so that a busy machine counts little, and this machine's: read
the ratios. Seconds to best are those until the step whose evaluation on gold was best, without evaluations.
Ours trains its fixed number of steps. spaCy's default is stopped after --max-steps; where its best step is
the last, it was still improving and its time to best is at least what is printed.

    python evaluate/bench_ner_speed.py
    python evaluate/bench_ner_speed.py --models models/speed     # keep both; the next run only predicts
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from baogao.evaluate.tables import print_table
from baogao.files import write_atomic
from baogao.training.ner import read_spacy_config, recipe_hash, train_ner
from baogao.training.segmenter import make_segmenter
from baogao.training.splits import paragraphs
from baogao.workspace import Workspace

ROOT = Path(__file__).parents[1]
CONFIGS = {"spaCy default, characters": "ner-default.cfg", "ours": "ner.cfg"}


def train(root: Path, config: str, output: Path, segmenter: Path, max_steps: int | None) -> dict[str, Any]:
    """Train once; seconds until the best evaluation, without the evaluations themselves."""
    import spacy
    import spacy.training.loggers  # so that ours comes after

    workspace = Workspace(root)
    blocks, gold = (
        paragraphs([b for blocks in workspace.labelled(name).values() for b in blocks])
        for name in ("practice", "gold")
    )
    log: dict[str, Any] = {"evaluation": 0.0, "best": -1.0}

    @spacy.registry.loggers("spacy.ConsoleLogger.v1")  # the one that configs name or leave unsaid
    def timed(progress_bar: bool = False):  # what the config says of the console logger stays there
        def setup(nlp, stdout=None, stderr=None):
            log["start"] = time.process_time()
            evaluate = nlp.evaluate

            def timed_evaluate(*args, **kwargs):
                started = time.process_time()
                scores = evaluate(*args, **kwargs)
                log["evaluation"] += time.process_time() - started
                return scores

            nlp.evaluate = timed_evaluate

            def step(info):
                if info is not None and info["score"] > log["best"]:
                    seconds = time.process_time() - log["start"] - log["evaluation"]
                    log.update(best=info["score"], step=info["step"], seconds=seconds)

            return step, lambda: None

        return setup

    asks = "segmenter" in read_spacy_config(root / "training" / config).get("paths", {})
    recipe: dict[str, Any] = {
        "config": root / "training" / config,
        "dev": gold,
        "overrides": {} if max_steps is None else {"training.max_steps": max_steps},
        "segmenter": segmenter if asks else None,
    }
    kept = output / "speed.json"
    if kept.is_file() and (known := json.loads(kept.read_text()))["recipe"] == recipe_hash(blocks, **recipe):
        return known
    started = time.process_time()
    train_ner(blocks, output, progress=False, **recipe)
    result = {
        "recipe": recipe_hash(blocks, **recipe),
        "seconds_to_best": log["seconds"],
        "best_step": log["step"],
        "dev_f1": log["best"],
        "training_seconds": time.process_time() - started,
        "training_memory_mb": peak_memory(),
        "size_mb": sum(f.stat().st_size for f in output.rglob("*") if f.is_file()) / 1e6,
    }
    kept.write_text(json.dumps(result))
    return result


def predict(root: Path, model: Path, characters: int) -> dict[str, Any]:
    """Characters a second over gold texts, repeated up to `characters`, after a warm-up."""
    import spacy

    gold = [b for blocks in Workspace(root).labelled("gold").values() for b in paragraphs(blocks)]
    texts: list[str] = []
    while sum(map(len, texts)) < characters:
        texts += [block.text for block in gold]
    nlp = spacy.load(model)
    for _ in nlp.pipe(texts[:20]):
        pass
    started = time.process_time()
    for _ in nlp.pipe(texts):
        pass
    return {
        "characters_per_second": sum(map(len, texts)) / (time.process_time() - started),
        "prediction_memory_mb": peak_memory(),
    }


def peak_memory() -> float:
    """Largest resident size of this process so far, in MB (1e6 bytes)."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def measure(*arguments: Any) -> dict[str, Any]:
    """One measurement in a fresh process on one core."""
    command = [sys.executable, __file__, "--measure", json.dumps([str(a) for a in arguments])]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=os.environ | threads)
    return json.loads(done.stdout.splitlines()[-1])


def measured(arguments: list[str]) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    what, root, *rest = arguments
    if what == "train":
        config, output, segmenter, steps = rest
        limit = None if steps == "None" else int(steps)
        result = train(Path(root), config, Path(output), Path(segmenter), limit)
    else:
        result = predict(Path(root), Path(rest[0]), int(rest[1]))
    print(json.dumps(result))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workspace", type=Path, default=ROOT)
    parser.add_argument("--repeat", type=int, default=3, help="predictions of each model, in turns")
    parser.add_argument("--characters", type=int, default=100_000, help="a prediction's length")
    parser.add_argument(
        "--max-steps", type=int, default=4000, help="of spaCy's default, which otherwise goes to 20000"
    )
    parser.add_argument(
        "--models", type=Path, help="keep the models here, and train none that is here already"
    )
    parser.add_argument("--trial", action="store_true", help="a few steps of both, to see that it works")
    parser.add_argument("--output", type=Path, default=ROOT / "evaluate/results/bench_ner_speed.json")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        measured(json.loads(args.measure))
        return
    root = Workspace.find(args.workspace).root
    results: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory(prefix="baogao-speed-") as name:
        folder = args.models or Path(name)
        started = time.process_time()
        place = None if args.trial else folder / "segmenter"  # in a trial the workspace's own will do
        segmenter = make_segmenter(Workspace(root), output=place)
        segmenter_seconds = time.process_time() - started
        for title, config in CONFIGS.items():
            steps = 5 if args.trial else args.max_steps if config == "ner-default.cfg" else None
            results[title] = measure("train", root, config, folder / config, segmenter, steps)
        runs: dict[str, list[dict[str, Any]]] = {title: [] for title in CONFIGS}
        for _ in range(args.repeat):
            for title, config in CONFIGS.items():
                runs[title].append(measure("predict", root, folder / config, args.characters))
    for title, found in runs.items():
        for key in ("characters_per_second", "prediction_memory_mb"):
            results[title][key] = statistics.median(run[key] for run in found)
            results[title][f"{key}_runs"] = [run[key] for run in found]
    show(results, segmenter_seconds, args.max_steps)
    if not args.trial:
        with write_atomic(args.output) as handle:
            json.dump(
                {"segmenter_seconds": segmenter_seconds, "max_steps": args.max_steps, "models": results},
                handle,
                indent=1,
            )
            handle.write("\n")


def show(results: dict[str, dict[str, Any]], segmenter_seconds: float, max_steps: int) -> None:
    """The two models side by side, and ours as a ratio of the default."""
    lines = {
        "seconds_to_best": "training to best, s",
        "best_step": "best step",
        "dev_f1": "F1 on gold then (of steps chosen on it)",
        "training_seconds": "training in all, s",
        "training_memory_mb": "training, peak MB",
        "characters_per_second": "prediction, characters a second",
        "prediction_memory_mb": "prediction, peak MB",
        "size_mb": "model, MB",
    }
    default, ours = results.values()
    rows = [
        [
            title,
            f"{default[key]:,.3g}" if default[key] < 1 else f"{default[key]:,.1f}",
            f"{ours[key]:,.3g}" if ours[key] < 1 else f"{ours[key]:,.1f}",
            f"{ours[key] / default[key]:.2f}" if default[key] else "",
        ]
        for key, title in lines.items()
    ]
    print_table(["one core", *results, "ratio"], rows)
    if default["best_step"] >= max_steps:
        print(f"spaCy's default was still improving when stopped: more than {max_steps} steps to best")
    print(f"the word segmenter of ours: {segmenter_seconds:.0f} s more, once for all folds and seeds")


if __name__ == "__main__":
    main()
