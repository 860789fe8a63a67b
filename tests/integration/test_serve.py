"""`baogao annotations serve` and a round by the command line alone."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time

import pytest
from small_rounds import paragraph

from baogao.annotations.server import health, running_url
from baogao.records import write_jsonl


def start(workspace, env) -> tuple[subprocess.Popen, str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "baogao", "annotations", "serve", "--port", "0"],
        cwd=workspace.root, env=env, stderr=subprocess.PIPE, text=True, encoding="utf-8",
        # As at a terminal: where the tests run in the background, they ignore Ctrl-C and so would this.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    for line in process.stderr:
        if found := re.search(r"doccano runs at (http://127\.0\.0\.1:\d+)", line):
            return process, found[1]
    raise AssertionError(f"serve ended with {process.wait()}")


@pytest.mark.slow
def test_a_round_by_the_command_line_on_a_private_server(doccano_venv, workspace, baogao):
    env = {k: v for k, v in os.environ.items() if not k.startswith("BAOGAO_DOCCANO")}
    env["BAOGAO_DOCCANO_VENV"] = str(doccano_venv)
    blocks = [paragraph("r", i, f"区政府第{i}次召开会议,办理案件1171件。") for i in range(4)]
    write_jsonl(workspace.corpus / "blocks" / "r.jsonl", blocks)
    push = ("annotations", "push", "round1", "--no-suggestions", "--annotators", "zhang,li", "--create-users")

    def run(*args):
        return baogao(*args, cwd=workspace.root, env=env)

    without = run(*push)
    assert without.returncode == 3 and "baogao annotations serve" in without.stderr
    process, url = start(workspace, env)
    try:
        home = workspace.annotations / "doccano"
        assert running_url(home) == url and health(url, timeout=30) == "ok"
        second = run("annotations", "serve", "--port", "0")
        assert (second.returncode, second.stderr.count("\n")) == (2, 1) and "already runs" in second.stderr
        pushed = run(*push)
        assert (
            pushed.stdout
            == "zhang: 2 paragraphs added, 0 there already\nli: 2 paragraphs added, 0 there already\n"
        )
        assert (home / "accounts.json").stat().st_mode & 0o077 == 0
        pulled = run("annotations", "pull", "round1")
        assert pulled.returncode == 0, pulled.stderr
        assert "zhang: 0 of 2 paragraphs confirmed" in pulled.stdout
        progress = run("annotations", "progress", "round1")
        assert progress.stdout == "zhang: 0 of 2 (0%)\nli: 0 of 2 (0%)\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    finally:
        process.kill()
    assert health(url, timeout=5) == "away" and running_url(home) is None
    assert not list((home / "media").glob("*.zip"))  # exports, readable without login, do not stay

    began = time.monotonic()
    process, url = start(workspace, env)  # the data are there again
    try:
        print(f"second start: {time.monotonic() - began:.1f} s")
        assert run("annotations", "progress", "round1").stdout == progress.stdout
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
