"""A report file read: its decoded source and the lines on it, whatever its format."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from baogao.corpus.body import find_body
from baogao.corpus.breaks import split_at_indents
from baogao.corpus.decode import decode
from baogao.corpus.docx import docx_lines
from baogao.corpus.html import declared_charset, html_lines, is_html
from baogao.corpus.lines import Line, clean_lines, mark_rows, text_lines, without_entities, without_markdown
from baogao.corpus.pdf import pdf_lines
from baogao.errors import InputError
from baogao.files import read_bytes

#: No report is larger; what is, is a download gone wrong.
LARGEST = 32_000_000
Format = Literal["text", "html", "docx", "pdf"]


@dataclass
class Page:
    """`source` is the decoded file (of a DOCX or PDF: its text); offsets count its characters. `lines` are
    clean, and those that are no part of the report say why."""

    source: str
    lines: list[Line]
    format: Format


def read_page(path: str | Path) -> Page:
    """Read a report file of any format; the content decides, not the name.

    Raises InputError where it cannot be read, is empty, too large, encrypted, scanned, or no text.
    """
    return make_page(read_bytes(path, limit=LARGEST), file=path)


def make_page(data: bytes, *, file: str | Path) -> Page:
    """The page that the bytes of a file hold."""
    if data.startswith(b"%PDF-") or b"%PDF-" in data[:1024]:
        source, lines = pdf_lines(data, file=file)
        return _page(source, lines, "pdf")
    if data.startswith(b"PK\3\4"):
        source, lines = docx_lines(data, file=file)
        return _page(source, lines, "docx")
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        raise InputError(
            "is an old Word or WPS file, or an encrypted one",
            file=file,
            todo="save it as docx, without a password",
        )
    source = decode(data, file=file, declared=declared_charset(data))
    if source.startswith(('{"', "[{")) and _is_json(source):
        raise InputError(
            "holds JSON records, not the page of a report", file=file, todo="name the raw report"
        )
    return page_of_text(source)


def _is_json(source: str) -> bool:
    try:
        msgspec.json.decode(source.partition("\n")[0] if source[0] == "{" else source)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def page_of_text(source: str) -> Page:
    """The page that decoded text holds, HTML or plain."""
    if is_html(source):
        return _page(source, html_lines(source), "html")
    lines = without_entities(without_markdown(text_lines(source), source), source)
    return _page(source, mark_rows(lines, source), "text")


def _page(source: str, lines: list[Line], kind: Format) -> Page:
    lines = clean_lines(split_at_indents(lines), source)
    find_body(lines, document=kind == "docx")
    return Page(source, lines, kind)
