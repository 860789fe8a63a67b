"""The outline of a report: which paragraphs are headings, at what level, under which number."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import Literal

from baogao.corpus.mapped import HAN, Mapped
from baogao.corpus.numbers import (
    LEVELS,
    NUMBER_STARTS,
    RANKS,
    Number,
    Style,
    parse_bare,
    parse_broken,
    parse_number,
    write_number,
)
from baogao.corpus.paragraphs import Paragraph
from baogao.records import Block

_LONG_HEADING = 60
_LONG_CHAPTER = 90
# A dot between Chinese characters, or behind the last, stands for 。 in text with the marks of ASCII.
_DOT = re.compile(rf"(?<=[{HAN}])\.(?=[{HAN}]|$)")
_STOP = re.compile("[。！？]")
_PAIRS = {"《": "》", "“": "”", "（": "）", "(": ")", "〈": "〉", "「": "」"}
_CLOSERS = frozenset(_PAIRS.values())
_BRACKET = re.compile(f"[{re.escape(''.join([*_PAIRS, *_PAIRS.values()]))}]")
_BRACKET_OR_STOP = re.compile(f"[{re.escape(''.join([*_PAIRS, *_PAIRS.values()]))}。！？]")
_CLAUSE = re.compile(r"[,，。；;：:！？!?]")
_CLAUSE_MARKS = frozenset(",，。；;：:！？!?")
_DIGITS = frozenset("一二三四五六七八九十")
# Where 1、 stands above （一）.
_ITEMS_ABOVE: dict[Style, float] = {**RANKS, "item": 1.5, "decimal": 1.75}
#: A short line that only announces what follows is a paragraph, not a heading.
_ANNOUNCES = re.compile(r"如下|以下|下列|主要是|表现在|体现在|工作是|方面[:：]?$|任务是|现将|做好")
_COLON_HEADING = re.compile(
    r"(?:问题|不足|短板|打算|思路|计划|安排|措施|成效|成绩|情况|做法|亮点|工作|目标|方向)[:：]$"
)
#: The caption of a picture, or a row of figures.
_NO_HEADING = re.compile(rf"^(?:图\s?(?:为|\d)|[△▲↑↓▼])|^[(（].*[)）]$|(?:^|\s)[\d.%]+$|^[^{HAN}]*$")
DEFAULT = {"chapter": "一、", "section": "(一)", "first": "一是", "item": "1.", "subitem": "(1)"}


def build_blocks(report: str, paragraphs: list[Paragraph], closing: list[Mapped]) -> list[Block]:
    """Blocks of a report from its paragraphs in order; its closing lines come last. Rows of tables are
    paragraphs without number, whatever they begin with."""
    texts = [paragraph.text.text for paragraph in paragraphs]
    numbers = [
        None if text[0] not in NUMBER_STARTS or each.row else _read(text)
        for each, text in zip(paragraphs, texts, strict=True)
    ]
    _repair_marks(numbers, texts)
    _repair_bare(numbers, texts)
    kinds = [
        (len(text) <= 36 or numbers[index] is not None)
        and not paragraphs[index].row
        and _is_heading(index, texts, numbers)
        for index, text in enumerate(texts)
    ]
    clauses = [
        index
        for index, text in enumerate(texts)
        if len(text) <= 36 and not paragraphs[index].row and _is_clause(index, texts, numbers)
    ]
    if len(clauses) < 2:  # one by itself may be a sentence without its end
        clauses = []
    for index in clauses:
        kinds[index] = True
    above: int | None = None  # level of the last heading where it has neither number nor commas
    printed: dict[Style, str] = {}
    depths = _ITEMS_ABOVE if _items_above(numbers) else RANKS
    blocks: list[Block] = []
    rank = 0.0
    ranks: list[float] = []  # of the headings above, whose texts are `path`
    path: list[str] = []
    series: dict[Style, int] = {}
    plain_since: set[Style] = set()
    for index, paragraph in enumerate(paragraphs):
        text, number, heading = texts[index], numbers[index], kinds[index]
        level, shown, lead = None, None, None
        if number is not None:
            value = _value(number, series, plain_since)
            level = number.level
            above = None if heading else above
            if value == number.value and not number.broken:
                shown = number.printed
            else:
                printed = printed or _manner(numbers)  # a report whose numbers are right needs none
                shown = write_number(number.style, value, printed[number.style] or number.printed)
            rank = depths[number.style]
            for style in [s for s in series if depths[s] > rank]:  # they begin again
                del series[style]
            series[number.style] = value
            plain_since.discard(number.style)
            if not heading and number.style not in ("first", "ordinal"):
                lead = _lead(text[number.length :])
        elif heading:
            level = _plain_level(index, numbers)
            if index in clauses:
                level = level if above is None else above + 1
            else:
                above = level
            rank = level - 0.5 if level else -0.5
            for style in [s for s in series if LEVELS[s] >= level or s == "first"]:
                del series[style]
        elif not paragraph.row:
            plain_since.update(series)
        if number is not None or heading:
            while ranks and ranks[-1] >= rank:
                ranks.pop()
                path.pop()
        kind: Literal["heading", "paragraph"] = "heading" if heading else "paragraph"
        blocks.append(_block(report, index, kind, paragraph.text, level, shown, lead, path))
        if heading:
            ranks.append(rank)
            path.append(text)
        elif inline := _last_inline(text):
            if number is not None and number.style == "first":
                series["first"] = max(inline, series["first"])
            else:
                series["first"] = inline
                plain_since.add("first")
    for mapped in closing:
        blocks.append(_block(report, len(blocks), "closing", mapped, None, None, None, path))
    return blocks


def _last_inline(text: str) -> int | None:
    """Value of the last 一是, 二是 … inside a paragraph."""
    at = text.rfind("是")
    while at > 0:
        start = at
        while start > max(at - 3, 0) and text[start - 1] in _DIGITS:
            start -= 1
        if start < at and (not start or text[start - 1] in "。；;：:"):
            number = parse_number(text[start : at + 1])
            if number is not None:
                return number.value
        at = text.rfind("是", 0, at)
    return None


def _block(report, index, kind, mapped: Mapped, level, number, lead, path) -> Block:
    runs = mapped.runs
    return Block(
        id=f"{report}:{index:04d}", report=report, index=index, kind=kind, level=level, number=number,
        lead=lead, path=path[:], text=mapped.text, start=runs[0][1], end=runs[-1][2],
    )  # fmt: skip


def _items_above(numbers: list[Number | None]) -> bool:
    """The first section stands right below an item, and no chapter before it."""
    above: Number | None = None
    for number in numbers:
        if number is not None and number.style in ("part", "chapter", "section"):
            return number.style == "section" and above is not None and above.style == "item"
        above = number
    return False


def _read(text: str) -> Number | None:
    number = parse_number(text)
    return number if number is not None else parse_broken(text)


def _repair_marks(numbers: list[Number | None], texts: list[str]) -> None:
    """Keep a broken number only where whole ones of its style stand in the same report, or where a series
    is written so all through: 一） and 二）."""
    halves = {(number.style, number.value) for number in numbers if number is not None and number.broken}
    if not halves:
        return
    whole = {number.style for number in numbers if number is not None and not number.broken}
    manner = {style for style, value in halves if value == 1 and (style, 2) in halves} - whole
    for index, number in enumerate(numbers):
        if number is not None and number.value is not None and number.style in manner:
            numbers[index] = replace(number, broken=False)
        elif number is not None and number.broken and number.style not in whole:
            inline = number.style == "first" and any(map(_last_inline, texts))
            if not inline:
                numbers[index] = None


def _repair_bare(numbers: list[Number | None], texts: list[str]) -> None:
    """四存在的问题 behind chapter three is chapter four, whose mark is lost."""
    last = 0
    for index, number in enumerate(numbers):
        if number is not None and number.style == "chapter":
            last = number.value or last + 1
        elif number is None and last and texts[index][0] in _DIGITS and len(texts[index]) <= 30:
            if _CLAUSE.search(texts[index]) is None and index + 1 < len(numbers):
                numbers[index] = parse_bare(texts[index], last + 1)
            last += numbers[index] is not None


def _manner(numbers: list[Number | None]) -> dict[Style, str]:
    """How the report prints the numbers of each style."""
    seen: dict[Style, Counter[str]] = {style: Counter() for style in LEVELS}
    for number in numbers:
        if number is not None and not number.broken:
            seen[number.style][number.printed] += 1
    manner = {}
    for style, counter in seen.items():
        shapes: Counter[str] = Counter()
        for text, count in counter.items():
            shapes[re.sub(r"[〇零一二三四五六七八九十]+|\d+", "*", text)] += count
        shape = shapes.most_common(1)[0][0] if shapes else None
        manner[style] = (
            next(t for t in counter if re.sub(r"[〇零一二三四五六七八九十]+|\d+", "*", t) == shape)
            if shape
            else DEFAULT.get(style, "")
        )
    return manner


def _value(number: Number, series: dict[Style, int], plain_since: set[Style]) -> int:
    """The value a number should have: what it says where that fits, else the next of its series."""
    last = series.get(number.style)
    if number.value is None:
        return (last or 0) + 1
    if last is None or number.value == last + 1:
        return number.value
    if number.style == "decimal":
        return number.value
    if number.style in ("item", "subitem", "circle") and number.value > last:
        return number.value  # long lists in digits skip where an item stands elsewhere
    # 一 again after a paragraph without number: another list. Chapters and a doubled 一 are miscounted.
    if number.value == 1 and last > 1 and number.style in plain_since and number.style != "chapter":
        return 1
    return last + 1


def first_stop(text: str) -> int:
    """Index of the first 。 of `text` outside brackets and quotations; -1 where there is none."""
    if "." in text and "。" not in text:
        text = _DOT.sub("。", text)
    match = _STOP.search(text)
    if match is None:
        return -1
    if _BRACKET.search(text, 0, match.start()) is None:
        return match.start()
    closers: list[str] = []
    for mark in _BRACKET_OR_STOP.finditer(text, 0, 402):
        char = mark.group()
        if closers and char == closers[-1]:
            closers.pop()
        elif char in _PAIRS:
            closers.append(_PAIRS[char])
        elif char not in _CLOSERS and not closers:
            return mark.start()
    return match.start()


def _lead(rest: str) -> str | None:
    stop = first_stop(rest)
    return rest[:stop].strip() or None if stop >= 0 else None


def _is_heading(index: int, texts: list[str], numbers: list[Number | None]) -> bool:
    text, number = texts[index], numbers[index]
    following = numbers[index + 1] if index + 1 < len(numbers) else None
    more = index + 1 < len(texts)
    if number is None:
        return more and _plain_heading(text, texts[index - 1] if index else "", texts[index + 1])
    if number.style in ("first", "ordinal"):
        return False
    rest = text[number.length :].strip()
    if len(rest) > (_LONG_CHAPTER if number.style in ("part", "chapter") else _LONG_HEADING):
        return False
    stop = first_stop(rest)
    if 0 <= stop < len(rest) - 1:
        return False
    deeper = more and (following is None or following.rank > number.rank)
    if stop >= 0:
        return deeper
    return not rest.endswith(("；", ";", "，", ",")) and (deeper or rest[-1:] not in _CLAUSE_MARKS)


def _plain_heading(text: str, before: str, after: str) -> bool:
    """A short line without number and sentence marks between a finished paragraph and a longer one."""
    if len(before) > 36 and before[-1] not in "。！？；;：:”）)":
        return False
    if _ANNOUNCES.search(text) or _NO_HEADING.search(text):
        return False
    if _COLON_HEADING.search(text) and len(text) <= 16:
        return True
    return _CLAUSE.search(text) is None and (len(after) > len(text) or parse_number(after) is not None)


def _is_clause(index: int, texts: list[str], numbers: list[Number | None]) -> bool:
    """A heading without number that has commas: a short line without an end, between a sentence that is
    finished and a paragraph much longer."""
    text = texts[index]
    if len(text) < 8 or numbers[index] is not None or not 0 < index < len(texts) - 1:
        return False
    before, after = texts[index - 1], texts[index + 1]
    return (
        ("," in text or "，" in text)
        and not any(mark in text for mark in "。；;：:！？!?")
        and text[-1] not in ",，、"
        and before[-1] in "。！？：:"
        and after[-1] in "。：:"
        and len(after) > 2 * len(text)
        and numbers[index + 1] is None
        and _ANNOUNCES.search(text) is None
    )


def _plain_level(index: int, numbers: list[Number | None]) -> int:
    """Level of a heading without number: one above a series of numbers that begins after it, one below a
    series that goes on after it."""
    for number in numbers[index + 1 :]:
        if number is None or number.style in ("first", "ordinal"):
            continue
        if number.value == 1:
            return max(number.level - 1, 0)
        if number.value is not None:
            return number.level + 1
    return 1
