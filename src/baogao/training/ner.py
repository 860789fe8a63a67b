"""Entity models: labelled blocks in, a spaCy pipeline out, by spaCy's own training from a config.

`train_ner` does what `spacy train CONFIG --paths.train … --paths.dev …` does, and besides refuses data
that cannot be right, sets whole reports aside as dev, and writes the folder whole or not at all.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from baogao import __version__
from baogao.errors import InputError
from baogao.files import refuse_foreign_folder, sha256, sha256_tree, write_atomic, write_folder
from baogao.records import Entity, LabelledBlock
from baogao.training.splits import paragraphs, repeat_real, split_dev

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc
    from spacy.vocab import Vocab

EXAMPLES = 5


def train_ner(
    train: Sequence[LabelledBlock],
    output: Path,
    *,
    config: Path,
    segmenter: Path | None = None,
    seed: int = 0,
    overrides: dict[str, Any] | None = None,
    dev: Sequence[LabelledBlock] | None = None,
    labels: Sequence[str] | None = None,
    allow_misaligned: bool = False,
    gpu: int = -1,
    progress: bool | None = None,
) -> Path:
    """Train a spaCy pipeline on the paragraphs of `train` and write it to the folder `output`.

    `config` is a spaCy training config; `overrides` are settings of it by dotted name, as on the command
    line of `spacy train`. `segmenter` goes to its `paths.segmenter`, where it has one. Without `dev`, whole
    reports of `train` are set aside for it, by `share` and `reports` in the block `[dev]` of the config
    (see `split_dev`), and the best model on dev is kept; its block `[mix]` repeats real reports (see
    `repeat_real`). With `labels` (those of labels.toml), each needs an entity and no other may occur. Spans
    that the pipeline's tokens cannot express are an error, or with `allow_misaligned` left out and counted
    in the model's meta. `gpu` is a device number, -1 the CPU. `progress` prints spaCy's table to standard
    error (default: when that is a terminal).

    The folder's meta.json gets a key `baogao`: seed, settings, hashes of data and recipe, counts.
    The same input and seed give the same folder on the same machine. Raises InputError.
    """
    refuse_foreign_folder(output, "config.cfg")  # before the work, not after it
    settings = dict(overrides or {})
    recipe = recipe_hash(train, config=config, segmenter=segmenter, overrides=settings, dev=dev)
    given = read_spacy_config(config, settings)
    if dev is None:
        check_entities(paragraphs(train), labels=labels)
        train, dev = split_dev(paragraphs(train), **given.get("dev", {}))
    else:
        check_entities([*paragraphs(train), *paragraphs(dev)], labels=labels)
        train, dev = paragraphs(train), paragraphs(dev)
    check_entities(train, labels=labels)
    if progress is None:
        progress = sys.stderr.isatty()
    with tempfile.TemporaryDirectory(prefix="baogao-ner-") as name, _config_errors(config):
        folder = Path(name)
        write_docbin(repeat_real(train, **given.get("mix", {})), folder / "train.spacy")
        write_docbin(dev, folder / "dev.spacy")
        named = read_spacy_config(config).get("paths", {})
        paths = workspace_paths(config)
        paths |= {"paths.train": str(folder / "train.spacy"), "paths.dev": str(folder / "dev.spacy")}
        if segmenter is not None and "segmenter" in named:
            paths["paths.segmenter"] = str(segmenter)
        nlp = _initialise(config, {**paths, **settings, "training.seed": seed}, gpu)
        misaligned = misaligned_spans(nlp, [*train, *dev])
        if misaligned and not allow_misaligned:
            raise InputError(
                f"{_counted(misaligned, 'entities')} cross the edges of the pipeline's tokens",
                file=config,
                todo="use a tokenizer of characters, or leave them out with --allow-misaligned",
            )
        _train(nlp, folder / "model", gpu, sys.stderr if progress else io.StringIO())
        meta = {
            "version": __version__,
            "seed": seed,
            "config": config.name,
            "overrides": settings,
            "recipe": recipe,
            "data": data_hash(train, dev),
            "train": count(train),
            "dev": {**count(dev), "ids": sorted({block.report for block in dev})},
            "misaligned": {"spans": len(misaligned), "examples": misaligned[:EXAMPLES]},
        }
        with write_folder(output, known_by="config.cfg") as target:
            _finish(folder / "model" / "model-best", target, named, meta)
    return Path(output)


def check_entities(blocks: Sequence[LabelledBlock], *, labels: Sequence[str] | None = None) -> None:
    """Raise InputError, with a count and examples, where `blocks` cannot train an entity model.

    That is: no entity at all; spans outside their text, on white space edges or overlapping; a label that
    is not in `labels`; one of `labels` without any entity.
    """
    if not any(block.entities for block in blocks):
        raise InputError(
            f"no entities in {len(blocks)} paragraphs", todo="label some, or read the right folder"
        )
    outside, blank, overlapping, unknown = [], [], [], []
    seen: Counter[str] = Counter()
    for block in blocks:
        end = 0
        for span in sorted(block.entities, key=lambda span: (span.start, span.end)):
            text = block.text[max(span.start, 0) : span.end]
            shown = f"{block.id} {span.start}:{span.end} {text!r} {span.label}"
            seen[span.label] += 1
            if not 0 <= span.start < span.end <= len(block.text):
                outside.append(shown)
            elif text != text.strip():
                blank.append(shown)
            if span.start < end:
                overlapping.append(shown)
            if labels is not None and span.label not in labels:
                unknown.append(shown)
            end = max(end, span.end)
    for found, what, todo in (
        (outside, "lie outside their text", "count characters, not bytes, and let end come after start"),
        (overlapping, "overlap another", "keep the longer name"),
        (blank, "begin or end with white space", "move their edges"),
        (unknown, "have a label that is not in annotations/labels.toml", "add it there or mend it"),
    ):
        if found:
            raise InputError(f"{_counted(found, 'entities')} {what}", todo=todo)
    missing = [label for label in labels or () if not seen[label]]
    if missing:
        raise InputError(
            f"no entity with label {', '.join(missing)} among {sum(seen.values())} in training "
            f"({', '.join(f'{label} {n}' for label, n in seen.most_common())})",
            todo="label some, or take the label out of annotations/labels.toml",
        )


def misaligned_spans(nlp: Language, blocks: Sequence[LabelledBlock]) -> list[str]:
    """The entities of `blocks` whose edges are not edges of the pipeline's tokens, as text to show."""
    lost = []
    for block in blocks:
        doc = nlp.make_doc(block.text)
        for span in block.entities:
            if doc.char_span(span.start, span.end) is None:
                text = block.text[span.start : span.end]
                lost.append(f"{block.id} {span.start}:{span.end} {text!r} {span.label}")
    return lost


