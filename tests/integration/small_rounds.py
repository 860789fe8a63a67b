"""A doccano that tests may break, and small rounds to push into it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from baogao.annotations.client import Connection, connect
from baogao.annotations.project import Project, export_rows, find_project
from baogao.annotations.rounds import project_name
from baogao.annotations.server import Server, health
from baogao.records import Entity, LabelledBlock, read_labelled
from baogao.workspace import Workspace

TEXT = "区政府第{}次召开会议,办理案件1171件。"
Part = Literal["web", "task"]


@dataclass
class Doccano:
    """The session's server: `connection` is its admin's; the users of `accounts` have passwords."""

    server: Server
    connection: Connection
    accounts: dict[str, str]
    restarted: dict[Part, subprocess.Popen] = field(default_factory=dict)
    sessions: dict[str, Connection] = field(default_factory=dict)

    def login(self, user: str) -> Connection:
        """A connection of one annotator, logged in once: doccano's password hash takes its time."""
        if user not in self.sessions:
            self.sessions[user] = connect(self.server.url, user, self.accounts[user])
        return self.sessions[user]

    def process(self, part: Part) -> subprocess.Popen:
        return self.restarted.get(part) or getattr(self.server, part)

    def kill(self, part: Part) -> None:
        """End the web server or the task worker as a power cut would."""
        process = self.process(part)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def start(self, part: Part) -> None:
        """Start a killed part again and wait until doccano is well."""
        self.restarted[part] = subprocess.Popen(
            getattr(self.server, part).args, env=self.server.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        self.wait_until_well()

    def revive(self) -> None:
        """Start what is not running."""
        for part in get_args(Part):
            if self.process(part).poll() is not None:
                self.start(part)

    def wait_until_well(self) -> None:
        deadline = time.monotonic() + 180  # a machine with other work on it takes a minute
        while health(self.server.url, timeout=15) != "ok":
            assert time.monotonic() < deadline, "doccano did not come back"
            time.sleep(0.2)

    def project(self, name: str, user: str) -> Project:
        found = find_project(self.connection, project_name(name, user))
        assert found is not None
        return found

    def rows(self, name: str, user: str) -> list[dict[str, Any]]:
        """What doccano exports of one annotator's project."""
        return export_rows(self.connection, self.project(name, user))


def confirm(connection: Connection, project: Project, example: int) -> None:
    """Confirm an example, or take it back: doccano toggles."""
    connection.post("confirm", f"projects/{project.id}/examples/{example}/states", {})


def pulled(workspace: Workspace, name: str, user: str) -> dict[str, LabelledBlock]:
    """What was pulled of one annotator, by id."""
    paths = sorted((workspace.annotations / "passes" / name / user).glob("*.jsonl"))
    return {block.id: block for path in paths for block in read_labelled(path)}


def paragraph(report: str, index: int, text: str) -> LabelledBlock:
    number = text.index("1171件") if "1171件" in text else None
    entities = [Entity(start=text.index("区政府"), end=text.index("区政府") + 3, label="INST", source="rule")]
    if number is not None:
        entities.append(Entity(start=number, end=number + 5, label="METRIC", source="rule"))
    return LabelledBlock(
        id=f"{report}:{index:04}", report=report, index=index, kind="paragraph", path=["一、工作情况"],
        text=text, section="WORK", entities=entities,
    )  # fmt: skip


def in_threads(function: Callable[[Any], Any], items: list[Any]) -> list[Any]:
    """`function` of every item, each in a thread of its own, all started at once."""
    gate = threading.Barrier(len(items))

    def run(item: Any) -> Any:
        gate.wait()
        return function(item)

    with ThreadPoolExecutor(len(items)) as pool:
        return list(pool.map(run, items))
