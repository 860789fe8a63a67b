"""Leave one report out: every gold report is predicted by models that never saw it.

For each report the word segmenter, the entity model and the section model are trained on all other gold
reports and all practice reports. Predictions lie in evaluate/predictions (see `predictions`), each with a
fold file that holds a hash of everything that went in: a fold that is up to date is not trained again.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

import baogao
from baogao.errors import InputError
from baogao.evaluate.predictions import system_folder
from baogao.files import sha256, sha256_tree, write_atomic
from baogao.log import logger, write_summary
from baogao.progress import track
from baogao.records import Block, LabelledBlock, read_json, write_jsonl
from baogao.training.workers import run_tasks
from baogao.workspace import Workspace


class Fold(msgspec.Struct, kw_only=True):
    """One training: which report is held out, with which seed, and where its predictions go."""

    root: Path
    system: str
    report: str
    seed: int = 0
    overrides: dict[str, Any] = {}
    raw: bool = True
    key: str = ""

    @property
    def folder(self) -> Path:
        return system_folder(Workspace(self.root), self.system, seed=self.seed)

    @property
    def done(self) -> Path:
        return self.folder / f"{self.report}.fold.json"


class FoldRecord(msgspec.Struct, kw_only=True):
    """What a fold file holds: `key` hashes all that went in; seconds of its parts."""

    key: str
    report: str
    seed: int
    seconds: dict[str, float]


def leave_one_report_out(
    workspace: Workspace,
    *,
    system: str = "baogao",
    reports: Sequence[str] = (),
    seeds: Sequence[int] = (0,),
    overrides: dict[str, Any] | None = None,
    jobs: int = 1,
    raw: bool = True,
    force: bool = False,
) -> list[FoldRecord]:
    """Train and predict every fold that is out of date, `jobs` at once; returns the records of all.

    `reports`: only these gold reports. `overrides`: settings of training/ner.cfg by dotted name. `raw`:
    predict from the raw page as well, where the corpus holds it. A fold that fails ends the run; those
    that were done stay. A summary with settings, counts and the seconds of each fold lies beside the
    predictions, in evaluate/predictions/SYSTEM.run.json. Raises InputError where there are fewer than two
    labelled reports.
    """
    started = time.perf_counter()
    output = system_folder(workspace, system)  # a wrong name is told now, not after training
    gold, practice = workspace.labelled("gold"), workspace.labelled("practice")
    unknown = sorted(set(reports) - set(gold))
    if unknown:
        known = ", ".join(gold) or "none"
        raise InputError(f"no gold report {unknown[0]!r}", todo=f"name one of: {known}")
    if not gold or len(gold) + len(practice) < 2:
        raise InputError(
            "leaving one report out needs two labelled reports, one of them gold", file=workspace.annotations,
            todo="label more reports into annotations/gold",
        )  # fmt: skip
    folds = [
        Fold(root=workspace.root, system=system, report=report, seed=seed, overrides=overrides or {}, raw=raw)
        for seed in dict.fromkeys(seeds)
        for report in reports or gold
    ]
    for fold in folds:
        fold.key = fold_key(workspace, fold, gold[fold.report])
    stale = [fold for fold in folds if force or not _up_to_date(fold)]
    _prepare_segmenter(workspace, stale)
    what = f"leave one report out: {len(stale)} of {len(folds)} folds to train"
    for record in track(run_tasks(run_fold, stale, jobs=jobs), what, total=len(stale)):
        took = ", ".join(f"{part} {seconds:.0f} s" for part, seconds in record.seconds.items())
        logger.info("  %s seed %d: %s", record.report, record.seed, took)
    records = [read_fold(fold) for fold in folds]
    write_summary(
        output, "evaluate loro", started,
        settings={
            "system": system, "reports": list(reports), "seeds": list(seeds), "overrides": overrides or {},
            "jobs": jobs, "raw": raw, "force": force,
        },
        counts={"folds": len(folds), "trained": len(stale)},
        folds=[{"report": r.report, "seed": r.seed, "seconds": r.seconds} for r in records],
    )  # fmt: skip
    return records


def fold_key(workspace: Workspace, fold: Fold, held_out: Sequence[LabelledBlock]) -> str:
    """Hash of all that decides a fold's predictions: training labels, the held-out texts (not their labels),
    the raw page, configurations, seed, settings and the code."""
    files = [
        path for folder in ("gold", "practice") for path in workspace.labelled_files(folder)
        if folder != "gold" or path.stem != fold.report
    ]  # fmt: skip
    configs = training_files(workspace)
    annotations = [workspace.annotations / name for name in ("labels.toml", "rules.toml")]
    page = raw_page(workspace, fold.report) if fold.raw else None
    parts = [
        sha256_tree(*files, *configs, *annotations, *([page] if page else [])),
        _code_hash(),
        *(f"{block.id} {block.kind} {block.path} {block.lead} {block.text}" for block in held_out),
        repr((fold.report, fold.seed, sorted(fold.overrides.items()), fold.raw)),
    ]
    return sha256("\0".join(parts).encode())


def training_files(workspace: Workspace) -> list[Path]:
    """What training reads of the folder training/: configurations, embeddings and the like."""
    return sorted(path for path in workspace.training.glob("*") if path.is_file() and path.suffix != ".md")


def _code_hash() -> str:
    """Hash of the stages that a fold runs through: other code trains other models."""
    package = Path(baogao.__file__).parent
    stages = ("corpus", "training", "models")
    return sha256_tree(*sorted(path for stage in stages for path in (package / stage).rglob("*.py")))


def raw_page(workspace: Workspace, report: str) -> Path | None:
    """The report as received, where the manifest names one that is there."""
    files = [workspace.corpus / known.file for known in workspace.reports() if known.id == report]
    return files[0] if files and files[0].is_file() else None


def _up_to_date(fold: Fold) -> bool:
    try:
        same = read_fold(fold).key == fold.key
    except InputError:
        return False
    return same and (fold.folder / f"{fold.report}.jsonl").is_file()


def read_fold(fold: Fold) -> FoldRecord:
    """The record that a finished fold left."""
    return read_json(fold.done, FoldRecord, "a fold record", todo="remove it")


def run_fold(fold: Fold) -> FoldRecord:
    """Train without the held-out report, predict it, write predictions and the fold record."""
    workspace = Workspace(fold.root)
    seconds: dict[str, float] = {}
    gold = workspace.labelled("gold")[fold.report]
    with tempfile.TemporaryDirectory(prefix="baogao-fold-") as name:
        nlp = train_pipeline(workspace, fold, Path(name), seconds)
        from baogao.models.predict import label_blocks, predict_file

        start = time.perf_counter()
        predicted = label_blocks(nlp, [_without_labels(block) for block in gold])
        seconds["predict"] = time.perf_counter() - start
        page = raw_page(workspace, fold.report) if fold.raw else None
        if page:
            write_jsonl(fold.folder / "raw" / f"{fold.report}.jsonl", predict_file(nlp, page))
    write_jsonl(fold.folder / f"{fold.report}.jsonl", predicted)
    record = FoldRecord(
        key=fold.key, report=fold.report, seed=fold.seed, seconds={k: round(v, 1) for k, v in seconds.items()}
    )
    with write_atomic(fold.done, "wb") as handle:
        handle.write(msgspec.json.encode(record))
    return record


def train_pipeline(workspace: Workspace, fold: Fold, folder: Path, seconds: dict[str, float]):
    """A spaCy pipeline with entities and sections from all labelled reports but the fold's."""
    import spacy

    from baogao.models.pipeline import assemble
    from baogao.training.dataset import build_dataset, to_blocks
    from baogao.training.ner import train_ner
    from baogao.training.sections import train_sections

    train = to_blocks(build_dataset(workspace, held_out=[fold.report])["train"])
    if any(block.report == fold.report for block in train):
        raise AssertionError(f"{fold.report} is in its own training data")
    with _timed(seconds, "segmenter"):
        segmenter = _segmenter(workspace, fold, folder / "segmenter")
    with _timed(seconds, "ner"):
        ner = train_ner(
            train, folder / "ner", config=workspace.training / "ner.cfg", segmenter=segmenter,
            seed=fold.seed, overrides=fold.overrides, progress=False,
        )  # fmt: skip
    with _timed(seconds, "sections"):
        config = workspace.training / "sections.toml"
        sections = train_sections(
            train, folder / "sections", config=config if config.exists() else None, seed=fold.seed
        )
    return spacy.load(assemble(ner, sections, folder / "pipeline"))


