"""The section classifier: what it learns, what it keeps, what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from baogao.errors import InputError
from baogao.records import Block, LabelledBlock
from baogao.training import sections_search
from baogao.training.sections import SectionsConfig, fit_sections, load_sections, train_sections
from baogao.training.sections_decode import Step, learn_transitions, posteriors, steps
from baogao.training.sections_features import Vocabulary
from baogao.training.sections_fit import Training
from baogao.training.sections_search import Search
from baogao.workspace import Workspace

TOPICS = {
    "执法": "开展行政执法检查,规范执法程序",
    "普法": "开展普法宣传,举办法治讲座",
    "计划": "下一步将继续努力",
}


def tiny_report(name: str, order: list[str], *, headings: bool = True, each: int = 2) -> list[LabelledBlock]:
    """A report with one heading and `each` paragraphs a topic."""
    blocks: list[LabelledBlock] = []

    def add(kind: str, text: str, **fields) -> None:
        n = len(blocks)
        blocks.append(
            LabelledBlock(id=f"{name}:{n:04d}", report=name, index=n, kind=kind, text=text, **fields)
        )

    for number, topic in enumerate(order):
        heading = f"{number + 1}、{topic}工作"
        if headings:
            add("heading", heading, level=1)
        for i in range(each):
            add(
                "paragraph",
                f"{TOPICS[topic]},全年{i + 3}次。",
                section=topic,
                path=[heading] if headings else [],
            )
    return blocks


@pytest.fixture(scope="module")
def tiny() -> list[LabelledBlock]:
    return [b for i in range(6) for b in tiny_report(f"r{i}", ["执法", "普法", "计划"])]


@pytest.fixture(scope="module")
def practice(repo: Path) -> list[LabelledBlock]:
    """A dozen practice reports of the reference workspace."""
    found = Workspace(repo).labelled("practice")
    return [block for name in list(found)[:12] for block in found[name]]


def test_a_report_it_has_not_seen_is_labelled(tiny: list[LabelledBlock]) -> None:
    model = fit_sections(tiny, SectionsConfig())
    report = tiny_report("new", ["执法", "普法", "计划"])
    predicted = model.predict(report)
    assert [label for label, _ in predicted] == [block.section for block in report]
    assert predicted[0] == (None, 0.0)
    assert all(0 < score <= 1 for label, score in predicted if label)


def test_labels_are_those_of_the_data_not_of_the_program(tiny: list[LabelledBlock]) -> None:
    two = [msgspec.structs.replace(b, section="A" if b.section == "执法" else "B") for b in tiny]
    two = [msgspec.structs.replace(b, section=None) if b.kind == "heading" else b for b in two]
    model = fit_sections(two, SectionsConfig())
    assert model.labels == ["A", "B"]
    assert {label for label, _ in model.predict(two) if label} == {"A", "B"}


def test_headings_decide_where_the_text_does_not(practice: list[LabelledBlock]) -> None:
    model = fit_sections(practice, SectionsConfig())
    texts = "高度重视,多次召开会议研究部署。"
    blocks = [
        Block(id=f"x:{i}", report=f"x{i}", index=0, kind="paragraph", text=texts, path=[path])
        for i, path in enumerate(
            ["一、全面提升行政执法质量,规范执法行为", "二、推进普法宣传教育和公共法律服务"]
        )
    ]
    assert [label for label, _ in model.predict(blocks)] == ["ENFORCEMENT", "PUBLICITY"]


def test_a_saved_model_predicts_the_same(tiny: list[LabelledBlock], tmp_path: Path) -> None:
    model = fit_sections(tiny, SectionsConfig())
    train_sections(tiny, tmp_path / "sections", config=None)
    loaded = load_sections(tmp_path / "sections")
    assert loaded.predict(tiny) == model.predict(tiny)
    assert json.loads((tmp_path / "sections/meta.json").read_text())["paragraphs"] == 36


def test_training_again_gives_the_same_bytes_of_weights(tiny: list[LabelledBlock]) -> None:
    first, second = (fit_sections(tiny, SectionsConfig(), seed=3) for _ in range(2))
    for name in ("text", "headings"):
        assert np.array_equal(getattr(first._judge, name)._table, getattr(second._judge, name)._table)
    assert np.array_equal(first._judge.transitions, second._judge.transitions)


def test_a_changed_model_is_refused(tiny: list[LabelledBlock], tmp_path: Path) -> None:
    folder = train_sections(tiny, tmp_path / "sections", config=None)
    file = folder / "sections.skops"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(InputError, match="changed after training"):
        load_sections(folder)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip", b"\x80\x04cposix\nsystem\n."])
def test_a_foreign_file_is_refused(content: bytes, tmp_path: Path) -> None:
    from baogao.files import sha256

    (tmp_path / "sections.skops").write_bytes(content)
    (tmp_path / "meta.json").write_text(json.dumps({"sha256": sha256(content)}))
    with pytest.raises(InputError, match="is not a section model"):
        load_sections(tmp_path)


@pytest.mark.parametrize("meta", [b"{", b'{"sha256": "\xff\xfe"}', b"[]"])
def test_a_meta_file_that_is_no_json_is_refused(meta: bytes, tmp_path: Path) -> None:
    (tmp_path / "sections.skops").write_bytes(b"")
    (tmp_path / "meta.json").write_bytes(meta)
    with pytest.raises(InputError, match="meta.json: not JSON"):
        load_sections(tmp_path)


def test_a_skops_archive_with_foreign_types_is_refused_and_runs_nothing(tmp_path: Path) -> None:
    import skops.io

    from baogao.files import sha256

    data = skops.io.dumps({"format": 1, "svm": Exploit()})
    (tmp_path / "sections.skops").write_bytes(data)
    (tmp_path / "meta.json").write_text(json.dumps({"sha256": sha256(data)}))
    with pytest.raises(InputError, match="types that are not trusted") as caught:
        load_sections(tmp_path)
    assert "Exploit" in str(caught.value)
    assert not Exploit.ran


class Exploit:
    ran = False

    def __setstate__(self, state: dict) -> None:
        Exploit.ran = True


def test_too_little_to_learn_from_is_said(tiny: list[LabelledBlock]) -> None:
    with pytest.raises(InputError, match="2 labelled paragraphs of 1 reports with 1 sections"):
        fit_sections(tiny[:3], SectionsConfig())


def test_an_unknown_setting_names_the_file_and_the_field(tiny: list[LabelledBlock], tmp_path: Path) -> None:
    config = tmp_path / "sections.toml"
    config.write_text("colour = 3\n")
    with pytest.raises(InputError, match=r"sections\.toml.*colour"):
        train_sections(tiny, tmp_path / "out", config=config)
    assert not (tmp_path / "out").exists()


def test_an_ngram_matches_whatever_its_width_or_digits() -> None:
    vocabulary = Vocabulary.fit(["共(12)件,", "另有文字"], longest=3, min_texts=1)
    half, full = vocabulary.transform(["共(12)件,", "共(98)件,"])
    assert (half != full).nnz == 0
    assert half.nnz > 0


def test_ngrams_do_not_run_from_one_text_into_the_next() -> None:
    vocabulary = Vocabulary.fit(["甲乙", "丙丁"], longest=2, min_texts=1)
    alone = vocabulary.transform(["甲乙"])
    beside = vocabulary.transform(["甲乙", "丙丁", ""])
    assert (alone != beside[:1]).nnz == 0
    assert vocabulary.transform(["乙丙"]).nnz == 2  # two single characters, no pair


def test_posteriors_agree_with_the_sum_over_all_paths() -> None:
    from itertools import product

    rng = np.random.default_rng(0)
    emissions = rng.random((5, 3))
    transitions = rng.random((len(Step), 3, 3))
    kinds = np.array([Step.FIRST, Step.NEW_PATH, Step.GOES_ON, Step.NEW_ITEM, Step.ALONE])
    found = posteriors(emissions, kinds, transitions)
    for first, last in ((0, 4), (4, 5)):
        expected = np.zeros((last - first, 3))
        for path in product(range(3), repeat=last - first):
            weight = transitions[kinds[first], 0, path[0]] * emissions[first, path[0]]
            for t in range(1, len(path)):
                weight *= transitions[kinds[first + t], path[t - 1], path[t]] * emissions[first + t, path[t]]
            for t, label in enumerate(path):
                expected[t, label] += weight
        np.testing.assert_allclose(found[first:last], expected / expected.sum(axis=1, keepdims=True))


def test_transitions_learn_what_follows_what() -> None:
    labels = [np.array([0, 0, 1, 1, 2])] * 20
    kinds = [[Step.FIRST, Step.GOES_ON, Step.NEW_PATH, Step.GOES_ON, Step.NEW_PATH]] * 20
    table = learn_transitions(labels, kinds, 3)
    np.testing.assert_allclose(table.sum(axis=2), 1)
    assert table[Step.GOES_ON, 0, 0] > 0.8
    assert table[Step.NEW_PATH, 0, 1] > 0.8
    assert table[Step.FIRST, 0, 0] > 0.9


def test_the_order_of_sections_settles_what_a_paragraph_leaves_open() -> None:
    order = ["执法", "普法", "计划"]
    reports = [b for i in range(8) for b in tiny_report(f"r{i}", order, headings=False, each=3)]
    model = fit_sections(reports, SectionsConfig(item_order_weight=1.0))
    report = tiny_report("new", order, headings=False, each=3)
    vague = msgspec.structs.replace(report[4], text="取得积极成效。")
    alone = msgspec.structs.replace(vague, report="alone", index=0)
    predicted = model.predict([*report[:4], vague, *report[5:], alone])
    assert [label for label, _ in predicted[:9]] == [block.section for block in report]
    assert predicted[4][1] > 2 * predicted[9][1]  # by itself it could be anything


def test_scikit_learn_gives_the_same_margins_as_the_fast_path(tiny: list[LabelledBlock]) -> None:
    from baogao.training.sections_expert import to_rows
    from baogao.training.sections_judge import heading_fields, text_fields

    paragraphs = [block for block in tiny if block.kind == "paragraph"]
    model = fit_sections(tiny, SectionsConfig())
    views = {"text": text_fields(paragraphs), "headings": heading_fields(paragraphs, model.config)}
    for name, fields in views.items():
        expert = getattr(model._judge, name)
        svm = model.estimators()[f"{name}_svm"]
        rows = to_rows(fields, expert.vocabulary)
        np.testing.assert_allclose(svm.decision_function(rows), expert.margins(fields), atol=1e-4)


def test_prediction_does_not_import_scikit_learn(tiny: list[LabelledBlock], tmp_path: Path) -> None:
    folder = train_sections(tiny, tmp_path / "sections", config=None)
    code = (
        "import sys; from baogao.training.sections import load_sections; from baogao.records import Block;"
        f"model = load_sections({str(folder)!r});"
        "model.predict([Block(id='a', report='a', index=0, kind='paragraph', text='文')]);"
        "sys.exit(any(name in sys.modules for name in ('sklearn', 'skops', 'scipy', 'pandas')))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_steps_of_a_report_follow_its_headings() -> None:
    def block(path: list[str], lead: str | None = None) -> Block:
        return Block(id="r:0", report="r", index=0, kind="paragraph", text="文", path=path, lead=lead)

    found = steps([block([]), block(["一"]), block(["一"]), block(["一"], "加强领导"), block(["二"])])
    assert found == [Step.FIRST, Step.NEW_PATH, Step.GOES_ON, Step.NEW_ITEM, Step.NEW_PATH]
    assert steps([block([]), block([])]) == [Step.FIRST, Step.UNKNOWN]
    assert steps([block(["一"])]) == [Step.ALONE]


def by_report(blocks: list[LabelledBlock]) -> dict[str, list[LabelledBlock]]:
    return {name: [b for b in blocks if b.report == name] for name in sorted({b.report for b in blocks})}


def test_a_search_judges_every_setting_and_puts_the_best_first(tiny: list[LabelledBlock]) -> None:
    usual = SectionsConfig(longest_ngram=2)
    found = Search(by_report(tiny), [], usual, candidates=4, folds=2).run()
    assert len(found) == 4 and usual in [candidate.config for candidate in found]
    assert len({msgspec.json.encode(candidate.config) for candidate in found}) == 4
    losses = [candidate.log_loss for candidate in found]
    assert losses == sorted(losses) and all(candidate.accuracy > 0.9 for candidate in found)


def test_a_search_without_a_report_never_trains_on_it_or_on_what_it_judges(
    tiny: list[LabelledBlock], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[set[str]] = []

    class Watched(Training):
        def __init__(self, train, *, seed: int = 0) -> None:
            seen.append({block.report for block in train})
            super().__init__(train, seed=seed)

    monkeypatch.setattr(sections_search, "Training", Watched)
    gold = by_report([block for block in tiny if block.report < "r4"])
    practice = [block for block in tiny if block.report >= "r4"]
    search = Search(gold, practice, SectionsConfig(longest_ngram=2), candidates=1)
    search.run(without="r0")
    assert seen == [{"r2", "r3", "r4", "r5"}, {"r1", "r3", "r4", "r5"}, {"r1", "r2", "r4", "r5"}]
    search.run(without="r1")  # what was trained without both serves again
    assert seen[3:] == [{"r0", "r3", "r4", "r5"}, {"r0", "r2", "r4", "r5"}]


def test_a_search_needs_three_reports(tiny: list[LabelledBlock]) -> None:
    gold = by_report([block for block in tiny if block.report < "r2"])
    with pytest.raises(InputError, match="2 reports in annotations/gold are too few"):
        Search(gold, tiny, SectionsConfig())


def test_real_reports_count_more_and_are_spread_over_the_folds(tiny: list[LabelledBlock]) -> None:
    renamed = [msgspec.structs.replace(b, report=f"practice-{b.report}") for b in tiny if b.report < "r3"]
    training = Training([*renamed, *(b for b in tiny if b.report >= "r3")])
    config = SectionsConfig(practice="practice-*", real_weight=3.0, folds=3)
    assert training.weights(config).tolist() == [1.0] * 18 + [3.0] * 18
    assert len(set(training.fold_of(config)[18:])) == 3
    only_real = Training([b for b in tiny if b.report >= "r3"])
    assert set(only_real.weights(config)) == {1.0}
