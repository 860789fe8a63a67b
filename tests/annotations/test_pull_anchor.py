"""Labels whose text has changed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from baogao.annotations.anchor import alike, reanchor
from baogao.records import Entity


def anchored(old: str, new: str, *words: str) -> tuple[list[str], list[str]]:
    entities = [Entity(start=old.index(w), end=old.index(w) + len(w), label="INST") for w in words]
    placed, lost = reanchor(entities, old, new)
    return [new[e.start : e.end] for e in placed], [old[e.start : e.end] for e in lost]


def test_spans_follow_their_characters():
    old = "区政府召开会议,区法院旁听。"
    assert anchored(old, "2023年," + old, "区政府", "区法院") == (["区政府", "区法院"], [])
    assert anchored(old, "区法院旁听。区政府召开会议。", "区政府", "区法院") == (["区法院", "区政府"], [])


def test_a_span_whose_characters_are_gone_or_stand_twice_elsewhere_is_listed():
    assert anchored("区政府开会", "县政府开会", "区政府") == ([], ["区政府"])
    assert anchored("区政府开会", "开会:区政,府;区政府和区政府", "开会") == (["开会"], [])
    assert anchored("甲乙丙", "丙乙,丙乙", "乙丙") == ([], ["乙丙"])


texts = st.text("区政府法院1件,", max_size=20)


@given(texts, texts, st.lists(st.tuples(st.integers(0, 19), st.integers(1, 4)), max_size=4))
def test_what_is_placed_has_the_same_characters_and_nothing_is_lost_silently(old, new, spans):
    entities, end = [], 0
    for start, length in sorted(spans):
        if end <= start and start + length <= len(old):
            entities.append(Entity(start=start, end=start + length, label="A"))
            end = start + length
    placed, lost = reanchor(entities, old, new)
    assert len(placed) + len(lost) == len(entities)
    before = sorted(old[e.start : e.end] for e in entities)
    assert sorted([new[e.start : e.end] for e in placed] + [old[e.start : e.end] for e in lost]) == before
    assert all(a.end <= b.start for a, b in zip(placed, placed[1:], strict=False))
    if old == new:
        assert placed == entities


def test_alike_tells_a_correction_from_another_paragraph():
    assert alike("区政府召开会议,办理案件1171件。", "区政府召开了会议,共办理案件1171件。") > 0.8
    assert alike("区政府召开会议,办理案件1171件。", "加强普法宣传,推进法治文化建设。") < 0.5
