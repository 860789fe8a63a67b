"""The scripts of evaluate/ that train entity models, on something small enough to check by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from test_ner import CONFIG, TINY, block, corpus

from baogao.records import Entity

SCRIPTS = Path(__file__).parents[2] / "evaluate"


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))


def run(script: str, *args: str | Path, **options) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPTS / script), *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", **options)


def test_tags_and_spans_are_each_other_s_reverse(scripts: None) -> None:
    import peers

    example = block("r", 0, "区政府、县委和省", (0, 3, "INST"), (4, 6, "INST"), (7, 8, "INST"))
    tags = ["B-INST", "M-INST", "E-INST", "O", "B-INST", "E-INST", "O", "S-INST"]
    assert peers.tags(example) == tags
    assert peers.spans(tags) == example.entities
    # Parts without a beginning or an end, or with another label inside, are no entity.
    assert peers.spans(["M-A", "E-A", "B-A", "O", "B-A", "E-B", "B-A", "S-B"]) == [
        Entity(start=7, end=8, label="B")
    ]


def test_linear_crf_learns_what_is_easy(scripts: None) -> None:
    import peers

    blocks = corpus(6)
    found = peers.LinearCRF(iterations=30).fit(blocks[:-4]).predict(blocks[-4:])
    assert [b.entities for b in found] == [b.entities for b in blocks[-4:]]


def test_public_benchmark_keeps_finished_seeds(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "resume"
    folder.mkdir(parents=True)
    rows = [
        f"王 B-NAME\n{name} E-NAME\n任 O\n{job} S-TITLE\n" for name, job in ("明长", "刚长", "强员", "伟员")
    ]
    for part in ("train", "dev", "test"):
        (folder / f"resume.{part}.bmes").write_text("\n".join(rows), encoding="utf-8")
    output = tmp_path / "result.json"
    settings = [word for name, value in TINY.items() for word in ("--set", name, json.dumps(value))]
    arguments = ["--benchmark", "resume", "--config", CONFIG, "--output", output, *settings]
    done = run("bench_public.py", "--path", tmp_path / "data", *arguments)
    assert done.returncode == 0, done.stderr
    assert "exact F1 of 8 test entities" in done.stdout
    first = json.loads(output.read_text())["resume"]["ner-default"]["results"]
    done = run("bench_public.py", "--path", tmp_path / "data", "--seeds", "2", *arguments)
    both = json.loads(output.read_text())["resume"]["ner-default"]["results"]
    assert both[0] == first[0] and [result["seed"] for result in both] == [0, 1]
    missing = run("bench_public.py", "--path", tmp_path / "nowhere", *arguments)
    assert missing.returncode == 3 and "nowhere" in missing.stdout


def test_comparison_keeps_runs_and_shows_them_again(make_workspace, tmp_path: Path) -> None:
    workspace = make_workspace()
    output = tmp_path / "compare.jsonl"
    arguments = ["--workspace", workspace.root, "--output", output]
    done = run("compare_ner.py", *arguments, "--systems", "rules")
    assert done.returncode == 0, done.stderr
    runs = [json.loads(line) for line in output.read_text().splitlines()]
    assert [(r["system"], r["report"]) for r in runs] == [
        ("rules", "dongchangfu-2023"),
        ("rules", "linhe-2024"),
    ]
    (row,) = json.loads(output.with_suffix(".json").read_text())
    assert row["figures"]["ner.f1"]["value"] > 0.8 and row["inexpressible"] == 0
    again = run("compare_ner.py", *arguments, "--show")
    assert again.stdout == done.stdout and "rules only" in again.stdout
