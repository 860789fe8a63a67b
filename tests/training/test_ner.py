"""Entity training: exact offsets, refused data, the same result for the same seed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import spacy

from baogao.errors import InputError
from baogao.files import sha256_tree
from baogao.records import Entity, LabelledBlock
from baogao.training.ner import character_doc, check_entities, predict_entities, train_ner
from baogao.training.splits import repeat_real, split_dev

CONFIG = Path(__file__).parents[2] / "training" / "ner-default.cfg"
TINY = {
    "components.tok2vec.model.encode.width": 16,
    "components.tok2vec.model.encode.depth": 1,
    "components.tok2vec.model.embed.rows": [200, 50, 50, 50],
    "components.ner.model.hidden_width": 8,
    "training.max_steps": 6,
    "training.eval_frequency": 3,
    "training.batcher.size.start": 200,
}


CRF = {
    "components.ner.model.width": 16, "paths.embeddings": None, "training.max_steps": 6,
    "training.eval_frequency": 6,
}  # fmt: skip


def block(report: str, index: int, text: str, *entities: tuple[int, int, str]) -> LabelledBlock:
    return LabelledBlock(
        id=f"{report}:{index:04}", report=report, index=index, kind="paragraph", text=text,
        entities=[Entity(start=a, end=b, label=label) for a, b, label in entities],
    )  # fmt: skip


def corpus(reports: int = 4) -> list[LabelledBlock]:
    bodies = ["区政府", "市司法局", "县委", "镇法院"]
    blocks = []
    for r in range(reports):
        for i in range(4):
            body, number = bodies[(r + i) % 4], f"{r + 2}{i}件"
            text = f"今年{body}办理案件{number}。"
            a, b = text.index(body), text.index(number)
            blocks.append(block(f"r{r}", i, text, (a, a + len(body), "INST"), (b, b + len(number), "METRIC")))
    return blocks


def train(output: Path, blocks: list[LabelledBlock], **options) -> Path:
    return train_ner(blocks, output, **{"config": CONFIG, "overrides": TINY, **options})


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(tmp_path_factory.mktemp("ner") / "model", corpus(), labels=["INST", "METRIC"])


@pytest.mark.parametrize(
    "text",
    ["区政府\n\n 办理　12 件 ", " \t前后", "a  b\r\n", "🏛区政府\u200b\u2028", "e\u0301\x00", "　", ""],
)
def test_raw_text_comes_back_with_its_offsets(model: Path, text: str) -> None:
    nlp = spacy.load(model)
    assert nlp(text).text == text
    doc = character_doc(nlp.vocab, text)
    assert doc.text == text
    for token in doc:
        assert text[token.idx : token.idx + len(token)] == token.text


def test_model_keeps_what_it_was_trained_on_and_no_temporary_path(model: Path) -> None:
    meta = json.loads((model / "meta.json").read_text())["baogao"]
    assert meta["seed"] == 0
    assert meta["overrides"] == TINY
    assert meta["train"]["paragraphs"] + meta["dev"]["paragraphs"] == 16
    assert len(meta["dev"]["ids"]) == meta["dev"]["reports"] == 1
    assert len(meta["data"]) == 64
    assert "baogao-ner-" not in (model / "config.cfg").read_text()


def test_threshold_is_half_the_f1_on_dev_unless_the_config_says_one(tmp_path: Path) -> None:
    config = CONFIG.with_name("ner.cfg")
    steps = {
        **CRF,
        "training.max_steps": 60, "training.eval_frequency": 60,
        "training.optimizer.learn_rate.initial_rate": 0.03, "training.optimizer.learn_rate.warmup_steps": 5,
    }  # fmt: skip
    for given in (None, 0.7):
        overrides = steps if given is None else {**steps, "components.ner.threshold": given}
        nlp = spacy.load(train(tmp_path / str(given), corpus(), config=config, overrides=overrides))
        reached = nlp.meta["performance"]["ents_f"]
        assert 0 < reached <= 1
        assert nlp.get_pipe("ner").threshold == pytest.approx(given or reached / 2, abs=1e-3)


def test_the_command_line_overrides_the_blocks_of_dev_and_mix(tmp_path: Path) -> None:
    config = CONFIG.with_name("ner.cfg")
    practice = [
        msgspec.structs.replace(b, id=f"practice-{b.id}", report=f"practice-{b.report}") for b in corpus(6)
    ]
    half = train(tmp_path / "half", practice, config=config, overrides={**CRF, "dev.share": 0.5})
    assert spacy.load(half).meta["baogao"]["dev"]["reports"] == 3
    with pytest.raises(InputError, match="cannot repeat reports 0 times"):
        train(tmp_path / "none", practice, config=config, overrides={**CRF, "mix.times": 0})


def test_predictions_replace_entities_of_paragraphs_only(model: Path) -> None:
    heading = LabelledBlock(id="x:0000", report="x", index=0, kind="heading", text="一、区政府办理案件25件")
    labelled = block("x", 1, "今年区政府办理案件25件。", (0, 2, "DOC"))
    found = predict_entities(spacy.load(model), [heading, labelled])
    assert found[0] == heading
    assert all(span.label != "DOC" and span.text for span in found[1].entities)
    assert labelled.entities[0].label == "DOC"


def test_same_seed_gives_the_same_folder_in_another_process(model: Path, tmp_path: Path) -> None:
    crf = {"config": CONFIG.with_name("ner.cfg"), "overrides": CRF}
    train(tmp_path / "crf" / "model", corpus(), seed=3, **crf)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path; import test_ner as t; "
        "root = Path(sys.argv[2]); c = t.CONFIG.with_name('ner.cfg'); labels = ['INST', 'METRIC']; "
        "t.train(root / '0' / 'model', t.corpus(), labels=labels); "
        "t.train(root / '1' / 'model', t.corpus(), labels=labels, seed=1); "
        "t.train(root / '2' / 'model', t.corpus(), seed=3, config=c, overrides=t.CRF)"
    )
    subprocess.run([sys.executable, "-c", code, str(Path(__file__).parent), str(tmp_path)], check=True)
    assert sha256_tree(tmp_path / "0" / "model") == sha256_tree(model)
    assert sha256_tree(tmp_path / "1" / "model") != sha256_tree(model)
    assert sha256_tree(tmp_path / "2" / "model") == sha256_tree(tmp_path / "crf" / "model")


def test_training_data_that_cannot_be_right_is_refused_with_a_count_and_examples() -> None:
    good = corpus(1)
    cases = [
        ([block("r", 0, "没有")], "no entities in 1 paragraphs"),
        (
            [*good, block("x", 0, "区政府", (0, 4, "INST"))],
            "1 entities (x:0000 0:4 '区政府' INST) lie outside",
        ),
        ([*good, block("x", 0, "区 政", (0, 2, "INST"))], "1 entities (x:0000 0:2 '区 ' INST) begin or end"),
        (
            [*good, block("x", 0, "区政府", (0, 3, "INST"), (1, 3, "INST"))],
            "(x:0000 1:3 '政府' INST) overlap",
        ),
        (
            [*good, block("x", 0, "区政府", (0, 3, "ORG"))],
            "1 entities (x:0000 0:3 '区政府' ORG) have a label",
        ),
        ([block("x", 0, "区政府", (0, 3, "INST"))], "no entity with label METRIC among 1"),
    ]
    check_entities(good, labels=["INST", "METRIC"])
    for blocks, message in cases:
        with pytest.raises(InputError) as error:
            check_entities(blocks, labels=["INST", "METRIC"])
        assert message in str(error.value)


def test_a_label_only_in_dev_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no entity with label DOC"):
        train(
            tmp_path / "m",
            corpus(1),
            dev=[block("d", 0, "《规划》", (0, 4, "DOC"))],
            labels=["INST", "METRIC", "DOC"],
        )


def test_spans_that_words_cannot_express_are_refused_or_counted(tmp_path: Path) -> None:
    blocks = [*corpus(), block("z", 0, "各市场主体办理案件", (1, 2, "INST"))]
    words = {**TINY, "nlp.tokenizer.segmenter": "jieba", "training.max_steps": 1}
    with pytest.raises(InputError, match=r"1 entities \(z:0000 1:2 '市' INST\) cross the edges"):
        train(tmp_path / "m", blocks, overrides=words)
    assert not (tmp_path / "m").exists()
    train(tmp_path / "m", blocks, overrides=words, allow_misaligned=True)
    meta = json.loads((tmp_path / "m" / "meta.json").read_text())["baogao"]
    assert meta["misaligned"] == {"spans": 1, "examples": ["z:0000 1:2 '市' INST"]}


def test_a_failed_training_leaves_the_model_that_was_there(model: Path, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "kept").write_text("1")
    with pytest.raises(InputError, match="other things in it"):
        train(tmp_path / "model", corpus())
    (tmp_path / "model" / "config.cfg").write_text("")  # a model of before
    for overrides, message in (
        ({"training.max_stepz": 1}, "max_stepz"),
        ({"trainingx.seed": 1}, "trainingx"),
        ({"training.max_steps": "many"}, "training.*max_steps|max_steps"),
        ({"components.ner.factory": "nothing"}, "nothing"),
    ):
        with pytest.raises(InputError, match=message) as error:
            train(tmp_path / "model", corpus(), overrides=overrides)
        assert "\n" not in str(error.value)
        assert "ner-default.cfg" in str(error.value)
    assert (tmp_path / "model" / "kept").read_text() == "1"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_dev_is_whole_reports_of_the_wanted_kind_and_stays_when_a_report_comes() -> None:
    blocks = [block(f"{kind}{i}", 0, "字" * 100) for kind in ("real-", "made-") for i in range(10)]
    train_blocks, dev = split_dev(blocks, share=0.1, reports="made-*")
    assert {b.report[:5] for b in dev} == {"made-"}
    assert len(dev) == 2 and len(train_blocks) == 18
    more = [*blocks, block("real-new", 0, "字" * 100)]
    assert {b.id for b in dev} <= {b.id for b in split_dev(more, share=0.1, reports="made-*")[1]}
    for lone in (corpus(1), corpus(2)):
        train_blocks, dev = split_dev(lone, reports="nothing-*")
        assert train_blocks and dev and {b.id for b in dev}.isdisjoint(b.id for b in train_blocks)
    with pytest.raises(InputError, match="cannot be split"):
        split_dev(lone[:1])


def test_real_reports_are_repeated_beside_practice_and_only_then() -> None:
    real, practice = block("a", 0, "甲"), block("practice-1", 0, "乙")
    assert repeat_real([real, practice], practice="practice-*", times=3) == [real, practice, real, real]
    assert repeat_real([real], practice="practice-*", times=3) == [real]
    assert repeat_real([practice], practice="practice-*", times=3) == [practice]
    with pytest.raises(InputError, match="0 times"):
        repeat_real([real, practice], practice="practice-*", times=0)
