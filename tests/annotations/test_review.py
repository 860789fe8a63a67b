import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from baogao.annotations.agreement_table import read_passes
from baogao.annotations.review import (
    agreed_part,
    compare,
    decide_as,
    decide_by_adopting,
    decide_by_majority,
    version_lines,
    write_gold,
)
from baogao.cli import app
from baogao.errors import InputError
from baogao.records import Entity, LabelledBlock, read_labelled, write_jsonl
from baogao.workspace import Workspace

ROOT = Path(__file__).parents[2]
TEXT = "区委、区政府印发通知12件。"
COUNCIL, GOVERNMENT, NUMBER = (0, 2, "INST"), (3, 6, "INST"), (10, 13, "METRIC")


def block(number: int, section: str | None = "PLANS", *spans: tuple[int, int, str], **other) -> LabelledBlock:
    return LabelledBlock(
        id=f"r:{number}", report="r", index=number, kind="paragraph", text=TEXT, section=section,
        entities=[Entity(start=a, end=b, label=c) for a, b, c in spans], **other,
    )  # fmt: skip


def passes(**blocks: list[LabelledBlock]) -> dict[str, dict[str, LabelledBlock]]:
    return {name: {b.id: b for b in found} for name, found in blocks.items()}


def spans(found: LabelledBlock) -> list[tuple[int, int, str]]:
    return [(span.start, span.end, span.label) for span in found.entities]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "annotations").mkdir()
    shutil.copy(ROOT / "annotations/labels.toml", tmp_path / "annotations")
    return Workspace(tmp_path)


def test_what_all_agree_on_and_what_one_has_alone_is_decided():
    review = compare(
        passes(
            a=[block(1, "PLANS", COUNCIL), block(2, "PLANS"), block(3, "PLANS", NUMBER)],
            b=[block(1, "PLANS", COUNCIL), block(2, "DIGITAL")],
        )
    )
    assert {key: found.meta["decided_by"] for key, found in review.decided.items()} == {
        "r:1": "agreement",
        "r:3": "a",
    }
    assert list(review.open) == ["r:2"] and set(review.open["r:2"]) == {"a", "b"}


def test_majority_keeps_spans_and_section_of_more_than_half():
    review = compare(
        passes(
            a=[block(1, "PLANS", COUNCIL, NUMBER)],
            b=[block(1, "PLANS", COUNCIL)],
            c=[block(1, "DIGITAL", COUNCIL, GOVERNMENT)],
        )
    )
    decided = decide_by_majority(review).decided["r:1"]
    assert decided.section == "PLANS" and spans(decided) == [COUNCIL]
    assert decided.meta == {"decided_by": "majority", "annotators": ["a", "b", "c"]}


def test_a_tie_of_spans_or_sections_stays_open():
    by_span = compare(passes(a=[block(1, "PLANS", COUNCIL)], b=[block(1, "PLANS")]))
    by_section = compare(passes(a=[block(1, "PLANS")], b=[block(1, "DIGITAL")]))
    assert list(decide_by_majority(by_span).open) == ["r:1"]
    assert list(decide_by_majority(by_section).open) == ["r:1"]


def test_adopting_takes_one_annotators_version_and_names_them():
    review = compare(
        passes(
            a=[block(1, "PLANS", COUNCIL)],
            b=[block(1, "DIGITAL"), block(2, "PLANS")],
            c=[block(2, "DIGITAL")],
        )
    )
    result = decide_by_adopting(review, "a")
    assert spans(result.decided["r:1"]) == [COUNCIL] and result.decided["r:1"].meta["decided_by"] == "a"
    assert list(result.open) == ["r:2"]
    with pytest.raises(InputError, match="'z' labelled none of the open paragraphs; name one of a, b, c"):
        decide_by_adopting(review, "z")


def test_a_reviewers_decision_keeps_when_and_what_they_said():
    review = compare(passes(a=[block(1, "PLANS")], b=[block(1, "DIGITAL")]))
    meta = {"confirmed_at": "2024-01-02T03:04:05Z", "comments": [{"text": "看标题"}], "example": 7}
    decided = decide_as(review, {"r:1": block(1, "PROBLEMS", NUMBER, meta=meta)}, "wang").decided["r:1"]
    assert decided.section == "PROBLEMS" and spans(decided) == [NUMBER]
    assert decided.meta == {
        "decided_by": "wang",
        "annotators": ["a", "b"],
        "confirmed_at": "2024-01-02T03:04:05Z",
        "comments": [{"text": "看标题"}],
    }


def test_different_texts_under_one_id_are_named():
    other = block(1)
    other.text = "别的"
    with pytest.raises(InputError, match="a and b have different texts for block 'r:1'"):
        compare(passes(a=[block(1)], b=[other]))


def test_gold_is_written_with_headings_in_order(workspace: Workspace):
    heading = LabelledBlock(id="r:0", report="r", index=0, kind="heading", text="一、工作")
    review = compare(passes(a=[heading, block(2), block(1)]))
    folder = workspace.annotations / "gold"
    assert write_gold(workspace, review, folder).added == 2
    assert [found.id for found in read_labelled(folder / "r.jsonl")] == ["r:0", "r:1", "r:2"]


