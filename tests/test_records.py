import json
from pathlib import Path

import pytest

from baogao.errors import InputError
from baogao.records import LabelledBlock, read_jsonl, read_labelled, read_manifest, write_jsonl

BLOCK = {"id": "r:0000", "report": "r", "index": 0, "kind": "paragraph", "text": "区政府印发通知", "path": []}


def write(path: Path, *records) -> Path:
    lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def entity(start, end, label="INST"):
    return {"start": start, "end": end, "label": label}


@pytest.mark.parametrize(
    ("entities", "field", "what"),
    [
        ([entity(0, 8)], "entities[0]", "span 0:8 is not within the text of 7 characters"),
        ([entity(-1, 2)], "entities[0]", "span -1:2 is not within"),
        ([entity(3, 3)], "entities[0]", "span 3:3 is not within"),
        ([entity(4, 6), entity(0, 5)], "entities[0]", "span 4:6 overlaps"),
        ([entity(0, 3), entity(0, 3)], "entities[1]", "span 0:3 overlaps"),
        ([entity(0, 3, "PLACE")], "entities[0]", "unknown label 'PLACE'"),
    ],
)
def test_a_bad_span_names_file_line_and_field(tmp_path, entities, field, what):
    path = write(tmp_path / "gold.jsonl", BLOCK, {**BLOCK, "id": "r:0001", "entities": entities})
    with pytest.raises(InputError, match=".") as error:
        read_labelled(path, labels=["INST"])
    assert str(error.value).startswith(f"{path}:2: {field}: {what}")
    assert "; " in str(error.value)


def test_an_unknown_section_is_refused(tmp_path):
    path = write(tmp_path / "gold.jsonl", {**BLOCK, "section": "OTHER"})
    with pytest.raises(InputError, match="gold.jsonl:1: section: unknown section 'OTHER'"):
        read_labelled(path, sections=["PLANS"])


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ('{"id": "r:1", "repo', "not a JSON record"),
        ("[" * 100_000, "Expected `object`, got `array`"),
        ('{"meta": ' + '{"a":' * 100_000, "not a JSON record"),
        ("\\ud800", "not a JSON record"),
        ('{"id": 7}', "id: Expected `str`, got `int`"),
        ('{"id": "x"}', "missing required field `report`"),
        (json.dumps({**BLOCK, "id": "r:1", "kind": "title"}), "kind: Invalid enum value 'title'"),
    ],
)
def test_a_broken_line_is_named(tmp_path, line, what):
    path = write(tmp_path / "gold.jsonl", BLOCK, "", line)
    with pytest.raises(InputError) as error:
        read_labelled(path)
    assert str(error.value).startswith(f"{path}:3: ")
    assert what in str(error.value)
    assert "\n" not in str(error.value)


def test_a_duplicate_id_names_both_lines(tmp_path):
    path = write(tmp_path / "gold.jsonl", BLOCK, BLOCK)
    with pytest.raises(InputError, match=r":2: id: duplicate id 'r:0000', first on line 1"):
        read_labelled(path)


def test_line_separators_inside_a_value_do_not_end_the_line(tmp_path):
    text = "区\u2028政\u0085府"
    path = tmp_path / "blocks.jsonl"
    record = json.dumps({**BLOCK, "text": text}, ensure_ascii=False)
    path.write_bytes(record.encode() + b"\n")
    assert [block.text for _, block in read_jsonl(path, LabelledBlock)] == [text]


def test_writing_and_reading_again_gives_the_same(tmp_path, repo):
    blocks = read_labelled(repo / "annotations/gold/xishan-2018.jsonl")
    assert write_jsonl(tmp_path / "copy.jsonl", blocks) == len(blocks)
    assert read_labelled(tmp_path / "copy.jsonl") == blocks


@pytest.mark.parametrize("file", ["../secret.txt", "/etc/passwd", "reports/../../x", ""])
def test_a_manifest_cannot_lead_out_of_the_corpus(tmp_path, file):
    path = write(tmp_path / "manifest.jsonl", {"id": "r", "file": file})
    with pytest.raises(InputError, match=":1: file: .* leads out of the corpus folder"):
        read_manifest(path)
