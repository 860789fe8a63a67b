"""Labelled blocks from raw reports: segment, find entities, label sections."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from baogao.records import Block, Entity, LabelledBlock

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc


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
