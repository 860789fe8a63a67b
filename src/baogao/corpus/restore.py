"""Readings of characters, and what a text was before its GBK bytes were read one off."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable

from baogao.corpus.script import traditional_characters

#: What stands for a character that is lost for good.
MARK = "\ufffd"
TONES = "āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜńňǹḿ\u0300\u0301\u0304\u030c"
#: A syllable with or without tone mark, as a pattern.
READING = rf"[a-zɡɑüê{TONES}\u0308]{{1,8}}"
#: An ideograph, as a pattern.
HAN = r"[\u3400-\u9fff]"
#: A reading behind a lost byte; the bracket is often lost with it.
_ENDS_WITH_READING = re.compile(rf"{HAN}[(（]{READING}[)）]\Z")
BEHIND = re.compile(rf"\s?[(（]?({READING})[)）]")
_TONED = frozenset(TONES)


def normal(reading: str) -> str:
    return unicodedata.normalize("NFC", reading.replace("ɡ", "g").replace("ɑ", "a"))


@functools.cache
def _readings() -> dict[int, str]:
    from pypinyin.pinyin_dict import pinyin_dict

    return pinyin_dict


def readings(character: str) -> list[str]:
    """The readings of a character, with tone marks."""
    return _readings().get(ord(character), "").split(",")


@functools.cache
def by_reading() -> dict[str, list[str]]:
    """Characters of GBK by reading."""
    index: dict[str, list[str]] = {}
    for code, text in _readings().items():
        if 0x4E00 <= code < 0xA000 and _bytes(chr(code)):
            for reading in text.split(","):
                index.setdefault(reading, []).append(chr(code))
    return index


def is_reading_of(reading: str, character: str, traditional: bool) -> bool:
    reading = normal(reading)
    known = readings(character)
    if reading in known:
        return True
    if not set(reading) & _TONED:  # the neutral tone: 們(men)
        plain = {_toneless(r) for r in known}
        return traditional and reading in plain and character in traditional_characters()
    # Sites have readings of their own for some characters; a toned syllable is still no text of a report.
    return traditional and reading in by_reading() and character in traditional_characters()


def _toneless(reading: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", reading) if not unicodedata.combining(c))


def _bytes(character: str) -> bytes:
    try:
        code = character.encode("gb18030")  # GBK and its private characters, which misread bytes become
    except UnicodeEncodeError:
        return b""
    return code if len(code) == 2 else b""


def _decode(high: int, low: int) -> str:
    try:
        return bytes((high, low)).decode("gbk")
    except UnicodeDecodeError:
        return ""


Places = list[tuple[int, int, list[str]]]
_FULL = dict(zip(",.:;!", "，．：；！", strict=True))
_LONGEST = 9  # characters that are read one off at most, until a byte brings the two in step again


def restore(text: str, at: int) -> Places:
    """What the lost byte at `at` and the text behind it were: (start, end, possible characters) each, left to
    right; empty where nothing tells.

    Three things happen. A reading was put between the two bytes of a character, because the second byte of
    the one before and its first byte are another character of that reading. Or a replaced comma split a
    character, and what follows is read one byte off. Or the byte belonged to a character whose own reading
    follows.
    """
    behind = BEHIND.match(text, at + 1)
    reading = normal(behind.group(1)) if behind else None
    if behind and at:
        before = _ENDS_WITH_READING.search(text, max(0, at - 12), at)
        leads = _leads(text[before.start() if before else at - 1], reading or "")
        if leads and (places := _shifted(text, at, behind.end(), leads)):
            return places
    if behind:
        own = by_reading().get(reading or "")
        return [(at, behind.end(), own)] if own else []
    if text[at + 1 : at + 2] in tuple(_FULL) or "\uff01" <= text[at + 1 : at + 2] <= "\uff5e":
        return _shifted(text, at, at + 1, range(0x81, 0xFF))
    return []


@functools.lru_cache(maxsize=4096)
def _leads(before: str, reading: str) -> list[int]:
    """First bytes that, behind the second byte of `before`, make a character of `reading`."""
    code = _bytes(before)
    return [high for high in range(0x81, 0xFF) if code and reading in readings(_decode(code[1], high) or " ")]


def _shifted(text: str, at: int, behind: int, leads: Iterable[int]) -> Places:
    """The characters from the lost first byte at `at`, one of `leads`, to where the bytes are in step again.
    `behind` is where the text goes on that was read one off."""
    data = b""
    spans = [(at, behind)]
    for index in range(behind, min(len(text), behind + _LONGEST)):
        char = text[index]
        code = b"" if char in "?" + MARK else _bytes(_FULL.get(char, char))
        if not code:  # a byte by itself: the last one
            lows, end, reading = _last_byte(text, index)
            return _read(data, spans, list(leads), lows, end, reading)
        data += code
        spans.append((index, index + 1))
        if code[1] < 0x80:  # no character begins with this byte: it is one by itself, and in step again
            return _read(data[:-1], spans, list(leads), [code[1]], index + 1, None, alone=True)
    return []


def _last_byte(text: str, index: int) -> tuple[list[int], int, str | None]:
    """What the second byte of the last character may be, where its text ends, and its reading."""
    char = text[index]
    if char in "?" + MARK:
        lows = [low for low in range(0x40, 0xFF) if low != 0x7F]
    else:
        lows = [ord(char)] if "@" <= char <= "~" else []
    behind = BEHIND.match(text, index + 1)
    if behind and (char in "?" + MARK or text[index + 1] in "(（"):
        return lows, behind.end(), normal(behind.group(1))
    return lows, index + 1, None


def _read(
    data: bytes,
    spans: list[tuple[int, int]],
    leads: list[int],
    lows: list[int],
    end: int,
    reading: str | None,
    alone: bool = False,
) -> Places:
    """`data` read in step, between one of `leads` and one of `lows`; empty where it makes no sense. `alone`:
    the last byte is a Latin character by itself."""
    if not data:
        found = [c for high in leads for low in lows if (c := _decode(high, low))]
        found = [c for c in found if reading is None or reading in readings(c)]
        return [(spans[0][0], end, found)] if found else []
    first = [c for high in leads if (c := _decode(high, data[0]))]
    inner = [_decode(data[i], data[i + 1]) for i in range(1, len(data) - 1, 2)]
    last = [chr(lows[0])] if alone else [c for low in lows if (c := _decode(data[-1], low))]
    if alone:
        pass
    elif reading:
        last = [c for c in last if reading in readings(c)]
    elif len(lows) == 1:
        last = [c for c in last if _is_plausible(c)]
    if not first or not last or not all(map(_is_plausible, inner)):
        return []
    places = [(spans[0][0], spans[0][1], first)]
    places += [(low, high, [c]) for (low, high), c in zip(spans[1:], inner, strict=False)]
    return [*places, (spans[-1][0], end, last)]


def _is_plausible(character: str) -> bool:
    """A character that a report may hold: one of GB2312, or a traditional one."""
    try:
        return bool(character) and (character in traditional_characters() or bool(character.encode("gb2312")))
    except UnicodeEncodeError:
        return False
