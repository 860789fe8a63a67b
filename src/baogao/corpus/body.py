"""Where a report begins and ends on its page, and which lines between are not of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from baogao.corpus import furniture
from baogao.corpus.lines import Line
from baogao.corpus.mapped import HAN
from baogao.corpus.numbers import Number, parse_number
from baogao.corpus.paragraphs import find_continuations
from baogao.corpus.signature import (
    SHORT_DATE,
    SIGNED,
    SIGNED_DATE,
    glued_signature,
    is_signature,
    signed_length,
)

_CHINESE = re.compile(f"[{HAN}]")
_MARK = re.compile(r"[。！？,，;；:：、]")
_SALUTATION = re.compile(r"(?:[^。:：,，]{1,40}(?:[,，、][^。:：]{1,80})?)[:：]")
_ADDRESSED = re.compile(
    r"各位|代表|同志|主任|政府|市委|区委|县委|省委|党委|常委会|委员会|办公室|司法[厅局]|办$|各[镇乡街区县市部]|领导小组|委$|局$|厅$"
)
# A report's own title, or the title of a document it is issued with.
_TITLE = re.compile(
    r"^[^。,，;；]{2,}(?:报告|总结|汇报|年报|情况|公告|通知|通报|公报|要点|方案|综述|意见|函)(?:[(（][^)）]{1,20}[)）])?$"
    r"|^关于[^。]*$|^[^。,，]{0,20}[〔\[(（【]\s?(?:19|20)\d\d\s?[〕\])）】]\s?第?\d{1,4}号$"
)
#: The words that open a report, however short.
_OPENING = re.compile(r"(?:现将|报告|汇报|总结)[^。]{0,40}如下\s?[:：]$")
_CONTACT = re.compile(r"[(（]?\s?(?:联\s?系\s?人|联系电话|电话)\s?[:：]")
#: What the list of attachments begins with, and the heading of an attachment itself.
_ATTACHMENTS = re.compile(r"附\s?(?:件|表|图)?\s?[0-9一二三四五六]{0,2}\s?[:：]")
_ATTACHMENT = re.compile(r"[【\[(（]?附\s?(?:件|表|录)\s?[0-9一二三四五六七八九十]{0,2}\s?[】\])）]?[:：]?")
_CONTENTS = re.compile(r"目\s?[录次]")
#: A footnote below the report.
_NOTE = re.compile(r"[\[［【](?:\d{1,3}|注)[\]］】]|注\s?\d{0,2}\s?[:：]")


def is_prose(text: str) -> bool:
    """A line that reads like a sentence: it ends one, or it is long and has commas."""
    if "。" in text or "！" in text or "？" in text:
        return len(text) >= 10
    end = text[-1:]
    if (end == "." and _ends_in_dot(text)) or (end in ":：" and _OPENING.search(text)):
        return len(text) >= 10
    return (
        len(text) >= 26
        and ("," in text or "，" in text)
        and not _TITLE.search(text)
        and _CHINESE.search(text) is not None
    )


def _ends_in_dot(text: str) -> bool:
    """The dot behind a Chinese character is the stop of a sentence in ASCII's marks."""
    return _CHINESE.match(text, len(text) - 2) is not None


def starts_body(text: str) -> bool:
    """A line that a report can begin with: a chapter or section number, a sentence, a salutation."""
    number = parse_number(text)
    if number is not None and number.style in ("part", "chapter", "section") and len(text) > number.length:
        return True
    return is_prose(text)


def find_body(page: list[Line], *, document: bool = False) -> None:
    """Mark the lines that are not of the report (`dropped`), cut furniture off its first and last line, and
    mark its signature and date (`closing`), which become lines of their own. A `document`, not a web page,
    has its tables to its end."""
    lines = [line for line in page if line.dropped is None]
    broken = find_continuations(lines)
    first = _first(page, lines, broken)
    if first is None:
        _without_sentences(lines)
        return
    first = _after_title(page, lines, _after_notice(lines, first), broken)
    numbers = [parse_number(line.text.text) for line in lines]
    first = _with_heading(lines, first, numbers)
    last = _last(lines, first, broken, numbers)
    for start, end in _menus(lines, first, last, numbers):
        for line in lines[start:end]:
            line.dropped = "menu"
        before = [line.text.text for line in lines[first:start]]
        if len(before) <= 2 and not any(parse_number(x) or _salutes(x) or _OPENING.search(x) for x in before):
            first = end  # a notice above the menu, not the report's first words
    for line in lines[:first]:
        line.dropped = line.dropped or "before the report"
    _closing(page, lines, last, document)
    _links(lines[first : last + 1])
    for index in range(first, last + 1):
        line = lines[index]
        text = line.text.text
        if len(text) <= 120 and numbers[index] is None and index not in broken:
            prose = is_prose(text)
            if text[-1] != "。" and furniture.is_widgets(text):
                line.dropped = "widgets"
            elif furniture.is_page_line(text) or (not prose and furniture.is_tail(text)):
                line.dropped = "page"
    cut = furniture.tail_start(lines[last].text.text)
    if cut < len(lines[last].text.text):
        _cut(page, lines[last], 0, cut)
    whole = lines[last].text
    dated = any(line.closing for line in lines[last + 1 : last + 2])  # the date stands below
    parts = glued_signature(whole.text, alone=dated)
    if parts:
        place = _place(page, lines[last])
        page[place + 1 : place + 1] = [Line(whole.cut(*part).strip(), closing=True) for part in parts]
        lines[last].text = whole.cut(0, parts[0][0]).strip()


