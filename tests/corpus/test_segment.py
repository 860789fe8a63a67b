"""The blocks of the five reference reports, and what `baogao corpus segment` says to bad input."""

from pathlib import Path

import msgspec
import pytest

from baogao.corpus.segment import segment_file, segment_files, segment_text
from baogao.errors import InputError
from baogao.records import Block, read_blocks

ROOT = Path(__file__).parents[2]
REPORTS = sorted(path.stem for path in (ROOT / "annotations" / "gold").glob("*.jsonl"))


@pytest.mark.parametrize("report", REPORTS)
def test_blocks_are_exactly_those_of_gold(report):
    gold = read_blocks(ROOT / "annotations" / "gold" / f"{report}.jsonl")
    found = segment_file(ROOT / "corpus" / "reports" / f"{report}.txt")
    assert [msgspec.to_builtins(block) for block in found] == [msgspec.to_builtins(block) for block in gold]


def test_a_report_without_headings_is_paragraphs():
    first = "2023年,我局认真落实法治政府建设各项任务,较好完成全年目标。"
    second = "下一步,我局将继续努力,不断提高依法行政水平。"
    blocks = segment_text(f"{first}\n\n{second}\n", report="plain")
    assert [(b.kind, b.text, b.path) for b in blocks] == [("paragraph", first, []), ("paragraph", second, [])]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b" \n\t\r\n", "is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\0\0\0\1\0\x08\6\0\0\0" + bytes(range(256)) * 4, "not text"),
        ("报告\0正文。".encode() * 20, "control character"),
    ],
)
def test_bad_files_are_named(tmp_path, data, says):
    path = tmp_path / "bad.txt"
    path.write_bytes(data)
    with pytest.raises(InputError, match=says) as caught:
        segment_file(path)
    assert str(path) in str(caught.value)
    assert caught.value.todo


def test_two_files_of_one_name_are_refused(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.txt").write_text("2023年,我局完成了全部任务。", encoding="utf-8")
    with pytest.raises(InputError, match="report id 'x'"):
        list(segment_files([tmp_path / "a" / "x.txt", tmp_path / "b" / "x.txt"]))


def test_offsets_cover_the_text_of_an_unscrambled_block():
    source = "标题\n\n  一、总体情况\n  2023年,全 区推进。\n"
    blocks = segment_text(source, report="x")
    assert isinstance(blocks[0], Block)
    assert [source[b.start : b.end] for b in blocks] == ["一、总体情况", "2023年,全 区推进。"]
    assert blocks[1].text == "2023年,全区推进。"
