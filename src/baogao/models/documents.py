"""Documents by title, number, year and kind, and a normal form under which two mentions of one meet.

The kind is told by the last word of the title (办法, 规划, 通知 …), brackets after it passed over. The
normal form is the title without marks, quotation marks, white space and width, without 中华人民共和国
before a law, without what stands before 关于 (the issuer) and without (试行), 新修订的 and the like:
《行政复议法》 and 《中华人民共和国行政复议法》 meet, and so do “八五”普法规划 and 《“八五”普法规划》.
Editions (2023年版) stay apart, and a notice (关于印发〈X〉的通知) is not the document X that it carries.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

import msgspec

DocumentKind = Literal[
    "law", "regulation", "rule", "plan", "notice", "opinion", "list", "report", "agreement", "decision",
    "announcement", "standard", "letter", "book", "other",
]  # fmt: skip


class Document(msgspec.Struct, kw_only=True, frozen=True):
    """A cited document. `title` without 《》 and number; `numbers` as printed without brackets (joint papers
    carry several); `year` from the number, else the first year in the title; `normal` for comparing."""

    title: str
    kind: DocumentKind
    numbers: list[str] = []
    year: int | None = None
    normal: str


# Ends of titles, the longer first where one ends in another (办法 is a rule although it ends in 法).
_KINDS: list[tuple[str, DocumentKind]] = [
    ("宪法修正案|修正案|宪法|法典|民法总则|公司法", "law"),
    (
        "学习读本|读本|纲要读本|学习问答|问答|选编|汇编|教材|手册|讲义|选读|概论|一本通|口袋书|摘编|[一十百]问",
        "book",
    ),
    ("办法|规定|细则|规程|规则|准则|规范|制度|守则|导则|指引|指南|章程|党章|机制|公约|裁量基准|基准", "rule"),
    ("条例", "regulation"),
    ("协议书?|合同|备忘录|协定|承诺书?|纪要", "agreement"),
    ("规划|计划|纲要|方案|要点|安排|预案|行动|部署|大纲|分工|分解表", "plan"),
    ("通知|通知书", "notice"),
    ("批复|复函|函|意见书|建议书|提示函", "letter"),
    ("意见|措施|办理意见|若干政策|政策", "opinion"),
    ("清单|目录|名录|台账|一览表|信息表|名单", "list"),
    ("报告|总结|白皮书|通报|年报", "report"),
    ("决定|决议|命令|令", "decision"),
    ("公告|通告|公报|声明|倡议书?", "announcement"),
    ("标准", "standard"),
    ("(?<![办方工做书手说执守普司用看想])法", "law"),
]
_NUMBER = re.compile(r"[^\s()\[\]《》、,;,。]*\[(?:19|20)\d\d\]第?\d+号|[^\s()\[\]《》、,;,。]*第\d+号令?")
_YEAR = re.compile(r"(?<!\d)(19|20)\d\d(?!\d)")
_MARKS = re.compile(r"[《》〈〉<>「」『』\"'“”‘’·\s]")
_VERSION = re.compile(
    r"\((?:试行|暂行|草案|修订草案|修订|修正|征求意见稿|修订版|(?:19|20)\d\d年(?:修订|修正)[^()]*)\)$"
)


def read_document(text: str) -> Document:
    """The document `text` cites. Any text gives one: what has no known ending is of kind "other".

    >>> document = read_document("《关于开展清理工作的通知》(国市监竞协发〔2023〕53号)")
    >>> document.title, document.numbers, document.year, document.kind
    ('关于开展清理工作的通知', ['国市监竞协发〔2023〕53号'], 2023, 'notice')
    """
    flat = unicodedata.normalize("NFKC", text).strip()
    closing = flat.rfind("》")
    opening = flat.find("《")
    if 0 <= opening < closing:
        title, tail = flat[opening + 1 : closing], flat[closing + 1 :]
    else:
        match = re.search(r"\([^()]*号[^()]*\)$", flat)
        title, tail = (flat[: match.start()], match[0]) if match else (flat, "")
    numbers = [found.replace("[", "〔").replace("]", "〕") for found in _NUMBER.findall(_square(tail))]
    year = _YEAR.search(" ".join(numbers)) or _YEAR.search(title)
    normal = _normal(title)
    return Document(
        title=title,
        kind=_kind(normal),
        numbers=numbers,
        year=int(year[0]) if year else None,
        normal=normal,
    )


def _square(text: str) -> str:
    """The bracket forms around the year of a number as one."""
    return text.translate(str.maketrans("〔〕【】﹝﹞", "[][][]"))


def _normal(title: str) -> str:
    text = _MARKS.sub("", title).replace("—", "-").replace("–", "-")
    while _VERSION.search(text):
        text = _VERSION.sub("", text)
    text = re.sub("^(?:新?修[订改正]后?的|新版|党的(?=十))", "", text)
    text = re.sub("^中华人民共和国(?=.)", "", text)
    return re.sub("^[^关]{2,24}?关于(?=.*的[^的]{1,6}$)|^关于", "", text)


def _kind(normal: str) -> DocumentKind:
    title = re.sub(r"(?:\([^()]*\))+$", "", normal)
    for endings, kind in _KINDS:
        if re.search(f"(?:{endings})$", title):
            return kind
    return "other"
