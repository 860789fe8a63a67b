"""Lines of a page: how readers hand them on, and how they are made clean."""

from __future__ import annotations

import html
import re

import msgspec

from baogao.corpus.mapped import BLANKS, Mapped
from baogao.corpus.numbers import parse_number
from baogao.corpus.scramble import repair


class Line(msgspec.Struct, gc=False):
    """A line of a page.

    `blank` empty lines stood before it; `indent` is its white space in widths of a Chinese character;
    `link`: all of it is a link; `row`: it is a row of a table with several cells, which tabs part until the
    line is clean; `flows`: the line above it reaches the right edge of the page and stands as near as lines
    of one paragraph do. `dropped` says why it is no part of the report; `closing` marks signature and date.
    """

    text: Mapped
    blank: int = 0
    indent: int = 0
    link: bool = False
    row: bool = False
    flows: bool = False
    dropped: str | None = None
    closing: bool = False


def text_lines(source: str) -> list[Line]:
    """The lines of plain text that hold anything but white space, as they stand there."""
    lines = []
    at = blank = 0
    for raw in source.splitlines(keepends=True):
        text = raw.strip(BLANKS)
        if text:
            low = raw.index(text[0])
            indent = (low + raw.count("\u3000", 0, low) + raw.count("\u2003", 0, low)) // 2 if low else 0
            lines.append(Line(Mapped.plain(text, at + low), blank, indent))
            blank = 0
        else:
            blank += 1
        at += len(raw)
    return lines


# Marks of Markdown at the start of a line and around words.
_MARKDOWN = re.compile(r"^\s*(?:#{1,6}\s+|>\s+)|\*\*|__")
_MARKDOWN_HEADING = re.compile(r"^#{1,6} +\S", re.MULTILINE)


def without_markdown(lines: list[Line], source: str) -> list[Line]:
    """The lines without the marks of Markdown, where the text has headings or bold words in it."""
    if source.count("**") < 2 and ("# " not in source or not _MARKDOWN_HEADING.search(source)):
        return lines
    kept = []
    for line in lines:
        text = line.text.text
        line.text = line.text.replace([(*match.span(), "") for match in _MARKDOWN.finditer(text)])
        if line.text.text.strip():
            kept.append(line)
    return kept


def mark_rows(lines: list[Line], source: str) -> list[Line]:
    """The lines of a text, those marked as rows of a table that hold as many cells as a neighbour does."""
    if "\t" not in source:
        return lines
    cells = [_cells(line.text.text) for line in lines]
    for index, count in enumerate(cells):
        if count >= 2 and count in (cells[index - 1] if index else 0, *cells[index + 1 : index + 2]):
            lines[index].row = True
    return lines


def _cells(text: str) -> int:
    """How many short cells tabs part a line into; behind the number of a list item a tab is a space."""
    cells = text.split("\t")
    number = parse_number(cells[0])
    listed = number is not None and number.length == len(cells[0])
    return 0 if listed or max(map(len, cells)) > 30 else len(cells)


# Spaces and quotation marks of HTML in a text that was saved without its tags.
_ENTITY = re.compile(r"&(?:nbsp|ensp|emsp|ldquo|rdquo|mdash|middot|quot|amp|#\d{1,6});")


def without_entities(lines: list[Line], source: str) -> list[Line]:
    """The lines with the characters that HTML's names of them stand for, where the text has such spaces."""
    if "&nbsp;" not in source:
        return lines
    kept = []
    for line in lines:
        text = line.text.text
        line.text = line.text.replace(
            [(*match.span(), html.unescape(match.group())) for match in _ENTITY.finditer(text)]
        )
        text = line.text.text
        line.indent = max(line.indent, (len(text) - len(text.lstrip())) // 2)
        if text.strip():
            kept.append(line)
    return kept


def clean_lines(lines: list[Line], source: str) -> list[Line]:
    """The lines repaired and clean, without those that are empty then; `source` tells the script."""
    repaired = repair([line.text for line in lines], source)
    kept = []
    blank = 0
    for line, text in zip(lines, repaired.lines, strict=True):
        line.text = text.clean() if not line.row else _clean_row(text)
        if line.text.text:
            if blank:
                line.blank += blank
                blank = 0
            kept.append(line)
        else:
            blank += line.blank + 1
    return kept


def _clean_row(row: Mapped) -> Mapped:
    """The cells clean and apart by one space, also between two Chinese characters."""
    parts: list[Mapped] = []
    at = 0
    for cell in row.text.split("\t"):
        clean = row.cut(at, at + len(cell)).clean()
        if clean.text:
            if parts:
                parts.append(Mapped(" ", ((0, parts[-1].end, clean.start),)))
            parts.append(clean)
        at += len(cell) + 1
    return Mapped.join(parts)
