"""A pattern that is not tried would not have matched."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baogao.annotations.needs import grams, needs_of

PATTERNS = [
    "ab", "a?b", "(?:ab|cd)e", "(?:ab|)c", "[ab]c", "[^a]b", r"\d+a", "(?<=a)b", "(?<!a)b", "(?=ab)a", "(a)b",
    "(?P<x>ab)+", "(?:ab){0,2}c", "(?:ab){2}c", "a|bc", "a++b", "(?>ab|a)c", "(?i:A)b", "(?i)AB",
    "(a)?(?(1)b|c)",
    "a.b", "^ab$", "a*?b", "[a-c]d", "(?:a(?:b|c)|d)",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(text=st.text(alphabet="abcdeAB1\n", max_size=8))
@pytest.mark.parametrize("pattern", PATTERNS)
def test_whatever_a_pattern_matches_has_what_it_needs(pattern: str, text: str):
    compiled = re.compile(pattern)
    if compiled.search(text):
        assert not any(grams(text).isdisjoint(need) for need in needs_of(compiled))


@pytest.mark.parametrize(
    ("pattern", "telling"),
    [
        ("(?<=在)[市县]?(?:法院|检察院)", {"法院", "察院"}),
        ("(?:甲|乙丙)丁", {"丁"}),
        ("《[^《》]+》", {"《"}),
        (r"\d+(?:%|个百分点)", {"%", "个百"}),
        (r"\d+", None),
        ("(?i:a)", None),
    ],
)
def test_the_most_telling_need_comes_first(pattern: str, telling: set[str] | None):
    found = needs_of(re.compile(pattern))
    assert (set(found[0]) if found else None) == telling
