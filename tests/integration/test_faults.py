"""What can go wrong between us and doccano: one line and exit status 3, then the same command completes."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time

import pytest
import requests
from small_rounds import confirm, pulled

from baogao.annotations import project as project_module
from baogao.annotations.client import Connection, connect
from baogao.annotations.pull import pull_round
from baogao.annotations.push import push_round
from baogao.errors import InputError, ServiceError
from baogao.files import sha256


def push(doccano, workspace, name, blocks, users=("zhang", "li")):
    return push_round(doccano.connection, workspace, name, blocks, annotators=list(users))


def assert_whole(doccano, name, users, count):
    """Every paragraph is there once, with its two entities and its section."""
    rows = [row for user in users for row in doccano.rows(name, user)]
    assert len(rows) == len({row["para_uid"] for row in rows}) == count
    assert all(len(row["entities"]) == 2 and row["cats"] == ["工作"] for row in rows)


@contextlib.contextmanager
def fails(monkeypatch, target, name, replacement, match):
    """While `target.name` is replaced, the block raises ServiceError with a line that says `match`."""
    with monkeypatch.context() as patch, pytest.raises(ServiceError, match=match) as caught:
        patch.setattr(target, name, replacement)
        yield
    assert caught.value.exit_status == 3 and "\n" not in str(caught.value)


@pytest.mark.parametrize("moment", ["before it answers the import", "while the import runs"])
def test_a_push_whose_server_is_killed_is_completed_by_the_next(
    doccano, workspace, round_name, make_blocks, monkeypatch, moment
):
    blocks = make_blocks(20)
    lost_answer = moment.startswith("before")
    owner = doccano.connection.client._data_import_repository if lost_answer else Connection
    victim = "ingest" if lost_answer else "wait_for_task"
    original = getattr(owner, victim)

    def kill(*args, **keywords):
        if lost_answer:
            original(*args, **keywords)  # the import is under way, and nobody knows its name
            doccano.kill("web")
            raise requests.ConnectionError
        if str(args[1]).startswith("upload"):
            doccano.kill("web")
        return original(*args, **keywords)

    with fails(monkeypatch, owner, victim, kill, "no doccano answers"):
        push(doccano, workspace, round_name, blocks, users=["zhang"])
    doccano.start("web")
    push(doccano, workspace, round_name, blocks, users=["zhang"])
    assert_whole(doccano, round_name, ["zhang"], 20)


def test_an_import_that_runs_late_or_halfway_doubles_and_loses_nothing(
    doccano, workspace, round_name, make_blocks, monkeypatch
):
    blocks = make_blocks(12)
    original = Connection.wait_for_task

    def killed(self, what, task, **keywords):
        if what.startswith("upload"):
            doccano.kill("task")  # the job stays in the queue, and its worker is gone
            keywords["patience"] = 2
        return original(self, what, task, **keywords)

    with fails(monkeypatch, Connection, "wait_for_task", killed, "worker"):
        push(doccano, workspace, round_name, blocks, users=["zhang"])
    with pytest.raises(ServiceError, match="not healthy.*task worker"):
        pull_round(doccano.connection, workspace, round_name)
    doccano.start("task")
    push(doccano, workspace, round_name, blocks, users=["zhang"])
    assert_whole(doccano, round_name, ["zhang"], 12)

    # Half done: paragraphs that came without their labels, in an upload that was never seen to end; and one
    # of them that came twice.
    project = doccano.project(round_name, "zhang")
    rows = doccano.rows(round_name, "zhang")
    for row in rows[:3]:
        base = f"projects/{project.id}/examples/{row['id']}"
        doccano.connection.delete("spans", f"{base}/spans")
        doccano.connection.delete("categories", f"{base}/categories")
    copy = {"text": rows[5]["text"], "meta": {"para_uid": rows[5]["para_uid"]}}
    doccano.connection.post("copy", f"projects/{project.id}/examples", copy)
    journals = workspace.annotations / "doccano" / "pending"
    seen = [row["para_uid"] for row in rows]
    assert list(journals.glob("*.json")) == []
    name = sha256(f"{doccano.server.url} {project.name}".encode())[:16]
    project_module._write_journal(journals / f"{name}.json", {"ids": seen, "task": None})
    done = push(doccano, workspace, round_name, blocks, users=["zhang"])["zhang"]
    assert (done.added, done.removed) == (3, 4)
    assert_whole(doccano, round_name, ["zhang"], 12)


def test_what_a_person_did_survives_a_push_after_an_interruption(doccano, workspace, round_name, make_blocks):
    blocks = make_blocks(3)
    push(doccano, workspace, round_name, blocks, users=["zhang"])
    project, zhang = doccano.project(round_name, "zhang"), doccano.login("zhang")
    first, second, third = doccano.rows(round_name, "zhang")
    for row in (first, second):
        zhang.delete("drop", f"projects/{project.id}/examples/{row['id']}/spans")
    confirm(zhang, project, first["id"])
    again = push(doccano, workspace, round_name, blocks, users=["zhang"])["zhang"]
    assert (again.added, again.removed) == (0, 0)
    rows = {row["id"]: row for row in doccano.rows(round_name, "zhang")}
    assert rows[first["id"]]["entities"] == rows[second["id"]]["entities"] == []
    assert len(rows[third["id"]]["entities"]) == 2


def test_a_pull_whose_server_is_killed_writes_nothing_and_the_next_completes(
    doccano, workspace, round_name, make_blocks, monkeypatch
):
    push(doccano, workspace, round_name, make_blocks(4))
    pull_round(doccano.connection, workspace, round_name)
    project, zhang = doccano.project(round_name, "zhang"), doccano.login("zhang")
    confirm(zhang, project, doccano.rows(round_name, "zhang")[0]["id"])
    before = pulled(workspace, round_name, "zhang")
    original = Connection.export

    def kill_after(self, *args, **keywords):
        found = original(self, *args, **keywords)
        doccano.kill("web")
        return found

    with fails(monkeypatch, Connection, "export", kill_after, "no doccano"):
        pull_round(doccano.connection, workspace, round_name)
    assert pulled(workspace, round_name, "zhang") == before
    doccano.start("web")
    assert pull_round(doccano.connection, workspace, round_name)["zhang"].confirmed == 1
    assert len(list((workspace.annotations / "passes").iterdir())) == 1  # no folder is left half written


def test_wrong_password_and_missing_rights_are_one_line(doccano, workspace, round_name, make_blocks):
    with pytest.raises(ServiceError, match="wrong user or password for zhang"):
        connect(doccano.server.url, "zhang", "guessed")
    zhang = doccano.login("zhang")
    with pytest.raises(ServiceError, match="zhang has no right to") as caught:
        push_round(zhang, workspace, round_name, make_blocks(2), annotators=["zhang"])
    assert caught.value.exit_status == 3 and "\n" not in str(caught.value)
    push(doccano, workspace, round_name, make_blocks(2), users=["zhang"])
    with pytest.raises(ServiceError, match="zhang has no right to"):
        pull_round(zhang, workspace, round_name)  # a member, but not its administrator
    with pytest.raises(InputError, match="no user nobody"):
        push(doccano, workspace, round_name, make_blocks(4), users=["nobody"])


def test_a_deleted_project_and_deleted_labels_are_made_again(doccano, workspace, round_name, make_blocks):
    push(doccano, workspace, round_name, make_blocks(4))
    pull_round(doccano.connection, workspace, round_name)
    before = pulled(workspace, round_name, "zhang")
    doccano.connection.delete("drop", f"projects/{doccano.project(round_name, 'zhang').id}")
    with pytest.raises(ServiceError, match=f"no project '{round_name} · zhang'"):
        pull_round(doccano.connection, workspace, round_name)
    assert pulled(workspace, round_name, "zhang") == before
    push(doccano, workspace, round_name, make_blocks(4))
    assert_whole(doccano, round_name, ["zhang", "li"], 4)

    # A label deleted in the page takes its annotations with it; a renamed one is not understood.
    project = doccano.project(round_name, "zhang")
    kinds = {k["text"]: k["id"] for k in doccano.connection.get("x", f"projects/{project.id}/span-types")}
    doccano.connection.delete("drop", f"projects/{project.id}/span-types/{kinds['指标']}")
    with pytest.raises(ServiceError, match="'指标' is gone"):
        pull_round(doccano.connection, workspace, round_name)
    push(doccano, workspace, round_name, make_blocks(4))
    with pytest.raises(InputError, match="all 2 METRIC of zhang are gone"):
        pull_round(doccano.connection, workspace, round_name)
    assert pulled(workspace, round_name, "zhang").keys() == before.keys()
    put = doccano.connection.client._base_repository.put
    resource = f"projects/{project.id}/span-types/{kinds['机构']}"
    doccano.connection.call("rename", put, resource, json={"text": "单位", "background_color": "#1565c0"})
    with pytest.raises(ServiceError, match="label '单位' that annotations/labels.toml has not"):
        pull_round(doccano.connection, workspace, round_name, force=True)
    doccano.connection.call("rename", put, resource, json={"text": "机构", "background_color": "#1565c0"})
    assert pull_round(doccano.connection, workspace, round_name, force=True)["zhang"].paragraphs == 2


def test_a_removed_annotator_is_brought_back_by_a_push(doccano, workspace, round_name, make_blocks):
    push(doccano, workspace, round_name, make_blocks(4))
    project, zhang = doccano.project(round_name, "zhang"), doccano.login("zhang")
    example = doccano.rows(round_name, "zhang")[0]["id"]
    confirm(zhang, project, example)
    members = doccano.connection.get("x", f"projects/{project.id}/members")
    member = next(m["id"] for m in members if m["username"] == "zhang")
    doccano.connection.delete("remove", f"projects/{project.id}/members", {"ids": [member]})
    with pytest.raises(ServiceError, match="no right"):
        zhang.get("look", f"projects/{project.id}/examples")
    assert pull_round(doccano.connection, workspace, round_name)["zhang"].confirmed == 1
    push(doccano, workspace, round_name, make_blocks(4))
    assert zhang.get("look", f"projects/{project.id}/examples")["count"] == 2


def test_a_locked_database_is_waited_for(doccano, workspace, round_name, make_blocks):
    def lock(seconds: float) -> None:
        with contextlib.closing(sqlite3.connect(doccano.server.home / "db.sqlite3")) as database:
            database.execute("BEGIN EXCLUSIVE")
            locked.set()
            time.sleep(seconds)

    locked = threading.Event()
    holder = threading.Thread(target=lock, args=(7,))
    holder.start()
    locked.wait()
    push(doccano, workspace, round_name, make_blocks(4), users=["zhang"])
    assert not holder.is_alive()
    assert_whole(doccano, round_name, ["zhang"], 4)
