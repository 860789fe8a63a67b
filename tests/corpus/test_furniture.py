# ruff: noqa: E501
"""Lines of the page are told from lines of the report, glued ones too, and no line makes a pattern slow."""

import time

import pytest

from baogao.corpus import furniture
from baogao.corpus.segment import segment_text

BODY = "2023年,我县坚持依法行政,法治政府建设取得新进展,为发展提供了保障。"


@pytest.mark.parametrize(
    "line",
    [
        "发布时间:2024-03-29 发文机构:区政府办", "发布日期:2024年3月29日 10:20 来源:县司法局 浏览次数:1203",
        "【字体:大 中 小】 打印 关闭", "字号:[大][中][小]", "分享到: 微信 微博 QQ空间", "2024-01-05 09:12:33",
        "作者:张三 责任编辑:李四", "A- A A+", "点击数:[ 312 ]", "我要打印 | 关闭窗口", "阅读 431",
    ],
)  # fmt: skip
def test_widgets(line):
    assert furniture.is_widgets(line)


@pytest.mark.parametrize(
    "line",
    [
        "上一篇:关于召开会议的通知", "下一条:没有了", "相关链接:", "附件1:统计表.xlsx", "扫一扫在手机打开当前页",
        "主办单位:县人民政府办公室", "版权所有 县人民政府", "蜀ICP备19026839号-1", "川公网安备51142202000001号",
        "网站标识码:5114220003", "本页面执行时间为0.04秒", "联系电话:028-37603556", "网站地图|联系我们",
        "市政府门户网站提醒您:", "Copyright © 2020", "您是第 128 位访问者", "责任编辑:王五", "友情链接", "返回顶部",
    ],
)  # fmt: skip
def test_tails(line):
    assert furniture.is_tail(line)


@pytest.mark.parametrize(
    "line",
    [
        "打印执法文书1200份,分享经验做法6次。", "附件化管理台账", "下一步,我县将继续努力。", "主办法治讲座12场。",
        "联系群众机制不断健全。", "来源于群众的意见得到采纳。", "时间紧、任务重。", "关闭污染企业3家。", "编辑普法读物2册。",
        "二、存在问题", "相关部门协同配合。", "收藏馆设立法治展厅1个。", "微信公众号推送信息96条。",
    ],
)  # fmt: skip
def test_sentences_of_a_report_are_no_furniture(line):
    assert not furniture.is_widgets(line)
    assert not furniture.is_tail(line)
    assert not furniture.is_page_line(line)


@pytest.mark.parametrize(
    "glued",
    [
        "字号: 大 中 小" + BODY, "【字体:大 中 小】" + BODY, "发布时间:2024-01-05 来源:县司法局 字号:大 中 小 " + BODY,
        BODY + "打印 关闭", BODY + " 【打印本页】 【关闭窗口】", BODY + "扫一扫在手机打开当前页", BODY + "(责任编辑:张三)",
        BODY + " 上一篇:通知 下一篇:公告", BODY + "分享到:微信 微博", BODY + "版权所有:县人民政府 蜀ICP备19026839号-1",
    ],
)  # fmt: skip
def test_glued_furniture_is_cut_off(glued):
    assert [block.text for block in segment_text(glued, report="x")] == [BODY]


def test_a_signature_glued_to_the_last_sentence_is_closing():
    source = BODY + "柳荫乡人民政府 2023年12月30日 打印 关闭"
    blocks = segment_text(source, report="x")
    assert [(b.kind, b.text) for b in blocks] == [
        ("paragraph", BODY), ("closing", "柳荫乡人民政府"), ("closing", "2023年12月30日"),
    ]  # fmt: skip
    assert [source[b.start : b.end] for b in blocks] == [b.text for b in blocks]


def test_a_notice_that_issues_the_report_is_not_the_report():
    source = (
        "关于公布法治政府建设情况报告的公告\n根据有关规定,现将《2023年度法治政府建设情况报告》予以公布。\n溪桥县人民政府\n"
        f"2024年1月5日\n溪桥县2023年度法治政府建设情况报告\n{BODY}\n一、工作情况\n全年学习6次,成效明显。\n"
    )
    assert [b.text for b in segment_text(source, report="x")] == [
        BODY,
        "一、工作情况",
        "全年学习6次,成效明显。",
    ]


def test_title_and_widgets_in_the_line_of_the_first_sentence_are_cut_off():
    source = f"溪桥县2023年度法治政府建设报告 发布时间:2024-01-05 来源:县司法局 浏览:123次 {BODY}"
    assert [b.text for b in segment_text(source, report="x")] == [BODY]


def test_a_menu_inside_the_page_is_dropped():
    menu = "\n".join(
        [
            "首页导航",
            "机构职能",
            "政策法规",
            "通知公告",
            "工作动态",
            "财政预算",
            "人事任免",
            "公开年报",
            "依申请公开",
        ]
    )
    source = f"{BODY}\n一、工作情况\n全年学习6次,成效明显。\n{menu}\n二、下步打算\n继续努力,再创佳绩。\n"
    assert [b.text for b in segment_text(source, report="x")] == [
        BODY, "一、工作情况", "全年学习6次,成效明显。", "二、下步打算", "继续努力,再创佳绩。",
    ]  # fmt: skip


def test_a_table_of_contents_and_a_summary_are_not_the_report():
    page = f"目 录\n一、工作情况 …… 1\n二、下步打算 …… 3\n\n内容概述:\n{BODY}\n标题:报告\n{BODY}\n一、工作情况\n全年学习6次。\n二、下步打算\n继续努力,再创佳绩。\n"
    kinds = [block.text for block in segment_text(page, report="x")]
    assert kinds == [BODY, "一、工作情况", "全年学习6次。", "二、下步打算", "继续努力,再创佳绩。"]


@pytest.mark.parametrize(
    "unit",
    [
        "大中小", "分享微信微博", "打印 ", "来源:", "字号:大 ", "2024-01-05 ", "【", "(一", "一、", "?,F(xiàn)", "區(qū)", "?guī)",
        " ", "\u3000", ">", "首页>", "第一", "“", "(", "。(二)", "a", "标识码", "1.", "<", "<a ", "&", "是", ",", "电话",
        "县人民政府", "--", "年",
    ],
)  # fmt: skip
def test_no_line_is_slow(unit):
    started = time.process_time()
    for text in (unit * 4_000, unit * 4_000 + "。", BODY + unit * 4_000, (unit * 40 + "\n") * 100):
        segment_text(text, report="x")
    assert time.process_time() - started < 30  # hours where a pattern backtracks, else a second or two
