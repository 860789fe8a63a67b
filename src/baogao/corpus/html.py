"""Saved web pages: the lines that a reader sees, each character mapped to the page's source."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

from baogao.corpus.lines import Line
from baogao.corpus.mapped import Mapped, strip_edges
from baogao.corpus.numbers import parse_number

_HTML = re.compile(
    r"<(?:!doctype\s+html|html|head|body|div|p|table|article|span|br)\b[^<>]{0,400}>", re.IGNORECASE
)
_CHARSET = re.compile(rb"<meta[^<>]{0,200}?charset\s*=\s*[\"']?\s*([\w-]{2,20})", re.IGNORECASE)
# What a reader does not see, or sees only around the text.
_SKIPPED = frozenset(
    [
        "script",
        "style",
        "noscript",
        "template",
        "select",
        "button",
        "textarea",
        "svg",
        "title",
        "nav",
        "footer",
    ]
    + ["aside", "iframe", "object"]
)
_BLOCKS = frozenset(
    ["address", "article", "blockquote", "body", "caption", "center", "dd", "div", "dl", "dt", "fieldset"]
    + ["figcaption", "figure", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "ol"]
    + ["p", "pre", "section", "table", "tbody", "td", "th", "thead", "tr", "ul"]
)
_TABLE = frozenset(["table", "tr", "td", "th"])
_VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
    ]
)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
# Ordered lists of links: breadcrumbs, menus.
_MENU = re.compile(r"crumb|nav|menu|path|position|page", re.IGNORECASE)
_UNMARKED = re.compile(r"list-style(?:-type)?\s*:\s*none", re.IGNORECASE)
_LONG_CELL = 80  # characters: no cell of a table of figures
_INDENT = re.compile(r"text-indent\s*:\s*([1-9])", re.IGNORECASE)


def is_html(text: str) -> bool:
    """Does `text` look like a web page?"""
    return _HTML.search(text[:5000]) is not None


def declared_charset(data: bytes) -> str | None:
    """The encoding that a page's meta element names."""
    match = _CHARSET.search(data[:4096])
    return match.group(1).decode("ascii") if match else None


def html_lines(source: str) -> list[Line]:
    """The lines of a page that hold text. Offsets are characters of `source`, the HTML."""
    reader = _Reader(source)
    reader.feed(source)
    reader.close()
    reader.end_line()
    return reader.lines


