"""The entity component: raw text in, exact characters out, and all of it saved."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from thinc.api import fix_random_seed

from baogao.errors import InputError
from baogao.training.charner_network import char_tagger
from baogao.training.features import featurise
from baogao.training.ner import character_doc

CONFIG = Path(__file__).parents[2] / "training" / "ner.cfg"
SMALL = {"@architectures": "baogao.CharTagger.v1", "width": 24, "depth": 2, "dilations": [1, 2]}
RULES = """
[[rule]]
name = "title"
label = "DOC"
pattern = '《[^《》]+》'
"""
BODIES = ["区政府", "市司法局", "县委", "镇法院"]


def sentences(count: int, seed: int = 0) -> list[tuple[str, list[tuple[int, int, str]]]]:
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        body, number = chance.choice(BODIES), f"{chance.randint(2, 99)}件"
        title = f"《{chance.choice('甲乙丙')}办法》"
        text = f"今年{body}办理案件{number},印发{title},群众满意。"
        parts = ((body, "INST"), (number, "METRIC"), (title, "DOC"))
        made.append((text, [(text.index(s), text.index(s) + len(s), label) for s, label in parts]))
    return made


def example(nlp: Language, text: str, spans: list[tuple[int, int, str]]) -> Example:
    gold = character_doc(nlp.vocab, text)
    gold.set_ents([gold.char_span(a, b, label=label) for a, b, label in spans])
    return Example(nlp.make_doc(text), gold)


def train(rules: Path | None = None, steps: int = 40, seed: int = 0, **model) -> Language:
    fix_random_seed(seed)
    nlp = spacy.blank("zh")
    ner = nlp.add_pipe("char_ner", name="ner", config={"model": {**SMALL, **model}})
    examples = [example(nlp, *one) for one in sentences(60)]
    nlp.config["initialize"]["components"]["ner"] = {"rules": None if rules is None else str(rules)}
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.02
    for step in range(steps):
        ner.update(examples[step % 2 :: 2], sgd=optimizer, drop=0.1, losses={})
    return nlp


@pytest.fixture(scope="module")
def rules(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("rules") / "rules.toml"
    path.write_text(RULES, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def nlp(rules) -> Language:
    return train(rules)


def found(doc: Doc) -> list[tuple[str, str]]:
    return [(doc.text[span.start_char : span.end_char], span.label_) for span in doc.ents]


def test_offsets_are_characters_of_the_raw_text_white_space_included(nlp):
    text = " 今年区政府办理案件 12件,  印发《乙办法》,\n群众满意。 "
    doc = nlp(text)
    assert doc.text == text
    assert found(doc) == [("区政府", "INST"), ("12件", "METRIC"), ("《乙办法》", "DOC")]


def test_full_width_text_gives_the_same_spans_as_half_width(nlp):
    half, full = "今年县委办理案件12件,印发《甲办法》。", "今年县委办理案件１２件，印发《甲办法》。"
    assert len(half) == len(full)
    spans = [[(e.start_char, e.end_char, e.label_) for e in nlp(text).ents] for text in (half, full)]
    assert spans[0] == spans[1] != []


def test_every_entity_has_a_probability_in_the_span_group(nlp):
    doc = nlp("今年市司法局办理案件7件,印发《丙办法》。")
    group = doc.spans["entities"]
    assert list(group) == list(doc.ents)
    assert len(group.attrs["scores"]) == len(doc.ents) == 3
    assert all(0.3 < score <= 1 for score in group.attrs["scores"])


def test_spans_less_probable_than_the_threshold_are_left_out(nlp):
    ner = nlp.get_pipe("ner")
    text = "今年市司法局办理案件7件,印发《丙办法》。"
    scores = nlp(text).spans["entities"].attrs["scores"]
    try:
        ner.threshold = sorted(scores)[1]
        kept = nlp(text)
    finally:
        ner.threshold = 0.5
    assert kept.spans["entities"].attrs["scores"] == [s for s in scores if s >= sorted(scores)[1]]
    assert len(kept.ents) == 2


def test_what_a_rule_finds_is_found_in_words_never_seen(nlp):
    """The title's characters are unknown; its marks and the rule on them are not."""
    assert ("《鑫淼垚》", "DOC") in found(nlp("今年县委办理案件3件,印发《鑫淼垚》。"))


@pytest.mark.parametrize("text", ["", " ", "\n\t ", "。", "今", "《", "\U0001f600区\u200b政府", "a\u0000b"])
def test_odd_texts_pass_through(nlp, text):
    doc = nlp(text)
    assert doc.text == text
    assert all(span.text.strip() == span.text for span in doc.ents)


