# ruff: noqa: E501
"""Page styles beyond those of the fixture pages: each once, with what a reader takes from it."""

import io

import pytest
from docx import Document
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from baogao.corpus.metadata import read_metadata
from baogao.corpus.page import make_page, page_of_text
from baogao.corpus.segment import page_blocks, segment_text

OPENING = "2023年，在市委、市政府的坚强领导下，我区扎实推进依法行政，法治政府建设取得积极成效。现将有关情况报告如下："
DONE = "区政府常务会议先后11次研究法治政府建设工作，听取专题汇报4次，审议规范性文件9件。制定年度工作要点，逐项落实到牵头单位和责任人。"
NEXT = "下一步，将持续完善依法行政制度体系，严格规范公正文明执法，推动法治政府建设再上新台阶。"


def shown(source: str) -> list[tuple]:
    return [(b.kind[0], b.number, b.text) for b in segment_text(source, report="x")]


def test_the_signature_may_stand_behind_the_list_of_attachments():
    source = (
        f"{OPENING}\n一、主要做法\n{DONE}\n附件：1.主要指标完成情况表\n      2.名词解释\n\n北仓区人民政府\n2024年1月20日\n\n"
        "附件1\n主要指标完成情况表\n一、行政复议案件86件\n附件2\n名词解释\n1.三项制度：指行政执法公示等制度，各级各部门要严格执行。\n"
    )
    assert shown(source) == [
        ("p", None, OPENING), ("h", "一、", "一、主要做法"), ("p", None, DONE),
        ("c", None, "北仓区人民政府"), ("c", None, "2024年1月20日"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "signature",
    [
        ["报告单位：湖滨区教育局", "报告日期：2024年1月8日"], ["湖滨区教育局（盖章）", "2024.1.8"],
        ["湖滨区教育局", "2024-01-08"], ["中共湖滨区委", "湖滨区人民政府", "二〇二四年一月八日"],
    ],
)  # fmt: skip
def test_signatures_in_all_their_forms(signature):
    source = "\n".join(
        [OPENING, "一、主要做法", DONE, *signature, "打印 关闭", "湖滨区政府办公室 2024年1月9日印发"]
    )
    assert [b.text for b in segment_text(source, report="x") if b.kind == "closing"] == signature


def test_a_signature_glued_to_the_last_sentence_above_its_date():
    source = f"{OPENING}\n{NEXT}大溪乡人民政府\n2024年1月5日撰稿：李四 审核：王五 上一篇：没有了\n"
    assert shown(source)[1:] == [
        ("p", None, NEXT),
        ("c", None, "大溪乡人民政府"),
        ("c", None, "2024年1月5日"),
    ]


def test_a_contact_before_the_signature_and_a_footnote_behind_it_are_dropped_with_their_reasons():
    page = page_of_text(
        f"{OPENING}\n{DONE}[1]\n联系人：张三 联系电话：0355-6666666\n武乡县水利局\n2024年1月2日\n[1] 数据截至2023年12月底，由县司法局统计。\n"
    )
    assert [b.text for b in page_blocks(page, report="x")][2:] == ["武乡县水利局", "2024年1月2日"]
    assert [line.dropped for line in page.lines if line.dropped] == ["contact", "footnote"]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["第一章 总体情况", "第一节 组织领导", DONE, "第二节 制度建设", DONE, "第二章 工作安排", NEXT],
         [("第一章", 0), ("第一节", 1), (None, 2), ("第二节", 1), (None, 2), ("第二章", 0), (None, 1)]),
        (["1.组织领导", f"1.1 健全机制。{DONE}", f"1.2 压实责任。{DONE}", "2.工作安排", f"2.1 抓学习。{NEXT}"],
         [("1.", 0), ("1.1", 1), ("1.2", 1), ("2.", 0), ("2.1", 1)]),
        (["一、组织领导", DONE, "二、制度建设", DONE, "三存在问题", NEXT, "四 下一步打算", NEXT],
         [("一、", 0), (None, 1), ("二、", 0), (None, 1), ("三、", 0), (None, 1), ("四、", 0), (None, 1)]),
        (["01", "组织领导", DONE, "02", "制度建设", NEXT], [("01", 0), (None, 1), ("02", 0), (None, 1)]),
        (["一﹑组织领导", f"﹙一﹚抓学习。{DONE}", "二．工作安排", NEXT],
         [("一﹑", 0), ("﹙一﹚", 1), ("二．", 0), (None, 1)]),
        (["一、工作情况", f"第一，抓学习。{DONE}", f"第二，抓执法。{DONE}"], [("一、", 0), ("第一，", 1), ("第二，", 1)]),
        (["坚持高位推动，压实工作责任", DONE, "深化改革创新，优化营商环境", NEXT],
         [(None, 0), (None, 1), (None, 0), (None, 1)]),
        ([f"一、主要工作（一）抓学习。{DONE}（二）抓执法。{DONE}二、下一步打算"],
         [("一、", 0), ("（一）", 1), ("（二）", 1), ("二、", 0)]),
        (["## 一、工作情况", f"**（一）抓学习。** {DONE}"], [("一、", 0), ("（一）", 1)]),
    ],
)  # fmt: skip
def test_outlines(lines, expected):
    blocks = segment_text("\n".join([OPENING, *lines]), report="x")[1:]
    assert [(b.number, len(b.path)) for b in blocks] == expected


