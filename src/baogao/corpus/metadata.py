"""What a page says about its report: title, issuer, level, province, year, date of publication."""

from __future__ import annotations

import re
import unicodedata
from typing import TypedDict

from baogao.corpus.page import Page
from baogao.records import Level

_PROVINCES = {
    "北京市": "京", "天津市": "津", "河北省": "冀", "山西省": "晋", "内蒙古自治区": "蒙", "辽宁省": "辽",
    "吉林省": "吉", "黑龙江省": "黑", "上海市": "沪", "江苏省": "苏", "浙江省": "浙", "安徽省": "皖",
    "福建省": "闽", "江西省": "赣", "山东省": "鲁", "河南省": "豫", "湖北省": "鄂", "湖南省": "湘",
    "广东省": "粤", "广西壮族自治区": "桂", "海南省": "琼", "重庆市": "渝", "四川省": "川蜀",
    "贵州省": "黔贵",
    "云南省": "滇云", "西藏自治区": "藏", "陕西省": "陕秦", "甘肃省": "甘陇", "青海省": "青",
    "宁夏回族自治区": "宁", "新疆维吾尔自治区": "新",
}  # fmt: skip
_PLATES = {plate: name for name, plates in _PROVINCES.items() for plate in plates}
_FILED = re.compile(rf"([{''.join(_PLATES)}])\s?(?:ICP|公网安备)")
_NAMED = re.compile("|".join(re.escape(name) for name in _PROVINCES))
# The name of a law firm begins with where it is registered, wherever it works.
_FIRM = re.compile(r"[\u4e00-\u9fff]{2,12}(?:[(（][\u4e00-\u9fff]{2,8}[)）])?律师事务所")
_TITLE = re.compile(
    r"(?:[^。,，:：;；|>\[\]]{2,20}[:：](?=20\d\d))?[^。,，:：;；|>\[\]]{4,80}(?:报告|总结|汇报|年报|情况)(?:[(（][^)）]{1,20}[)）])?"
)
_CHINESE_YEAR = re.compile("二[〇○Ｏ零O][〇○Ｏ零O一二三四五六七八九]{2}(?=年)")
_CHINESE_DIGITS = str.maketrans("〇○Ｏ零O一二三四五六七八九", "00000123456789")
#: A title in one line with the widgets below it.
_GLUED_TITLE = re.compile(
    r"[^。,，:：;；|>]{4,80}?(?:报告|总结|汇报|年报|情况)(?=\s?(?:(?:19|20)\d\d[-/.年]|【|\[|(?:发布|更新)?(?:时间|日期)|来源|作者|浏览|字号))"
)
#: What a page puts around a title: 【专栏】 before it, the names of its columns behind it.
_ASIDE = re.compile(r"^【[^】]{1,12}】\s?|(?:\s[-–—|]\s|_).*")
_YEAR = re.compile(r"(20\d\d)\s?年")
_DATE = re.compile(r"(20\d\d)\s?[-/.年]\s?(\d{1,2})\s?[-/.月]\s?(\d{1,2})")
_PUBLISHED = tuple(
    re.compile(rf"{words}(?:时间|日期)\s?[\]】:：]\s?{_DATE.pattern}")
    for words in ("(?:发布|公开|发表)", "(?:发文|更新|生成)?", "成文")
)
_BODY = (
    r"[\u4e00-\u9fff]{2,24}?(?:人民政府(?:办公[室厅])?|街道办事处|管(?:理)?委(?:员)?会|委员会|[局厅委办]"
    r"|[镇乡]|街道|[省市区县旗])"
)
# A body's name, and what stands behind it in a line of widgets whose white space is gone.
_SOURCE = re.compile(
    rf"(?:信息|稿件|文章)?来源\s?[:：]\s?({_BODY})(?=$|[^\u4e00-\u9fff]|打印|字[体号]|发布|更新|时间|日期|作者|浏览|点击|阅读"
    "|分享|关闭|责任|编辑|访问)",
    re.MULTILINE,
)
_ISSUED = re.compile(
    rf"(?:发布|发文|制发|公开)(?:机构|机关|单位|部门)\s?[\]】:：]?\s?({_BODY})(?=$|[^\u4e00-\u9fff]|成文|发布|公开|发文|文号|索引|生成|主题)",
    re.MULTILINE,
)
_HOST = re.compile(
    rf"(?:主办(?:单位)?|版权所有)\s?[:：©]?\s?({_BODY})(?=$|[^\u4e00-\u9fff]|承办|协办|网站|版权)",
    re.MULTILINE,
)
_SUBJECT = re.compile(
    rf"^(?:20\d\d年度?(?:以来)?[,，]?)?({_BODY})(?=在|以|坚持|认真|深入|严格|紧|始终|全面|按照|根据|积极|围绕|持续|高度|切实|扎实|牢牢|聚焦)"
)
_TITLE_ISSUER = re.compile(
    rf"^(?:中共\S{{2,20}}委(?:员会)?\s+)?(?:关于)?(?:20\d\d年度?)?({_BODY})(?=20\d\d|二〇|[:：]|关于|法治|依法|行政|政府|工作|年度)"
)


