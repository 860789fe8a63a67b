"""Who labels what in a round."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baogao.annotations.rounds import assign, check_annotators, check_round_name, read_round, write_round
from baogao.errors import InputError
from baogao.records import Block, LabelledBlock

TEAM = ["zhang", "li", "wang", "zhao"]


def blocks_of(*sizes: int) -> list[Block]:
    return [
        Block(id=f"r{report}:{i}", report=f"r{report}", index=i, kind="paragraph", text="文")
        for report, size in enumerate(sizes)
        for i in range(size)
    ]


@given(
    st.lists(st.integers(0, 12), max_size=5),
    st.integers(2, 4),
    st.floats(0, 1),
    st.integers(0, 3),
)
def test_everything_is_labelled_by_one_or_two_and_shares_differ_by_one(sizes, people, overlap, seed):
    blocks, team = blocks_of(*sizes), TEAM[:people]
    plan = assign(blocks, team, overlap=overlap, seed=seed)
    assert list(plan) != [] or not blocks
    assert set(plan) == {block.id for block in blocks}
    assert plan == assign(blocks, team, overlap=overlap, seed=seed)
    total = Counter({user: 0 for user in team})
    for report, size in enumerate(sizes):
        here = Counter({user: 0 for user in team})
        users = [plan[f"r{report}:{i}"] for i in range(size)]
        assert [len(u) for u in users].count(2) == round(overlap * size)
        assert all(len(set(u)) == len(u) in (1, 2) for u in users)
        here.update(user for u in users for user in u)
        total.update(here)
        assert max(here.values()) - min(here.values()) <= 1
    assert max(total.values()) - min(total.values()) <= 1


def test_another_seed_is_another_assignment_and_every_pair_meets():
    blocks = blocks_of(30, 30)
    plans = [assign(blocks, TEAM, overlap=0.5, seed=seed) for seed in (0, 1)]
    assert plans[0] != plans[1]
    pairs = {tuple(sorted(users)) for users in plans[0].values() if len(users) == 2}
    assert len(pairs) >= 5  # of the six pairs of four people


def test_who_has_more_already_gets_less():
    plan = assign(blocks_of(1, 1, 1), ["zhang", "li"], load=Counter(zhang=3))
    assert list(plan.values()) == [["li"]] * 3


@pytest.mark.parametrize(
    ("team", "overlap", "field"),
    [
        ([], 0, "--annotators"),
        (["zhang"], 0.2, "--overlap"),
        (TEAM, 1.5, "--overlap"),
        (TEAM, float("nan"), "--overlap"),
    ],
)
def test_an_impossible_wish_names_its_option(team, overlap, field):
    with pytest.raises(InputError) as caught:
        assign(blocks_of(3), team, overlap=overlap)
    assert caught.value.field == field


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", ".hidden", "a b", "x" * 61, "a\n"])
def test_a_round_or_a_user_never_names_a_path(name):
    with pytest.raises(InputError):
        check_round_name(name)
    if len(name) < 61:
        with pytest.raises(InputError):
            check_annotators([name])


def test_a_round_is_read_as_written_and_a_broken_one_names_its_line(make_workspace):
    workspace = make_workspace(gold=(), practice=())
    block = LabelledBlock(
        id="r:1", report="r", index=1, kind="paragraph", text="文", meta={"annotators": ["zhang"]}
    )
    write_round(workspace, "轮次1", [block])
    assert read_round(workspace, "轮次1") == [block]
    block.meta = {"annotators": ["../.."]}
    write_round(workspace, "轮次1", [block])
    with pytest.raises(InputError, match="轮次1.jsonl:1: meta.annotators"):
        read_round(workspace, "轮次1")
    with pytest.raises(InputError, match="there is no round 'other'.*annotations push other"):
        read_round(workspace, "other")