def test_what_looks_like_a_lost_mark_or_a_decimal_is_none():
    lines = [
        "一、组织领导",
        DONE,
        "二级响应机制运行良好",
        DONE,
        f"2.5万人参加宪法宣传，{DONE}",
        f"09件提案全部办结，{DONE}",
    ]
    blocks = segment_text("\n".join([OPENING, *lines]), report="x")[1:]
    assert [b.number for b in blocks] == ["一、", None, None, None, None, None]


@pytest.mark.parametrize(
    "head",
    [
        "首页>政务公开>法治政府建设 发布时间：2024-01-18 09:21 来源：城东街道 浏览次数：88次 ",
        "大溪乡2022年法治政府建设年度报告来源：大溪乡人民政府 作者：党政办 浏览：[124] 字体：[小][中][大] 打印 关闭 ",
    ],
)
def test_a_whole_page_head_glued_to_the_first_sentence_is_dropped_and_shown(head):
    page = page_of_text(head + OPENING + "\n一、主要做法\n" + DONE)
    assert [b.text for b in page_blocks(page, report="x")][0] == OPENING
    assert [line.dropped for line in page.lines][:2] == ["glued to the report", None]


def test_a_long_last_paragraph_that_names_a_public_account_stays():
    last = f"{NEXT}开设普法微信公众号，关注“法治北仓”公众号的群众达到3.2万人，推送信息96条，尊法学法守法用法的氛围更加浓厚。"
    assert shown(f"{OPENING}\n一、主要做法\n{DONE}\n{last}\n")[-1][2] == last


def test_numbers_split_by_a_line_break_are_joined_and_are_no_numbers_of_items():
    text = OPENING + DONE + "全年办理行政复议案件12305件，提供法律援助服务2.41万人次。" + DONE
    for width in range(20, 40):
        lines = []
        for paragraph in ("　　" + text, "　　" + NEXT):
            lines += [paragraph[at : at + width] for at in range(0, len(paragraph), width)]
        assert [b.text for b in segment_text("\n".join(lines), report="x")] == [text, NEXT]


HTML = f"""<html><body><h1>关于2022年度法治政府建设情况的报告</h1><p>2023-01-10 08:30　来源：市城管局　<a href="#">打印</a></p>
<p>{OPENING}</p><h2>一、工作情况</h2><ol><li>抓学习。{DONE}</li><li><p>抓执法。{DONE}</p></li></ol><ul><li>{NEXT}</li></ul>
<table><tr><th>项目</th><th>件数</th></tr><tr><td>1、行政处罚</td><td>1203</td></tr></table>
<ul><li><a href="#">通知公告</a></li><li><a href="#">政策法规</a></li></ul><table><tr><td>二、</td><td>下步打算</td></tr></table><p>{NEXT}</p></body></html>"""