def character_doc(vocab: Vocab, text: str, entities: Sequence[Entity] = ()) -> Doc:
    """A Doc with one token a character (runs of white space are one, as everywhere in spaCy), whose
    text is `text`, and with gold entities; everything else is outside."""
    from baogao.training.characters import CharacterTokenizer

    doc = CharacterTokenizer(vocab)(text)
    spans = [doc.char_span(span.start, span.end, label=span.label) for span in entities]
    doc.set_ents([span for span in spans if span is not None])
    return doc


def write_docbin(blocks: Sequence[LabelledBlock], path: Path) -> None:
    """`blocks` in spaCy's binary format, for `spacy train`, `spacy debug data` and the like."""
    from spacy.tokens import DocBin
    from spacy.vocab import Vocab

    vocab = Vocab()
    docs = (character_doc(vocab, block.text, block.entities) for block in blocks if block.text)
    with write_atomic(path, "wb") as handle:
        handle.write(DocBin(docs=docs).to_bytes())


def predict_entities(nlp: Language, blocks: Sequence[LabelledBlock]) -> list[LabelledBlock]:
    """`blocks` with the entities that `nlp` finds in paragraphs instead of their own, with scores where the
    model gives them."""
    wanted = paragraphs(blocks)
    docs = nlp.pipe(block.text for block in wanted)
    found = {block.id: _entities(doc) for block, doc in zip(wanted, docs, strict=True)}
    return [msgspec.structs.replace(block, entities=found.get(block.id, [])) for block in blocks]


