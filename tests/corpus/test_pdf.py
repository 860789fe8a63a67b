# ruff: noqa: E501
"""Paragraphs of a PDF that only a larger gap sets apart, without any indent."""

import sys
from pathlib import Path

import pytest

from baogao.corpus.page import make_page
from baogao.corpus.segment import page_blocks

sys.path.insert(0, str(Path(__file__).parent))
from make_pdf import SIZE, make_pdf, set_pages, width

WIDE = 30  # characters a line

OPENING = "2023年，在市委、市政府的坚强领导下，我区扎实推进依法行政，法治政府建设取得积极成效。现将有关情况报告如下："
# Set in lines of 30 characters: the last line is full; a number begins the second line; the last line is as
# long as the number; a number that cannot be broken leaves the line before it short.
FULL = "区政府常务会议先后多次研究法治政府建设工作，审议规范性文件，制定要点，逐项落实责任单位和完成时限，每季度通报进展情况。"
SERIES = "（二）从严规范执法。一是落实行政执法三项制度、公开处罚决定。二是加强执法人员培训，组织资格考试，合格率居全市前列。"
SHORT_END = "一是加强学习。全年组织集中学法六次，培训执法人员，法治意识提高。"
NUMBER = "持续优化营商环境，全年共为企业办理退税减税降费金额1234567.89元，政务服务事项网上办理率居全市第一。"
NEXT = "下一步，将持续完善依法行政制度体系，严格规范公正文明执法，推动法治政府建设再上新台阶。"
CLOSING = ["北仓区人民政府", "2024年1月5日"]


def wrapped(text: str) -> list[str]:
    """Lines of a paragraph as Word breaks them: no number is broken, no mark begins a line."""
    lines, line = [], ""
    rest = text
    while rest:
        end = 1
        while end < len(rest) and rest[end - 1].isascii() and rest[end].isascii():
            end += 1
        word, rest = rest[:end], rest[end:]
        over = width(line + word) > WIDE * SIZE
        if over and word not in "，。：、":
            lines.append(line)
            line = word
        else:
            line += word
    return [*lines, line]


def segmented(paragraphs: list[list[str]], pitch: float, gap: float):
    page = make_page(make_pdf(set_pages(paragraphs, pitch=pitch, gap=gap)), file="x.pdf")
    return page, page_blocks(page, report="x")


@pytest.mark.parametrize(("pitch", "gap"), [(21, 4), (21, 9), (28, 6), (16, 12)])
@pytest.mark.parametrize(
    "texts",
    [
        [OPENING, "一、主要工作情况", FULL, SERIES, SHORT_END, NUMBER, FULL, "二、下一步打算", NEXT],
        # Most paragraphs are one line, so most distances are gaps.
        [OPENING, "一、主要工作情况", "（一）加强组织领导", "制定年度工作要点。", "（二）规范行政决策", "审议规范性文件。", "二、下一步打算", NEXT],
        # Without SERIES: where a page ends before its 二是, nothing tells that it is no paragraph.
        [OPENING, "一、主要工作情况", *[FULL, SHORT_END, NUMBER] * 8, "二、下一步打算", NEXT],
    ],
    ids=["marks", "short", "pages"],
)  # fmt: skip
def test_a_larger_gap_parts_paragraphs(texts, pitch, gap):
    page, blocks = segmented([wrapped(text) for text in [*texts, *CLOSING]], pitch, gap)
    assert [block.text for block in blocks] == [*texts, *CLOSING]
    for block in blocks:
        assert page.source[block.start : block.end].replace("\n", "") == block.text


def test_a_row_of_a_table_has_its_cells_apart():
    lines = set_pages([[OPENING[:26]], [OPENING[26:]], ["一、机构情况"], ["机构"], [NEXT]], pitch=21, gap=0)
    lines[0].append((240, lines[0][3][1], "数量"))
    lines[0].sort(key=lambda line: (-line[1], line[0]))
    blocks = page_blocks(make_page(make_pdf(lines), file="x.pdf"), report="x")
    assert blocks[-2].text == "机构 数量"
