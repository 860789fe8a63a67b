"""baogao predict: what comes in, what comes out, and what a bad report does to the others."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from baogao.errors import Findings, InputError
from baogao.models.predict import find_reports, name_reports, predict_paths
from baogao.records import LabelledBlock, read_labelled, write_jsonl


@pytest.fixture
def reports(repo: Path, tmp_path: Path) -> Path:
    """A folder with two short reports."""
    folder = tmp_path / "reports"
    (folder / "deep").mkdir(parents=True)
    shutil.copy(repo / "corpus/reports/xishan-2018.txt", folder)
    shutil.copy(repo / "corpus/reports/dongchangfu-2023.txt", folder / "deep")
    return folder


def test_files_folders_and_globs_name_the_same_reports_once(reports: Path) -> None:
    file = str(reports / "xishan-2018.txt")
    assert find_reports([file, str(reports), str(reports / "*.txt"), file])[0] == file
    assert len(find_reports([file, str(reports), str(reports / "**/*.txt")])) == 2
    with pytest.raises(InputError, match="matches no file"):
        find_reports([str(reports / "*.docx")])


def test_two_files_of_one_name_get_two_ids() -> None:
    names = [name for _, name in name_reports(["a/2023.txt", "b/2023.txt", "-"])]
    assert names[0] == "2023"
    assert names[1].startswith("2023-")
    assert names[2] == "stdin"


def test_every_format_holds_the_same_labels(pipeline: Path, reports: Path, tmp_path: Path) -> None:
    import pyarrow.parquet as pq
    import spacy
    from spacy.tokens import DocBin

    for ending in ("jsonl", "csv", "parquet", "spacy"):
        predict_paths([str(reports)], tmp_path / f"out.{ending}", model=pipeline)
    blocks = read_labelled(tmp_path / "out.jsonl")
    sections = [block.section for block in blocks]
    spans = [[(span.start, span.end, span.label) for span in block.entities] for block in blocks]
    with open(tmp_path / "out.csv", encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["section"] or None for row in rows] == sections
    assert [
        [(s["start"], s["end"], s["label"]) for s in json.loads(row["entities"])] for row in rows
    ] == spans
    table = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert [row["section"] for row in table] == sections
    assert [[(s["start"], s["end"], s["label"]) for s in row["entities"]] for row in table] == spans
    docs = list(DocBin().from_disk(tmp_path / "out.spacy").get_docs(spacy.blank("zh").vocab))
    assert [[(e.start_char, e.end_char, e.label_) for e in doc.ents] for doc in docs] == spans
    summary = json.loads((tmp_path / "out.jsonl.run.json").read_text(encoding="utf-8"))
    assert summary["counts"] == {"reports": 2, "blocks": len(blocks)}
    assert summary["settings"]["model"] == str(pipeline)


def test_text_that_looks_like_a_formula_is_harmless_in_csv(tmp_path: Path) -> None:
    from baogao.models.predict_formats import write_csv

    texts = ["=1+1", "+86", "-执法", "@SUM(A1)", " =HYPERLINK(1)", "一、正常"]
    write_csv(
        tmp_path / "out.csv",
        [
            LabelledBlock(id=str(i), report="r", index=i, kind="paragraph", text=t)
            for i, t in enumerate(texts)
        ],
    )
    with open(tmp_path / "out.csv", encoding="utf-8-sig", newline="") as handle:
        cells = [row["text"] for row in csv.DictReader(handle)]
    assert cells == ["'" + text for text in texts[:5]] + texts[5:]


def test_processes_write_the_same_bytes(pipeline: Path, reports: Path, tmp_path: Path) -> None:
    for jobs in (1, 2):
        predict_paths([str(reports)], tmp_path / f"{jobs}.jsonl", model=pipeline, jobs=jobs)
    assert (tmp_path / "1.jsonl").read_bytes() == (tmp_path / "2.jsonl").read_bytes()


def test_a_bad_report_stops_the_run_and_leaves_the_old_file(
    pipeline: Path, reports: Path, tmp_path: Path
) -> None:
    (reports / "a-bad.txt").write_bytes(b"")
    output = tmp_path / "out.jsonl"
    output.write_text("old")
    with pytest.raises(InputError, match=r"a-bad\.txt"):
        predict_paths([str(reports)], output, model=pipeline)
    assert output.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.jsonl", "reports"]


def test_keep_going_writes_the_others_and_lists_the_failures(
    pipeline: Path, reports: Path, tmp_path: Path
) -> None:
    (reports / "a-bad.txt").write_bytes(b"")
    output = tmp_path / "out.jsonl"
    with pytest.raises(Findings, match="1 of 3 reports could not be labelled"):
        predict_paths([str(reports)], output, model=pipeline, keep_going=True)
    assert {block.report for block in read_labelled(output)} == {"xishan-2018", "dongchangfu-2023"}
    skipped = json.loads((tmp_path / "out.jsonl.run.json").read_text(encoding="utf-8"))["skipped"]
    assert len(skipped) == 1
    assert "a-bad.txt" in skipped[0]


def test_a_format_that_is_not_told_is_asked_for(pipeline: Path, reports: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not tell the format"):
        predict_paths([str(reports)], tmp_path / "out.xyz", model=pipeline)
    predict_paths([str(reports)], tmp_path / "out.xyz", model=pipeline, format="jsonl")
    assert read_labelled(tmp_path / "out.xyz")


def test_the_command_reads_standard_input_and_writes_standard_output(
    pipeline: Path, reports: Path, baogao, tmp_path: Path
) -> None:
    text = (reports / "xishan-2018.txt").read_text(encoding="utf-8")
    done = baogao("predict", "-", "--model", pipeline, input=text, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (tmp_path / "found.jsonl").write_text(done.stdout, encoding="utf-8")
    found = read_labelled(tmp_path / "found.jsonl")
    assert {block.report for block in found} == {"stdin"}
    assert any(block.section for block in found)


def test_the_command_exits_1_when_it_kept_going_and_2_when_not(
    pipeline: Path, reports: Path, baogao, tmp_path: Path
) -> None:
    (reports / "a-bad.txt").write_bytes(b"")
    arguments = ["predict", reports, "--model", pipeline, "--output", tmp_path / "out.jsonl"]
    done = baogao(*arguments, "--keep-going")
    assert done.returncode == 1
    assert "a-bad.txt" in done.stderr
    done = baogao(*arguments)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1


def test_labels_that_people_made_are_replaced_only_with_force(pipeline: Path, make_workspace, baogao) -> None:
    workspace = make_workspace(gold=["dongchangfu-2023"], practice=[])
    gold = workspace.annotations / "gold/dongchangfu-2023.jsonl"
    before = gold.read_bytes()
    page = workspace.corpus / "reports/dongchangfu-2023.txt"
    arguments = ["predict", page, "--model", pipeline, "--output", gold]
    done = baogao(*arguments)
    assert done.returncode == 2
    assert "holds labels" in done.stderr and "--force" in done.stderr
    assert gold.read_bytes() == before
    assert baogao(*arguments, "--force").returncode == 0
    assert gold.read_bytes() != before


def test_a_folder_as_output_holds_parts_that_a_second_run_passes_over(
    pipeline: Path, reports: Path, baogao, tmp_path: Path
) -> None:
    arguments = ["predict", reports, "--model", pipeline, "--output", f"{tmp_path}/parts/"]
    for skipped in (0, len(list(reports.iterdir()))):  # so few are a part each
        done = baogao(*arguments)
        assert done.returncode == 0, done.stderr
        assert json.loads((tmp_path / "parts/_summary.json").read_text())["skipped"] == skipped


def test_labelled_blocks_can_be_written_again_as_they_are(
    pipeline: Path, reports: Path, tmp_path: Path
) -> None:
    predict_paths([str(reports)], tmp_path / "one.jsonl", model=pipeline)
    write_jsonl(tmp_path / "two.jsonl", read_labelled(tmp_path / "one.jsonl"))
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes()
