"""The learning curve: nested halves, intervals by hand, going on after a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest
from test_ner import CONFIG, TINY

from baogao.errors import InputError
from baogao.training import curve as module
from baogao.training.curve import Run, learning_curve, sizes, summarise
from baogao.training.curve_plot import plot

GOLD = ("dongchangfu-2023", "taixia-2022")
PRACTICE = ("practice-s01", "practice-r01", "practice-t01")
OPTIONS = {"config": CONFIG, "overrides": {**TINY, "training.max_steps": 3}, "points": 2}
SECTIONS = {"parts": ["sections"], "points": 3}


def run(size: int, held_out: str, part: str = "ner", **counts: list[int]) -> Run:
    return Run(
        part=part,
        held_out=held_out,
        reports=size,
        seed=0,
        key=f"{part}{size}{held_out}",
        paragraphs=10 * size,
        counts=counts,
    )


def test_sizes_are_halves() -> None:
    assert sizes(90, 5) == [5, 11, 22, 45, 90]
    assert sizes(3, 9) == [1, 3]
    assert sizes(1, 3) == [1]


def test_points_gains_and_advice_by_hand() -> None:
    names = ["a", "b", "c", "d"]
    runs = [
        made
        for i, name in enumerate(names)
        for made in (
            run(2, name, INST=[5, 5, 5], DOC=[9, 1, 1], METRIC=[i, 4 - i, 4 - i]),
            run(4, name, INST=[8, 2, 2], DOC=[9, 1, 1], METRIC=[3 - i, i + 1, i + 1]),
        )
    ]
    curve = summarise(runs)
    points = {(point.label, point.reports): point for point in curve.points}
    assert points["INST", 2].f1 == points["INST", 2].low == points["INST", 2].high == 0.5
    assert points["INST", 4].f1 == 0.8
    assert points[None, 2].f1 == pytest.approx((5 * 4 + 9 * 4 + 6) / (10 * 4 + 10 * 4 + 16))
    assert points[None, 4].paragraphs == 40
    gains = {gain.label: gain for gain in curve.gains}
    assert gains["INST"].gain == pytest.approx(0.3)
    assert {label: gain.verdict for label, gain in gains.items()} == {
        None: "helps" if gains[None].low > 0 else "unsure",
        "INST": "helps",
        "DOC": "flat",
        "METRIC": "unsure",
    }
    assert gains["METRIC"].low < 0 < gains["METRIC"].high
    (text,) = curve.advice
    assert "More labels would help INST +30.0 points (+30.0 to +30.0)." in text
    assert "would hardly help DOC +0.0" in text
    assert "4 held-out reports cannot tell for METRIC" in text


def test_picture_keeps_label_names_as_text(tmp_path: Path) -> None:
    runs = [run(n, held, 机构=[n, 1, 1]) for n in (0, 1, 2) for held in ("a", "b")]
    plot(summarise(runs, vary="gold"), tmp_path / "curve.svg")
    text = (tmp_path / "curve.svg").read_text(encoding="utf-8")
    ElementTree.fromstring(text)
    assert "机构" in text and "labelled reports" in text


def test_subsets_are_nested_and_never_hold_the_held_out_report(make_workspace, tmp_path: Path) -> None:
    workspace = make_workspace(GOLD, PRACTICE)
    for vary, wanted in (("all", [1, 2, 4]), ("gold", [0, 1])):
        tasks = module._tasks(workspace, points=3, seeds=[0], vary=vary, config=CONFIG, overrides={})
        for part in ("ner", "sections"):
            mine = [t.run for t in tasks if t.run.held_out == GOLD[0] and t.run.part == part]
            assert [run.reports for run in mine] == wanted
        seen: dict[str, set[str]] = {}
        for task in tasks:
            reports = {block.report for block in task.train}
            assert task.run.held_out not in reports
            assert {block.report for block in task.held} == {task.run.held_out}
            assert seen.get(task.run.held_out, set()) <= reports
            assert vary == "all" or set(PRACTICE) <= reports
            seen[task.run.held_out] = reports


def test_killed_curve_goes_on_and_a_changed_label_is_trained_again(
    make_workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = make_workspace(GOLD, PRACTICE)
    output = tmp_path / "curve.json"
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path; import test_curve as t; "
        "from baogao.workspace import Workspace; "
        "t.learning_curve(Workspace(Path(sys.argv[2])), Path(sys.argv[3]), **t.SECTIONS)"
    )
    command = [sys.executable, "-c", code, str(Path(__file__).parent), str(workspace.root), str(output)]
    done = 0
    for wanted in (1, 3):
        process = subprocess.Popen(command)
        deadline = time.monotonic() + 200  # a guard against a hang
        while process.poll() is None and time.monotonic() < deadline:
            if output.exists() and len(json.loads(output.read_text())["runs"]) >= wanted:
                break
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        kept = json.loads(output.read_text())["runs"]
        assert len(kept) >= max(wanted, done)
        done = len(kept)
    curve = learning_curve(workspace, output, **SECTIONS)
    assert len(curve.runs) == 6
    assert [run for run in json.loads(output.read_text())["runs"] if run in kept] == kept
    assert output.with_suffix(".svg").exists() and len(curve.advice) == 1

    trained = []
    path = workspace.annotations / "gold" / f"{GOLD[0]}.jsonl"
    path.write_text(path.read_text().replace('"DISPUTES"', '"PLANS"', 1), encoding="utf-8")
    monkeypatch.setattr(module, "train_and_count", lambda task: trained.append(task.run) or task.run)
    learning_curve(workspace, output, **SECTIONS)
    assert {run.reports for run in trained if run.held_out == GOLD[0]} == {1, 2, 4}
    assert 4 in {run.reports for run in trained if run.held_out == GOLD[1]}


def test_entities_get_a_curve_too(make_workspace, tmp_path: Path) -> None:
    workspace = make_workspace(GOLD, PRACTICE)
    before = learning_curve(workspace, tmp_path / "c.json", **{**OPTIONS, "parts": ["sections"]})
    curve = learning_curve(workspace, tmp_path / "c.json", parts=["ner"], **OPTIONS)
    assert [(run.part, run.reports, run.held_out) for run in curve.runs] == [
        (part, size, report) for part in ("ner", "sections") for size in (2, 4) for report in GOLD
    ]
    assert [run for run in curve.runs if run.part == "sections"] == before.runs
    assert {point.part for point in curve.points} == {"ner", "sections"} and len(curve.advice) == 2
    support = sum(tp + fn for tp, _, fn in curve.runs[0].counts.values())
    gold = make_workspace(GOLD, (), name="gold").labelled("gold")
    assert support == sum(len(block.entities) for block in gold[GOLD[0]])


def test_one_gold_report_is_not_enough(make_workspace, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="needs two gold reports, there is 1"):
        learning_curve(make_workspace(GOLD[:1], PRACTICE), tmp_path / "c.json", **OPTIONS)
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    with pytest.raises(InputError, match="not a learning curve"):
        learning_curve(make_workspace(GOLD, PRACTICE, name="other"), broken, **OPTIONS)
    assert broken.read_text() == "{"
