"""The spaCy component `char_ner`: entities of raw text by a CRF over characters.

It reads the text of a doc, not its tokens, so any tokenizer will do whose tokens can express the spans; one
token a character always can. Everything it needs (vocabulary, rules, segmenter) is saved with it.
"""

# No `from __future__ import annotations`: the config system reads the types of registered functions.
import gzip
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import srsly
from spacy import util
from spacy.attrs import ORTH, SPACY
from spacy.errors import Errors
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc
from spacy.training import Example, validate_examples
from spacy.vocab import Vocab
from thinc.api import Model, Optimizer, set_dropout_rate

from baogao.annotations.rules import Rules
from baogao.errors import InputError
from baogao.files import read_bytes
from baogao.training.charner_wide import add_grad, get_param, pack_model, unpack_model
from baogao.training.charner_words import SEGMENTER_FILES, load_words, segmenter_files
from baogao.training.crf import ScoredSpan, Span, Tags, forward_backward, path_score
from baogao.training.features import CharFeatures, featurise_all

_CACHED = 20_000  # texts whose features training keeps between epochs
_ASSETS = {"rules.toml", *(f"segmenter/{name}{end}" for name in SEGMENTER_FILES for end in ("", ".gz"))}
_BATCH = 16_000  # characters that prediction takes through the network at once

Found = list[ScoredSpan]