class Metadata(TypedDict):
    """Fields of a Report that a page can tell; None where it does not."""

    title: str | None
    issuer: str | None
    level: Level | None
    province: str | None
    year: int | None
    published: str | None


def read_metadata(page: Page) -> Metadata:
    """What the lines around the report say, and its first sentences where they say nothing."""
    aside = ("footnote", "attachment", "attachments", "contact")
    around = [_half(line.text.text) for line in page.lines if line.dropped and line.dropped not in aside]
    body = [line.text.text for line in page.lines if not line.dropped and not line.closing]
    closing = [line.text.text for line in page.lines if line.closing]
    title = _title(page)
    head = "\n".join(around)
    issuer = _issuer(title, head, closing, body[:2])
    years = _YEAR.findall(_arabic(title or "")) or _YEAR.findall("".join(body[:2])[:200])
    published = next(filter(None, (each.search(head) for each in (*_PUBLISHED, _DATE))), None)
    return Metadata(
        title=title,
        issuer=issuer,
        level=_level(issuer or title or ""),
        province=_province(head, f"{issuer or ''}{title or ''}", "".join(body)),
        year=int(years[0]) if years else None,
        published="-".join(part.zfill(2) for part in published.groups()) if published else None,
    )


def _title(page: Page) -> str | None:
    first = next((i for i, line in enumerate(page.lines) if not line.dropped), len(page.lines))
    found: list[str] = []
    above = [line for line in page.lines[:first] if not line.link]
    lines = [_half(line.text.text) for line in above]
    for index, line in enumerate(lines):
        text = _ASIDE.sub("", line.removeprefix("标题").lstrip(":： "))
        if _TITLE.fullmatch(text):
            before = lines[index - 1] if index else ""
            if (
                text.startswith("关于")
                and re.search(r"(?:政府|委员会|委|局|厅|办公室)$", before)
                and len(before) < 50
            ):
                text = f"{before} {text}" if " " in before else before + text
            found.append(text)
        elif glued := _GLUED_TITLE.match(text):
            found.append(glued.group())
    if max(map(len, found), default=0) < 14:  # in two to four lines
        for start in range(len(lines)):
            for end in range(start + 2, min(start + 5, len(lines) + 1)):
                text = "".join(lines[start:end])
                plain = all(line.dropped == "before the report" for line in above[start:end])
                if plain and "年" in text and _TITLE.fullmatch(text):
                    return text
    return max(found, key=len) if found else None


def _arabic(text: str) -> str:
    """二〇二二年 in digits."""
    return _CHINESE_YEAR.sub(lambda match: match.group().translate(_CHINESE_DIGITS), text)


def _half(text: str) -> str:
    """Digits and marks of a page's head in half width."""
    return unicodedata.normalize("NFKC", text) if re.search("[０-９]", text) else text


def _issuer(title: str | None, head: str, closing: list[str], opening: list[str]) -> str | None:
    for line in sorted(closing, key=lambda line: "政府" not in line):  # a party committee may sign before it
        if not re.search(r"\d|年.*月", line):
            return re.sub(r"^[^:：]{2,5}[:：]|[(（].*", "", line)
    if match := _ISSUED.search(head):
        return match.group(1)
    if title and (match := _TITLE_ISSUER.search(title)):
        return _body_of(match.group(1))
    if match := _SOURCE.search(head):
        return match.group(1)
    if subject := next(filter(None, map(_SUBJECT.match, opening)), None):
        return _body_of(subject.group(1))
    match = _HOST.search(head)
    return match.group(1) if match else None


def _body_of(name: str) -> str:
    """The body that acts for a place: 溪桥县 is 溪桥县人民政府."""
    if not re.search(r"[省市区县旗镇乡]$|街道$", name):
        return name
    return name + ("办事处" if name.endswith("街道") else "人民政府")


def _level(name: str) -> Level | None:
    """Level of government of a body by its name; a bureau of any level is a department."""
    name = re.sub(r"(?:人民)?政府(?:办|办公[室厅])$", "人民政府", name)
    if re.search(r"[局厅]$|(?:委员会|[^管]委|[^街道]办)$", name):
        return "department"
    if re.search(r"[镇乡](?:人民政府)?$|街道(?:办事处)?$", name):
        return "township"
    if re.search(r"[区县旗](?:人民政府)?$", name) and not re.search(r"自治区(?:人民政府)?$", name):
        return "county"
    if re.search(r"(?:省|自治区)(?:人民政府)?$", name) or re.search(
        r"^(?:北京|天津|上海|重庆)市(?:人民政府)?$", name
    ):
        return "province"
    return "city" if re.search(r"[市州盟](?:人民政府)?$", name) else None


def _province(head: str, name: str, body: str) -> str | None:
    for text in (name, head):
        if match := _NAMED.search(text):
            return match.group()
    if match := _FILED.search(head):
        return _PLATES[match.group(1)]
    named = _NAMED.findall(_FIRM.sub("", body))
    return max(set(named), key=named.count) if named else None
