"""Line breaks that a page lost between a heading and its paragraph, set again where it is certain.

The words alone do not tell where a heading ends (（一）加强组织领导县委高度重视……), so nothing is guessed:
the indent of the paragraph still stands there, the page's table of contents has the heading, or the headings
of the same kind stand on lines of their own and the paragraph opens with an adverbial of time.
"""

from __future__ import annotations

import re

from baogao.corpus.lines import Line
from baogao.corpus.mapped import HAN
from baogao.corpus.numbers import NUMBER_STARTS, Number, Style, parse_number
from baogao.corpus.paragraphs import Paragraph

_HEADINGS = frozenset(["part", "division", "chapter", "section"])
_LONGEST = 60
_SENTENCE = re.compile(r"[。！？；;：:]")
_SPACE = re.compile(r"\s\s+")
_FILLED_UP = " .…·—-0123456789"  # up to the number of the page
# A heading that ends as headings of reports do, and the adverbial that can only begin a sentence.
_BEFORE_TIME = re.compile(
    rf"[{HAN}“”《》〈〉（）()、\d]{{0,40}}?"
    r"(?:情况|成效|成绩|问题|不足|短板|打算|计划|安排|思路|措施|举措|做法|亮点|经验|目标|方向|工作)"
    r"(?=\s?(?:(?:19|20)\d\d年(?:度|以来)?|今年(?:以来)?|近年来|一年来|过去一年|下一步)[,，])"
)


def split_at_indents(lines: list[Line]) -> list[Line]:
    """The lines, uncleaned, each numbered one cut in two where white space as wide as the indent of a
    paragraph stands between a heading and a sentence."""
    kept = []
    for line in lines:
        text = line.text.text
        at = None if line.row or text[:1] not in NUMBER_STARTS else _indent(text)
        kept.append(line)
        if at is not None:
            rest = line.text.cut(at).strip()
            line.text = line.text.cut(0, at).strip()
            kept.append(Line(rest, indent=2))
    return kept


def _indent(text: str) -> int | None:
    """Where white space of at least two Chinese characters' width stands behind a numbered heading."""
    number = parse_number(text)
    if number is None or number.style not in _HEADINGS:
        return None
    for match in _SPACE.finditer(text, number.length, number.length + _LONGEST):
        title = text[number.length : match.start()].strip()
        if _SENTENCE.search(title):
            return None
        blank = match.group()
        wide = blank.count("\u3000") + blank.count("\u2003")
        # A line break in the source of a web page is white space and no more.
        if len(title) >= 2 and wide + len(blank) >= 4 and "\n" not in blank and _opens(text[match.end() :]):
            return match.start()
    return None


def split_headings(paragraphs: list[Paragraph], lines: list[Line]) -> list[Paragraph]:
    """The paragraphs, made of `lines`, each that begins with a whole heading cut in two behind it."""
    numbers = [
        None if each.row or each.text.text[0] not in NUMBER_STARTS else parse_number(each.text.text)
        for each in paragraphs
    ]
    cuts = _by_siblings(paragraphs, numbers)
    contents = _contents(lines)
    for index, number in enumerate(numbers) if contents else ():
        if number is not None:
            text = paragraphs[index].text.text
            found = max((len(entry) for entry in contents if text.startswith(entry)), default=0)
            if found and _opens(text[found:].lstrip()):
                cuts[index] = found
    if not cuts:
        return paragraphs
    kept = []
    for index, paragraph in enumerate(paragraphs):
        if index in cuts:
            whole, at = paragraph.text, cuts[index]
            kept += [Paragraph(whole.cut(0, at).strip()), Paragraph(whole.cut(at).strip())]
        else:
            kept.append(paragraph)
    return kept


def _contents(lines: list[Line]) -> set[str]:
    """The numbered headings in the page's table of contents."""
    entries = {line.text.text.rstrip(_FILLED_UP) for line in lines if line.dropped == "table of contents"}
    return {entry for entry in entries if (number := parse_number(entry)) and len(entry) >= number.length + 2}


def _by_siblings(paragraphs: list[Paragraph], numbers: list[Number | None]) -> dict[int, int]:
    """Index of each paragraph that begins with a heading, by its end and that of its siblings, and where
    the heading ends."""
    cuts: dict[int, int] = {}
    alone: set[Style] = set()
    mixed: set[Style] = set()
    for index, number in enumerate(numbers):
        if number is None or number.style not in _HEADINGS:
            continue
        text = paragraphs[index].text.text
        match = _BEFORE_TIME.match(text, number.length)
        if match and _opens(text[match.end() :].lstrip()):
            cuts[index] = match.end()
        else:
            (mixed if len(text) > _LONGEST or _SENTENCE.search(text) else alone).add(number.style)
    styles = alone - mixed
    return {index: at for index, at in cuts.items() if numbers[index].style in styles}  # type: ignore[union-attr]


def _opens(rest: str) -> bool:
    """Is `rest` a sentence of its own, which no mark ties to what stands before it?"""
    return len(rest) >= 10 and "。" in rest and (rest[0].isalnum() or rest[0] in "“《")
