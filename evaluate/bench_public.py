"""Train and score a NER config on Resume (Zhang and Yang 2018) and Weibo (Peng and Dredze 2015).

The recipe is the workspace's, unchanged but for the data: the benchmark's dev set sets the threshold, its
test set is scored once a seed, by exact span and label on characters. Words come from a segmenter trained on
the benchmark's own training sentences (pkuseg) or from jieba; dev says which to use. The benchmarks are not
part of this repository: give the folder of resume/ and weibo/ with --path or in BAOGAO_BENCHMARKS.

Finished seeds are kept in the results file, so a run that was stopped goes on.

    python evaluate/bench_public.py --path DIR --seeds 3
    python evaluate/bench_public.py --path DIR --words jieba --benchmark weibo
    python evaluate/bench_public.py --path DIR --benchmark resume --config training/ner-default.cfg
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from baogao.annotations.formats.columns import read_columns
from baogao.errors import InputError
from baogao.files import write_atomic
from baogao.records import LabelledBlock
from baogao.spans import Counts, add_counts, exact_counts
from baogao.training.ner import predict_entities, read_spacy_config, recipe_hash, train_ner
from baogao.training.segmenter import train_segmenter

ROOT = Path(__file__).parents[1]
FILES = {"resume": "resume.{}.bmes", "weibo": "{}.conll"}
WORDS = ("pkuseg", "jieba")
# Published test F1 without pre-trained language models, for the eye: Zhang and Yang 2018, Ma et al. 2020.
PUBLISHED = {
    "resume": {"Lattice LSTM": 94.46, "SoftLexicon (LSTM)": 95.53},
    "weibo": {"Lattice LSTM": 58.79, "SoftLexicon (LSTM)": 61.42},
}


def run_seed(
    parts: dict[str, list[LabelledBlock]], words: str | None, args: argparse.Namespace, seed: int
) -> dict:
    """Train once and score the test set once."""
    import spacy

    with tempfile.TemporaryDirectory(prefix="baogao-bench-") as name:
        folder = Path(name)
        segmenter = None if words is None else Path(words)
        if words == "pkuseg":
            segmenter = train_segmenter(parts["train"], folder / "segmenter")
        started = time.perf_counter()
        train_ner(
            parts["train"], folder / "model", dev=parts["dev"], config=args.config, segmenter=segmenter,
            seed=seed, overrides=args.overrides, progress=args.verbose,
        )  # fmt: skip
        seconds = time.perf_counter() - started
        nlp = spacy.load(folder / "model")
    result: dict = {"seed": seed, "training_seconds": round(seconds, 1)}
    for part in ("dev", "test"):
        predicted = predict_entities(nlp, parts[part])
        counts = add_counts(
            exact_counts(g.entities, p.entities) for g, p in zip(parts[part], predicted, strict=True)
        )
        result[part] = {
            "all": figures(sum(counts.values(), Counts())),
            **{label: figures(count) for label, count in sorted(counts.items())},
        }
    return result


def figures(counts: Counts) -> dict[str, float]:
    """Percentages, with the gold spans behind them."""
    return {
        "p": round(100 * counts.precision, 2),
        "r": round(100 * counts.recall, 2),
        "f1": round(100 * counts.f1, 2),
        "support": counts.support,
    }


def show(benchmark: str, title: str, results: list[dict]) -> None:
    """A line a seed, mean and standard deviation, and the published figures."""
    print(f"\n{benchmark}, {title}: exact F1 of {results[0]['test']['all']['support']} test entities")
    for result in results:
        test, dev = result["test"]["all"]["f1"], result["dev"]["all"]["f1"]
        took = result["training_seconds"]
        print(f"  seed {result['seed']}: test {test:.2f}  dev {dev:.2f}  ({took:.0f} s)")
    for part in ("test", "dev"):
        scores = [result[part]["all"]["f1"] for result in results]
        spread = f" ± {statistics.stdev(scores):.2f} (sd of {len(scores)} seeds)" if len(scores) > 1 else ""
        print(f"  mean {part} {statistics.mean(scores):.2f}{spread}")
    for name, score in PUBLISHED[benchmark].items():
        print(f"  published, {name}: {score:.2f}")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--path", type=Path, default=os.environ.get("BAOGAO_BENCHMARKS"))
    parser.add_argument("--benchmark", choices=[*FILES, "all"], default="all")
    parser.add_argument("--config", type=Path, default=ROOT / "training" / "ner.cfg")
    parser.add_argument("--words", nargs="+", choices=WORDS, default=WORDS, help="for a config with words")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--set", nargs=2, action="append", default=[], metavar=("SETTING", "VALUE"))
    parser.add_argument("--output", type=Path, default=ROOT / "evaluate" / "results" / "bench_public.json")
    parser.add_argument("--limit", type=int, help="first sentences only, for a trial run (not kept)")
    parser.add_argument("--force", action="store_true", help="train again what the results file has")
    parser.add_argument("--verbose", action="store_true", help="show spaCy's steps")
    args = parser.parse_args()
    args.overrides = {name: json.loads(value) for name, value in args.set}
    if args.path is None:
        print("no benchmarks: give --path or set BAOGAO_BENCHMARKS to the folder of resume/ and weibo/")
        return 3
    kept = json.loads(args.output.read_text(encoding="utf-8")) if args.output.exists() else {}
    has_words = "segmenter" in read_spacy_config(args.config).get("paths", {})
    for benchmark in FILES if args.benchmark == "all" else [args.benchmark]:
        folder = Path(args.path) / benchmark
        if not folder.is_dir():
            print(f"no benchmark {benchmark}: {folder} is not there")
            return 3
        parts = {
            part: read_columns(folder / FILES[benchmark].format(part))[: args.limit]
            for part in ("train", "dev", "test")
        }
        for words in args.words if has_words else [None]:
            title = args.config.stem if words is None else f"{args.config.stem}, words by {words}"
            recipe = recipe_hash(
                parts["train"], config=args.config, segmenter=words and Path(words), overrides=args.overrides,
                dev=parts["dev"],
            )  # fmt: skip
            entry = kept.setdefault(benchmark, {}).setdefault(title, {})
            if args.force or entry.get("recipe") != recipe:
                entry = kept[benchmark][title] = {"recipe": recipe, "results": []}
            for seed in range(args.seeds):
                if seed not in [result["seed"] for result in entry["results"]]:
                    entry["results"].append(run_seed(parts, words, args, seed))
                    if args.limit is None:
                        with write_atomic(args.output) as handle:
                            handle.write(json.dumps(kept, ensure_ascii=False, indent=1) + "\n")
            show(benchmark, title, entry["results"][: args.seeds])
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except InputError as error:
        sys.exit(f"bench_public: {error}")
