# ruff: noqa: E501
"""Pages that a reader wrote without sight of the rules, reduced to what went wrong with each; since mended, so
no longer unseen."""

import pytest

from baogao.corpus.segment import segment_text

OPENING = "2023年，我区扎实推进依法行政，法治政府建设取得新成效。现将有关情况报告如下："
DONE = "全年办理行政复议案件86件，审结79件，纠错率11.4%，群众满意度明显提升。"
NEXT = "聚焦重点领域，持续强化执法监督，依法行政能力明显增强。"
REPORT = [OPENING, "一、主要做法", DONE, "二、下步打算", NEXT]
TITLE = "东山区2023年法治政府建设年度报告"
SIGNED = ["东山镇人民政府", "2024年1月20日"]


def texts(*lines: str) -> list[str]:
    return [block.text for block in segment_text("\n".join(lines), report="x")]


def kinds(*lines: str) -> str:
    return "".join(block.kind[0] for block in segment_text("\n".join(lines), report="x"))


@pytest.mark.parametrize(
    "notice",
    [
        [
            "各镇人民政府，区政府各部门：",
            f"现将《{TITLE}》印发给你们。",
            "东山区人民政府办公室",
            "2024年1月20日",
            "附件",
            TITLE,
        ],
        [
            "各镇人民政府，区政府各部门：",
            f"《{TITLE}》已经区政府同意，现印发给你们，请认真贯彻执行。",
            "东山区人民政府办公室",
            "2024年1月20日",
            TITLE,
        ],
        ["热烈祝贺党的二十大胜利召开！", "首页 新闻 公开", TITLE, "发布时间：2024-01-20 来源：区司法局"],
        [
            "坚持以习近平法治思想为引领，全面推进依法行政，加快建设法治政府",
            f"——{TITLE}",
            "发布时间：2024-01-20",
        ],
        [TITLE, "本文共计3215字，预计阅读时间9分钟。"],
        [TITLE, "【导语】过去一年，东山区法治政府建设迈上新台阶，这份报告值得一读。"],
    ],
)
def test_what_stands_before_the_report_is_no_part_of_it(notice):
    assert texts(*notice, *REPORT) == REPORT


@pytest.mark.parametrize(
    "opening",
    [
        ["区司法局：", "现将我镇2023年工作报告如下："],
        ["现将沿河县市场监督管理局2023年度法治政府建设情况报告如下："],
        ["市法治办：", OPENING],
    ],
)
def test_a_short_opening_is_kept_with_its_salutation(opening):
    assert texts("东山镇2023年法治政府建设报告", "发布时间：2024-01-20", *opening, *REPORT[1:]) == [
        *opening,
        *REPORT[1:],
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("1、主要做法", "2、存在问题"),
        ("（1）主要做法", "（2）存在问题"),
        ("【主要做法】", "【存在问题】"),
        ("主要做法", "存在问题"),
    ],
)
def test_a_heading_that_the_report_begins_with_is_kept(first, second):
    lines = [first, DONE, second, NEXT]
    assert texts("东山镇2023年法治政府建设报告", "发布时间：2024-01-20", *lines) == lines
    assert kinds("东山镇2023年法治政府建设报告", "发布时间：2024-01-20", *lines) == "hphp"


@pytest.mark.parametrize(
    "furniture", ["分享到：", "扫一扫分享", "打印", "相关链接", "附件下载", "责任编辑：张三"]
)
def test_furniture_in_the_middle_costs_no_chapter_behind_it(furniture):
    assert texts(*REPORT[:3], furniture, *REPORT[3:]) == REPORT


@pytest.mark.parametrize(
    "tail",
    [
        ["END", "来源 | 区司法局", "编辑 | 王小丽", "往期推荐", "最新！这些路段将实施交通管制"],
        ["特别声明", "本文为作者上传并发布，仅代表该作者观点，本平台仅提供信息发布服务。" + NEXT * 3],
        ["平台声明：该文观点仅代表作者本人，本平台仅提供信息存储服务。"],
        ["声明：本文仅代表作者本人观点，与本平台无关。"],
        ["Notice: The content above, including the pictures if any, is uploaded and posted by a user."],
        ["您觉得这篇文章对您是否有帮助？", "有帮助", "没帮助"],
        ["我是小东，您可以问我：", "公积金怎么提取？"],
    ],
)
def test_the_tail_of_a_copy_is_dropped(tail):
    assert texts(*REPORT, *tail) == REPORT


def test_what_a_copy_glues_to_the_last_sentence_is_dropped():
    assert texts(*REPORT[:-1], NEXT + "返回首页，查看更多") == REPORT


@pytest.mark.parametrize("end", ["特此报告", "专此报告", "以上报告，请审阅"])
def test_a_closing_formula_without_a_stop_is_kept_with_the_signature_below_it(end):
    assert texts(*REPORT, end, *SIGNED) == [*REPORT, end, *SIGNED]
    assert kinds(*REPORT, end, *SIGNED)[-3:] == "pcc"


@pytest.mark.parametrize("attachments", [["附件：1.2023年统计表", "2.2023年目录"], ["附件：统计表", "目录"]])
def test_the_signature_behind_a_list_of_attachments_is_kept(attachments):
    assert texts(*REPORT, *attachments, *SIGNED) == [*REPORT, *SIGNED]


