# ruff: noqa: E501
"""Reports come into a workspace whole, described, once, or not at all."""

from pathlib import Path

import pytest

from baogao.corpus.add import add_reports
from baogao.corpus.duplicates import near_duplicates, shingles, similarity
from baogao.corpus.metadata import read_metadata
from baogao.corpus.page import page_of_text
from baogao.corpus.segment import page_blocks
from baogao.corpus.show import outline_tree, source_table
from baogao.errors import InputError
from baogao.workspace import Workspace

ROOT = Path(__file__).parents[2]
BODY = "2023年,溪桥县坚持依法行政,各项工作取得新进展。\n一、主要成效\n(一)抓学习。全年组织集中学习6次,培训干部420人次。\n二、下步打算\n继续努力。\n"
PAGE = (
    "首页 > 政务公开\n溪桥县人民政府2023年度法治政府建设情况报告\n发布时间:2024-01-22 浏览次数:13\n\n"
    + BODY
    + "溪桥县人民政府\n2024年1月18日\n主办:溪桥县人民政府办公室\n浙ICP备05000001号-1\n"
)


@pytest.fixture
def workspace(tmp_path):
    root = tmp_path / "workspace"
    (root / "annotations").mkdir(parents=True)
    return Workspace(root)


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "in" / "溪桥 2023.txt"
    path.parent.mkdir()
    path.write_bytes(PAGE.encode("gb18030"))
    return path


def test_a_report_is_copied_unchanged_and_described(workspace, page):
    added = add_reports(workspace, [page])
    (report,) = workspace.reports()
    assert added.reports == [report]
    assert (report.id, report.file) == ("溪桥-2023", "reports/溪桥-2023.txt")
    assert (workspace.corpus / report.file).read_bytes() == page.read_bytes()
    assert report.title == "溪桥县人民政府2023年度法治政府建设情况报告"
    assert (report.issuer, report.level, report.province) == ("溪桥县人民政府", "county", "浙江省")
    assert (report.year, report.published, len(report.sha256)) == (2023, "2024-01-22", 64)


def test_a_law_firm_of_elsewhere_does_not_say_where_the_report_is_from(workspace, tmp_path):
    page = tmp_path / "云溪镇.txt"
    body = "2023年，镇政府聘请北京市天元（临江）律师事务所律师担任法律顾问，审查合同12件。"
    page.write_text(f"云溪镇人民政府2023年法治政府建设情况报告\n{body}\n", encoding="utf-8")
    (report,) = add_reports(workspace, [page]).reports
    assert report.province is None


def test_the_same_file_is_refused_and_nothing_is_added(workspace, page):
    add_reports(workspace, [page])
    other = page.with_name("new.txt")
    other.write_text(PAGE.replace("420", "421"), encoding="utf-8")
    with pytest.raises(InputError, match="same file as report 溪桥-2023"):
        add_reports(workspace, [other, page])
    assert [report.id for report in workspace.reports()] == ["溪桥-2023"]
    assert len(list((workspace.corpus / "reports").iterdir())) == 1


def test_keep_going_skips_and_lists_and_says_which_are_alike(workspace, page):
    add_reports(workspace, [page])
    (page.parent / "copy.html").write_text(
        f"<html><body><pre>{PAGE.replace('420', '421')}</pre></body></html>", encoding="utf-8"
    )
    (page.parent / "empty.txt").touch()
    (page.parent / "note.md").write_text("no report", encoding="utf-8")
    added = add_reports(workspace, [page.parent], keep_going=True, jobs=2)
    assert [report.id for report in added.reports] == ["copy"]
    assert sorted(error.what for error in added.skipped) == [
        "is empty",
        "is the same file as report 溪桥-2023",
    ]
    (pair,) = added.alike
    assert pair[:2] == ("copy", "溪桥-2023")
    assert 0.6 < pair[2] < 1


def test_a_name_with_line_breaks_and_a_taken_id_give_plain_names(workspace, page):
    add_reports(workspace, [page])
    bad = page.parent / "溪桥\n2023.txt"
    bad.write_text(PAGE.replace("420", "77"), encoding="utf-8")
    add_reports(workspace, [bad])
    assert [report.file for report in workspace.reports()] == [
        "reports/溪桥-2023.txt",
        "reports/溪桥-2023-2.txt",
    ]


def test_links_out_of_a_folder_are_refused(workspace, page, tmp_path):
    folder = tmp_path / "links"
    folder.mkdir()
    (folder / "x.txt").symlink_to(page)
    with pytest.raises(InputError, match="leads out of the folder"):
        add_reports(workspace, [folder])


def test_a_file_that_changes_while_it_is_read_is_refused(workspace, page, monkeypatch):
    states = iter([(1, 1), (2, 2)])
    monkeypatch.setattr("baogao.corpus.add._state", lambda path: next(states))
    with pytest.raises(InputError, match="changed while it was read"):
        add_reports(workspace, [page])
    assert not workspace.reports()


def test_an_empty_folder_and_a_missing_file_are_named(workspace, tmp_path):
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match="holds no report files"):
        add_reports(workspace, [tmp_path / "none"])
    with pytest.raises(InputError, match="No such file"):
        add_reports(workspace, [tmp_path / "missing.txt"])
    assert not (workspace.corpus / "manifest.jsonl").exists()


def test_metadata_of_the_reference_reports_agrees_with_their_manifest():
    """The manifest was written by hand; only what the page itself says is asked for."""
    for report in Workspace(ROOT).reports():
        page = page_of_text((ROOT / "corpus" / report.file).read_text(encoding="utf-8"))
        found = read_metadata(page)
        assert found["year"] == report.year
        assert found["published"] == report.published
        assert found["title"] is None or found["title"] == "".join(report.title.split())
        assert found["province"] in (report.province, None)


def test_similarity_is_of_shared_shingles():
    one, two = shingles("甲乙丙丁戊己"), shingles("甲乙丙丁戊庚")
    assert (len(one), len(two)) == (2, 2)
    assert similarity(one, two) == pytest.approx(1 / 3)
    assert similarity(one, shingles("甲乙 丙丁\n戊己")) == 1


def test_near_duplicates_are_found_among_others():
    base = [
        f"第{i}个镇{'开展法治宣传活动' * (i % 7 + 1)}{i * 37}场次受教育群众{i * 91}人次" for i in range(300)
    ]
    long = "".join(base[:30])
    texts = [*enumerate(base), (1000, long), (1001, long.replace("第3个", "第三个"))]
    found = {(pair.key, pair.other) for pair in near_duplicates(texts)}
    assert (1001, 1000) in found


def test_show_names_headings_counts_and_what_was_dropped():
    from rich.console import Console

    page = page_of_text(PAGE)
    blocks = page_blocks(page, report="x")
    console = Console(width=200, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(outline_tree("[x]", blocks))
    console.print(source_table(page, blocks))
    text = console.export_text()
    assert "[x]  1" in text
    assert "一、主要成效  1" in text
    assert "2 headings, 3 paragraphs, 2 closing lines" in text
    assert "dropped: after the report" in text
