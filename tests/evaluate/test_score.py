"""The scorer by hand on tiny texts, and against seqeval and nervaluate where definitions agree."""

import random

import pytest

from baogao.errors import InputError
from baogao.evaluate.score import align, score
from baogao.records import Entity, LabelledBlock

TEXT = "区政府印发《工作方案》,办结1171个事项,区委常委会听取汇报。"


def block(*spans, id="r:0000", text=TEXT, section=None, report="r", kind="paragraph"):
    entities = [Entity(start=start, end=end, label=label) for start, end, label in spans]
    return LabelledBlock(
        id=id, report=report, index=int(id[-4:]), kind=kind, text=text, section=section, entities=entities
    )


GOLD = block((0, 3, "INST"), (5, 11, "DOC"), (14, 19, "METRIC"), (22, 27, "INST"))


def test_figures_worked_out_by_hand():
    # 区政府 right; 《工作方案 one short; 1171个 called INST; 区委常委会 missed; 汇报 invented
    predicted = block((0, 3, "INST"), (5, 10, "DOC"), (14, 19, "INST"), (29, 31, "DOC"))
    ner = score([GOLD], [predicted]).ner
    assert (ner.tp, ner.fp, ner.fn, ner.support) == (1, 3, 3, 4)
    assert ner.precision == ner.recall == ner.f1 == 0.25
    inst, doc, metric = (ner.labels[label] for label in ("INST", "DOC", "METRIC"))
    assert (inst.tp, inst.fp, inst.fn) == (1, 1, 1)
    assert (doc.tp, doc.fp, doc.fn) == (0, 2, 1)
    assert (metric.tp, metric.fp, metric.fn) == (0, 0, 1)
    assert ner.macro_f1 == pytest.approx((0.5 + 0 + 0) / 3)
    assert (ner.label_only.tp, ner.label_only.fp, ner.label_only.fn) == (2, 2, 2)
    assert (ner.boundary_only.tp, ner.boundary_only.fp, ner.boundary_only.fn) == (2, 2, 2)
    muc = ner.overlap
    assert (muc.correct, muc.incorrect, muc.partial, muc.missed, muc.spurious) == (1, 1, 1, 1, 1)
    assert muc.precision == muc.recall == muc.f1 == 1.5 / 4
    assert {(a, b): len(w) for a, b, w in ner.confusion} == {
        ("INST", "INST"): 1, ("DOC", "DOC"): 1, ("METRIC", "INST"): 1, ("INST", None): 1, (None, "DOC"): 1,
    }  # fmt: skip


def test_every_count_names_its_paragraphs():
    gold = [GOLD, block(id="r:0001"), block((0, 3, "INST"), id="r:0002")]
    predicted = [block((5, 11, "DOC"), id="r:0001"), block((0, 3, "INST"), id="r:0002"), block(id="r:0000")]
    result = score(gold, predicted)
    assert result.ids == ["r:0000", "r:0001", "r:0002"]
    assert result.ner.labels["INST"].paragraphs == {"tp": [2], "fp": [], "fn": [0, 0]}
    assert result.ner.labels["DOC"].paragraphs == {"tp": [], "fp": [1], "fn": [0]}
    for figures in result.ner.labels.values():
        assert [len(figures.paragraphs[k]) for k in ("tp", "fp", "fn")] == [
            figures.tp,
            figures.fp,
            figures.fn,
        ]


def test_spans_that_touch_do_not_overlap_and_doubles_count_once():
    gold = block((0, 3, "INST"), (3, 5, "DOC"))
    predicted = block((3, 5, "INST"), (3, 5, "INST"))
    ner = score([gold], [predicted]).ner
    assert (ner.tp, ner.fp, ner.fn) == (0, 1, 2)
    assert (ner.overlap.incorrect, ner.overlap.missed, ner.overlap.spurious) == (1, 1, 0)


def test_order_of_spans_changes_nothing():
    random.seed(3)
    for _ in range(200):
        gold, predicted = random_spans(), random_spans()
        first = score([block(*gold)], [block(*predicted)])
        random.shuffle(gold)
        random.shuffle(predicted)
        assert score([block(*gold)], [block(*predicted)]) == first


def test_gold_beside_itself_is_perfect_and_a_missing_side_is_zero():
    perfect = score([GOLD], [GOLD]).ner
    assert perfect.f1 == perfect.macro_f1 == perfect.overlap.f1 == 1.0
    nothing = score([GOLD], [block()]).ner
    assert nothing.precision == nothing.recall == nothing.f1 == 0.0
    assert nothing.overlap.missed == 4


def test_one_long_prediction_over_two_gold_spans_is_one_partial_and_one_missed():
    gold = block((0, 3, "INST"), (5, 11, "INST"))
    muc = score([gold], [block((0, 11, "INST"))]).ner.overlap
    assert (muc.partial, muc.missed, muc.spurious) == (1, 1, 0)
    matches = align(gold.entities, block((0, 11, "INST")).entities)
    assert [(one.start, other and other.end) for one, other in matches] == [(5, 11), (0, None)]


