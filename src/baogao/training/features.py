"""What the entity model sees of a text, a row of numbers a character.

Characters are folded (full-width as half-width, letters in lower case, every digit as 0), so that the same
words in another width look the same and stand at the same offsets. Word edges come from a segmenter, rule
matches from annotations/rules.toml. Combinations of neighbours are 64-bit hashes; what to do with a hash is
for the layer that reads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
    return "".join("0" if "0" <= c <= "9" else c for c in lower)


def featurise(
    text: str,
    words: Sequence[str] | None = None,
    matches: Iterable[Entity] = (),
    rules: Sequence[str] = (),
    *,
    combined: bool = True,
) -> CharFeatures:
    """The features of `text`. `words` concatenate to it (None: no segmenter); `matches` are suggestions
    whose `source` is one of `rules` (others are passed over). Without `combined` there are no
    combinations: an array of no columns."""
    folded = fold(text)
    chars = np.frombuffer(folded.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.int64)
    kinds = np.array([_KIND.get(c, 7 if c.isspace() else 3 if "a" <= c <= "z" else 0) for c in folded])
    kinds = kinds.astype(np.int64)
    edges, word, before, after = _word_columns(folded, words)
    rule = _rule_column(len(text), matches, {name: index for index, name in enumerate(rules)})
    return CharFeatures(
        length=len(text),
        chars=chars,
        pairs=combine(chars, shift(chars, 1)),
        kinds=kinds,
        edges=edges,
        words=word,
        rules=rule,
        combinations=_combinations(chars, kinds, edges, word, before, after, rule)
        if combined
        else np.zeros((len(text), 0), dtype=np.uint64),
    )


def combine(*columns: NDArray) -> Hashes:
    """One hash a row of several integer columns (multiply, xor and shift; nothing secret)."""
    mixed = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        mixed = (mixed ^ column.astype(np.uint64)) * _PRIME
        mixed ^= mixed >> _SHIFT
    return mixed


def shift(column: NDArray, by: int) -> NDArray:
    """`column[i + by]` at i, 0 beyond the ends."""
    moved = np.zeros_like(column)
    if by >= 0:
        moved[: max(0, len(column) - by)] = column[by:]
    else:
        moved[-by:] = column[:by]
    return moved


def _word_columns(folded: str, words: Sequence[str] | None) -> tuple[Ints, Hashes, Hashes, Hashes]:
    """Edge of each character in its word, and hashes of that word, the one before and the one after."""
    length = len(folded)
    edges = np.zeros(length, dtype=np.int64)
    if words is None:
        none = np.zeros(length, dtype=np.uint64)
        return edges, none, none, none
    sizes = np.array([len(word) for word in words], dtype=np.int64)
    if int(sizes.sum()) != length:
        raise ValueError(f"words of {sizes.sum()} characters for a text of {length}")
    ends = np.cumsum(sizes)
    starts = ends - sizes
    edges[:] = 2
    edges[ends - 1] = 3
    edges[starts] = 1
    edges[starts[sizes == 1]] = 4
    hashes = np.zeros(len(words) + 2, dtype=np.uint64)
    hashes[1:-1] = [
        crc32(folded[a:b].encode("utf-8", "surrogatepass")) for a, b in zip(starts, ends, strict=True)
    ]
    place = np.repeat(np.arange(len(words)), sizes) + 1
    return edges, hashes[place], hashes[place - 1], hashes[place + 1]


def _rule_column(length: int, matches: Iterable[Entity], rules: dict[str, int]) -> Ints:
    column = np.zeros(length, dtype=np.int64)
    for match in matches:
        if match.source in rules:
            first = 1 + 4 * rules[match.source]
            if match.end - match.start == 1:
                column[match.start] = first + 3
            else:
                column[match.start : match.end] = first + 1
                column[match.start], column[match.end - 1] = first, first + 2
    return column


def _combinations(
    chars: Ints, kinds: Ints, edges: Ints, word: Hashes, before: Hashes, after: Hashes, rule: Ints
) -> Hashes:
    """The templates of a linear CRF: n-grams in a window, word edges, words and rule matches."""
    c = {by: shift(chars, by) for by in range(-_REACH, _REACH + 1)}
    k = {by: shift(kinds, by) for by in range(-2, 3)}
    e = {by: shift(edges, by) for by in range(-2, 3)}
    r = {by: shift(rule, by) for by in (-1, 0, 1)}
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
        templates += [[edges]] * 8  # as many columns as with words
    templates += [[r[0]], [r[-1], r[0], r[1]], [r[0], c[0]], [r[0], c[1]], [r[0], c[-1]]]
    numbered = [
        combine(np.full(len(chars), number), *template) for number, template in enumerate(templates, 1)
    ]
    return np.stack(numbered, axis=1)


_KIND = (
    dict.fromkeys("0", 1)
    | dict.fromkeys(_NUMERALS, 2)
    | dict.fromkeys(_STOPS, 4)
    | dict.fromkeys(_PAUSES, 5)
    | dict.fromkeys(_BRACKETS, 6)
)
