"""The character tokenizer makes spaCy's tokens."""

from __future__ import annotations

import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

from baogao.training.characters import CharacterTokenizer

SPACY = spacy.blank("zh", config={"nlp": {"tokenizer": {"segmenter": "char"}}})
OURS = CharacterTokenizer(SPACY.vocab)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(), st.text(alphabet="区委 12件\n\t　\u2028\x1c\x85。")))
def test_tokens_are_those_of_spacys_character_segmenter(text: str) -> None:
    ours, theirs = OURS(text), SPACY.make_doc(text)
    assert ours.text == text == theirs.text
    assert [(t.text, t.whitespace_) for t in ours] == [(t.text, t.whitespace_) for t in theirs]


def test_loaded_by_name_from_a_config() -> None:
    nlp = spacy.blank("zh", config={"nlp": {"tokenizer": {"@tokenizers": "baogao.Characters.v1"}}})
    assert [token.text for token in nlp("区委12件")] == ["区", "委", "1", "2", "件"]
