"""The fast decoder cuts exactly as spacy_pkuseg does."""

from __future__ import annotations

import random

import pytest

from baogao.records import LabelledBlock, read_labelled
from baogao.training.pkuseg_decode import fast_cut
from baogao.training.segmenter import train_segmenter


@pytest.fixture(scope="module")
def blocks(repo) -> list[LabelledBlock]:
    return read_labelled(repo / "annotations" / "practice" / "practice-s01.jsonl")


@pytest.fixture(scope="module")
def pkuseg(blocks, tmp_path_factory):
    import spacy_pkuseg

    folder = train_segmenter(blocks, tmp_path_factory.mktemp("words") / "segmenter", iterations=1)
    return spacy_pkuseg.pkuseg(str(folder), user_dict=None)


def test_every_text_is_cut_as_pkuseg_cuts_it(pkuseg, blocks, repo):
    cut = fast_cut(pkuseg)
    other = read_labelled(repo / "annotations" / "practice" / "practice-r01.jsonl")
    texts = ["".join(block.text.split()) for block in [*blocks, *other]]
    assert cut(texts) == [pkuseg.cut(text) for text in texts]


def test_odd_characters_are_cut_as_pkuseg_cuts_them(pkuseg):
    cut = fast_cut(pkuseg)
    chance = random.Random(0)
    letters = "区政府12.5%ABa-_*:/|,。《》\U0001f600①Ⅳ" + "*" * 3
    for _ in range(300):
        text = "".join(chance.choices(letters, k=chance.randint(1, 12)))
        assert cut([text]) == [pkuseg.cut(text)], text
    assert cut(["", ""]) == [[], []]
