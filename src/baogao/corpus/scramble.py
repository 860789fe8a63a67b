"""Text scrambled by copy sites made readable, and traditional characters made simplified.

Such sites convert a page to traditional characters, put the reading of each behind it in brackets
(臨河區(qū)), and do so on GBK bytes. Where a replacement falls between two characters the bytes after it are
read one off: 。現(xiàn) becomes ?,F(xiàn) (A1 A3|AC 46 read as A1|A3 AC|46), 優(yōu) behind 部 becomes
部?jī)?yōu) (its first byte and the last one of 部 are 績, jī), and a character whose second byte met the
bracket is lost with it: 推?dòng). So the repair reads the bytes back, lets readings and words decide, and
marks with U+FFFD what they do not decide.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from baogao.corpus.mapped import Mapped

#: What stands for a character that is lost for good.
MARK = "\ufffd"
_TONED = "āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜńňǹḿ"
_LETTERS = f"a-zɡɑüê{_TONED}\u0300\u0301\u0304\u030c\u0308"
_READING = rf"[{_LETTERS}]{{1,8}}"
_HAN = r"[\u3400-\u9fff]"
_TWO_HAN = re.compile(rf"{_HAN}{{2}}").fullmatch
#: A reading in brackets behind a character, or a byte that made no character.
_SCRAMBLED = re.compile(rf"(?P<lost>[?{MARK}])|(?<={_HAN})\s?[(（]\s?(?P<reading>{_READING})\s?[)）]")
#: A reading behind a lost byte; the bracket is often lost with it.
_ENDS_WITH_READING = re.compile(rf"{_HAN}[(（]{_READING}[)）]\Z")
_BEHIND = re.compile(rf"\s?[(（]?({_READING})[)）]")
#: Some sites put a comma before every comma and its kind.
_DOUBLED = re.compile("[,，](?=[,，、；;：:。])")
# Quick tests: without any of these characters in the source there is nothing to do.
_ANY_TONE = frozenset(_TONED + "\u0300\u0301\u0304\u030c")


@dataclass
class Repaired:
    """Lines of a source after repair, and how many characters were brought back and how many are lost."""

    lines: list[Mapped]
    repaired: int = 0
    lost: int = 0
    traditional: bool = False


def repair(lines: list[Mapped], characters: frozenset[str] | set[str]) -> Repaired:
    """Repair `lines`; `characters` are the different characters of the whole source."""
    result = Repaired(lines)
    traditional = is_traditional(characters)
    annotated = bool(characters & _ANY_TONE) and _is_annotated(lines, traditional)
    if not traditional and not annotated:
        return result
    holes: list[_Hole] = []
    out: list[Mapped] = []
    doubled = sum(len(_DOUBLED.findall(line.text)) for line in lines) >= 3
    for line in lines:
        if annotated and doubled:
            line = line.replace([(m.start(), m.end(), "") for m in _DOUBLED.finditer(line.text)])
        if annotated and ("(" in line.text or "（" in line.text or ")" in line.text or "）" in line.text):
            line = _drop_readings(line, traditional, holes, len(out))
        out.append(line)
    if traditional:
        convert = _opencc("t2s").convert
        only = traditional_characters()
        out = [_convert(line, convert) if only & set(line.text) else line for line in out]
        result.traditional = True
    if holes:
        _fill(out, holes)
        result.lost = sum(line.text.count(MARK) for line in out)
        result.repaired = len(holes) - result.lost
    result.lines = out
    return result


def is_traditional(characters: Iterable[str]) -> bool:
    """Text in traditional characters, by the different characters that occur in it: a traditional page has
    hundreds that simplified text never shows, a simplified page a few in names."""
    seen = set(characters)
    traditional = len(seen & traditional_characters())
    return traditional >= 3 and traditional > 0.4 * len(seen & simplified_characters())


@functools.cache
def _opencc(config: str):
    import opencc

    return opencc.OpenCC(config)


@functools.cache
def traditional_characters() -> frozenset[str]:
    """Characters that conversion to simplified changes, without those that simplified text uses as well."""
    return _changed("t2s") - frozenset("著乾瞭藉徵鍾馀夥於衹像麽")


@functools.cache
def simplified_characters() -> frozenset[str]:
    """Characters that conversion to traditional changes and traditional text never uses."""
    return _changed("s2t") - _identical_in("t2s")


def _changed(config: str) -> frozenset[str]:
    han = [chr(code) for code in range(0x4E00, 0xA000)]
    converted = _opencc(config).convert("\n".join(han)).split("\n")
    return frozenset(a for a, b in zip(han, converted, strict=True) if a != b)


def _identical_in(config: str) -> frozenset[str]:
    """Characters that both scripts use, in different senses: 后, 里, 干, 台."""
    return frozenset(
        "后里干台系面制准几只云斗谷板表丑出当发范丰复刮胡回伙姜借克困漓凌么霉蔑千秋曲舍沈胜术松叹坛体涂万系咸向须余御吁郁愿岳折征致制钟周注准"
    )


# opencc's t2s leaves 著 alone, which simplified text keeps only in the sense of writing and of fame.
_PARTICLE = re.compile(r"(?<![显卓昭编论专名原合译遗巨拙土撰])著(?![名作述书者称录有文])")


def _convert(line: Mapped, convert) -> Mapped:
    text = _PARTICLE.sub("着", convert(line.text))
    if len(text) != len(line.text):  # a phrase of another length: each character by itself keeps the map
        text = "".join((convert(c) + c)[0] for c in line.text)
    return line.with_text(text)


# ---- readings -------------------------------------------------------------------------------------------


def _is_annotated(lines: list[Mapped], traditional: bool) -> bool:
    """Readings in brackets are a habit of this text, not a rare help with a rare character."""
    found = 0
    for line in lines:
        for match in _SCRAMBLED.finditer(line.text):
            if match["lost"]:
                hit = _BEHIND.match(line.text, match.end()) is not None
            else:
                hit = _is_reading_of(match["reading"], line.text[match.start() - 1], traditional)
            found += hit
            if (traditional and found) or found >= 3:
                return True
    return False


def _normal(reading: str) -> str:
    return unicodedata.normalize("NFC", reading.replace("ɡ", "g").replace("ɑ", "a"))


@functools.cache
def _readings() -> dict[int, str]:
    from pypinyin.pinyin_dict import pinyin_dict

    return pinyin_dict


def readings(character: str) -> list[str]:
    """The readings of a character, with tone marks."""
    return _readings().get(ord(character), "").split(",")


@functools.cache
def _by_reading() -> dict[str, list[str]]:
    """Characters of GBK by reading."""
    index: dict[str, list[str]] = {}
    for code, text in _readings().items():
        if 0x4E00 <= code < 0xA000 and _bytes(chr(code)):
            for reading in text.split(","):
                index.setdefault(reading, []).append(chr(code))
    return index


def _is_reading_of(reading: str, character: str, traditional: bool) -> bool:
    reading = _normal(reading)
    known = readings(character)
    if reading in known:
        return True
    if not set(reading) & _ANY_TONE:  # the neutral tone: 們(men)
        plain = {_toneless(r) for r in known}
        return traditional and reading in plain and character in traditional_characters()
    # Sites have readings of their own for some characters; a toned syllable is still no text of a report.
    return traditional and reading in _by_reading() and character in traditional_characters()


def _toneless(reading: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", reading) if not unicodedata.combining(c))


# ---- lost characters ------------------------------------------------------------------------------------


@dataclass
class _Hole:
    """A lost character: its line, what it may be, what to take when no word decides. `mark` stands for it."""

    mark: str
    line: int
    candidates: list[str]
    default: str = MARK


def _drop_readings(line: Mapped, traditional: bool, holes: list[_Hole], number: int) -> Mapped:
    """`line` without readings in brackets, with a mark from the private area for each lost character."""
    text = line.text
    edits: list[tuple[int, int, str]] = []
    done = 0
    for match in _SCRAMBLED.finditer(text):
        start, end = match.span()
        if start < done:
            continue
        if match["reading"]:
            if _is_reading_of(match["reading"], text[start - 1], traditional):
                # The reading goes with its character, so that the block's source covers both.
                edits.append((start - 1, end, text[start - 1]))
            continue
        restored = _restore(text, start)
        for low, high, candidates in restored:
            if len(candidates) == 1:
                edits.append((low, high, candidates[0]))
            else:
                stop = "。" if "。" in candidates else MARK
                holes.append(_Hole(chr(0xF0000 + len(holes)), number, candidates, stop))
                edits.append((low, high, holes[-1].mark))
            done = high
    return line.replace(_merge(edits))


def _merge(edits: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Edits in order and apart."""
    kept: list[tuple[int, int, str]] = []
    for edit in sorted(edits):
        if not kept or edit[0] >= kept[-1][1]:
            kept.append(edit)
    return kept


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


