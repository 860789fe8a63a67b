import json
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from baogao.annotations.stop_advice import read_curve, seconds_a_paragraph, stop_advice
from baogao.cli import app
from baogao.errors import InputError
from baogao.records import LabelledBlock, write_jsonl
from baogao.training.curve import Run, summarise
from baogao.workspace import Workspace


def run(part: str, held_out: str, reports: int, right: int, wrong: int) -> Run:
    counts = {"X": [right, wrong, wrong], "Y": [50, 1, 1]}
    return Run(
        part=part, held_out=held_out, reports=reports, seed=0, key=f"{part}{held_out}{reports}",
        paragraphs=reports * 20, counts=counts,
    )  # fmt: skip


@pytest.fixture(scope="module")
def curve_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A curve as `baogao training curve` writes it: entities rise, sections do not."""
    rising = {4: (60, 40), 8: (80, 20), 16: (90, 10)}
    runs = [run("ner", f"r{i}", n, *rising[n]) for i in range(4) for n in rising]
    runs += [run("sections", f"r{i}", n, 90, 10) for i in range(4) for n in rising]
    path = tmp_path_factory.mktemp("curve") / "curve.json"
    path.write_bytes(msgspec.json.encode(summarise(runs)))
    return path


def test_advice_says_for_each_part_whether_to_go_on(curve_file: Path):
    lines = stop_advice(read_curve(curve_file), seconds=30)
    entities = next(line for line in lines if line.startswith("entities"))
    sections = next(line for line in lines if line.startswith("sections"))
    assert "label on, more labels still pay" in entities
    assert "stop, more labels of the same kind hardly pay" in sections
    assert any(line.strip().startswith("still gaining: X") for line in lines)


def test_the_next_doubling_is_told_in_reports_hours_and_points(curve_file: Path):
    """320 paragraphs at 45 s are 4 h; gains of 13 and 6 points lead to expect 3."""
    lines = stop_advice(read_curve(curve_file), seconds=45)
    told = [line for line in lines if "next doubling" in line]
    assert len(told) == 1
    assert "16 reports, 320 paragraphs, about 4 h of labelling" in told[0]
    points = float(told[0].rsplit("perhaps +", 1)[1].split()[0])
    assert 2 < points < 5
    assert "labelling" not in "".join(stop_advice(read_curve(curve_file)))


def test_the_time_comes_from_pulled_rounds(tmp_path: Path):
    assert seconds_a_paragraph(Workspace(tmp_path)) is None
    blocks = [
        LabelledBlock(
            id=f"r:{i}", report="r", index=i, kind="paragraph", text="文", meta={"seconds": seconds}
        )
        for i, seconds in enumerate((10.0, 20, None, 90.5))
    ]
    write_jsonl(tmp_path / "annotations/passes/round1/zhang/r.jsonl", blocks)
    assert seconds_a_paragraph(Workspace(tmp_path)) == 20


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (None, "no learning curve; make one with: baogao training curve"),
        ("[]", "not a learning curve"),
        ('{"vary": "all", "runs": [], "points": [], "gains": []}', "is not finished, or has one size only"),
    ],
)
def test_a_missing_or_broken_curve_names_the_next_step(tmp_path: Path, content: str | None, wrong: str):
    path = tmp_path / "curve.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=wrong):
        read_curve(path)


def test_the_command_prints_the_advice(curve_file: Path, tmp_path: Path):
    labels = '[[section]]\nname="S"\nzh="s"\ndescription="s"\ncolor="#000000"\n'
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations/labels.toml").write_text(labels + labels.replace("section", "entity"))
    result = CliRunner().invoke(
        app,
        ["annotations", "next", "--stop-advice", "--curve", str(curve_file), "--workspace", str(tmp_path)],
    )
    assert result.exit_code == 0, result.output
    assert "entities: label on" in result.output
    assert json.loads(curve_file.read_text())["gains"]