def _cut(page: list[Line], line: Line, start: int, end: int) -> None:
    """Leave [start, end) of a line; the rest becomes lines of the page around it that are dropped."""
    whole = line.text
    at = _place(page, line)
    for low, high, place in ((end, len(whole.text), at + 1), (0, start, at)):
        rest = whole.cut(low, high).strip() if low < high else None
        if rest is not None and rest.text:
            page.insert(place, Line(rest, dropped="glued to the report"))
    line.text = whole.cut(start, end).strip()


def _place(page: list[Line], line: Line) -> int:
    return next(index for index, each in enumerate(page) if each is line)


def _first(page: list[Line], lines: list[Line], broken: set[int], start: int = 0) -> int | None:
    """Index of the first line of the report, from `start` on; widgets glued to its start are cut off."""
    contents = summary = False
    for index, line in enumerate(lines[start:], start):
        text = line.text.text
        glued = furniture.head_length(text)
        if glued and len(text) - glued >= 10 and starts_body(text[glued:]):
            _cut(page, line, glued, len(text))
            return index
        if furniture.is_summary_label(text):
            summary = True
            line.dropped = "page"
            continue
        if line.link or furniture.is_widgets(text) or furniture.is_page_line(text):
            summary = False
            line.dropped = "page"
            continue
        if _CONTENTS.fullmatch(text):
            contents = True
            continue
        if furniture.is_tail(text):
            continue
        if contents and _again(lines, index):
            line.dropped = "table of contents"
            continue
        following = lines[index + 1 : index + 3]
        if summary and is_prose(text) and _said_again(text, lines[index + 1 :]):
            line.dropped, summary = "summary", False
            continue
        if starts_body(_with_rest(lines, index, broken)) or (
            _salutes(text) and any(is_prose(x.text.text) or _salutes(x.text.text) for x in following)
        ):
            if parse_number(text) is None and _is_notice(text):
                continue
            return index
    return None


def _links(body: list[Line]) -> None:
    """Drop several links in a row that are no sentences: a menu or a list in the middle of the page."""
    run: list[Line] = []
    for line in [*body, None]:
        text = line.text.text if line is not None else ""
        if line is not None and line.link and not is_prose(text) and parse_number(text) is None:
            run.append(line)
            continue
        for each in run if len(run) >= 2 else ():
            each.dropped = "menu"
        run = []


_ISSUES = re.compile(
    r"现将.{0,60}(?:公布|公开|公告|印发|发布|转发)|现予?以?(?:公布|公开|公告|印发|发布|转发)|予以(?:公布|公开|公告)"
)


def _after_notice(lines: list[Line], first: int) -> int:
    """Where the report begins behind a notice that issues it: notice, signature, date, the report's title."""
    notice = any(_ISSUES.search(line.text.text) for line in lines[first : first + 3])
    for index in range(first + 1, min(first + 8, len(lines))) if notice else ():
        if SIGNED_DATE.fullmatch(lines[index].text.text):
            following = (
                place for place in range(index + 1, len(lines)) if starts_body(lines[place].text.text)
            )
            return next(following, first)
    return first


_REPORT_TITLE = re.compile(
    r"[—-]{0,2}[^。,，;；:：]{10,60}(?:报告|总结|年报|汇报)(?:[(（][^)）]{1,20}[)）])?"
)


def _after_title(page: list[Line], lines: list[Line], first: int, broken: set[int]) -> int:
    """Where the report begins when its title is still to come: a slogan or the half of a title was taken for
    its first line."""
    for index in range(first, min(first + 8, len(lines))):
        text = lines[index].text.text
        if index > first and _REPORT_TITLE.fullmatch(text):
            following = _first(page, lines, broken, index + 1)
            return first if following is None else following
        if len(text) > 80 or parse_number(text) or _salutes(text) or _OPENING.search(text):
            break
    return first


