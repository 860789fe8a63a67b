"""Labels of a text that has changed since, brought to the same characters of the new one."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

import msgspec

from baogao.records import Entity


def alike(old: str, new: str) -> float:
    """How alike two texts are, 0 to 1 (Ratcliff and Obershelp)."""
    return SequenceMatcher(None, old, new, autojunk=False).ratio()


def reanchor(entities: Sequence[Entity], old: str, new: str) -> tuple[list[Entity], list[Entity]]:
    """Entities of `old` in `new`, and those that find no place there.

    A span moves with its characters where they stand unbroken in both texts (longest common blocks); else to
    the one other place where the same characters stand. Never to different characters, never onto another.

    >>> reanchor([Entity(start=0, end=3, label="INST")], "区政府开会", "2023年区政府开会")[0]
    [Entity(start=5, end=8, label='INST')]
    """
    matches = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    placed: list[Entity] = []
    lost: list[Entity] = []
    for entity in sorted(entities, key=lambda e: e.start):
        start = _moved(entity, matches)
        if start is None:
            start = _only_place(old[entity.start : entity.end], new)
        if start is None or any(
            start < p.end and p.start < start + entity.end - entity.start for p in placed
        ):
            lost.append(entity)
        else:
            placed.append(msgspec.structs.replace(entity, start=start, end=start + entity.end - entity.start))
    return sorted(placed, key=lambda e: e.start), lost


def _moved(entity: Entity, matches: Sequence) -> int | None:
    for a, b, size in matches:
        if a <= entity.start and entity.end <= a + size:
            return b + entity.start - a
    return None


def _only_place(surface: str, text: str) -> int | None:
    first = text.find(surface)
    return first if first >= 0 and text.find(surface, first + 1) < 0 else None
