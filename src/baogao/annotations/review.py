"""From several annotators' passes to one gold: what they agree on, and a decision on the rest.

Without a reviewer the majority or one named annotator decides; `baogao.annotations.review_round` asks a
reviewer in doccano. Gold keeps in `meta.decided_by` who decided: "agreement", "majority", or a name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from baogao.annotations.agreement import Passes
from baogao.annotations.export import as_labelled
from baogao.errors import InputError
from baogao.records import Entity, LabelledBlock, read_blocks, read_labelled, write_jsonl
from baogao.workspace import Workspace

AGREEMENT = "agreement"
MAJORITY = "majority"


@dataclass
class Review:
    """Paragraphs that are decided, by id; those that are not: id → annotator → version; and headings."""

    decided: dict[str, LabelledBlock] = field(default_factory=dict)
    open: dict[str, dict[str, LabelledBlock]] = field(default_factory=dict)
    frame: dict[str, LabelledBlock] = field(default_factory=dict)


def compare(passes: Passes) -> Review:
    """Decide the paragraphs on which everybody who labelled them agrees, or that one annotator alone has.

    Raises InputError where two annotators have different texts under one id.
    """
    review = Review()
    versions: dict[str, dict[str, LabelledBlock]] = {}
    for name, blocks in passes.items():
        for block in blocks.values():
            if block.kind == "paragraph":
                versions.setdefault(block.id, {})[name] = block
            else:
                review.frame[block.id] = as_labelled(block)
    for key, of_block in versions.items():
        first, *others = of_block.values()
        for name, other in of_block.items():
            if other.text != first.text:
                raise InputError(
                    f"{next(iter(of_block))} and {name} have different texts for block {key!r}",
                    field="text", todo="pull both again, so that they are on the same text",
                )  # fmt: skip
        if all(_labels(other) == _labels(first) for other in others):
            review.decided[key] = _decision(
                first, _spans(first), first.section, AGREEMENT if others else next(iter(of_block)), of_block
            )
        else:
            review.open[key] = of_block
    return review


def decide_by_majority(review: Review) -> Review:
    """Decide open paragraphs by votes: a span stays when more than half of those who labelled the paragraph
    marked it exactly so, and a section likewise. Where just half did, the paragraph stays open."""
    result = Review(dict(review.decided), {}, review.frame)
    for key, versions in review.open.items():
        half = len(versions) / 2
        spans = Counter(span for block in versions.values() for span in _spans(block))
        sections = Counter(block.section for block in versions.values())
        section, votes = sections.most_common(1)[0]
        if votes <= half or half in spans.values():
            result.open[key] = versions
        else:
            kept = [span for span, count in spans.items() if count > half]
            result.decided[key] = _decision(next(iter(versions.values())), kept, section, MAJORITY, versions)
    return result


def decide_by_adopting(review: Review, name: str) -> Review:
    """Decide open paragraphs as annotator `name` did; those that `name` has not labelled stay open.

    Raises InputError where no open paragraph has a version by `name`.
    """
    names = {annotator for versions in review.open.values() for annotator in versions}
    if review.open and name not in names:
        raise InputError(
            f"{name!r} labelled none of the open paragraphs", field="--adopt",
            todo=f"name one of {', '.join(sorted(names))}",
        )  # fmt: skip
    result = Review(dict(review.decided), {}, review.frame)
    for key, versions in review.open.items():
        if name in versions:
            block = versions[name]
            result.decided[key] = _decision(block, _spans(block), block.section, name, versions)
        else:
            result.open[key] = versions
    return result


def decide_as(review: Review, decisions: Mapping[str, LabelledBlock], reviewer: str) -> Review:
    """Decide the open paragraphs of `decisions` (by id) as they are labelled there."""
    result = Review(dict(review.decided), {}, review.frame)
    for key, versions in review.open.items():
        if key in decisions:
            block = decisions[key]
            decided = _decision(block, _spans(block), block.section, reviewer, versions)
            if isinstance(block.meta, dict) and isinstance(decided.meta, dict):
                decided.meta |= {
                    name: block.meta[name] for name in ("confirmed_at", "comments") if block.meta.get(name)
                }
            result.decided[key] = decided
        else:
            result.open[key] = versions
    return result


def _labels(block: LabelledBlock) -> tuple[str | None, set[tuple[int, int, str]]]:
    return block.section, set(_spans(block))


def _spans(block: LabelledBlock) -> list[tuple[int, int, str]]:
    return [(span.start, span.end, span.label) for span in block.entities]


def _decision(
    block: LabelledBlock,
    spans: Iterable[tuple[int, int, str]],
    section: str | None,
    by: str,
    versions: Mapping[str, LabelledBlock],
) -> LabelledBlock:
    return msgspec.structs.replace(
        block,
        section=section,
        section_score=msgspec.UNSET,
        entities=[Entity(start=start, end=end, label=label) for start, end, label in sorted(spans)],
        meta={"decided_by": by, "annotators": list(versions)},
    )


@dataclass(frozen=True)
class Written:
    """What `write_gold` did: paragraphs added, changed (only with force) and left as they were."""

    added: int
    changed: int
    same: int
    reports: int


def write_gold(workspace: Workspace, review: Review, folder: Path, *, force: bool = False) -> Written:
    """Write decided paragraphs to `folder`, a file a report, with the report's headings around them.

    What is there stays: paragraphs are added, and one whose labels would change is an InputError unless
    `force`. All is checked before anything is written. Headings and closing lines come from corpus/blocks
    or the passes.
    """
    labels = workspace.labels()
    by_report: dict[str, dict[str, LabelledBlock]] = {}
    for block in review.decided.values():
        by_report.setdefault(block.report, {})[block.id] = block
    files: dict[Path, list[LabelledBlock]] = {}
    added = changed = same = 0
    for report, fresh in sorted(by_report.items()):
        path = folder / f"{report}.jsonl"
        old = {}
        if path.exists():
            old = {b.id: b for b in read_labelled(path, sections=labels.sections, labels=labels.entities)}
        differing = [
            key for key, block in fresh.items() if key in old and _content(old[key]) != _content(block)
        ]
        if differing and not force:
            raise InputError(
                f"{len(differing)} paragraphs would change, {_shrinks(old, fresh)}first {differing[0]}",
                file=path, todo="name another --output, or add --force",
            )  # fmt: skip
        kept = {key: block for key, block in fresh.items() if key not in old or key in differing}
        added += sum(key not in old for key in kept)
        changed += len(differing)
        same += len(fresh) - len(kept)
        if kept:
            everything = {**_frame(workspace, report, review), **old, **kept}
            files[path] = sorted(everything.values(), key=lambda block: block.index)
    for path, blocks in files.items():
        write_jsonl(path, blocks)
    return Written(added, changed, same, len(files))


def _content(block: LabelledBlock) -> tuple[str, tuple[str | None, set[tuple[int, int, str]]]]:
    return block.text, _labels(block)


def _shrinks(old: Mapping[str, LabelledBlock], fresh: Mapping[str, LabelledBlock]) -> str:
    """ "N spans fewer, " where the new labels of the same paragraphs hold fewer spans."""
    shared = [key for key in fresh if key in old]
    lost = sum(len(old[key].entities) - len(fresh[key].entities) for key in shared)
    return f"{lost} spans fewer, " if lost > 0 else ""


def _frame(workspace: Workspace, report: str, review: Review) -> dict[str, LabelledBlock]:
    """Headings and closing lines of a report, by id: as segmented now, else as the passes have them."""
    path = workspace.corpus / "blocks" / f"{report}.jsonl"
    if path.is_file():
        return {block.id: as_labelled(block) for block in read_blocks(path) if block.kind != "paragraph"}
    return {key: block for key, block in review.frame.items() if block.report == report}


def version_lines(
    versions: Mapping[str, LabelledBlock], shown: Mapping[str, str] | None = None
) -> dict[str, str]:
    """For each annotator the section and the spans that not all have: a reviewer's view of an open
    paragraph. `shown`: what labels are called there.

    >>> block = LabelledBlock(id="r:1", report="r", index=1, kind="paragraph", text="区政府", section="S")
    >>> marked = msgspec.structs.replace(block, entities=[Entity(start=0, end=3, label="INST")])
    >>> version_lines({"甲": block, "乙": marked})
    {'甲': 'S', '乙': 'S | INST 区政府 @0'}
    """
    everybody = [set(_spans(block)) for block in versions.values()]
    shared = set.intersection(*everybody)
    called = shown or {}
    lines = {}
    for name, block in versions.items():
        own = [
            f"{called.get(label, label)} {block.text[start:end]} @{start}"
            for start, end, label in sorted(_spans(block))
            if (start, end, label) not in shared
        ]
        lines[name] = " | ".join([called.get(block.section or "–", block.section or "–"), *own])
    return lines


def agreed_part(versions: Sequence[LabelledBlock]) -> LabelledBlock:
    """The paragraph with the spans that all versions share, and the section where they have the same."""
    shared = set.intersection(*(set(_spans(block)) for block in versions))
    sections = {block.section for block in versions}
    entities = [Entity(start=start, end=end, label=label) for start, end, label in sorted(shared)]
    return msgspec.structs.replace(
        as_labelled(versions[0]), entities=entities, section=sections.pop() if len(sections) == 1 else None
    )