_HEADING = re.compile(
    r"[^。！？,，;；]{0,12}(?:情况|做法|工作|措施|举措|成效|成绩|问题|不足|打算|计划|安排|概述|前言|引言)[:：]?"
)
_BRACKETED = re.compile(r"【[^【】]{2,30}】")


def _with_heading(lines: list[Line], first: int, numbers: list[Number | None]) -> int:
    """`first`, or the line above it where that is the heading the report begins with: number one of a series
    that goes on below, or what looks as other headings below do."""
    line = lines[first - 1] if first else None
    if line is None or line.dropped is not None or line.link or len(line.text.text) > 36:
        return first
    number = numbers[first - 1]
    if number is not None:
        goes_on = any(x is not None and x.style == number.style and x.value == 2 for x in numbers[first:])
        return first - 1 if number.value == 1 and goes_on else first
    for look in (_BRACKETED, _HEADING):
        if look.fullmatch(line.text.text) and not _REPORT_TITLE.fullmatch(line.text.text):
            below = any(look.fullmatch(each.text.text) for each in lines[first + 1 :])
            return first - 1 if below else first
    return first


_MENU = 8  # short lines in a row


def _menus(
    lines: list[Line], first: int, last: int, numbers: list[Number | None]
) -> Iterator[tuple[int, int]]:
    """[start, end) of the runs of many short lines without any mark or number between first and last."""
    start = first
    for index in range(first, last + 1):
        text = lines[index].text.text
        if len(text) > 16 or numbers[index] is not None or _MARK.search(text):
            figures = sum(line.text.text[0].isdigit() for line in lines[start:index])
            if index - start >= _MENU and 4 * figures < index - start:  # else cells of a table
                yield start, index
            start = index + 1


def _with_rest(lines: list[Line], index: int, broken: set[int]) -> str:
    """The text of a line with the lines that go on with it: broken at a width, or flush after its indent."""
    text = lines[index].text.text
    if _TITLE.search(text):
        return text
    for number in range(index + 1, min(index + 4, len(lines))):
        line = lines[number]
        flush = lines[index].indent >= 2 > line.indent and not line.blank
        if number not in broken and not flush:
            break
        text += line.text.text
    return text


def _said_again(text: str, lines: list[Line]) -> bool:
    """The beginning of a summary stands again in the report itself, or the report is still to come."""
    return (
        any(line.text.text.startswith(text[:12]) for line in lines)
        or sum(is_prose(line.text.text) for line in lines) >= 3
    )


def _is_notice(text: str) -> bool:
    """A notice of the site, not a sentence of the report with furniture glued to its end. A long paragraph
    that names the like in passing, a 微信公众号 or so, is the report's."""
    if len(text) > 80:
        return furniture.is_notice(text[:24])
    return furniture.is_notice(text) and furniture.is_notice(text[: furniture.tail_start(text)])


def _salutes(text: str) -> bool:
    return _SALUTATION.fullmatch(text) is not None and _ADDRESSED.search(text[:-1]) is not None


def _again(lines: list[Line], index: int) -> bool:
    """The heading at `index` of a table of contents comes again further down."""
    heading = re.sub(r"[\s.…·—\d-]+$", "", lines[index].text.text)
    return any(line.text.text.startswith(heading) for line in lines[index + 1 :])


def _last(lines: list[Line], first: int, broken: set[int], numbers: list[Number | None]) -> int:
    """Index of the last line of the body: the last sentence or numbered line before the page goes on."""
    last = first
    tail = False
    outlined = [
        number is not None and number.style in ("part", "chapter", "section", "first") for number in numbers
    ]
    end = max((index for index, outline in enumerate(outlined) if outline), default=first)
    page = _page_start(lines, first, numbers)
    for index in range(first + 1, len(lines)):
        line = lines[index]
        text = line.text.text
        number = numbers[index]
        if index < page and not tail and len(text) > 80 and not outlined[index] and is_prose(text):
            last = index  # a long sentence before more of the report needs no closer look
            continue
        if outlined[index] and (not tail or len(text) > 8 or (number is not None and number.value != 1)):
            if not tail or _goes_on(lines, last, number):
                last, tail = index, False
            continue
        if tail:
            if _ATTACHMENT.fullmatch(text):
                return last  # an attachment's outline is not the report's
            continue
        if index > end and last == index - 2 and is_signature([lines[index - 1].text.text, text]):
            return last  # signed and dated, and no number goes on
        if index in broken and last == index - 1:
            last = index
        elif not (len(text) > 80 and is_prose(text)) and furniture.is_tail(text):
            tail = True
        elif line.link or _NOTE.match(text) or furniture.is_widgets(text) or furniture.is_page_line(text):
            continue
        elif (
            is_prose(text)
            or number is not None
            or (text[-1] in "。！？" and (len(text) >= 4 or last == index - 1))
            or (index + 1 in broken and is_prose(_with_rest(lines, index, broken)))
        ):
            # No report ends with a question, or goes on behind a heap of labels.
            if index >= page - 1 and (
                _is_notice(text) or text[-1] in "？?" or _is_heap(lines[last + 1 : index])
            ):
                tail = True
            else:
                last = index
    return last


