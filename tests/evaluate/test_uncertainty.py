"""Intervals and paired tests on whole reports."""

import numpy as np
import pytest

from baogao.errors import InputError
from baogao.evaluate.pairs import Pair
from baogao.evaluate.score import score_pairs
from baogao.evaluate.uncertainty import Tally, difference, few_reports, intervals
from baogao.records import Entity, LabelledBlock
from baogao.resampling import bootstrap_interval

TEXT = "区政府印发方案,办结1171个事项。"


def paragraph(report, spans, section="甲"):
    entities = [Entity(start=s, end=e, label=label) for s, e, label in spans]
    return LabelledBlock(
        id=f"{report}:0000",
        report=report,
        index=0,
        kind="paragraph",
        text=TEXT,
        section=section,
        entities=entities,
    )


def make(per_report):
    """Pairs of one paragraph a report: (spans right, spans missed, spans invented, section right)."""
    pairs = []
    for number, (right, missed, invented, section) in enumerate(per_report):
        gold = [(i, i + 1, "INST") for i in range(right + missed)]
        predicted = gold[:right] + [(14 - i, 15 - i, "DOC") for i in range(invented)]
        report = f"r{number}"
        pairs.append(Pair(paragraph(report, gold), paragraph(report, predicted, "甲" if section else "乙")))
    return pairs


MIXED = make([(3, 1, 0, True), (1, 2, 1, False), (5, 0, 2, True), (2, 2, 2, True), (4, 1, 0, False)])


def test_a_tally_gives_the_figures_of_the_scorer():
    tally, result = Tally.of(MIXED), score_pairs(MIXED)
    assert tally.names()
    for name in tally.names():
        assert tally.value(name) == pytest.approx(result.figure(name)), name


def test_intervals_are_those_of_the_plain_bootstrap_over_reports():
    tally = Tally.of(MIXED)
    for name in ("ner.f1", "ner.macro_f1", "sections.accuracy", "sections.macro_f1"):

        def statistic(pairs, name=name):
            return Tally.of([p._replace(gold=p.gold, predicted=p.predicted) for p in pairs]).value(name)

        low, high = bootstrap_interval(MIXED, statistic, samples=200, seed=4)
        found = intervals([tally], names=[name], samples=200, seed=4)[name]
        assert (found.low, found.high) == pytest.approx((low, high))
        assert found.low <= found.value <= found.high


def test_seeds_are_averaged():
    other = make([(4, 0, 0, True), (3, 0, 0, True), (5, 0, 0, True), (4, 0, 0, True), (5, 0, 0, True)])
    found = intervals([Tally.of(MIXED), Tally.of(other)], samples=50)["ner.f1"]
    values = [score_pairs(pairs).ner.f1 for pairs in (MIXED, other)]
    assert found.seeds == pytest.approx(values)
    assert found.value == pytest.approx(np.mean(values))


def test_a_system_beside_itself_differs_by_nothing():
    tally = [Tally.of(MIXED)]
    found = difference(tally, tally, "ner.f1")
    assert (found.difference, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_better_on_every_report_gives_the_smallest_p_there_is():
    worse = make([(1, 3, 0, True)] * 6)
    better = make([(4, 0, 0, True)] * 6)
    found = difference([Tally.of(worse)], [Tally.of(better)], "ner.f1")
    assert found.difference == pytest.approx(1 - 0.4)
    assert found.low > 0
    assert found.p == found.smallest_p == 2 / 2**6  # all or none swapped: two of 64 ways


def test_many_reports_are_swapped_at_random_and_p_is_never_zero():
    worse, better = make([(1, 3, 0, True)] * 20), make([(4, 0, 0, True)] * 20)
    found = difference([Tally.of(worse)], [Tally.of(better)], "ner.f1", samples=500)
    assert 0 < found.p <= 2 / 501
    mixed = make([(4, 0, 0, True) if i % 2 else (1, 3, 0, True) for i in range(20)])
    contrary = make([(1, 3, 0, True) if i % 2 else (4, 0, 0, True) for i in range(20)])
    assert difference([Tally.of(mixed)], [Tally.of(contrary)], "ner.f1", samples=500).p > 0.5


def test_systems_with_other_labels_and_another_order_of_reports_can_be_compared():
    one = make([(3, 1, 0, True), (1, 2, 1, False), (5, 0, 2, True)])
    other = make([(3, 1, 2, True), (2, 1, 0, True), (5, 0, 0, True)])[::-1]
    found = difference([Tally.of(one)], [Tally.of(other)], "sections.macro_f1")
    assert found.a == pytest.approx(score_pairs(one).sections.macro_f1)
    assert found.b == pytest.approx(score_pairs(other).sections.macro_f1)


def test_other_reports_cannot_be_compared():
    with pytest.raises(InputError, match="same reports"):
        difference([Tally.of(MIXED)], [Tally.of(MIXED[:3])], "ner.f1")


def test_few_reports_are_said_to_be_few():
    assert "no interval" in few_reports(1)
    assert "5 reports are too few" in few_reports(5)
    assert few_reports(10) is None
