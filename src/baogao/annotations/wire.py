"""The border to doccano: the text its page shows, and offsets as its page counts them.

Inside, offsets are Python code points. doccano's page counts UTF-16 units (a character above U+FFFF is two),
and its importer and page treat blank edges and control characters in ways that shift what comes back. The
conversion happens here and nowhere else.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

from baogao.records import Entity


@dataclass(frozen=True)
class WireText:
    """What doccano is given for one text: no blank edges, a space for each line break or control character,
    so one character for each of `original[shift:shift + len(text)]`."""

    original: str
    text: str
    shift: int
    units: tuple[int, ...]  # the offset in UTF-16 units of each character, and of the end

    @classmethod
    def of(cls, original: str) -> WireText:
        """
        >>> WireText.of(" 𠮷林省\\r").text
        '𠮷林省'
        """
        plain = "".join(" " if not c.isprintable() and c not in "\u3000\xa0" else c for c in original)
        text = plain.strip()
        units = (0, *accumulate(2 if ord(c) > 0xFFFF else 1 for c in text))
        return cls(original, text, len(plain) - len(plain.lstrip()), units)

    def to_wire(self, start: int, end: int) -> tuple[int, int] | None:
        """Offsets in `original` as doccano's page counts them; None where only blank edges are left.

        >>> WireText.of(" 𠮷林省").to_wire(2, 4)
        (2, 4)
        """
        start, end = max(start - self.shift, 0), min(end - self.shift, len(self.text))
        return (self.units[start], self.units[end]) if start < end else None

    def from_wire(self, start: int, end: int) -> tuple[int, int] | None:
        """Offsets from doccano in characters of `original`; half a character counts as the whole. None where
        they are not within the text.

        >>> WireText.of(" 𠮷林省").from_wire(2, 4)
        (2, 4)
        """
        if not 0 <= start < end <= self.units[-1]:
            return None
        first = bisect_right(self.units, start) - 1
        last = bisect_right(self.units, end - 1)
        return first + self.shift, last + self.shift


def entities_to_wire(wire: WireText, entities: list[Entity]) -> list[tuple[int, int, str]]:
    """(start, end, label) of each entity that the wire text holds, in order of their start."""
    found = [(wire.to_wire(e.start, e.end), e.label) for e in entities]
    return sorted((*span, label) for span, label in found if span is not None)