def _is_heap(lines: list[Line]) -> bool:
    """Several short lines without any mark: labels of the page."""
    labels = [x for x in lines if len(x.text.text) <= 16 and not x.row and not _MARK.search(x.text.text)]
    return len(labels) >= 3


def _goes_on(lines: list[Line], last: int, number: Number | None) -> bool:
    """After a line that looked like the page's end: does this number continue the report's outline?"""
    if number is None:
        return False
    for line in reversed(lines[: last + 1]):
        before = parse_number(line.text.text)
        if before is not None and before.style == number.style:
            return before.value is not None and number.value == before.value + 1
    return number.value == 1 and number.style != "chapter"


def _page_start(lines: list[Line], first: int, numbers: list[Number | None]) -> int:
    """Index behind the last chapter, section or long sentence of the report."""
    for index in range(len(lines) - 1, first, -1):
        number, text = numbers[index], lines[index].text.text
        if number is not None and number.style in ("part", "chapter", "section"):
            return index + 1
        if len(text) > 80 and is_prose(text) and not _is_notice(text):
            return index + 1
    return first + 1


def _closing(page: list[Line], lines: list[Line], last: int, document: bool) -> None:
    """Mark signature and date right after the body, and drop what comes after them. A table before the
    signature, or in a document, is of the report; the list of attachments may stand before it."""
    open_ = True
    signed = 0
    attached = False
    rows: list[Line] = []
    texts = [line.text.text for line in lines]
    signature = next((i for i in range(last + 1, last + 40) if is_signature(texts[i : i + 2])), last)
    while signature - 1 > last and SIGNED.fullmatch(texts[signature - 1]):
        signature -= 1
    for index, line in enumerate(lines[last + 1 :], last + 1):
        text = texts[index]
        if signed and open_ and SHORT_DATE.fullmatch(text):
            line.closing = True
            signed = 4
            continue
        if (
            not signed
            and open_
            and _CONTACT.match(text)
            and is_signature([each.text.text for each in lines[index + 1 : index + 3]])
        ):
            line.dropped = "contact"
            continue
        if _NOTE.match(text):
            line.dropped = "footnote"
            continue
        if _ATTACHMENT.fullmatch(text) and not text.endswith((":", "：")):
            open_, attached = False, True
        cut = furniture.tail_start(text)
        if open_ and line.row and not furniture.is_tail(text):
            line.dropped = None if document else "table after the report"
            rows.append(line)
            continue
        if (
            open_
            and not signed
            and not line.link
            and (_ATTACHMENTS.match(text) or (attached and _is_attachment(text)))
        ):
            line.dropped, attached = "attachments", True
            continue
        if open_ and index < signature and not line.link and not furniture.is_furniture(text):
            if attached:
                line.dropped = "attachments"
                continue
            if index == signature - 1:
                continue  # the words above the signature: 特此报告
        if open_ and signed < 4 and not line.link:
            head = text if index == signature else text[: signed_length(text)]
            if head and (
                head == text
                or furniture.is_widgets(text[len(head) :].strip())
                or furniture.is_tail(text[len(head) :].strip())
            ):
                line.closing = True
                _cut(page, line, 0, len(head))
                signed += 1
                for row in rows:
                    row.dropped = None
                rows = []
                continue
        if open_ and (furniture.is_widgets(text) or cut == 0) and not furniture.is_tail(text):
            line.dropped = "widgets"
            continue
        open_ = False
        line.dropped = "attachment" if attached and not furniture.is_tail(text) else "after the report"


def _is_attachment(text: str) -> bool:
    """A further line of a list of attachments: numbered, or a title in 《》, or a file's name."""
    number = parse_number(text)
    return (
        (
            number is not None
            and number.style in ("item", "chapter", "subitem", "circle")
            and not is_prose(text)
        )
        or text.startswith("《")
        or re.search(r"\.(?:docx?|xlsx?|pdf|wps|et|zip|rar|jpg|png)$", text, re.IGNORECASE) is not None
    )


def _without_sentences(lines: list[Line]) -> None:
    """A page without any sentence: a few lines that are not known furniture are the report, many short ones
    are a list of links."""
    links = len(lines) > 40 and sum(len(line.text.text) for line in lines) < 15 * len(lines)
    for line in lines:
        text = line.text.text
        if links or line.link or furniture.is_furniture(text):
            line.dropped = "page"
