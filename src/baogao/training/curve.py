"""The learning curve: what more labels were worth so far, for entities and sections.

Each gold report is held out in turn. The other labelled reports are put in one order by a hash of their ids,
and models are trained on the first half of them, the first quarter and so on, so that a smaller training set
is always part of the larger one and the last step of the curve is one doubling.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from baogao.errors import InputError
from baogao.files import sha256, sha256_tree, write_atomic
from baogao.progress import track
from baogao.records import LabelledBlock, read_json
from baogao.resampling import bootstrap_interval
from baogao.spans import Counts, add_counts, exact_counts
from baogao.training.commands import refuse_bad_labels
from baogao.training.ner import predict_entities, read_spacy_config, recipe_hash, train_ner
from baogao.training.splits import paragraphs
from baogao.training.workers import run_tasks
from baogao.workspace import Workspace

Part = Literal["ner", "sections"]
PARTS: tuple[Part, ...] = ("ner", "sections")
FLAT = 0.5  # points of F1: a doubling that brings less at its best is no reason to label


class Run(msgspec.Struct, kw_only=True):
    """One training on `reports` reports, scored on the held-out one: [tp, fp, fn] by label."""

    part: Part
    held_out: str
    reports: int
    seed: int
    key: str
    paragraphs: int = 0
    characters: int = 0
    seconds: float = 0.0
    counts: dict[str, list[int]] = {}


class Point(msgspec.Struct, kw_only=True):
    """F1 (0 to 1) of a label at a size, None for all labels (of sections that is the accuracy, each
    paragraph having one); the interval resamples held-out reports. `paragraphs`: mean over the folds."""

    part: Part
    label: str | None
    reports: int
    paragraphs: float
    f1: float
    low: float
    high: float


class Gain(msgspec.Struct, kw_only=True):
    """What the last doubling brought to a label's F1, and what follows for labelling."""

    part: Part
    label: str | None
    gain: float
    low: float
    high: float
    verdict: Literal["helps", "flat", "unsure"]


class Curve(msgspec.Struct, kw_only=True):
    """The file evaluate/results/curve.json."""

    vary: Literal["all", "gold"]
    runs: list[Run] = []
    points: list[Point] = []
    gains: list[Gain] = []
    advice: list[str] = []


class Task(msgspec.Struct, kw_only=True):
    """What a process needs to do one run."""

    root: Path
    run: Run
    train: list[LabelledBlock]
    held: list[LabelledBlock]
    config: Path
    overrides: dict[str, Any]


def learning_curve(
    workspace: Workspace,
    output: Path,
    *,
    points: int = 5,
    seeds: Sequence[int] = (0,),
    parts: Sequence[Part] = PARTS,
    vary: Literal["all", "gold"] = "all",
    config: Path | None = None,
    overrides: dict[str, Any] | None = None,
    jobs: int = 1,
) -> Curve:
    """Train on `points` sizes, each half of the next, and write the curve to `output` (JSON) and beside it
    as a picture (SVG).

    `vary` all: the size counts gold and practice reports; gold: practice is always in, the size counts gold
    reports. A seed is also an order of the reports. Every run is kept in `output` when it is done: called
    again, also after a kill, only runs that are missing or out of date are trained. Raises InputError.
    """
    refuse_bad_labels(workspace)
    tasks = _tasks(
        workspace, points=points, seeds=seeds, vary=vary, config=config or workspace.training / "ner.cfg",
        overrides=overrides or {},
    )  # fmt: skip
    known = {run.key: run for run in _read(output).runs}
    # What was run for the other part stays beside it, as long as it is up to date.
    done = {task.run.key: known[task.run.key] for task in tasks if task.run.key in known}
    todo = [task for task in tasks if task.run.key not in done and task.run.part in parts]
    for run in track(run_tasks(train_and_count, todo, jobs=jobs), "learning curve", total=len(todo)):
        done[run.key] = run
        _write(output, Curve(vary=vary, runs=_ordered(done)))
    curve = summarise(_ordered(done), vary=vary)
    _write(output, curve)
    from baogao.training.curve_plot import plot

    plot(curve, output.with_suffix(".svg"))
    return curve


