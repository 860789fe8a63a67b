"""PDF with text: its lines page by page, without page numbers and running heads."""

from __future__ import annotations

import ctypes
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from baogao.corpus.lines import Line
from baogao.corpus.mapped import Mapped, strip_edges
from baogao.corpus.numbers import parse_number
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
    edge = max(line.right for page in pages for line in page) - 3 * _WIDTH
    pitch = _pitch(pages, edge)
    lines: list[Line] = []
    parts: list[str] = []
    at = 0
    for page in pages:
        left = min((line.x for line in page if line.text.strip()), default=0.0)
        above: _Printed | None = None
        for number, printed in enumerate(page):
            text = printed.text
            low, high = strip_edges(text)
            outer = number < 2 or number >= len(page) - 2
            if low < high:
                flows = False
                if above is not None:
                    apart = above.y - printed.y > _APART * pitch
                    flows = not apart and above.right >= edge
                else:  # no gap tells at the head of a page: what begins with a number mostly is a paragraph
                    apart = parse_number(text[low:high]) is not None
                indent = round((printed.x - left) / _WIDTH)
                plain = Mapped.plain(text[low:high], at + low)
                line = Line(plain, int(apart), indent, row=printed.row, flows=flows and indent < 2)
                if outer and (_shape(text) in running or _PAGE_NUMBER.fullmatch(text.strip())):
                    line.dropped = "running head or page number"
                else:
                    above = printed
                lines.append(line)
            parts.append(text + "\n")
            at += len(text) + 1
    return "".join(parts), lines


#: Width of a character in points, as most reports are set: three or four. Only the sign matters much.
_WIDTH = 14.0
#: Lines further apart than this many times the usual have a blank line between them.
_APART = 1.12
# Wide white space inside a line; numbers of headings have some behind them too.
_GAP = re.compile(r"(?<=[^\s、．.)）])\s+(?=\S)")
_PAGE_NUMBER = re.compile(r"[-—–－·.\s]{0,4}第?\s?\d{1,4}\s?页?[-—–－·.\s]{0,4}(?:[/共]\s?\d{1,4}\s?页?)?")


class _Printed(NamedTuple):
    """A line as it stands on a page: its text, where it starts on its baseline and its right edge in points,
    and whether it has wide gaps, which are tabs then, between its words, as a row of a table."""

    text: str
    x: float
    y: float
    right: float
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
            x = y = right = 0.0
            wide = []
            if low < high:
                x, y = _origin(text_page, at + low)
                right = text_page.get_charbox(at + high - 1)[2]
                wide = [
                    gap
                    for gap in _GAP.finditer(piece, low, high)
                    if text_page.get_charbox(at + gap.end())[0]
                    - text_page.get_charbox(at + gap.start() - 1)[2]
                    > 1.5 * _WIDTH
                ]
            shown = piece
            for gap in reversed(wide):
                shown = f"{shown[: gap.start()]}\t{shown[gap.end() :]}"
            shown = shown.replace("\ufffe", "").replace("\x02", "")
            found.append(_Printed(shown, x, y, right, bool(wide)))
            at += len(piece) + 2
        return found
    finally:
        text_page.close()
        page.close()


def _origin(text_page, index: int) -> tuple[float, float]:
    """Where a character stands on its baseline. Its box is the glyph's, and that of 一 ends far above."""
    from pypdfium2.raw import FPDFText_GetCharOrigin

    x, y = ctypes.c_double(), ctypes.c_double()
    FPDFText_GetCharOrigin(text_page, index, x, y)
    return x.value, y.value


def _shape(text: str) -> str:
    return re.sub(r"\d+", "#", "".join(text.split()))


def _pitch(pages: list[list[_Printed]], edge: float) -> float:
    """The usual distance in points of a line to the next one of its paragraph: that of lines that reach the
    right `edge`, for where paragraphs are short most distances are between two of them."""
    filled = [[line for line in page if line.text.strip()] for page in pages]
    pairs = [pair for page in filled for pair in zip(page, page[1:], strict=False) if pair[0].y > pair[1].y]
    full = sorted(a.y - b.y for a, b in pairs if a.right >= edge)
    steps = full or sorted(a.y - b.y for a, b in pairs)
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
