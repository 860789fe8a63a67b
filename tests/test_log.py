import json
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from baogao.cli import app
from baogao.errors import Findings
from baogao.log import write_summary
from baogao.records import Entity, LabelledBlock, write_jsonl

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


LONG = {  # a command, where its summary lies, and what it counts
    "segment": ("corpus segment page.txt no.txt --keep-going -o out", "out", {"reports": 1, "blocks": 2}),
    "add": (
        "corpus add page.txt no.txt --keep-going",
        "corpus/manifest.jsonl",
        {"reports": 1, "near_duplicates": 0},
    ),
    "next": ("annotations next labelled.jsonl --output out", "out", {"blocks": 1, "paragraphs": 1}),
    "docbin": ("training dataset --docbin out", "out", None),
    "export": ("training dataset --export out", "out", None),
    "embeddings": ("training embeddings text.txt --epochs 1 --output out", "out", {"characters": 8000}),
    "check": ("training check --output out", "out", {"differences": 0, "listed": 0}),
    "table": ("models table labelled.jsonl --output out.csv", "out.csv", {"reports": 1, "figures": 1}),
}


@pytest.mark.parametrize("command", LONG)
def test_long_work_leaves_a_summary_beside_its_output(make_workspace, monkeypatch, command):
    workspace = make_workspace(practice=())
    monkeypatch.chdir(workspace.root)
    monkeypatch.setattr("baogao.training.check.find_suspects", lambda *_, **__: [])  # it would train models
    number = Entity(start=4, end=7, label="METRIC", score=0.6)
    block = LabelledBlock(
        id="new:1", report="new", index=1, kind="paragraph", text="全年受理12件。", entities=[number]
    )
    write_jsonl("labelled.jsonl", [block])
    Path("page.txt").write_text("一、工作\n全年受理12件,办结9件。\n", encoding="utf-8")
    Path("text.txt").write_text("\n".join(f"{n:04}年全区生产总值同比增长。"[:16] for n in range(500)))
    arguments, output, counts = LONG[command]
    result = CliRunner().invoke(app, arguments.split())
    assert result.exception is None or isinstance(result.exception, Findings), result.output
    summary = json.loads(Path(f"{output}.run.json").read_text(encoding="utf-8"))
    assert " ".join(arguments.split()[:2]) == summary["command"]
    assert summary["seconds"] >= 0 and summary["settings"] and summary["versions"]["baogao"]
    assert summary.get("counts") == counts
    skipped = [line.partition(":")[0] for line in summary.get("skipped", [])]
    assert skipped == (["no.txt"] if "no.txt" in arguments else [])


def test_the_summary_of_a_folder_lies_beside_it_under_whatever_name(tmp_path, monkeypatch):
    (tmp_path / "dist").mkdir()
    monkeypatch.chdir(tmp_path / "dist")
    for output in (".", tmp_path / "dist", "../dist/"):
        path = write_summary(output, "models package", time.perf_counter())
        assert path == tmp_path / "dist.run.json" and path.is_file()
        path.unlink()
    assert write_summary("-", "predict", time.perf_counter()) is None


@pytest.mark.parametrize("jump", [-86400, 86400])
def test_a_clock_that_is_set_meanwhile_moves_no_duration(tmp_path, monkeypatch, jump):
    started = time.perf_counter()
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + jump)
    path = write_summary(tmp_path / "out", "predict", started)
    assert 0 <= json.loads(path.read_text(encoding="utf-8"))["seconds"] < 60
