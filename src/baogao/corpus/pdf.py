"""PDF with text: its lines page by page, without page numbers and running heads."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from baogao.corpus.lines import Line
from baogao.corpus.mapped import Mapped, strip_edges
from baogao.errors import InputError


def pdf_lines(data: bytes, *, file: str | Path) -> tuple[str, list[Line]]:
    """The text of a PDF, page after page, and its lines; offsets are characters of that text.

    Raises InputError for an encrypted, broken or scanned file.
    """
    import pypdfium2 as pdfium

    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower():
            raise InputError("is encrypted", file=file, todo="save it without a password") from error
        raise InputError("is a broken PDF", file=file, todo="download it again") from error
    try:
        pages = [_page(document[index]) for index in range(len(document))]
    except pdfium.PdfiumError as error:
        raise InputError("is a broken PDF", file=file, todo="download it again") from error
    finally:
        document.close()
    if not any(line.text.strip() for page in pages for line in page):
        raise InputError(
            "is a PDF without text, perhaps scanned", file=file, todo="run OCR over it or get the web page"
        )
    running = _running(pages)
    pitch = _pitch(pages)
    lines: list[Line] = []
    parts: list[str] = []
    at = 0
    for page in pages:
        left = min((line.x for line in page if line.text.strip()), default=0.0)
        above = None
        for number, (text, x, y, row) in enumerate(page):
            low, high = strip_edges(text)
            edge = number < 2 or number >= len(page) - 2
            if low < high:
                apart = above is not None and above - y > _APART * pitch
                indent = round((x - left) / _WIDTH)
                line = Line(Mapped.plain(text[low:high], at + low), int(apart), indent, row=row)
                if edge and (_shape(text) in running or _PAGE_NUMBER.fullmatch(text.strip())):
                    line.dropped = "running head or page number"
                else:
                    above = y
                lines.append(line)
            parts.append(text + "\n")
            at += len(text) + 1
    return "".join(parts), lines


#: Width of a character in points, as most reports are set: three or four. Only the sign matters much.
_WIDTH = 14.0
#: Lines further apart than this many times the usual have a blank line between them.
_APART = 1.2
# Wide white space inside a line; numbers of headings have some behind them too.
_GAP = re.compile(r"(?<=[^\s、．.)）])\s+(?=\S)")
_PAGE_NUMBER = re.compile(r"[-—–－·.\s]{0,4}第?\s?\d{1,4}\s?页?[-—–－·.\s]{0,4}(?:[/共]\s?\d{1,4}\s?页?)?")


class _Printed(NamedTuple):
    """A line as it stands on a page: its text, left edge and foot in points, and whether it has wide gaps
    between its words, as a row of a table."""

    text: str
    x: float
    y: float
    row: bool


def _page(page) -> list[_Printed]:
    """The lines of a page."""
    text_page = page.get_textpage()
    try:
        text = text_page.get_text_range()
        found = []
        at = 0
        for piece in re.split(r"\r\n|\r|\n", text):
            low, high = strip_edges(piece)
            x = y = 0.0
            row = False
            if low < high:
                # The boxes are of the glyphs, and that of 一 ends far above the line's foot.
                boxes = [text_page.get_charbox(at + place) for place in range(low, min(high, low + 6))]
                x, y = boxes[0][0], min((box[1] for box in boxes if box[3] > box[1]), default=0.0)
                row = any(
                    text_page.get_charbox(at + gap.end())[0] - text_page.get_charbox(at + gap.start() - 1)[2]
                    > 1.5 * _WIDTH
                    for gap in _GAP.finditer(piece, low, high)
                )
            found.append(_Printed(piece.replace("\ufffe", "").replace("\x02", ""), x, y, row))
            at += len(piece) + 2
        return found
    finally:
        text_page.close()
        page.close()


def _shape(text: str) -> str:
    return re.sub(r"\d+", "#", "".join(text.split()))


def _pitch(pages: list[list[_Printed]]) -> float:
    """The usual distance of two lines in points."""
    feet = [[line.y for line in page if line.text.strip()] for page in pages]
    steps = sorted(a - b for page in feet for a, b in zip(page, page[1:], strict=False) if a > b)
    return steps[len(steps) // 2] if steps else 0.0


def _running(pages: list[list[_Printed]]) -> set[str]:
    """Lines at the head or foot of most pages, numbers apart."""
    if len(pages) < 3:
        return set()
    counts: Counter[str] = Counter()
    for page in pages:
        texts = [line.text for line in page if line.text.strip()]
        counts.update({_shape(text) for text in texts[:2] + texts[-2:] if len(text.strip()) <= 60})
    return {shape for shape, count in counts.items() if count >= max(3, 0.5 * len(pages))}
