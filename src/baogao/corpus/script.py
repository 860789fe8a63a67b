"""Traditional and simplified characters: which a text is in, and conversion that keeps every place."""

from __future__ import annotations

import functools
import re

import numpy as np

from baogao.corpus.mapped import Mapped


def characters_of(text: str) -> np.ndarray:
    """Which characters occur in `text`, as 65,536 truth values by code (planes beyond the first by half a
    pair each). A set of them would take as long as all other steps for a clean page together."""
    seen = np.zeros(65_536, dtype=bool)
    seen[np.frombuffer(text.encode("utf-16-le", "surrogatepass"), dtype=np.uint16)] = True
    return seen


def is_traditional(characters: np.ndarray) -> bool:
    """Text in traditional characters, by the different characters that occur in it (see `characters_of`): a
    traditional page has hundreds that simplified text never shows, a simplified page a few in names."""
    only, never = _masks()
    traditional, simplified = (int(np.count_nonzero(characters & mask)) for mask in (only, never))
    return traditional >= 3 and traditional > 0.4 * simplified


@functools.cache
def _masks() -> tuple[np.ndarray, np.ndarray]:
    return characters_of("".join(traditional_characters())), characters_of("".join(simplified_characters()))


@functools.cache
def opencc_of(config: str):
    """The converter of one configuration of opencc, made once."""
    import opencc

    return opencc.OpenCC(config)


@functools.cache
def traditional_characters() -> frozenset[str]:
    """Characters that conversion to simplified changes, without those that simplified text uses as well."""
    return _changed("t2s") - frozenset("著乾瞭藉徵鍾馀夥於衹像麽")


@functools.cache
def simplified_characters() -> frozenset[str]:
    """Characters that conversion to traditional changes and traditional text never uses."""
    return _changed("s2t") - _BOTH


#: Characters of both scripts, in different senses.
_BOTH = frozenset(
    "后里干台系面制准几只云斗谷板表丑出当发范丰复刮胡回伙姜借克困漓凌么"
    "霉蔑千秋曲舍沈胜术松叹坛体涂万系咸向须余御吁郁愿岳折征致制钟周注准"
)


def _changed(config: str) -> frozenset[str]:
    han = [chr(code) for code in range(0x4E00, 0xA000)]
    converted = opencc_of(config).convert("\n".join(han)).split("\n")
    return frozenset(a for a, b in zip(han, converted, strict=True) if a != b)


# opencc's t2s leaves 著 alone, which simplified text keeps only in the sense of writing and of fame.
_PARTICLE = re.compile(r"(?<![显卓昭编论专名原合译遗巨拙土撰])著(?![名作述书者称录有文])")


def to_simplified(line: Mapped) -> Mapped:
    """`line` in simplified characters, each from where its traditional one came."""
    convert = opencc_of("t2s").convert
    text = _PARTICLE.sub("着", convert(line.text))
    if len(text) != len(line.text):  # a phrase of another length: each character by itself keeps the map
        text = "".join((convert(c) + c)[0] for c in line.text)
    return line.with_text(text)
