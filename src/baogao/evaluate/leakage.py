"""Text that test reports share with training reports, clause by clause.

Reports copy each other's set phrases. A span inside a clause that the model saw in training, nearly as it
stands, tells little about new text; so every figure is given on all and on the leak-free part. Two clauses
are near-duplicates from a Jaccard similarity of their character n-gram sets on (Broder 1997), after width
and white space are made equal.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from baogao.evaluate.pairs import Pair
from baogao.evaluate.settings import Leakage
from baogao.progress import track
from baogao.records import Block, LabelledBlock

_CLAUSE = re.compile(r"[^,,。;;::!!??\n]+")


class Clause(NamedTuple):
    """Characters [start, end) of block `id`."""

    report: str
    id: str
    start: int
    end: int
    text: str


class Leak(NamedTuple):
    """A test clause, the most similar training clause and their similarity (0 to 1)."""

    clause: Clause
    source: Clause
    similarity: float


class LeakSummary(msgspec.Struct, kw_only=True):
    """Of one report, or of all: clauses long enough to judge, how many leak, and the share of characters."""

    report: str
    clauses: int
    leaked: int
    share: float


def clauses(blocks: Iterable[Block], *, min_length: int) -> list[Clause]:
    """Clauses of paragraphs, of at least `min_length` characters, cut at , 。 ; : ! ?"""
    return [
        Clause(block.report, block.id, match.start(), match.end(), match.group())
        for block in blocks
        if block.kind == "paragraph"
        for match in _CLAUSE.finditer(block.text)
        if match.end() - match.start() >= min_length
    ]


def ngrams(text: str, size: int) -> frozenset[str]:
    """Character n-grams of `text`, width and white space made equal."""
    text = "".join(unicodedata.normalize("NFKC", text).split())
    return frozenset(text[i : i + size] for i in range(max(1, len(text) - size + 1)))


def find_leaks(
    test: Sequence[Block], train: Sequence[Block], settings: Leakage, *, progress: bool = False
) -> list[Leak]:
    """The clauses of `test` that have a near-duplicate in another report of `train`.

    A report never leaks into itself, so leave-one-report-out is one call with all reports on both sides.
    """
    sources = clauses(train, min_length=settings.min_length)
    grams = [ngrams(clause.text, settings.ngram) for clause in sources]
    index: dict[str, list[int]] = defaultdict(list)
    for number, some in enumerate(grams):
        for gram in some:
            index[gram].append(number)
    leaks = []
    queries = clauses(test, min_length=settings.min_length)
    for clause in track(queries, "near-duplicates") if progress else queries:
        own = ngrams(clause.text, settings.ngram)
        # Prefix filter: at Jaccard t one of any (1-t)|own|+1 n-grams is shared; the rarest are cheapest.
        needed = len(own) - int(settings.threshold * len(own)) + 1
        rare = sorted(own, key=lambda gram: (len(index.get(gram, ())), gram))[:needed]
        candidates = {number for gram in rare for number in index.get(gram, ())}
        best = max(
            (
                (len(own & grams[n]) / len(own | grams[n]), -n)
                for n in candidates
                if sources[n].report != clause.report
            ),
            default=(0.0, 0),
        )
        if best[0] >= settings.threshold:
            leaks.append(Leak(clause, sources[-best[1]], best[0]))
    return leaks


def summarise(test: Sequence[Block], leaks: Sequence[Leak], settings: Leakage) -> list[LeakSummary]:
    """One summary a test report, and "all" at the end. Shares are of all characters of paragraphs."""
    judged = Counter(clause.report for clause in clauses(test, min_length=settings.min_length))
    size: Counter[str] = Counter()
    for block in test:
        size[block.report] += len(block.text) if block.kind == "paragraph" else 0
    leaked = Counter(leak.clause.report for leak in leaks)
    characters: Counter[str] = Counter()
    for leak in leaks:
        characters[leak.clause.report] += leak.clause.end - leak.clause.start
    rows = [
        LeakSummary(
            report=report, clauses=judged[report], leaked=leaked[report],
            share=characters[report] / max(1, size[report]),
        )
        for report in size
    ]  # fmt: skip
    total = characters.total() / max(1, size.total())
    return [*rows, LeakSummary(report="all", clauses=judged.total(), leaked=leaked.total(), share=total)]


def leak_free(pairs: Sequence[Pair], leaks: Iterable[Leak]) -> list[Pair]:
    """The pairs without what leaked: spans that touch a leaked clause go on both sides, and so does the
    section of a paragraph of which at least half leaked."""
    ranges: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for leak in leaks:
        ranges[leak.clause.id].append((leak.clause.start, leak.clause.end))
    return [
        Pair(*(_outside(block, ranges) for block in p)) if p.gold.id in ranges else p for p in pairs
    ]  # fmt: skip


def _outside(block: LabelledBlock, ranges: Mapping[str, list[tuple[int, int]]]) -> LabelledBlock:
    leaked = ranges[block.id]
    kept = [s for s in block.entities if all(s.end <= start or end <= s.start for start, end in leaked)]
    mostly = sum(end - start for start, end in leaked) >= len(block.text) / 2
    return msgspec.structs.replace(block, entities=kept, section=None if mostly else block.section)
