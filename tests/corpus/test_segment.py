"""The blocks of the five reference reports, and what `baogao corpus segment` says to bad input."""

from pathlib import Path

import msgspec
import pytest

from baogao.corpus.segment import segment_file, segment_files, segment_text, segment_workspace
from baogao.errors import InputError
from baogao.records import Block, Report, read_blocks, write_jsonl
from baogao.workspace import Workspace

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


@pytest.fixture
def workspace(tmp_path):
    reports = tmp_path / "corpus" / "reports"
    reports.mkdir(parents=True)
    for name in ("a", "b", "c"):
        (reports / f"{name}.txt").write_text(f"一、总体情况\n{name}局完成了全部任务。", encoding="utf-8")
    write_jsonl(
        tmp_path / "corpus" / "manifest.jsonl", [Report(id=n, file=f"reports/{n}.txt") for n in "abc"]
    )
    return Workspace(tmp_path)


def test_a_workspace_gives_the_same_bytes_with_any_number_of_processes(workspace):
    one = [path.read_bytes() for path in segment_workspace(workspace, jobs=1)]
    paths = segment_workspace(workspace, jobs=2)
    assert [path.read_bytes() for path in paths] == one
    assert [path.name for path in paths] == ["a.jsonl", "b.jsonl", "c.jsonl"]
    assert [block.text for block in read_blocks(paths[0])] == ["一、总体情况", "a局完成了全部任务。"]


def test_one_bad_report_leaves_the_blocks_as_they_were(workspace):
    before = {path.name: path.read_bytes() for path in segment_workspace(workspace)}
    (workspace.corpus / "reports" / "b.txt").write_bytes(b"")
    with pytest.raises(InputError, match="b.txt.*is empty"):
        segment_workspace(workspace)
    assert {path.name: path.read_bytes() for path in (workspace.corpus / "blocks").iterdir()} == before


@pytest.mark.parametrize("file", ["../../outside.txt", "reports/link.txt"])
def test_a_report_outside_the_workspace_is_refused(workspace, tmp_path_factory, file):
    outside = tmp_path_factory.mktemp("elsewhere") / "outside.txt"
    outside.write_text("秘密文件的内容,不应当被读取。", encoding="utf-8")
    (workspace.corpus / "reports" / "link.txt").symlink_to(outside)
    write_jsonl(workspace.corpus / "manifest.jsonl", [Report(id="x", file=file)])
    with pytest.raises(InputError, match="out of the corpus folder|outside the workspace"):
        segment_workspace(workspace)


PAGES = sorted(path.stem for path in (Path(__file__).parent / "pages").glob("*.jsonl"))


@pytest.mark.parametrize("page", PAGES)
def test_fixture_pages_give_their_blocks(page):
    folder = Path(__file__).parent / "pages"
    found = segment_file(folder / f"{page}.txt")
    assert [msgspec.to_builtins(b) for b in found] == [
        msgspec.to_builtins(b) for b in read_blocks(folder / f"{page}.jsonl")
    ]
