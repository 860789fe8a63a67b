"""A fitted section classifier at work: two experts and the order of a report's sections.

One SVM reads a paragraph's text, one the headings above it. Their probabilities are multiplied (a product of
experts, Hinton 2002); a report without headings has the first alone. The paragraphs of a report are decoded
together.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from baogao.records import Block
from baogao.training.sections_decode import Step, posteriors, steps
from baogao.training.sections_expert import Expert, Fields


class SectionsConfig(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """training/sections.toml, which says what each setting does."""

    longest_ngram: int = 4
    min_texts: int = 2
    text_c: float = 0.3
    headings_c: float = 0.1
    lead_weight: float = 1.0
    upper_weight: float = 0.5
    headings_share: float = 0.5
    order_weight: float = 0.2
    item_order_weight: float = 0.3
    practice: str = ""
    real_weight: float = 1.0
    folds: int = 5


class Judge(msgspec.Struct, kw_only=True, frozen=True):
    """All that prediction needs: `labels`, `config`, the experts for text and headings, and `transitions`
    (len(Step), labels, labels) as learn_transitions gives them."""

    labels: list[str]
    config: SectionsConfig
    text: Expert
    headings: Expert
    transitions: np.ndarray

    def probabilities(self, paragraphs: Sequence[Block]) -> np.ndarray:
        """Probability of each of `labels` for paragraphs of whole reports: (n, labels), rows sum to 1."""
        if not paragraphs:
            return np.zeros((0, len(self.labels)))
        reports = split_reports(paragraphs)
        logs = self.text.log_probabilities(text_fields(paragraphs))
        has = np.repeat([_has_headings(report) for report in reports], [len(report) for report in reports])
        if has.any():
            some = [block for block, with_headings in zip(paragraphs, has, strict=True) if with_headings]
            share = self.config.headings_share
            theirs = self.headings.log_probabilities(heading_fields(some, self.config))
            logs[has] = (1 - share) * logs[has] + share * theirs
        emissions = np.exp(np.maximum(logs - logs.max(axis=1, keepdims=True), -50))
        kinds = np.array([step for report in reports for step in steps(report)])
        weights = np.full(len(Step), self.config.order_weight)
        weights[[Step.NEW_ITEM, Step.UNKNOWN]] = self.config.item_order_weight
        return posteriors(emissions, kinds, self.transitions ** weights[:, None, None])


def text_fields(paragraphs: Sequence[Block]) -> Fields:
    return [([block.text for block in paragraphs], 1.0)]


def heading_fields(paragraphs: Sequence[Block], config: SectionsConfig) -> Fields:
    return [
        ([block.path[-1] if block.path else "" for block in paragraphs], 1.0),
        ([block.lead or "" for block in paragraphs], config.lead_weight),
        (["\n".join(block.path[:-1]) for block in paragraphs], config.upper_weight),
    ]


def _has_headings(report: Sequence[Block]) -> bool:
    return any(block.path or block.lead for block in report)


def without_headings(block: Block) -> Block:
    """The paragraph as it looks on a page that lost its headings."""
    return msgspec.structs.replace(block, path=[], lead=None, level=None, number=None)


def split_reports(paragraphs: Sequence[Block]) -> list[Sequence[Block]]:
    """Paragraphs cut where the report changes."""
    cuts = [i for i in range(1, len(paragraphs)) if paragraphs[i].report != paragraphs[i - 1].report]
    return [paragraphs[a:b] for a, b in zip([0, *cuts], [*cuts, len(paragraphs)], strict=True) if b > a]