def test_html_lists_have_their_numbers_and_tables_stay_in_place():
    assert shown(HTML) == [
        ("p", None, OPENING), ("h", "一、", "一、工作情况"), ("p", "1.", f"1.抓学习。{DONE}"), ("p", "2.", f"2.抓执法。{DONE}"),
        ("p", None, NEXT), ("p", None, "项目 件数"), ("p", None, "1、行政处罚 1203"), ("h", "二、", "二、下步打算"), ("p", None, NEXT),
    ]  # fmt: skip
    found = read_metadata(page_of_text(HTML))
    assert (found["issuer"], found["published"], found["year"]) == ("市城管局", "2023-01-10", 2022)


def test_docx_footnotes_contents_boxes_and_the_last_table():
    document = Document()
    contents = document.styles.add_style("toc 1", 1)
    document.add_paragraph("一、工作情况\t1", contents)
    document.add_paragraph(OPENING)
    document.add_paragraph("一、工作情况")
    document.add_paragraph(DONE).add_run()._r.append(
        parse_xml(
            f'<w:pict {nsdecls("w")} xmlns:v="urn:schemas-microsoft-com:vml"><v:textbox><w:txbxContent><w:p><w:r><w:t>框中的文字。</w:t></w:r></w:p>'
            "</w:txbxContent></v:textbox></w:pict>"
        )
    )
    table = document.add_table(rows=1, cols=2)
    table.cell(0, 0).text, table.cell(0, 1).text = "合计", "100"
    notes = f'<w:footnotes {nsdecls("w")}><w:footnote w:type="separator" w:id="0"><w:p/></w:footnote><w:footnote w:id="2"><w:p><w:r><w:t>截至12月底。</w:t></w:r></w:p></w:footnote></w:footnotes>'
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
    part = Part(PackURI("/word/footnotes.xml"), kind, notes.encode(), document.part.package)
    document.part.relate_to(
        part, "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
    )
    buffer = io.BytesIO()
    document.save(buffer)
    page = make_page(buffer.getvalue(), file="x.docx")
    assert [b.text for b in page_blocks(page, report="x")] == [
        OPENING, "一、工作情况", DONE, "框中的文字。", "合计 100",
    ]  # fmt: skip
    assert [(line.dropped, line.text.text) for line in page.lines if line.dropped] == [
        ("table of contents", "一、工作情况 1"), ("footnote", "截至12月底。"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (f"２０２３年度龙泉县法治政府建设情况报告\n发布时间：２０２４－０１－２２\n{OPENING}", ("龙泉县人民政府", "county", 2023, "2024-01-22")),
        (f"东屏区\n二〇二二年度法治政府\n建设情况的报告\n成文日期：2023-01-05\n发布日期：2023-01-09\n{OPENING}", ("东屏区人民政府", "county", 2022, "2023-01-09")),
        (f"法治政府建设情况的报告\n2023年，东屏区市场监管局坚持依法行政，{DONE}", ("东屏区市场监管局", "department", 2023, None)),
        (f"{OPENING}\n主办单位：溪桥县人民政府办公室  承办：县大数据中心", ("溪桥县人民政府办公室", "county", 2023, None)),
    ],
)  # fmt: skip
def test_metadata_of_unclear_pages(source, expected):
    found = read_metadata(page_of_text(source))
    assert (found["issuer"], found["level"], found["year"], found["published"]) == expected


def test_a_link_out_of_a_folder_is_skipped_and_listed(tmp_path):
    from baogao.corpus.add import add_reports
    from baogao.workspace import Workspace

    (tmp_path / "workspace" / "annotations").mkdir(parents=True)
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.txt").write_text(f"{OPENING}\n一、主要做法\n{DONE}\n", encoding="utf-8")
    (tmp_path / "outside.txt").write_text(OPENING, encoding="utf-8")
    (folder / "link.txt").symlink_to(tmp_path / "outside.txt")
    added = add_reports(Workspace(tmp_path / "workspace"), [folder], keep_going=True)
    assert [report.id for report in added.reports] == ["a"]
    assert [error.what for error in added.skipped] == ["is a link that leads out of the folder"]
