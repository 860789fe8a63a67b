from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from baogao.annotations.rules import Rules, fold_width, workspace_rules
from baogao.errors import InputError
from baogao.records import read_labelled
from baogao.spans import Counts, add_counts, exact_counts
from baogao.workspace import Workspace

ROOT = Path(__file__).parents[2]
PIECES = [
    "中共某市某区委", "、", "区政府", "人大及其常委会", "印发", "《", "》", "某办法", "(某政发〔2023〕5号)",
    "“八五”普法规划", "等12件", "近", "1.2万余人次", "。", "2023年", "第三次", "县公安局", "和", "签订",
    "跨区域协作协议", "不足", "三成以上", "、公安局",
]  # fmt: skip


@pytest.fixture(scope="module")
def rules() -> Rules:
    return workspace_rules(Workspace(ROOT))


def write_rules(folder: Path, text: str) -> Path:
    path = folder / "rules.toml"
    path.write_text(text, encoding="utf-8")
    return path


def found(rules: Rules, text: str) -> list[tuple[str, str]]:
    return [(text[span.start : span.end], span.label) for span in rules.suggest(text)]


def test_spans_keep_the_name_of_their_rule(tmp_path: Path):
    rules = Rules.load(
        write_rules(tmp_path, "[[rule]]\nname = 'boat'\nlabel = 'SHIP'\npattern = '[a-z]+号'\n")
    )
    span = rules.suggest("乘xy号离港")[0]
    assert (span.start, span.end, span.label, span.source) == (1, 4, "SHIP", "boat")


def test_priority_then_length_then_place_decides_overlaps(tmp_path: Path):
    rules = Rules.load(
        write_rules(
            tmp_path,
            "[[rule]]\nname='short'\nlabel='A'\npattern='bc'\npriority=1\n"
            "[[rule]]\nname='long'\nlabel='B'\npattern='abcd'\n"
            "[[rule]]\nname='pair'\nlabel='C'\npattern='..'\n",
        )
    )
    assert found(rules, "abcd") == [("bc", "A")]
    assert found(rules, "xyz") == [("xy", "C")]


def test_a_rule_without_label_keeps_its_place_free(tmp_path: Path):
    rules = Rules.load(
        write_rules(
            tmp_path,
            "[[rule]]\nname='year'\npattern='\\d{4}年'\npriority=1\n"
            "[[rule]]\nname='count'\nlabel='N'\npattern='\\d+[年件]'\n",
        )
    )
    assert found(rules, "2023年12件") == [("12件", "N")]


def test_full_width_and_half_width_match_alike_and_offsets_stay(rules: Rules):
    wide = "印发《办法》（国办发〔2018〕37号），办结率达８０％以上。"
    half = "印发《办法》(国办发[2018]37号),办结率达80%以上。"
    assert len(fold_width(wide)) == len(wide)
    assert [(s.start, s.end, s.label) for s in rules.suggest(wide)] == [
        (s.start, s.end, s.label) for s in rules.suggest(half)
    ]
    assert found(rules, wide) == [("《办法》（国办发〔2018〕37号）", "DOC"), ("８０％以上", "METRIC")]


def test_full_width_signs_in_a_pattern_are_literal(tmp_path: Path):
    rules = Rules.load(write_rules(tmp_path, "[[rule]]\nname='b'\nlabel='X'\npattern='（甲）'\n"))
    assert found(rules, "见(甲)和（甲）") == [("(甲)", "X"), ("（甲）", "X")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("《贯彻〈条例〉办法》", ["《贯彻〈条例〉办法》"]),
        ("《关于印发《甲》《乙》的通知》《丙》", ["《关于印发《甲》《乙》的通知》", "《丙》"]),
        ("没有合上的《标题", []),
        ("《外《里》没有合上", ["《里》"]),
    ],
)
def test_title_marks(rules: Rules, text: str, expected: list[str]):
    assert [t for t, label in found(rules, text) if label == "DOC"] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("办理1,171件,占99.3%,近2000件", ["1,171件", "99.3%", "近2000件"]),
        ("每次5—8件,不少于4天", ["5—8件", "不少于4天"]),
        ("80余场(次),15批1860人", ["80余场(次)", "15批", "1860人"]),
        ("2023年3月底,第三次会议,12345热线", []),
        ("分别下降26.5%、34.2%", ["26.5%", "34.2%"]),
        ("名列全省第10名", ["第10名"]),
    ],
)
def test_quantities(rules: Rules, text: str, expected: list[str]):
    assert [t for t, label in found(rules, text) if label == "METRIC"] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("区委、区政府高度重视", ["区委", "区政府"]),
        ("区委区政府", ["区委", "区政府"]),
        ("由县市场监管局牵头", ["县市场监管局"]),
        ("各部门、各镇(街道)和行政机关", []),
        ("接受区人大代表监督", []),
        ("报国务院备案", ["国务院"]),
    ],
)
def test_bodies(rules: Rules, text: str, expected: list[str]):
    assert [t for t, label in found(rules, text) if label == "INST"] == expected


def test_the_rules_find_most_of_the_practice_spans_and_little_else(rules: Rules):
    """A floor under what the rules were tuned to: a change that breaks one shows here."""
    counts = add_counts(
        exact_counts(block.entities, rules.suggest(block.text))
        for path in sorted((ROOT / "annotations/practice").glob("practice-r0*.jsonl"))
        for block in read_labelled(path)
        if block.kind == "paragraph"
    )
    assert sum(counts.values(), Counts()).f1 > 0.95
    assert all(count.precision > 0.9 for count in counts.values())


@pytest.mark.parametrize(
    "unit", ["1", "市", "县委", "《", "《甲", "(", "近百", "“一", "区市场和", "由大中小市司", "市年度"]
)
def test_no_text_makes_the_patterns_blow_up(rules: Rules, unit: str):
    text = unit * (20_000 // len(unit))
    assert all(span.end <= len(text) for span in rules.suggest(text))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=15))
def test_suggestions_never_overlap_or_leave_the_text(rules: Rules, pieces: list[str]):
    text = "".join(pieces)
    spans = rules.suggest(text)
    assert all(span.source for span in spans)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert all(left.end <= right.start for left, right in zip(spans, spans[1:], strict=False))


@pytest.mark.parametrize(
    ("toml", "wrong"),
    [
        ("[[rule]]\nname='a'\npattern='('\n", "not a regular expression"),
        ("[[rule]]\nname='a'\npattern='{nope}'\n", "part {nope} is not defined above"),
        ("[[rule]]\nname='a'\npattern='x'\n[[rule]]\nname='a'\npattern='y'\n", "came before"),
        ("[[rule]]\nname='a'\npattern='x'\nlabel='NOPE'\n", "unknown label 'NOPE'"),
        ("[[rule]]\nname='a'\npatern='x'\n", "patern"),
        ("[parts]\np='['\n", "parts.p: not a regular expression"),
    ],
)
def test_a_bad_rules_file_is_one_line_that_names_the_rule(tmp_path: Path, toml: str, wrong: str):
    path = write_rules(tmp_path, toml)
    with pytest.raises(InputError) as raised:
        Rules.load(path, labels=["INST"])
    assert wrong in str(raised.value) and str(path) in str(raised.value) and "\n" not in str(raised.value)


def test_a_workspace_without_rules_suggests_nothing(tmp_path: Path):
    assert workspace_rules(Workspace(tmp_path)).suggest("区政府") == []
