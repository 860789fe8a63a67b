"""Which reports a model may be tuned on: always whole reports, never paragraphs of one it trains on."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TypeVar

from baogao.errors import InputError
from baogao.files import sha256
from baogao.records import Block, LabelledBlock

AnyBlock = TypeVar("AnyBlock", bound=Block)


def paragraphs(blocks: Sequence[AnyBlock]) -> list[AnyBlock]:
    """The blocks that carry labels; headings and closings do not."""
    return [block for block in blocks if block.kind == "paragraph"]


def by_report(blocks: Sequence[AnyBlock]) -> dict[str, list[AnyBlock]]:
    """Blocks of each report, reports in order of first appearance."""
    groups: dict[str, list[AnyBlock]] = {}
    for block in blocks:
        groups.setdefault(block.report, []).append(block)
    return groups


def split_dev(
    blocks: Sequence[LabelledBlock], *, share: float = 0.1, reports: str = "*"
) -> tuple[list[LabelledBlock], list[LabelledBlock]]:
    """Set whole reports aside until they hold `share` of the characters: (train, dev).

    Only reports whose id matches the pattern `reports` (as in file names) are taken, where any does. They
    are ranked by a hash of their id, so that a new report moves no other from one side to the other, and so
    that every seed is compared on the same dev set. One report alone is split at every tenth paragraph
    (for a share of 0.1), because there is nothing better. Raises InputError when both sides cannot have a
    paragraph.
    """
    if not 0 < share < 1:
        raise InputError(f"a dev share of {share} is not between 0 and 1", todo="try 0.1")
    groups = by_report(blocks)
    if len(groups) == 1:
        step = max(2, round(1 / share))
        dev = [block for i, block in enumerate(blocks) if i % step == step - 1] or list(blocks[-1:])
        chosen = {block.id for block in dev}
    else:
        wanted = share * sum(len(block.text) for block in blocks)
        taken: set[str] = set()
        held = 0
        ranked = sorted(groups, key=lambda report: sha256(report.encode()))
        matching = [report for report in ranked if fnmatchcase(report, reports)] or ranked
        for report in matching:
            if held >= wanted or len(taken) == len(groups) - 1:
                break
            taken.add(report)
            held += sum(len(block.text) for block in groups[report])
        chosen = {block.id for report in taken for block in groups[report]}
        dev = [block for block in blocks if block.id in chosen]
    train = [block for block in blocks if block.id not in chosen]
    if not train or not dev:
        raise InputError(
            f"{len(blocks)} labelled paragraphs cannot be split into training and dev",
            todo="label at least two paragraphs, better two reports",
        )
    return train, dev


def is_real(report: str, practice: str) -> bool:
    """Whether a report's id does not match the pattern of practice reports (as in file names)."""
    return not fnmatchcase(report, practice)


def repeat_real(
    blocks: Sequence[LabelledBlock], *, practice: str = "", times: int = 1
) -> list[LabelledBlock]:
    """`blocks`, those of reports whose id does not match the pattern `practice` so many `times` over.

    Real reports are few beside practice reports and more like what comes; where there are only reports of
    one of the two kinds, every block is there once. Raises InputError for less than one time.
    """
    if times < 1:
        raise InputError(f"cannot repeat reports {times} times", todo="write 1 or more", field="mix.times")
    real = [block for block in blocks if is_real(block.report, practice)]
    if not real or len(real) == len(blocks):
        return list(blocks)
    return [*blocks, *real * (times - 1)]
