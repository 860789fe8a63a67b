"""What a text must contain for a regular expression to match it at all, so that most need not be tried.

Python's re has no such test of its own for patterns that begin with a look at what is around them. The
characters and pairs that every match contains are read off its parse tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from operator import concat
from typing import Any

try:
    from re import _parser  # type: ignore[attr-defined]
except ImportError:  # private to CPython; without it every pattern is tried
    _parser = None

Need = frozenset[str]  # characters and pairs of characters, of which a match contains one


def grams(text: str) -> set[str]:
    """The characters of `text` and its pairs of neighbours."""
    return {*text, *map(concat, text, text[1:])}


def needs_of(pattern: re.Pattern[str]) -> list[Need]:
    """Sets such that each has a gram in common with every text that `pattern` matches; the most telling
    first. None where nothing is known.

    >>> sorted(map(sorted, needs_of(re.compile("(?<=在)[市县]?(?:法院|检察院)"))))
    [['在'], ['察院', '法院']]
    """
    if _parser is None or pattern.flags & re.IGNORECASE:
        return []
    return sorted(set(_needs(_parser.parse(pattern.pattern, pattern.flags))), key=_telling)


def _needs(tree: Iterable[tuple[Any, Any]]) -> list[Need]:
    found: list[Need] = []
    before = ""  # the literal that came before, within this sequence
    for op, value in tree:
        name, literal = str(op), ""
        if name == "LITERAL":
            literal = chr(value)
            found.append(frozenset([before + literal]))
        elif name == "IN":
            if all(str(kind) == "LITERAL" for kind, _ in value):
                found.append(frozenset(chr(code) for _, code in value))
        elif name == "BRANCH":
            found += _any_of([_needs(branch) for branch in value[1]])
        elif name == "ATOMIC_GROUP":
            found += _needs(value)
        elif (
            name == "ASSERT"
            or (name == "SUBPATTERN" and not value[1])  # with flags of its own it may ignore case
            or (name.endswith("_REPEAT") and value[0] >= 1)
        ):
            found += _needs(value[-1])
        before = literal
    return found


def _any_of(branches: list[list[Need]]) -> list[Need]:
    """One need that holds whichever of the branches matched."""
    if not all(branches):
        return []
    return [frozenset[str]().union(*(min(needs, key=_telling) for needs in branches))]


def _telling(need: Need) -> tuple[int, int, list[str]]:
    return -min(map(len, need)), len(need), sorted(need)
