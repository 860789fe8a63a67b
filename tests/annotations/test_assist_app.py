"""The endpoint of doccano's auto-labelling, without doccano."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from baogao.annotations.assist import PATH, assist_app, start_assist
from baogao.annotations.client import Connection
from baogao.errors import InputError
from baogao.records import Block, Entity, LabelledBlock
from baogao.workspace import Label, Labels

LABELS = Labels(
    section=[Label(name="WORK", zh="工作", description="", color="#000000")],
    entity=[Label(name="INST", zh="机构", description="", color="#000000")],
)


def suggest(blocks):
    found = []
    for block in blocks:
        start = block.text.find("区政府")
        entities = [] if start < 0 else [Entity(start=start, end=start + 3, label="INST")]
        entities.append(Entity(start=0, end=1, label="NOT_A_LABEL"))
        found.append(
            LabelledBlock(
                id=block.id,
                report=block.report,
                index=0,
                kind="paragraph",
                text=block.text,
                section="WORK" if block.path else None,
                entities=entities,
            )  # fmt: skip
        )
    return found


@pytest.fixture
def client():
    block = Block(id="r:1", report="r", index=1, kind="paragraph", text=" 𠮷区政府\r", path=["一、工作"])
    return TestClient(assist_app([block], suggest, LABELS))


def test_offsets_and_labels_are_as_the_page_has_them(client):
    answer = client.post(PATH, json={"text": "𠮷区政府"}).json()
    assert answer["entities"] == [{"label": "机构", "start_offset": 2, "end_offset": 5}]
    assert answer["sections"] == [{"label": "工作"}]  # known as a paragraph of the round, with its heading


def test_a_text_that_is_in_no_round_is_labelled_by_itself(client):
    answer = client.post(PATH, json={"text": "今年区政府"}).json()
    assert answer == {"entities": [{"label": "机构", "start_offset": 2, "end_offset": 5}], "sections": []}


LONG = b'{"text": "%s"}' % (b"x" * 100_001)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"text": 1}', b'{"text": " "}', b"\xff", LONG])
def test_what_is_not_a_text_is_refused(client, body):
    assert client.post(PATH, content=body).status_code == 400


def test_a_doccano_elsewhere_cannot_ask_this_machine(make_workspace):
    connection = Connection(None, "https://doccano.example.org", "admin", timeout=1)
    workspace = make_workspace(gold=(), practice=())
    with (
        pytest.raises(InputError, match="cannot reach an endpoint.*where doccano runs"),
        start_assist(connection, workspace, "round1", suggest),
    ):
        pass
