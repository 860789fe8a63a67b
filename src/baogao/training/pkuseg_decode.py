"""The same words as `spacy_pkuseg.pkuseg(...).cut`, several times as fast.

pkuseg asks its dictionary of features about 70 strings a character, most of which cannot be in it: pairs of
words of which one was not found. Here each substring is looked up once and only pairs of words that are
there are asked for; weights and best path come from spacy_pkuseg itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_NUMBER, _LETTER = "\ue000", "\ue001"  # one character for pkuseg's names of classes
_KINDS = ("c", "c-1", "c1", "c-2", "c2", "c-1c", "cc1", "c-2c-1", "w-1", "w1", "ww.l", "ww.r")
_NAMES = {"**Num": _NUMBER, "**Letter": _LETTER}


def fast_cut(pkuseg: Any) -> Callable[[str], list[str]]:
    """A function that cuts a text without white space into words, as `pkuseg.cut` does.

    `pkuseg` is a `spacy_pkuseg.pkuseg` without user dictionary and tagger, whose model has word features of
    two to six characters, as all published ones have and all that spacy_pkuseg trains by default.
    """
    from spacy_pkuseg.config import config
    from spacy_pkuseg.inference import decodeViterbi_fast

    extractor, model = pkuseg.feature_extractor, pkuseg.model
    fold = {ord(c): _NUMBER for c in extractor.num} | {ord(c): _LETTER for c in extractor.letter}
    fold = (fold if config.numLetterNorm else {}) | {ord(c): "&" for c in extractor.keywords}
    tables = _tables(extractor.feature_to_idx)
    sizes = range(config.wordMax, config.wordMin - 1, -1)
    known = {_short(word) for word in extractor.unigram}
    begins = [("B" in pkuseg.idx_to_tag[tag]) for tag in range(len(pkuseg.idx_to_tag))]

    def cut(text: str) -> list[str]:
        if not text:
            return []
        features = _features(text.translate(fold), tables, known, sizes)
        _, tags = decodeViterbi_fast(features, model)
        edges = [i for i, tag in enumerate(tags) if i == 0 or begins[tag]]
        return [text[a:b] for a, b in zip(edges, [*edges[1:], len(text)], strict=True)]

    return cut


def _tables(features: dict[str, int]) -> dict[str, dict[str, int]]:
    """pkuseg's features by kind, each under the characters it looks at."""
    tables: dict[str, dict[str, int]] = {
        kind: {}
        for kind in ("c", "c-1", "c1", "c-2", "c2", "c-1c", "cc1", "c-2c-1", "w-1", "w1", "ww.l", "ww.r")
    }
    for name, index in features.items():
        for kind in ("ww.l", "ww.r"):
            if name.startswith(kind + "."):
                tables[kind][_short(name[len(kind) + 1 :])] = index
                break
        else:
            kind, dot, rest = name.partition(".")
            if dot and kind in tables:
                rest = _short(rest)
                if kind in ("c-1c", "cc1", "c-2c-1"):  # two characters with a dot between them
                    rest = rest[:1] + rest[2:]
                tables[kind][rest] = index
    return tables


def _short(text: str) -> str:
    for name, char in _NAMES.items():
        text = text.replace(name, char)
    return text


def _features(text: str, tables: dict[str, dict[str, int]], known: set[str], sizes: range) -> list[list[int]]:
    """Indices of the features at each character, as FeatureExtractor.get_node_features_idx gives them."""
    here, before, after = tables["c"].get, tables["c-1"].get, tables["c1"].get
    before2, after2 = tables["c-2"].get, tables["c2"].get
    pair_before, pair_after, pair_before2 = tables["c-1c"].get, tables["cc1"].get, tables["c-2c-1"].get
    ending, starting = tables["w-1"].get, tables["w1"].get
    left, right = tables["ww.l"].get, tables["ww.r"].get
    length = len(text)
    starts: list[list[str]] = [[] for _ in range(length + 1)]  # known words that start at a character
    ends: list[list[str]] = [[] for _ in range(length + 1)]  # and that end before it
    for i in range(length):
        for size in sizes:
            word = text[i : i + size]
            if word in known and len(word) == size:
                starts[i].append(word)
                ends[i + size].append(word)
    found = []
    for i in range(length):
        c = text[i]
        row = [0, here(c)]
        if i > 0:
            row += before(text[i - 1]), pair_before(text[i - 1 : i + 1])
            if i > 1:
                row += before2(text[i - 2]), pair_before2(text[i - 2 : i])
        if i + 1 < length:
            row += after(text[i + 1]), pair_after(text[i : i + 2])
            if i + 2 < length:
                row.append(after2(text[i + 2]))
        row += map(ending, ends[i + 1])
        row += map(starting, starts[i])
        if ends[i] and starts[i]:
            row += [left(f"{pre}*{post}") for pre in ends[i] for post in starts[i]]
        if ends[i + 1] and starts[i + 1]:
            row += [right(f"{pre}*{post}") for pre in ends[i + 1] for post in starts[i + 1]]
        found.append([index for index in row if index is not None])
    return found
