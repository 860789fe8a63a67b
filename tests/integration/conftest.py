"""One real doccano for the whole session, and small rounds to push into it.

Its environment is made once (below .venv, or $BAOGAO_DOCCANO_VENV); its data live in a temporary folder.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from small_rounds import TEXT, Doccano, paragraph

from baogao.records import LabelledBlock
from baogao.workspace import Workspace

LABELS = """
[[section]]
name = "WORK"
zh = "工作"
description = "做了什么"
color = "#b3261e"
key = "1"

[[section]]
name = "PLANS"
zh = "打算"
description = "要做什么"
color = "#1f6f8b"
key = "2"

[[entity]]
name = "INST"
zh = "机构"
description = "某一个具体的组织"
color = "#1565c0"
key = "i"

[[entity]]
name = "METRIC"
zh = "指标"
description = "数量及其单位"
color = "#2e7d32"
key = "m"
"""
NAMES = itertools.count(1)

with contextlib.suppress(ImportError):
    from playwright.sync_api import expect

    expect.set_options(timeout=30_000)  # as long as playwright's other calls wait; by itself it is 5 s


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if {"doccano", "doccano_venv"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.doccano)
            item.add_marker(pytest.mark.timeout(900))  # the first one installs it


@pytest.fixture(scope="session")
def doccano_venv() -> Path:
    pytest.importorskip("doccano_client", reason="the extra is not installed: pip install 'baogao[doccano]'")
    from baogao.annotations.install import install_doccano

    venv = Path(os.environ.get("BAOGAO_DOCCANO_VENV") or Path(sys.prefix) / "doccano")
    install_doccano(venv)
    return venv


@pytest.fixture(scope="session")
def doccano_of_the_session(doccano_venv: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doccano]:
    from baogao.annotations.client import connect
    from baogao.annotations.server import start_server

    home = tmp_path_factory.mktemp("doccano")
    with start_server(home, venv=doccano_venv) as server:
        connection = connect(server.url, server.user, server.password)
        accounts = {user: f"{user}-pw-7319" for user in ("zhang", "li")}
        for user, password in accounts.items():
            connection.client.create_user(user, password)
        found = Doccano(server, connection, accounts)
        yield found
        for part in list(found.restarted):
            found.kill(part)


@pytest.fixture
def doccano(doccano_of_the_session: Doccano) -> Doccano:
    """The session's doccano, well again if the test before killed a part of it and failed."""
    doccano_of_the_session.revive()
    return doccano_of_the_session


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An empty workspace with two sections and two entity labels of its own."""
    folder = tmp_path / "workspace" / "annotations"
    folder.mkdir(parents=True)
    (folder / "labels.toml").write_text(LABELS, encoding="utf-8")
    return Workspace(folder.parent)


@pytest.fixture
def round_name() -> str:
    """A round that no other test uses."""
    return f"round{next(NAMES)}-{os.getpid()}"


@pytest.fixture
def make_blocks() -> Callable[..., list[LabelledBlock]]:
    """A function that makes paragraphs of a few reports, each with two suggestions and a section."""

    def make(count: int, *, reports: int = 2, start: int = 0) -> list[LabelledBlock]:
        return [paragraph(f"r{i % reports}", i, TEXT.format(i)) for i in range(start, start + count)]

    return make


@pytest.fixture
def chromium() -> str:
    """The path of a Chromium, or the test is skipped with a line that says how to get one."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    pytest.skip("no Chromium: apt-get install chromium fonts-noto-cjk")
