"""Naming offsets that were counted in something other than characters.

A file whose offsets count UTF-8 bytes (C, Go, Rust) or UTF-16 units (JavaScript, Java) still parses, and its
score is merely low. Three signs give it away: spans beyond the text, a `text` field that stands elsewhere,
and spans that meet gold only after conversion.
"""

from __future__ import annotations

from collections.abc import Iterable

from baogao.records import Entity

# name → width of one character, and the function of the standard library that converts offsets of this kind
UNITS = {
    "UTF-8 bytes": (lambda c: len(c.encode("utf-8", "surrogatepass")), "len(text.encode()[:n].decode())"),
    "UTF-16 code units": (lambda c: 1 + (ord(c) > 0xFFFF), "len(text.encode('utf-16-le')[:2*n].decode(…))"),
}


def foreign_unit(texts: Iterable[tuple[str, list[Entity], list[Entity]]]) -> str | None:
    """The unit in UNITS that the spans of a file were counted in; None where characters explain them best.

    texts: (text, gold spans, predicted spans) of each paragraph. A unit is named when every predicted span
    lies on its character edges within the text, and either a span or its `text` field is impossible in
    characters and possible in the unit, or spans that would move meet gold in the unit and never in
    characters.
    """
    texts = list(texts)
    for unit, (width, _) in UNITS.items():
        strong = moved_hits = character_hits = 0
        possible = True
        for text, gold, predicted in texts:
            if not predicted:
                continue
            edges = _edges(text, width)
            wanted = {(span.start, span.end, span.label) for span in gold}
            for span in predicted:
                start, end = edges.get(span.start), edges.get(span.end)
                if start is None or end is None or (span.text is not None and text[start:end] != span.text):
                    possible = False
                    break
                if (start, end) == (span.start, span.end):
                    continue
                outside = span.end > len(text)
                elsewhere = span.text is not None and text[span.start : span.end] != span.text
                strong += outside or elsewhere
                moved_hits += (start, end, span.label) in wanted
                character_hits += (span.start, span.end, span.label) in wanted
            if not possible:
                break
        if possible and (strong or (moved_hits and not character_hits)):
            return unit
    return None


def _edges(text: str, width) -> dict[int, int]:
    """Offset in the unit → offset in characters, at character edges only."""
    edges, at = {0: 0}, 0
    for index, character in enumerate(text, 1):
        at += width(character)
        edges[at] = index
    return edges
