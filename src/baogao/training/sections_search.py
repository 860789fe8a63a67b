"""Settings of the section classifier by random search, whole reports held out.

Candidates are drawn from SPACE (Bergstra and Bengio, JMLR 2012) and judged on real reports that training did
not see, once with their headings and once without any, by mean log-loss: on so few paragraphs it is steadier
than accuracy. Practice reports only train, because on them nearly all settings are equally right.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from baogao.errors import InputError
from baogao.progress import track
from baogao.records import Block, LabelledBlock
from baogao.training.sections_fit import Training
from baogao.training.sections_judge import Judge, SectionsConfig, without_headings

#: What is tried of each setting; the others stay as they are.
SPACE: dict[str, list[Any]] = {
    "text_c": [0.1, 0.3, 1.0],
    "headings_c": [0.03, 0.1, 0.3],
    "lead_weight": [1.0, 2.0],
    "upper_weight": [0.5, 1.0],
    "headings_share": [0.3, 0.4, 0.5, 0.6],
    "order_weight": [0.1, 0.2, 0.3, 0.5],
    "item_order_weight": [0.1, 0.2, 0.3, 0.5],
    "real_weight": [1.0, 3.0, 10.0],
}
VIEWS: tuple[Callable[[LabelledBlock], Block], ...] = (lambda block: block, without_headings)


class Candidate(msgspec.Struct, kw_only=True):
    """Settings, and the mean log-loss and accuracy over the held-out paragraphs of both views."""

    config: SectionsConfig
    log_loss: float
    accuracy: float


class Search:
    """Random search over the reports of `gold`, with `practice` always in training.

    The settings tried are `config` and, up to `candidates`, draws from SPACE; `folds` groups of whole gold
    reports are held out in turn (each report alone, where there are no more). Raises InputError for fewer
    than three reports.
    """

    def __init__(
        self,
        gold: Mapping[str, Sequence[LabelledBlock]],
        practice: Sequence[LabelledBlock],
        config: SectionsConfig,
        *,
        candidates: int = 60,
        folds: int = 5,
        seed: int = 0,
    ) -> None:
        if len(gold) < 3:
            raise InputError(
                f"{len(gold)} reports in annotations/gold are too few to choose settings by",
                todo="label at least three, or leave training/sections.toml as it is",
            )
        self._gold, self._practice = gold, practice
        self._folds, self._seed = folds, seed
        self.settings = draw(config, candidates, seed)
        self._kept: dict[frozenset[str], dict[str, np.ndarray]] = {}

    def run(self, *, without: str | None = None) -> list[Candidate]:
        """All settings, the best first, chosen without any sight of the report `without`."""
        names = sorted(set(self._gold) - {without})
        groups = [frozenset(names[fold :: self._folds]) for fold in range(min(self._folds, len(names)))]
        what = f"{len(self.settings)} settings, {len(groups)} folds"
        tables = []
        for held in track(groups, what if without is None else f"{what}, without {without}"):
            judged = self._judge(held | {without} if without else held)
            tables += [judged[name] for name in sorted(held)]
        table = np.concatenate(tables, axis=1)
        found = [
            Candidate(config=config, log_loss=float(losses.mean()), accuracy=float(right.mean()))
            for config, (losses, right) in zip(self.settings, np.moveaxis(table, 2, 1), strict=True)
        ]
        return sorted(found, key=lambda candidate: candidate.log_loss)

    def _judge(self, held: frozenset[str]) -> dict[str, np.ndarray]:
        """For each report of `held`, trained without all of them: (settings, paragraphs of both views, 2),
        the log-loss of each paragraph and whether its best label is right."""
        if held not in self._kept:
            rest = [block for name in sorted(set(self._gold) - held) for block in self._gold[name]]
            training = Training([*rest, *self._practice], seed=self._seed)
            judges = [training.fit(config)[0] for config in self.settings]
            self._kept[held] = {
                name: np.stack([_losses(judge, self._gold[name]) for judge in judges]) for name in held
            }
        return self._kept[held]


def draw(config: SectionsConfig, candidates: int, seed: int = 0) -> list[SectionsConfig]:
    """`config` and `candidates` - 1 other settings drawn from SPACE, no two the same."""
    from sklearn.model_selection import ParameterSampler

    sizes = math.prod(len(values) for values in SPACE.values())
    drawn = ParameterSampler(SPACE, n_iter=min(candidates, sizes), random_state=seed)
    others = [msgspec.structs.replace(config, **settings) for settings in drawn]
    return [config, *(other for other in others if other != config)][:candidates]


def _losses(judge: Judge, blocks: Sequence[LabelledBlock]) -> np.ndarray:
    """(paragraphs of both views, 2): log-loss and whether right; a label that training never saw costs as
    much as a probability of one in a thousand."""
    paragraphs = [block for block in blocks if block.kind == "paragraph" and block.section is not None]
    rows = []
    for view in VIEWS:
        table = judge.probabilities([view(block) for block in paragraphs])
        for block, row in zip(paragraphs, table, strict=True):
            given = row[judge.labels.index(block.section)] if block.section in judge.labels else 0.0
            rows.append((-np.log(max(given, 1e-3)), given == row.max()))
    return np.array(rows, dtype=float)