def test_saved_and_loaded_it_says_the_same_and_needs_no_file_besides(nlp, tmp_path, rules):
    nlp.to_disk(tmp_path / "model")
    loaded = spacy.load(tmp_path / "model")
    again = spacy.blank("zh")
    again.add_pipe("char_ner", name="ner", config={"model": SMALL})
    again.from_bytes(loaded.to_bytes())
    for text, _ in sentences(10, seed=1):
        assert found(loaded(text)) == found(nlp(text))
        docs = loaded(text), again(text)
        first, second = (doc.spans["entities"] for doc in docs)
        assert [(s.start, s.end, s.label_) for s in first] == [(s.start, s.end, s.label_) for s in second]
        assert first.attrs["scores"] == second.attrs["scores"]
    assert not [p for p in (tmp_path / "model").rglob("*") if p.suffix in {".pkl", ".pickle"}]
    assert str(rules.parent) not in (tmp_path / "model" / "ner" / "cfg").read_text()


def test_a_batch_gives_what_each_text_gives_alone(nlp):
    texts = [text for text, _ in sentences(8, seed=2)] + ["", "短。"]
    for doc, text in zip(nlp.pipe(texts, batch_size=4), texts, strict=True):
        assert found(doc) == found(nlp(text))


def test_the_same_seed_gives_the_same_model(rules):
    first, second, other = (train(rules, steps=3, seed=seed).get_pipe("ner").to_bytes() for seed in (1, 1, 2))
    assert first == second != other


def test_tokens_that_cannot_express_a_span_hold_it_whole(nlp):
    text = "今年区政府办理案件12件,印发《乙办法》。"
    words = ["今年", "区政", "府办理", "案件", "12", "件", ",", "印发", "《乙办法》", "。"]
    doc = nlp.get_pipe("ner")(Doc(nlp.vocab, words=words, spaces=[False] * 10))
    assert found(doc) == [("区政府办理", "INST"), ("12件", "METRIC"), ("《乙办法》", "DOC")]
    assert doc.text == text


def test_no_entities_to_learn_from_is_an_error():
    nlp = spacy.blank("zh")
    nlp.add_pipe("char_ner", config={"model": SMALL})
    with pytest.raises(InputError, match="no entities"):
        nlp.initialize(lambda: [example(nlp, "今年没有。", [])])


@pytest.mark.parametrize("wide", [True, False])
def test_gradients_are_those_of_small_steps(wide):
    fix_random_seed(0)
    texts = ["区政府办理3件", "县委印发", "a"]
    words = [["区", "政府", "办理", "3", "件"], ["县委", "印发"], ["a"]]
    features = [featurise(text, w) for text, w in zip(texts, words, strict=True)]
    model = char_tagger(width=6, depth=2, char_width=4, pair_width=3, word_width=2, dilations=[1, 2],
                        unseen=0.0, word_dropout=0.0, min_count=1, wide=wide, wide_min_count=1)  # fmt: skip
    model.set_dim("nO", 5)
    model.initialize(X=features)
    for layer in model.layers[2:]:
        layer.attrs["hidden"] = 0.0
        layer.set_param("weight", np.random.standard_normal(layer.get_param("weight").shape).astype("f") / 9)
    aim = np.random.standard_normal((sum(f.length for f in features), 5)).astype("f")
    scores, backprop = model.begin_update(features)
    assert scores.shape == aim.shape
    backprop(aim)
    for layer in model.layers:
        for name in layer.param_names:
            value, grad = layer.get_param(name), layer.get_grad(name)
            for place in np.random.default_rng(0).integers(0, value.size, 5):
                at = np.unravel_index(place, value.shape)
                if name in {"chars", "pairs", "words", "edges", "rules", "kinds"} and not grad[at]:
                    continue
                step, was = 2e-3, value[at]
                sums = []
                for sign in (1, -1):
                    value[at] = was + sign * step
                    sums.append(float((model.predict(features) * aim).sum()))
                value[at] = was
                slope = (sums[0] - sums[1]) / (2 * step)
                assert grad[at] == pytest.approx(slope, rel=0.05, abs=0.1), (layer.name, name, at)


@pytest.mark.slow
def test_spacy_train_trains_the_config_and_spacy_load_loads_it(tmp_path):
    nlp = spacy.blank("zh")
    for name, seed in (("train", 0), ("dev", 1)):
        docs = [example(nlp, *one).reference for one in sentences(40, seed)]
        DocBin(docs=docs).to_disk(tmp_path / f"{name}.spacy")
    settings = {
        "paths.train": tmp_path / "train.spacy", "paths.dev": tmp_path / "dev.spacy",
        "paths.segmenter": "jieba", "paths.rules": CONFIG.parents[1] / "annotations" / "rules.toml",
        "components.ner.model.width": 24, "paths.embeddings": "null", "training.batcher.size": 1000,
        "training.max_steps": 30, "training.eval_frequency": 15,
    }  # fmt: skip
    command = [sys.executable, "-m", "spacy", "train", CONFIG, "--output", tmp_path / "out"]
    for name, value in settings.items():
        command += [f"--{name}", value]
    subprocess.run(list(map(str, command)), check=True, cwd=tmp_path, capture_output=True, timeout=200)
    loaded = spacy.load(tmp_path / "out" / "model-best")
    assert ("区政府", "INST") in found(loaded("今年区政府办理案件12件,印发《乙办法》。"))
