"""`baogao run` and `baogao init`: all stages in order, and an empty workspace to run them in."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

import baogao
from baogao.errors import InputError, ServiceError
from baogao.files import hold_lock, remove_leftovers, sha256, sha256_tree, write_atomic
from baogao.log import logger, write_summary
from baogao.processes import one_blas_thread, start_worker
from baogao.workspace import Workspace

MADE_BY_COMMANDS = """\
/.baogao/
/corpus/blocks/
/annotations/export/
/annotations/doccano/
/training/dataset/
/models/*
/evaluate/predictions/
/evaluate/report.html
*.run.json
"""


@dataclass(frozen=True)
class Stage:
    """One step: `inputs` and the source of `code` (subpackages) decide whether `outputs` are up to date.
    `work` returns what it did, as a line and as counts."""

    name: str
    inputs: Sequence[Path]
    outputs: Sequence[Path]
    code: Sequence[str]
    work: Callable[[], tuple[str, dict[str, int]]]

    def key(self) -> str:
        package = Path(baogao.__file__).parent
        sources = [path for part in self.code for path in sorted((package / part).rglob("*.py"))]
        return sha256((sha256_tree(*self.inputs) + sha256_tree(*sources)).encode())


def run_stages(workspace: Workspace, *, force: bool = False) -> None:
    """Do every stage that is out of date, in order, and print where everything is.

    A stage is up to date when its outputs are there and the hash of its inputs and code is the one kept in
    .baogao/stages.json. A kill at any point loses only the stage (in training: the fold) it hit. Without
    labels the run ends after the doccano import, with the next step. What was done and what was up to date,
    with times, counts, settings and versions, is written to baogao.run.json, also when a stage fails.
    Raises InputError for bad input.
    """
    with hold_lock(workspace.root / ".baogao" / "lock", "baogao run"):
        started = time.perf_counter()
        remove_leftovers(
            workspace.root, workspace.root / ".baogao", workspace.corpus, workspace.annotations,
            workspace.training, workspace.models, workspace.evaluate,
        )  # fmt: skip
        stages = Stages(workspace, force=force)
        settings = _settings(workspace, force)

        def summarise(**facts: str) -> None:
            write_summary(
                workspace.root / "baogao", "run", started, **facts, settings=settings, stages=stages.records
            )

        try:
            _run(workspace, stages)
        except BaseException as error:
            with contextlib.suppress(InputError):  # the first error is the one to tell
                summarise(status="failed", error=str(error) or type(error).__name__)
            raise
        summarise(status="done")


def _settings(workspace: Workspace, force: bool) -> dict[str, Any]:
    from baogao.evaluate.settings import read_benchmark

    folds = read_benchmark(workspace).leave_one_report_out
    return {"force": force, "seeds": list(folds.seeds), "jobs": folds.jobs}


def _run(workspace: Workspace, stages: Stages) -> None:
    if not workspace.reports():
        raise InputError(
            "no reports yet", file=workspace.corpus / "manifest.jsonl",
            todo="add some with: baogao corpus add FILE...",
        )  # fmt: skip
    stages.do(_corpus(workspace))
    stages.do(_annotations(workspace))
    if not workspace.labelled_files("gold") and not workspace.labelled_files("practice"):
        print("no labels in annotations/gold yet; next: baogao annotations serve, then push and pull")
        return
    stages.do(_dataset(workspace))
    if stages.stale(_models(workspace)):
        _check_labels(workspace)
    stages.do(_segmenter(workspace))
    if len(workspace.labelled_files("gold")) == 0 or not _can_score(workspace):
        stages.do(_models(workspace))
        print("one labelled report cannot be scored on another; label more for: baogao evaluate loro")
        return
    with _training_beside(workspace, stages) as trained:
        _scores(workspace, stages)
        trained()
    _report(workspace, stages)
    _where(workspace)


def _check_labels(workspace: Workspace) -> None:
    """What the training on everything would refuse is told before the folds are trained."""
    from baogao.training.commands import training_blocks
    from baogao.training.ner import check_entities
    from baogao.training.splits import paragraphs

    check_entities(paragraphs(training_blocks(workspace)), labels=workspace.labels().entities)


class Stages:
    """The keys of the stages that were finished, in .baogao/stages.json, and what this run did: `records`
    with name, status, seconds and counts."""

    def __init__(self, workspace: Workspace, *, force: bool = False) -> None:
        self.path = workspace.root / ".baogao" / "stages.json"
        self.root = workspace.root
        self.force = force
        self.records: list[dict[str, Any]] = []
        self.keys: dict[str, str] = {}
        try:
            self.done = msgspec.json.decode(self.path.read_bytes(), type=dict[str, str])
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self.done = {}

    def stale(self, stage: Stage) -> bool:
        """Whether `stage` is out of date. Its key is that of now: labels that are edited while a model
        trains make the model out of date."""
        self.keys[stage.name] = key = stage.key()
        there = all(path.exists() for path in stage.outputs)
        return self.force or not there or self.done.get(stage.name) != key

    def do(self, stage: Stage) -> None:
        """Run `stage` unless it is up to date; remember that it is done."""
        if not self.stale(stage):
            self.skip(stage)
            return
        _say(stage.name, "…")
        start = time.perf_counter()
        what, counts = stage.work()
        self.finish(stage, start, what, counts)

    def skip(self, stage: Stage) -> None:
        self.records.append({"name": stage.name, "status": "up to date"})
        _say(stage.name, "up to date")

    def finish(self, stage: Stage, start: float, what: str, counts: dict[str, int]) -> None:
        """Remember that `stage`, begun at `start` of time.perf_counter, is done."""
        self.done[stage.name] = self.keys[stage.name]
        with write_atomic(self.path, "wb") as handle:
            handle.write(msgspec.json.format(msgspec.json.encode(self.done), indent=1))
        self.record(stage.name, start, what, counts)

    def record(self, name: str, start: float, what: str, counts: dict[str, int]) -> None:
        seconds = round(time.perf_counter() - start, 1)
        self.records.append({"name": name, "status": "done", "seconds": seconds, "counts": counts})
        _say(name, what)


def _say(name: str, what: str) -> None:
    logger.info("%12s  %s", name, what)


def _corpus(workspace: Workspace) -> Stage:
    def work() -> tuple[str, dict[str, int]]:
        from baogao.corpus.segment import segment_workspace

        paths = segment_workspace(workspace, jobs=os.cpu_count() or 1)
        return f"{len(paths)} reports segmented into corpus/blocks", {"reports": len(paths)}

    files = [workspace.corpus / report.file for report in workspace.reports()]
    inputs = [workspace.corpus / "manifest.jsonl", *files]
    return Stage("corpus", inputs, [workspace.corpus / "blocks"], ["corpus"], work)


def _annotations(workspace: Workspace) -> Stage:
    def work() -> tuple[str, dict[str, int]]:
        from baogao.annotations.export import export

        counts = export(workspace)
        what = f"{counts['paragraphs']} paragraphs with {counts['suggestions']} suggestions for doccano"
        return f"{what} in annotations/export", counts

    names = ("labels.toml", "rules.toml", "guidelines.zh.md")
    inputs = [workspace.corpus / "blocks", *(workspace.annotations / name for name in names)]
    output = workspace.annotations / "export"
    return Stage("annotations", inputs, [output], ["annotations"], work)


def _labels(workspace: Workspace) -> list[Path]:
    folders = [path for name in ("gold", "practice") for path in workspace.labelled_files(name)]
    return [workspace.annotations / "labels.toml", *folders]


def _dataset(workspace: Workspace) -> Stage:
    output = workspace.training / "dataset"

    def work() -> tuple[str, dict[str, int]]:
        from baogao.training.dataset import build_dataset, save_dataset

        dataset = build_dataset(workspace)
        save_dataset(dataset, output)
        rows = dataset["train"].num_rows
        return f"{rows} labelled blocks in training/dataset", {"blocks": rows}

    return Stage("dataset", _labels(workspace), [output], ["training"], work)


def _segmenter(workspace: Workspace) -> Stage:
    def work() -> tuple[str, dict[str, int]]:
        from baogao.training.segmenter import load_segmenter, make_segmenter, report_inexpressible

        place = make_segmenter(workspace)
        return report_inexpressible(workspace, load_segmenter(place)), {}

    inputs = [workspace.training / "segmenter.toml", *_labels(workspace)]
    return Stage("segmenter", inputs, [], ["training"], work)


def _models(workspace: Workspace) -> Stage:
    def work() -> tuple[str, dict[str, int]]:
        return train_models(workspace.root)

    inputs = [
        *_labels(workspace),
        workspace.annotations / "rules.toml",
        *sorted(path for path in workspace.training.glob("*") if path.suffix in (".cfg", ".toml", ".npz")),
    ]
    return Stage("models", inputs, [workspace.models / "pipeline"], ["training", "models"], work)


def train_models(root: Path) -> tuple[str, dict[str, int]]:
    """Train models/ner and models/sections on every labelled report and join them in models/pipeline; says
    what it did, as a Stage's work does."""
    from baogao.models.pipeline import assemble
    from baogao.training.commands import train_workspace_ner, training_blocks
    from baogao.training.sections import train_sections

    workspace = Workspace(root)
    train_workspace_ner(workspace, progress=False)
    config = workspace.training / "sections.toml"
    blocks = training_blocks(workspace)
    train_sections(blocks, workspace.models / "sections", config=config if config.exists() else None)
    parts = (workspace.models / "ner", workspace.models / "sections")
    assemble(*parts, workspace.models / "pipeline", labels=workspace.labels())
    counts = {"reports": len({block.report for block in blocks}), "blocks": len(blocks)}
    return "entities and sections trained on everything: models/pipeline", counts


class _training_beside:
    """Train the final models in a process of their own while the folds train in theirs."""

    def __init__(self, workspace: Workspace, stages: Stages) -> None:
        self.stage = _models(workspace)
        self.stages = stages
        self.root = workspace.root
        self.pool: ProcessPoolExecutor | None = None
        self.others = set(multiprocessing.active_children())

    def __enter__(self) -> Callable[[], None]:
        if not self.stages.stale(self.stage):
            return lambda: self.stages.skip(self.stage)
        _say("models", "training on everything, beside the folds …")
        start = time.perf_counter()
        context = multiprocessing.get_context("spawn")
        self.pool = ProcessPoolExecutor(1, mp_context=context, initializer=start_worker)
        with one_blas_thread():  # the process starts with its first task
            future: Future[tuple[str, dict[str, int]]] = self.pool.submit(train_models, self.root)

        def wait() -> None:
            try:
                done = future.result()
            except BrokenProcessPool as error:
                raise ServiceError(
                    "the process that trained the models died (out of memory?)",
                    todo="run it again, with jobs = 1 in evaluate/benchmark.toml; what was done is kept",
                ) from error
            self.stages.finish(self.stage, start, *done)

        return wait

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:  # else the interpreter would wait, for minutes, until the training is done
            for child in set(multiprocessing.active_children()) - self.others:
                child.terminate()
        if self.pool is not None:
            self.pool.shutdown(wait=False, cancel_futures=True)


def _can_score(workspace: Workspace) -> bool:
    return len(workspace.labelled_files("gold")) + len(workspace.labelled_files("practice")) > 1


def _scores(workspace: Workspace, stages: Stages) -> None:
    from baogao.evaluate.commands import evaluate_workspace

    def folds() -> dict[Path, int]:
        found = (workspace.evaluate / "predictions" / "baogao").rglob("*.fold.json")
        # A fold's record is replaced, never rewritten: a new one is another inode, whatever the clock says.
        return {path: path.stat().st_ino for path in found}

    _say("evaluate", "leave one report out …")
    start = time.perf_counter()
    before = folds()
    results = evaluate_workspace(workspace, force=stages.force)
    after = folds()
    trained = sum(before.get(path) != inode for path, inode in after.items())
    counts = {"folds": len(after), "folds_trained": trained, "systems": len(results)}
    stages.record("evaluate", start, f"{trained} of {len(after)} folds trained, the rest up to date", counts)


def _report(workspace: Workspace, stages: Stages) -> None:
    from baogao.evaluate.report import write_report

    start = time.perf_counter()
    page = write_report(workspace).relative_to(workspace.root)
    stages.record("report", start, f"wrote {page}", {})


def _where(workspace: Workspace) -> None:
    print(f"\nEverything is in {workspace.root}:")
    for path, what in (
        ("corpus/blocks", "paragraphs of every report"),
        ("annotations/export", "for doccano: paragraphs with suggestions, label types, guideline"),
        ("training/dataset", 'labelled blocks: datasets.load_from_disk("training/dataset")'),
        ("models/pipeline", 'trained on everything: spacy.load("models/pipeline"), baogao predict FILE'),
        ("evaluate/report.html", "the scores, open it in a browser"),
        ("baogao.run.json", "what this run did: times, counts, settings, versions"),
    ):
        print(f"  {path:<22} {what}")


def init_workspace(folder: Path) -> Workspace:
    """Make an empty workspace in `folder`, which must be new or empty: the five folders with a label set,
    rules, guidelines and training configurations to edit. Raises InputError."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError("is not an empty folder", file=folder, todo="name a new one")
    template = Path(__file__).parent / "template"
    try:
        shutil.copytree(template, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        for file in default_files():
            target = folder / file.parent.name / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
        (folder / "corpus" / "reports").mkdir(parents=True)
        (folder / "corpus" / "manifest.jsonl").touch()
        for name in ("gold", "practice"):
            (folder / "annotations" / name).mkdir()
        (folder / "models").mkdir()
        (folder / ".gitignore").write_text(MADE_BY_COMMANDS, encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"cannot write: {error.strerror or error}", file=folder, todo="choose another place"
        ) from error
    return Workspace(folder.resolve())


def default_files() -> list[Path]:
    """The training and evaluation configurations of the reference workspace: in the wheel beside the
    template, in a source checkout at its root."""
    packaged = Path(__file__).parent / "defaults"
    root = packaged if packaged.is_dir() else Path(__file__).parents[2]
    patterns = ("training/*.cfg", "training/sections.toml", "training/*.npz", "evaluate/benchmark.toml")
    return [path for pattern in patterns for path in sorted(root.glob(pattern))]
