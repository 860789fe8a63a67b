"""Gold and predicted paragraphs side by side, or one line that says why they do not belong together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from baogao.errors import InputError
from baogao.evaluate.offsets import UNITS, foreign_unit
from baogao.records import Entity, LabelledBlock, check_labels, read_jsonl
from baogao.workspace import Labels


class Pair(NamedTuple):
    """One paragraph: what it should be and what a system made of it. Both have the same id and text."""

    gold: LabelledBlock
    predicted: LabelledBlock


Places = dict[str, tuple[str, int]]  # block id → file and line it was read from


def read_pairs(
    gold: str | Path,
    predicted: str | Path,
    *,
    labels: Labels | None = None,
    labels_around: Labels | None = None,
    count_unpaired: bool = False,
) -> list[Pair]:
    """Pairs of two JSONL files of labelled blocks, or of two folders of them (`-`: standard input).

    `labels`: the schema both must keep to. `labels_around`: one that predictions must keep to if all of gold
    does, for a gold file that may or may not belong to the workspace around the user. Raises InputError
    (file, line, field) as `pair` does.
    """
    if str(gold) == str(predicted) == "-":
        raise InputError("only one of gold and predicted can be standard input", todo="name a file for one")
    gold_blocks, gold_places = _read(gold)
    if not gold_blocks:
        raise InputError("holds no paragraphs", file=gold, todo="name the file or folder with gold labels")
    if not any(block.entities or block.section is not None for block in gold_blocks):
        raise InputError(
            "holds no labels (no section, no entity)", file=gold, todo="name the gold labels, not the blocks"
        )
    if labels is None and labels_around is not None and _keeps_to(labels_around, gold_blocks):
        labels = labels_around
    predicted_blocks, predicted_places = _read(predicted)
    for block in gold_blocks:
        _check_gold(block, gold_places[block.id], labels)
    return pair(
        gold_blocks, predicted_blocks, labels=labels, count_unpaired=count_unpaired,
        gold_name=str(gold), predicted_name=str(predicted), places=predicted_places,
    )  # fmt: skip


def pair(
    gold: Sequence[LabelledBlock],
    predicted: Sequence[LabelledBlock],
    *,
    labels: Labels | None = None,
    count_unpaired: bool = False,
    gold_name: str = "gold",
    predicted_name: str = "predictions",
    places: Places | None = None,
) -> list[Pair]:
    """Match blocks by id, in the order of `gold`.

    Raises InputError for another text under the same id, a missing or an extra paragraph, a label outside
    `labels`, a span beyond its text, and offsets in bytes or UTF-16 units (named). Overlapping and doubled
    predicted spans are allowed: a score must be able to judge them. With `count_unpaired` a missing
    paragraph counts as one without labels, and an extra one as gold without labels.
    """
    places = places or {}
    given = {block.id: block for block in predicted}
    wanted = {block.id for block in gold}
    if not wanted & set(given) and given and not count_unpaired:
        raise InputError(
            f"predictions for other texts: none of its {len(given)} ids is in {gold_name}",
            file=predicted_name, field="id", todo=f"predict the blocks of {gold_name}",
        )  # fmt: skip
    both = [Pair(block, given[block.id]) for block in gold if block.id in given]
    for one, other in both:
        if one.text != other.text:
            raise InputError(
                f"{other.id!r} is another text than in {gold_name} ({_difference(one.text, other.text)})",
                file=places.get(other.id, (predicted_name, 0))[0], line=places.get(other.id, (None, None))[1],
                field="text", todo="predict on exactly the texts of the gold file",
            )  # fmt: skip
    missing = [block for block in gold if block.id not in given]
    extra = [block for block in predicted if block.id not in wanted]
    if not count_unpaired:
        for what, blocks, todo in (
            ("lacks", missing, "predict every block, also those without entities"),
            ("has besides those of gold", extra, "remove them"),
        ):
            if blocks:
                names = ", ".join(repr(block.id) for block in blocks[:3]) + (", …" if blocks[3:] else "")
                raise InputError(
                    f"{what} {len(blocks)} of {len(gold)} paragraphs: {names}"
                    if blocks is missing
                    else f"{what} {len(blocks)} extra paragraphs: {names}",
                    file=predicted_name, field="id", todo=f"{todo}, or count them: --count-unpaired",
                )  # fmt: skip
    _check_predicted(both, labels, predicted_name, places)
    _check_predicted([Pair(_bare(block), block) for block in extra], labels, predicted_name, places)
    return (
        [Pair(block, given.get(block.id) or _bare(block)) for block in gold]
        + [Pair(_bare(block), block) for block in extra]
    )  # fmt: skip


def read_texts(path: str | Path) -> list[LabelledBlock]:
    """Blocks of a file or of all JSONL files of a folder, for their texts; labels are not checked."""
    return _read(path)[0]


def _bare(block: LabelledBlock) -> LabelledBlock:
    """The block without its labels."""
    return LabelledBlock(
        id=block.id, report=block.report, index=block.index, kind=block.kind, level=block.level,
        number=block.number, lead=block.lead, path=block.path, text=block.text,
        start=block.start, end=block.end,
    )  # fmt: skip


def _read(path: str | Path) -> tuple[list[LabelledBlock], Places]:
    """Blocks of a file or of all JSONL files of a folder, and where each stands. Labels are not checked."""
    folder = str(path) != "-" and Path(path).is_dir()
    files: Iterable[str | Path] = [path]
    if folder:
        files = sorted(file for file in Path(path).glob("*.jsonl") if file.name != "manifest.jsonl")
    blocks: list[LabelledBlock] = []
    places: Places = {}
    for file in files:
        for line, block in read_jsonl(file, LabelledBlock):
            if block.id in places:
                first = "{}:{}".format(*places[block.id])
                raise InputError(
                    f"duplicate id {block.id!r}, first at {first}", file=file, line=line, field="id",
                    todo="remove one of the two",
                )  # fmt: skip
            places[block.id] = (str(file), line)
            blocks.append(block)
    if folder and not blocks:
        raise InputError(
            "holds no .jsonl file with blocks", file=path, todo="name the folder that holds them"
        )
    return blocks, places


def _keeps_to(labels: Labels, blocks: list[LabelledBlock]) -> bool:
    sections, names = {None, *labels.sections}, set(labels.entities)
    return all(block.section in sections and {s.label for s in block.entities} <= names for block in blocks)


def _check_gold(block: LabelledBlock, place: tuple[str, int], labels: Labels | None) -> None:
    """Gold is strict: spans inside the text and apart, labels of the schema, offsets in characters."""
    try:
        _check_block(block, labels)
    except InputError as error:
        unit = foreign_unit([(block.text, [], block.entities)]) if block.entities else None
        if unit and (error.field or "").startswith("entities"):
            error = _unit_error(unit, error.field)
        error.file, error.line = place
        raise error from None


def _check_predicted(pairs: list[Pair], labels: Labels | None, name: str, places: Places) -> None:
    unit = foreign_unit((gold.text, gold.entities, predicted.entities) for gold, predicted in pairs)
    if unit:
        spans = [p.predicted for p in pairs if p.predicted.entities]
        first = next((block for block in spans if _impossible(block)), spans[0])
        error = _unit_error(unit, "entities")
        error.file, error.line = places.get(first.id, (name, None))
        raise error
    for _, block in pairs:
        try:
            _check_block(block, labels, overlaps=True)
        except InputError as error:
            error.file, error.line = places.get(block.id, (name, None))
            raise


def _check_block(block: LabelledBlock, labels: Labels | None, *, overlaps: bool = False) -> None:
    sections, names = (labels.sections, labels.entities) if labels else (None, None)
    check_labels(block, sections=sections, labels=names, overlaps=overlaps)
    for index, span in enumerate(block.entities):
        if _misquoted(block.text, span):
            raise InputError(
                f"{_short(span.text or '')} is not what stands at {span.start}:{span.end} "
                f"({_short(block.text[span.start : span.end])})",
                field=f"entities[{index}].text", todo="count offsets in characters of the block's text",
            )  # fmt: skip


def _impossible(block: LabelledBlock) -> bool:
    return any(span.end > len(block.text) or _misquoted(block.text, span) for span in block.entities)


def _misquoted(text: str, span: Entity) -> bool:
    return span.text is not None and text[span.start : span.end] != span.text


def _unit_error(unit: str, field: str | None) -> InputError:
    return InputError(
        f"offsets are counted in {unit}, not in characters", field=field,
        todo=f"convert each offset n with {UNITS[unit][1]}",
    )  # fmt: skip


def _difference(one: str, other: str) -> str:
    at = next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    return f"differs at character {at}: {_short(one[at:])} there, {_short(other[at:])} here"


def _short(text: str) -> str:
    return repr(text if len(text) <= 12 else text[:12] + "…")