_Places = list[tuple[int, int, list[str]]]
_FULL = dict(zip(",.:;!", "，．：；！", strict=True))
_LONGEST = 9  # characters that are read one off at most, until a byte brings the two in step again


def _restore(text: str, at: int) -> _Places:
    """What the lost byte at `at` and the text behind it were: (start, end, possible characters) each, left to
    right; empty where nothing tells.

    Three things happen. A reading was put between the two bytes of a character, because the second byte of
    the one before and its first byte are another character of that reading. Or a replaced comma split a
    character, and what follows is read one byte off. Or the byte belonged to a character whose own reading
    follows.
    """
    behind = _BEHIND.match(text, at + 1)
    reading = _normal(behind.group(1)) if behind else None
    if behind and at:
        before = _ENDS_WITH_READING.search(text, max(0, at - 12), at)
        leads = _leads(text[before.start() if before else at - 1], reading or "")
        if leads and (places := _shifted(text, at, behind.end(), leads)):
            return places
    if behind:
        own = _by_reading().get(reading or "")
        return [(at, behind.end(), own)] if own else []
    if text[at + 1 : at + 2] in tuple(_FULL) or "\uff01" <= text[at + 1 : at + 2] <= "\uff5e":
        return _shifted(text, at, at + 1, range(0x81, 0xFF))
    return []


