"""Augmenters: a text changes, its spans still say what they are."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import DocBin
from spacy.training import Example

from baogao.corpus.restore import MARK
from baogao.training.augment import apply_edits, read_mentions, variants
from baogao.training.features import fold
from baogao.training.ner import character_doc

TEXT = "区委、区政府印发《通知》,市司法局、市公安局办理12件。"
SPANS = dict.fromkeys(("区委", "区政府", "市司法局", "市公安局"), "INST") | {
    "《通知》": "DOC",
    "12件": "METRIC",
}
SPANS = {text: SPANS[text] for text in sorted(SPANS, key=TEXT.index)}
NAMES = {"bodies": ["INST"], "quantities": ["METRIC"], "levels": "省市区县"}


@pytest.fixture
def nlp():
    return spacy.blank("zh")


@pytest.fixture
def example(nlp):
    return make(nlp, TEXT, [(TEXT.index(s), TEXT.index(s) + len(s), label) for s, label in SPANS.items()])


def make(nlp, text, spans):
    doc = character_doc(nlp.vocab, text)
    doc.set_ents([doc.char_span(a, b, label=label) for a, b, label in spans])
    return Example(nlp.make_doc(text), doc)


def variant(nlp, example, **options):
    none = {
        "rate": 1.0,
        "swap": 0.0,
        "numbers": 0.0,
        "width": 0.0,
        "join": 0.0,
        "drop_level": 0.0,
        "scramble": 0.0,
    }
    first, *more = variants(**NAMES, **{**none, **options})(nlp, example)
    assert first is example
    assert len(more) <= 1
    return [(more[0].text, [(e.text, e.label_) for e in more[0].reference.ents])] if more else []


def test_bodies_side_by_side_are_joined_and_stay_two(nlp, example):
    [(text, spans)] = variant(nlp, example, join=1.0)
    assert text == "区委区政府印发《通知》,市司法局市公安局办理12件。"
    assert spans == list(SPANS.items())


def test_a_scrambled_copy_loses_characters_and_keeps_its_spans(nlp):
    text = TEXT * 20
    example = make(nlp, text, [(text.index("区政府"), text.index("区政府") + 3, "INST")])
    [(copy, _)] = variant(nlp, example, scramble=1.0)
    lost = [i for i, c in enumerate(copy) if c == MARK]
    assert 1 <= len(lost) <= len(text) / 10
    assert all(a == b for i, (a, b) in enumerate(zip(copy, text, strict=True)) if i not in lost)


def test_a_later_body_of_a_list_loses_its_level(nlp, example):
    [(text, spans)] = variant(nlp, example, drop_level=1.0)
    assert text == "区委、区政府印发《通知》,市司法局、公安局办理12件。"
    assert ("公安局", "INST") in spans
    assert ("区政府", "INST") in spans


def test_numbers_change_and_their_units_stay(nlp, example):
    [(text, spans)] = variant(nlp, example, numbers=1.0)
    [number] = [s for s, label in spans if label == "METRIC"]
    assert number.endswith("件")
    assert len(number) == 3
    assert text.replace(number, "12件") == TEXT


def test_punctuation_becomes_full_width_and_reads_the_same(nlp, example):
    [(text, spans)] = variant(nlp, example, width=1.0)
    assert text != TEXT
    assert fold(text) == fold(TEXT)
    assert spans == list(SPANS.items())


def test_mentions_are_swapped_for_others_of_their_label_in_the_corpus(nlp, example, tmp_path: Path):
    other = make(nlp, "县检察院看《公告》。", [(0, 4, "INST"), (5, 9, "DOC")])
    DocBin(docs=[other.reference]).to_disk(tmp_path / "train.spacy")
    assert read_mentions(tmp_path / "train.spacy") == {"INST": ["县检察院"], "DOC": ["《公告》"]}
    [(text, spans)] = variant(nlp, example, swap=1.0, path=tmp_path / "train.spacy")
    assert text == "县检察院、县检察院印发《公告》,县检察院、县检察院办理12件。"
    assert spans == [("县检察院", "INST")] * 2 + [("《公告》", "DOC")] + [("县检察院", "INST")] * 2 + [
        ("12件", "METRIC")
    ]


def test_without_a_rate_or_without_spans_nothing_is_added(nlp, example):
    assert variant(nlp, example, rate=0.0, join=1.0) == []
    assert variant(nlp, make(nlp, "今年没有。", []), width=1.0) == []


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_edits_anywhere_keep_every_span_on_its_words(seed):
    """Each span is written in letters of its own, so that what it covers afterwards can be checked."""
    rng = random.Random(seed)
    text, spans, edits = "", [], []
    for index in range(rng.randint(1, 5)):
        gap = "-" * rng.randint(0, 3)
        if gap and rng.random() < 0.5:
            edits.append((len(text), len(text) + rng.randint(1, len(gap)), "=" * rng.randint(0, 3)))
        text += gap
        word = chr(ord("a") + index) * rng.randint(1, 4)
        spans.append((len(text), len(text) + len(word), str(index)))
        if rng.random() < 0.5:
            edits.append((len(text), len(text) + len(word), word[0].upper() * rng.randint(1, 5)))
        text += word
    changed, moved = apply_edits(text, spans, edits)
    for start, end, label in moved:
        assert set(changed[start:end].lower()) == {chr(ord("a") + int(label))}
    assert sum(c.isalpha() for c in changed) == sum(end - start for start, end, _ in moved)
