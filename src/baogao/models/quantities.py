"""Quantities as numbers: 258.78万元 is 2,587,800 元, 15万余人次 is more than 150,000 人次.

Grammar of a span (white space and full-width forms do not matter; [] may be absent):

    quantity   := [bound] [rank] numeral [more] [range] [unit] [bound]
    bound      := 不低于 不少于 至少 … 以上 (>=) | 不超过 至多 … 以内 以下 内 (<=) | 超过 逾 高于 … (>)
                | 低于 不足 不到 … (<) | 近 将近 接近 (< and approximate) | 约 大约 左右 (approximate)
    rank       := 第 (that place) | 前 (that place or better) | 后, 末 (of the last so many)
    numeral    := 1,234.5 | 三百二十 | 二十三点五 | 百 | 两三 (2 to 3), then any of 十百千万亿
                | 三分之一 | 百分之八十 | 一半 | 半
    more       := 余 多 几 (> and approximate) | 来 (approximate), also after a classifier: 9个多小时
    range      := (- – — ~ 至 到) numeral, with the unit once or twice: 5—8件, 3万元至5万元
    unit       := whatever follows, with 万 or 亿 in front when the numeral ends so

Words that only introduce a figure (达, 共, 为 …) are passed over. Comparators are those of the Chinese
legal usage (civil code, article 1259): 以上, 以下, 以内 include the number; 超过, 不足, 以外 do not.
"""

from __future__ import annotations

import math
import re
import unicodedata
from fractions import Fraction
from typing import Literal

import msgspec

Comparator = Literal["=", "<", "<=", ">", ">=", "range"]


class Quantity(msgspec.Struct, kw_only=True, frozen=True):
    """What a span says. `number` and `unit` as printed (258.78, 万元), `value` and `base_unit` with 万, 亿,
    %, ‰, 成 and fixed units of measure resolved (2587800.0, 元).

    base_unit "1" marks a share (84.92% is 0.8492), "rank" a place (第10名), "rank from last" one of the last;
    None stands for a bare number. Percentage points (百分点), times (小时, 月, 年), 亩, 倍 stay as printed.
    Comparator "range": `number` to `high_number`, `value` to `high_value`; both are None otherwise.
    """

    number: float
    unit: str | None = None
    comparator: Comparator = "="
    approximate: bool = False
    value: float
    base_unit: str | None = None
    high_number: float | None = None
    high_value: float | None = None


_LONGEST = 64  # characters; no figure is longer, and a text without end must not become one
_DIGITS = dict(zip("零〇一二两俩三四五六七八九", (0, 0, 1, 2, 2, 2, 3, 4, 5, 6, 7, 8, 9), strict=True))
_MAGNITUDES = {"亿": 10**8, "万": 10**4, "千": 1000, "百": 100, "十": 10}
_MORE = "余多几来"
_SIMPLIFIED = str.maketrans("萬億餘", "万亿余")
# A numeral is figures or Chinese digits (X) between magnitudes (M). 千克 is a unit and 百分点 is another.
_X = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?|[D]+(?:点[D]+)?)".replace(
    "D", "".join(_DIGITS)
)
_M = "(?:[十万亿]|百(?!分)|千(?![克米瓦卡伏赫帕字]))"
_NUMERAL = re.compile(f"(?![{_MORE}])(?:(?:{_X})?(?:[余多几]?{_M})++)*+(?:{_X})?")
_TWO_DIGITS = re.compile("(?<![D点])([D])([D])(?![D点])".replace("D", "一二三四五六七八九两"))
_HALVES: list[tuple[str, Comparator | None, str | None]] = [
    ("一半", None, "1"),
    ("半数", None, "1"),
    ("过半", ">", "1"),
    ("半", None, None),
]
_FRACTION = re.compile("(百|千|万|[^分]{1,4})分之")

