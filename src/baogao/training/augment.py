"""Training texts in other words: spaCy augmenters that change a text and keep its spans exact.

`baogao.variants.v1` yields each example and, at a rate, one variant of it besides. Mentions come from the
training corpus alone, so nothing of a held-out report gets in.
"""

# No `from __future__ import annotations`: the config system reads the types of registered functions.
import random
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.vocab import Vocab

from baogao.corpus.restore import MARK

Span = tuple[int, int, str]
Edit = tuple[int, int, str]  # characters [start, end) of the text become these
Mentions = dict[str, list[str]]

_WIDE = {ord(c): ord(c) + 0xFEE0 for c in ",;:!?()%"}
_DIGIT = re.compile(r"[0-9]")
_LOST = 0.02  # share of characters that a scrambled copy loses


def variants(
    path: Path | None = None,
    *,
    rate: float = 0.3,
    swap: float = 0.5,
    numbers: float = 0.5,
    width: float = 0.15,
    join: float = 0.3,
    drop_level: float = 0.1,
    scramble: float = 0.1,
    bodies: Sequence[str] = (),
    quantities: Sequence[str] = (),
    levels: str = "",
    seed: int = 0,
) -> Callable[[Language, Example], Iterator[Example]]:
    """An augmenter. `path` is the training corpus (.spacy) that mentions are taken from.

    `rate` is the chance that an example gets a variant. In a variant, with these chances: `swap`, a mention
    becomes another of its label; `numbers`, the digits of a mention with a label of `quantities` change;
    `width`, the punctuation of the text becomes full-width; `join`, the 、 between two mentions with labels
    of `bodies` goes (区委、区政府 → 区委区政府); `drop_level`, such a mention loses a first character that is
    one of `levels` (区司法局 → 司法局), where another follows it in a list.
    """
    chance = random.Random(seed)
    mentions: Mentions = {}

    def augment(nlp: Language, example: Example) -> Iterator[Example]:
        yield example
        gold = example.reference
        if chance.random() >= rate or not gold.ents:
            return
        if path is not None and not mentions:
            mentions.update(read_mentions(path))
        spans = [(span.start_char, span.end_char, span.label_) for span in gold.ents]
        edits = _joins(gold.text, spans, bodies, join, chance)
        edits += _dropped_levels(gold.text, spans, bodies, levels, drop_level, chance)
        edited = {edit[0] for edit in edits}
        for start, end, label in spans:
            if start in edited:
                continue
            if label in quantities:
                if chance.random() < numbers:
                    edits.append((start, end, _other_digits(gold.text[start:end], chance)))
            elif mentions.get(label) and chance.random() < swap:
                edits.append((start, end, chance.choice(mentions[label])))
        text, spans = apply_edits(gold.text, spans, edits)
        if chance.random() < width:
            text = text.translate(_WIDE)
        if chance.random() < scramble:
            text = "".join(MARK if chance.random() < _LOST else c for c in text)
        if text != gold.text:
            yield _example(nlp, text, spans)

    return augment


def read_mentions(path: Path) -> Mentions:
    """The different texts of each label's spans in a .spacy corpus, in order of appearance."""
    found: dict[str, dict[str, None]] = {}
    for doc in DocBin().from_disk(path).get_docs(Vocab()):
        for span in doc.ents:
            found.setdefault(span.label_, {})[span.text] = None
    return {label: list(texts) for label, texts in found.items()}


def apply_edits(text: str, spans: Sequence[Span], edits: Sequence[Edit]) -> tuple[str, list[Span]]:
    """`text` after `edits` that do not overlap, and `spans` where they then are. An edit replaces one
    character or more, within one span (which grows or shrinks with it) or outside all."""
    pieces, place, shift = [], 0, 0
    starts = {start: start for start, _, _ in spans}
    ends = {end: end for _, end, _ in spans}
    for start, end, new in sorted(edits):
        pieces += [text[place:start], new]
        place = end
        shift += len(new) - (end - start)
        for key in starts:
            if key >= end and key > start:
                starts[key] = key + shift
        for key in ends:
            if key >= end:
                ends[key] = key + shift
    pieces.append(text[place:])
    return "".join(pieces), [(starts[start], ends[end], label) for start, end, label in spans]


def _joins(
    text: str, spans: Sequence[Span], bodies: Sequence[str], chance: float, rng: random.Random
) -> list[Edit]:
    """Without the 、 between two bodies that stand side by side."""
    return [
        (left[1], right[0], "")
        for left, right in zip(spans, spans[1:], strict=False)
        if left[2] in bodies
        and right[2] in bodies
        and text[left[1] : right[0]] == "、"
        and rng.random() < chance
    ]


def _dropped_levels(
    text: str, spans: Sequence[Span], bodies: Sequence[str], levels: str, chance: float, rng: random.Random
) -> list[Edit]:
    """Later names of a list without their level, as in 市司法局、公安局. Short ones keep it: 区委 is a body,
    委 is not."""
    return [
        (right[0], right[0] + 1, "")
        for left, right in zip(spans, spans[1:], strict=False)
        if left[2] in bodies
        and right[2] in bodies
        and text[left[1] : right[0]] == "、"
        and text[right[0]] in levels
        and text[left[0]] == text[right[0]]
        and right[1] - right[0] >= 4
        and rng.random() < chance
    ]


def _other_digits(text: str, rng: random.Random) -> str:
    """The same mention with other digits; a first digit does not become 0."""
    return _DIGIT.sub(lambda m: str(rng.randint(1 if m.start() == 0 else 0, 9)), text)


def _example(nlp: Language, text: str, spans: Sequence[Span]) -> Example:
    from baogao.training.ner import character_doc

    gold: Doc = character_doc(nlp.vocab, text)
    found = [gold.char_span(start, end, label=label) for start, end, label in spans]
    gold.set_ents([span for span in found if span is not None])
    return Example(nlp.make_doc(text), gold)
