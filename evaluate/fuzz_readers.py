"""Every reader of the package with an input it takes, for fuzz tests: tests/test_hostile.py and fuzz.py.

A reader may read a file or raise a BaogaoError, within SECONDS and with at most MEMORY bytes more than the
process had before it; it writes nothing beside its input.
"""

from __future__ import annotations

import importlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
SECONDS = 30
MEMORY = 1 << 30


@dataclass(frozen=True)
class Reader:
    """A function of a path, and the bytes of a file that it reads."""

    read: Callable[[Path], object]
    seed: bytes
    file: str = "input"


def named(name: str) -> Callable[[Path], object]:
    """A function by its full name, imported when it is called."""
    module, function = name.rsplit(".", 1)
    return lambda path: getattr(importlib.import_module(module), function)(path)


def report(path: Path) -> object:
    from baogao.corpus.segment import segment_file

    blocks = segment_file(path)
    for block in blocks:
        assert block.start is None or block.end is None or 0 <= block.start <= block.end
    return blocks


def labels(path: Path) -> object:
    from baogao.workspace import Labels, read_config

    return read_config(path, Labels)


def rules(path: Path) -> object:
    from baogao.annotations.rules import Rules

    return Rules.load(path).suggest("区政府xxx")


def pairs(path: Path) -> object:
    from baogao.evaluate.pairs import read_pairs

    return read_pairs(str(path), str(path))


def parquet(path: Path) -> object:
    from baogao.models.parts import find_inputs, read_pages

    return [read() for _, _, read in read_pages(find_inputs([str(path)]))]


def mark_of_a_part(path: Path) -> object:
    from baogao.models.parts import Part, read_done

    (path.parent / "_parts").mkdir(exist_ok=True)
    path.replace(path.parent / "_parts" / "000000.json")
    try:
        return read_done(str(path.parent), Part(0, ()))
    finally:
        (path.parent / "_parts" / "000000.json").replace(path)
        (path.parent / "_parts").rmdir()


def docx_bytes() -> bytes:
    import docx

    document = docx.Document()
    document.add_heading("一、工作情况")
    document.add_paragraph("全年受理12件。")
    document.add_table(1, 2).cell(0, 0).text = "件"
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def pdf_bytes() -> bytes:
    """A page of one sentence, with a cross-reference table that is right."""
    stream = b"BT /F1 4 Tf 9 50 Td (1. In 2023 the county handled 12 cases of review.) Tj ET"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    data, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj%s endobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"xref\n0 6\n0000000000 65535 f \n%strailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF"
    return data + end % (table, len(data))


def parquet_bytes() -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(pa.table({"id": ["a"], "text": ["一、工作\n全年受理12件。"]}), buffer)
    return buffer.getvalue()


def docbin_bytes() -> bytes:
    import spacy
    from spacy.tokens import DocBin

    doc = spacy.blank("zh")("区政府受理12件")
    doc.ents = [doc.char_span(0, 3, label="INST")]
    return DocBin(docs=[doc]).to_bytes()


def readers() -> dict[str, Reader]:
    """All of them by name."""
    gold = (REPO / "annotations/gold/dongchangfu-2023.jsonl").read_bytes()
    page = (REPO / "corpus/reports/linhe-2024.txt").read_bytes()
    html = "<html><head><meta charset=gbk><script>x</script></head><body><div>首页</div><p>一、工作</p>"
    columns = "吴 B-NAME\n重 M-NAME\n阳 E-NAME\n\n口0\tO\n"
    prodigy = {"text": "区政府", "spans": [{"start": 0, "end": 3, "label": "INST"}]}
    values = [{"value": {"start": 0, "end": 3, "labels": ["INST"]}, "type": "labels"}]
    studio = [{"data": {"text": "区政府"}, "annotations": [{"result": values}]}]
    span = {"id": 1, "label": "INST", "start_offset": 0, "end_offset": 3}
    doccano = {"id": 1, "text": "区政府", "entities": [span], "cats": ["A"]}
    rule = "[parts]\na = 'x'\n[[rule]]\nname = 'n'\nlabel = 'INST'\npattern = '{a}+'\n"
    formats = "baogao.annotations.formats"
    return {
        "text": Reader(report, page[:3000]),
        "html": Reader(report, html.encode()),
        "docx": Reader(report, docx_bytes()),
        "pdf": Reader(report, pdf_bytes()),
        "labelled": Reader(
            named("baogao.records.read_labelled"), b"".join(gold.splitlines(keepends=True)[:6])
        ),
        "manifest": Reader(
            named("baogao.records.read_manifest"), (REPO / "corpus/manifest.jsonl").read_bytes()
        ),
        "pairs": Reader(pairs, b"".join(gold.splitlines(keepends=True)[:3])),
        "columns": Reader(named(f"{formats}.columns.read_columns"), columns.encode()),
        "prodigy": Reader(named(f"{formats}.prodigy.read_prodigy"), json.dumps(prodigy).encode()),
        "labelstudio": Reader(named(f"{formats}.labelstudio.read_label_studio"), json.dumps(studio).encode()),
        "doccano": Reader(named(f"{formats}.doccano.read_doccano"), json.dumps(doccano).encode()),
        "docbin": Reader(named(f"{formats}.docbin.read_docbin"), docbin_bytes()),
        "labels": Reader(labels, (REPO / "annotations/labels.toml").read_bytes()[:600]),
        "rules": Reader(rules, rule.encode()),
        "spacy-config": Reader(
            named("baogao.training.ner.read_spacy_config"), (REPO / "training/ner.cfg").read_bytes()
        ),
        "result": Reader(
            named("baogao.evaluate.results.read_result"),
            (REPO / "evaluate/results/majority.json").read_bytes()[:4000],
        ),
        "parquet": Reader(parquet, parquet_bytes(), "input.parquet"),
        "part": Reader(mark_of_a_part, b'{"part": 0, "files": ["a"], "failures": []}'),
    }
