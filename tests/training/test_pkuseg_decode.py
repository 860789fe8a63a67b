"""The fast decoder cuts exactly as spacy_pkuseg does."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import pytest

from baogao.records import LabelledBlock, read_labelled
from baogao.training.charner_words import load_words, segmenter_files
from baogao.training.pkuseg_decode import fast_cut
from baogao.training.segmenter import train_segmenter


@pytest.fixture(scope="module")
def blocks(repo) -> list[LabelledBlock]:
    return read_labelled(repo / "annotations" / "practice" / "practice-s01.jsonl")


@pytest.fixture(scope="module")
def trained(blocks, tmp_path_factory) -> Path:
    return train_segmenter(blocks, tmp_path_factory.mktemp("words") / "segmenter", iterations=1)


@pytest.fixture(scope="module")
def pkuseg(trained):
    import spacy_pkuseg

    return spacy_pkuseg.pkuseg(str(trained), user_dict=None)


def test_every_text_is_cut_as_pkuseg_cuts_it(pkuseg, blocks, repo):
    cut = fast_cut(pkuseg)
    other = read_labelled(repo / "annotations" / "practice" / "practice-r01.jsonl")
    texts = ["".join(block.text.split()) for block in [*blocks, *other]]
    assert cut(texts) == [pkuseg.cut(text) for text in texts]


def test_white_space_is_a_word_and_texts_do_not_touch(pkuseg, blocks):
    cut = fast_cut(pkuseg)
    texts = [" 区政府\n\n 办理\u3000", "", "\t", blocks[0].text, "案件"]
    found = cut(texts)
    assert ["".join(words) for words in found] == texts
    assert found == [words for text in texts for words in cut([text])]
    assert found[0][0] == " " and "\n\n " in found[0]
    assert found[2] == ["\t"]


def test_what_a_model_saves_of_a_segmenter_cuts_the_same(pkuseg, trained, blocks, tmp_path):
    files = segmenter_files(trained)
    (tmp_path / "weights.npz").write_bytes(files["weights.npz"])
    (tmp_path / "features.msgpack").write_bytes(gzip.decompress(files["features.msgpack.gz"]))
    texts = [block.text for block in blocks]
    assert load_words("pkuseg", tmp_path)(texts) == fast_cut(pkuseg)(texts)
    assert sum(map(len, files.values())) < sum(f.stat().st_size for f in trained.iterdir()) * 2 / 3


def test_odd_characters_are_cut_as_pkuseg_cuts_them(pkuseg):
    cut = fast_cut(pkuseg)
    chance = random.Random(0)
    letters = "区政府12.5%ABa-_*:/|,。《》\U0001f600①Ⅳ" + "*" * 3
    for _ in range(300):
        text = "".join(chance.choices(letters, k=chance.randint(1, 12)))
        assert cut([text]) == [pkuseg.cut(text)], text
    assert cut(["", ""]) == [[], []]