_Mark = tuple[str, Comparator | None, bool]  # a pattern, what it says, whether it is a rough figure
_PREFIXES: list[_Mark] = [
    ("不低于|不少于|不小于|不下于|至少|最少|最低|>=|≥|≧", ">=", False),
    ("不超过|不高于|不大于|不多于|不超|至多|最多|最高|<=|≤|≦", "<=", False),
    ("超过|超出|高于|多于|大于|突破|超|逾|过(?!半)|>", ">", False),
    ("低于|少于|小于|不足|不到|不满|未满|未达|<", "<", False),
    ("将近|接近|近", "<", True),
    ("大约|约为|约|大概", None, True),
    ("上(?=[百千万亿十])", ">=", True),
    ("[数几](?=[百千万亿十])", ">", True),
    ("达到?|共计?|总计|合计|累计|为|仅|只有|只|有", None, False),
]
_SUFFIXES: list[_Mark] = [
    ("(?:(?:及|或)?以上|起步)$", ">=", False),
    (r"(?<=\d)\+$", ">=", False),
    ("(?:(?:及|或)?以下|(?:以|之)内|(?<=[日天月年时钟周])内)$", "<=", False),
    ("(?:左右|上下)$", None, True),
    ("(?<=.)(?:之多|有余|余|多)$", ">", True),
]
_RANKS: dict[str, tuple[Comparator, str]] = {
    "第": ("=", "rank"),
    "前": ("<=", "rank"),
    "后": ("<=", "rank from last"),
    "末": ("<=", "rank from last"),
}
_RANGE = re.compile(r"[-–—―−~至到]+")
_MORE_IN_UNIT = re.compile(r"^(个|成|年|月|天|日|周|岁|倍|公里|里|小时)[多余]")
_HALF_IN_UNIT = re.compile(r"^(个|年|天|月|倍|公里|小时)半")

_SCALES: dict[str, tuple[Fraction, str]] = {
    "%": (Fraction(1, 100), "1"),
    "‰": (Fraction(1, 1000), "1"),
    "成": (Fraction(1, 10), "1"),
    "公里": (Fraction(1000), "米"),
    "千米": (Fraction(1000), "米"),
    "km": (Fraction(1000), "米"),
    "厘米": (Fraction(1, 100), "米"),
    "毫米": (Fraction(1, 1000), "米"),
    "平方公里": (Fraction(10**6), "平方米"),
    "平方千米": (Fraction(10**6), "平方米"),
    "公顷": (Fraction(10**4), "平方米"),
    "m2": (Fraction(1), "平方米"),
    "吨": (Fraction(1000), "千克"),
    "公斤": (Fraction(1), "千克"),
    "kg": (Fraction(1), "千克"),
    "克": (Fraction(1, 1000), "千克"),
    "斤": (Fraction(1, 2), "千克"),
}


class _Numeral(msgspec.Struct):
    """A numeral read off a text: its value, the 万 or 亿 it ends in, and where it stops; `high` for 两三."""

    value: Fraction
    end: int
    magnitude: str = ""
    more: Comparator | None = None
    approximate: bool = False
    high: Fraction | None = None
    unit: str | None = None  # for 百分之, 分之 and 一半, which are numeral and unit in one


def read_quantity(text: str) -> Quantity | None:
    """The quantity a METRIC-like span says, None when no number can be read in it.

    Texts over 64 characters and numbers of 10²⁴ and more count as unreadable.

    >>> q = read_quantity("15万余人次")
    >>> q.comparator, q.value, q.base_unit
    ('>', 150000.0, '人次')
    """
    rest = "".join(unicodedata.normalize("NFKC", text).split()).translate(_SIMPLIFIED)
    if len(rest) > _LONGEST:
        return None
    comparator: Comparator = "="
    approximate = False
    rest, marks = _strip(rest, _PREFIXES, at_start=True)
    rank = _RANKS.get(rest[:1])
    rest = rest[1:] if rank else rest
    rest, more_marks = _strip(rest, _SUFFIXES, at_start=False)
    first = _read_numeral(rest, 0)
    if first is None:
        return None
    for mark, rough in marks + more_marks:
        comparator = mark if comparator == "=" and mark else comparator
        approximate = approximate or rough
    if first.more or first.approximate:
        comparator = first.more if comparator == "=" and first.more else comparator
        approximate = True
    low, high, magnitude, unit = first.value, first.high, first.magnitude, rest[first.end :]
    second = _read_range(unit, low)
    if second is not None:
        high, unit = second.value, unit[second.end :]
        shared = 1 if magnitude else _factor(second.magnitude)  # 3-5万元: the 万 belongs to both
        low *= shared if low * shared <= high else 1
        magnitude = second.magnitude or magnitude
    unit, extra, more = _tidy_unit(first.unit or (second and second.unit) or unit)
    low += extra
    if more and comparator == "=":
        comparator, approximate = ">", True
    if high is not None and comparator == "=":
        comparator = "range"
    scale, base = _SCALES.get(unit, (Fraction(1), re.sub("^个(?=.)", "", unit) or None))
    if rank:
        comparator = rank[0] if comparator == "=" else comparator
        base = rank[1] if base != "1" else base
    shown = _factor(magnitude)
    if max(low, high or 0) >= 10**24:
        return None
    return Quantity(
        number=float(low / shown),
        unit=(magnitude + unit) or None,
        comparator=comparator,
        approximate=approximate,
        value=float(low * scale),
        base_unit=base,
        high_number=None if high is None else float(high / shown),
        high_value=None if high is None else float(high * scale),
    )


