from pathlib import Path

import pytest
import spacy

from baogao.errors import InputError
from baogao.records import Entity, LabelledBlock
from baogao.training.segmenter import (
    inexpressible,
    load_segmenter,
    make_segmenter,
    sees,
    silver_words,
    train_segmenter,
)


@pytest.fixture(scope="module")
def trained(repo, tmp_path_factory):
    from baogao.records import read_labelled

    blocks = read_labelled(repo / "annotations/practice/practice-s01.jsonl")
    return train_segmenter(blocks[:20], tmp_path_factory.mktemp("segmenter") / "model", iterations=1)


def test_silver_words_have_an_edge_at_every_entity_edge():
    text = "区委区政府印发通知"
    words = silver_words(text, [Entity(start=0, end=2, label="A"), Entity(start=2, end=5, label="A")])
    assert "".join(words) == text
    assert words[:2] == ["区委", "区政府"]


@pytest.mark.parametrize("text", ["", " ", "区 委\n 印发　通知 ", "a𠮷b 区委", "全年受理 12 件"])
def test_words_concatenate_to_the_text(trained, text):
    assert "".join(load_segmenter(trained)(text)) == text


def test_training_twice_gives_the_same_bytes(repo, tmp_path: Path):
    from baogao.records import read_labelled

    blocks = read_labelled(repo / "annotations/practice/practice-s02.jsonl")[:4]
    one, two = (train_segmenter(blocks, tmp_path / name, iterations=1) for name in "ab")
    for file in ("features.msgpack", "weights.npz"):
        assert (one / file).read_bytes() == (two / file).read_bytes()
    assert sorted(p.name for p in one.iterdir()) == ["features.msgpack", "weights.npz"]


def test_entities_inside_words_are_named():
    block = LabelledBlock(
        id="r:0", report="r", index=0, kind="paragraph", text="各区委会",
        entities=[Entity(start=1, end=3, label="A"), Entity(start=3, end=4, label="A")],
    )  # fmt: skip
    assert inexpressible([block], lambda text: ["各", "区委会"]) == [
        ("r:0", block.entities[0]),
        ("r:0", block.entities[1]),
    ]


def test_a_folder_without_a_model_is_refused_and_nothing_is_unpickled(tmp_path: Path):
    (tmp_path / "features.pkl").write_bytes(b"cos\nsystem\n(S'touch hacked'\ntR.")
    with pytest.raises(InputError, match=r"no features\.msgpack in it"):
        load_segmenter(tmp_path)


def test_the_workspace_may_name_a_model_of_its_own(make_workspace, trained):
    workspace = make_workspace()
    (workspace.training / "segmenter.toml").write_text(f'model = "{trained}"\n')
    assert make_segmenter(workspace) == trained
    assert not (workspace.models / "segmenter").exists()


def test_a_fold_trains_its_own_segmenter_only_where_the_shared_one_has_seen_the_report(make_workspace):
    workspace = make_workspace()
    assert not sees(workspace, "linhe-2024")
    (workspace.training / "segmenter.toml").write_text('train_on = ["gold"]\n')
    assert sees(workspace, "linhe-2024")


def test_the_workspace_may_take_its_words_from_jieba(make_workspace):
    workspace = make_workspace()
    (workspace.training / "segmenter.toml").write_text('model = "jieba"\n')
    words = load_segmenter(make_segmenter(workspace))("区政府召开会议，办理  案件1171件。")
    assert "".join(words) == "区政府召开会议，办理  案件1171件。" and "会议" in words
    assert not (workspace.models / "segmenter").exists()


def test_spacys_own_model_takes_its_words_from_a_segmenter_of_ours(trained, repo):
    config = spacy.util.load_config(repo / "training" / "ner-default.cfg")
    settings = config["initialize"]["tokenizer"]
    nlp = spacy.blank("zh", config={"nlp": {"tokenizer": {"segmenter": "pkuseg"}}})
    nlp.tokenizer.initialize(**{**settings, "pkuseg_model": str(trained)})
    assert "会议" in [token.text for token in nlp("区政府召开会议")]