def sizes(total: int, points: int) -> list[int]:
    """`total`, half of it and so on, at most `points` of them, the smallest first.

    >>> sizes(90, 5)
    [6, 11, 22, 45, 90]
    """
    found = [total]
    while len(found) < points and found[0] > 1:
        found.insert(0, found[0] // 2)
    return found


def _tasks(
    workspace: Workspace, *, points: int, seeds: Sequence[int], vary: str, config: Path,
    overrides: dict[str, Any],
) -> list[Task]:  # fmt: skip
    gold, practice = workspace.labelled("gold"), workspace.labelled("practice")
    fixed = practice if vary == "gold" else {}
    varied = gold if vary == "gold" else {**gold, **practice}
    if len(gold) < 2:
        raise InputError(
            f"a learning curve needs two gold reports, there is {len(gold)}",
            file=workspace.annotations / "gold", todo="label more",
        )  # fmt: skip
    sections = workspace.training / "sections.toml"
    tasks = []
    for seed in seeds:
        for held_out in gold:
            order = sorted(
                (report for report in varied if report != held_out),
                key=lambda report: sha256(f"{seed} {report}".encode()),
            )
            ladder = sizes(len(order), points - bool(fixed))
            for size in [0, *ladder] if fixed else ladder:
                chosen = [varied[report] for report in order[:size]]
                train = [block for blocks in [*chosen, *fixed.values()] for block in blocks]
                for part in PARTS:
                    made_from = (
                        recipe_hash(train, config=config, overrides=overrides)
                        if part == "ner"
                        else sha256_tree(sections) + sha256(msgspec.json.encode(train))
                    )
                    held = gold[held_out]
                    key = sha256(msgspec.json.encode([part, held_out, vary, size, seed, made_from, held]))
                    run = Run(part=part, held_out=held_out, reports=size, seed=seed, key=key[:24])
                    tasks.append(
                        Task(
                            root=workspace.root,
                            run=run,
                            train=train,
                            held=held,
                            config=config,
                            overrides=overrides,
                        )  # fmt: skip
                    )
    return tasks


def train_and_count(task: Task) -> Run:
    """Train on one subset and count what is right in the held-out report."""
    started = time.perf_counter()
    work = _entities if task.run.part == "ner" else _sections
    with tempfile.TemporaryDirectory(prefix="baogao-curve-") as name:
        counts = work(task, Path(name))
    subset = paragraphs(task.train)
    return msgspec.structs.replace(
        task.run,
        paragraphs=len(subset),
        characters=sum(len(block.text) for block in subset),
        seconds=round(time.perf_counter() - started, 1),
        counts={label: [c.tp, c.fp, c.fn] for label, c in sorted(counts.items())},
    )


def _entities(task: Task, folder: Path) -> dict[str, Counts]:
    held = paragraphs(task.held)
    predicted = [msgspec.structs.replace(block, entities=[]) for block in held]
    if any(block.entities for block in task.train) and len(paragraphs(task.train)) > 1:
        import spacy

        words = _segmenter(task, folder / "segmenter")
        model = train_ner(
            task.train, folder / "ner", config=task.config, segmenter=words, seed=task.run.seed,
            overrides=task.overrides, progress=False,
        )  # fmt: skip
        predicted = predict_entities(spacy.load(model), predicted)
    return add_counts(exact_counts(g.entities, p.entities) for g, p in zip(held, predicted, strict=True))


def _segmenter(task: Task, folder: Path) -> Path | None:
    """The published one that training/segmenter.toml names, or one that knows the subset only."""
    from baogao.training.segmenter import SegmenterConfig, make_segmenter, train_segmenter

    if "segmenter" not in read_spacy_config(task.config).get("paths", {}):
        return None
    workspace = Workspace(task.root)
    named = (workspace.training / "segmenter.toml").exists()
    settings = workspace.config("training/segmenter.toml", SegmenterConfig) if named else SegmenterConfig()
    if settings.model is not None:
        return Path(make_segmenter(workspace))
    return train_segmenter(task.train, folder, iterations=settings.iterations)


def _sections(task: Task, folder: Path) -> dict[str, Counts]:
    from baogao.training.sections import load_sections, train_sections

    config = Workspace(task.root).training / "sections.toml"
    try:
        model = train_sections(
            task.train, folder / "sections", config=config if config.exists() else None, seed=task.run.seed
        )
        found = load_sections(model).predict(task.held)
    except InputError:  # too few labels or reports in so small a subset: nothing was learned
        found = [(None, 0.0)] * len(task.held)
    counts: list[dict[str, Counts]] = []
    for block, (label, _) in zip(task.held, found, strict=True):
        if block.kind != "paragraph" or block.section is None:
            continue
        if label == block.section:
            counts.append({block.section: Counts(tp=1)})
        else:
            counts.append({block.section: Counts(fn=1)})
            if label is not None:
                counts.append({label: Counts(fp=1)})
    return add_counts(counts)


def summarise(runs: Sequence[Run], *, vary: Literal["all", "gold"] = "all") -> Curve:
    """Points with intervals, gains of the last doubling, and what they mean for labelling."""
    curve = Curve(vary=vary, runs=list(runs))
    for part in dict.fromkeys(run.part for run in runs):
        mine = [run for run in runs if run.part == part]
        steps = sorted({run.reports for run in mine})
        labels = sorted({label for run in mine for label in run.counts})
        for label in [None, *labels]:
            for step in steps:
                here = [run for run in mine if run.reports == step]
                counts = _by_fold(here, label)
                low, high = bootstrap_interval(counts, _f1)
                curve.points.append(
                    Point(
                        part=part,
                        label=label,
                        reports=step,
                        f1=_f1(counts),
                        low=low,
                        high=high,
                        paragraphs=sum(run.paragraphs for run in here) / len(here),
                    )  # fmt: skip
                )
            if len(steps) > 1:
                curve.gains.append(_gain(part, label, mine, steps[-2:]))
    curve.advice = _advice(curve)
    return curve


def _by_fold(runs: Sequence[Run], label: str | None) -> list[Counts]:
    """Counts of each held-out report, in the order of their names; seeds are added up."""
    folds: dict[str, Counts] = {run.held_out: Counts() for run in sorted(runs, key=lambda r: r.held_out)}
    for run in runs:
        for name, (tp, fp, fn) in run.counts.items():
            if label is None or name == label:
                folds[run.held_out] += Counts(tp, fp, fn)
    return list(folds.values())


def _f1(counts: Sequence[Counts]) -> float:
    return sum(counts, Counts()).f1


def _gain(part: Part, label: str | None, runs: Sequence[Run], steps: Sequence[int]) -> Gain:
    """The last step's gain; its interval resamples the held-out reports of both steps together."""
    before, after = (_by_fold([run for run in runs if run.reports == step], label) for step in steps)

    def gain(folds: Sequence[tuple[Counts, Counts]]) -> float:
        return _f1([new for _, new in folds]) - _f1([old for old, _ in folds])

    both = list(zip(before, after, strict=True))
    low, high = bootstrap_interval(both, gain)
    verdict: Literal["helps", "flat", "unsure"] = (
        "helps" if low > 0 else "flat" if 100 * high <= FLAT else "unsure"
    )
    return Gain(part=part, label=label, gain=gain(both), low=low, high=high, verdict=verdict)


def _advice(curve: Curve) -> list[str]:
    """A sentence a part: which labels more labelling would help."""
    texts = []
    folds = len({run.held_out for run in curve.runs})
    for part, what in (("ner", "Entities"), ("sections", "Sections")):
        gains = [gain for gain in curve.gains if gain.part == part]
        if not gains:
            continue
        shown = {
            verdict: [_shown(gain) for gain in gains if gain.verdict == verdict and gain.label is not None]
            for verdict in ("helps", "flat", "unsure")
        }
        sentences = [f"{what}: the last doubling of reports brought {_shown(gains[0])} over all labels."]
        if shown["helps"]:
            sentences.append(f"More labels would help {', '.join(shown['helps'])}.")
        if shown["flat"]:
            sentences.append(f"More labels of the same kind would hardly help {', '.join(shown['flat'])}.")
        if shown["unsure"]:
            sentences.append(f"{folds} held-out reports cannot tell for {', '.join(shown['unsure'])}.")
        texts.append(" ".join(sentences))
    return texts


def _shown(gain: Gain) -> str:
    points = f"{100 * gain.gain:+.1f} points ({100 * gain.low:+.1f} to {100 * gain.high:+.1f})"
    return points if gain.label is None else f"{gain.label} {points}"


def _ordered(runs: dict[str, Run]) -> list[Run]:
    return sorted(runs.values(), key=lambda run: (run.part, run.reports, run.seed, run.held_out))


def _read(path: Path) -> Curve:
    if not path.exists():
        return Curve(vary="all")
    return read_json(path, Curve, "a learning curve", todo="move it away")


def _write(path: Path, curve: Curve) -> None:
    with write_atomic(path, "wb") as handle:
        handle.write(msgspec.json.format(msgspec.json.encode(curve), indent=1) + b"\n")
