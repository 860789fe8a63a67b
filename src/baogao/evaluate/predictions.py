"""Where the predictions of a system lie, and reading them beside gold.

evaluate/predictions/SYSTEM/REPORT.jsonl holds the labelled blocks of a report that the system was not trained
on; SYSTEM/seed-N/ those of further training seeds, SYSTEM/raw/ those made from the raw page instead of the
gold blocks. Any program may put files there: a folder of them is a system.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from baogao.errors import InputError
from baogao.evaluate.pairs import Pair, pair, read_pairs
from baogao.records import LabelledBlock, read_jsonl
from baogao.workspace import Workspace


class SystemPairs(NamedTuple):
    """What one system made of the gold reports: pairs by training seed, and from raw pages (may be empty)."""

    name: str
    seeds: list[list[Pair]]
    raw: list[Pair]

    @property
    def pairs(self) -> list[Pair]:
        """Those of the first seed."""
        return self.seeds[0]


def system_folder(workspace: Workspace, system: str, *, seed: int = 0) -> Path:
    """The folder of a system's predictions; InputError where the name is not a plain folder name."""
    if not system or system != Path(system).name or system.startswith(".") or not system.isprintable():
        raise InputError(f"{system!r} cannot name a system", todo="use letters, digits, - and _")
    folder = workspace.evaluate / "predictions" / system
    return folder if seed == 0 else folder / f"seed-{seed}"


def systems(workspace: Workspace) -> list[str]:
    """Names of the systems that have predictions, sorted."""
    folder = workspace.evaluate / "predictions"
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and any(path.glob("*.jsonl")))


def read_system(workspace: Workspace, system: str) -> SystemPairs:
    """The predictions of one system beside annotations/gold.

    Every gold report must be there for every seed, with the texts of gold; else InputError. Reports that
    gold does not have are passed over.
    """
    gold = workspace.labelled("gold")
    if not gold:
        raise InputError("holds no gold labels", file=workspace.annotations / "gold", todo="label a report")
    folder = system_folder(workspace, system)
    if not folder.is_dir():
        known = ", ".join(systems(workspace)) or "none yet"
        raise InputError(
            f"no predictions of {system!r}", file=folder, todo=f"run: baogao evaluate loro; there is: {known}"
        )
    extra = [path for path in folder.glob("seed-*") if path.name.removeprefix("seed-").isdigit()]
    folders = [folder, *sorted(extra, key=lambda path: int(path.name.removeprefix("seed-")))]
    seeds = [_read_pairs(workspace, gold, folder) for folder in folders]
    raw = folder / "raw"
    there = raw.is_dir() and all((raw / f"{report}.jsonl").is_file() for report in gold)
    return SystemPairs(system, seeds, _read_raw(gold, raw) if there else [])


def read_any(workspace: Workspace, name: str) -> SystemPairs:
    """A system by its name, or predictions of all gold reports in a JSONL file or folder anywhere."""
    if name not in systems(workspace) and Path(name).exists():
        return SystemPairs(
            name, [read_pairs(workspace.annotations / "gold", name, labels=workspace.labels())], []
        )
    return read_system(workspace, name)


def _read_pairs(workspace: Workspace, gold: dict[str, list[LabelledBlock]], folder: Path) -> list[Pair]:
    labels = workspace.labels()
    pairs = []
    for report, blocks in gold.items():
        file = folder / f"{report}.jsonl"
        if not file.is_file():
            raise InputError("is missing", file=file, todo="predict every gold report")
        predicted, places = [], {}
        for line, block in read_jsonl(file, LabelledBlock):
            predicted.append(block)
            places[block.id] = (str(file), line)
        pairs += pair(
            blocks, predicted, labels=labels, gold_name=f"annotations/gold/{report}.jsonl",
            predicted_name=str(file), places=places,
        )  # fmt: skip
    return pairs


def _read_raw(gold: dict[str, list[LabelledBlock]], folder: Path) -> list[Pair]:
    pairs = []
    for report, blocks in gold.items():
        predicted = [block for _, block in read_jsonl(folder / f"{report}.jsonl", LabelledBlock)]
        pairs += pair_by_text(blocks, predicted)
    return pairs


def pair_by_text(gold: Sequence[LabelledBlock], predicted: Sequence[LabelledBlock]) -> list[Pair]:
    """Match two segmentations of one report by the texts of their blocks, in order.

    What differs in a character is not the same paragraph: its gold counts as missed and what was predicted
    there as spurious. Ids of predictions become those of gold.
    """
    matcher = difflib.SequenceMatcher(
        None, [b.text for b in gold], [b.text for b in predicted], autojunk=False
    )
    partner = {
        match.b + k: gold[match.a + k].id
        for match in matcher.get_matching_blocks()
        for k in range(match.size)
    }
    renamed = [
        msgspec.structs.replace(block, id=partner.get(i, f"{block.id}?"), report=gold[0].report)
        for i, block in enumerate(predicted)
    ]
    return pair(gold, renamed, count_unpaired=True)
