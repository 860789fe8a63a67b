"""A labelling round through a real doccano: push, label, pull, progress."""

from __future__ import annotations

import contextlib
import json
import sqlite3

import pytest
from small_rounds import confirm, in_threads, paragraph, pulled
from typer.testing import CliRunner

from baogao.annotations.pull import pull_round, round_progress
from baogao.annotations.push import push_round
from baogao.annotations.rounds import read_round
from baogao.cli import app
from baogao.errors import InputError
from baogao.records import Entity, write_jsonl


def test_a_round_goes_out_and_comes_back(doccano, workspace, round_name, make_blocks):
    blocks = make_blocks(10)
    done = push_round(
        doccano.connection, workspace, round_name, blocks, annotators=["zhang", "li"], overlap=0.2
    )
    assert {user: part.added for user, part in done.items()} == {"zhang": 6, "li": 6}
    again = push_round(doccano.connection, workspace, round_name, blocks)
    assert {(part.added, part.present, part.removed) for part in again.values()} == {(0, 6, 0)}

    with pytest.raises(InputError, match="was given out before, wang would get none"):
        push_round(doccano.connection, workspace, round_name, blocks, annotators=["zhang", "wang"])

    # The annotator's own account sees the suggestions, the guideline's labels in order, and the context.
    zhang = doccano.login("zhang")
    project = doccano.project(round_name, "zhang")
    example = zhang.get("list", f"projects/{project.id}/examples", limit=1)["results"][0]
    assert example["meta"]["标题"] == "一、工作情况" and example["meta"]["报告"].startswith("r")
    spans = zhang.get("spans", f"projects/{project.id}/examples/{example['id']}/spans")
    assert len(spans) == 2
    types = zhang.get("types", f"projects/{project.id}/category-types")
    assert [(t["text"], t["suffix_key"], t["background_color"]) for t in types] == [
        ("工作", "1", "#b3261e"), ("打算", "2", "#1f6f8b"),
    ]  # fmt: skip

    # Zhang drops one suggestion, marks something, changes the section, comments and confirms.
    base = f"projects/{project.id}/examples/{example['id']}"
    inst, metric = sorted(spans, key=lambda span: span["start_offset"])
    zhang.delete("drop", f"{base}/spans/{metric['id']}")
    zhang.post("mark", f"{base}/spans", {"label": inst["label"], "start_offset": 6, "end_offset": 8})
    zhang.post("section", f"{base}/categories", {"label": types[1]["id"]})
    zhang.post("comment", f"projects/{project.id}/comments?example={example['id']}", {"text": "不确定"})
    confirm(zhang, project, example["id"])

    result = pull_round(doccano.connection, workspace, round_name)
    assert (result["zhang"].paragraphs, result["zhang"].confirmed, result["zhang"].comments) == (6, 1, 1)
    assert (result["li"].paragraphs, result["li"].confirmed) == (6, 0)
    block = pulled(workspace, round_name, "zhang")[example["meta"]["para_uid"]]
    assert block.section == "PLANS"
    assert block.entities == [
        Entity(start=0, end=3, label="INST", source="rule"),
        Entity(start=6, end=8, label="INST", source="zhang"),
    ]
    assert block.meta["confirmed_by"] == "zhang" and block.meta["confirmed_at"]
    assert block.meta["comments"][0]["text"] == "不确定"
    # Nothing that went out is missing, and its text is what it was.
    sent = {b.id: b for b in read_round(workspace, round_name)}
    for user in ("zhang", "li"):
        back = pulled(workspace, round_name, user)
        assert {uid: b.text for uid, b in back.items()} == {
            uid: b.text for uid, b in sent.items() if user in b.meta["annotators"]
        }
    progress = round_progress(doccano.connection, workspace, round_name)
    assert (progress["zhang"].confirmed, progress["zhang"].paragraphs, progress["li"].confirmed) == (1, 6, 0)

    # A second pull asks and writes nothing new; taking a confirmation back is not written unless forced.
    stamp = (workspace.annotations / "passes" / round_name / "pull.json").stat().st_mtime_ns
    assert {part.changed for part in pull_round(doccano.connection, workspace, round_name).values()} == {0}
    assert (workspace.annotations / "passes" / round_name / "pull.json").stat().st_mtime_ns == stamp
    confirm(zhang, project, example["id"])
    with pytest.raises(InputError, match="shrink.*no longer confirmed"):
        pull_round(doccano.connection, workspace, round_name)
    assert pulled(workspace, round_name, "zhang")[block.id].meta["confirmed"]
    assert pull_round(doccano.connection, workspace, round_name, force=True)["zhang"].confirmed == 0

    # More paragraphs later: only those are added, and nobody's share moves.
    more = push_round(doccano.connection, workspace, round_name, make_blocks(14))
    assert sum(part.added for part in more.values()) == 4
    now = {b.id: b.meta["annotators"] for b in read_round(workspace, round_name)}
    assert {uid: now[uid] for uid in sent} == {uid: b.meta["annotators"] for uid, b in sent.items()}


