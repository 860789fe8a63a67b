# ruff: noqa: E501
"""A line break lost between a heading and its paragraph is set again only where the page tells."""

import pytest

from baogao.corpus.segment import segment_text

OPENING = "2023年，我县扎实推进依法行政，法治政府建设取得积极成效。现将有关情况报告如下：\n"
YEAR = "2023年，我县坚持党对法治政府建设的领导，全年召开专题会议4次。"
PARTY = "县委、县政府高度重视法治政府建设，主要负责同志带头学法，全年召开专题会议4次。"
NEXT = "二、下一步打算\n继续努力，推动法治政府建设再上新台阶。\n"


def segmented(source: str) -> list[tuple[str, str]]:
    blocks = segment_text(source, report="x")
    for block in blocks:
        found = source[block.start : block.end]
        assert found[0] == block.text[0] and found[-1] == block.text[-1]
    return [(block.kind[0], block.text) for block in blocks if block.text not in OPENING + NEXT]


@pytest.mark.parametrize(
    "space", ["\u3000\u3000", "\u2003\u2003", "    ", "\xa0\xa0\xa0\xa0", "\u3000 \u3000"]
)
def test_the_indent_of_the_paragraph_may_be_left(space):
    body = f"一、主要工作情况{space}{YEAR}\n（一）加强组织领导，压实责任{space}{PARTY}\n"
    assert segmented(OPENING + body + NEXT) == [
        ("h", "一、主要工作情况"), ("p", YEAR), ("h", "（一）加强组织领导，压实责任"), ("p", PARTY),
    ]  # fmt: skip


def test_the_indent_may_be_left_in_a_web_page_but_its_source_lines_are_no_indents():
    body = f"<p>一、主要工作情况&emsp;&emsp;{YEAR}</p><p>（一）加强\n      组织领导{PARTY}</p>"
    assert [text for _, text in segmented(f"<html><body><p>{OPENING}</p>{body}</body></html>")] == [
        "一、主要工作情况", YEAR, f"（一）加强组织领导{PARTY}",
    ]  # fmt: skip


def test_the_table_of_contents_tells_where_a_heading_ends():
    contents = "目录\n一、法治建设………1\n（一）加强组织领导………1\n二、下一步打算………3\n"
    body = f"一、法治建设{PARTY}\n（一）加强组织领导{PARTY}\n（二）加强组织领导{PARTY}\n"
    assert segmented(contents + OPENING + body + NEXT) == [
        ("h", "一、法治建设"), ("p", PARTY), ("h", "（一）加强组织领导"), ("p", PARTY), ("p", f"（二）加强组织领导{PARTY}"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "opens", [YEAR, YEAR.replace("2023年", "今年以来"), YEAR.replace("2023年", "2023年以来")]
)
def test_siblings_on_lines_of_their_own_and_an_adverbial_of_time_tell(opens):
    assert segmented(f"{OPENING}一、主要工作情况{opens}\n{NEXT}") == [("h", "一、主要工作情况"), ("p", opens)]


@pytest.mark.parametrize(
    "body",
    [
        f"（一）加强组织领导{PARTY}\n",  # nothing tells where the heading ends
        f"一、截至2023年，全县{PARTY}\n",  # no heading ends so
        f"一、主要工作情况：{YEAR}\n",  # a mark ties them
        f"（一）开展普法工作2023年，{PARTY}\n（二）健全制度。{PARTY}\n",  # siblings run in
        f"一、总\u3000\u3000则\n{PARTY}\n",
        f"一、加强领导。\u3000\u3000{PARTY}\n",
        f"一是开展普法工作\u3000\u3000{PARTY}\n",
    ],
)  # fmt: skip
def test_what_is_not_certain_stays_as_it_is(body):
    whole = [line.replace("\u3000", "") for line in body.splitlines()]
    assert [text for _, text in segmented(OPENING + body + NEXT)] == whole
