"""Near-duplicate clauses between training and test."""

import random

import pytest

from baogao.evaluate.leakage import clauses, find_leaks, leak_free, ngrams, summarise
from baogao.evaluate.pairs import Pair
from baogao.evaluate.settings import Leakage
from baogao.records import Entity, LabelledBlock

SETTINGS = Leakage(ngram=5, threshold=0.8, min_length=8)


def paragraph(report, text, index=0, spans=(), section="甲"):
    entities = [Entity(start=s, end=e, label="INST") for s, e in spans]
    return LabelledBlock(
        id=f"{report}:{index:04}", report=report, index=index, kind="paragraph", text=text, section=section,
        entities=entities,
    )  # fmt: skip


SHARED = "深入学习贯彻习近平法治思想和各项部署"
TEST = paragraph("a", f"{SHARED},区政府办结行政复议案件三十二件。", spans=[(0, 4), (18, 21)])


def test_the_same_clause_in_other_width_and_spacing_leaks():
    train = [paragraph("b", "今年以来,深入学习 贯彻习近平法治思想和各项部署。")]
    (leak,) = find_leaks([TEST], train, SETTINGS)
    assert leak.clause.text == SHARED and leak.clause.start == 0
    assert leak.similarity == 1.0
    assert find_leaks([TEST], [paragraph("b", "法治政府建设取得新成效,办结案件若干。")], SETTINGS) == []


def test_a_report_does_not_leak_into_itself():
    assert find_leaks([TEST], [TEST, paragraph("a", SHARED, 1)], SETTINGS) == []


def test_the_filter_finds_what_all_pairs_find():
    """The prefix filter against plain comparison of every pair, on texts that differ in a few characters."""
    random.seed(1)
    letters = "甲乙丙丁戊己庚辛壬癸子丑寅卯"
    train = [paragraph(f"t{i}", "".join(random.choices(letters, k=20))) for i in range(60)]
    test = []
    for i, block in enumerate(train):
        text = list(block.text)
        for _ in range(random.randrange(4)):
            text[random.randrange(len(text))] = random.choice(letters)
        test.append(paragraph(f"u{i}", "".join(text)))
    for threshold in (0.5, 0.8, 1.0):
        settings = Leakage(ngram=3, threshold=threshold, min_length=8)
        found = {leak.clause.report: leak.similarity for leak in find_leaks(test, train, settings)}
        expected = {}
        for block in test:
            own = ngrams(block.text, 3)
            best = max(len(own & ngrams(t.text, 3)) / len(own | ngrams(t.text, 3)) for t in train)
            if best >= threshold:
                expected[block.report] = best
        assert found == pytest.approx(expected)
        assert expected


def test_shares_are_of_characters_and_short_clauses_are_not_judged():
    leaks = find_leaks([TEST], [paragraph("b", SHARED)], SETTINGS)
    of_a, total = summarise([TEST], leaks, SETTINGS)
    assert (of_a.report, of_a.clauses, of_a.leaked) == ("a", 2, 1)
    assert of_a.share == total.share == len(SHARED) / len(TEST.text)
    assert [c.text for c in clauses([paragraph("a", "短句。" + SHARED)], min_length=8)] == [SHARED]


def test_leak_free_takes_spans_off_both_sides_and_mostly_leaked_sections():
    leaks = find_leaks([TEST], [paragraph("b", SHARED)], SETTINGS)
    predicted = paragraph("a", TEST.text, spans=[(0, 4), (16, 20), (18, 21)])
    other = paragraph("c", TEST.text, spans=[(0, 4)])
    pairs = leak_free([Pair(TEST, predicted), Pair(other, other)], leaks)
    assert [(s.start, s.end) for s in pairs[0].gold.entities] == [(18, 21)]
    assert [(s.start, s.end) for s in pairs[0].predicted.entities] == [(18, 21)]
    assert pairs[0].gold.section is None  # 18 of 35 characters leaked
    assert pairs[1].gold.entities == other.entities
