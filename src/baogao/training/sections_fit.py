"""Fitting the section classifier. What several settings share is computed once, so that a search is cheap."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

import numpy as np

from baogao.errors import InputError
from baogao.records import Block, LabelledBlock
from baogao.training.sections_decode import learn_transitions, steps
from baogao.training.sections_expert import Expert, Fitted, fit_expert, to_rows
from baogao.training.sections_features import Vocabulary
from baogao.training.sections_judge import (
    Judge,
    SectionsConfig,
    heading_fields,
    split_reports,
    text_fields,
    without_headings,
)
from baogao.training.splits import is_real

Made = TypeVar("Made")
EXPERTS = ("text", "headings")


class Training:
    """Labelled paragraphs of whole reports, in order, and what was computed from them so far.

    Raises InputError when there are fewer than two labels or reports to learn from.
    """

    def __init__(self, train: Sequence[LabelledBlock], *, seed: int = 0) -> None:
        self.paragraphs = [b for b in train if b.kind == "paragraph" and b.section is not None]
        self.labels = sorted({block.section for block in self.paragraphs if block.section})
        self.reports = split_reports(self.paragraphs)
        self.seed = seed
        if len(self.labels) < 2 or len(self.reports) < 2:
            raise InputError(
                f"{len(self.paragraphs)} labelled paragraphs of {len(self.reports)} reports with "
                f"{len(self.labels)} sections are too few for a section classifier",
                todo="label paragraphs of at least two reports in annotations/gold or annotations/practice",
            )
        position = {label: i for i, label in enumerate(self.labels)}
        self.target = np.array([position[block.section or ""] for block in self.paragraphs])
        self._sizes = [len(report) for report in self.reports]
        self._kept: dict[Hashable, Any] = {}

    def fit(self, config: SectionsConfig) -> tuple[Judge, dict[str, Fitted]]:
        """The classifier with these settings, and the scikit-learn estimators behind its experts."""
        fitted = {name: self._expert(name, config) for name in EXPERTS}
        judge = Judge(
            labels=self.labels,
            config=config,
            text=fitted["text"][1],
            headings=fitted["headings"][1],
            transitions=self._once(("transitions",), self._transitions),
        )
        return judge, {name: fit for name, (fit, _) in fitted.items()}

    def vocabulary(self, config: SectionsConfig) -> Vocabulary:
        """The n-grams of texts and headings."""
        headings = {heading for block in self.paragraphs for heading in block.path}
        texts = [*(block.text for block in self.paragraphs), *headings]
        longest, least = config.longest_ngram, config.min_texts
        return self._once(("vocabulary", longest, least), lambda: Vocabulary.fit(texts, longest, least))

    def _expert(self, name: str, config: SectionsConfig) -> tuple[Fitted, Expert]:
        vocabulary = self.vocabulary(config)
        text = name == "text"
        fields = text_fields(self.paragraphs) if text else heading_fields(self.paragraphs, config)
        c = config.text_c if text else config.headings_c
        shape = (name, config.longest_ngram, config.min_texts, *(weight for _, weight in fields))
        rows = self._once(("rows", *shape), lambda: to_rows(fields, vocabulary))
        weighing = (config.practice, config.real_weight, config.folds)

        def make() -> tuple[Fitted, Expert]:
            fold_of, weights = self.fold_of(config), self.weights(config)
            fit = fit_expert(rows, self.target, fold_of, weights=weights, c=c, seed=self.seed)
            return fit, Expert(vocabulary, fit.arrays(), len(self.labels))

        return self._once(("expert", *shape, c, *weighing), make)

    def _transitions(self) -> np.ndarray:
        """Learned from each report with its headings and without."""
        views: list[Sequence[Block]] = [
            self.paragraphs,
            [without_headings(block) for block in self.paragraphs],
        ]
        return learn_transitions(
            np.split(self.target, np.cumsum(self._sizes)[:-1]) * 2,
            [steps(report) for view in views for report in split_reports(view)],
            len(self.labels),
        )

    def fold_of(self, config: SectionsConfig) -> np.ndarray:
        """A fold for each paragraph, whole reports together, real reports spread over the folds."""
        count = min(config.folds, len(self.reports))

        def make() -> np.ndarray:
            generator = np.random.default_rng(self.seed)
            real = self._real(config)
            order = generator.permutation(len(self.reports))
            order = order[np.argsort(~real[order], kind="stable")]
            folds = np.empty(len(order), dtype=int)
            folds[order] = np.arange(len(order)) % count
            return np.repeat(folds, self._sizes)

        return self._once(("folds", count, config.practice), make)

    def weights(self, config: SectionsConfig) -> np.ndarray:
        """How much each paragraph counts: (n,); the same for all where all reports are of one kind."""
        real = self._real(config)
        return np.repeat(np.where(real, 1.0 if real.all() else config.real_weight, 1.0), self._sizes)

    def _real(self, config: SectionsConfig) -> np.ndarray:
        """Which reports are real ones."""
        return np.array([is_real(report[0].report, config.practice) for report in self.reports])

    def _once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]
