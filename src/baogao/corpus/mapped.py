"""Text that remembers which characters of the source each of its characters came from."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable

import msgspec

#: Ideographs: what "a Chinese character" means wherever white space is judged.
HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
#: White space; zero-width characters and soft hyphens carry no text and count as such.
BLANKS = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad\u180e" + "".join(
    filter(str.isspace, map(chr, range(0x3001)))
)
_BLANK = re.compile(f"[{re.escape(BLANKS)}]+")
_GLUED_LEFT = re.compile(f"[{HAN}、。，；：？！．…”’）》】〉』」〕,.;:]")
_GLUED_RIGHT = re.compile(f"[{HAN}]")


class Mapped(msgspec.Struct, frozen=True, gc=False):
    """`text`, and `runs` that map it: (start in text, start in source, end in source) in order of the text.

    A run whose lengths agree maps character by character; else each of its characters comes from the
    whole source range of the run.
    """

    text: str
    runs: tuple[tuple[int, int, int], ...]

    @classmethod
    def plain(cls, text: str, start: int) -> Mapped:
        """`text` as it stands at `start` of the source."""
        return cls(text, ((0, start, start + len(text)),) if text else ())

    @classmethod
    def join(cls, parts: Iterable[Mapped]) -> Mapped:
        """The parts one after the other."""
        text, runs = [], []
        length = 0
        for part in parts:
            text.append(part.text)
            runs += [(at + length, start, end) for at, start, end in part.runs]
            length += len(part.text)
        return cls("".join(text), tuple(runs))

    @property
    def start(self) -> int:
        """Where the first character comes from."""
        return self.runs[0][1]

    @property
    def end(self) -> int:
        """Where the source of the last character ends."""
        return self.runs[-1][2]

    def source(self, index: int) -> tuple[int, int]:
        """[start, end) in the source of the character at `index`. Raises IndexError beyond the text."""
        if not 0 <= index < len(self.text):
            raise IndexError(index)
        number = bisect_right(self.runs, index, key=lambda run: run[0]) - 1
        at, start, end = self.runs[number]
        stop = self.runs[number + 1][0] if number + 1 < len(self.runs) else len(self.text)
        if end - start == stop - at:
            return start + index - at, start + index - at + 1
        return start, end

    def cut(self, start: int, end: int | None = None) -> Mapped:
        """The part [start, end) of the text."""
        end = len(self.text) if end is None else end
        if start <= 0 and end >= len(self.text):
            return self
        runs = []
        for number, (at, begin, stop) in enumerate(self.runs):
            until = self.runs[number + 1][0] if number + 1 < len(self.runs) else len(self.text)
            low, high = max(at, start), min(until, end)
            if low >= high:
                continue
            if stop - begin == until - at:
                begin, stop = begin + low - at, begin + high - at
            runs.append((low - start, begin, stop))
        return Mapped(self.text[start:end], tuple(runs))

    def replace(self, edits: Iterable[tuple[int, int, str]]) -> Mapped:
        """With each edit (start, end, text), in order and apart, put in place of [start, end).

        An inserted text maps to the source of what it replaces.
        """
        parts, last = [], 0
        for start, end, text in edits:
            parts.append(self.cut(last, start))
            if text:
                old = self.cut(start, end)
                if len(text) == len(old.text):
                    parts.append(Mapped(text, old.runs))
                else:
                    parts.append(Mapped(text, ((0, old.start, old.end),)))
            last = end
        if not last and not parts:
            return self
        parts.append(self.cut(last))
        return Mapped.join(parts)

    def with_text(self, text: str) -> Mapped:
        """Another text of the same length, character for character."""
        if len(text) != len(self.text):
            raise ValueError(f"{len(text)} characters for {len(self.text)}")
        return Mapped(text, self.runs)

    def strip(self) -> Mapped:
        """Without white space and zero-width characters at the edges: what a part of clean text needs."""
        return self.cut(*strip_edges(self.text))

    def clean(self) -> Mapped:
        """With white space as DESIGN says: stripped at the edges; gone between two Chinese characters and
        between Chinese or half-width , . ; : and a Chinese character; else one space."""
        text = self.text
        # White space other than the plain one is not printable, nor is what has no width.
        if (" " not in text and text.isprintable()) or not _BLANK.search(text):
            return self
        low, high = strip_edges(text)
        edits = []
        for match in _BLANK.finditer(text, low, high):
            start, end = match.span()
            gone = _GLUED_LEFT.match(text[start - 1]) and _GLUED_RIGHT.match(text[end])
            # A run that has no real white space in it (zero-width marks only) is no space either.
            space = "" if gone or not any(c.isspace() for c in match.group()) else " "
            if match.group() != space:
                edits.append((start, end, space))
        return self.cut(low, high).replace([(a - low, b - low, c) for a, b, c in edits])


def strip_edges(text: str) -> tuple[int, int]:
    """[start, end) of `text` without white space and zero-width characters at its edges."""
    low = len(text) - len(text.lstrip(BLANKS))
    return low, max(low, len(text.rstrip(BLANKS)))
