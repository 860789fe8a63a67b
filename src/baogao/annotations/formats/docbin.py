"""spaCy's DocBin, the .spacy files that `spacy train` reads: a token for each character, so that every
entity has token edges; the section is doc.cats, the rest of a block is in doc.user_data."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from baogao.annotations.formats.blocks import CARRIED, carried, json_object, restored, unique_ids
from baogao.errors import InputError
from baogao.files import read_bytes, write_atomic
from baogao.records import LabelledBlock


def read_docbin(path: str | Path) -> tuple[list[LabelledBlock], list[str]]:
    """Docs as blocks: doc.ents, the category of the highest score if that is 0.5 or more. Docs of any
    tokenisation; ids as carried, else FILE:0000. Also returns what was not read."""
    from spacy.tokens import DocBin
    from spacy.vocab import Vocab

    try:
        docs = list(DocBin().from_bytes(read_bytes(path)).get_docs(Vocab()))
    except (ValueError, KeyError, TypeError, AttributeError, zlib.error, EOFError) as error:
        raise InputError(
            f"not a DocBin ({str(error)[:100]})", file=path, todo="write it with DocBin.to_disk"
        ) from error
    blocks = []
    grouped = 0
    for number, doc in enumerate(docs):
        category = max(doc.cats, key=lambda name: doc.cats[name], default=None)
        section = category if category is not None and doc.cats[category] >= 0.5 else None
        spans = [(span.start_char, span.end_char, span.label_) for span in doc.ents]
        grouped += any(len(group) for group in doc.spans.values())
        rest = _rest(doc.user_data.get(CARRIED), path, number)
        blocks.append(restored(doc.text, spans, section, rest, path=path, number=number))
    notes = [f"span groups of {grouped} docs (doc.ents alone is read)"] if grouped else []
    return unique_ids(path, blocks), notes


def _rest(value: object, path: str | Path, number: int) -> dict[str, Any] | None:
    return json_object(path, value.encode(), number + 1) if isinstance(value, str) else None


def write_docbin(path: str | Path, blocks: Iterable[LabelledBlock]) -> list[str]:
    """Write all of each block; nothing is lost."""
    from spacy.tokens import Doc, DocBin, Span
    from spacy.vocab import Vocab

    blocks = list(blocks)
    sections = sorted({block.section for block in blocks if block.section is not None})
    vocab = Vocab()
    docs = DocBin(store_user_data=True)
    for block in blocks:
        doc = Doc(vocab, words=list(block.text), spaces=[False] * len(block.text))
        # Token numbers are character numbers.
        doc.set_ents([Span(doc, span.start, span.end, span.label) for span in block.entities])
        if block.section is not None:
            doc.cats = {name: float(name == block.section) for name in sections}
        doc.user_data[CARRIED] = json.dumps(carried(block))  # msgpack would make tuples of lists
        docs.add(doc)
    with write_atomic(path, "wb") as handle:
        handle.write(docs.to_bytes())
    return []
