"""baogao training: see each command's --help."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from baogao import progress
from baogao.errors import Findings, InputError
from baogao.files import hold_lock
from baogao.log import logger, write_summary

if TYPE_CHECKING:
    from baogao.workspace import Workspace

app = typer.Typer(
    no_args_is_help=True,
    help="Datasets and models: dataset, segmenter, embeddings, ner, sections, curve, check.",
)

WorkspaceOption = Annotated[Path | None, typer.Option(help="The workspace; else the one around you.")]
HeldOutOption = Annotated[
    list[str], typer.Option(metavar="REPORT", help="A gold report to leave out; again for more.")
]


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def ner(
    context: typer.Context,
    config: Annotated[Path | None, typer.Option(help="A spaCy config; else training/ner.cfg.")] = None,
    output: Annotated[Path | None, typer.Option(help="The model's folder; else models/ner.")] = None,
    segmenter: Annotated[
        str | None, typer.Option(help="A pkuseg model's folder or name, where the config uses words.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The (first) seed.")] = 0,
    seeds: Annotated[int, typer.Option(min=1, help="Train so many, keep the best on dev.")] = 1,
    held_out: HeldOutOption = [],  # noqa: B006
    gpu_id: Annotated[int, typer.Option(help="A GPU's number; -1 is the CPU.")] = -1,
    allow_misaligned: Annotated[
        bool, typer.Option("--allow-misaligned", help="Leave out spans that the tokens cannot express.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Do not show the steps.")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Train the entity model: a spaCy pipeline that `spacy.load` opens.

    Any setting of the config can be given here, as with `spacy train`. With --seeds a killed run goes on
    where it was: each finished seed is kept in OUTPUT-seeds/.

    Example: `baogao training ner --seeds 5 --held-out xishan-2018 --training.max_steps 500`
    """
    from baogao.training.commands import train_workspace_ner
    from baogao.workspace import Workspace

    found = Workspace.find(workspace)
    chosen: dict[str, Any] = {"config": config, "segmenter": segmenter, "held_out": held_out}
    chosen["overrides"] = _overrides(context.args)
    said = chosen | {"seed": seed, "seeds": seeds}
    with _kept(found, "ner", output, found.models / "ner", said) as facts:
        scores = train_workspace_ner(
            found,
            output=output,
            seeds=range(seed, seed + seeds),
            gpu=gpu_id,
            allow_misaligned=allow_misaligned,
            progress=not quiet and progress.enabled,
            **chosen,
        )
        facts["dev_f1"] = dict(scores)
    best = max(scores, key=lambda item: item[1])
    for number, score in scores:
        logger.info("seed %d: %.2f entity F1 on dev", number, 100 * score)
    typer.echo(f"wrote {output or found.models / 'ner'} (seed {best[0]})")


@app.command()
def sections(
    config: Annotated[Path | None, typer.Option(help="Settings; else training/sections.toml.")] = None,
    output: Annotated[Path | None, typer.Option(help="The model's folder; else models/sections.")] = None,
    seed: Annotated[int, typer.Option(help="For the folds that calibrate its scores.")] = 0,
    held_out: HeldOutOption = [],  # noqa: B006
    search: Annotated[
        int,
        typer.Option(
            min=0, metavar="N", help="Try N settings on held-out gold reports, train with the best; minutes."
        ),
    ] = 0,
    workspace: WorkspaceOption = None,
) -> None:
    """Train the section model: one section a paragraph, from its text and the headings above it.

    --search prints the best settings as lines for training/sections.toml, which it does not change; scores
    of reports that chose them are no longer held out (`evaluate/bench_sections.py --nested` gives those).

    Examples: `baogao training sections --held-out xishan-2018 --output models/sections-without-xishan`,
    `baogao training sections --search 60`
    """
    from baogao.training.commands import train_workspace_sections
    from baogao.workspace import Workspace

    found = Workspace.find(workspace)
    said = {"config": config, "seed": seed, "held_out": held_out, "search": search}
    with _kept(found, "sections", output, found.models / "sections", said):
        done, tried = train_workspace_sections(
            found, output=output, config=config, seed=seed, held_out=held_out, candidates=search
        )
    if tried:
        from baogao.training.sections_search import SPACE

        for candidate in tried[:5]:
            settings = ", ".join(f"{name} {getattr(candidate.config, name):g}" for name in SPACE)
            logger.info(
                f"log-loss {candidate.log_loss:.4f}, accuracy {100 * candidate.accuracy:.1f}: {settings}"
            )
        for name in SPACE:
            typer.echo(f"{name} = {getattr(tried[0].config, name)}")
    typer.echo(f"wrote {done}", err=bool(tried))