class _Reader(HTMLParser):
    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=False)
        self.lines: list[Line] = []
        self.starts = [0]
        for match in re.finditer("\n", source):
            self.starts.append(match.end())
        self.pieces: list[Mapped] = []
        self.linked = 0  # characters of the line that are links
        self.links = 0
        self.preformatted = 0
        self.skip: list[str] = []  # open elements from the first skipped one on
        self.rows: list[_Row] = []  # of each open table the open row
        self.blank = 1
        self.indent = 0
        self.lists: list[_List | None] = []  # open lists; None: without numbers
        self.number: Mapped | None = None  # of the list item whose first line is to come

    def _at(self) -> int:
        line, column = self.getpos()
        return self.starts[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            if tag in ("br", "hr") and not self.skip:
                self.end_line(broken=tag == "br")
            return
        given = dict(attrs)
        style = given.get("style") or ""
        if self.skip or tag in _SKIPPED or (_HIDDEN.search(style) and tag != "body"):
            self.skip.append(tag)
            return
        if tag == "a":
            self.links += 1
        elif tag in _BLOCKS:
            self.end_line()
            if tag in _TABLE:
                self._open(tag)
            self.preformatted += tag == "pre"
            if tag in ("ol", "ul"):
                self.lists.append(_List.of(given) if tag == "ol" else None)
            elif tag == "li" and self.lists and (items := self.lists[-1]):
                at = self._at()
                end = at + len(self.get_starttag_text() or "")
                self.number = Mapped(items.next(given), ((0, at, end),))
            if indent := _INDENT.search(style):
                self.indent = int(indent.group(1))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self.skip:
            if tag in self.skip:
                while self.skip and self.skip.pop() != tag:
                    pass
            return
        if tag == "a":
            self.links = max(0, self.links - 1)
        elif tag in _BLOCKS:
            self.end_line()
            if tag in ("tr", "table") and self.rows:
                self._end_row()
                if tag == "table":
                    self.rows.pop()
            self.preformatted -= tag == "pre" and self.preformatted > 0
            if tag in ("ol", "ul") and self.lists:
                self.lists.pop()
            if tag in ("ol", "ul", "li"):
                self.number = None

    def handle_data(self, data: str) -> None:
        if self.skip or not data:
            return
        at = self._at()
        data = data.replace("\t", " ")  # a tab parts the cells of a row
        pieces = data.splitlines(keepends=True) if self.preformatted else [data]
        for piece in pieces:
            self._add(Mapped.plain(piece, at))
            at += len(piece)
            if self.preformatted and piece.endswith(("\n", "\r")):
                self.end_line(broken=True)

    def handle_entityref(self, name: str) -> None:
        self._reference(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._reference(f"&#{name};")

    def _reference(self, written: str) -> None:
        if self.skip:
            return
        at = self._at()
        end = at + len(written)
        text = html.unescape(written).replace("\t", " ")
        self._add(Mapped(text, ((0, at, end),)) if text else Mapped("", ()))

    def _add(self, piece: Mapped) -> None:
        if piece.text:
            self.pieces.append(piece)
            if self.links:
                self.linked += len(piece.text.strip())

    def _open(self, tag: str) -> None:
        """A table, a row, or a cell begins. Pages leave out what ends a row, and a table around it too."""
        if tag == "table":
            for row in self.rows[-1:]:
                row.nested = True
        if tag == "table" or not self.rows:
            self.rows.append(_Row())
        if tag == "tr":
            self._end_row()
        elif tag != "table":
            self.rows[-1].cells.append(len(self.lines))

    def _end_row(self) -> None:
        """Make the lines of the last table's open row one line, a tab between its cells, where it has
        several cells and all are short; those of a table that only lays out the page stay lines."""
        row, self.rows[-1] = self.rows[-1], _Row()
        edges = [*row.cells, len(self.lines)]
        cells = [self.lines[a:b] for a, b in zip(edges, edges[1:], strict=False) if a < b]
        if len(cells) < 2 or row.nested:
            return
        if any(len(cell) > 1 and any(line.link for line in cell) for cell in cells):
            return
        texts = [_joined(" ", [line.text for line in cell]) for cell in cells]
        if max(len(text.text) for text in texts) > _LONG_CELL:
            return
        first = cells[0][0]
        first.text = _joined("\t", texts)
        first.link = all(line.link for cell in cells for line in cell)
        first.row = not _is_numbered([text.text for text in texts])
        del self.lines[row.cells[0] + 1 :]

    def end_line(self, *, broken: bool = False) -> None:
        """Close the line; `broken`: the next one may go on with the same paragraph."""
        whole = Mapped.join(self.pieces)
        low, high = strip_edges(whole.text)
        if low < high:
            indent = max(
                self.indent,
                sum(2 if c in "\u3000\u2003" else 1 for c in whole.text[:low] if c not in "\r\n\t ") // 2,
            )
            link = self.linked >= len(whole.text[low:high].replace(" ", "")) > 0
            text = whole.cut(low, high)
            if self.number is not None and not link and parse_number(text.text) is None:
                text = Mapped.join((self.number, text))
            self.lines.append(Line(text, self.blank, indent, link=link))
            self.number = None
            self.blank = 0 if broken else 1
            self.indent = 0
        elif broken:
            self.blank += 1
        else:
            self.blank = max(self.blank, 1)
        self.pieces, self.linked = [], 0


class _Row:
    """A row of a table that is being read."""

    def __init__(self) -> None:
        self.cells: list[int] = []  # index of the line that each cell begins with
        self.nested = False  # a table stands in a cell


def _joined(between: str, texts: list[Mapped]) -> Mapped:
    """The texts, with `between` after each but the last, which comes from no character of the source."""
    parts = texts[:1]
    for before, text in zip(texts, texts[1:], strict=False):
        parts += [Mapped(between, ((0, before.end, before.end),)), text]
    return Mapped.join(parts)


def _is_numbered(cells: list[str]) -> bool:
    """A chapter's number in one cell and its heading in the next."""
    number = parse_number(cells[0])
    return (
        len(cells) == 2 and number is not None and number.length == len(cells[0]) and number.style != "item"
    )


class _List:
    """The counter of an ordered list."""

    def __init__(self, start: int) -> None:
        self.value = start - 1

    @classmethod
    def of(cls, attrs: dict[str, str | None]) -> _List | None:
        """That of an `ol` element with these attributes; None where it shows no numbers that a report has."""
        words = f"{attrs.get('class') or ''} {attrs.get('id') or ''}"
        if (
            _MENU.search(words)
            or _UNMARKED.search(attrs.get("style") or "")
            or attrs.get("type") not in (None, "1")
        ):
            return None
        return cls(_whole(attrs.get("start"), 1))

    def next(self, attrs: dict[str, str | None]) -> str:
        """The number of the next item."""
        self.value = _whole(attrs.get("value"), self.value + 1)
        return f"{self.value}."


def _whole(text: str | None, otherwise: int) -> int:
    return int(text) if text is not None and re.fullmatch(r"\d{1,4}", text) else otherwise
