import json
import shutil
from pathlib import Path

import pytest

from baogao.annotations.export import (
    doccano_row,
    export,
    read_labelled_folder,
    suggest_blocks,
    write_doccano_rows,
)
from baogao.annotations.rules import workspace_rules
from baogao.errors import InputError
from baogao.records import Block, Entity, LabelledBlock, read_blocks, write_jsonl
from baogao.workspace import Workspace

ROOT = Path(__file__).parents[2]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """The reference labels and rules over one segmented report."""
    (tmp_path / "annotations").mkdir()
    for name in ("labels.toml", "rules.toml"):
        shutil.copy(ROOT / "annotations" / name, tmp_path / "annotations" / name)
    blocks = [
        Block(id="r:0", report="r", index=0, kind="heading", level=1, number="一、", text="一、区政府工作"),
        Block(
            id="r:1", report="r", index=1, kind="paragraph", path=["一、区政府工作"], text="区政府办结12件。"
        ),
        Block(id="r:2", report="r", index=2, kind="paragraph", text="报《办法》。"),
    ]
    write_jsonl(tmp_path / "corpus/blocks/r.jsonl", blocks)
    return Workspace(tmp_path)


def test_export_writes_ascii_rows_with_suggestions_and_the_same_keys(workspace: Workspace):
    assert export(workspace) == {"reports": 1, "paragraphs": 2, "suggestions": 3}
    raw = (workspace.annotations / "export/doccano.jsonl").read_bytes()
    assert raw.isascii()
    rows = [json.loads(line) for line in raw.splitlines()]
    assert rows[0] == {
        "text": "区政府办结12件。",
        "entities": [[0, 3, "INST"], [5, 8, "METRIC"]],
        "cats": [],
        "para_uid": "r:1",
        "report": "r",
        "标题": "一、区政府工作",
    }
    assert rows[1].keys() == rows[0].keys() and None not in rows[1].values()


def test_export_writes_every_label_with_its_key_and_colour(workspace: Workspace):
    export(workspace)
    labels = workspace.labels()
    for name, kind in (("span_types", labels.entity), ("category_types", labels.section)):
        types = json.loads((workspace.annotations / f"export/{name}.json").read_text())
        assert [(t["text"], t["suffix_key"], t["background_color"]) for t in types] == [
            (label.name, label.key, label.color) for label in kind
        ]


def test_export_without_suggestions(workspace: Workspace):
    assert export(workspace, suggest=False)["suggestions"] == 0


def test_a_failed_export_leaves_the_old_one(workspace: Workspace):
    export(workspace)
    before = (workspace.annotations / "export/doccano.jsonl").read_bytes()
    (workspace.annotations / "rules.toml").write_text("[[rule]]\nname='x'\npattern='('\n")
    with pytest.raises(InputError):
        export(workspace)
    assert (workspace.annotations / "export/doccano.jsonl").read_bytes() == before


def test_export_before_segmentation_names_the_next_step(tmp_path: Path):
    (tmp_path / "annotations").mkdir()
    shutil.copy(ROOT / "annotations/labels.toml", tmp_path / "annotations")
    with pytest.raises(InputError, match="no segmented reports; segment them with: baogao run"):
        export(Workspace(tmp_path))


def test_offsets_are_those_of_the_page_which_counts_utf16_units():
    block = Block(id="r:0", report="r", index=0, kind="paragraph", text=" \U00020bb7林省")
    row = doccano_row(block, [Entity(start=2, end=4, label="INST")])
    assert (row["text"], row["entities"]) == ("\U00020bb7林省", [[2, 4, "INST"]])


def test_headings_and_blank_texts_are_not_exported(tmp_path: Path):
    blocks = [
        LabelledBlock(id="r:0", report="r", index=0, kind="heading", text="一、"),
        LabelledBlock(id="r:1", report="r", index=1, kind="paragraph", text="  "),
        LabelledBlock(id="r:2", report="r", index=2, kind="paragraph", text="文", section="PLANS"),
    ]
    assert write_doccano_rows(tmp_path / "rows.jsonl", blocks) == 1
    assert doccano_row(blocks[2], section="PLANS")["cats"] == ["PLANS"]


def test_suggestions_carry_text_and_rule_and_only_paragraphs_have_them(workspace: Workspace):
    blocks = read_blocks(workspace.corpus / "blocks/r.jsonl")
    labelled = suggest_blocks(blocks, workspace_rules(workspace))
    assert labelled[0].entities == []
    assert [(span.text, span.source) for span in labelled[1].entities] == [
        ("区政府", "government"),
        ("12件", "quantity"),
    ]


def test_an_id_in_two_files_of_a_folder_is_named(tmp_path: Path):
    block = LabelledBlock(id="r:0", report="r", index=0, kind="paragraph", text="文")
    write_jsonl(tmp_path / "a.jsonl", [block])
    write_jsonl(tmp_path / "b.jsonl", [block])
    with pytest.raises(InputError, match=r"b\.jsonl: id: block 'r:0' is also in .*a\.jsonl"):
        read_labelled_folder(tmp_path)