def test_gold_grows_but_never_changes_without_force(workspace: Workspace):
    folder = workspace.annotations / "gold"
    write_gold(workspace, compare(passes(a=[block(1, "PLANS", COUNCIL, NUMBER)])), folder)
    before = (folder / "r.jsonl").read_bytes()
    fewer = compare(passes(a=[block(1, "PLANS", COUNCIL), block(2)]))
    with pytest.raises(InputError, match="1 paragraphs would change, 1 spans fewer, first r:1"):
        write_gold(workspace, fewer, folder)
    assert (folder / "r.jsonl").read_bytes() == before
    written = write_gold(workspace, compare(passes(a=[block(2)])), folder)
    assert (written.added, written.changed) == (1, 0)
    assert [found.id for found in read_labelled(folder / "r.jsonl")] == ["r:1", "r:2"]
    written = write_gold(workspace, fewer, folder, force=True)
    assert (written.added, written.changed, written.same) == (0, 1, 1)
    assert spans(read_labelled(folder / "r.jsonl")[0]) == [COUNCIL]


def test_writing_the_same_again_leaves_the_file_alone(workspace: Workspace):
    folder = workspace.annotations / "gold"
    review = compare(passes(a=[block(1)], b=[block(1)]))
    write_gold(workspace, review, folder)
    stamp = (folder / "r.jsonl").stat().st_mtime_ns
    assert write_gold(workspace, review, folder).same == 1
    assert (folder / "r.jsonl").stat().st_mtime_ns == stamp


def test_nothing_is_written_when_one_report_cannot_be(workspace: Workspace):
    folder = workspace.annotations / "gold"
    write_gold(workspace, compare(passes(a=[block(1)])), folder)
    other = LabelledBlock(id="q:1", report="q", index=1, kind="paragraph", text="文", section="PLANS")
    with pytest.raises(InputError):
        write_gold(workspace, compare(passes(a=[other, block(1, "DIGITAL")])), folder)
    assert not (folder / "q.jsonl").exists()


def test_a_reviewer_sees_what_each_alone_has_and_starts_from_what_all_share():
    versions = {"甲": block(1, "PLANS", COUNCIL, NUMBER), "乙": block(1, "DIGITAL", COUNCIL)}
    assert version_lines(versions) == {"甲": "PLANS | METRIC 12件 @10", "乙": "DIGITAL"}
    start = agreed_part(list(versions.values()))
    assert spans(start) == [COUNCIL] and start.section is None


def test_a_pulled_round_is_read_by_annotator_and_only_what_is_confirmed(workspace: Workspace):
    folder = workspace.annotations / "passes/round1"
    done, not_done = block(1, meta={"confirmed": True}), block(2, meta={"confirmed": False})
    write_jsonl(folder / "zhang/r.jsonl", [done, not_done])
    write_jsonl(folder / "li/r.jsonl", [done])
    found = read_passes(workspace, ["passes/round1"])
    assert {name: list(blocks) for name, blocks in found.items()} == {"li": ["r:1"], "zhang": ["r:1"]}
    everything = read_passes(workspace, ["passes/round1"], unconfirmed=True)
    assert list(everything["zhang"]) == ["r:1", "r:2"]


def test_the_command_writes_nothing_until_told_how_to_decide(workspace: Workspace):
    for name, section in (("a", "PLANS"), ("b", "DIGITAL")):
        labelled = [block(1, section), block(2), block(3, None)]
        write_jsonl(workspace.annotations / f"passes/{name}/r.jsonl", labelled)
    arguments = ["annotations", "review", "passes/a", "passes/b", "--workspace", str(workspace.root)]
    undecided = CliRunner().invoke(app, arguments)
    assert undecided.exception is not None and "nothing is written" in str(undecided.exception)
    assert not (workspace.annotations / "gold").exists()
    tie = CliRunner().invoke(app, [*arguments, "--majority"])
    assert "1 paragraphs are open (r:1)" in str(tie.exception)
    done = CliRunner().invoke(app, [*arguments, "--majority", "--adopt", "b"])
    assert done.exit_code == 0, done.output
    assert "1 of them have no section, first r:3" in done.output
    gold = read_labelled(workspace.annotations / "gold/r.jsonl")
    assert [(found.section, found.meta["decided_by"]) for found in gold] == [
        ("DIGITAL", "b"),
        ("PLANS", "agreement"),
        (None, "agreement"),
    ]


def test_commands_do_not_write_over_labels_without_force(workspace: Workspace):
    gold = workspace.annotations / "gold/r.jsonl"
    write_jsonl(gold, [block(1)])
    before = gold.read_bytes()
    given = str(workspace.annotations / "other.jsonl")
    write_jsonl(given, [block(2, None)])
    for arguments in (
        ["suggest", given, "--output", str(gold), "--workspace", str(workspace.root)],
        ["convert", given, str(gold), "--to", "baogao"],
    ):
        refused = CliRunner().invoke(app, ["annotations", *arguments])
        assert "holds labels; name another --output, or add --force" in str(refused.exception)
        assert gold.read_bytes() == before
    forced = ["convert", given, str(gold), "--to", "baogao", "--force"]
    assert CliRunner().invoke(app, ["annotations", *forced]).exit_code == 0
    assert gold.read_bytes() != before