@functools.lru_cache(maxsize=4096)
def _leads(before: str, reading: str) -> list[int]:
    """First bytes that, behind the second byte of `before`, make a character of `reading`."""
    code = _bytes(before)
    return [high for high in range(0x81, 0xFF) if code and reading in readings(_decode(code[1], high) or " ")]


def _shifted(text: str, at: int, behind: int, leads: Iterable[int]) -> _Places:
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
    behind = _BEHIND.match(text, index + 1)
    if behind and (char in "?" + MARK or text[index + 1] in "(（"):
        return lows, behind.end(), _normal(behind.group(1))
    return lows, index + 1, None


def _read(
    data: bytes,
    spans: list[tuple[int, int]],
    leads: list[int],
    lows: list[int],
    end: int,
    reading: str | None,
    alone: bool = False,
) -> _Places:
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


# ---- words decide ---------------------------------------------------------------------------------------


@functools.cache
def _words() -> dict[str, int]:
    """Word frequencies of jieba's dictionary, words of two to four characters."""
    import jieba

    words = {}
    with jieba.get_dict_file() as handle:
        for line in handle:
            word, count, *_ = line.decode("utf-8").split(" ")
            if 2 <= len(word) <= 4:
                words[word] = int(count)
    return words


_HAN_END = re.compile(rf"{_HAN}*\Z")
_HAN_START = re.compile(rf"{_HAN}*")
_BEGINS = re.compile("现[将就把对予报]")
#: A candidate is taken when the words it makes are this many times as frequent as the next one's.
_MARGIN = 3


def _fill(lines: list[Mapped], holes: list[_Hole]) -> None:
    """Put the character that the words around it decide in place of each hole, else its default."""
    pairs: Counter[str] = Counter()
    for line in lines:
        pairs.update(map("".join, zip(line.text, line.text[1:], strict=False)))
    convert = _opencc("t2s").convert
    texts: dict[int, list[str]] = {}
    places: dict[int, dict[str, int]] = {}
    for hole in holes:
        if hole.line not in texts:
            chars = texts[hole.line] = list(lines[hole.line].text)
            places[hole.line] = {char: at for at, char in enumerate(chars) if char >= "\U000f0000"}
        chars = texts[hole.line]
        at = places[hole.line][hole.mark]
        before, after = "".join(chars[max(0, at - 3) : at]), "".join(chars[at + 1 : at + 4])
        options = list(dict.fromkeys(convert("\n".join(hole.candidates)).split("\n")))
        # Where a full stop fits, only a frequent word with the character before it speaks against it, and
        # none before 现将, which begins a sentence.
        least = 0 if hole.default == MARK else 1_000_000 if _BEGINS.match(after) else 300
        if len(options) == 1:
            chars[at] = options[0]
        else:
            chars[at] = _decide(before, after, options, pairs, least) or hole.default
    for number, chars in texts.items():
        lines[number] = lines[number].with_text("".join(chars))


def _decide(before: str, after: str, options: list[str], pairs: Counter[str], least: int) -> str | None:
    """The option that makes the most frequent words with its neighbours, by a clear margin. With `least`,
    only words of that frequency that begin before the hole count."""
    before, after = _HAN_END.search(before).group(), _HAN_START.match(after).group()  # type: ignore[union-attr]
    if not before and not after:
        return None
    words = _words()
    scores = []
    for option in options:
        best = 0
        for left in range(1 if least else 0, len(before) + 1):
            for right in range(len(after) + 1):
                if 2 <= left + right + 1 <= 4:
                    word = before[len(before) - left :] + option + after[:right]
                    if words.get(word, -1) >= least:  # a longer word says much more than a frequent one
                        best = max(best, (words[word] + 2) * 30 ** (len(word) - 2))
        here = (
            0
            if least
            else 50
            * sum(pairs[pair] for pair in (before[-1:] + option, option + after[:1]) if _TWO_HAN(pair))
        )
        scores.append((best + here, option))
    scores.sort(reverse=True)
    if scores[0][0] > least and scores[0][0] >= _MARGIN * scores[1][0]:
        return scores[0][1]
    return None
