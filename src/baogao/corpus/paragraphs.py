"""Lines of a report made paragraphs: broken ones joined, several in one line taken apart."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec

from baogao.corpus import furniture
from baogao.corpus.lines import Line
from baogao.corpus.mapped import Mapped
from baogao.corpus.numbers import Number, chinese, parse_number

_ENDS = frozenset("。！？!?：:；;")
_QUOTE_ENDS = frozenset("”’）)』」")
_OPEN_END = frozenset(",，、（(《“‘〈【—－-")
_CONTINUES = frozenset(",，。、；;：:)）》”’%％〕】！？")
_BRACKETS = (("《", "》"), ("“", "”"), ("（", "）"), ("(", ")"), ("〔", "〕"), ("【", "】"))
# Numbers that may begin a block in the middle of a line, and what must stand before them.
_INNER = re.compile(
    r"[。！？；：:;\s”’）)](?=[一二三四五六七八九十]{1,3}、|[(（][一二三四五六七八九十]{1,3}[)）])"
)
_CLOSERS = frozenset("”’）)")
_PAUSE = re.compile("[,，。；;]")
_AFTER_TITLE = re.compile(
    r"(?<=[\u4e00-\u9fff])(?=[(（]一[)）])"
    r"|(?<=问题|不足|短板|打算|计划|安排|措施|举措|做法|成效|思路)(?=一是)"
)


class Paragraph(msgspec.Struct, gc=False):
    """A paragraph's text; `row`: it is a row of a table."""

    text: Mapped
    row: bool = False


def make_paragraphs(lines: list[Line]) -> list[Paragraph]:
    """The paragraphs of the lines that are not dropped, each mapped to the source."""
    kept = [line for line in lines if line.dropped is None and not line.closing]
    if len(kept) < len(lines):
        kept = list(_kept(lines))
    wrap = find_wrap(kept)
    indented = sum([line.indent >= 2 for line in kept]) >= max(2, 0.2 * len(kept))
    paragraphs: list[Paragraph] = []
    parts: list[Line] = []
    first: Number | None = None  # that `parts` begin with
    last = {"chapter": 0, "section": 0}
    for line in kept:
        number = parse_number(line.text.text)
        if parts and _joins(parts, first, line, number, wrap, indented):
            parts.append(line)
            continue
        if parts:
            _finish(parts, first, last, paragraphs)
        parts, first = [line], number
    if parts:
        _finish(parts, first, last, paragraphs)
    return paragraphs


def _kept(lines: list[Line]) -> Iterator[Line]:
    """The lines of paragraphs. What goes on behind the number of a page follows the line above it as if
    neither the number nor the blank lines around it were there."""
    above: Line | None = None
    turned = False
    for line in lines:
        if line.dropped is None and not line.closing:
            if turned and above is not None:
                text = above.text.text
                heading = len(text) <= 36 and "。" not in text and parse_number(text) is not None
                within = not heading and _PAUSE.search(text) is not None
                line = msgspec.structs.replace(line, blank=0, flows=within)
            yield line
            above, turned = line, False
        else:
            turned = turned or furniture.is_page_number(line.text.text)


def _finish(
    parts: list[Line], first: Number | None, last: dict[str, int], paragraphs: list[Paragraph]
) -> None:
    """Add the paragraphs that `parts` make."""
    if parts[0].row:
        paragraphs.append(Paragraph(parts[0].text, row=True))
    elif len(parts) > 1:
        text = Mapped.join(part.text for part in parts)
        paragraphs += map(Paragraph, _split(text, parse_number(text.text), last))
    elif first is None and not _may_hold_next(parts[0].text.text, last):
        paragraphs.append(Paragraph(parts[0].text))
    else:
        paragraphs += map(Paragraph, _split(parts[0].text, first, last))


