from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from typer.testing import CliRunner

from baogao.annotations.next import combined_uncertainty, labelled_so_far, order_next
from baogao.cli import app
from baogao.errors import InputError
from baogao.records import Block, Entity, LabelledBlock, read_labelled, write_jsonl
from baogao.workspace import Workspace

LABELS = """
[[section]]
name = "S"
zh = "段"
description = "段"
color = "#000000"
[[entity]]
name = "X"
zh = "体"
description = "体"
color = "#000000"
"""
TEXTS = [
    "召开常务会议研究法治政府建设重点工作",
    "开展食品安全执法检查查处违法案件",
    "人民调解组织化解婚姻家庭邻里矛盾纠纷",
    "组织防汛抢险应急演练转移受灾群众",
]


def predicted(number: int, text: str, section: float | None = None, *scores: float) -> LabelledBlock:
    block = LabelledBlock(
        id=f"r:{number}", report="r", index=number, kind="paragraph", text=text,
        entities=[Entity(start=i, end=i + 1, label="X", score=score) for i, score in enumerate(scores)],
    )  # fmt: skip
    if section is not None:
        block.section, block.section_score = "S", section
    return block


def ids(ranked) -> list[str]:
    return [item.block.id for item in ranked]


def test_the_least_sure_comes_first():
    scores = (0.9, 0.2, 0.5, 0.7)
    blocks = [predicted(i, text, 0.9, scores[i]) for i, text in enumerate(TEXTS)]
    assert ids(order_next(blocks)) == ["r:1", "r:2", "r:3", "r:0"]


def test_entities_and_sections_both_count():
    """One is unsure of its entity, one of its section, one of both, one of neither."""
    blocks = [
        predicted(0, TEXTS[0], 0.9, 0.3),
        predicted(1, TEXTS[1], 0.3, 0.9),
        predicted(2, TEXTS[2], 0.2, 0.2),
        predicted(3, TEXTS[3], 0.95, 0.95),
    ]
    order = ids(order_next(blocks))
    assert order[0] == "r:2" and order[-1] == "r:3"


def test_a_copy_of_what_is_chosen_waits_for_something_new():
    blocks = [
        predicted(0, TEXTS[0], 0.1),
        predicted(1, TEXTS[0], 0.1),
        predicted(2, TEXTS[1], 0.6),
    ]
    ranked = order_next(blocks)
    assert ids(ranked) == ["r:0", "r:2", "r:1"]
    assert ranked[2].novelty == pytest.approx(0, abs=1e-5)


def test_what_is_like_labelled_text_comes_later_and_labelled_ids_are_left_out():
    done = [LabelledBlock(id="q:0", report="q", index=0, kind="paragraph", text=TEXTS[0], section="S")]
    blocks = [predicted(0, TEXTS[0], 0.2), predicted(1, TEXTS[1], 0.3), predicted(2, TEXTS[2], 0.9)]
    assert ids(order_next(blocks))[0] == "r:0"
    assert ids(order_next(blocks, done))[0] == "r:1"
    done.append(predicted(1, TEXTS[1]))
    assert ids(order_next(blocks, done)) == ["r:2", "r:0"]


def test_count_headings_and_blank_texts():
    heading = LabelledBlock(id="r:9", report="r", index=9, kind="heading", text="一、")
    blocks = [heading, predicted(8, " ", 0.1), *(predicted(i, t, 0.5) for i, t in enumerate(TEXTS))]
    assert len(order_next(blocks)) == 4
    assert len(order_next(blocks, count=2)) == 2


def test_a_paragraph_without_entities_is_neither_sure_nor_unsure():
    values = combined_uncertainty(
        [predicted(0, "甲", None, 0.9), predicted(1, "乙"), predicted(2, "丙", None, 0.1)]
    )
    assert list(values.argsort()) == [0, 1, 2]


def test_texts_too_short_to_compare_are_ordered_by_uncertainty():
    assert ids(order_next([predicted(0, "甲", 0.9), predicted(1, "乙", 0.1)])) == ["r:1", "r:0"]


@pytest.mark.parametrize(
    ("blocks", "wrong"),
    [([], "no paragraph is left"), ([predicted(0, TEXTS[0])], "the predictions have no scores")],
)
def test_nothing_to_order_is_one_line(blocks: list[LabelledBlock], wrong: str):
    with pytest.raises(InputError, match=wrong):
        order_next(blocks)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations/labels.toml").write_text(LABELS, encoding="utf-8")
    return Workspace(tmp_path)


def test_the_command_leaves_out_gold_and_rounds_and_writes_the_order(workspace: Workspace, tmp_path: Path):
    write_jsonl(workspace.annotations / "gold/r.jsonl", [predicted(0, TEXTS[0])])
    write_jsonl(workspace.annotations / "rounds/round1.jsonl", [predicted(1, TEXTS[1])])
    write_jsonl(tmp_path / "p.jsonl", [predicted(i, text, 0.5 + i / 10) for i, text in enumerate(TEXTS)])
    arguments = ["annotations", "next", str(tmp_path / "p.jsonl"), "--output", str(tmp_path / "n.jsonl")]
    result = CliRunner().invoke(app, [*arguments, "--workspace", str(workspace.root)])
    assert result.exit_code == 0, result.output
    found = read_labelled(tmp_path / "n.jsonl")
    assert [block.id for block in found] == ["r:2", "r:3"]
    assert set(found[0].meta) == {"uncertainty", "novelty"}
    assert {block.id for block in labelled_so_far(workspace)} == {"r:0", "r:1"}


def test_a_pipeline_labels_the_corpus_first(workspace: Workspace, tmp_path: Path):
    """One whose entities carry scores, as a trained one's do (doc.spans["entities"].attrs)."""
    nlp = spacy.blank("zh")
    nlp.add_pipe("annotations_test_scored")
    nlp.to_disk(tmp_path / "pipeline")
    blocks = [
        Block(id=f"r:{i}", report="r", index=i, kind="paragraph", text=text) for i, text in enumerate(TEXTS)
    ]
    write_jsonl(workspace.corpus / "blocks/r.jsonl", blocks)
    arguments = ["annotations", "next", "--model", str(tmp_path / "pipeline"), "--count", "2"]
    arguments += ["--output", str(tmp_path / "n.jsonl"), "--workspace", str(workspace.root)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    found = read_labelled(tmp_path / "n.jsonl")
    # The pipeline is unsure of the one that begins with 组织.
    assert found[0].id == "r:3" and found[0].entities[0].score == 0.25


@Language.component("annotations_test_scored")
def scored(doc: Doc) -> Doc:
    unsure = doc.text.startswith("组织")
    doc.ents = [doc.char_span(0, 2, label="X")]
    doc.spans["entities"] = list(doc.ents)
    doc.spans["entities"].attrs["scores"] = [0.25 if unsure else 0.75]
    return doc