def span_probabilities(nlp: Language, blocks: Sequence[LabelledBlock]) -> list[list[float]]:
    """How probable the model finds each entity that the blocks have, 0 to 1.

    A component with marginals has a method `span_probabilities`; without one an entity that is predicted
    counts 1 and any other 0.
    """
    spans = [[(span.start, span.end, span.label) for span in block.entities] for block in blocks]
    for _, component in nlp.pipeline:
        if hasattr(component, "span_probabilities"):
            return component.span_probabilities([block.text for block in blocks], spans)
    found = ({(e.start, e.end, e.label) for e in block.entities} for block in predict_entities(nlp, blocks))
    return [[float(span in known) for span in row] for row, known in zip(spans, found, strict=True)]


def _entities(doc: Doc) -> list[Entity]:
    group = doc.spans.get("entities")
    scores: Sequence[float | None] = (group.attrs.get("scores") if group is not None else None) or ()
    if len(scores) != len(doc.ents):
        scores = [None] * len(doc.ents)
    return [
        Entity(
            start=span.start_char,
            end=span.end_char,
            label=span.label_,
            score=None if score is None else float(score),
            text=span.text,
        )
        for span, score in zip(doc.ents, scores, strict=True)
    ]


def count(blocks: Sequence[LabelledBlock]) -> dict[str, Any]:
    """What a model was trained on, for its meta."""
    entities = Counter(span.label for block in blocks for span in block.entities)
    return {
        "reports": len({block.report for block in blocks}),
        "paragraphs": len(blocks),
        "characters": sum(len(block.text) for block in blocks),
        "entities": dict(sorted(entities.items())),
    }


def data_hash(*parts: Sequence[LabelledBlock]) -> str:
    """One digest over texts and entities, in order; nothing else of a block decides an entity model."""
    rows = [
        [[b.text, sorted((s.start, s.end, s.label) for s in b.entities)] for b in blocks] for blocks in parts
    ]
    return sha256(msgspec.json.encode(rows))


def recipe_hash(
    train: Sequence[LabelledBlock],
    *,
    config: Path,
    segmenter: Path | None = None,
    overrides: dict[str, Any] | None = None,
    dev: Sequence[LabelledBlock] | None = None,
) -> str:
    """One digest over all that decides a model but the seed: data, config, segmenter, overrides, versions.

    `train_ner` takes the same arguments and keeps it in the model's meta, so that a caller can tell whether
    a model is up to date.
    """
    import spacy

    words = Path(segmenter) if segmenter is not None else None
    files = [Path(path) for path in workspace_paths(config).values()]
    parts = [
        [__version__, spacy.__version__],
        data_hash(paragraphs(train), paragraphs(dev or [])),
        sha256(config.read_bytes()),
        sha256_tree(words) if words is not None and words.exists() else str(words),
        sha256_tree(*files),
        overrides or {},
    ]
    return sha256(json.dumps(parts, sort_keys=True).encode())


def read_spacy_config(path: Path, overrides: dict[str, Any] | None = None) -> Any:
    """A spaCy config, variables unresolved. Raises InputError."""
    from spacy.language import DEFAULT_CONFIG
    from spacy.util import load_config

    with _config_errors(path):
        if not Path(path).is_file():
            raise InputError("no such config", file=path, todo="name one with --config, see training/")
        config = load_config(path, overrides=overrides or {}, interpolate=False)
    for section in ("nlp", "training", "initialize"):
        # spaCy with pydantic 2 passes over a setting that it does not know.
        for name in config.get(section, {}).keys() - DEFAULT_CONFIG[section].keys():
            raise InputError(
                f"{section}.{name}: spaCy has no such setting",
                file=path,
                todo="mend the name or leave it out",
            )
    return config