def _prepare_segmenter(workspace: Workspace, folds: Sequence[Fold]) -> None:
    """Bring the workspace's segmenter up to date once, before folds that may share it run side by side."""
    from baogao.training.segmenter import make_segmenter, sees

    if _uses_segmenter(workspace) and any(not sees(workspace, fold.report) for fold in folds):
        make_segmenter(workspace)


def _segmenter(workspace: Workspace, fold: Fold, output: Path) -> Path | None:
    """A word segmenter that has not seen the fold's report: the workspace's own where that holds, else one
    trained for the fold; None where training/ner.cfg uses none."""
    from baogao.training.segmenter import make_segmenter, sees

    if not _uses_segmenter(workspace):
        return None
    if not sees(workspace, fold.report):
        return Path(make_segmenter(workspace))
    return Path(make_segmenter(workspace, held_out=[fold.report], output=output))


def _uses_segmenter(workspace: Workspace) -> bool:
    from baogao.training.ner import read_spacy_config

    return "segmenter" in read_spacy_config(workspace.training / "ner.cfg").get("paths", {})


def _without_labels(block: LabelledBlock) -> Block:
    """A plain block: the labels of the held-out report stay out of the model's sight."""
    fields = {name: getattr(block, name) for name in Block.__struct_fields__}
    return Block(**fields)


@contextlib.contextmanager
def _timed(seconds: dict[str, float], part: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[part] = time.perf_counter() - start