def _strip(
    text: str, marks: list[_Mark], *, at_start: bool
) -> tuple[str, list[tuple[Comparator | None, bool]]]:
    """Take bounds off one end until none is left; returns the rest and what they said."""
    found: list[tuple[Comparator | None, bool]] = []
    while True:
        for pattern, comparator, approximate in marks:
            match = re.match(pattern, text) if at_start else re.search(pattern, text)
            if match and match.end() - match.start() < len(text):
                found.append((comparator, approximate))
                text = text[match.end() :] if at_start else text[: match.start()]
                break
        else:
            return text, found


def _read_range(unit: str, low: Fraction) -> _Numeral | None:
    """The second numeral of `5—8件` or `3万元至5万元`, its `end` counted in `unit`."""
    match = _RANGE.search(unit)
    if match is None:
        return None
    second = _read_numeral(unit, match.end())
    if second is None:
        return None
    left, right = unit[: match.start()], second.unit or unit[second.end :]
    return second if second.value > low and (not left or right.startswith(left)) else None


def _tidy_unit(unit: str) -> tuple[str, Fraction, bool]:
    """The unit without 多 or 半 after its classifier: (unit, what 半 adds, whether 多 stood there)."""
    match = _MORE_IN_UNIT.match(unit)
    if match:
        return match[1] + unit[match.end() :], Fraction(0), True
    match = _HALF_IN_UNIT.match(unit)
    if match:
        return match[1] + unit[match.end() :], Fraction(1, 2), False
    return unit, Fraction(0), False


def _factor(magnitude: str) -> int:
    return math.prod(_MAGNITUDES[character] for character in magnitude)


def _read_numeral(text: str, at: int) -> _Numeral | None:
    """The numeral that starts at `at`: a fraction in words, a half, or a cardinal."""
    for word, more, unit in _HALVES:
        if text.startswith(word, at):
            return _Numeral(Fraction(1, 2), at + len(word), more=more, unit=unit)
    match = _FRACTION.match(text, at)
    if match is None:
        return _read_cardinal(text, at)
    whole = _read_cardinal(match[1], 0)
    part = _read_cardinal(text, match.end())
    if part is None or whole is None or whole.end < len(match[1]) or not whole.value:
        return _read_cardinal(text, at)
    unit = {100: "%", 1000: "‰"}.get(int(whole.value), "1")
    value = part.value if unit != "1" else part.value / whole.value
    return msgspec.structs.replace(part, value=value, unit=unit, magnitude="", high=None)


def _read_cardinal(text: str, at: int) -> _Numeral | None:
    """Arabic or Chinese cardinals and their mixtures (1亿2000万, 3千, 三百二十, 二〇) from `at` on."""
    match = _NUMERAL.match(text, at)
    if match is None or not match[0]:
        return None
    end, marks = match.end(), {character for character in match[0] if character in _MORE}
    if text[end : end + 1] in tuple(_MORE[:3]) or (text[end : end + 1] == "来" and match[0][-1] in "十百千"):
        marks.add(text[end])
        end += 1
    numeral = re.sub(f"[{_MORE}]", "", match[0])
    low, high = _either_digit(numeral)
    tail = re.search("[万亿]*$", numeral)
    return _Numeral(
        _evaluate(low),
        end,
        magnitude=tail[0] if tail else "",
        more=">" if marks - {"来"} else None,
        approximate=bool(marks) or high is not None,
        high=None if high is None else _evaluate(high),
    )


def _either_digit(numeral: str) -> tuple[str, str | None]:
    """两三万 as 两万 and 三万; a numeral without such a pair as it is and None."""
    match = _TWO_DIGITS.search(numeral)
    if match is None or _DIGITS[match[2]] != _DIGITS[match[1]] + 1:
        return numeral, None
    before, after = numeral[: match.start()], numeral[match.end() :]
    return before + match[1] + after, before + match[2] + after


def _evaluate(numeral: str) -> Fraction:
    """The value of a whole numeral; an absent multiplier is one (百 is 100)."""
    for character, magnitude in _MAGNITUDES.items():
        left, found, right = numeral.rpartition(character)
        if found:
            spoken = magnitude >= 100 and len(right) == 1 and right not in ("零", "〇")  # 一百二 is 120
            rest = _evaluate(right) * (magnitude // 10 if spoken and right in _DIGITS else 1) if right else 0
            return (_evaluate(left) if left else Fraction(1)) * magnitude + rest
    if numeral[:1].isascii():
        return Fraction(numeral.replace(",", ""))
    whole, _, decimals = numeral.partition("点")
    digits = "".join(str(_DIGITS[character]) for character in whole + decimals)
    return Fraction(int(digits), 10 ** len(decimals))
