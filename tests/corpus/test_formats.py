# ruff: noqa: E501
"""HTML, DOCX and PDF give the blocks of the same report, and bad files say what is wrong with them."""

import io
import zipfile
from pathlib import Path

import pypdfium2
import pytest
from docx import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from baogao.corpus.page import make_page, page_of_text, read_page
from baogao.corpus.segment import page_blocks, segment_file, segment_text
from baogao.errors import InputError

FILES = Path(__file__).parent / "files"
FIRST = "2023年,溪桥县坚持依法行政,法治政府建设取得新进展。现将有关情况报告如下:"
RUN_IN = "(一)压实法治建设责任。县政府常务会议专题学法6次,听取汇报2次。"


def texts(blocks):
    return [(block.kind, block.number, block.text) for block in blocks]


BLOCKS = [
    ("paragraph", None, FIRST), ("heading", "一、", "一、主要举措和成效"), ("paragraph", "(一)", RUN_IN),
]  # fmt: skip

WEB = """<!DOCTYPE html>
<html><head><title>溪桥县2023年度法治政府建设情况报告</title>
<script>var x = "<p>2023年,脚本里的话不是正文。</p>";</script><style>p { color: red }</style></head>
<body><form id="aspnetForm">
<nav><a href="/">首页</a> <a href="/zwgk">政务公开</a></nav>
<div class="crumb">您的位置：<a href="/">首页</a> &gt; <a href="/fz">法治建设</a></div>
<ul><li><a href="1">2022年,我县召开法治工作会议,研究部署年度重点任务。</a></li></ul>
<h1>溪桥县2023年度法治政府建设情况报告</h1>
<div>发布时间：2024-01-22 &nbsp; 来源：县司法局 &nbsp; 【<a>打印</a>】</div>
<div id="zoom"><p style="text-indent:2em">&#12288;&#12288;2023年,溪桥县坚持依法行政,法治政府建设取得新进展。<b>现将</b>有关
情况报告如下:</p>
<p><strong>一、主要举措和成效</strong></p>
<table><tr><td><p>(一)压实法治建设责任。县政府常务会议专题学法6次,听取汇报2次。</p></td></tr></table></div>
<div style="display:none">2023年,看不见的弹窗文字,不应当成为正文。</div>
<div class="share">分享到：<a>微信</a></div><footer>版权所有 溪桥县人民政府</footer>
</form></body></html>"""


def test_html_gives_what_a_reader_reads():
    blocks = segment_text(WEB, report="x")
    assert texts(blocks) == BLOCKS
    assert WEB[blocks[0].start : blocks[0].end].startswith("2023年,溪桥县")
    assert WEB[blocks[0].start : blocks[0].end].endswith("情况报告如下:")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("declared", ["utf-8", "gb2312", "iso-8859-1", None])
def test_html_in_any_encoding_whatever_it_declares(encoding, declared):
    meta = f'<meta http-equiv="Content-Type" content="text/html; charset={declared}">' if declared else ""
    page = make_page(WEB.replace("<head>", f"<head>{meta}").encode(encoding), file="x.html")
    assert texts(page_blocks(page, report="x")) == BLOCKS


def test_big5_is_read_and_made_simplified():
    text = "2023年,本縣堅持依法行政,法治建設取得新進展,現將有關情況報告如下。\n一、主要舉措和成效\n"
    page = make_page(text.encode("big5"), file="x.txt")
    assert [b.text for b in page_blocks(page, report="x")] == [
        "2023年,本县坚持依法行政,法治建设取得新进展,现将有关情况报告如下。", "一、主要举措和成效",
    ]  # fmt: skip


