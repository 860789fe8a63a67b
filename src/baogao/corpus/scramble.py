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
from collections import Counter
from dataclasses import dataclass

from baogao.corpus.mapped import Mapped
from baogao.corpus.restore import BEHIND, HAN, MARK, READING, TONES, is_reading_of, restore
from baogao.corpus.script import (
    characters_of,
    is_traditional,
    opencc_of,
    simplified_characters,
    to_simplified,
    traditional_characters,
)

_TONES = [ord(tone) for tone in TONES]
_TWO_HAN = re.compile(rf"{HAN}{{2}}").fullmatch
#: A reading in brackets behind a character, or a byte that made no character.
_SCRAMBLED = re.compile(rf"(?P<lost>[?{MARK}])|(?<={HAN})\s?[(（]\s?(?P<reading>{READING})\s?[)）]")
#: Some sites put a comma before every comma and its kind.
_DOUBLED = re.compile("[,，](?=[,，、；;：:。])")


@dataclass
class Repaired:
    """Lines of a source after repair, and how many characters were brought back and how many are lost."""

    lines: list[Mapped]
    repaired: int = 0
    lost: int = 0
    traditional: bool = False


def repair(lines: list[Mapped], source: str) -> Repaired:
    """Repair `lines` of `source`, whose different characters tell the script."""
    result = Repaired(lines)
    characters = characters_of(source)
    traditional = is_traditional(characters)
    annotated = bool(characters[_TONES].any()) and _is_annotated(lines, traditional)
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
        only, never = traditional_characters(), simplified_characters()
        # A simplified line of the page, a menu or so, keeps what simplified text uses too.
        out = [
            to_simplified(line) if only & set(line.text) or not never & set(line.text) else line
            for line in out
        ]
        result.traditional = True
    if holes:
        _fill(out, holes)
        result.lost = sum(line.text.count(MARK) for line in out)
        result.repaired = len(holes) - result.lost
    result.lines = out
    return result


def _is_annotated(lines: list[Mapped], traditional: bool) -> bool:
    """Readings in brackets are a habit of this text, not a rare help with a rare character."""
    found = 0
    for line in lines:
        for match in _SCRAMBLED.finditer(line.text):
            if match["lost"]:
                hit = BEHIND.match(line.text, match.end()) is not None
            else:
                hit = is_reading_of(match["reading"], line.text[match.start() - 1], traditional)
            found += hit
            if (traditional and found) or found >= 3:
                return True
    return False


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
            if is_reading_of(match["reading"], text[start - 1], traditional):
                # The reading goes with its character, so that the block's source covers both.
                edits.append((start - 1, end, text[start - 1]))
            continue
        restored = restore(text, start)
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


_HAN_END = re.compile(rf"{HAN}*\Z")
_HAN_START = re.compile(rf"{HAN}*")
_BEGINS = re.compile("现[将就把对予报]")
#: A candidate is taken when the words it makes are this many times as frequent as the next one's.
_MARGIN = 3


def _fill(lines: list[Mapped], holes: list[_Hole]) -> None:
    """Put the character that the words around it decide in place of each hole, else its default."""
    pairs: Counter[str] = Counter()
    for line in lines:
        pairs.update(map("".join, zip(line.text, line.text[1:], strict=False)))
    convert = opencc_of("t2s").convert
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
        elif mark := _missing_quote(chars, at, options):
            chars[at] = mark
        else:
            chars[at] = _decide(before, after, options, pairs, least) or hole.default
    for number, chars in texts.items():
        lines[number] = lines[number].with_text("".join(chars))


def _missing_quote(chars: list[str], at: int, options: list[str]) -> str | None:
    """The quotation mark without which one before or behind `at` has no partner, where it is an option."""
    opened = next((char for char in reversed(chars[:at]) if char in "“”"), None) == "“"
    closes = next((char for char in chars[at + 1 :] if char in "“”"), None) == "”"
    if opened and not closes and "”" in options:
        return "”"
    return "“" if closes and not opened and "“" in options else None


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
