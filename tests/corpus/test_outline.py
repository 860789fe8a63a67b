# ruff: noqa: E501
"""Numbers, levels, paths and leads; broken numbers; headings without numbers; several items in one line."""

import pytest

from baogao.corpus.numbers import chinese, parse_number, write_number
from baogao.corpus.segment import segment_text

OPENING = "2023年,我局坚持依法行政,各项工作取得新进展,现将情况报告如下。\n"


def outline(body: str) -> list[tuple]:
    blocks = segment_text(OPENING + body, report="x")
    return [(b.kind[0], b.level, b.number, b.lead, len(b.path)) for b in blocks[1:]]


@pytest.mark.parametrize(
    ("text", "style", "value"),
    [
        ("一、总体", "chapter", 1), ("十二、总体", "chapter", 12), ("二十一、总体", "chapter", 21),
        ("（三）总体", "section", 3), ("( 三 )总体", "section", 3), ("㈢总体", "section", 3),
        ("1.总体", "item", 1), ("1．总体", "item", 1), ("12、总体", "item", 12), ("１．总体", "item", 1),
        ("(2)总体", "subitem", 2), ("⑵总体", "subitem", 2), ("③总体", "circle", 3), ("一是总体", "first", 1),
        ("第一,总体", "ordinal", 1), ("第三部分 总体", "part", 3), ("第二章总则", "part", 2),
    ],
)  # fmt: skip
def test_numbers_are_read(text, style, value):
    number = parse_number(text)
    assert (number.style, number.value) == (style, value)


@pytest.mark.parametrize(
    "text",
    [
        "2.5万人参加",
        "一、二、三产业协调",
        "5、6月份开展",
        "2023年,我区",
        "十分重视",
        "第一部分是",
        "一二十、",
    ],
)
def test_what_only_looks_like_a_number_is_none(text):
    assert parse_number(text) is None


def test_numbers_are_written_in_the_manner_of_the_report():
    assert [chinese(n) for n in (1, 10, 11, 20, 35)] == ["一", "十", "十一", "二十", "三十五"]
    assert write_number("section", 4, "（一）") == "（四）"
    assert write_number("item", 10, "3．") == "10．"
    assert write_number("circle", 3, "①") == "③"


def test_all_levels_with_full_and_half_width():
    body = "第一部分 工作情况\n一、组织领导\n（一）强化统筹\n1.健全机制\n(1)成立专班。全年召开会议4次,研究议题9项。\n一是抓学习。组织培训3场。\n"
    assert outline(body) == [
        ("h", 0, "第一部分", None, 0),
        ("h", 1, "一、", None, 1),
        ("h", 2, "（一）", None, 2),
        ("h", 3, "1.", None, 3),
        ("p", 4, "(1)", "成立专班", 4),
        ("p", 3, "一是", None, 4),
    ]


def test_lost_doubled_skipped_and_restarted_numbers_are_repaired():
    body = (
        "一、甲方面工作\n今年以来,我局做好甲方面的工作,成效明显。\n、乙方面工作\n今年以来,我局做好乙方面的工作。\n"
        "二、丙方面工作\n今年以来,我局做好丙方面的工作。\n六、丁方面工作\n(一)抓好学习。全年学习6次。\n二)抓好培训。培训9场。\n"
        "(二)抓好检查。检查8次。\n(一)抓好整改。整改4件。\n"
    )
    found = [number for _, _, number, _, _ in outline(body) if number]
    assert found == ["一、", "二、", "三、", "四、", "(一)", "(二)", "(三)", "(四)"]


def test_numbers_inside_a_paragraph_count():
    body = "一、工作情况\n一是抓学习。全年学习6次。二是抓培训。培训9场。\n三是抓检查。检查8次。\n是抓整改。整改4件。\n"
    assert [number for _, _, number, _, _ in outline(body)] == ["一、", "一是", "三是", "四是"]


def test_a_list_may_begin_again_after_a_paragraph():
    body = "一、情况\n一是抓学习。全年学习6次。\n二是抓培训。培训9场。\n同时,推进改革创新,主要做法如下。\n一是抓检查。检查8次。\n"
    assert [number for _, _, number, _, _ in outline(body)] == ["一、", "一是", "二是", None, "一是"]


def test_a_heading_may_end_with_a_full_stop_when_something_stands_under_it():
    body = (
        "一、主要做法。\n(一)加强领导,落实责任。\n一是抓学习。全年学习6次。\n(二)从严执法。\n(三)普法有力。\n"
    )
    assert [(kind, lead) for kind, _, _, lead, _ in outline(body)] == [
        ("h", None), ("h", None), ("p", None), ("p", "从严执法"), ("p", "普法有力"),
    ]  # fmt: skip


def test_a_lead_ends_outside_quotations():
    body = "一、情况\n(一)深化“谁执法谁普法。”责任制。全年开展活动60场。\n"
    assert outline(body)[1][3] == "深化“谁执法谁普法。”责任制"


def test_headings_without_numbers_stand_where_the_numbers_around_them_say():
    body = (
        "一、工作情况\n(一)抓学习。全年学习6次,培训9场。\n2024年工作安排\n(一)抓检查。全年检查不少于8次。\n"
    )
    assert outline(body) == [
        ("h", 1, "一、", None, 0), ("p", 2, "(一)", "抓学习", 1), ("h", 1, None, None, 0), ("p", 2, "(一)", "抓检查", 1),
    ]  # fmt: skip


def test_items_that_share_a_line_are_taken_apart():
    body = "一、工作情况 (一)抓学习。全年学习6次。(二)抓培训。培训9场,其中(一)期3场。二、下步打算\n"
    blocks = segment_text(OPENING + body, report="x")[1:]
    assert [b.text for b in blocks] == [
        "一、工作情况", "(一)抓学习。全年学习6次。", "(二)抓培训。培训9场,其中(一)期3场。", "二、下步打算",
    ]  # fmt: skip


def test_a_broken_paragraph_is_joined():
    body = "一、工作情况\n全年组织学习,\n\n开展培训《行政\n处罚法》9场,成效明显。\n"
    assert (
        segment_text(OPENING + body, report="x")[2].text
        == "全年组织学习,开展培训《行政处罚法》9场,成效明显。"
    )
