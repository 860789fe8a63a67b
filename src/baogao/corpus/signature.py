"""What the signature and the date at the end of a report look like."""

from __future__ import annotations

import re

from baogao.corpus import furniture
from baogao.corpus.mapped import HAN

_CN = "一二三四五六七八九十"
_DATE = (
    rf"(?:{furniture.WRITTEN_DATE}"
    rf"|[二一][〇○O0零九][〇○O0零{_CN}]{{2}}年[{_CN}]{{1,2}}月[{_CN}]{{1,3}}日)"
)
# 报告单位:, 报告日期: before them.
_BY = r"(?:(?:报告|报送|填报|呈报|总结|汇报|编制)(?:单位|机关|部门|人|时间|日期)\s?[:：]\s?)?"
SIGNED_DATE = re.compile(rf"{_BY}(?:{_DATE}|(?:19|20)\d\d[.．]\d{{1,2}}[.．]\d{{1,2}})")
_SIGNATURE = re.compile(
    r"(?:[^。,，;；:：!！?？《》“”\d>|]{1,60}?(?:政府|委员会|办公室|领导小组|办事处|管委会|管理处|管理局|人民法院|检察院|[局厅委院所站队会处部办镇乡区县市]|中心|公司|学校|党组|党委|支队|大队|集团)"
    r"(?:[(（](?:盖?章|代章|公章)[)）])?)"
)
_GLUED_SIGNATURE = re.compile(rf"(?<=[。！？])\s?({_SIGNATURE.pattern})?\s?({_DATE})$")
_GLUED_NAME = re.compile(rf"(?<=[。！？])\s?({_SIGNATURE.pattern})$")
SIGNED = re.compile(rf"{_BY}{_SIGNATURE.pattern}(?:\s?{_DATE})?")
#: As a signature's date it counts only behind a signature: pages print such dates anywhere.
SHORT_DATE = re.compile(r"(?:19|20)\d\d(?:([-/])\d{1,2}\1\d{1,2}|\s?年\s?\d{1,2}\s?月)")
# What stands above a date, short and without any mark, is a name, unless it is a document's.
_NAME = re.compile(
    rf"[{HAN} ()（）·]{{3,25}}(?<!通知)(?<!报告)(?<!公告)(?<!意见)(?<!方案)(?<!总结)(?<!情况)(?<!动态)"
)


def is_signature(texts: list[str]) -> bool:
    """Two lines: a signature, and its date below it."""
    if len(texts) != 2 or not SIGNED_DATE.fullmatch(texts[1]):
        return False
    if SIGNED.fullmatch(texts[0]):
        return True
    return _NAME.fullmatch(texts[0]) is not None and not furniture.is_furniture(texts[0])


def glued_signature(text: str, *, alone: bool) -> list[tuple[int, int]]:
    """[start, end) of the signature and the date that stand right behind the last sentence of `text`, each
    where there is one; with `alone`, a signature without its date counts too."""
    at = max(0, len(text) - 90)
    match = _GLUED_SIGNATURE.search(text, at) or (_GLUED_NAME.search(text, at) if alone else None)
    return [match.span(group) for group in range(1, match.re.groups + 1) if match[group]] if match else []


def signed_length(text: str) -> int:
    """How much of the start of `text` is a signature, a date, or both."""
    for pattern in (SIGNED, SIGNED_DATE):
        match = pattern.fullmatch(text)
        if match and not furniture.is_tail(text) and not furniture.is_page_line(text):
            return len(text)
    match = re.match(_DATE, text)
    return match.end() if match else 0