def test_push_and_pull_leave_a_summary_without_secrets(doccano, workspace, round_name, make_blocks):
    write_jsonl(workspace.root / "blocks.jsonl", make_blocks(4))

    def run(command: str, *arguments: str) -> dict:
        where = ["--url", doccano.server.url, "--user", doccano.server.user]
        where += ["--workspace", str(workspace.root)]
        result = CliRunner().invoke(
            app, ["annotations", command, round_name, *arguments, *where],
            env={"BAOGAO_DOCCANO_PASSWORD": doccano.server.password}, catch_exceptions=False,
        )  # fmt: skip
        assert result.exit_code == 0
        beside = {"push": f"rounds/{round_name}.jsonl", "pull": f"passes/{round_name}"}[command]
        path = workspace.annotations / f"{beside}.run.json"
        text = path.read_text(encoding="utf-8")
        assert doccano.server.password not in text
        summary = json.loads(text)
        assert summary["command"] == f"annotations {command}" and summary["seconds"] > 0
        assert summary["settings"]["url"] == doccano.server.url
        assert summary["versions"]["doccano-client"]
        return summary

    blocks = str(workspace.root / "blocks.jsonl")
    pushed = run("push", blocks, "--annotators", "zhang,li", "--no-suggestions")
    assert pushed["settings"]["annotators"] == ["zhang", "li"] and not pushed["settings"]["suggestions"]
    assert pushed["counts"]["zhang"] == {"added": 2, "present": 0, "removed": 0}
    assert run("push", blocks)["counts"]["zhang"] == {"added": 0, "present": 2, "removed": 0}
    for _ in range(2):  # the summary of the first is nothing that the second trips over
        back = run("pull")
    assert back["counts"]["li"]["paragraphs"] == 2 and back["problems"] == []


def test_who_confirmed_last_is_not_asked_of_the_clock(doccano, workspace, round_name, make_blocks):
    push_round(doccano.connection, workspace, round_name, make_blocks(1), annotators=["zhang"])
    project, zhang = doccano.project(round_name, "zhang"), doccano.login("zhang")
    example = doccano.rows(round_name, "zhang")[0]["id"]
    confirm(doccano.connection, project, example)
    # Both at once, each before the other could be seen, and the server's clock was set back between them.
    me = zhang.get("who", "me")["id"]
    with contextlib.closing(sqlite3.connect(doccano.server.home / "db.sqlite3", timeout=30)) as database:
        values = ("2001-01-01 00:00:00", me, example)
        database.execute(
            "INSERT INTO examples_examplestate (confirmed_at, confirmed_by_id, example_id) VALUES (?, ?, ?)",
            values,
        )
        database.commit()
    pull_round(doccano.connection, workspace, round_name)
    (block,) = pulled(workspace, round_name, "zhang").values()
    assert block.meta["confirmed_by"] == "zhang"


def test_odd_characters_come_back_as_the_same_characters(doccano, workspace, round_name):
    texts = [
        "𠮷林𠮷区政府办理1171件。",  # two UTF-16 units each in the page
        "\u3000 区政府\r\n办理1171件。 ",
        "区政府\u2028办理\u00851171件\x0b。",
        "123",
    ]
    blocks = [paragraph("r", i, text) for i, text in enumerate(texts[:3])]
    blocks.append(paragraph("r", 3, "区政府"))
    push_round(doccano.connection, workspace, round_name, blocks, annotators=["zhang"])
    rows = {row["para_uid"]: row for row in doccano.rows(round_name, "zhang")}
    assert rows["r:0000"]["entities"] == [[5, 8, "机构"], [10, 15, "指标"]]
    pull_round(doccano.connection, workspace, round_name)
    back = pulled(workspace, round_name, "zhang")
    for block in blocks:
        assert back[block.id].text == block.text
        assert back[block.id].entities == block.entities