def numbered(document: Document, levels: list[tuple[str, str]]) -> None:
    """A numbered list as Word keeps it: formats and texts of its levels in numbering.xml."""
    root = document.part.numbering_part.element
    abstract = OxmlElement("w:abstractNum")
    abstract.set(qn("w:abstractNumId"), "77")
    for level, (kind, text) in enumerate(levels):
        node = OxmlElement("w:lvl")
        node.set(qn("w:ilvl"), str(level))
        for tag, value in (("start", "1"), ("numFmt", kind), ("lvlText", text)):
            child = OxmlElement(f"w:{tag}")
            child.set(qn("w:val"), value)
            node.append(child)
        abstract.append(node)
    root.insert(0, abstract)
    number = OxmlElement("w:num")
    number.set(qn("w:numId"), "77")
    reference = OxmlElement("w:abstractNumId")
    reference.set(qn("w:val"), "77")
    number.append(reference)
    root.append(number)


def add_numbered(document: Document, text: str, level: int) -> None:
    properties = document.add_paragraph(text)._p.get_or_add_pPr().get_or_add_numPr()
    properties.get_or_add_numId().val = 77
    properties.get_or_add_ilvl().val = level


def test_docx_has_the_numbers_that_word_shows(tmp_path):
    document = Document()
    numbered(document, [("chineseCountingThousand", "%1、"), ("chineseCounting", "(%2)")])
    document.add_paragraph("溪桥县2023年度法治政府建设情况报告")
    document.add_paragraph(FIRST)
    add_numbered(document, "主要举措和成效", 0)
    add_numbered(document, "压实责任。县政府常务会议学法6次,听取汇报2次。", 1)
    add_numbered(document, "优化环境。清理涉企规定14件,解决诉求73件。", 1)
    add_numbered(document, "下一步打算", 0)
    document.add_paragraph("下一步,我县将继续努力,不断提高依法行政水平。")
    table = document.add_table(rows=1, cols=2)
    table.cell(0, 0).text, table.cell(0, 1).text = "指标", "数值"
    document.add_paragraph("溪桥县人民政府")
    document.save(tmp_path / "x.docx")
    found = segment_file(tmp_path / "x.docx")
    assert [(b.kind, b.number, b.text[:10]) for b in found] == [
        ("paragraph", None, FIRST[:10]),
        ("heading", "一、", "一、主要举措和成效"),
        ("paragraph", "(一)", "(一)压实责任。县政"),
        ("paragraph", "(二)", "(二)优化环境。清理"),
        ("heading", "二、", "二、下一步打算"),
        ("paragraph", None, "下一步,我县将继续努"),
        ("paragraph", None, "指标 数值"),
        ("closing", None, "溪桥县人民政府"),
    ]


def add_style(document: Document, name: str, based_on: str | None, **numbering: int) -> None:
    """A paragraph style; `numbering`: what its own numPr says, numId and ilvl or one of them."""
    style = document.styles.add_style(name, 1)
    style.base_style = document.styles[based_on] if based_on else None
    if numbering:
        properties = style.element.get_or_add_pPr().get_or_add_numPr()
        if "numId" in numbering:
            properties.get_or_add_numId().val = numbering["numId"]
        if "ilvl" in numbering:
            properties.get_or_add_ilvl().val = numbering["ilvl"]


def test_docx_styles_hand_their_numbers_on():
    document = Document()
    numbered(document, [("chineseCountingThousand", "%1、"), ("chineseCounting", "(%2)"), ("decimal", "%3.")])
    add_style(document, "Chapter", None, numId=77)
    add_style(document, "County chapter", "Chapter")
    add_style(document, "Own chapter", "County chapter")
    add_style(document, "Section", "Chapter", ilvl=1)
    add_style(document, "Own section", "Section")
    add_style(document, "Item", None, numId=77)  # its level is the one that names it
    level = document.part.numbering_part.element[0][2]
    level.append(OxmlElement("w:pStyle"))
    level[-1].set(qn("w:val"), "Item")
    add_style(document, "Own item", "Item")
    add_style(document, "Bare", "Chapter", numId=0)
    add_style(document, "Ring", None, ilvl=1)
    document.styles["Ring"].base_style = document.styles["Ring"]
    document.add_paragraph(FIRST)
    for text, style in [
        ("主要举措和成效", "Own chapter"), ("压实责任。县政府常务会议学法6次。", "Own section"),
        ("优化环境。清理涉企规定14件。", "Own section"), ("解决诉求。办理诉求73件。", "Own item"),
        ("下一步打算", "County chapter"), ("下一步,我县将继续努力。", "Bare"), ("再创佳绩,久久为功。", "Ring"),
    ]:  # fmt: skip
        document.add_paragraph(text, style)
    buffer = io.BytesIO()
    document.save(buffer)
    found = page_blocks(make_page(buffer.getvalue(), file="x.docx"), report="x")
    assert [b.number for b in found] == [None, "一、", "(一)", "(二)", "1.", "二、", None, None]


