"""Entity models side by side: same folds, same scorer, one table.

Each gold report is held out in turn; all systems train on the other gold reports and on practice (unless
their name says otherwise), with a word segmenter trained on the same side, and are scored by exact span and
label on the original characters. Figures are means over seeds; intervals resample reports.

Every (system, report, seed) that is done is a line of evaluate/results/compare_ner.jsonl with its predicted
spans, so a run that was stopped goes on, and `--show` prints the table from there without training.

    python evaluate/compare_ner.py --seeds 5
    python evaluate/compare_ner.py --systems rules crf ours --seeds 1 --jobs 2
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import msgspec
from spacy.util import dot_to_object

import baogao.training
import peers
from baogao.annotations.rules import Rules
from baogao.errors import InputError
from baogao.evaluate.pairs import pair
from baogao.evaluate.tables import percent, print_table
from baogao.evaluate.uncertainty import Tally, few_reports, intervals
from baogao.files import sha256, sha256_tree, write_atomic
from baogao.progress import track
from baogao.records import Entity, LabelledBlock
from baogao.training.ner import (
    data_hash,
    misaligned_spans,
    predict_entities,
    read_spacy_config,
    recipe_hash,
    train_ner,
)
from baogao.training.segmenter import make_segmenter, sees, train_segmenter
from baogao.training.splits import paragraphs
from baogao.workspace import Workspace


@dataclass(frozen=True)
class System:
    """A line of the table. Without `config` it is no spaCy model. `overrides` may hold {segmenter}, the path
    of the fold's word segmenter. `practice`: a pattern, which practice reports it trains on. `words`: whether
    a config that asks for a segmenter gets one. One without `seeds` is the same for every seed."""

    title: str
    config: str | None = None
    overrides: dict[str, Any] = field(default_factory=dict)
    practice: str = "*"
    seeds: bool = True
    words: bool = True


# spaCy's own limit is 20000 steps; here it stops earlier, and the titles say where.
STEPS = {"training.max_steps": 1500}
PKUSEG = {"nlp.tokenizer.segmenter": "pkuseg", "initialize.tokenizer.pkuseg_model": "{segmenter}"}
VARIANTS = {
    "@augmenters": "baogao.variants.v1",
    "path": "${paths.train}",
    "rate": 0.3,
    "bodies": ["INST"],
    "quantities": ["METRIC"],
    "levels": "省市区县镇乡",
}
SYSTEMS = {
    "rules": System("rules only", seeds=False),
    "crf": System("linear CRF, jieba word features", seeds=False),
    "spacy-characters": System("spaCy default, characters, 1500 steps", "ner-default.cfg", STEPS),
    "spacy-jieba": System(
        "spaCy default, jieba words, 1500 steps",
        "ner-default.cfg",
        {**STEPS, "nlp.tokenizer.segmenter": "jieba"},
    ),
    "spacy-pkuseg": System("spaCy default, pkuseg words, 1500 steps", "ner-default.cfg", {**STEPS, **PKUSEG}),
    "ours-no-words": System("ours without words", "ner.cfg", words=False),
    "ours-jieba": System("ours, words by jieba", "ner.cfg", {"paths.segmenter": "jieba"}, words=False),
    "ours-no-rules": System("ours without rules", "ner.cfg", {"paths.rules": None}),
    # training/README.md shows the same block: augmentation is off in ner.cfg.
    "ours-augmented": System("ours with augmentation", "ner.cfg", {"corpora.train.augmenter": VARIANTS}),
    "ours-no-embeddings": System("ours without embeddings", "ner.cfg", {"paths.embeddings": None}),
    "ours-no-practice": System("ours without practice reports", "ner.cfg", practice=""),
    # annotations/ORIGIN.md says how the reports u came about, and why this line is here.
    "ours-no-u": System("ours without practice reports u", "ner.cfg", practice="practice-[rst]*"),
    "ours": System("ours, words by pkuseg", "ner.cfg"),
}


def differs(root: Path, system: System) -> bool:
    """Whether a variant says anything that its config does not say already."""
    if system.config is None:
        return True
    settings = read_spacy_config(root / "training" / system.config).interpolate()
    return not system.overrides or any(
        dot_to_object(settings, name) != value for name, value in system.overrides.items()
    )


@dataclass(frozen=True)
class Run:
    """One training: which system, which report held out, which seed."""

    root: Path
    scratch: Path
    system: str
    report: str
    seed: int
    overrides: dict[str, Any]

    @property
    def place(self) -> tuple[str, str, int]:
        return (self.system, self.report, self.seed)


def fold(run: Run) -> tuple[list[LabelledBlock], list[LabelledBlock]]:
    """(training side, held-out paragraphs)."""
    workspace = Workspace(run.root)
    gold = workspace.labelled("gold")
    held = gold.pop(run.report)
    practice = workspace.labelled("practice")
    sides = [
        *gold.values(),
        *(practice[name] for name in practice if fnmatchcase(name, SYSTEMS[run.system].practice)),
    ]
    return paragraphs([block for blocks in sides for block in blocks]), paragraphs(held)


def key(run: Run) -> str:
    """Hash of all that decides a run, but for the code."""
    system = SYSTEMS[run.system]
    train, held = fold(run)
    parts: list[Any] = [[block.text for block in held]]
    if system.config is not None:
        config = run.root / "training" / system.config
        parts.append(recipe_hash(train, config=config, overrides={**system.overrides, **run.overrides}))
    elif run.system == "rules":
        parts.append(sha256_tree(run.root / "annotations" / "rules.toml"))
    else:
        parts.append(data_hash(train))
    return sha256(json.dumps(parts).encode())


def run_one(run: Run, run_key: str) -> dict[str, Any]:
    """Train, predict the held-out report, and say how long it took."""
    system = SYSTEMS[run.system]
    train, held = fold(run)
    lost: list[str] = []
    started = time.perf_counter()
    predict: Callable[[Sequence[LabelledBlock]], list[LabelledBlock]]
    if run.system == "rules":
        rules = Rules.load(run.root / "annotations" / "rules.toml")

        def predict(blocks):
            return [msgspec.structs.replace(block, entities=rules.suggest(block.text)) for block in blocks]

    elif system.config is None:
        predict = peers.LinearCRF().fit(train).predict
    else:
        import spacy

        config = run.root / "training" / system.config
        words = None
        asks = "segmenter" in read_spacy_config(config).get("paths", {})
        if "{segmenter}" in system.overrides.values() or (asks and system.words):
            words = segmenter(run, train)
            started = time.perf_counter()
        overrides = {
            name: str(words) if value == "{segmenter}" else value
            for name, value in {**system.overrides, **run.overrides}.items()
        }
        with tempfile.TemporaryDirectory(prefix="baogao-compare-") as name:
            model = train_ner(
                train, Path(name) / "model", config=config, segmenter=words, seed=run.seed,
                overrides=overrides, allow_misaligned=True, progress=False,
            )  # fmt: skip
            nlp = spacy.load(model)
        lost = misaligned_spans(nlp, held)

        def predict(blocks):
            return predict_entities(nlp, blocks)

    trained = time.perf_counter()
    predicted = predict(held)
    done = time.perf_counter()
    return {
        "system": run.system,
        "report": run.report,
        "seed": run.seed,
        "key": run_key,
        "code": code_hash(),
        "training_seconds": round(trained - started, 1),
        "prediction_seconds": round(done - trained, 3),
        "characters": sum(len(block.text) for block in held),
        "inexpressible": lost,
        "spans": {
            block.id: [[span.start, span.end, span.label] for span in block.entities]
            for block in predicted
            if block.entities
        },
    }


def segmenter(run: Run, train: Sequence[LabelledBlock]) -> Path:
    """A word segmenter that has not seen the held-out report, nor practice where the system may not."""
    workspace = Workspace(run.root)
    if SYSTEMS[run.system].practice == "*" and not sees(workspace, run.report):
        path = run.scratch / "shared"
        return path if path.exists() else Path(make_segmenter(workspace, output=path))
    path = run.scratch / data_hash(train)
    return path if path.exists() else train_segmenter(train, path)


def code_hash() -> str:
    """Of the training stage: results of other code are marked in the table."""
    return sha256_tree(*sorted(Path(baogao.training.__file__).parent.rglob("*.py")))[:12]


def table(root: Path, results: list[dict[str, Any]], seeds: int) -> list[dict[str, Any]]:
    """A row a system that has every fold of at least one seed."""
    gold = {name: paragraphs(blocks) for name, blocks in Workspace(root).labelled("gold").items()}
    support = sum(len(block.entities) for blocks in gold.values() for block in blocks)
    rows = []
    for name, system in SYSTEMS.items():
        mine = [r for r in results if r["system"] == name and r["seed"] < seeds]
        complete = sorted(
            {r["seed"] for r in mine if {q["report"] for q in mine if q["seed"] == r["seed"]} == set(gold)}
        )
        if not complete:
            continue
        tallies = [Tally.of(_pairs(gold, [r for r in mine if r["seed"] == seed])) for seed in complete]
        found = intervals(tallies, names=[n for n in tallies[0].names() if n.startswith("ner.")])
        used = [r for r in mine if r["seed"] in complete]
        rows.append(
            {
                "system": name,
                "title": system.title,
                "seeds": len(complete),
                "figures": {figure: msgspec.to_builtins(value) for figure, value in found.items()},
                "training_seconds": sum(r["training_seconds"] for r in used) / len(used),
                "characters_per_second": sum(r["characters"] for r in used)
                / sum(r["prediction_seconds"] for r in used),
                "inexpressible": sum(len(r["inexpressible"]) for r in used) / len(complete) / support,
                "other_code": sum(r["code"] != code_hash() for r in used),
            }
        )
    return rows


def _pairs(gold: dict[str, list[LabelledBlock]], results: list[dict[str, Any]]):
    pairs = []
    for result in results:
        blocks = gold[result["report"]]
        predicted = [
            msgspec.structs.replace(
                block,
                section=None,
                entities=[Entity(start=a, end=b, label=c) for a, b, c in result["spans"].get(block.id, [])],
            )
            for block in blocks
        ]
        pairs += pair([msgspec.structs.replace(block, section=None) for block in blocks], predicted)
    return pairs


def show(root: Path, rows: list[dict[str, Any]]) -> None:
    """Print the table and what to know when reading it."""
    labels = Workspace(root).labels().entities
    lines = []
    for row in rows:
        every = row["figures"]["ner.f1"]
        lines.append(
            [
                row["title"],
                row["seeds"],
                percent(every["value"]),
                f"{percent(every['low'])}–{percent(every['high'])}",
                *(
                    percent(row["figures"].get(f"ner.labels.{label}.f1", {"value": 0.0})["value"])
                    for label in labels
                ),
                f"{row['training_seconds']:.0f}",
                f"{row['characters_per_second']:,.0f}",
                percent(row["inexpressible"]),
            ]
        )
    print_table(
        ["system", "seeds", "F1", "95%", *labels, "train s", "chars/s", "lost %"],
        lines,
        title="Entities, exact F1, leave one report out",
    )
    print(
        "lost: share of gold spans whose edges the system's words do not have. Seconds: as this machine was."
    )
    if warning := few_reports(len(Workspace(root).labelled("gold"))):
        print(warning)
    if old := [row["title"] for row in rows if row["other_code"]]:
        print(f"made with other code of baogao.training than now: {', '.join(old)}")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workspace", type=Path, default=Path(__file__).parents[1])
    parser.add_argument("--systems", nargs="+", choices=list(SYSTEMS), default=list(SYSTEMS))
    parser.add_argument("--reports", nargs="+", help="hold out only these gold reports")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="trainings at once")
    parser.add_argument("--set", nargs=2, action="append", default=[], metavar=("SETTING", "VALUE"))
    parser.add_argument("--output", type=Path, help="else evaluate/results/compare_ner.jsonl")
    parser.add_argument("--force", action="store_true", help="train again what is there")
    parser.add_argument("--show", action="store_true", help="print the table of what is there, train nothing")
    args = parser.parse_args()
    root = Workspace.find(args.workspace).root
    output = args.output or root / "evaluate" / "results" / "compare_ner.jsonl"
    kept: dict[tuple, dict[str, Any]] = {}
    if output.exists():
        for line in output.read_text(encoding="utf-8").splitlines():
            result = json.loads(line)
            kept[result["system"], result["report"], result["seed"]] = result
    if not args.show:
        with tempfile.TemporaryDirectory(prefix="baogao-words-") as scratch:
            train_missing(args, root, Path(scratch), output, kept)
    rows = table(root, list(kept.values()), args.seeds)
    show(root, rows)
    with write_atomic(output.with_suffix(".json")) as handle:
        handle.write(json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
    return 0


def train_missing(
    args: argparse.Namespace, root: Path, scratch: Path, output: Path, kept: dict[tuple, dict[str, Any]]
) -> None:
    """Run what `kept` does not have, `--jobs` at once, and keep each result at once."""
    overrides = {name: json.loads(value) for name, value in args.set}
    runs = [
        Run(root, scratch, name, report, seed, overrides if SYSTEMS[name].config else {})
        for seed in range(args.seeds)
        for name in args.systems
        if differs(root, SYSTEMS[name])
        for report in args.reports or Workspace(root).labelled("gold")
        if SYSTEMS[name].seeds or seed == 0
    ]
    keys = {run.place: key(run) for run in track(runs, "reading what is there")}
    todo = [run for run in runs if args.force or kept.get(run.place, {}).get("key") != keys[run.place]]
    with ProcessPoolExecutor(args.jobs, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(run_one, run, keys[run.place]) for run in todo]
        for future in track(as_completed(waiting), "systems × reports × seeds", total=len(waiting)):
            result = future.result()
            kept[result["system"], result["report"], result["seed"]] = result
            with write_atomic(output) as handle:
                for place in sorted(kept):
                    handle.write(json.dumps(kept[place], ensure_ascii=False) + "\n")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except InputError as error:
        sys.exit(f"compare_ner: {error}")
