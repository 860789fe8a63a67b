"""PDF with text: its lines page by page, without page numbers and running heads."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

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
    if not any(text.strip() for page in pages for text, _ in page):
        raise InputError(
            "is a PDF without text, perhaps scanned", file=file, todo="run OCR over it or get the web page"
        )
    running = _running(pages)
    lines: list[Line] = []
    parts: list[str] = []
    at = 0
    for page in pages:
        left = min((x for text, x in page if text.strip()), default=0.0)
        for number, (text, x) in enumerate(page):
            low, high = strip_edges(text)
            edge = number < 2 or number >= len(page) - 2
            if low < high:
                line = Line(Mapped.plain(text[low:high], at + low), 0, round((x - left) / _WIDTH))
                if edge and (_shape(text) in running or _PAGE_NUMBER.fullmatch(text.strip())):
                    line.dropped = "running head or page number"
                lines.append(line)
            parts.append(text + "\n")
            at += len(text) + 1
    return "".join(parts), lines


#: Width of a character in points, as most reports are set: three or four. Only the sign matters much.
_WIDTH = 14.0
_PAGE_NUMBER = re.compile(r"[-—–－·.\s]{0,4}第?\s?\d{1,4}\s?页?[-—–－·.\s]{0,4}(?:[/共]\s?\d{1,4}\s?页?)?")


def _page(page) -> list[tuple[str, float]]:
    """Text and left edge of the lines of a page."""
    text_page = page.get_textpage()
    try:
        text = text_page.get_text_range()
        found = []
        at = 0
        for piece in re.split(r"\r\n|\r|\n", text):
            low, high = strip_edges(piece)
            x = 0.0
            if low < high:
                x = text_page.get_charbox(at + low)[0]
            found.append((piece.replace("\ufffe", "").replace("\x02", ""), x))
            at += len(piece) + 2
        return found
    finally:
        text_page.close()
        page.close()


def _shape(text: str) -> str:
    return re.sub(r"\d+", "#", "".join(text.split()))


def _running(pages: list[list[tuple[str, float]]]) -> set[str]:
    """Lines at the head or foot of most pages, numbers apart."""
    if len(pages) < 3:
        return set()
    counts: Counter[str] = Counter()
    for page in pages:
        texts = [text for text, _ in page if text.strip()]
        counts.update({_shape(text) for text in texts[:2] + texts[-2:] if len(text.strip()) <= 60})
    return {shape for shape, count in counts.items() if count >= max(3, 0.5 * len(pages))}
