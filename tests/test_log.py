import json
import time

import pytest

from baogao.log import write_summary

COMMANDS = {
    "segment": [
        "corpus",
        "segment",
        "corpus/reports/linhe-2024.txt",
        "missing.txt",
        "--keep-going",
        "-o",
        "-",
    ],
    "suggest": ["annotations", "suggest", "annotations/gold/linhe-2024.jsonl"],
    "dataset": ["training", "dataset"],
    "wrong": ["training", "dataset", "--held-out", "nobody"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_message_obeys_the_options(make_workspace, baogao, command):
    """Standard error is one JSON object a line, or with --quiet only what is wrong."""
    workspace = make_workspace(practice=())
    as_json = baogao("--log-json", *COMMANDS[command], cwd=workspace.root)
    lines = [json.loads(line) for line in as_json.stderr.splitlines()]
    assert all(line.keys() >= {"time", "level", "message"} for line in lines)
    wrong = [line["message"] for line in lines if line["level"] in ("warning", "error")]
    quiet = baogao("--quiet", *COMMANDS[command], cwd=workspace.root)
    assert quiet.stderr.splitlines() == wrong
    assert bool(wrong) == (command in ("segment", "wrong"))
    assert quiet.returncode == as_json.returncode == {"segment": 1, "wrong": 2}.get(command, 0)


def test_a_summary_lies_beside_what_a_training_command_wrote(make_workspace, baogao):
    workspace = make_workspace(practice=())
    for output in ("training/dataset", "elsewhere"):
        options = [] if output.startswith("training") else ["--output", output]
        assert baogao("training", "dataset", *options, cwd=workspace.root).returncode == 0
        summary = json.loads((workspace.root / f"{output}.run.json").read_text(encoding="utf-8"))
        assert summary["command"] == "training dataset" and summary["seconds"] >= 0
        assert summary["counts"]["train"] > 0 and summary["settings"] == {"held_out": []}
        assert summary["versions"]["spacy"] and summary["versions"]["python"]


@pytest.mark.parametrize("jump", [-86400, 86400])
def test_a_clock_that_is_set_meanwhile_moves_no_duration(tmp_path, monkeypatch, jump):
    started = time.perf_counter()
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + jump)
    path = write_summary(tmp_path / "out", "predict", started)
    assert 0 <= json.loads(path.read_text(encoding="utf-8"))["seconds"] < 60