def workspace_paths(config: Path) -> dict[str, str]:
    """Settings `paths.*` for the relative paths of `config` that are in the workspace of its folder
    training/: a model can then be trained from any working directory."""
    root = Path(config).resolve().parent.parent
    values = read_spacy_config(config).get("paths", {})
    found = {
        f"paths.{key}": root / value for key, value in values.items() if isinstance(value, str) and value
    }
    return {key: str(path) for key, path in found.items() if path.exists()}


def _initialise(config: Path, overrides: dict[str, Any], gpu: int) -> Language:
    from catalogue import RegistryError
    from confection import ConfigValidationError
    from spacy.training.initialize import init_nlp

    if gpu >= 0:
        from thinc.api import require_gpu

        try:
            require_gpu(gpu)
        except ValueError as error:
            raise InputError(f"no GPU {gpu} ({error})", todo="leave --gpu-id out") from error
    with warnings.catch_warnings():
        # W030: spans that tokens cannot express; counted and named by misaligned_spans.
        warnings.filterwarnings("ignore", message=r"\[W030\]")
        try:
            return init_nlp(read_spacy_config(config, overrides), use_gpu=gpu)
        except ConfigValidationError:
            raise
        except (ValueError, OSError, RegistryError) as error:  # unknown factory, missing vectors, …
            what = str(error).partition("\n")[0]
            raise InputError(what, file=config, todo="mend the setting it names") from error


def _train(nlp: Language, folder: Path, gpu: int, stream: Any) -> None:
    from spacy.training.loop import train

    folder.mkdir()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"\[W030\]")
        train(nlp, folder, use_gpu=gpu, stdout=stream, stderr=stream)


def _finish(model: Path, target: Path, paths: dict[str, Any], meta: dict[str, Any]) -> None:
    """Move a trained model into `target`, with the config's own `paths` instead of this machine's, and with
    half the F1 on dev as the threshold of a `char_ner` that has none."""
    from thinc.api import Config

    for path in model.iterdir():
        shutil.move(path, target / path.name)
    path = target / "meta.json"
    reached = json.loads(path.read_text(encoding="utf-8"))["performance"].get("ents_f")
    settings = Config().from_disk(target / "config.cfg", interpolate=False)
    settings["paths"] = paths
    for component in settings["components"].values():
        if component.get("factory") == "char_ner" and component.get("threshold") is None and reached:
            component["threshold"] = round(reached / 2, 3)
    settings.to_disk(target / "config.cfg", interpolate=False)
    # spaCy orders labels by a set, so sorted keys: the same training writes the same bytes.
    text = json.dumps(
        {**json.loads(path.read_text(encoding="utf-8")), "baogao": meta},
        ensure_ascii=False, indent=2, sort_keys=True,
    )  # fmt: skip
    path.write_text(text + "\n", encoding="utf-8")


def _counted(found: Sequence[str], what: str) -> str:
    more = ", …" if len(found) > EXAMPLES else ""
    return f"{len(found)} {what} ({', '.join(found[:EXAMPLES])}{more})"


@contextlib.contextmanager
def _config_errors(config: Path) -> Iterator[None]:
    """What spaCy says of a config, in one line that names it."""
    from configparser import Error as SyntaxProblem

    from confection import ConfigValidationError

    try:
        yield
    except ConfigValidationError as error:
        parts = [
            error.desc or "",
            *(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors or ()),
        ]
        what = "; ".join(part for part in parts if part) or error.title or "not a spaCy config"
        raise InputError(what, file=config, todo="mend the setting it names") from error
    except SyntaxProblem as error:
        raise InputError(str(error), file=config, todo="mend the setting it names") from error
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8 ({error})", file=config, todo="save it as UTF-8") from error