class CharNER(TrainablePipe):
    """Entities of each doc in `doc.ents` and in `doc.spans[spans_key]`, whose attrs["scores"] holds a
    probability (0 to 1) for each: the CRF's marginal of just that span with that label.

    The entities are all spans that are at least `threshold` probable, the more probable one where two
    overlap; the best path would leave out what is likelier than its rivals and less likely than nothing at
    all. The threshold for the best F1 is half the F1 that a model reaches (Lipton, Elkan and Naryanaswamy,
    ECML 2014): `baogao training ner` sets it so from dev where it is None, which else counts as 0.5.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: Model[list[CharFeatures], Any],
        name: str = "char_ner",
        *,
        spans_key: str = "entities",
        threshold: float | None = None,
        scorer: Callable | None = None,
    ) -> None:
        self.vocab = vocab
        self.model = model
        self.name = name
        self.scorer = scorer
        self.cfg: dict[str, Any] = {"labels": [], "rules": [], "words": None}
        self.spans_key, self.threshold = spans_key, 0.5 if threshold is None else threshold
        self._assets: dict[str, bytes] = {}  # rules.toml, and the files of a pkuseg model
        self._rules: Rules | None = None
        self._words: Callable[[Sequence[str]], list[list[str]]] | None = None
        self._tags = Tags([])
        self._features: dict[str, CharFeatures] = {}
        self._strings = _Strings(vocab)

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(self.cfg["labels"])

    @property
    def label_data(self) -> list[str]:
        return list(self.cfg["labels"])

    @property
    def is_resizable(self) -> bool:
        return False

    def add_label(self, label: str) -> int:
        """Add a label before training begins; 1 if it is new, else 0."""
        if label in self.cfg["labels"]:
            return 0
        if self.model.has_dim("nO"):
            raise ValueError(Errors.E922.format(name=self.name, nO=self.model.get_dim("nO")))
        self.cfg["labels"].append(label)
        self._tags = Tags(self.cfg["labels"])
        self.vocab.strings.add(label)
        return 1

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: Sequence[str] | None = None,
        segmenter: str | None = None,
        rules: str | None = None,
        embeddings: str | None = None,
    ) -> None:
        """Learn vocabulary and labels from the examples.

        `segmenter` is a folder or name for `baogao.training.segmenter.load_segmenter`, "jieba", or None for
        no words; `rules` a rules.toml; `embeddings` a file that `baogao training embeddings` wrote.
        """
        examples = list(get_examples())  # once: reading a corpus takes seconds
        validate_examples(examples, "CharNER.initialize")
        texts = [text for example in examples if (text := self._text(example.reference))]
        if labels is None:
            labels = sorted({span.label_ for example in examples for span in example.reference.ents})
        if not labels:
            raise InputError("no entities to learn from", todo="label some first")
        for label in labels:
            self.add_label(label)
        self._set_assets(segmenter, rules)
        self.model.set_dim("nO", len(self._tags))
        sample = [f for at in range(0, len(texts), 100) for f in self._featurise(texts[at : at + 100])]
        self.model.initialize(X=sample)
        if embeddings is not None:
            from baogao.training.embeddings import load_embeddings

            load_embeddings(self.model.layers[0], Path(embeddings))

    def _set_assets(self, segmenter: str | None, rules: str | None) -> None:
        if rules is not None:
            self._assets["rules.toml"] = read_bytes(rules)
        if segmenter is not None:
            self.cfg["words"] = "jieba" if segmenter == "jieba" else "pkuseg"
            if segmenter != "jieba":
                for name, data in segmenter_files(segmenter).items():
                    self._assets[f"segmenter/{name}"] = data
        self._load_assets()

    def _load_assets(self) -> None:
        """Rules and segmenter from the bytes that are saved with the model."""
        self._tags = Tags(self.cfg["labels"])
        self._features.clear()
        with tempfile.TemporaryDirectory(prefix="baogao-assets-") as name:
            for path, data in self._assets.items():
                if path not in _ASSETS:
                    raise ValueError(f"{path!r} is no part of a char_ner model")
                file = Path(name) / path.removesuffix(".gz")
                file.parent.mkdir(exist_ok=True)
                file.write_bytes(gzip.decompress(data) if path.endswith(".gz") else data)
            self._rules = None
            if "rules.toml" in self._assets:
                self._rules = Rules.load(Path(name) / "rules.toml")
                self.cfg["rules"] = [rule.name for rule, _ in self._rules.rules]
            self._words = load_words(self.cfg["words"], Path(name) / "segmenter")

    def _featurise(self, texts: Sequence[str]) -> list[CharFeatures]:
        return featurise_all(
            texts,
            None if self._words is None else self._words(texts),
            None if self._rules is None else [self._rules.suggest(text) for text in texts],
            self.cfg["rules"],
        )

    def _text(self, doc: Doc) -> str:
        """`doc.text`, which makes an object a token, without them."""
        return "".join(
            [self._strings[orth] + " " if space else self._strings[orth]
             for orth, space in doc.to_array([ORTH, SPACY]).tolist()]
        )  # fmt: skip

    def _remembered(self, texts: Sequence[str]) -> list[CharFeatures]:
        """Features of training texts, kept for the next epoch."""
        if len(self._features) >= _CACHED:
            self._features.clear()
        new = [text for text in dict.fromkeys(texts) if text not in self._features]
        self._features.update(zip(new, self._featurise(new), strict=True))
        return [self._features[text] for text in texts]

    def predict(self, docs: Iterable[Doc]) -> list[Found]:
        """Entities of each doc as (start, end, label, probability) in characters of its text."""
        texts = [self._text(doc) for doc in docs]
        found: list[Found] = [[] for _ in texts]
        for batch in _by_length(texts):
            features = self._featurise([texts[i] for i in batch])
            scores: Any = self.model.predict(features)
            transitions = get_param(self.model, "transitions")
            lattice = forward_backward(scores, [f.length for f in features], transitions, self._tags)
            for i, spans in zip(batch, lattice.probable_spans(self.threshold), strict=True):
                for start, end, label, probability in spans:
                    start, end = _trim(texts[i], start, end)
                    if start < end:
                        found[i].append((start, end, label, probability))
        return found

    def span_probabilities(self, texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> list[list[float]]:
        """How probable each of `spans` (in characters of the text of the same place) is, 0 to 1, whether
        predicted or not; 0 for a label that the model does not have."""
        found = [[0.0] * len(row) for row in spans]
        for batch in _by_length(texts):
            features = self._featurise([texts[i] for i in batch])
            scores: Any = self.model.predict(features)
            transitions = get_param(self.model, "transitions")
            lattice = forward_backward(scores, [f.length for f in features], transitions, self._tags)
            for row, i in enumerate(batch):
                for place, span in enumerate(spans[i]):
                    if span[2] in self.labels:
                        found[i][place] = lattice.span_probability(row, span)
        return found

    def set_annotations(self, docs: Iterable[Doc], found: list[Found]) -> None:
        """Write doc.ents and the span group. A span whose edges are inside tokens grows to theirs."""
        for doc, entities in zip(docs, found, strict=True):
            spans, scores, end = [], [], 0
            for start, stop, label, score in entities:
                span = doc.char_span(start, stop, label=label, alignment_mode="expand")
                if span is not None and span.start >= end:
                    spans.append(span)
                    scores.append(round(score, 6))
                    end = span.end
            doc.set_ents(spans)
            doc.spans[self.spans_key] = list(doc.ents)
            doc.spans[self.spans_key].attrs["scores"] = scores

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """One step on the negative log-likelihood of the gold spans, a text."""
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, "CharNER.update")
        pairs = [(text, _gold(e, self.labels)) for e in examples if (text := self._text(e.reference))]
        if not pairs:
            return losses
        features = self._remembered([text for text, _ in pairs])
        lengths = [f.length for f in features]
        gold = np.concatenate(
            [self._tags.encode(f.length, spans) for f, (_, spans) in zip(features, pairs, strict=True)]
        )
        set_dropout_rate(self.model, drop)
        scores, backprop = self.model.begin_update(features)
        transitions = get_param(self.model, "transitions")
        lattice = forward_backward(scores, lengths, transitions, self._tags)
        score, counts = path_score(scores, gold, lengths, transitions)
        d_scores = lattice.marginals
        d_scores[np.arange(len(gold)), gold] -= 1.0
        backprop(d_scores / len(pairs))
        d_transitions = np.where(self._tags.allowed, lattice.expected_transitions - counts, 0.0)
        add_grad(self.model, "transitions", (d_transitions / len(pairs)).astype(np.float32))
        if sgd is not None:
            self.finish_update(sgd)
        losses[self.name] += (float(lattice.log_z.sum()) - score) / len(pairs)
        return losses

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        return util.to_bytes(
            {
                "cfg": lambda: srsly.json_dumps(self.cfg),
                "assets": lambda: srsly.msgpack_dumps(self._assets),
                "model": lambda: pack_model(self.model),
            },
            [*exclude, "vocab"],
        )

    def from_bytes(self, data: bytes, *, exclude: Iterable[str] = ()) -> Self:
        util.from_bytes(
            data,
            {
                "cfg": lambda b: self.cfg.update(srsly.json_loads(b)),
                "assets": lambda b: self._assets.update(srsly.msgpack_loads(b)),
                "model": self._model_from_bytes,
            },
            [*exclude, "vocab"],
        )
        self._load_assets()
        return self

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        path = Path(path)
        path.mkdir(parents=True, exist_ok=True)
        srsly.write_json(path / "cfg", self.cfg)
        (path / "model").write_bytes(pack_model(self.model))
        for name, data in self._assets.items():
            (path / name).parent.mkdir(exist_ok=True)
            (path / name).write_bytes(data)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> Self:
        path = Path(path)
        self.cfg.update(srsly.read_json(path / "cfg"))
        self._assets = {
            str(file.relative_to(path)): file.read_bytes()
            for file in (path / name for name in sorted(_ASSETS))
            if file.is_file()
        }
        self._model_from_bytes((path / "model").read_bytes())
        self._load_assets()
        return self

    def _model_from_bytes(self, data: bytes) -> None:
        try:
            self.model.from_bytes(unpack_model(data))
        except AttributeError:
            raise ValueError(Errors.E149) from None


class _Strings(dict[int, str]):
    """The text of each token by its number in a vocabulary."""

    def __init__(self, vocab: Vocab) -> None:
        super().__init__()
        self._vocab = vocab

    def __missing__(self, orth: int) -> str:
        self[orth] = text = self._vocab.strings[orth]
        return text


def _gold(example: Example, labels: Sequence[str]) -> list[Span]:
    """Gold spans in characters of the text, of the labels that the model has."""
    return [
        (span.start_char, span.end_char, span.label_)
        for span in example.reference.ents
        if span.label_ in labels
    ]


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    """The edges of a span without the white space at them."""
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end


def _by_length(texts: Sequence[str]) -> Iterator[list[int]]:
    """Places of the texts that are not empty, in batches of texts of like length."""
    batch: list[int] = []
    size = 0
    for place in sorted((i for i, text in enumerate(texts) if text), key=lambda i: len(texts[i])):
        if batch and size + len(texts[place]) > _BATCH:
            yield batch
            batch, size = [], 0
        batch.append(place)
        size += len(texts[place])
    if batch:
        yield batch


@Language.factory(
    "char_ner",
    assigns=["doc.ents", "token.ent_iob", "token.ent_type", "doc.spans"],
    default_config={
        "model": {"@architectures": "baogao.CharTagger.v1"},
        "spans_key": "entities",
        "threshold": None,
        "scorer": {"@scorers": "spacy.ner_scorer.v1"},
    },
    default_score_weights={"ents_f": 1.0, "ents_p": 0.0, "ents_r": 0.0, "ents_per_type": None},
)
def make_char_ner(
    nlp: Language, name: str, model: Model, spans_key: str, threshold: float | None, scorer: Callable | None
) -> CharNER:
    """The factory `char_ner`."""
    return CharNER(nlp.vocab, model, name, spans_key=spans_key, threshold=threshold, scorer=scorer)
