"""What the entity model sees of a text, a row of numbers a character.

Characters are folded (full-width as half-width, letters in lower case, every digit as 0), so that the same
words in another width look the same and stand at the same offsets. Word edges come from a segmenter, rule
matches from annotations/rules.toml. Combinations of neighbours are 64-bit hashes; what to do with a hash is
for the layer that reads it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from baogao.annotations.rules import fold_width
from baogao.records import Entity

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]

EDGES = 5  # none, then B, M, E, S of a word
KINDS = 8  # other, digit, numeral, letter, stop, pause, bracket or quote, white space
_NUMERALS = "一二三四五六七八九十百千万亿两零〇余多几半"
_STOPS, _PAUSES, _BRACKETS = "。!?;:", ",、.-—~/", "()[]{}<>《》〈〉“”‘’\"'「」『』"
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)
_REACH = 4  # characters to each side that a template of `combinations` looks at


@dataclass(frozen=True)
class CharFeatures:
    """One text of `length` characters; arrays have a row a character."""

    length: int
    chars: Ints  # folded code points
    pairs: Hashes  # the character with the one after it
    kinds: Ints  # 0 to KINDS - 1
    edges: Ints  # 0 to EDGES - 1
    words: Hashes  # the word around the character
    rules: Ints  # 0, or 1 + 4 * rule + its B, I, E or S
    combinations: Hashes  # (length, templates)


def fold(text: str) -> str:
    """`text` as the model sees it, as many characters as before.

    >>> fold("全年办理ＡＰＰ诉求（３２１件）")
    '全年办理app诉求(000件)'
    """
    wide = fold_width(text)
    lower = wide.lower()
    if len(lower) != len(wide):  # İ and its like become two
        lower = "".join(c if len(c.lower()) != 1 else c.lower() for c in wide)
    return lower.translate(_DIGITS)


def featurise(
    text: str,
    words: Sequence[str] | None = None,
    matches: Iterable[Entity] = (),
    rules: Sequence[str] = (),
    *,
    combined: bool = True,
) -> CharFeatures:
    """`featurise_all` for one text."""
    return featurise_all([text], None if words is None else [words], [matches], rules, combined=combined)[0]


def featurise_all(
    texts: Sequence[str],
    words: Sequence[Sequence[str]] | None = None,
    matches: Sequence[Iterable[Entity]] | None = None,
    rules: Sequence[str] = (),
    *,
    combined: bool = True,
) -> list[CharFeatures]:
    """The features of each text, made for all at once. The `words` of a text concatenate to it (None: no
    segmenter); its `matches` are suggestions whose `source` is one of `rules` (others are passed over).
    Without `combined` there are no combinations: an array of no columns."""
    folded = [fold(text) for text in texts]
    lengths = [len(text) for text in texts]
    rows = gapped(lengths, _REACH)
    size = sum(lengths) + _REACH * (len(texts) + 1)
    chars = np.zeros(size, dtype=np.int64)
    chars[rows] = code_points("".join(folded))
    kinds = np.zeros(size, dtype=np.int64)
    kinds[rows] = _KIND[chars[rows]]
    firsts = (np.cumsum([0, *lengths[:-1]]) + _REACH * np.arange(1, len(texts) + 1)).tolist()
    edges, word, before, after = _word_columns(folded, words, rows, size)
    rule = np.zeros(size, dtype=np.int64)
    if matches is not None:
        _mark_rules(rule, firsts, matches, {name: index for index, name in enumerate(rules)})
    combinations = np.zeros((size, 0), dtype=np.uint64)
    if combined:
        combinations = _combinations(chars, kinds, edges, word, before, after, rule)
    columns: tuple[NDArray, ...] = (
        chars,
        combine(chars, shift(chars, 1)),
        kinds,
        edges,
        word,
        rule,
        combinations,
    )
    return [
        CharFeatures(length, *(column[first : first + length] for column in columns))
        for first, length in zip(firsts, lengths, strict=True)
    ]


def gapped(lengths: Sequence[int], gap: int) -> Ints:
    """The row of each character when `gap` empty rows follow every text and lead the first."""
    text = np.repeat(np.arange(len(lengths)), lengths)
    return np.arange(len(text)) + gap * (text + 1)


def code_points(text: str) -> Ints:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.int64)


def find_sorted(keys: NDArray, values: NDArray) -> Ints:
    """1 + the place of each value among the sorted `keys`, 0 where it is none of them."""
    if not len(keys):
        return np.zeros(len(values), dtype=np.int64)
    places = np.searchsorted(keys, values)
    places[places == len(keys)] = 0
    return np.where(keys[places] == values, places + 1, 0)


def combine(*columns: NDArray) -> Hashes:
    """One hash a row of several integer columns (multiply, xor and shift; nothing secret)."""
    return _mixed(0, [column.astype(np.uint64) for column in columns])


def _mixed(number: int, columns: Sequence[Hashes]) -> Hashes:
    """`combine` of a column that is `number` in every row, where that is not 0, and `columns`."""
    start = (number * int(_PRIME)) & 0xFFFFFFFFFFFFFFFF
    mixed = columns[0] ^ np.uint64(start ^ start >> int(_SHIFT))
    moved = np.empty_like(mixed)
    for place, column in enumerate(columns):
        if place:
            mixed ^= column
        mixed *= _PRIME
        np.right_shift(mixed, _SHIFT, out=moved)
        mixed ^= moved
    return mixed


def shift(column: NDArray, by: int) -> NDArray:
    """`column[i + by]` at i, 0 beyond the ends."""
    moved = np.zeros_like(column)
    if by >= 0:
        moved[: max(0, len(column) - by)] = column[by:]
    else:
        moved[-by:] = column[:by]
    return moved


def _word_columns(
    folded: Sequence[str], words: Sequence[Sequence[str]] | None, rows: Ints, size: int
) -> tuple[Ints, Hashes, Hashes, Hashes]:
    """Edge of each character in its word, and hashes of that word, the one before and the one after."""
    edges = np.zeros(size, dtype=np.int64)
    columns = np.zeros((3, size), dtype=np.uint64)
    if words is not None:
        sizes, hashes = [], [0]  # a word of no characters and no hash around each text
        for text, found in zip(folded, words, strict=True):
            ends = list(itertools.accumulate(map(len, found)))
            if (ends or [0])[-1] != len(text):
                raise ValueError(f"words of {(ends or [0])[-1]} characters for a text of {len(text)}")
            hashes += [_word_hash(text[end - len(word) : end]) for word, end in zip(found, ends, strict=True)]
            hashes.append(0)
            sizes += [*map(len, found), 0]
        length = np.array([0, *sizes])
        end = np.cumsum(length)[length > 0]
        start = end - length[length > 0]
        edges[rows] = 2
        edges[rows[end - 1]] = 3
        edges[rows[start]] = 1
        edges[rows[start[end - start == 1]]] = 4
        place = np.repeat(np.arange(len(length)), length)
        padded = np.array([*hashes, 0], dtype=np.uint64)
        columns[:, rows] = padded[place], padded[place - 1], padded[place + 1]
    return edges, *columns


@lru_cache(maxsize=100_000)
def _word_hash(word: str) -> int:
    return crc32(word.encode("utf-8", "surrogatepass"))


def _mark_rules(
    column: Ints, firsts: Sequence[int], matches: Sequence[Iterable[Entity]], rules: dict[str, int]
) -> None:
    for row, found in zip(firsts, matches, strict=True):
        for match in found:
            if match.source in rules:
                tag = 1 + 4 * rules[match.source]
                start, last = row + match.start, row + match.end - 1
                column[start : last + 1] = tag + 1
                column[start], column[last] = (tag + 3, tag + 3) if start == last else (tag, tag + 2)


def _combinations(
    chars: Ints, kinds: Ints, edges: Ints, word: Hashes, before: Hashes, after: Hashes, rule: Ints
) -> Hashes:
    """The templates of a linear CRF: n-grams in a window, word edges, words and rule matches."""
    c = {by: shift(chars.astype(np.uint64), by) for by in range(-_REACH, _REACH + 1)}
    k = {by: shift(kinds.astype(np.uint64), by) for by in range(-2, 3)}
    e = {by: shift(edges.astype(np.uint64), by) for by in range(-2, 3)}
    r = {by: shift(rule.astype(np.uint64), by) for by in (-1, 0, 1)}
    templates: list[list[NDArray]] = [[c[by]] for by in range(-4, 5)]
    for size, places in ((2, range(-3, 3)), (3, range(-3, 2)), (4, (-3, 0))):
        templates += [[c[at + by] for by in range(size)] for at in places]
    templates += [[k[by] for by in range(-2, 3)], [k[-1], k[0], k[1], c[2]]]
    if edges.any():
        templates += [
            [e[-1], e[0], e[1]], [e[by] for by in range(-2, 3)], [e[0], c[0]], [e[0], word],
            [before, e[0]], [after, e[0]], [before, word, e[0]], [word, after, e[0]],
        ]  # fmt: skip
    else:
        templates += [[e[0]]] * 8  # as many columns as with words
    templates += [[r[0]], [r[-1], r[0], r[1]], [r[0], c[0]], [r[0], c[1]], [r[0], c[-1]]]
    return np.stack([_mixed(number, template) for number, template in enumerate(templates, 1)], axis=1)


def _kind_table() -> NDArray[np.int8]:
    """The kind of the character at each code point."""
    table = np.zeros(0x110000, dtype=np.int8)
    table[[code for code in range(0x3001) if chr(code).isspace()]] = 7
    table[ord("a") : ord("z") + 1] = 3
    for kind, members in ((1, "0"), (2, _NUMERALS), (4, _STOPS), (5, _PAUSES), (6, _BRACKETS)):
        table[[ord(member) for member in members]] = kind
    return table


_DIGITS = dict.fromkeys(range(ord("0"), ord("9") + 1), "0")
_KIND = _kind_table()