def test_labels_follow_a_text_that_changed(doccano, workspace, round_name, make_blocks):
    blocks = make_blocks(3, reports=1)
    push_round(doccano.connection, workspace, round_name, blocks, annotators=["zhang"])
    # One text is changed in doccano's page, one in the corpus since, and one is another paragraph now.
    example = next(row for row in doccano.rows(round_name, "zhang") if row["para_uid"] == "r0:0000")
    body = {"text": "今年" + example["text"].replace("1171件", "很多件"), "meta": {"para_uid": "r0:0000"}}
    project = doccano.project(round_name, "zhang")
    put = doccano.connection.client._base_repository.put
    doccano.connection.call("edit", put, f"projects/{project.id}/examples/{example['id']}", json=body)
    folder = workspace.corpus / "blocks"
    folder.mkdir(parents=True)
    now = [blocks[1].text.replace("召开", "会同区委召开"), "完全不同的另一段文字,与原来的无关。"]
    with open(folder / "r0.jsonl", "w", encoding="utf-8") as file:
        for block, text in zip(blocks[1:], now, strict=True):
            record = {"id": block.id, "report": "r0", "index": block.index, "kind": "paragraph", "text": text}
            file.write(json.dumps(record) + "\n")
    result = pull_round(doccano.connection, workspace, round_name)["zhang"]
    back = pulled(workspace, round_name, "zhang")
    first, second, third = (back[block.id] for block in blocks)
    assert first.text == blocks[0].text and [e.label for e in first.entities] == ["INST", "METRIC"]
    assert second.text == now[0]
    assert [second.text[e.start : e.end] for e in second.entities] == ["区政府", "1171件"]
    assert third.text == blocks[2].text
    assert [line.split(":")[1] for line in result.problems] == ["0000", "0002"]


def test_a_pull_replaces_only_what_a_pull_wrote(doccano, workspace, round_name, make_blocks):
    push_round(doccano.connection, workspace, round_name, make_blocks(2), annotators=["zhang"])
    folder = workspace.annotations / "passes" / round_name / "zhang"
    pull_round(doccano.connection, workspace, round_name)
    path = next(folder.glob("*.jsonl"))
    mended = path.read_text(encoding="utf-8").replace("WORK", "PLANS")
    path.write_text(mended, encoding="utf-8")
    with pytest.raises(InputError, match="--force"):
        pull_round(doccano.connection, workspace, round_name)
    assert path.read_text(encoding="utf-8") == mended
    pull_round(doccano.connection, workspace, round_name, force=True)
    assert "PLANS" not in path.read_text(encoding="utf-8")


def test_eight_annotators_label_while_a_pull_runs(doccano, workspace, round_name, make_blocks):
    users = [f"user{i}" for i in range(8)]
    push_round(
        doccano.connection, workspace, round_name, make_blocks(24), annotators=users, create_users=True
    )
    doccano.accounts.update(json.loads((workspace.annotations / "doccano/accounts.json").read_text()))

    def label(user: str) -> int:
        if user == "lead":
            pull_round(doccano.connection, workspace, round_name)
            return 0
        connection = doccano.login(user)
        project = doccano.project(round_name, user)
        kinds = connection.get("types", f"projects/{project.id}/span-types")
        examples = connection.get("list", f"projects/{project.id}/examples", limit=100)["results"]
        for example in examples:
            base = f"projects/{project.id}/examples/{example['id']}"
            span = {"label": kinds[0]["id"], "start_offset": 6, "end_offset": 8}
            connection.post("mark", f"{base}/spans", span)
            confirm(connection, project, example["id"])
        return len(examples)

    assert in_threads(label, [*users, "lead"])[:8] == [3] * 8
    result = pull_round(doccano.connection, workspace, round_name)
    assert [(part.paragraphs, part.confirmed) for part in result.values()] == [(3, 3)] * 8
    for user in users:
        blocks = pulled(workspace, round_name, user).values()
        assert all(Entity(start=6, end=8, label="INST", source=user) in block.entities for block in blocks)
        assert {block.meta["confirmed_by"] for block in blocks} == {user}
        assert [block.meta.get("seconds") is None for block in blocks].count(True) == 1
