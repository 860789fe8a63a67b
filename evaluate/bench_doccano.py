"""How long a labelling round takes on a real doccano: 3,000 paragraphs with suggestions, out and back.

    .venv/bin/python evaluate/bench_doccano.py [--paragraphs 3000] [--annotators 3]

Starts a private doccano in a temporary folder (its environment is $BAOGAO_DOCCANO_VENV, else one beside this
environment), pushes paragraphs of the practice reports with the suggestions of annotations/rules.toml, pulls
them, confirms every one through the interface, and pulls again. Prints seconds and rates; the bars are 60 s
for the push and 30 s for the pull.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path

from baogao.annotations.client import connect
from baogao.annotations.export import suggest_blocks
from baogao.annotations.project import export_rows, find_project
from baogao.annotations.pull import pull_round
from baogao.annotations.push import push_round
from baogao.annotations.rounds import project_name
from baogao.annotations.rules import workspace_rules
from baogao.annotations.server import start_server
from baogao.records import Block
from baogao.workspace import Workspace


@contextmanager
def timed(what: str, count: int, bar: float | None = None) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds = time.perf_counter() - start
    verdict = "" if bar is None else f"  bar {bar:g} s: {'met' if seconds <= bar else 'MISSED'}"
    print(f"{what:58} {seconds:7.1f} s {count / seconds:8.0f} paragraphs a second{verdict}", flush=True)


def paragraphs(workspace: Workspace, count: int) -> list[Block]:
    """`count` paragraphs of the practice reports, again under other ids where there are fewer."""
    found = [b for of in workspace.labelled("practice").values() for b in of if b.kind == "paragraph"]
    return [
        Block(id=f"{b.report}:{i:05}", report=b.report, index=i, kind="paragraph", text=b.text, path=b.path)
        for i, b in enumerate(islice(cycle(found), count))
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--paragraphs", type=int, default=3000)
    parser.add_argument("--annotators", type=int, default=3)
    options = parser.parse_args()
    reference = Workspace.find(Path(__file__).resolve().parents[1])
    venv = Path(os.environ.get("BAOGAO_DOCCANO_VENV") or Path(sys.prefix) / "doccano")
    users = [f"annotator{i + 1}" for i in range(options.annotators)]
    count = options.paragraphs
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder) / "workspace")
        workspace.annotations.mkdir(parents=True)
        for name in ("labels.toml", "rules.toml"):
            shutil.copy(reference.annotations / name, workspace.annotations)
        rules = workspace_rules(workspace)
        blocks = paragraphs(reference, count)
        print(f"load average before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        with timed("first start (with installation, where it is missing)", count):
            server_context = start_server(Path(folder) / "doccano", venv=venv)
            server = server_context.__enter__()
        try:
            connection = connect(server.url, server.user, server.password)
            with timed("suggestions by rules", count):
                suggested = suggest_blocks(blocks, rules)
            print(f"{sum(len(b.entities) for b in suggested)} suggestions, {len(users)} annotators")
            with timed("push, suggestions included", count, 60):
                push_round(connection, workspace, "bench", suggested, annotators=users, create_users=True)
            with timed("push again, nothing new", count):
                push_round(connection, workspace, "bench", suggested)
            with timed("pull, nothing confirmed", count, 30):
                pull_round(connection, workspace, "bench")
            pool = ThreadPoolExecutor(len(users))
            with timed("(confirming each through the interface)", count), pool:
                list(pool.map(lambda user: confirm_all(connection, user), users))
            with timed("pull, every paragraph newly confirmed", count, 30):
                result = pull_round(connection, workspace, "bench")
            with timed("pull again, nothing new", count):
                pull_round(connection, workspace, "bench")
        finally:
            server_context.__exit__(None, None, None)
        assert sum(part.confirmed for part in result.values()) == count, result


def confirm_all(connection, user: str) -> None:
    project = find_project(connection, project_name("bench", user))
    assert project is not None
    for row in export_rows(connection, project):
        connection.post("confirm", f"projects/{project.id}/examples/{row['id']}/states", {})


if __name__ == "__main__":
    main()
