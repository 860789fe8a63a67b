"""A review through a real doccano: what two annotators disagree on goes to a third, whose word is gold."""

from __future__ import annotations

import pytest
from small_rounds import Doccano
from typer.testing import CliRunner

from baogao.annotations.agreement_table import read_passes
from baogao.annotations.project import export_rows, find_project
from baogao.annotations.review import compare, write_gold
from baogao.annotations.review_round import review_in_doccano
from baogao.annotations.rounds import project_name, read_round
from baogao.cli import app
from baogao.errors import InputError
from baogao.records import Entity, LabelledBlock, read_labelled, write_jsonl


def two_passes(workspace, blocks: list[LabelledBlock]) -> None:
    """甲 and 乙 agree on all but the first two paragraphs: a section, and a span that 乙 left out."""
    other = [LabelledBlock(**{n: getattr(b, n) for n in b.__struct_fields__}) for b in blocks]
    other[0].section = "PLANS"
    other[1].entities = other[1].entities[:1]
    for name, labelled in (("甲", blocks), ("乙", other)):
        for report in sorted({block.report for block in labelled}):
            path = workspace.annotations / "passes/round1" / name / f"{report}.jsonl"
            write_jsonl(path, [block for block in labelled if block.report == report])


def review(doccano: Doccano, workspace, name: str):
    state = compare(read_passes(workspace, ["passes/round1"]))
    return review_in_doccano(doccano.connection, workspace, name, state, reviewer="zhang")


def test_disagreements_go_to_the_reviewer_with_every_version_and_come_back_as_gold(
    doccano, workspace, round_name, make_blocks
):
    blocks = make_blocks(6)
    two_passes(workspace, blocks)
    state, pushed = review(doccano, workspace, round_name)
    assert (len(state.decided), len(state.open), pushed.added) == (4, 2, 2)

    # The reviewer sees both versions, and starts from what both have.
    zhang = doccano.login("zhang")
    project = find_project(doccano.connection, project_name(round_name, "zhang"))
    rows = {row["para_uid"]: row for row in export_rows(doccano.connection, project)}
    assert set(rows) == {blocks[0].id, blocks[1].id}
    section, span = rows[blocks[0].id], rows[blocks[1].id]
    assert (section["版本 甲"], section["版本 乙"], section["cats"]) == ("工作", "打算", [])
    number = blocks[1].entities[1]
    marked = f"指标 1171件 @{number.start}"
    assert (span["版本 甲"], span["版本 乙"]) == (f"工作 | {marked}", "工作")
    assert span["cats"] == ["工作"] and len(span["entities"]) == 1
    assert span["标题"] == "一、工作情况"

    # Again before any decision: nothing is doubled, nothing is decided.
    state, pushed = review(doccano, workspace, round_name)
    assert (len(state.open), pushed.added, pushed.present) == (2, 0, 2)

    # The reviewer decides one, and only that becomes gold beside what was agreed on.
    types = zhang.get("types", f"projects/{project.id}/category-types")
    base = f"projects/{project.id}/examples/{section['id']}"
    zhang.post("section", f"{base}/categories", {"label": types[1]["id"]})
    zhang.post("confirm", f"{base}/states", {})
    state, _ = review(doccano, workspace, round_name)
    assert list(state.open) == [blocks[1].id]
    gold = workspace.annotations / "gold"
    assert write_gold(workspace, state, gold).added == 5
    decided = {b.id: b for path in sorted(gold.glob("*.jsonl")) for b in read_labelled(path)}
    first = decided[blocks[0].id]
    assert (first.section, first.meta["decided_by"], first.meta["annotators"]) == (
        "PLANS",
        "zhang",
        ["乙", "甲"],
    )
    assert first.meta["confirmed_at"]
    assert [(e.start, e.end, e.label) for e in first.entities] == [
        (e.start, e.end, e.label) for e in blocks[0].entities
    ]
    assert decided[blocks[2].id].meta["decided_by"] == "agreement"

    # The second decision adds to gold and changes nothing in it.
    base = f"projects/{project.id}/examples/{span['id']}"
    zhang.post("confirm", f"{base}/states", {})
    state, pushed = review(doccano, workspace, round_name)
    assert (len(state.open), pushed.added) == (0, 0)
    written = write_gold(workspace, state, gold)
    assert (written.added, written.changed, written.same) == (1, 0, 5)


def test_a_review_completes_after_its_project_was_deleted(doccano, workspace, round_name, make_blocks):
    two_passes(workspace, make_blocks(4))
    review(doccano, workspace, round_name)
    project = find_project(doccano.connection, project_name(round_name, "zhang"))
    doccano.connection.delete("delete", f"projects/{project.id}")
    state, pushed = review(doccano, workspace, round_name)
    assert (len(state.open), pushed.added) == (2, 2)
    assert len(read_round(workspace, round_name)) == 2

    # The command does the same, writes what is agreed on, and says what is open.
    arguments = ["annotations", "review", "passes/round1", "--reviewer", "zhang", "--round", round_name]
    arguments += [
        "--url",
        doccano.server.url,
        "--user",
        doccano.server.user,
        "--workspace",
        str(workspace.root),
    ]
    result = CliRunner().invoke(app, arguments, env={"BAOGAO_DOCCANO_PASSWORD": doccano.server.password})
    assert "2 paragraphs are open" in str(result.exception)
    assert "2 paragraphs added, 0 changed" in result.output


def test_a_labelling_round_is_not_taken_for_a_review(doccano, workspace, round_name, make_blocks):
    blocks = make_blocks(3)
    two_passes(workspace, blocks)
    for block in blocks:
        block.meta = {"annotators": ["zhang"]}
    write_jsonl(workspace.annotations / f"rounds/{round_name}.jsonl", blocks)
    with pytest.raises(InputError, match="is no review by zhang"):
        review(doccano, workspace, round_name)


def test_an_unknown_reviewer_is_named(doccano, workspace, round_name, make_blocks):
    two_passes(workspace, make_blocks(3))
    state = compare(read_passes(workspace, ["passes/round1"]))
    with pytest.raises(InputError, match="no user nobody; make them in doccano, or add --create-users"):
        review_in_doccano(doccano.connection, workspace, round_name, state, reviewer="nobody")


def test_a_span_that_the_reviewer_marks_anew_is_gold(doccano, workspace, round_name, make_blocks):
    blocks = make_blocks(2)
    two_passes(workspace, blocks)
    review(doccano, workspace, round_name)
    zhang = doccano.login("zhang")
    project = find_project(doccano.connection, project_name(round_name, "zhang"))
    rows = {row["para_uid"]: row for row in export_rows(doccano.connection, project)}
    base = f"projects/{project.id}/examples/{rows[blocks[1].id]['id']}"
    types = {t["text"]: t["id"] for t in zhang.get("types", f"projects/{project.id}/span-types")}
    zhang.post("mark", f"{base}/spans", {"label": types["指标"], "start_offset": 3, "end_offset": 6})
    zhang.post("confirm", f"{base}/states", {})
    state, _ = review(doccano, workspace, round_name)
    assert Entity(start=3, end=6, label="METRIC") in state.decided[blocks[1].id].entities