@app.command()
def segmenter(
    output: Annotated[Path | None, typer.Option(help="The model's folder; else models/segmenter.")] = None,
    held_out: HeldOutOption = [],  # noqa: B006
    force: Annotated[bool, typer.Option("--force", help="Train also when it is up to date.")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Train the word segmenter that training/segmenter.toml asks for, and say which entities begin or end
    inside its words.

    Example: `baogao training segmenter --force`
    """
    from baogao.training.segmenter import load_segmenter, make_segmenter, report_inexpressible
    from baogao.workspace import Workspace

    found = Workspace.find(workspace)
    said = {"held_out": held_out, "force": force}
    with _kept(found, "segmenter", output, found.models / "segmenter", said):
        place = make_segmenter(found, held_out=held_out, output=output, force=force)
    typer.echo(f"{place}: {report_inexpressible(found, load_segmenter(place))}")


@app.command()
def embeddings(
    texts: Annotated[
        list[Path], typer.Argument(metavar="TEXT...", help="Plain text: .txt, .jsonl, either .gz.")
    ],
    output: Annotated[Path, typer.Option(help="The file to write.")] = Path("training/embeddings.npz"),
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the text.")] = 3,
    seed: Annotated[int, typer.Option(help="The seed.")] = 0,
) -> None:
    """Learn embeddings from plain text, for entity models to start from.

    Text like that of the reports is best: a few million characters, no labels. Two million take about five
    minutes a core; the file has a few megabytes. A model uses it when its config names it (paths.embeddings).

    Example: `baogao training embeddings reports.jsonl.gz --output training/embeddings.npz`
    """
    from baogao.training.embeddings import train_embeddings

    started = time.perf_counter()
    learned = train_embeddings(texts, output, epochs=epochs, seed=seed)
    write_summary(
        output, "training embeddings", started, settings={"texts": texts, "epochs": epochs, "seed": seed},
        counts={"characters": learned.characters}, accuracy=learned.accuracy,
    )  # fmt: skip
    typer.echo(
        f"wrote {output} from {learned.characters:,} characters: {learned.accuracy:.1%} of hidden characters "
        f"guessed; next: baogao training ner --paths.embeddings {output}"
    )


@app.command()
def dataset(
    output: Annotated[Path | None, typer.Option(help="A folder; else training/dataset.")] = None,
    held_out: HeldOutOption = [],  # noqa: B006
    docbin: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write spaCy's train.spacy and dev.spacy there instead."),
    ] = None,
    export: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write parquet and a card there, for load_dataset.")
    ] = None,
    push: Annotated[
        str | None, typer.Option(metavar="NAME/DATASET", help="Push that to a hub; needs HF_TOKEN.")
    ] = None,
    public: Annotated[bool, typer.Option("--public", help="Let everybody see what --push makes.")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Write the labelled blocks as a Hugging Face DatasetDict, split by report.

    Example: `baogao training dataset --held-out xishan-2018`, then in Python
    `datasets.load_from_disk("training/dataset")`; for others `baogao training dataset --export shared`, then
    `datasets.load_dataset("shared")`
    """
    from baogao.training.commands import refuse_bad_labels, write_docbins
    from baogao.training.dataset import build_dataset, save_dataset
    from baogao.workspace import Workspace

    found = Workspace.find(workspace)
    said = {"held_out": held_out}
    if docbin is not None:
        with _kept(found, "dataset", docbin, docbin, said):
            paths = write_docbins(found, docbin, held_out=held_out)
        typer.echo(f"wrote {', '.join(map(str, paths))}")
        return
    refuse_bad_labels(found)
    if export is not None or push is not None:
        from baogao.training.export import export_dataset, push_dataset

        if export is not None:
            with _kept(found, "dataset", export, export, said):
                export_dataset(found, export, held_out=held_out)
            typer.echo(f"wrote {export}")
        if push is not None:
            typer.echo(push_dataset(found, push, held_out=held_out, private=not public))
        return
    place = output or found.training / "dataset"
    with _kept(found, "dataset", output, place, said) as facts:
        data = build_dataset(found, held_out)
        save_dataset(data, place)
        facts["counts"] = {name: len(split) for name, split in data.items()}
    typer.echo(f"wrote {place} ({', '.join(f'{name} {len(split)} blocks' for name, split in data.items())})")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def curve(
    context: typer.Context,
    points: Annotated[int, typer.Option(min=2, help="Sizes, each half of the next.")] = 5,
    seeds: Annotated[int, typer.Option(min=1, help="Orders of the reports to average over.")] = 1,
    part: Annotated[
        list[str], typer.Option(help="ner or sections; again for both, which is the default.")
    ] = ["ner", "sections"],  # noqa: B006
    vary: Annotated[
        str, typer.Option(help="all: size counts gold and practice; gold: practice is always in.")
    ] = "all",
    jobs: Annotated[int, typer.Option(min=1, help="Trainings at once, one core each.")] = 1,
    config: Annotated[Path | None, typer.Option(help="A spaCy config; else training/ner.cfg.")] = None,
    output: Annotated[Path | None, typer.Option(help="JSON; else evaluate/results/curve.json.")] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Learning curve: F1 over the number of labelled reports, and which labels more labelling would help.

    Holds out each gold report in turn. A run that was stopped goes on where it was. Settings of the config
    can be given as for `baogao training ner`. Writes JSON and, beside it, a picture (SVG).

    Example: `baogao training curve --points 4 --jobs 2`
    """
    from baogao.evaluate.tables import percent, print_table
    from baogao.training.curve import learning_curve
    from baogao.workspace import Workspace

    if vary not in ("all", "gold") or set(part) - {"ner", "sections"}:
        raise InputError("--vary is all or gold, --part is ner or sections", todo="see --help")
    found = Workspace.find(workspace)
    path = output or found.evaluate / "results" / "curve.json"
    said = {"points": points, "seeds": seeds, "parts": part, "vary": vary, "overrides": context.args}
    with _kept(found, "curve", output, path, said, lock="curve.lock") as facts:
        result = learning_curve(
            found,
            path,
            points=points,
            seeds=range(seeds),
            parts=list(dict.fromkeys(part)),  # type: ignore[arg-type]
            vary=vary,  # type: ignore[arg-type]
            config=config,
            overrides=_overrides(context.args),
            jobs=jobs,
        )
        facts["counts"] = {"trainings": len(result.runs)}
    columns = ["part", "label", "reports", "paragraphs", "F1", "95%"]
    rows = [
        [
            p.part,
            p.label or "all",
            p.reports,
            f"{p.paragraphs:.0f}",
            percent(p.f1),
            f"{percent(p.low)}–{percent(p.high)}",
        ]
        for p in result.points
        if p.part == "ner" or p.label is None
    ]
    print_table(columns, rows, title="Learning curve, leave one report out", text=2)
    for sentence in result.advice:
        typer.echo(sentence)
    typer.echo(f"wrote {path} and {path.with_suffix('.svg').name}")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def check(
    context: typer.Context,
    top: Annotated[int, typer.Option(min=1, help="How many to list, the surest first.")] = 50,
    min_score: Annotated[float, typer.Option(help="Leave out what is less sure.")] = 0.5,
    folder: Annotated[str, typer.Option(help="Below annotations/: gold or practice.")] = "gold",
    folds: Annotated[int, typer.Option(min=1, help="Trainings; each judges its share of the reports.")] = 5,
    review: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write labels and suggestions there, to be reviewed.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The seed of the models.")] = 0,
    jobs: Annotated[int, typer.Option(min=1, help="Trainings at once, one core each.")] = 1,
    config: Annotated[Path | None, typer.Option(help="A spaCy config; else training/ner.cfg.")] = None,
    output: Annotated[
        str | None, typer.Option(help="JSONL (- : stdout); else evaluate/results/check.jsonl.")
    ] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Find labels that are likely wrong: models trained on the other reports rank what they disagree with.

    Nothing in annotations/ is changed. With --review the paragraphs can go to a reviewer in doccano. Exit
    status 1 when something is listed.

    Example: `baogao training check --review suspects`, then
    `baogao annotations review suspects/labels.jsonl suspects/model.jsonl --reviewer wang --force`
    """
    from baogao.records import write_jsonl
    from baogao.training.check import find_suspects, write_review
    from baogao.workspace import Workspace

    found = Workspace.find(workspace)
    place = output or str(found.evaluate / "results" / "check.jsonl")
    chosen: dict[str, Any] = {"folder": folder, "folds": folds, "seed": seed, "config": config, "jobs": jobs}
    chosen["overrides"] = _overrides(context.args)
    said = {**chosen, "top": top, "min_score": min_score}
    with _kept(found, "check", Path(place), Path(place), said) as facts:
        suspects = find_suspects(found, **chosen)
        listed = [suspect for suspect in suspects if suspect.score >= min_score][:top]
        write_jsonl(place, listed)
        facts["counts"] = {"differences": len(suspects), "listed": len(listed)}
    if review is not None:
        count = write_review(found, listed, review, folder=folder)
        logger.info("wrote %d paragraphs to %s; next: baogao annotations review", count, review)
    if place != "-":
        for suspect in listed:
            typer.echo(_suspect_line(suspect))
    if listed:
        raise Findings(
            f"{len(listed)} labels are likely wrong (of {len(suspects)} differences)",
            todo=f"look at {'them' if place == '-' else place}, or give --review DIR",
        )
    logger.info("no label is likely wrong (%d differences below %s)", len(suspects), min_score)


@contextlib.contextmanager
def _kept(
    workspace: Workspace,
    command: str,
    given: Path | None,
    output: Path,
    settings: dict[str, Any],
    *,
    lock: str = "lock",
) -> Iterator[dict[str, Any]]:
    """Around a training: a summary beside its output, with what is put into the dictionary; and where that
    output is the workspace's own, nobody else writes it meanwhile (`lock`: by default that of `baogao run`).
    """
    facts: dict[str, Any] = {"settings": settings}
    started = time.perf_counter()
    name = f"training {command}"
    alone = hold_lock(workspace.root / ".baogao" / lock, f"baogao {name}")
    with alone if given is None else contextlib.nullcontext():
        yield facts
        write_summary(given or output, name, started, **facts)


def _suspect_line(suspect: Any) -> str:
    def shown(value: Any) -> str:
        if value is None:
            return "nothing"
        return value if isinstance(value, str) else f"{value.text!r} {value.label}"

    change = f"{shown(suspect.given)} → {shown(suspect.suggested)}"
    return f"{suspect.score:.3f}  {suspect.kind:<8}{suspect.id}  {change}"


def _overrides(arguments: list[str]) -> dict[str, Any]:
    """Settings given as `--block.name value` or `--block.name=value`, values as JSON or else text."""
    import json

    found: dict[str, Any] = {}
    rest = list(arguments)
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        if not name.startswith("--") or "." not in name:
            raise InputError(
                f"no option {name}",
                todo="see --help; settings of the config look like --training.max_steps 500",
            )
        if not equals:
            if not rest:
                raise InputError(f"{name} has no value", todo="write it after the name")
            value = rest.pop(0)
        if name == "--training.seed":
            raise InputError("the seed has an option of its own", todo="write --seed N")
        try:
            found[name[2:].replace("-", "_")] = json.loads(value)
        except ValueError:
            found[name[2:].replace("-", "_")] = value
    return found
