"""DOCX: paragraphs with the numbers that Word makes, and tables."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any

from baogao.corpus.lines import Line
from baogao.corpus.mapped import Mapped, strip_edges
from baogao.corpus.numbers import chinese
from baogao.errors import InputError

#: A report of a few hundred pages unpacks to a few megabytes; pictures may add some more.
_LARGEST = 200_000_000
_TODO = "open it in Word or WPS and save it again"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
#: What stands around paragraphs, rows and cells without a mark of its own.
_WRAPPERS = frozenset(f"{_W}{name}" for name in ("sdt", "sdtContent", "ins", "customXml"))


def docx_lines(data: bytes, *, file: str | Path) -> tuple[str, list[Line]]:
    """The text of a document, a paragraph or a row of a table a line, and its lines; offsets are characters
    of that text. Footnotes follow, as lines that are dropped; heads and feet of the pages are left out.

    Raises InputError for a truncated file, one that unpacks to more than 200 MB, or one that is no document.
    """
    from docx import Document
    from docx.opc.exceptions import OpcError

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(info.file_size for info in archive.infolist())
            encrypted = any(info.flag_bits & 1 for info in archive.infolist())
        if encrypted:
            raise InputError("is encrypted", file=file, todo="save it without a password")
        if size > _LARGEST:
            raise InputError(
                f"unpacks to {size / 1e6:.0f} MB, more than {_LARGEST / 1e6:.0f} MB: not a report", file=file,
                todo=_TODO,
            )  # fmt: skip
        document = Document(io.BytesIO(data))
    except InputError:
        raise
    except zipfile.BadZipFile as error:
        raise InputError("is a truncated or broken DOCX", file=file, todo=_TODO) from error
    except (OpcError, KeyError, ValueError, SyntaxError, OSError, EOFError, zipfile.error) as error:
        raise InputError(f"is no Word document ({type(error).__name__})", file=file, todo=_TODO) from error
    except Exception as error:  # zlib.error and what lxml raises have no common base
        raise InputError(f"is a broken DOCX ({type(error).__name__})", file=file, todo=_TODO) from error
    numbers = _Numbers(document)
    lines: list[Line] = []
    parts: list[str] = []
    at = 0
    for text, indent, row, dropped in [*_walk(document.element.body, numbers), *_notes(document, numbers)]:
        low, high = strip_edges(text)
        if low < high:
            lines.append(Line(Mapped.plain(text[low:high], at + low), 1, indent, row=row, dropped=dropped))
        parts.append(text + "\n")
        at += len(text) + 1
    if not lines:
        raise InputError("has no text", file=file, todo="if its pages are pictures, run OCR over them")
    return "".join(parts), lines


def _walk(element, numbers: _Numbers):
    """(text, indent, is a row of several cells, why it is dropped) of what is below `element`, in order."""
    for child in element:
        if child.tag == f"{_W}p":
            yield from _paragraph(child, numbers)
        elif child.tag == f"{_W}tbl":
            for row in _inside(child, f"{_W}tr"):
                cells = [list(_walk(cell, numbers)) for cell in _inside(row, f"{_W}tc")]
                filled = [cell for cell in cells if any(text.strip() for text, *_ in cell)]
                if len(filled) == 1:
                    yield from filled[0]
                elif filled:
                    yield "\t".join(" ".join(text for text, *_ in cell) for cell in filled), 0, True, None
        elif child.tag in _WRAPPERS:
            yield from _walk(child, numbers)


def _inside(element, tag: str):
    """The rows of a table or the cells of a row, without those of tables in its cells."""
    for child in element:
        if child.tag == tag:
            yield child
        elif child.tag in _WRAPPERS:
            yield from _inside(child, tag)


def _paragraph(paragraph, numbers: _Numbers):
    texts = [""]
    boxes = []
    for node in _visible(paragraph):
        tag = node.tag
        if tag == f"{_W}t":
            texts[-1] += node.text or ""
        elif tag == f"{_W}txbxContent":
            boxes.append(node)
        elif tag == f"{_W}noBreakHyphen":
            texts[-1] += "-"
        elif tag == f"{_W}tab":
            texts[-1] += " " if node.getparent().tag == f"{_W}r" else ""
        elif tag in (f"{_W}br", f"{_W}cr"):
            texts.append("")
    texts[0] = numbers.next(paragraph) + texts[0]
    indent = paragraph.find(f"{_W}pPr/{_W}ind")
    first = 0
    if indent is not None:
        chars, twips = indent.get(f"{_W}firstLineChars"), indent.get(f"{_W}firstLine")
        first = (
            int(chars) // 100
            if (chars or "").isdigit()
            else int(twips) // 280
            if (twips or "").isdigit()
            else 0
        )
    contents = "table of contents" if numbers.style_name(paragraph).lower().startswith("toc") else None
    for text in texts:
        yield text, first, False, contents
    for box in boxes:
        yield from _walk(box, numbers)


def _visible(node):
    """The nodes below one that a reader sees, in order, without what is in text boxes. A text box stands in
    the paragraph and again as a fallback for old readers; deleted text stays in the file."""
    for child in node:
        if not isinstance(child.tag, str) or child.tag.endswith(("}Fallback", "}del", "}moveFrom")):
            continue
        yield child
        if child.tag != f"{_W}txbxContent":
            yield from _visible(child)


def _notes(document, numbers: _Numbers):
    """The footnotes and endnotes, in the shape of `_walk`."""
    from docx.oxml import parse_xml

    for relation in document.part.rels.values():
        if relation.is_external or not relation.reltype.endswith(("/footnotes", "/endnotes")):
            continue
        for note in parse_xml(relation.target_part.blob):
            if note.get(f"{_W}type") in (None, "normal"):
                for text, *_ in _walk(note, numbers):
                    yield text, 0, False, "footnote"


#: Name of a list and level in it, each None where nothing says it.
_Numbering = tuple[str | None, int | None]


class _Numbers:
    """The counters of numbered lists, which the text of the paragraphs does not hold."""

    def __init__(self, document) -> None:
        self.levels: dict[str, dict[int, tuple[str, str, int]]] = {}
        self.counts: dict[tuple[str, int], int] = {}
        self.styles: dict[str | None, Any] = {
            style.get(f"{_W}styleId"): style for style in document.styles.element.iter(f"{_W}style")
        }
        self.inherited: dict[str | None, _Numbering] = {}
        self.linked: dict[tuple[str | None, str | None], int] = {}
        self.shared: dict[str, str] = {}
        try:
            root = document.part.numbering_part.element
        except (KeyError, NotImplementedError, AttributeError):
            return
        abstract, linked = {}, {}
        for node in root.iter(f"{_W}abstractNum"):
            levels, styles = {}, {}
            for level in node.iter(f"{_W}lvl"):
                values = {c.tag.removeprefix(_W): c.get(f"{_W}val") for c in level}
                start = _whole(values.get("start"))
                place = _whole(level.get(f"{_W}ilvl")) or 0
                if "pStyle" in values:
                    styles[values["pStyle"]] = place
                levels[place] = (
                    values.get("numFmt") or "decimal", values.get("lvlText") or "",
                    1 if start is None else start,
                )  # fmt: skip
            abstract[node.get(f"{_W}abstractNumId")] = levels
            linked[node.get(f"{_W}abstractNumId")] = styles
        for node in root.iter(f"{_W}num"):
            reference = node.find(f"{_W}abstractNumId")
            if reference is not None:
                name = node.get(f"{_W}numId")
                self.shared[name] = reference.get(f"{_W}val")
                self.levels[name] = abstract.get(reference.get(f"{_W}val"), {})
                for style, place in linked.get(reference.get(f"{_W}val"), {}).items():
                    self.linked[name, style] = place

    def style_name(self, paragraph) -> str:
        """The name of a paragraph's style, whatever the language of Word."""
        style = self.styles.get(_value(paragraph.find(f"{_W}pPr"), "pStyle"))
        return _value(style, "name") or ""

    def _of_style(self, style: str | None) -> _Numbering:
        """The list and level that a style gives to its paragraphs, by itself or through the styles it is
        based on."""
        chain: dict[str | None, Any] = {}  # no recursion: styles may stand on any number, or in a ring
        while style in self.styles and style not in self.inherited and style not in chain:
            chain[style] = self.styles[style]
            style = _value(self.styles[style], "basedOn")
        name, level = self.inherited.get(style, (None, None))
        for style, element in reversed(chain.items()):
            own, place = _numbering(element.find(f"{_W}pPr"))
            name = own or name
            # The level that names the style goes before the one that the style names.
            level = self.linked.get((name, style), level if place is None else place)
            self.inherited[style] = name, level
        return name, level

    def next(self, paragraph) -> str:
        """The number that Word shows before `paragraph`; empty where it shows none."""
        properties = paragraph.find(f"{_W}pPr")
        if properties is None:
            return ""
        own, place = _numbering(properties)
        name, level = self._of_style(_value(properties, "pStyle"))
        name = own or name
        level = place if place is not None else level or 0
        if name is None or name == "0" or level not in self.levels.get(name, {}):
            return ""  # list 0 takes the number of a style away
        levels = self.levels[name]
        key = self.shared.get(name, name)
        self.counts[key, level] = self.counts.get((key, level), levels[level][2] - 1) + 1
        for deeper in [k for k in self.counts if k[0] == key and k[1] > level]:
            del self.counts[deeper]

        def shown(match: re.Match[str]) -> str:
            at = int(match.group(1)) - 1
            kind = levels.get(at, ("decimal", "", 1))
            return _written(kind[0], self.counts.get((key, at), kind[2]))

        return re.sub(r"%(\d)", shown, levels[level][1]) if levels[level][0] != "bullet" else ""


def _numbering(properties) -> _Numbering:
    """The list and the level that the properties of a paragraph or of a style name."""
    node = properties.find(f"{_W}numPr") if properties is not None else None
    return _value(node, "numId"), _whole(_value(node, "ilvl"))


def _value(node, name: str) -> str | None:
    """The value of the child `name` of `node`; None where there is none."""
    child = node.find(f"{_W}{name}") if node is not None else None
    return child.get(f"{_W}val") if child is not None else None


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and len(text) < 9 and text.isdecimal() else None


def _written(kind: str, value: int) -> str:
    if kind.startswith(("chinese", "ideograph", "japanese", "taiwanese")) and value < 100:
        return chinese(value)
    if kind.startswith("decimalEnclosedCircle") and 1 <= value <= 20:
        return chr(ord("①") + value - 1)
    if kind in ("lowerLetter", "upperLetter"):
        return chr(ord("a" if kind[0] == "l" else "A") + (value - 1) % 26)
    return str(value)
