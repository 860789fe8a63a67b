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
from dataclasses import dataclass, field

from baogao.corpus.mapped import Mapped

#: What stands for a character that is lost for good.
MARK = "\ufffd"
_TONED = "āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜńňǹḿ"
_LETTERS = f"a-zɡɑüê{_TONED}\u0300\u0301\u0304\u030c\u0308"
_READING = rf"[{_LETTERS}]{{1,8}}"
_LOST = "?？" + MARK
_HAN = r"[\u3400-\u9fff]"

_SCRAMBLED = re.compile(
    rf"""
    (?P<shifted>[{_LOST}](?P<middle>[,，.．:：;；!！?？－＊＋／＝（）][\u3400-\u9fff]{{0,6}})
        (?:(?P<byte>[@-~])(?:[(（](?P<r1>{_READING})[)）]|(?={_HAN}))|[{_LOST}][(（]?(?P<r2>{_READING})[)）]))
  | (?P<split>(?<={_HAN})[{_LOST}](?P<r3>{_READING})[)）][{_LOST}](?:(?P<r4>{_READING})[)）])?)
  | (?P<lost>[{_LOST}]\s?[(（]?(?P<r5>{_READING})[)）])
  | (?P<reading>(?<={_HAN})\s?[(（]\s?(?P<r6>{_READING})\s?[)）])
    """,
    re.VERBOSE,
)
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
    for line in lines:
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
            kind = match.lastgroup
            if match["reading"] and not _is_reading_of(
                match["r6"], line.text[match.start() - 1], traditional
            ):
                continue
            found += 1
            if (traditional and kind) or found >= 3:
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
    options: list[str] = field(default_factory=list)


def _drop_readings(line: Mapped, traditional: bool, holes: list[_Hole], number: int) -> Mapped:
    """`line` without readings in brackets, with a mark from the private area for each lost character."""
    text = line.text
    edits: list[tuple[int, int, str]] = []

    def hole(candidates: list[str], default: str = MARK) -> str:
        holes.append(_Hole(chr(0xF0000 + len(holes)), number, candidates, default))
        return holes[-1].mark

    for match in _SCRAMBLED.finditer(text):
        start, end = match.span()
        if match["reading"]:
            if _is_reading_of(match["r6"], text[start - 1], traditional):
                # The reading goes with its character, so that the block's source covers both.
                edits.append((start - 1, end, text[start - 1]))
            continue
        if match["shifted"]:
            shifted = _unshift(match["middle"], match["byte"], match["r1"] or match["r2"])
            if shifted:
                edits += _spread(match, shifted, hole)
            elif match["byte"] is None:
                known = _by_reading().get(_normal(match["r2"]))
                if known:
                    tail = match.end("middle")
                    edits.append((tail, end, hole(known)))
            continue
        if match["split"]:
            found = _rejoin(text[start - 1], _normal(match["r3"]), match["r4"] and _normal(match["r4"]))
            if found:
                edits.append((start, end, hole(found)))
                continue
            known = _by_reading().get(_normal(match["r3"]))
            if known:
                stop = match.end("r3") + 1
                edits.append((start, stop, hole(known)))
                known = _by_reading().get(_normal(match["r4"])) if match["r4"] else None
                if known:
                    edits.append((stop, end, hole(known)))
            continue
        known = _by_reading().get(_normal(match["r5"]))
        if known:
            edits.append((start, end, hole(known)))
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
        code = character.encode("gbk")
    except UnicodeEncodeError:
        return b""
    return code if len(code) == 2 else b""


def _decode(high: int, low: int) -> str:
    try:
        return bytes((high, low)).decode("gbk")
    except UnicodeDecodeError:
        return ""


_FULL = {c: "，．：；！？"[",.:;!?".index(c)] for c in ",.:;!?"}


def _unshift(middle: str, byte: str | None, reading: str | None) -> list[list[str]] | None:
    """What `?` + `middle` + a last byte were before the bytes were read one off: the possible characters at
    each place, or None where the bytes make no sense. Without a reading the last character must be a
    traditional one."""
    known = traditional_characters()
    data = b"".join(_bytes(_FULL.get(c, c)) for c in middle)
    if len(data) != 2 * len(middle):
        return None
    first = [c for c in (_decode(high, data[0]) for high in range(0x81, 0xFF)) if c]
    inner = [_decode(data[i], data[i + 1]) for i in range(1, len(data) - 1, 2)]
    lows = [ord(byte)] if byte else [low for low in range(0x40, 0xFF) if low != 0x7F]
    last = [
        c
        for c in (_decode(data[-1], low) for low in lows)
        if c and (_normal(reading) in readings(c) if reading else c in known)
    ]
    if not last or not all(inner):
        return None
    return [first, *([c] for c in inner), last]


def _spread(match: re.Match[str], places: list[list[str]], hole) -> list[tuple[int, int, str]]:
    """Edits that put the characters of `places` over the source of the match, left to right."""
    start, end = match.span()
    edits = []
    for index, candidates in enumerate(places):
        low = start if index == 0 else start + index + 1
        high = end if index == len(places) - 1 else start + index + 2
        if len(candidates) == 1:
            edits.append((low, high, candidates[0]))
        else:
            edits.append((low, high, hole(candidates, "。" if "。" in candidates else MARK)))
    return edits


def _rejoin(before: str, between: str, reading: str | None) -> list[str] | None:
    """The characters that the bytes around a misplaced reading may have been.

    `between` reads the false character made of the last byte of `before` and the first of the lost one;
    `reading`, where it remains, reads the lost one.
    """
    code = _bytes(before)
    if not code:
        return None
    found = []
    for high in range(0x81, 0xFF):
        false = _decode(code[1], high)
        if false and between in readings(false):
            for low in range(0x40, 0xFF):
                true = _decode(high, low)
                if true and (reading is None or reading in readings(true)):
                    found.append(true)
    return found or None


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


_TWO_HAN = re.compile(rf"{_HAN}{{2}}").fullmatch
#: A candidate is taken when the words it makes are this many times as frequent as the next one's.
_MARGIN = 3


def _fill(lines: list[Mapped], holes: list[_Hole]) -> None:
    """Put the character that the words around it decide in place of each hole, else its default."""
    pairs: Counter[str] = Counter()
    for line in lines:
        pairs.update(map("".join, zip(line.text, line.text[1:], strict=False)))
    convert = _opencc("t2s").convert
    for hole in holes:
        text = lines[hole.line].text
        at = text.find(hole.mark)
        options = list(dict.fromkeys(convert(c) for c in hole.candidates))
        # Where a full stop fits, only a known word with the character before it speaks against it.
        least = 0 if hole.default == MARK else 20
        chosen = options[0] if len(options) == 1 else _decide(text, at, options, pairs, least) or hole.default
        lines[hole.line] = lines[hole.line].with_text(text.replace(hole.mark, chosen))


def _decide(text: str, at: int, options: list[str], pairs: Counter[str], least: int) -> str | None:
    """The option that makes the most frequent words with its neighbours, by a clear margin. With `least`,
    only words of that frequency that begin before the hole count."""
    words = _words()
    before, after = text[max(0, at - 3) : at], text[at + 1 : at + 4]
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
