"""The same words as `spacy_pkuseg.pkuseg(...).cut`, ten times as fast, and white space kept.

pkuseg makes about 70 strings a character and asks a dictionary for each. Here characters, pairs and known
words are numbers, looked up for all texts at once in sorted arrays beside which the weights themselves lie;
the best path comes from spacy_pkuseg.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from baogao.training.features import code_points, find_sorted, shift

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_NUMBER, _LETTER = "\ue000", "\ue001"  # one character for pkuseg's names of classes
_NAMES = {"**Num": _NUMBER, "**Letter": _LETTER}
_SINGLES = {"c-2": 2, "c-1": 1, "c": 0, "c1": -1, "c2": -2}  # how far behind its character a feature counts
_PAIRS = {"cc1": 0, "c-1c": 1, "c-2c-1": 2}  # how far behind the first of the two
_WORDS, _NEIGHBOURS = ("w1", "w-1"), ("ww.l", "ww.r")
_KINDS = (*_SINGLES, *_PAIRS, *_WORDS, *_NEIGHBOURS)
_GAP = 2  # empty rows around each piece, as far as the furthest feature looks
_CODES = 0x110000
_SPACE = np.zeros(_CODES, dtype=bool)
_SPACE[[code for code in range(0x3001) if chr(code).isspace()]] = True


def fast_cut(pkuseg: Any) -> Callable[[Sequence[str]], list[list[str]]]:
    """A function that cuts each of several texts into words that concatenate to it.

    A run of white space is a word; what is between is cut as `pkuseg.cut` does. `pkuseg` is a
    `spacy_pkuseg.pkuseg` without user dictionary and tagger, whose model has word features of two
    characters or more, as all published ones have and all that spacy_pkuseg trains by default.
    """
    from spacy_pkuseg.inference import getLogYY, run_viterbi

    model = pkuseg.model
    scorer = _Scorer(pkuseg)
    _, steps = getLogYY([], model.n_tag, model.n_feature * model.n_tag, model.w, 1.0)
    begins = np.array(["B" in pkuseg.idx_to_tag[tag] for tag in range(model.n_tag)])

    def cut(texts: Sequence[str]) -> list[list[str]]:
        text = "".join(texts)
        ends = np.cumsum([len(text) for text in texts])
        codes = code_points(text)
        if not len(codes):
            return [[] for _ in texts]
        space = _SPACE[codes]
        edges = np.zeros(len(codes) + 1, dtype=bool)
        edges[[0, *ends]] = True
        edges[1:-1] |= space[1:] != space[:-1]
        run = np.cumsum(edges[:-1])
        rows = np.arange(len(codes)) + _GAP * run
        scores = scorer.scores(codes, rows, int(rows[-1]) + 1 + _GAP)
        bounds = np.flatnonzero(edges)
        for start, end in zip(bounds[:-1], bounds[1:], strict=True):
            if not space[start]:
                _, tags = run_viterbi(scores[rows[start] : rows[end - 1] + 1], steps)
                edges[start + 1 : end] = begins[tags[1:]]
        places = np.flatnonzero(edges)
        counts = np.searchsorted(places, [0, *ends]).tolist()
        words = [text[a:b] for a, b in itertools.pairwise(places.tolist())]
        return [words[a:b] for a, b in itertools.pairwise(counts)]

    return cut


class _Scorer:
    """pkuseg's features as arrays: tables of (1 + keys, kinds, tags), whose row 0 is for what has none."""

    def __init__(self, pkuseg: Any) -> None:
        from spacy_pkuseg.config import config

        extractor, tags = pkuseg.feature_extractor, pkuseg.model.n_tag
        features = _by_kind(extractor.feature_to_idx)
        weights = np.vstack([pkuseg.model.w.reshape(-1, tags)[:-tags], np.zeros(tags)])

        def table(kinds: Iterable[str], keys: Sequence[str]) -> Floats:
            none = itertools.repeat(-1)
            rows = [[-1, *map(features[kind].get, keys, none)] for kind in kinds]
            return weights[np.array(rows).T]

        self.start = weights[0]
        self.sizes = range(config.wordMin, config.wordMax + 1)
        words = {word for word in map(_short, extractor.unigram) if len(word) in self.sizes}
        pairs = set().union(*(features[kind] for kind in _PAIRS))
        found = set().union(words, pairs, *(features[kind] for kind in _SINGLES))
        chars = {char: number for number, char in enumerate(sorted(set("".join(found))), 1)}
        self.chars = _char_table(chars, extractor, fold_classes=config.numLetterNorm)
        self.singles = table(_SINGLES, [*chars])

        self.base = len(chars) + 1
        numbered = sorted((chars[pair[0]] * self.base + chars[pair[1]], pair) for pair in pairs)
        self.pair_keys = _column(numbered)
        self.pairs = table(_PAIRS, [pair for _, pair in numbered])

        prefixes = dict(chars)  # a number for every beginning of a word, so that words are found by steps
        steps = []
        for word in sorted(words):
            for size in range(2, len(word) + 1):
                if word[:size] not in prefixes:
                    prefixes[word[:size]] = len(prefixes) + 1
                    steps.append(
                        (prefixes[word[: size - 1]] * self.base + chars[word[size - 1]], word[:size])
                    )
        steps.sort()
        self.step_keys = _column(steps)
        self.step_to = np.array([0, *(prefixes[prefix] for _, prefix in steps)])
        self.is_word = np.array([False, *(prefix in words for prefix in prefixes)])
        self.words = table(_WORDS, [*prefixes])

        both = ((name, *name.split("*")) for name in set().union(*(features[kind] for kind in _NEIGHBOURS)))
        joined = sorted(
            (prefixes[pre[0]] * len(self.words) + prefixes[pre[1]], name)
            for name, *pre in both
            if len(pre) == 2 and words.issuperset(pre)
        )
        self.neighbour_keys = _column(joined)
        self.neighbours = table(_NEIGHBOURS, [name for _, name in joined])

    def scores(self, codes: Ints, rows: Ints, size: int) -> Floats:
        """Node scores (size, tags) of characters that lie in `rows`, pieces `_GAP` rows apart."""
        ids = np.zeros(size, dtype=np.int64)
        ids[rows] = self.chars[codes]
        scores = np.tile(self.start, (size, 1))
        single = self.singles[ids]
        for kind, by in enumerate(_SINGLES.values()):
            scores[max(by, 0) : size + min(by, 0)] += single[max(-by, 0) : size - max(by, 0), kind]
        pair = self.pairs[find_sorted(self.pair_keys, ids * self.base + shift(ids, 1))]
        for kind, by in enumerate(_PAIRS.values()):
            scores[by:size] += pair[: size - by, kind]
        starting, ending = self._words(ids, scores)
        before, after, places = np.nonzero((ending[:, None] > 0) & (starting[None] > 0))
        key = ending[before, places] * len(self.words) + starting[after, places]
        neighbours = find_sorted(self.neighbour_keys, key)
        places, neighbours = places[neighbours > 0], neighbours[neighbours > 0]
        np.add.at(scores, places, self.neighbours[neighbours, 0])
        np.add.at(scores, places - 1, self.neighbours[neighbours, 1])
        return scores

    def _words(self, ids: Ints, scores: Floats) -> tuple[Ints, Ints]:
        """Add what known words say; and which word of each size starts at each row and which ends before
        it: (sizes, rows), 0 for none."""
        starting = np.zeros((len(self.sizes), len(ids)), dtype=np.int64)
        ending = np.zeros_like(starting)
        places = np.flatnonzero(ids)
        prefix = ids[places]
        for size in range(2, self.sizes[-1] + 1):
            step = find_sorted(self.step_keys, prefix * self.base + ids[places + size - 1])
            places, prefix = places[step > 0], self.step_to[step[step > 0]]
            if size in self.sizes:
                word = self.is_word[prefix]
                first, number = places[word], prefix[word]
                scores[first] += self.words[number, 0]
                scores[first + size - 1] += self.words[number, 1]
                starting[size - self.sizes[0], first] = number
                ending[size - self.sizes[0], first + size] = number
        return starting, ending


