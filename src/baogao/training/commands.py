"""What the training commands do on a workspace: its labels, its data, its folders."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from baogao.errors import InputError
from baogao.records import LabelledBlock, check_labels, read_jsonl
from baogao.training.ner import EXAMPLES, read_spacy_config, train_ner, write_docbin
from baogao.training.seeds import dev_score, train_seeds
from baogao.training.splits import paragraphs, split_dev
from baogao.workspace import Workspace, read_config

if TYPE_CHECKING:
    from baogao.training.sections_search import Candidate


def train_workspace_ner(
    workspace: Workspace,
    *,
    output: Path | None = None,
    config: Path | None = None,
    segmenter: str | None = None,
    seeds: Sequence[int] = (0,),
    held_out: Sequence[str] = (),
    overrides: dict[str, Any] | None = None,
    **options: Any,
) -> list[tuple[int, float]]:
    """Train the workspace's entity model (training/ner.cfg into models/ner by default) on gold without
    `held_out` and on practice; returns (seed, entity F1 on dev). `options` go to `train_ner`."""
    config = config or workspace.training / "ner.cfg"
    output = output or workspace.models / "ner"
    train = training_blocks(workspace, held_out)
    options["labels"] = workspace.labels().entities
    with tempfile.TemporaryDirectory(prefix="baogao-words-") as scratch:
        words = _segmenter(workspace, config, segmenter, held_out, Path(scratch) / "segmenter")
        if len(seeds) > 1:
            return train_seeds(
                train, output, config=config, seeds=seeds, segmenter=words, overrides=overrides, **options
            )
        train_ner(
            train, output, config=config, seed=seeds[0], segmenter=words, overrides=overrides, **options
        )
        return [(seeds[0], dev_score(output))]


def train_workspace_sections(
    workspace: Workspace,
    *,
    output: Path | None = None,
    config: Path | None = None,
    seed: int = 0,
    held_out: Sequence[str] = (),
    candidates: int = 0,
) -> tuple[Path, list[Candidate]]:
    """Train the workspace's section model (training/sections.toml into models/sections by default) on gold
    without `held_out` and on practice. With `candidates`, so many settings are tried first, and the best is
    trained with. Returns the folder and what was tried, the best first."""
    from baogao.training.sections import SectionsConfig, train_sections

    usual = workspace.training / "sections.toml"
    config = config or (usual if usual.exists() else None)
    settings = read_config(config, SectionsConfig) if config else SectionsConfig()
    train = training_blocks(workspace, held_out)
    tried: list[Candidate] = []
    if candidates:
        from baogao.training.sections_search import Search

        gold = {name: found for name, found in workspace.labelled("gold").items() if name not in held_out}
        practice = [block for block in train if block.report not in gold]
        tried = Search(gold, practice, settings, candidates=candidates, seed=seed).run()
        settings = tried[0].config
    return train_sections(train, output or workspace.models / "sections", config=settings, seed=seed), tried


def write_docbins(workspace: Workspace, output: Path, *, held_out: Sequence[str] = ()) -> list[Path]:
    """Write train.spacy and dev.spacy (as training/ner.cfg splits them) and, with `held_out`, test.spacy into
    the folder `output`, for `spacy train`, `spacy debug data` and the like."""
    train = training_blocks(workspace, held_out)
    settings = read_spacy_config(workspace.training / "ner.cfg").get("dev", {})
    parts = dict(zip(("train", "dev"), split_dev(paragraphs(train), **settings), strict=True))
    if held_out:
        gold = workspace.labelled("gold")
        parts["test"] = paragraphs([block for report in held_out for block in gold[report]])
    output.mkdir(parents=True, exist_ok=True)
    paths = [output / f"{name}.spacy" for name in parts]
    for path, blocks in zip(paths, parts.values(), strict=True):
        write_docbin(blocks, path)
    return paths


def training_blocks(workspace: Workspace, held_out: Sequence[str] = ()) -> list[LabelledBlock]:
    """The training side of the workspace's dataset as labelled blocks."""
    from baogao.training.dataset import build_dataset, to_blocks

    refuse_bad_labels(workspace)
    return to_blocks(build_dataset(workspace, held_out)["train"])


def refuse_bad_labels(workspace: Workspace) -> None:
    """Raise an InputError for all labels in gold and practice that cannot be right: how many, where the
    first is, and what the next few are."""
    labels = workspace.labels()
    sections, entities = set(labels.sections), set(labels.entities)
    problems: list[InputError] = []
    for folder in ("gold", "practice"):
        for path in workspace.labelled_files(folder):
            for line, block in read_jsonl(path, LabelledBlock):
                try:
                    check_labels(block, sections=sections, labels=entities)
                except InputError as error:
                    error.file, error.line = str(path), line
                    problems.append(error)
    if problems:
        first = problems[0]
        if len(problems) > 1:
            others = [f"{Path(str(e.file)).name}:{e.line} {e.field}: {e.what}" for e in problems[1:EXAMPLES]]
            more = ", …" if len(problems) > EXAMPLES else ""
            first.what += f" ({len(problems)} such blocks; also {', '.join(others)}{more})"
        raise first


def _segmenter(
    workspace: Workspace, config: Path, given: str | None, held_out: Sequence[str], scratch: Path
) -> Path | None:
    """The segmenter for a `config` that uses words: the one given, else the workspace's (made when missing
    and mended where it is out of date), or, where that learns from a report held out, one made at `scratch`
    without it."""
    from baogao.training.segmenter import load_segmenter, make_segmenter, sees

    if given is not None:
        load_segmenter(given)  # a wrong one is told now, not after training
        return Path(given)
    if "segmenter" not in read_spacy_config(config).get("paths", {}):
        return None
    if any(sees(workspace, report) for report in held_out):
        return Path(make_segmenter(workspace, held_out=held_out, output=scratch))
    return Path(make_segmenter(workspace))
