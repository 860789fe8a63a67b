"""Documents: parts, kinds, and mentions that meet."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baogao.models.documents import read_document


@pytest.mark.parametrize(
    ("text", "title", "numbers", "year", "kind"),
    [
        (
            "《市场监管总局等部门关于开展政策措施清理工作的通知》(国市监竞协发〔2023〕53号)",
            "市场监管总局等部门关于开展政策措施清理工作的通知", ["国市监竞协发〔2023〕53号"], 2023, "notice",
        ),
        (
            "《关于加强合法性审查工作的意见》（矿政办发[2022]14号、矿司发〔2022〕9号）",
            "关于加强合法性审查工作的意见", ["矿政办发〔2022〕14号", "矿司发〔2022〕9号"], 2022, "opinion",
        ),
        ("《决策暂行条例》（国务院令第713号）", "决策暂行条例", ["国务院令第713号"], None, "regulation"),
        ("“八五”普法规划", "“八五”普法规划", [], None, "plan"),
        ("民法典", "民法典", [], None, "law"),
        ("《锡山区行政执法公示办法(试行)》", "锡山区行政执法公示办法(试行)", [], None, "rule"),
        ("《彭山区许可事项清单(2023年版)》", "彭山区许可事项清单(2023年版)", [], 2023, "list"),
        ("党的十九大报告", "党的十九大报告", [], None, "report"),
        ("《远离校园暴力》", "远离校园暴力", [], None, "other"),
        ("《关于印发〈A市B办法〉的通知》", "关于印发〈A市B办法〉的通知", [], None, "notice"),
        ("公司法", "公司法", [], None, "law"),
        ("《四川省行政规范性文件管理办法》", "四川省行政规范性文件管理办法", [], None, "rule"),
    ],
)  # fmt: skip
def test_parts_of_a_document(text, title, numbers, year, kind):
    got = read_document(text)
    assert (got.title, got.numbers, got.year, got.kind) == (title, numbers, year, kind)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("《行政复议法》", "行政复议法"),
        ("《中华人民共和国行政复议法》", "新修订的行政复议法"),
        ("《“八五”普法规划》", "“八五”普法规划"),
        ("《法治政府建设实施纲要(2021—2025年)》", "《法治政府建设实施纲要（2021-2025年）》"),
        ("《国务院办公厅关于加强行政应诉工作的意见》(国办发〔2016〕54号)", "《关于加强行政应诉工作的意见》"),
        ("《A办法(试行)》", "《A办法》"),
        ("《临河区贯彻<X纲要>实施方案》", "《临河区贯彻〈X纲要〉实施方案》"),
    ],
)  # fmt: skip
def test_two_mentions_of_one_document_meet(one, other):
    assert read_document(one).normal == read_document(other).normal


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("《A清单(2022年版)》", "《A清单(2023年版)》"),
        ("《关于印发〈A办法〉的通知》", "《A办法》"),
        ("《四川省安全生产条例》", "《无锡市安全生产条例》"),
    ],
)  # fmt: skip
def test_different_documents_stay_apart(one, other):
    assert read_document(one).normal != read_document(other).normal


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text("《》()〔〕号令第2023关于的通知法 ", max_size=24), st.text(max_size=24)))
def test_any_text_gives_a_document(text):
    document = read_document(text)
    assert document.year is None or 1900 <= document.year < 2100