def test_sections_by_hand():
    gold = [block(id=f"r:000{i}", section=s) for i, s in enumerate(["甲", "甲", "乙", None])]
    predicted = [block(id=f"r:000{i}", section=s) for i, s in enumerate(["甲", "乙", None, "乙"])]
    sections = score(gold, predicted).sections
    assert sections.accuracy == pytest.approx(1 / 3)
    assert sections.support == 3
    assert sections.labels["甲"].f1 == pytest.approx(2 / 3)
    assert sections.labels["乙"].f1 == 0.0
    assert sections.macro_f1 == pytest.approx(1 / 3)
    assert sections.confusion == [("乙", None, [2]), ("甲", "乙", [1]), ("甲", "甲", [0])]


def test_sections_agree_with_scikit_learn():
    from sklearn.metrics import accuracy_score, f1_score

    random.seed(5)
    truth = [random.choice("甲乙丙") for _ in range(60)]
    guess = [random.choice("甲乙丙丁") for _ in range(60)]
    rows = [f"r:{i:04}" for i in range(60)]
    result = score(
        [block(id=i, section=s) for i, s in zip(rows, truth, strict=True)],
        [block(id=i, section=s) for i, s in zip(rows, guess, strict=True)],
    ).sections
    assert result.accuracy == pytest.approx(accuracy_score(truth, guess))
    assert result.macro_f1 == pytest.approx(f1_score(truth, guess, average="macro"))


def random_spans(labels=("INST", "DOC", "METRIC")):
    spans, at = [], 0
    while True:
        start = at + random.randrange(0, 6)
        end = start + random.randrange(1, 6)
        if end > len(TEXT):
            return spans
        spans.append((start, end, random.choice(labels)))
        at = end


def bio(spans):
    tags = ["O"] * len(TEXT)
    for start, end, label in spans:
        tags[start:end] = [f"B-{label}"] + [f"I-{label}"] * (end - start - 1)
    return tags


def test_exact_figures_agree_with_seqeval():
    """seqeval sees the same spans as BIO tags of single characters: strict mode is our exact match."""
    from seqeval.metrics import classification_report
    from seqeval.scheme import IOB2

    random.seed(7)
    golds, guesses = [random_spans() for _ in range(40)], [random_spans() for _ in range(40)]
    for i, spans in enumerate(golds):  # make some agree
        guesses[i] += [s for s in spans if all(s[1] <= g[0] or g[1] <= s[0] for g in guesses[i])]
    ids = [f"r:{i:04}" for i in range(40)]
    ner = score(
        [block(*s, id=i) for i, s in zip(ids, golds, strict=True)],
        [block(*s, id=i) for i, s in zip(ids, guesses, strict=True)],
    ).ner
    theirs = classification_report(
        [bio(s) for s in golds], [bio(s) for s in guesses], mode="strict", scheme=IOB2, output_dict=True
    )
    assert ner.tp > 0
    for label, figures in ner.labels.items():
        for ours, name in (
            (figures.precision, "precision"),
            (figures.recall, "recall"),
            (figures.f1, "f1-score"),
        ):
            assert ours == pytest.approx(theirs[label][name])
    assert ner.f1 == pytest.approx(theirs["micro avg"]["f1-score"])
    assert ner.macro_f1 == pytest.approx(theirs["macro avg"]["f1-score"])


def test_schemes_agree_with_nervaluate_where_spans_overlap_one_to_one():
    """nervaluate's strict, exact and ent_type are our exact, boundary-only and label-only wherever each span
    overlaps at most one on the other side. Elsewhere it depends on the order of spans and ours does not
    (test_one_long_prediction_… fixes ours by hand); its ends are inclusive, so touching spans with half-open
    ends are given to it one shorter."""
    from nervaluate import Evaluator

    random.seed(11)
    golds, guesses = [], []
    for _ in range(60):
        gold = [s for s in random_spans() if random.random() < 0.8]
        guess = []
        for start, end, label in gold:
            choice = random.random()
            if choice < 0.2:
                continue
            if choice < 0.5 and end - start > 1:
                end -= 1
            guess.append((start, end, random.choice(["INST", "DOC", "METRIC", label, label])))
        free = [s for s in random_spans() if all(s[1] <= g[0] or g[1] <= s[0] for g in gold)]
        guess += [s for s in free if random.random() < 0.5]
        golds.append(gold)
        guesses.append(sorted(guess))
    ids = [f"r:{i:04}" for i in range(60)]
    ner = score(
        [block(*s, id=i) for i, s in zip(ids, golds, strict=True)],
        [block(*s, id=i) for i, s in zip(ids, guesses, strict=True)],
    ).ner

    def theirs(spans):
        return [{"label": label, "start": start, "end": end - 1} for start, end, label in spans]

    results = Evaluator(
        [theirs(s) for s in golds],
        [theirs(s) for s in guesses],
        tags=["INST", "DOC", "METRIC"],
        loader="dict",
    ).evaluate()["overall"]
    for scheme, ours in (("strict", ner), ("exact", ner.boundary_only), ("ent_type", ner.label_only)):
        assert results[scheme].correct == ours.tp
        assert results[scheme].precision == pytest.approx(ours.precision)
        assert results[scheme].recall == pytest.approx(ours.recall)
    assert results["partial"].missed == ner.overlap.missed
    assert results["partial"].spurious == ner.overlap.spurious


def test_a_figure_by_its_dotted_name():
    result = score([GOLD], [GOLD])
    assert result.figure("ner.labels.INST.f1") == 1.0
    assert result.figure("ner.overlap.correct") == 4
    with pytest.raises(InputError, match="ner.f2"):
        result.figure("ner.f2")
