"""One token a character, so that an entity can begin and end anywhere."""

# No `from __future__ import annotations`: the config system reads the types of registered functions.
import re
from collections.abc import Callable

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import DummyTokenizer, get_words_and_spaces
from spacy.vocab import Vocab

_BLANK = re.compile(r"\s")


class CharacterTokenizer(DummyTokenizer):
    """The tokens of spaCy's ChineseTokenizer with its segmenter "char", in less time; nothing to save.

    >>> import spacy
    >>> [token.text for token in CharacterTokenizer(spacy.blank("zh").vocab)("区委办文12件")]
    ['区', '委', '办', '文', '1', '2', '件']
    """

    def __init__(self, vocab: Vocab) -> None:
        self.vocab = vocab

    def __call__(self, text: str) -> Doc:
        words, spaces = list(text), [False] * len(text)
        if _BLANK.search(text):  # a run of white space is one token, or part of the one before
            words, spaces = get_words_and_spaces(words, text)
        return Doc(self.vocab, words=words, spaces=spaces)


def make_tokenizer() -> Callable[[Language], CharacterTokenizer]:
    """The tokenizer `baogao.Characters.v1`."""
    return lambda nlp: CharacterTokenizer(nlp.vocab)
