"""The process that labels one report after the other for `baogao models serve`.

It speaks frames on standard input and output: four bytes of length (big-endian), then so many bytes. A
request is two frames, a JSON Request and the report's bytes; the answer is one frame of JSON. Parsing a
stranger's file and running the model happen here and not in the server, which can thus end a request that
takes too long, and outlives one that crashes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from baogao.errors import BaogaoError, InputError
from baogao.models.figures import figures
from baogao.models.institutions import read_place
from baogao.models.table import csv_text
from baogao.models.values import read_value, value_kinds
from baogao.records import Report
from baogao.workspace import Label, Labels, Workspace

if TYPE_CHECKING:
    from spacy.language import Language

# Shades that stand apart from one another and carry dark text on white, for labels without a colour.
_COLORS = ("#1565c0", "#c62828", "#2e7d32", "#6a1b9a", "#8a5a00", "#00796b", "#9d2f6f", "#37474f")


class Request(msgspec.Struct):
    """What a request says beside its bytes. `name` is only ever shown, never a path."""

    name: str = ""
    is_text: bool = False
    issuer: str | None = None
    year: int | None = None


def write_frame(stream: BinaryIO, data: bytes) -> None:
    stream.write(len(data).to_bytes(4, "big") + data)
    stream.flush()


def read_frame(stream: BinaryIO) -> bytes | None:
    """The next frame, None at the end of the stream."""
    head = stream.read(4)
    if len(head) < 4:
        return None
    data = stream.read(size := int.from_bytes(head, "big"))
    return data if len(data) == size else None


def pipeline_labels(nlp: Language, workspace: Workspace | None = None) -> Labels:
    """The labels of a pipeline: those saved in its meta, else of the workspace, else the names it knows."""
    saved = nlp.meta.get("baogao", {}).get("labels")
    if saved:
        return msgspec.convert(saved, Labels)
    if workspace is not None:
        return workspace.labels()
    from baogao.models.pipeline import SECTIONS

    names = {"section": [], "entity": []}  # type: dict[str, list[str]]
    for pipe, labels in nlp.pipe_labels.items():
        names["section" if pipe == SECTIONS else "entity"] += labels
    made = {
        kind: [
            Label(name=name, zh=name, description="", color=_COLORS[index % len(_COLORS)])
            for index, name in enumerate(dict.fromkeys(found))
        ]
        for kind, found in names.items()
    }
    return Labels(**made)


def label_report(nlp: Language, labels: Labels, request: Request, data: bytes) -> dict[str, Any]:
    """The answer to one request: what the page of the report says of it, labelled blocks, the values of
    their entities (by block, in the entities' order), figures and their CSV.

    What the request says of issuer and year goes before what the page says. Raises InputError for what is
    no report.
    """
    from baogao.corpus.metadata import read_metadata
    from baogao.corpus.page import make_page, page_of_text
    from baogao.corpus.segment import page_blocks
    from baogao.models.predict import label_blocks

    # Bytes all along: the name came with the request, may be anything, and names nothing on this machine.
    text = data.decode("utf-8", "replace") if request.is_text else None
    page = make_page(data, file="the report") if text is None else page_of_text(text)
    blocks = label_blocks(nlp, page_blocks(page, report=_identifier(request.name)))
    if not any(block.kind == "paragraph" for block in blocks):
        raise InputError("no paragraph of a report was found", todo="send the whole text of a report")
    kinds = value_kinds(labels)
    report = Report(id=blocks[0].report, file="", **read_metadata(page))
    report.issuer, report.year = request.issuer or report.issuer, request.year or report.year
    place = read_place(report)
    rows = figures(blocks, kinds, {report.id: report})
    return {
        "report": report.id,
        "title": report.title,
        "issuer": report.issuer,
        "year": report.year,
        "labels": labels,
        "blocks": blocks,
        "values": {
            block.id: [
                read_value(block.text[e.start : e.end], kinds[e.label], place) if e.label in kinds else None
                for e in block.entities
            ]
            for block in blocks
            if block.entities
        },
        "figures": rows,
        "csv": csv_text(rows),
    }


def _identifier(name: str) -> str:
    """A report id from a file name of any system."""
    stem = PurePosixPath(name.replace("\\", "/")).stem
    return "".join(c for c in stem if c.isprintable()).strip()[:80] or "report"


def answer(label: Callable[[Request, bytes], dict[str, Any]], header: bytes, data: bytes) -> dict[str, Any]:
    """label(...) with a status; what a person can mend is 422 and anything else 500."""
    try:
        return {"status": 200, **label(msgspec.json.decode(header, type=Request), data)}
    except BaogaoError as error:
        what = f"{error.file} {error.what}" if error.file else error.what  # "the report is encrypted"
        return {"status": 422, "error": what, "todo": error.todo}
    except Exception as error:
        print(f"baogao: serve: {type(error).__name__}: {error}", file=sys.stderr)
        return {"status": 500, "error": f"unexpected {type(error).__name__}", "todo": "report it"}


def main(model: str, workspace: str | None = None) -> None:
    """Load the pipeline in folder `model`, say so in a first frame, then answer until the input ends."""
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not garble the frames
    import baogao.corpus.page  # noqa: F401 -- its readers load before the first report comes
    from baogao.models.pipeline import load_pipeline

    try:
        nlp = load_pipeline(model)
        labels = pipeline_labels(nlp, Workspace(Path(workspace)) if workspace else None)
    except BaogaoError as error:
        write_frame(answers, msgspec.json.encode({"error": str(error)}))
        return
    name = f"{nlp.meta.get('name', 'pipeline')} {nlp.meta.get('version', '')}".strip()
    write_frame(answers, msgspec.json.encode({"model": name}))

    def label(request: Request, data: bytes) -> dict[str, Any]:
        return label_report(nlp, labels, request, data)

    while (header := read_frame(requests)) is not None and (data := read_frame(requests)) is not None:
        with nlp.memory_zone():  # else the vocabulary keeps every new word for good
            result = msgspec.json.encode(answer(label, header, data))
        write_frame(answers, result)


if __name__ == "__main__":
    main(*sys.argv[1:])
