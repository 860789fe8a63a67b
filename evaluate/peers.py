"""A linear-chain CRF on characters with word features: the peer without a neural network."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import msgspec

from baogao.annotations.rules import fold_width
from baogao.records import Entity, LabelledBlock


class LinearCRF:
    """sklearn-crfsuite (CRFsuite, Okazaki 2007) over BMES tags; fit and predict on labelled blocks.

    Features of a character: itself and its neighbours to two places, their bigrams, kinds (digit, letter,
    Chinese, mark), and jieba's word around it with the place in it, and the words beside it.
    """

    def __init__(self, *, c1: float = 0.05, c2: float = 0.05, iterations: int = 120) -> None:
        import sklearn_crfsuite

        self.model = sklearn_crfsuite.CRF(
            algorithm="lbfgs", c1=c1, c2=c2, max_iterations=iterations, all_possible_transitions=False
        )

    def fit(self, train: Sequence[LabelledBlock]) -> LinearCRF:
        self.model.fit([features(block.text) for block in train], [tags(block) for block in train])
        return self

    def predict(self, blocks: Sequence[LabelledBlock]) -> list[LabelledBlock]:
        """The blocks with the entities found in place of their own."""
        found = self.model.predict([features(block.text) for block in blocks])
        return [
            msgspec.structs.replace(block, entities=spans(tags))
            for block, tags in zip(blocks, found, strict=True)
        ]


def features(text: str) -> list[list[str]]:
    """Feature names of each character."""
    import jieba

    jieba.setLogLevel(logging.WARNING)
    text = fold_width(text)
    words = [(word, place) for word in jieba.lcut(text) for place in _places(len(word))]
    starts, ends, at = [], [], 0
    for word in jieba.lcut(text):
        starts += [at] * len(word)
        ends += [at + len(word)] * len(word)
        at += len(word)
    rows = []
    for i in range(len(text)):
        around = [text[i + k] if 0 <= i + k < len(text) else "_" for k in range(-3, 4)]
        row = ["bias"]
        row += [f"c{k}={around[k + 3]}" for k in range(-2, 3)]
        row += [f"b{k}={around[k + 3]}{around[k + 4]}" for k in range(-2, 2)]
        row += [f"t{k}={around[k + 2]}{around[k + 3]}{around[k + 4]}" for k in (-1, 0, 1)]
        row += [f"k{k}={_kind(around[k + 3])}" for k in range(-2, 3)]
        word, place = words[i]
        before = words[starts[i] - 1][0] if starts[i] else "_"
        after = words[ends[i]][0] if ends[i] < len(text) else "_"
        row += [f"w={word}", f"p={place}", f"p-={words[i - 1][1] if i else '_'}", f"w-={before}"]
        row += [f"w+={after}", f"w-w={before}|{word}", f"ww+={word}|{after}", f"end={word[-1]}{place}"]
        rows.append(row)
    return rows


def _places(length: int) -> str:
    return "S" if length == 1 else "B" + "M" * (length - 2) + "E"


def _kind(character: str) -> str:
    if character.isdigit():
        return "digit" if character.isascii() else "number"
    if character.isalpha():
        return (
            "letter"
            if character.isascii()
            else "number"
            if character in "一二三四五六七八九十百千万亿两"
            else "han"
        )
    return character


def tags(block: LabelledBlock) -> list[str]:
    """BMES tags of a block's characters."""
    found = ["O"] * len(block.text)
    for span in block.entities:
        for i, place in enumerate(_places(span.end - span.start), span.start):
            found[i] = f"{place}-{span.label}"
    return found


def spans(tags: Sequence[str]) -> list[Entity]:
    """Entities of BMES tags; a part without its beginning or end is passed over."""
    found, start, open_label = [], 0, None
    for i, tag in enumerate(tags):
        place, _, label = tag.partition("-")
        if place in "BS":
            start, open_label = i, label
        if place in "ES" and label == open_label:
            found.append(Entity(start=start, end=i + 1, label=label))
        if place in "OES":
            open_label = None
    return found
