"""Embeddings: learned from plain text, put under an entity model, refused when they do not fit."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
import spacy
from spacy.training import Example

from baogao.errors import InputError
from baogao.training.charner_wide import get_param
from baogao.training.embeddings import EncoderShape, read_texts, train_embeddings
from baogao.training.ner import character_doc

SHAPE = EncoderShape(width=16, depth=1, char_width=8, pair_width=6, dilations=(1,))
MODEL = {"@architectures": "baogao.CharTagger.v1", "width": 16, "depth": 1, "char_width": 8, "pair_width": 6,
         "dilations": [1]}  # fmt: skip
LINE = "各位代表:现在,我代表区人民政府向大会报告工作,请予审议。过去一年,全区完成生产总值,同比增长。"


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "plain.txt"
    path.write_text("\n".join(f"{LINE[:n]}又{LINE[n:]}" for n in range(len(LINE))), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def embeddings(text):
    output = text.with_name("embeddings.npz")
    learned = train_embeddings(
        [text], output, shape=SHAPE, epochs=40, batch=300, learn_rate=0.02, pair_min_count=2
    )
    return output, learned


def initialised(embeddings, model=MODEL):
    nlp = spacy.blank("zh")
    nlp.add_pipe("char_ner", name="ner", config={"model": model})
    gold = character_doc(nlp.vocab, "区人民政府办理垚件")
    gold.set_ents([gold.char_span(0, 5, label="INST")])
    nlp.config["initialize"]["components"]["ner"] = {"embeddings": str(embeddings)}
    nlp.initialize(lambda: [Example(nlp.make_doc(gold.text), gold)])
    return nlp.get_pipe("ner").model.layers[0]


def test_hidden_characters_are_guessed_far_better_than_by_chance(embeddings):
    _, learned = embeddings
    assert learned.accuracy > 0.5
    assert learned.loss < np.log(len(set(LINE)))


def test_the_same_text_and_seed_give_the_same_file(text, tmp_path):
    files = [tmp_path / name for name in ("a.npz", "b.npz", "c.npz")]
    for file, seed in zip(files, (0, 0, 1), strict=True):
        train_embeddings([text], file, shape=SHAPE, epochs=1, batch=500, seed=seed)
    first, second, third = (file.read_bytes() for file in files)
    assert first == second != third


def test_a_model_starts_from_what_the_text_taught(embeddings):
    path, _ = embeddings
    encoder = initialised(path)
    with np.load(path) as arrays:
        keys = arrays["vocabulary.chars"]
        own = encoder.attrs["vocabulary"]["chars"]
        assert set(keys) <= set(own)
        for char in "区府":
            ours = get_param(encoder, "chars")[1 + np.searchsorted(own, ord(char))]
            theirs = arrays["chars"][1 + np.searchsorted(keys, ord(char))]
            np.testing.assert_array_equal(ours, theirs.astype(np.float32))
        np.testing.assert_array_equal(get_param(encoder, "weight0"), arrays["weight0"].astype(np.float32))


def test_embeddings_of_another_shape_are_refused(embeddings):
    with pytest.raises(InputError, match="width 16, the model 24"):
        initialised(embeddings[0], {**MODEL, "width": 24})


def test_a_file_that_is_none_is_refused(tmp_path):
    bad = tmp_path / "bad.npz"
    bad.write_bytes(b"not an archive")
    with pytest.raises(InputError, match="not a file of embeddings"):
        initialised(bad)


def test_texts_are_read_from_lines_json_and_gzip_without_blanks_inside(tmp_path):
    plain, packed = tmp_path / "a.txt", tmp_path / "b.jsonl.gz"
    plain.write_text("各 位\u3000代表 好。\n\n短\n", encoding="utf-8")
    packed.write_bytes(gzip.compress((json.dumps({"text": "第一段文字。\n第二段文字。"}) + "\n").encode()))
    assert list(read_texts(plain)) == ["各位代表好。"]
    assert list(read_texts(packed)) == ["第一段文字。", "第二段文字。"]


def test_bad_text_files_are_named_with_their_line(tmp_path):
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"text": "好"}\n{"body": "坏"}\n', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        list(read_texts(bad))
    assert str(caught.value).startswith(f"{bad}:2: text: ")
    with pytest.raises(InputError, match="too few"):
        few = tmp_path / "few.txt"
        few.write_text("只有一行。\n", encoding="utf-8")
        train_embeddings([few], tmp_path / "out.npz")
    assert not (tmp_path / "out.npz").exists()
