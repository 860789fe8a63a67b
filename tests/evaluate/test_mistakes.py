"""Kinds of error by hand."""

import pytest

from baogao.evaluate.mistakes import KINDS, Known, find_mistakes
from baogao.evaluate.pairs import Pair
from baogao.records import Entity, LabelledBlock
from baogao.workspace import Label, Labels

LABELS = Labels(
    section=[],
    entity=[
        Label(name="BODY", zh="机构", description="", color="#111111", value="institution"),
        Label(name="PAPER", zh="文件", description="", color="#222222", value="document"),
        Label(name="NUMBER", zh="数量", description="", color="#333333", value="quantity"),
    ],
)
TEXT = "区委法治办召开会议,印发“100天攻坚”方案,县司法局办结案件12件。"
#       0         10        20        30


def paragraph(text, spans, report="r", index=0):
    entities = [Entity(start=s, end=e, label=label) for s, e, label in spans]
    return LabelledBlock(
        id=f"{report}:{index:04}", report=report, index=index, kind="paragraph", text=text, entities=entities
    )


def kinds(gold, predicted, text=TEXT, practice=()):
    pair = Pair(paragraph(text, gold), paragraph(text, predicted))
    found = find_mistakes([pair], Known({"r": [pair.gold]}, practice), LABELS)
    assert all(mistake.kind in KINDS for mistake in found)
    return [mistake.kind for mistake in found]


OFFICE = (23, 27, "BODY")


@pytest.mark.parametrize(
    ("gold", "predicted", "kind"),
    [
        ([OFFICE], [(23, 27, "PAPER")], "wrong label"),
        ([OFFICE], [(22, 27, "PAPER")], "wrong label and edges"),
        ([OFFICE], [(24, 27, "BODY")], "too short"),
        ([OFFICE], [(23, 29, "BODY")], "too long"),
        ([OFFICE], [(24, 29, "BODY")], "shifted"),
        ([(0, 5, "BODY")], [], "missed, new"),
        ([(23, 27, "BODY")], [], "missed abbreviation"),
        ([], [(13, 17, "NUMBER")], "number in a name"),
        ([], [(31, 34, "NUMBER")], "invented"),
    ],
)
def test_one_error_one_kind(gold, predicted, kind):
    assert (TEXT[23:27], TEXT[13:17], TEXT[31:34]) == ("县司法局", "100天", "12件")
    assert kinds(gold, predicted) == [kind]


def test_right_spans_are_no_mistakes():
    assert kinds([OFFICE, (0, 5, "BODY")], [(0, 5, "BODY"), OFFICE]) == []


def test_one_gold_in_two_and_two_gold_in_one():
    assert kinds([(0, 5, "BODY")], [(0, 2, "BODY"), (2, 5, "BODY")]) == ["split", "split"]
    assert kinds([(0, 2, "BODY"), (2, 5, "BODY")], [(0, 5, "BODY")]) == ["merged", "merged"]


def test_a_missed_span_that_training_has_is_told_apart():
    practice = [paragraph("区委法治办负责。", [(0, 5, "BODY")], report="p")]
    assert kinds([(0, 5, "BODY")], [], practice=practice) == ["missed, seen in training"]
    other_label = [paragraph("区委法治办负责。", [(0, 5, "PAPER")], report="p")]
    assert kinds([(0, 5, "BODY")], [], practice=other_label) == ["missed, new"]


def test_what_gold_leaves_unlabelled_elsewhere_is_a_generic_name():
    elsewhere = [paragraph("派出所与派出所联动。", [], report="p")]
    text = "一批派出所获奖。"
    assert kinds([], [(2, 5, "BODY")], text=text, practice=elsewhere) == ["generic name"]
    assert kinds([], [(2, 5, "BODY")], text=text) == ["invented"]  # its own place is no evidence
    assert kinds([], [(2, 5, "PAPER")], text=text, practice=elsewhere) == ["invented"]