def _by_kind(features: dict[str, int]) -> dict[str, dict[str, int]]:
    """pkuseg's features by kind, each under the characters it looks at."""
    found: dict[str, dict[str, int]] = {kind: {} for kind in _KINDS}
    for name, index in features.items():
        kind, _, rest = name.partition(".")
        if kind == "ww":
            kind, rest = name[:4], name[5:]
        if kind in found:
            rest = _short(rest)
            found[kind][rest[0] + rest[2:] if kind in _PAIRS else rest] = index  # a dot between the two
    return found


def _short(text: str) -> str:
    if "**" not in text:
        return text
    for name, char in _NAMES.items():
        text = text.replace(name, char)
    return text


def _char_table(chars: dict[str, int], extractor: Any, *, fold_classes: bool) -> NDArray[np.int32]:
    """The number of the character at each code point, 0 for those that no feature knows."""
    classes = [(extractor.num, _NUMBER), (extractor.letter, _LETTER)] if fold_classes else []
    table = np.zeros(_CODES, dtype=np.int32)
    for char, number in chars.items():
        table[ord(char)] = number
    for members, char in [*classes, (extractor.keywords, "&")]:
        table[[ord(member) for member in members]] = chars.get(char, 0)
    return table


def _column(numbered: Sequence[tuple[int, str]]) -> Ints:
    return np.array([number for number, _ in numbered], dtype=np.int64)
