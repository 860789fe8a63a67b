"""A gate for continuous integration: figures that must be reached, and that must not fall."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from baogao.errors import InputError
from baogao.evaluate.results import Result


class Check(msgspec.Struct, kw_only=True):
    """One figure against its bound: `kind` is "at least" or "fall"."""

    name: str
    kind: str
    value: float
    bound: float
    passed: bool


def parse_minimum(text: str) -> tuple[str, float]:
    """`ner.f1=0.95` → ("ner.f1", 0.95); figures are shares from 0 to 1."""
    name, equals, number = text.rpartition("=")
    try:
        value = float(number)
    except ValueError:
        value = -1.0
    if not equals or not name or not 0 <= value <= 1:
        raise InputError(f"{text!r} is not FIGURE=SHARE", field="--min", todo="write for example ner.f1=0.95")
    return name, value


def gate(
    result: Result,
    *,
    minima: Sequence[tuple[str, float]] = (),
    against: Result | None = None,
    max_drop: float | None = None,
) -> list[Check]:
    """Check `result` against minima and against an older result of the same gold.

    A figure has fallen when it is more than `max_drop` (a share) below the older one: headlines, and F1 of
    each label. Raises InputError for an unknown figure, for results on other gold, and where nothing would
    be checked.
    """
    if (against is None) != (max_drop is None):
        raise InputError(
            "a drop needs something to fall from",
            field="--max-drop",
            todo="give both --max-drop and --against",
        )
    checks = []
    for name, bound in minima:
        value = result.figure(name)
        checks.append(Check(name=name, kind="at least", value=value, bound=bound, passed=value >= bound))
    if against is not None and max_drop is not None:
        if against.data.get("gold") != result.data.get("gold"):
            raise InputError(
                f"{against.name} of {against.created} was scored on other gold labels", field="--against",
                todo="score both on the same gold",
            )  # fmt: skip
        ours, theirs = _f1_figures(result), _f1_figures(against)
        for name in theirs:
            value = ours.get(name, 0.0)
            bound = theirs[name] - max_drop
            # Figures are ratios of counts; a drop of exactly the allowed size must not fail by rounding.
            checks.append(
                Check(name=name, kind="fall", value=value, bound=bound, passed=value >= bound - 1e-9)
            )
    if not checks:
        raise InputError(
            "nothing to check", todo="give --min ner.f1=0.95, or --max-drop 0.01 --against RESULT"
        )
    return checks


def _f1_figures(result: Result) -> dict[str, float]:
    names = [n for n in result.intervals if n.endswith(("f1", "accuracy"))]
    return {name: result.intervals[name].value for name in names}
