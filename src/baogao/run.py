"""`baogao run` and `baogao init`: all stages in order, and an empty workspace to run them in."""

from __future__ import annotations

import multiprocessing
import os
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import msgspec

import baogao
from baogao.errors import InputError
from baogao.files import hold_lock, sha256, sha256_tree, write_atomic
from baogao.log import logger
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
"""


@dataclass(frozen=True)
class Stage:
    """One step: `inputs` and the source of `code` (subpackages) decide whether `outputs` are up to date."""

    name: str
    inputs: Sequence[Path]
    outputs: Sequence[Path]
    code: Sequence[str]
    work: Callable[[], str]

    def key(self) -> str:
        package = Path(baogao.__file__).parent
        sources = [path for part in self.code for path in sorted((package / part).rglob("*.py"))]
        return sha256((sha256_tree(*self.inputs) + sha256_tree(*sources)).encode())


def run_stages(workspace: Workspace, *, force: bool = False) -> None:
    """Do every stage that is out of date, in order, and print where everything is.

    A stage is up to date when its outputs are there and the hash of its inputs and code is the one kept in
    .baogao/stages.json. A kill at any point loses only the stage (in training: the fold) it hit. Without
    labels the run ends after the doccano import, with the next step. Raises InputError for bad input.
    """
    with hold_lock(workspace.root / ".baogao" / "lock", "baogao run"):
        if not workspace.reports():
            raise InputError(
                "no reports yet", file=workspace.corpus / "manifest.jsonl",
                todo="add some with: baogao corpus add FILE...",
            )  # fmt: skip
        stages = Stages(workspace, force=force)
        stages.do(_corpus(workspace))
        stages.do(_annotations(workspace))
        if not workspace.labelled_files("gold") and not workspace.labelled_files("practice"):
            print("no labels in annotations/gold yet; next: baogao annotations serve, then push and pull")
            return
        stages.do(_dataset(workspace))
        stages.do(_segmenter(workspace))
        if len(workspace.labelled_files("gold")) == 0 or not _can_score(workspace):
            stages.do(_models(workspace))
            print("one labelled report cannot be scored on another; label more for: baogao evaluate loro")
            return
        with _training_beside(workspace, stages) as trained:
            _scores(workspace, force)
            trained()
        _report(workspace)
        _where(workspace)


class Stages:
    """The keys of the stages that were finished, in .baogao/stages.json."""

    def __init__(self, workspace: Workspace, *, force: bool = False) -> None:
        self.path = workspace.root / ".baogao" / "stages.json"
        self.root = workspace.root
        self.force = force
        try:
            self.done = msgspec.json.decode(self.path.read_bytes(), type=dict[str, str])
        except (OSError, msgspec.DecodeError):
            self.done = {}

    def stale(self, stage: Stage) -> bool:
        there = all(path.exists() for path in stage.outputs)
        return self.force or not there or self.done.get(stage.name) != stage.key()

    def do(self, stage: Stage) -> None:
        """Run `stage` unless it is up to date; remember that it is done."""
        if not self.stale(stage):
            _say(stage.name, "up to date")
            return
        _say(stage.name, "…")
        self.finish(stage, stage.work())

    def finish(self, stage: Stage, summary: str) -> None:
        self.done[stage.name] = stage.key()
        with write_atomic(self.path, "wb") as handle:
            handle.write(msgspec.json.format(msgspec.json.encode(self.done), indent=1))
        _say(stage.name, summary)


def _say(name: str, what: str) -> None:
    logger.info("%12s  %s", name, what)


def _corpus(workspace: Workspace) -> Stage:
    def work() -> str:
        from baogao.corpus.segment import segment_workspace

        paths = segment_workspace(workspace, jobs=os.cpu_count() or 1)
        return f"{len(paths)} reports segmented into corpus/blocks"

    files = [workspace.corpus / report.file for report in workspace.reports()]
    inputs = [workspace.corpus / "manifest.jsonl", *files]
    return Stage("corpus", inputs, [workspace.corpus / "blocks"], ["corpus"], work)


def _annotations(workspace: Workspace) -> Stage:
    def work() -> str:
        from baogao.annotations.export import export

        counts = export(workspace)
        return (
            f"{counts['paragraphs']} paragraphs with {counts['suggestions']} suggestions for doccano "
            "in annotations/export"
        )

    names = ("labels.toml", "rules.toml", "guidelines.zh.md")
    inputs = [workspace.corpus / "blocks", *(workspace.annotations / name for name in names)]
    output = workspace.annotations / "export"
    return Stage("annotations", inputs, [output], ["annotations"], work)


def _labels(workspace: Workspace) -> list[Path]:
    folders = [path for name in ("gold", "practice") for path in workspace.labelled_files(name)]
    return [workspace.annotations / "labels.toml", *folders]


def _dataset(workspace: Workspace) -> Stage:
    output = workspace.training / "dataset"

    def work() -> str:
        from baogao.training.dataset import build_dataset, save_dataset

        dataset = build_dataset(workspace)
        save_dataset(dataset, output)
        return f"{dataset['train'].num_rows} labelled blocks in training/dataset"

    return Stage("dataset", _labels(workspace), [output], ["training"], work)


def _segmenter(workspace: Workspace) -> Stage:
    def work() -> str:
        from baogao.training.segmenter import load_segmenter, make_segmenter, report_inexpressible

        place = make_segmenter(workspace)
        return report_inexpressible(workspace, load_segmenter(place))

    inputs = [workspace.training / "segmenter.toml", *_labels(workspace)]
    return Stage("segmenter", inputs, [], ["training"], work)


def _models(workspace: Workspace) -> Stage:
    def work() -> str:
        train_models(workspace.root)
        return "entities and sections trained on everything: models/pipeline"

    inputs = [
        *_labels(workspace),
        workspace.annotations / "rules.toml",
        *sorted(path for path in workspace.training.glob("*") if path.suffix in (".cfg", ".toml", ".npz")),
    ]
    return Stage("models", inputs, [workspace.models / "pipeline"], ["training", "models"], work)


def train_models(root: Path) -> None:
    """Train models/ner and models/sections on every labelled report and join them in models/pipeline."""
    from baogao.models.pipeline import assemble
    from baogao.training.commands import train_workspace_ner, training_blocks
    from baogao.training.sections import train_sections

    workspace = Workspace(root)
    train_workspace_ner(workspace, progress=False)
    config = workspace.training / "sections.toml"
    train_sections(
        training_blocks(workspace), workspace.models / "sections", config=config if config.exists() else None
    )
    parts = (workspace.models / "ner", workspace.models / "sections")
    assemble(*parts, workspace.models / "pipeline", labels=workspace.labels())


class _training_beside:
    """Train the final models in a process of their own while the folds train in theirs."""

    def __init__(self, workspace: Workspace, stages: Stages) -> None:
        self.stage = _models(workspace)
        self.stages = stages
        self.root = workspace.root
        self.pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Callable[[], None]:
        if not self.stages.stale(self.stage):
            return lambda: _say("models", "up to date")
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            os.environ.setdefault(name, "1")
        _say("models", "training on everything, beside the folds …")
        self.pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
        future: Future[None] = self.pool.submit(train_models, self.root)

        def wait() -> None:
            future.result()
            self.stages.finish(self.stage, "entities and sections trained on everything: models/pipeline")

        return wait

    def __exit__(self, *_: object) -> None:
        if self.pool is not None:
            self.pool.shutdown(wait=False, cancel_futures=True)


def _can_score(workspace: Workspace) -> bool:
    return len(workspace.labelled_files("gold")) + len(workspace.labelled_files("practice")) > 1


def _scores(workspace: Workspace, force: bool) -> None:
    from baogao.evaluate.commands import evaluate_workspace

    _say("evaluate", "leave one report out …")
    evaluate_workspace(workspace, force=force)


def _report(workspace: Workspace) -> None:
    from baogao.evaluate.report import write_report

    _say("evaluate", f"wrote {write_report(workspace).relative_to(workspace.root)}")


def _where(workspace: Workspace) -> None:
    print(f"\nEverything is in {workspace.root}:")
    for path, what in (
        ("corpus/blocks", "paragraphs of every report"),
        ("annotations/export", "for doccano: paragraphs with suggestions, label types, guideline"),
        ("training/dataset", 'labelled blocks: datasets.load_from_disk("training/dataset")'),
        ("models/pipeline", 'trained on everything: spacy.load("models/pipeline"), baogao predict FILE'),
        ("evaluate/report.html", "the scores, open it in a browser"),
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
        for file in _defaults():
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


def _defaults() -> list[Path]:
    """The training and evaluation configurations of the reference workspace: in the wheel beside the
    template, in a source checkout at its root."""
    packaged = Path(__file__).parent / "defaults"
    root = packaged if packaged.is_dir() else Path(__file__).parents[2]
    patterns = ("training/*.cfg", "training/*.toml", "training/*.npz", "evaluate/benchmark.toml")
    return [path for pattern in patterns for path in sorted(root.glob(pattern))]
