import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from baogao.errors import Findings, InputError
from baogao.models.engine import predict_many
from baogao.models.parts import find_inputs, plan

PAGE = (
    "{place}{year}年度法治政府建设情况报告\n发布时间:{year}-12-30\n"
    "{year}年,{place}制定规范性文件{n}件,群众满意。\n"
)
PARTITIONS = ds.partitioning(pa.schema([("year", pa.int32()), ("province", pa.string())]), flavor="hive")


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    folder = tmp_path / "pages"
    folder.mkdir()
    for n in range(12):
        text = PAGE.format(
            place="四川省眉山市彭山区人民政府" if n % 2 else "甲县人民政府", year=2020 + n % 3, n=n
        )
        (folder / f"report-{n:02d}.txt").write_text(text, encoding="utf-8")
    return folder


def rows(output: Path) -> list[dict]:
    table = ds.dataset(output, partitioning=PARTITIONS, ignore_prefixes=["_", "."]).to_table()
    return sorted(table.to_pylist(), key=lambda row: row["id"])


def test_every_block_is_one_row_in_the_partition_of_its_year(pages, tmp_path, tiny_pipeline):
    total = predict_many([str(pages)], str(tmp_path / "out"), model=str(tiny_pipeline), part_size=5)
    found = rows(tmp_path / "out")
    assert (total.parts, total.reports, len(found)) == (3, 12, total.rows)
    assert len({row["id"] for row in found}) == total.rows
    assert {row["year"] for row in found} == {2020, 2021, 2022}
    for row in found:
        for entity in row["entities"]:
            assert row["text"][entity["start"] : entity["end"]] == entity["text"]
    assert any(row["entities"] for row in found)


def test_two_processes_write_the_same_rows(pages, tmp_path, tiny_pipeline):
    for jobs in (1, 2):
        predict_many(
            [str(pages)], str(tmp_path / f"out{jobs}"), model=str(tiny_pipeline), part_size=3, jobs=jobs
        )
    assert rows(tmp_path / "out1") == rows(tmp_path / "out2")


def test_a_finished_part_is_not_done_again(pages, tmp_path, tiny_pipeline):
    arguments = {"model": str(tiny_pipeline), "part_size": 5}
    predict_many([str(pages)], str(tmp_path / "out"), **arguments)
    times = {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("*.parquet")}
    (tmp_path / "out/_parts/000001.json").unlink()
    total = predict_many([str(pages)], str(tmp_path / "out"), **arguments)
    assert total.skipped == 2
    again = {p for p in times if p.stat().st_mtime_ns != times[p]}
    assert again and all("part-000001" in p.name for p in again)


def test_a_run_goes_on_after_the_clock_was_set_back(pages, tmp_path, tiny_pipeline, monkeypatch):
    """What was done before the jump lies in the future: it is whole, not done again, the rest joins it."""
    arguments = {"model": str(tiny_pipeline), "part_size": 5}
    predict_many([str(pages)], str(tmp_path / "whole"), **arguments)
    bad, days = pages / "report-07.txt", 10 * 86400
    text = bad.read_bytes()
    bad.write_bytes(b"")
    now = time.time
    with monkeypatch.context() as ahead, pytest.raises(InputError):
        ahead.setattr(time, "time", lambda: now() + days)
        predict_many([str(pages)], str(tmp_path / "out"), **arguments)
    before = {p: p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()}
    for path in before:
        os.utime(path, (now() + days, now() + days))
    inodes = {p: p.stat().st_ino for p in before if "part-000000" in p.name}
    bad.write_bytes(text)
    total = predict_many([str(pages)], str(tmp_path / "out"), **arguments)
    assert (total.parts, total.skipped) == (3, 1)
    assert inodes and inodes == {p: p.stat().st_ino for p in inodes}
    assert all(p.read_bytes() == data for p, data in before.items())
    assert rows(tmp_path / "out") == rows(tmp_path / "whole")


def test_an_output_of_other_inputs_is_left_alone(pages, tmp_path, tiny_pipeline):
    predict_many([str(pages / "*0.txt")], str(tmp_path / "out"), model=str(tiny_pipeline))
    before = rows(tmp_path / "out")
    with pytest.raises(InputError, match="holds the results of other inputs"):
        predict_many([str(pages)], str(tmp_path / "out"), model=str(tiny_pipeline))
    assert rows(tmp_path / "out") == before


