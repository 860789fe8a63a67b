"""The numbers that reports put before headings and items: 第一部分, 一、, (一), 1., (1), ①, 一是, 第一,."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Literal

from baogao.corpus.mapped import HAN

Style = Literal[
    "part", "division", "chapter", "section", "item", "decimal", "subitem", "circle", "first", "ordinal"
]

#: Level of a block by the style of its number. Parts stand above divisions (第一节) and chapters.
LEVELS: dict[Style, int] = {
    "part": 0, "division": 1, "chapter": 1, "section": 2, "item": 3, "decimal": 4, "subitem": 4, "circle": 5,
    "first": 3, "ordinal": 3,
}  # fmt: skip
#: How deep a style nests. 一是 lies below every other, whatever its level is called.
RANKS: dict[Style, float] = {
    "part": 0, "division": 0.75, "chapter": 1, "section": 2, "item": 3, "decimal": 3.25, "subitem": 4,
    "circle": 5, "first": 6, "ordinal": 7,
}  # fmt: skip

_CN = "〇零一二三四五六七八九十"
_VALUE = {c: i for i, c in enumerate("零一二三四五六七八九十")} | {"〇": 0}
_DIGITS = str.maketrans("０１２３４５６７８９", "0123456789")

# Alternatives are tried in order; the first character decides almost all of them, so this is quick.
_NUMBER = re.compile(
    rf"""
    (?P<part>第\s?(?P<pv>[{_CN}]{{1,3}}|[0-9]{{1,2}})\s?(?:部分|[编篇章]))
  | (?P<division>第\s?(?P<dv>[{_CN}]{{1,3}}|[0-9]{{1,2}})\s?节)
  | (?P<ordinal>第(?P<ov>[{_CN}]{{1,3}})[,，、：:])
  | (?P<first>(?P<fv>[一二三四五六七八九十]{{1,3}})[是要](?![一二三四五六七八九十]、))
  | (?P<chapter>(?P<cv>[{_CN}]{{1,3}})\s?[、．.﹑､])
  | (?P<section>[(（﹙]\s?(?P<sv>[{_CN}]{{1,3}})\s?[)）﹚]|(?P<sx>[㈠-㈩]))
  | (?P<subitem>[(（﹙]\s?(?P<bv>[0-9０-９]{{1,2}})\s?[)）﹚]|(?P<bx>[⑴-⒇]))
  | (?P<decimal>[0-9]{{1,2}}(?:[.．][0-9]{{1,2}})?[.．](?P<nv>[0-9]{{1,2}})[.．]?\s(?=[{HAN}]))
  | (?P<item>(?P<iv>[0-9０-９]{{1,2}})(?:[、．﹑､]|[.](?=(?:19|20)[0-9]{{2}}年|(?![0-9]))|[)）])|(?P<ix>[⒈-⒛])
    |(?P<zv>0[1-9])(?=$|\s?[{HAN}][{HAN}、“”]{{1,15}}$)(?!\s?[年月日号时分级个件万亿名人次项元户家场条份]))
  | (?P<circle>(?P<xx>[①-⑳]))
    """,
    re.VERBOSE,
)
#: Where the value of a style stands in the pattern; else the number is one symbol.
_WRITTEN: dict[Style, tuple[str, ...]] = {
    "part": ("pv",), "division": ("dv",), "ordinal": ("ov",), "first": ("fv",), "chapter": ("cv",),
    "section": ("sv",), "subitem": ("bv",), "decimal": ("nv",), "item": ("iv", "zv"), "circle": (),
}  # fmt: skip
# What is left of a number that lost a part of itself: is it one? Only its neighbours can tell.
_BROKEN = re.compile(
    rf"""
    (?P<section>(?P<sv>[{_CN}]{{1,3}})[)）]|[(（]\s?[)）]|[)）]|[(（](?P<sw>[{_CN}]{{1,3}})(?=[^{_CN}年月日]))
  | (?P<chapter>[、．])
  | (?P<first>是(?![年月日时否以因由次届故夜晚为的]))
    """,
    re.VERBOSE,
)
_BROKEN_STARTS = frozenset(f"{_CN}()（）、．是")
_YEAR = re.compile("(?:19|20)[0-9]{2}年")
# 一、二产业 and 一、二、三产业 are lists of numbers; 二、十项工作 is a chapter.
_LIST = re.compile(rf"[{_CN}]{{1,2}}(?:、|[级等类产审线次是者])")


@dataclass(frozen=True, slots=True)
class Number:
    """A number at the start of a line: its style, value (None where lost), the text as printed, and how many
    characters it takes."""

    style: Style
    value: int | None
    printed: str
    length: int
    broken: bool = False

    @property
    def level(self) -> int:
        return LEVELS[self.style]

    @property
    def rank(self) -> float:
        return RANKS[self.style]


_STARTS = frozenset(f"第(（﹙0123456789０１２３４５６７８９{_CN}") | {
    chr(code)
    for low, many in (("㈠", 10), ("⑴", 20), ("⒈", 20), ("①", 20))
    for code in range(ord(low), ord(low) + many)
}


#: What a number, whole or broken, can begin with.
NUMBER_STARTS = _STARTS | _BROKEN_STARTS


def parse_number(text: str, at: int = 0) -> Number | None:
    """The number that stands at `at` of `text`, whole as printed."""
    # Most lines begin with something else, and heads of numbered ones come again.
    return _parse(text[at : at + 20]) if text[at : at + 1] in _STARTS else None


@functools.lru_cache(maxsize=16384)
def _parse(text: str) -> Number | None:
    match = _NUMBER.match(text)
    if not match:
        return None
    style: Style = match.lastgroup  # type: ignore[assignment]  # the outer group ends last
    printed = match.group()
    written = next(filter(None, map(match.group, _WRITTEN[style])), None)
    if written:
        value = _value(written)
        if value is None:
            return None
    else:
        symbol = printed
        base = next(low for low in "㈠⑴⒈①" if 0 <= ord(symbol) - ord(low) < 20)
        value = ord(symbol) - ord(base) + 1
    rest = text[match.end() : match.end() + 4]
    if style == "chapter" and _LIST.match(rest) and not rest.startswith(printed):
        return None
    if (
        rest[:1].isdigit()
        and not _YEAR.match(text, match.end())
        and (
            (style in ("chapter", "item") and printed[-1] in ".．")
            or (style == "item" and re.match(r"\d{1,2}(?!\d)", rest))  # 5、6月份
        )
    ):
        return None
    if style in ("part", "division") and rest[:1] in set("的是中以和与及为由约能日假课目"):
        return None
    return Number(style, value, printed.replace(" ", ""), len(printed))


# 四存在的问题: what stands behind a number that is no number of a heading, 四个, 三级, 二十大.
_COUNTED = frozenset(
    "〇零一二三四五六七八九十百千万亿个项大类种级方次名件条家位届年月日批场处所套本支座期是要者线审产季分半维化体平星员新清网地旬来季轮双式心好资"
)


def parse_bare(text: str, value: int) -> Number | None:
    """The Chinese number `value` at the start of a short line without any mark, whose own mark is lost."""
    written = chinese(value)
    rest = text[len(written) : len(written) + 1]
    if not text.startswith(written) or not rest or rest in _COUNTED or not "\u4e00" <= rest <= "\u9fff":
        return None
    return Number("chapter", value, written, len(written), broken=True)


def parse_broken(text: str) -> Number | None:
    """What may be left of a number at the start of `text`: 七)科学, 、下一步, 是加强."""
    match = _BROKEN.match(text) if text[:1] in _BROKEN_STARTS else None
    if not match:
        return None
    groups = match.groupdict()
    style: Style = next(name for name in ("section", "chapter", "first") if groups[name])
    written = groups["sv"] or groups["sw"]
    return Number(style, _value(written) if written else None, match.group(), match.end(), broken=True)


def write_number(style: Style, value: int, like: str) -> str:
    """The number `value` in the manner of `like`, a printed number of the same style."""
    if style == "decimal":
        return re.sub(r"[0-9]+(?=[.．]?$)", str(value), like)
    if style in ("item", "subitem") and any(c.isdigit() and c.isascii() for c in like):
        return re.sub("[0-9]+", str(value), like, count=1)
    if like and like[0] in "㈠㈡㈢㈣㈤㈥㈦㈧㈨㈩⑴①⒈" or style == "circle":
        base, many = {"section": ("㈠", 10), "subitem": ("⑴", 20), "item": ("⒈", 20), "circle": ("①", 20)}[
            style
        ]
        return chr(ord(base) + value - 1) if value <= many else f"({value})"
    return re.sub(rf"[{_CN}]+|[0-9０-９]+", chinese(value), like, count=1)


def chinese(value: int) -> str:
    """1 to 99 as a Chinese number; no report counts further, so more is written in digits."""
    if value > 99:
        return str(value)
    tens, ones = divmod(value, 10)
    head = "" if not tens else "十" if tens == 1 else "零一二三四五六七八九"[tens] + "十"
    return head + ("零一二三四五六七八九"[ones] if ones or not tens else "")


def _value(written: str) -> int | None:
    if written[0] in "0123456789０１２３４５６７８９":
        return int(written.translate(_DIGITS))
    if "十" in written:
        tens, _, ones = written.partition("十")
        if len(tens) > 1 or len(ones) > 1 or "十" in ones:
            return None
        return (_VALUE[tens] if tens else 1) * 10 + (_VALUE[ones] if ones else 0)
    return int("".join(str(_VALUE[c]) for c in written))
