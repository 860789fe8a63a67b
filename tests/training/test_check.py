"""Label errors: differences are named rightly, planted mistakes are found, a review can be made of them."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
import spacy
from test_ner import CONFIG, TINY, block, corpus
from typer.testing import CliRunner

from baogao.annotations.agreement_table import read_passes
from baogao.annotations.review import compare
from baogao.cli import app
from baogao.errors import Findings, InputError
from baogao.files import sha256_tree
from baogao.records import Entity, read_labelled, write_jsonl
from baogao.training.check import Suspect, deal, entity_suspects, find_suspects, write_review
from baogao.training.ner import span_probabilities, train_ner
from baogao.workspace import Workspace

LEARN = {
    **TINY,
    "training.max_steps": 80,
    "training.eval_frequency": 20,
    "training.dropout": 0.0,
    "training.optimizer.learn_rate": 0.02,
}


def spans(*items: tuple[int, int, str, float]) -> list[Entity]:
    return [Entity(start=a, end=b, label=label, score=score) for a, b, label, score in items]


def test_differences_are_named_once_each() -> None:
    text = "区政府常务会议通过《条例》并处理12件及30余人次"
    gold = block(
        "r", 0, text, (0, 3, "INST"), (9, 13, "DOC"), (16, 18, "METRIC"), (20, 24, "METRIC"), (3, 5, "INST")
    )
    predicted = spans(
        (0, 7, "INST", 0.7), (9, 13, "INST", 0.8), (16, 19, "METRIC", 0.9), (13, 14, "DOC", 0.6)
    )
    found = list(entity_suspects(gold, predicted, [0.1, 0.2, 0.3, 0.4, 0.05]))
    assert [(s.kind, s.score, s.given and s.given.text, s.suggested and s.suggested.text) for s in found] == [
        ("edges", 0.9, "区政府", "区政府常务会议"),
        ("label", 0.8, "《条例》", "《条例》"),
        ("edges", 0.7, "12", "12件"),
        ("extra", 0.6, "30余人", None),
        ("edges", 0.95, "常务", "区政府常务会议"),
        ("missing", 0.6, None, "并"),
    ]
    right = spans(*((s.start, s.end, s.label, 0.9) for s in gold.entities))
    assert list(entity_suspects(gold, right, [0.5] * 5)) == []


def test_folds_share_the_reports_whatever_their_order() -> None:
    groups = deal(list("abcdefg"), 3)
    assert sorted(sum(groups, [])) == list("abcdefg")
    assert {len(group) for group in groups} == {2, 3}
    assert deal(list("gfedcba"), 3) == groups
    assert deal(["a"], 5) == [["a"]]


def test_a_model_without_marginals_knows_only_what_it_predicts(tmp_path: Path) -> None:
    blocks = corpus(6)
    nlp = spacy.load(train_ner(blocks, tmp_path / "m", config=CONFIG, overrides=LEARN))
    other = msgspec.structs.replace(blocks[0], entities=[Entity(start=0, end=2, label="INST")])
    assert span_probabilities(nlp, [blocks[0], other]) == [[1.0, 1.0], [0.0]]


@pytest.fixture
def planted(make_workspace) -> Workspace:
    """Tidy reports; but r1:0001 lacks its INST, and that of r2:0002 begins two characters early."""
    workspace = make_workspace((), ())
    labels = workspace.annotations / "labels.toml"
    text = labels.read_text(encoding="utf-8")
    doc = text.index('[[entity]]\nname = "DOC"')
    labels.write_text(text[:doc] + text[text.index('[[entity]]\nname = "METRIC"') :], encoding="utf-8")
    blocks = corpus(8)
    for b in blocks:
        first, *others = b.entities
        if b.id == "r1:0001":
            b.entities = others
        if b.id == "r2:0002":
            b.entities = [Entity(start=first.start - 2, end=first.end, label="INST"), *others]
    for report in {b.report for b in blocks}:
        write_jsonl(
            workspace.annotations / "gold" / f"{report}.jsonl", [b for b in blocks if b.report == report]
        )
    return workspace


def test_planted_mistakes_are_found_and_nothing_is_changed(planted: Workspace) -> None:
    before = sha256_tree(planted.annotations)
    suspects = find_suspects(planted, folds=2, config=CONFIG, overrides=LEARN)
    kinds = {s.id: s.kind for s in suspects if s.id in ("r1:0001", "r2:0002")}
    assert kinds["r1:0001"] == "missing" and kinds["r2:0002"] in ("edges", "label", "extra")
    assert all(earlier.score >= later.score for earlier, later in zip(suspects, suspects[1:], strict=False))
    assert sha256_tree(planted.annotations) == before


def test_a_review_shows_labels_and_suggestions_side_by_side(planted: Workspace, tmp_path: Path) -> None:
    right = {b.id: b for b in corpus(8)}
    early, whole = planted.labelled("gold")["r2"][2].entities[0], right["r2:0002"].entities[0]
    lost = right["r1:0001"].entities[0]
    suspects = [
        Suspect(score=0.9, kind="edges", id="r2:0002", report="r2", given=early, suggested=whole, text=""),
        Suspect(score=0.8, kind="missing", id="r1:0001", report="r1", given=None, suggested=lost, text=""),
        Suspect(score=0.7, kind="section", id="r2:0002", report="r2", given=None, suggested="PLANS", text=""),
    ]
    assert write_review(planted, suspects, tmp_path) == 2
    passes = read_passes(planted, [tmp_path / "labels.jsonl", tmp_path / "model.jsonl"])
    assert list(compare(passes).open) == ["r2:0002", "r1:0001"]
    labels, model = (read_labelled(tmp_path / f"{name}.jsonl") for name in ("labels", "model"))
    assert labels == [planted.labelled("gold")[key][i] for key, i in (("r2", 2), ("r1", 1))]
    assert [b.entities for b in model] == [right[b.id].entities for b in model]
    assert [b.section for b in model] == ["PLANS", None]


def test_findings_end_with_status_1_and_can_be_piped(planted: Workspace, tmp_path: Path) -> None:
    settings = [word for name, value in LEARN.items() for word in (f"--{name}", json.dumps(value))]
    arguments = [
        "training",
        "check",
        "--workspace",
        str(planted.root),
        "--config",
        str(CONFIG),
        "--folds",
        "2",
    ]
    result = CliRunner().invoke(app, [*arguments, *settings, "--output", "-", "--min-score", "0.9"])
    assert isinstance(result.exception, Findings) and result.exception.exit_status == 1
    suspects = [msgspec.json.decode(line, type=Suspect) for line in result.stdout.splitlines()]
    assert "r1:0001" in {s.id for s in suspects}
    assert all(s.score >= 0.9 for s in suspects)


def test_one_report_cannot_be_checked(make_workspace) -> None:
    with pytest.raises(InputError, match="needs two labelled reports, there are 1"):
        find_suspects(make_workspace(("linhe-2024",), ()), config=CONFIG)


def test_a_crf_knows_how_probable_each_span_is(tmp_path: Path) -> None:
    blocks = corpus(6)
    quick = {"training.max_steps": 30, "training.eval_frequency": 30, "components.ner.model.width": 16}
    quick["paths.embeddings"] = None  # they have a width of their own
    config = CONFIG.with_name("ner.cfg")
    nlp = spacy.load(train_ner(blocks, tmp_path / "m", config=config, overrides=quick))
    first = blocks[0]
    wrong = [Entity(start=0, end=2, label="INST"), Entity(start=0, end=1, label="NEW")]
    (sure,) = span_probabilities(nlp, [msgspec.structs.replace(first, entities=[*first.entities, *wrong])])
    assert all(p > 0.5 for p in sure[:2]) and sure[2] < 0.2 and sure[3] == 0.0
    doc = nlp(first.text)
    predicted = [Entity(start=e.start_char, end=e.end_char, label=e.label_) for e in doc.ents]
    (again,) = span_probabilities(nlp, [msgspec.structs.replace(first, entities=predicted)])
    assert again == pytest.approx(doc.spans["entities"].attrs["scores"], abs=1e-4)