@pytest.mark.parametrize(
    "signature",
    [
        ["东山农场", "2024年1月20日"], ["东山区供销社", "2024年1月20日"], ["东山镇人民政府", "2024年元月20日"],
        ["东山镇人民政府", "2024年1月20号"], ["东山镇人民政府", "２０２４年１月２０日"], ["东山镇人民政府", "2024年1月"],
    ],
)  # fmt: skip
def test_signatures_of_any_name_and_dates_of_any_form(signature):
    assert texts(*REPORT, *signature) == [*REPORT, *signature]
    assert kinds(*REPORT, *signature)[-2:] == "cc"


def test_cells_of_a_table_one_a_line_are_no_menu_and_cost_no_opening():
    cells = ["类别", "受理", "办结", "许可", "12", "11", "处罚", "8", "8"]
    assert texts(OPENING, *cells, *REPORT[1:])[0] == OPENING
    assert texts(OPENING, *cells, *REPORT[1:])[-4:] == REPORT[1:]


@pytest.mark.parametrize("break_", [["", "- 2 -", ""], ["- 2 -"], ["", "第2页 共9页", ""]])
def test_a_page_number_in_a_paragraph_does_not_break_it(break_):
    assert texts(OPENING, "一、主要做法", DONE[:21], *break_, DONE[21:], *REPORT[3:]) == REPORT
    assert texts(OPENING, "一、主要做法", *break_, DONE, *REPORT[3:]) == REPORT  # a heading stays by itself


def test_lines_of_cells_that_tabs_part_are_rows_and_numbered_ones_are_not():
    rows = ["类别\t受理\t办结", "许可\t12\t11", "合计\t20\t19"]
    assert texts(*REPORT[:3], *rows, *REPORT[3:]) == [
        *REPORT[:3], "类别 受理 办结", "许可 12 11", "合计 20 19", *REPORT[3:],
    ]  # fmt: skip
    assert kinds(*REPORT[:3], *rows, *REPORT[3:]) == "phpppphp"
    items = ["1.\t组织领导到位", "2.\t制度建设到位"]
    assert texts(*REPORT[:2], *items, *REPORT[3:])[2:4] == ["1.组织领导到位", "2.制度建设到位"]


def test_a_chapter_ends_before_its_first_point():
    assert texts(OPENING, "一、主要做法", DONE, "二、存在的问题一是力量不足。二是手段不多。", "三、下步打算", NEXT) == [
        OPENING, "一、主要做法", DONE, "二、存在的问题", "一是力量不足。二是手段不多。", "三、下步打算", NEXT,
    ]  # fmt: skip


def test_ascii_stops_end_sentences():
    lines = [
        "2022年,我局严格依法行政,各项工作取得新成效.", "一.组织领导", "1)梳理权责事项214项,其中行政许可18项.",
        "2)动态调整事项9项.", "二.下步打算", "我局将加大工作力度,确保各项任务落到实处.",
    ]  # fmt: skip
    assert texts(*lines) == lines and kinds(*lines) == "phpphp"


def test_a_number_before_a_year_is_a_number():
    blocks = segment_text(
        "\n".join([OPENING, "1.2023年工作情况", DONE, "2.2024年工作安排", NEXT]), report="x"
    )
    assert [block.number for block in blocks] == [None, "1.", None, "2.", None]
    blocks = segment_text(
        "\n".join([OPENING, "一.2023年工作情况", DONE, "二.2024年工作安排", NEXT]), report="x"
    )
    assert [block.number for block in blocks] == [None, "一.", None, "二.", None]


@pytest.mark.parametrize(
    "line", ["图为开展普法宣传活动现场", "（图为普法现场）", "△普法宣传活动现场", "2", "处罚 8 8"]
)
def test_captions_and_figures_are_no_headings(line):
    assert kinds(*REPORT[:3], line, *REPORT[3:])[:5] == "phpph"


def test_items_above_sections_nest_as_they_stand():
    lines = [
        OPENING,
        "1、工作情况",
        "（一）组织领导",
        DONE,
        "（二）制度建设",
        NEXT,
        "2、下步打算",
        "（一）抓学习",
        DONE,
    ]
    blocks = segment_text("\n".join(lines), report="x")
    assert [(block.number, block.path) for block in blocks if block.kind == "heading"] == [
        ("1、", []), ("（一）", ["1、工作情况"]), ("（二）", ["1、工作情况"]), ("2、", []), ("（一）", ["2、下步打算"]),
    ]  # fmt: skip


def test_a_chapter_may_have_a_long_heading():
    heading = "一、坚持以习近平新时代中国特色社会主义思想为指导，深入学习贯彻习近平法治思想，切实把党的领导贯穿到法治政府建设全过程和各方面各环节"
    assert kinds(OPENING, heading, DONE, "二、下步打算", NEXT) == "phphp"


def test_half_brackets_all_through_are_the_manner_of_the_report():
    lines = [OPENING, "一）主要做法", DONE, "二）下步打算", NEXT]
    blocks = segment_text("\n".join(lines), report="x")
    assert [(block.kind[0], block.number) for block in blocks] == [
        ("p", None), ("h", "一）"), ("p", None), ("h", "二）"), ("p", None),
    ]  # fmt: skip


def test_footnotes_below_the_last_paragraph_are_dropped():
    notes = [
        "[1] “三项制度”指行政执法公示、全过程记录、重大执法决定法制审核。",
        "[2] 数据截至2023年12月底，由区司法局统计。",
    ]
    assert texts(*REPORT[:-1], NEXT[:-1] + "[1]。", *notes) == [*REPORT[:-1], NEXT[:-1] + "[1]。"]


def test_spaces_written_as_entities_are_spaces():
    lines = [f"&nbsp;&nbsp;&nbsp;&nbsp;{line}" for line in REPORT]
    assert texts(TITLE, *lines) == REPORT
