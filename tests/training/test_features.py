"""Features of many texts at once are those of each alone."""

from __future__ import annotations

import random
from dataclasses import astuple

import numpy as np
import pytest

from baogao.records import Entity
from baogao.training.features import CharFeatures, featurise, featurise_all, find_sorted, fold

RULES = ["title", "count"]


def same(one: CharFeatures, other: CharFeatures) -> bool:
    pairs = zip(astuple(one), astuple(other), strict=True)
    return all(np.array_equal(a, b) and getattr(a, "dtype", 0) == getattr(b, "dtype", 0) for a, b in pairs)


def cut(text: str, chance: random.Random) -> list[str]:
    edges = sorted({0, len(text), *(chance.randint(0, len(text)) for _ in range(len(text) // 2))})
    return [text[a:b] for a, b in zip(edges, edges[1:], strict=False)]


@pytest.mark.parametrize("with_words", [True, False])
def test_a_batch_has_the_features_of_each_text_alone(with_words: bool):
    chance = random.Random(0)
    texts = [
        "".join(chance.choices("区政府１2aＢİΣ《》, \n\0\U0001f600", k=chance.randint(0, 9)))
        for _ in range(60)
    ]
    words = [cut(text, chance) for text in texts] if with_words else None
    matches = [
        [Entity(start=0, end=n, label="X", source="count")] if (n := len(t) // 2) else [] for t in texts
    ]
    found = featurise_all(texts, words, matches, RULES)
    for i, text in enumerate(texts):
        assert same(found[i], featurise(text, words[i] if words else None, matches[i], RULES)), text
        assert found[i].combinations.shape == (len(text), found[0].combinations.shape[1])


def test_edges_and_rules_say_where_words_and_matches_begin_and_end():
    match = [
        Entity(start=1, end=4, label="X", source="count"),
        Entity(start=4, end=5, label="X", source="title"),
    ]
    found = featurise("印发3件书", ["印发", "3", "件书"], match, RULES)
    assert found.edges.tolist() == [1, 3, 4, 1, 3]
    assert found.rules.tolist() == [0, 5, 6, 7, 4]


def test_words_that_do_not_concatenate_to_the_text_are_refused():
    with pytest.raises(ValueError, match="words of 2 characters for a text of 3"):
        featurise("区政府", ["区", "政"])


@pytest.mark.parametrize("text", ["İx", "ΑΣ", "ＡＢ１２", "①Ⅳ", "\ud800"])
def test_folding_keeps_every_character_in_its_place(text: str):
    assert len(fold(text)) == len(text)


def test_values_are_found_among_sorted_keys():
    assert find_sorted(np.array([2, 5, 9]), np.array([9, 1, 5, 10])).tolist() == [3, 0, 2, 0]
    assert find_sorted(np.array([], dtype=int), np.array([1])).tolist() == [0]
