"""DOCX: paragraphs with the numbers that Word makes, and tables."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

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


class _Numbers:
    """The counters of numbered lists, which the text of the paragraphs does not hold."""

    def __init__(self, document) -> None:
        self.levels: dict[str, dict[int, tuple[str, str, int]]] = {}
        self.counts: dict[tuple[str, int], int] = {}
        self.styles: dict[str, tuple[str, int]] = {}
        self.names: dict[str, str] = {
            style.get(f"{_W}styleId"): name.get(f"{_W}val") or ""
            for style in document.styles.element.iter(f"{_W}style")
            if (name := style.find(f"{_W}name")) is not None
        }
        self.shared: dict[str, str] = {}
        try:
            root = document.part.numbering_part.element
        except (KeyError, NotImplementedError, AttributeError):
            return
        abstract = {}
        for node in root.iter(f"{_W}abstractNum"):
            levels = {}
            for level in node.iter(f"{_W}lvl"):
                values = {c.tag.removeprefix(_W): c.get(f"{_W}val") for c in level}
                start = values.get("start") or "1"
                levels[int(level.get(f"{_W}ilvl"))] = (
                    values.get("numFmt") or "decimal", values.get("lvlText") or "",
                    int(start) if start.isdigit() else 1,
                )  # fmt: skip
            abstract[node.get(f"{_W}abstractNumId")] = levels
        for node in root.iter(f"{_W}num"):
            reference = node.find(f"{_W}abstractNumId")
            if reference is not None:
                name = node.get(f"{_W}numId")
                self.shared[name] = reference.get(f"{_W}val")
                self.levels[name] = abstract.get(reference.get(f"{_W}val"), {})
        for style in document.styles.element.iter(f"{_W}style"):
            found = _number_of(style.find(f"{_W}pPr"))
            if found:
                self.styles[style.get(f"{_W}styleId")] = found

    def style_name(self, paragraph) -> str:
        """The name of a paragraph's style, whatever the language of Word."""
        style = paragraph.find(f"{_W}pPr/{_W}pStyle")
        return self.names.get(style.get(f"{_W}val"), "") if style is not None else ""

    def next(self, paragraph) -> str:
        """The number that Word shows before `paragraph`; empty where it shows none."""
        properties = paragraph.find(f"{_W}pPr")
        if properties is None:
            return ""
        found = _number_of(properties)
        style = properties.find(f"{_W}pStyle")
        if found is None and style is not None:
            found = self.styles.get(style.get(f"{_W}val"))
        if found is None or found[0] == "0" or found[1] not in self.levels.get(found[0], {}):
            return ""
        name, level = found
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


def _number_of(properties) -> tuple[str, int] | None:
    if properties is None or (node := properties.find(f"{_W}numPr")) is None:
        return None
    name, level = node.find(f"{_W}numId"), node.find(f"{_W}ilvl")
    if name is None:
        return None
    return name.get(f"{_W}val"), int(level.get(f"{_W}val")) if level is not None else 0


def _written(kind: str, value: int) -> str:
    if kind.startswith(("chinese", "ideograph", "japanese", "taiwanese")) and value < 100:
        return chinese(value)
    if kind.startswith("decimalEnclosedCircle") and 1 <= value <= 20:
        return chr(ord("①") + value - 1)
    if kind in ("lowerLetter", "upperLetter"):
        return chr(ord("a" if kind[0] == "l" else "A") + (value - 1) % 26)
    return str(value)
