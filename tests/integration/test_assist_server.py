"""doccano's auto-labelling asks our endpoint."""

from __future__ import annotations

from small_rounds import paragraph

from baogao.annotations.assist import start_assist
from baogao.annotations.push import push_round
from baogao.records import Block, Entity, LabelledBlock


def finds_government(blocks: list[Block]) -> list[LabelledBlock]:
    """Marks 区政府, and takes the section from the heading above."""
    found = []
    for block in blocks:
        start = block.text.index("区政府")
        found.append(
            LabelledBlock(
                id=block.id,
                report=block.report,
                index=block.index,
                kind=block.kind,
                text=block.text,
                section="PLANS" if block.path else "WORK",
                entities=[Entity(start=start, end=start + 3, label="INST")],
            )  # fmt: skip
        )
    return found


def test_doccano_asks_while_assist_runs_and_no_longer_afterwards(doccano, workspace, round_name):
    block = paragraph("r", 0, "𠮷林区政府办理1171件。")
    block.entities, block.section = [], None
    push_round(doccano.connection, workspace, round_name, [block], annotators=["zhang"])
    project = doccano.project(round_name, "zhang")
    configs = f"projects/{project.id}/auto-labeling/configs"
    zhang = doccano.login("zhang")
    example = zhang.get("list", f"projects/{project.id}/examples")["results"][0]["id"]
    for _ in range(2):  # a second start replaces what the first one set up
        with start_assist(doccano.connection, workspace, round_name, finds_government):
            assert len(doccano.connection.get("configs", configs)) == 2
            for _ in range(2):  # and asking twice marks once
                zhang.post("ask", f"projects/{project.id}/auto-labeling?example={example}", {})
        assert doccano.connection.get("configs", configs) == []
    spans = zhang.get("spans", f"projects/{project.id}/examples/{example}/spans")
    assert [(span["start_offset"], span["end_offset"]) for span in spans] == [(3, 6)]  # UTF-16 units
    categories = zhang.get("categories", f"projects/{project.id}/examples/{example}/categories")
    kinds = {k["id"]: k["text"] for k in zhang.get("types", f"projects/{project.id}/category-types")}
    assert [kinds[category["label"]] for category in categories] == ["打算"]  # it knew the heading
