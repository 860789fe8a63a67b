"""Slices count every span once, and calibration bins every score once."""

import pytest

from baogao.evaluate.calibration import calibrate, entity_scores, section_scores
from baogao.evaluate.mistakes import Known
from baogao.evaluate.pairs import Pair
from baogao.evaluate.settings import Slices
from baogao.evaluate.slices import slices
from baogao.records import Entity, LabelledBlock, Report


def paragraph(text, spans, report="r", index=0, section="甲", score=None, start=None):
    entities = [Entity(start=s, end=e, label=label, score=score) for s, e, label in spans]
    return LabelledBlock(
        id=f"{report}:{index:04}", report=report, index=index, kind="paragraph", text=text, section=section,
        entities=entities, start=start, end=None if start is None else start + len(text),
    )  # fmt: skip


TEXT = "区委、区政府印发《办法》,办结12件。"
GOLD = [(0, 2, "INST"), (3, 6, "INST"), (8, 12, "DOC"), (15, 18, "METRIC")]
PAIRS = [
    Pair(
        paragraph(TEXT, GOLD, start=0),
        paragraph(TEXT, [(0, 2, "INST"), (8, 12, "DOC"), (15, 17, "METRIC"), (17, 18, "METRIC")]),
    ),
    Pair(
        paragraph("，全角标点。" * 60, [], "s", section="乙"),
        paragraph("，全角标点。" * 60, [(1, 3, "INST")], "s", section="甲"),
    ),
]
REPORTS = {
    "r": Report(id="r", file="r.txt", year=2023, level="county", province="四川省"),
    "s": Report(id="s", file="s.txt", year=2024, level="township", province="四川省"),
}


def table(**options):
    known = Known({"r": [PAIRS[0].gold], "s": [PAIRS[1].gold]}, [paragraph("区委", [(0, 2, "INST")], "p")])
    found = slices(PAIRS, known=known, reports=REPORTS, **options)
    return {(s.dimension, s.value): s for s in found}


def test_counts_of_each_slice():
    found = table(settings=Slices(few=2, long=300))

    def counts(*key):
        return (found[key].tp, found[key].fp, found[key].fn)

    assert counts("label", "INST") == (1, 1, 1)
    assert counts("label", "METRIC") == (0, 2, 1)
    assert counts("report", "r") == (2, 2, 2)
    assert counts("year", "2024") == (0, 1, 0)
    assert counts("level", "county") == (2, 2, 2)
    assert counts("in training", "seen") == (1, 0, 0)
    assert counts("in training", "new") == (1, 3, 2)
    assert counts("neighbours", "within one character") == (1, 2, 1)  # 区委、区政府; the two on 12件
    assert counts("span length", "1–2 characters") == (1, 3, 0)
    assert counts("paragraph", "over 300") == (0, 1, 0)
    assert counts("punctuation", "full") == (0, 1, 0)
    assert found["report", "r"].section_accuracy == 1.0 and found["report", "s"].section_accuracy == 0.0
    assert not found["report", "r"].few and found["label", "METRIC"].few


def test_every_span_is_counted_once_in_each_dimension_of_spans():
    found = table()
    for dimension in ("label", "report", "span length", "in training", "neighbours", "section"):
        rows = [s for s in found.values() if s.dimension == dimension]
        assert [sum(getattr(s, k) for s in rows) for k in ("tp", "fp", "fn")] == [2, 3, 2], dimension


def test_a_dimension_with_one_value_is_left_out():
    found = table()
    assert not any(dimension == "province" for dimension, _ in found)
    assert not any(dimension == "origin" for dimension, _ in found)
    assert any(dimension == "origin" for dimension, _ in table(practice=frozenset({"s"})))


def test_repaired_text_is_told_from_clean_text():
    other = [
        Pair(p.gold, p.predicted)
        for p in (
            PAIRS[0],
            Pair(paragraph("干净的文本", [], "s", 1, start=3), paragraph("干净的文本", [], "s", 1)),
        )
    ]
    known = Known({}, [])
    sources = {"r": "區(qū)委、區(qū)政府印发《办法》", "s": "   干净的文本"}
    found = slices(other, known=known, reports={}, sources=sources)
    values = {s.value: s for s in found if s.dimension == "source text"}
    assert values["repaired"].tp == 2 and values["clean"].tp == 0


def test_calibration_of_scores():
    gold = paragraph(TEXT, GOLD)
    sure = Pair(gold, paragraph(TEXT, [(0, 2, "INST"), (8, 12, "DOC")], score=0.95))
    unsure = Pair(gold, paragraph(TEXT, [(0, 1, "INST"), (3, 6, "INST")], score=0.45))
    found = calibrate(entity_scores([sure, unsure]))
    assert [(b.low, b.count, b.accuracy) for b in found.bins] == [(0.4, 2, 0.5), (0.9, 2, 1.0)]
    assert found.error == pytest.approx(0.5 * 0.05 + 0.5 * 0.05)
    assert calibrate([]) is None
    assert calibrate([(1.0, True)]).bins[0].high == 1.0
    assert section_scores([sure]) == []