def ends_sentence(text: str) -> bool:
    """A mark that ends a sentence or a clause stands last, or last but a closing quotation mark."""
    end = text[-1:]
    return end in _ENDS or end == "." or (end in _QUOTE_ENDS and text[-2:-1] in _ENDS)


def _columns(text: str) -> int:
    """Display width: two columns a Chinese character, one a Latin one."""
    # In UTF-8 they take three bytes and one; no other way to count them is as quick.
    return (len(text) + len(text.encode("utf-8", "replace"))) // 2


@dataclass(frozen=True)
class _Wrap:
    """Lines are broken at a width: a line that measures at least `full` goes on in the next, and one that
    measures `widest` does so even where a sentence ends in it. `apart`: blank lines part the paragraphs, so
    lines without one between them belong together."""

    measure: Callable[[str], int]
    full: int
    widest: int
    apart: bool

    def is_full(self, line: Line) -> bool:
        return self.width(line) >= self.full

    def width(self, line: Line) -> int:
        return self.measure(line.text.text) + line.indent * self.measure("中")


def find_wrap(lines: list[Line]) -> _Wrap | None:
    """How the lines are broken; None where each line is a paragraph.

    Broken text has many lines of nearly its greatest width that end inside a sentence.
    """
    if len(lines) < 6 or sum([len(line.text.text) for line in lines]) > 90 * len(lines):
        return None
    most, best = 0, None
    for measure in (_columns, len):  # some tools count columns, others characters
        widths = [measure(line.text.text) + line.indent * measure("中") for line in lines]
        widest = sorted(widths)[int(0.95 * (len(widths) - 1))]
        if widest < 12 * measure("中"):
            continue
        full = widest - max(2 * measure("中"), widest // 12)
        near = [line for line, width in zip(lines, widths, strict=True) if full <= width <= widest + 6]
        inside = sum(not ends_sentence(line.text.text) for line in near)
        long = sum(len(line.text.text) > 10 for line in lines)
        if len(near) >= max(3, 0.3 * long) and inside >= 0.6 * len(near) and len(near) > most:
            short = [
                following.blank > 0
                for width, line, following in zip(widths, lines, lines[1:], strict=False)
                if width < full and len(following.text.text) > 10 and not line.row
            ]
            apart = bool(short) and sum(short) >= 0.8 * len(short)
            most, best = len(near), _Wrap(measure, full, widest - measure("中") // 2, apart)
    return best


def find_continuations(lines: list[Line]) -> set[int]:
    """Indices of lines that go on with a sentence that was broken at the width of the line before."""
    wrap = find_wrap(lines)
    flowing = {index for index, line in enumerate(lines) if line.flows and _flows(lines[index - 1], line)}
    if wrap is None:
        return flowing
    return flowing | {
        index + 1
        for index, (line, following) in enumerate(zip(lines, lines[1:], strict=False))
        if not following.blank
        and following.indent <= line.indent
        and wrap.is_full(line)
        and not ends_sentence(line.text.text)
        and parse_number(following.text.text) is None
    }


def _joins(
    parts: list[Line],
    first: Number | None,
    line: Line,
    number: Number | None,
    wrap: _Wrap | None,
    indented: bool,
) -> bool:
    """Does `line` go on with the paragraph of `parts`? They begin with the numbers `number` and `first`."""
    before, text = parts[-1].text.text, line.text.text
    if line.row or parts[-1].row:
        return False
    if first is not None and len(parts) == 1 and first.length == len(before):
        return True
    if wrap is not None and before[-1].isdigit() and text[0].isdigit() and wrap.is_full(parts[-1]):
        return True  # a number broken in two
    if number is not None:
        flows = wrap is not None and wrap.apart and not line.blank and wrap.is_full(parts[-1])
        return flows and number.style not in ("part", "division", "chapter")
    done = ends_sentence(before)
    if not done and text[0] in _CONTINUES and text[0] not in ")）":
        return True
    if before[-1] in _OPEN_END or _unclosed(before):
        return True
    if line.blank or (line.indent >= 2 and (indented or (done and parts[-1].indent < 2))):
        return False
    if _flows(parts[-1], line):
        return True
    if wrap is not None:
        if wrap.is_full(parts[-1]):
            within = not done or before[-1] in ";；"
            return indented or wrap.apart or within or wrap.width(parts[-1]) >= wrap.widest
        # What cannot be broken, a number with its unit, leaves the line before it short.
        return (indented or wrap.apart) and not done and wrap.width(parts[-1]) >= 0.7 * wrap.full
    if done:
        return False
    joined = "".join(part.text.text for part in parts)
    if first is not None:
        return "。" in joined
    return "。" in joined or (len(joined) >= 40 and re.search("[,，]", joined) is not None)


def _flows(above: Line, line: Line) -> bool:
    """Does `line` go on with the sentence of the full line above it?"""
    return line.flows and not ends_sentence(above.text.text) and parse_number(line.text.text) is None


def _unclosed(text: str) -> bool:
    """A bracket or a quotation is open at the end."""
    for left, right in _BRACKETS:  # noqa: SIM110  # any() takes three times as long
        if left in text and text.count(left) > text.count(right):
            return True
    return False


def _split(text: Mapped, here: Number | None, last: dict[str, int]) -> list[Mapped]:
    """A line that holds several numbered blocks, the first with the number `here`, taken apart where the
    numbers go on one by one. `last` has the last chapter and section before it, and after it."""
    line = text.text
    cuts: list[int] = []
    if here is not None:
        _advance(last, here)
        _cut_after_title(line, here, 0, cuts, last)
    for match in _INNER.finditer(line) if _may_hold_next(line, last) else ():
        at = match.end()
        if match.group() in _CLOSERS and line[at - 2 : at - 1] not in tuple("。！？；："):
            continue
        number = parse_number(line, at)
        if number is None or number.style not in last or number.value != last[number.style] + 1:
            continue
        if number.style == "section" and (here is None or here.style not in last) and not cuts:
            continue
        if cuts and at < cuts[-1]:
            continue
        cuts.append(at)
        _advance(last, number)
        here = number if number.style == "chapter" else here
        _cut_after_title(line, number, at, cuts, last)
    if not cuts:
        return [text]
    edges = [0, *sorted(set(cuts)), len(line)]
    return [text.cut(a, b).strip() for a, b in zip(edges, edges[1:], strict=False)]


def _cut_after_title(line: str, number: Number, at: int, cuts: list[int], last: dict[str, int]) -> None:
    """一、主要工作(一)加强领导。: the chapter's title at `at` ends where its first section or 一是 begins."""
    if number.style == "chapter":
        match = _AFTER_TITLE.search(line, at + number.length, at + number.length + 64)
        if match and "。" not in line[at : match.start()]:
            cuts.append(match.start())
            last["section"] = int(line[match.start()] != "一")


def _may_hold_next(line: str, last: dict[str, int]) -> bool:
    """Does the next chapter's or section's number stand in `line`, at whatever place?"""
    chapter, *sections = _next_numbers(last["chapter"], last["section"])
    if chapter in line:
        return True
    if ")" not in line and "）" not in line:  # a look for one character is far quicker
        return False
    for number in sections:  # noqa: SIM110  # any() takes three times as long
        if number in line:
            return True
    return False


@functools.lru_cache(maxsize=4096)
def _next_numbers(chapter: int, section: int) -> tuple[str, ...]:
    numbers = (
        f"{chinese(chapter + 1)}、",
        f"{chinese(section + 1)})",
        f"{chinese(section + 1)}）",
        "一)",
        "一）",
    )
    return tuple(dict.fromkeys(numbers))


def _advance(last: dict[str, int], number: Number) -> None:
    if number.style in last and number.value is not None:
        last[number.style] = number.value
    if number.style == "chapter":
        last["section"] = 0
