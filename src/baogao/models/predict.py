"""Labelled blocks from raw reports: segment, find entities, label sections."""

from __future__ import annotations

import functools
import logging
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from baogao.errors import BaogaoError, Findings, InputError
from baogao.files import sha256
from baogao.records import Block, Entity, LabelledBlock

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

logger = logging.getLogger("baogao")


def label_blocks(nlp: Language, blocks: Sequence[Block]) -> list[LabelledBlock]:
    """The blocks of one or more whole reports with sections and entities, in order.

    Headings and closings get neither. Entities carry their text and, where the pipeline gives one, their
    score; sections are decoded over each report together (baogao.training.sections).
    """
    from baogao.models.pipeline import SECTIONS

    if SECTIONS in nlp.pipe_names:
        sections = nlp.get_pipe(SECTIONS).classifier.predict(blocks)  # type: ignore[attr-defined]
    else:
        sections = [(None, 0.0)] * len(blocks)
    texts = (block.text for block in blocks if block.kind == "paragraph")
    docs = nlp.pipe(texts, disable=[SECTIONS])
    labelled = []
    for block, (section, score) in zip(blocks, sections, strict=True):
        fields = {name: getattr(block, name) for name in Block.__struct_fields__}
        paragraph = block.kind == "paragraph"
        labelled.append(
            LabelledBlock(
                **fields,
                section=section,
                section_score=round(score, 4) if section is not None else msgspec.UNSET,
                entities=_entities(next(docs), block.text) if paragraph else [],
            )
        )
    return labelled


def predict_file(nlp: Language, path: str | Path, *, report: str | None = None) -> list[LabelledBlock]:
    """Labelled blocks of a raw report in any format of the corpus stage; see segment_file for errors."""
    from baogao.corpus.segment import segment_file

    return label_blocks(nlp, segment_file(path, report=report))


def predict_paths(
    paths: Sequence[str],
    output: str | Path,
    *,
    model: str | Path,
    format: str | None = None,
    jobs: int = 1,
    keep_going: bool = False,
) -> int:
    """Label raw reports (files, folders, globs, `-`) into one file and return how many blocks it holds.

    The file is written whole or not at all, in the order of the paths, the same whatever `jobs` (processes).
    Raises InputError at the first report that fails; with `keep_going` the rest are written first and
    Findings names how many failed, each with a line in the log. A summary lies beside the output.
    """
    from baogao.corpus.parallel import parallel
    from baogao.log import write_summary
    from baogao.models.pipeline import load_pipeline
    from baogao.models.predict_formats import writer_for

    started = time.perf_counter()
    write = writer_for(output, format)
    named = list(name_reports(find_reports(paths)))
    for path, _ in named if not keep_going else ():  # the model takes seconds to load
        if path != "-" and not os.path.lexists(path):
            raise InputError("is not there", file=path, todo="check the path")
    if jobs <= 1 or len(named) < 2:
        _loaded.cache_clear()
        _loaded(str(model))
    else:
        load_pipeline(model)  # a model that cannot be loaded is said once, not by every process
    failures: list[BaogaoError] = []
    count = 0

    def blocks() -> Iterator[LabelledBlock]:
        nonlocal count
        work = [(path, report, str(model)) for path, report in named]
        for found in parallel(_predict_or_error, work, jobs=jobs, what="labelling"):
            if isinstance(found, BaogaoError):
                if not keep_going:
                    raise found
                logger.warning("left out: %s", found)
                failures.append(found)
                continue
            count += len(found)
            yield from found

    write(output, blocks())
    write_summary(
        output, "predict", started,
        settings={"model": str(model), "format": format, "jobs": jobs, "keep_going": keep_going},
        counts={"reports": len(named) - len(failures), "blocks": count},
        skipped=[str(error) for error in failures],
    )  # fmt: skip
    if failures:
        raise Findings(
            f"{len(failures)} of {len(named)} reports could not be labelled", file=output,
            todo="mend what the lines above name; the others are written",
        )  # fmt: skip
    return count


def find_reports(paths: Iterable[str]) -> list[str]:
    """The files that paths, folders and globs name, each once, in order. Raises InputError for a glob or a
    folder with nothing in it; a file that is not there is told when it is read."""
    from baogao.corpus.add import find_files

    found: dict[str, None] = {}
    for path in paths:
        if path == "-":
            found[path] = None
            continue
        some = [path]
        if any(mark in path for mark in "*?[") and not Path(path).exists():
            some = sorted(glob(path, recursive=True))
            if not some:
                raise InputError("matches no file", file=path, todo="check the pattern")
        found.update(dict.fromkeys(str(file) for file in find_files(some)))
    return list(found)


def name_reports(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(path, report id): the stem of the file, and where two share one, a piece of the path's digest too."""
    taken: set[str] = set()
    for path in paths:
        name = "stdin" if path == "-" else Path(path).stem
        if name in taken:
            name = f"{name}-{sha256(path.encode('utf-8', 'surrogateescape'))[:8]}"
        taken.add(name)
        yield path, name


@functools.lru_cache(maxsize=1)
def _loaded(model: str) -> Language:
    """The pipeline of this process."""
    from baogao.models.pipeline import load_pipeline

    return load_pipeline(model)


def _predict_or_error(path: str, report: str, model: str) -> list[LabelledBlock] | BaogaoError:
    try:
        return predict_file(_loaded(model), path, report=report)
    except BaogaoError as error:
        return error


def _entities(doc: Doc, text: str) -> list[Entity]:
    scores: dict[tuple[int, int, str], float] = {}
    if "entities" in doc.spans:
        group = doc.spans["entities"]
        given = group.attrs.get("scores")
        if given is not None and len(given) == len(group):
            for span, score in zip(group, given, strict=True):
                scores[span.start_char, span.end_char, span.label_] = round(float(score), 4)
    return [
        Entity(
            start=span.start_char,
            end=span.end_char,
            label=span.label_,
            text=text[span.start_char : span.end_char],
            score=scores.get((span.start_char, span.end_char, span.label_)),
        )
        for span in doc.ents
    ]
