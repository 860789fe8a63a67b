"""Rows of tables: a paragraph each, a space between its cells."""

import io

import pytest
from docx import Document

from baogao.corpus.page import make_page
from baogao.corpus.segment import page_blocks, segment_text

OPENING = "2023年，我区扎实推进依法行政，法治政府建设取得积极成效。现将有关情况报告如下："
NEXT = "下一步，将持续完善依法行政制度体系，推动法治政府建设再上新台阶。"
LONG = "区政府常务会议先后11次研究法治政府建设工作，听取专题汇报4次，审议规范性文件9件。" * 3


def between(table: str) -> tuple[str, list[tuple]]:
    source = f"<html><body><p>{OPENING}</p><table>{table}</table><p>{NEXT}</p></body></html>"
    return source, segment_text(source, report="x")[1:-1]


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        ("<tr><th>机构</th><th>数量</th></tr><tr><td>司法局</td><td>9</td></tr>", ["机构 数量", "司法局 9"]),
        # As Word saves it: paragraphs in the cells, white space of the source around them.
        ("<tr>\n\t<td>\n\t\t<p>机\n\t\t构</p></td>\n\t<td><p>数量</p></td></tr>", ["机构 数量"]),
        ("<tr><td>行政<br>处罚</td><td></td><td>&#9;3<br>件 </td></tr>", ["行政处罚 3 件"]),
        ("<tr><td>机构<td>数量<tr><td>区司法局<td>镇政府", ["机构 数量", "区司法局 镇政府"]),
        ("<tr><td>二、</td><td>下步打算</td></tr>", ["二、下步打算"]),
        (f"<tr><td>{LONG}</td><td>{NEXT}</td></tr>", [LONG, NEXT]),
        ("<tr><td><p>学习6次，效果好。</p></td></tr>", ["学习6次，效果好。"]),
        (
            "<tr><td>机构</td><td><table><tr><td>甲</td><td>乙</td></tr><tr><td>丙</td><td>丁</td></tr></table></td></tr>",
            ["机构", "甲 乙", "丙 丁"],
        ),
    ],
)  # fmt: skip
def test_cells_of_a_web_page_stand_apart(table, rows):
    source, blocks = between(table)
    assert [block.text for block in blocks] == rows
    for block in blocks:
        found = source[block.start : block.end]
        assert found.startswith(block.text[0]) and found.endswith(block.text[-1])


def test_cells_of_a_document_stand_apart_and_a_table_in_a_cell_is_read_once():
    document = Document()
    document.add_paragraph(OPENING)
    table = document.add_table(rows=2, cols=3)
    for cell, text in zip(table._cells, ["机构", "应办\n数量", "备注", "区司法局", "12", ""], strict=True):
        cell.text = text
    inner = table.cell(1, 2).add_table(rows=1, cols=2)
    inner.cell(0, 0).text, inner.cell(0, 1).text = "含街道", "已办结"
    buffer = io.BytesIO()
    document.save(buffer)
    page = make_page(buffer.getvalue(), file="x.docx")
    blocks = page_blocks(page, report="x")
    assert [b.text for b in blocks] == [OPENING, "机构 应办数量 备注", "区司法局 12 含街道 已办结"]
    assert page.source[blocks[1].start : blocks[1].end] == "机构\t应办 数量\t备注"