def test_a_bad_report_is_listed_and_the_rest_goes_on(pages, tmp_path, tiny_pipeline):
    (pages / "report-05.txt").write_bytes(b"")
    out = str(tmp_path / "out")
    with pytest.raises(InputError, match=r"report-05\.txt"):
        predict_many([str(pages)], out, model=str(tiny_pipeline))
    with pytest.raises(Findings, match="1 of 12 reports"):
        predict_many([str(pages)], out, model=str(tiny_pipeline), keep_going=True)
    summary = json.loads((tmp_path / "out/_summary.json").read_text(encoding="utf-8"))
    assert [failure["file"].rsplit("/")[-1] for failure in summary["failures"]] == ["report-05.txt"]
    assert len({row["file"] for row in rows(tmp_path / "out")}) == 11


def test_what_a_page_says_is_never_a_path(tmp_path, tiny_pipeline, monkeypatch):
    import baogao.corpus.metadata as metadata
    from baogao.corpus.metadata import read_metadata

    def hostile(page):
        about = read_metadata(page)
        about["province"] = "../../escaped"
        return about

    monkeypatch.setattr(metadata, "read_metadata", hostile)
    (tmp_path / "page.txt").write_text(PAGE.format(place="甲县", year=2020, n=1), encoding="utf-8")
    predict_many([str(tmp_path / "page.txt")], str(tmp_path / "deep/er/out"), model=str(tiny_pipeline))
    assert sorted(os.listdir(tmp_path)) == ["deep", "page.txt"] or "escaped" not in os.listdir(tmp_path)
    assert {row["province"] for row in rows(tmp_path / "deep/er/out")} == {"../../escaped"}


def test_parquet_rows_are_reports_too(tmp_path, tiny_pipeline):
    text = PAGE.format(place="甲县人民政府", year=2021, n=3)
    table = pa.table({"id": ["a", "b"], "text": [text, text.replace("3件", "4件")]})
    pq.write_table(table, tmp_path / "in.parquet", row_group_size=1)
    total = predict_many([str(tmp_path / "in.parquet")], str(tmp_path / "out"), model=str(tiny_pipeline))
    assert (total.parts, total.reports) == (2, 2)
    assert {row["report"] for row in rows(tmp_path / "out")} == {"a", "b"}


def test_inputs_are_found_once_and_in_order(pages):
    given = [str(pages / "report-0*.txt"), str(pages), str(pages / "report-03.txt")]
    urls = [item.url for item in find_inputs(given)]
    assert urls == sorted(set(urls)) and len(urls) == 12
    assert [len(part.items) for part in plan(find_inputs(given), 5)] == [5, 5, 2]
    with pytest.raises(InputError, match="no file there"):
        find_inputs([str(pages / "nothing*")])


RUN = """
import sys
from baogao.models.engine import predict_many
predict_many([sys.argv[1]], sys.argv[2], model=sys.argv[3], part_size=1)
"""


def test_a_run_killed_at_any_point_ends_as_an_undisturbed_one(pages, tmp_path, tiny_pipeline):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    for page in sorted(pages.iterdir())[6:]:
        page.unlink()
    predict_many([str(pages)], str(whole), model=str(tiny_pipeline), part_size=1)
    generator = random.Random(7)
    command = [sys.executable, "-c", RUN, str(pages), str(broken), str(tiny_pipeline)]
    kills = 0
    while kills < 20:
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        marks = broken / "_parts"
        before = len(list(marks.glob("*.json"))) if marks.exists() else 0
        # Kill some time after the next part is marked, so that each try gets further.
        while process.poll() is None:
            now = len(list(marks.glob("*.json"))) if marks.exists() else 0
            if now > before or now == 6:
                break
            time.sleep(0.002)
        time.sleep(generator.random() * 0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        kills += 1
        if len(list(marks.glob("*.json"))) == 6:
            break
    predict_many([str(pages)], str(broken), model=str(tiny_pipeline), part_size=1)
    assert rows(broken) == rows(whole)
    assert kills >= 3
    left = [p for p in broken.rglob("*") if p.name.endswith(".tmp")]
    assert all(p.name.startswith(".") for p in left)
