"""Lines of a page: how readers hand them on, and how they are made clean."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from baogao.corpus.mapped import Mapped, strip_edges
from baogao.corpus.scramble import repair

_BREAK = re.compile(r"\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")


@dataclass(slots=True)
class Line:
    """A line of a page.

    `blank` empty lines stood before it; `indent` is its white space in widths of a Chinese character;
    `link`: all of it is a link; `row`: it is a row of a table with several cells. `dropped` says why it is no
    part of the report; `closing` marks signature and date.
    """

    text: Mapped
    blank: int = 0
    indent: int = 0
    link: bool = False
    row: bool = False
    dropped: str | None = None
    closing: bool = False


def text_lines(source: str) -> list[Line]:
    """The lines of plain text that hold anything but white space, as they stand there."""
    lines = []
    at = blank = 0
    for raw in _pieces(source):
        low, high = strip_edges(raw)
        if low == high:
            blank += 1
        else:
            indent = sum(2 if c in "\u3000\u2003" else 1 for c in raw[:low]) // 2 if low else 0
            lines.append(Line(Mapped.plain(raw[low:high], at + low), blank, indent))
            blank = 0
        at += len(raw)
    return lines


def _pieces(source: str) -> Iterable[str]:
    at = 0
    for match in _BREAK.finditer(source):
        yield source[at : match.end()]
        at = match.end()
    yield source[at:]


def clean_lines(lines: list[Line], characters: Iterable[str]) -> list[Line]:
    """The lines repaired and clean, without those that are empty then; `characters` of the whole source."""
    repaired = repair([line.text for line in lines], frozenset(characters))
    kept = []
    blank = 0
    for line, text in zip(lines, repaired.lines, strict=True):
        line.text = text.clean()
        if line.text.text:
            line.blank += blank
            kept.append(line)
            blank = 0
        else:
            blank += line.blank + 1
    return kept