def test_pdf_lines_are_joined_over_pages_without_heads_and_page_numbers():
    blocks = segment_file(FILES / "report.pdf")
    assert [b.kind for b in blocks].count("heading") == 3
    assert blocks[2].text == (
        "(一)压实法治建设责任。县政府常务会议专题学法6次,听取法治政府建设汇报2次。"
        "印发《溪桥县2023年法治政府建设工作要点》,将35项任务分解到29个部门。"
    )
    assert [b.text for b in blocks if b.kind == "closing"] == ["溪桥县人民政府", "2024年1月18日"]
    page = read_page(FILES / "report.pdf")
    assert page.source[blocks[1].start : blocks[1].end] == blocks[1].text


def empty_pdf() -> bytes:
    document = pypdfium2.PdfDocument.new()
    document.new_page(200, 200)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def encrypted_pdf() -> bytes:
    """A PDF whose user password is not empty: its check values are those of no password."""
    parts = [b"%PDF-1.4\n"]
    offsets = []
    for number, body in enumerate(
        (
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>",
            b"<< /Filter /Standard /V 1 /R 2 /O <" + b"41" * 32 + b"> /U <" + b"42" * 32 + b"> /P -4 >>",
        ),
        1,
    ):
        offsets.append(sum(map(len, parts)))
        parts.append(b"%d 0 obj\n" % number + body + b"\nendobj\n")
    start = sum(map(len, parts))
    table = b"xref\n0 5\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % o for o in offsets)
    trailer = (
        b"trailer << /Size 5 /Root 1 0 R /Encrypt 4 0 R /ID [<00><00>] >>\nstartxref\n%d\n%%%%EOF" % start
    )
    return b"".join(parts) + table + trailer


def zip_bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open("word/document.xml", "w", force_zip64=True) as handle:
            for _ in range(260):
                handle.write(bytes(1_000_000))
    return buffer.getvalue()


def truncated_docx() -> bytes:
    buffer = io.BytesIO()
    document = Document()
    document.add_paragraph(FIRST)
    document.save(buffer)
    return buffer.getvalue()[:-3000]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (truncated_docx, "truncated or broken DOCX"),
        (zip_bomb, "unpacks to 260 MB"),
        (lambda: b"PK\3\4" + bytes(200), "truncated or broken DOCX"),
        (empty_pdf, "without text, perhaps scanned"),
        (encrypted_pdf, "is encrypted"),
        (lambda: b"%PDF-1.7\nnothing else", "broken PDF"),
        (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "old Word or WPS file"),
        (lambda: b"<html><body>" + "<p>正文。</p>".encode() * 3_300_000, "is larger than 32 MB"),
    ],
)
def test_bad_files_say_what_is_wrong(tmp_path, make, says):
    path = tmp_path / "bad\nname"
    path.write_bytes(make())
    with pytest.raises(InputError, match=says) as caught:
        segment_file(path)
    assert "\n" not in str(caught.value)
    assert caught.value.todo


@pytest.mark.parametrize("path", ["", "a\0b", "/dev/null"])
def test_what_is_no_file_is_refused(tmp_path, path):
    with pytest.raises(InputError):
        segment_file(tmp_path / path if path != "/dev/null" else path)


def test_markup_that_never_ends_is_read_in_time():
    assert page_of_text("<div " * 40_000).source.startswith("<div ")
    page = page_of_text("<p>" + "<b>" * 40_000 + FIRST)
    assert page.format == "html" and any(FIRST in line.text.text for line in page.lines)
