"""Lines of a report made paragraphs: broken ones joined, several in one line taken apart."""

from __future__ import annotations

import re

from baogao.corpus.lines import Line
from baogao.corpus.mapped import Mapped
from baogao.corpus.numbers import Number, parse_number

_TERMINAL = re.compile(r"[。！？!?：:；;][”’）)』」]?$|\.$")
_OPEN_END = re.compile(r"[,，、（(《“‘〈【—－-]$")
_CONTINUES = re.compile(r"[,，。、；;：:)）》”’%％〕】！？]")
_BRACKETS = ("《》", "“”", "（）", "()", "〔〕", "【】")
# Numbers that may begin a block in the middle of a line, and what must stand before them.
_INNER = re.compile(
    r"(?:(?<=[。！？；：:;])|(?<=[。！？；：:;][”’）)])|(?<=\s))"
    r"(?=[一二三四五六七八九十]{1,3}、|[(（][一二三四五六七八九十]{1,3}[)）])"
)
_AFTER_TITLE = re.compile(r"(?<=[\u4e00-\u9fff])(?=[(（]一[)）])")


def make_paragraphs(lines: list[Line]) -> list[Mapped]:
    """The paragraphs of the lines that are not dropped, each mapped to the source."""
    kept = [line for line in lines if line.dropped is None and not line.closing]
    width = _wrap_width(kept)
    indented = sum(line.indent >= 2 for line in kept) >= max(2, 0.2 * len(kept))
    paragraphs: list[Mapped] = []
    parts: list[Line] = []
    for line in kept:
        if parts and _joins(parts, line, width, indented):
            parts.append(line)
            continue
        if parts:
            paragraphs += _split(_glue(parts), paragraphs)
        parts = [line]
    if parts:
        paragraphs += _split(_glue(parts), paragraphs)
    return paragraphs


def _glue(parts: list[Line]) -> Mapped:
    return parts[0].text if len(parts) == 1 else Mapped.join(part.text for part in parts)


def _columns(text: str) -> int:
    """Display width: two columns a Chinese character, one a Latin one."""
    return len(text.encode("gb18030", "replace"))


def _wrap_width(lines: list[Line]) -> int | None:
    """The width at which the lines are broken, in columns; None where a line is a paragraph."""
    if len(lines) < 6:
        return None
    widths = sorted(_columns(line.text.text) + 2 * line.indent for line in lines)
    full = widths[int(0.9 * (len(widths) - 1))]
    if not 24 <= full <= 160:
        return None
    low = full - max(4, full // 12)
    near = [line for line in lines if low <= _columns(line.text.text) + 2 * line.indent <= full + 6]
    ends = sum(bool(_TERMINAL.search(line.text.text)) for line in near)
    return low if len(near) >= 0.35 * len(lines) and ends <= 0.5 * len(near) else None


def _joins(parts: list[Line], line: Line, width: int | None, indented: bool) -> bool:
    """Does `line` go on with the paragraph of `parts`?"""
    before, text = parts[-1].text.text, line.text.text
    if line.row or parts[-1].row:
        return False
    number = parse_number(parts[0].text.text)
    if number is not None and number.length == len(before):
        return True
    if parse_number(text) is not None:
        return False
    if _CONTINUES.match(text) and not _TERMINAL.search(before) and not text.startswith((")", "）")):
        return True
    if _OPEN_END.search(before) or _unclosed(before):
        return True
    if line.blank or (indented and line.indent >= 2):
        return False
    if width is not None:
        return _columns(before) + 2 * parts[-1].indent >= width and not (
            _TERMINAL.search(before) and not indented
        )
    if _TERMINAL.search(before):
        return False
    joined = "".join(part.text.text for part in parts)
    if number is not None:
        return "。" in joined
    return "。" in joined or (len(joined) >= 40 and re.search("[,，]", joined) is not None)


def _unclosed(text: str) -> bool:
    """A bracket or a quotation is open at the end."""
    return any(text.count(pair[0]) > text.count(pair[1]) for pair in _BRACKETS)


def _split(text: Mapped, before: list[Mapped]) -> list[Mapped]:
    """A line that holds several numbered blocks, taken apart where the numbers go on one by one."""
    line = text.text
    if len(line) < 8:
        return [text]
    cuts = []
    here = parse_number(line)
    last = {"chapter": 0, "section": 0}
    for earlier in reversed(before):
        number = parse_number(earlier.text)
        if number is not None and number.style in last and number.value:
            last[number.style] = last[number.style] or number.value
            if number.style == "chapter":
                break
    if here is not None:
        _advance(last, here)
        if here.style == "chapter":
            match = _AFTER_TITLE.search(line, here.length)
            if match and "。" not in line[: match.start()]:
                cuts.append(match.start())
                last["section"] = 1
    for match in _INNER.finditer(line):
        number = parse_number(line, match.start())
        if number is None or match.start() == 0 or number.value is None or number.style not in last:
            continue
        if number.value != last[number.style] + 1:
            continue
        if (
            number.style == "section"
            and (here is None or here.style not in ("chapter", "section"))
            and not cuts
        ):
            continue
        cuts.append(match.start())
        _advance(last, number)
    if not cuts:
        return [text]
    edges = [0, *sorted(set(cuts)), len(line)]
    return [text.cut(a, b).clean() for a, b in zip(edges, edges[1:], strict=False)]


def _advance(last: dict[str, int], number: Number) -> None:
    if number.style in last and number.value is not None:
        last[number.style] = number.value
    if number.style == "chapter":
        last["section"] = 0
