"""All that is to say about one system: figures, mistakes, slices, calibration and leakage in one place."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from baogao.errors import InputError
from baogao.evaluate.calibration import Calibration, calibrate, entity_scores, section_scores
from baogao.evaluate.leakage import Leak, LeakSummary, summarise
from baogao.evaluate.mistakes import Known, Mistake, find_mistakes
from baogao.evaluate.pairs import Pair
from baogao.evaluate.predictions import SystemPairs
from baogao.evaluate.results import Result, evaluate_system, workspace_leaks
from baogao.evaluate.score import Score, score_pairs
from baogao.evaluate.settings import Benchmark, read_benchmark
from baogao.evaluate.slices import Slice, slices
from baogao.records import LabelledBlock
from baogao.workspace import Workspace


@dataclass
class Analysis:
    """One system on the gold of a workspace. Parts are computed when they are asked for, from the predictions
    of the first seed."""

    workspace: Workspace
    result: Result
    found: SystemPairs
    leaks: list[Leak]

    @classmethod
    def of(cls, workspace: Workspace, system: str, leaks: list[Leak] | None = None) -> Analysis:
        """Read and score the predictions of `system`; InputError as `predictions.read_system`. `leaks`: those
        of `results.workspace_leaks`, where they are known already."""
        leaks = workspace_leaks(workspace) if leaks is None else leaks
        result, found = evaluate_system(workspace, system, leaks)
        return cls(workspace, result, found, leaks)

    @property
    def pairs(self) -> list[Pair]:
        return self.found.pairs

    @cached_property
    def settings(self) -> Benchmark:
        return read_benchmark(self.workspace)

    @cached_property
    def score(self) -> Score:
        return score_pairs(self.pairs)

    @cached_property
    def gold(self) -> dict[str, list[LabelledBlock]]:
        return self.workspace.labelled("gold")

    @cached_property
    def practice(self) -> list[LabelledBlock]:
        return [block for blocks in self.workspace.labelled("practice").values() for block in blocks]

    @cached_property
    def known(self) -> Known:
        return Known(self.gold, self.practice)

    @cached_property
    def mistakes(self) -> list[Mistake]:
        return find_mistakes(self.pairs, self.known, self.workspace.labels())

    @cached_property
    def slices(self) -> list[Slice]:
        reports = {report.id: report for report in self.workspace.reports()}
        return slices(
            self.pairs, known=self.known, reports=reports, sources=self._sources(),
            practice=frozenset(block.report for block in self.practice), settings=self.settings.slices,
        )  # fmt: skip

    @property
    def leak_summary(self) -> list[LeakSummary]:
        return summarise([p.gold for p in self.pairs], self.leaks, self.settings.leakage)

    @property
    def calibration(self) -> dict[str, Calibration | None]:
        """Of entities ("ner") and of sections."""
        return {
            "ner": calibrate(entity_scores(self.pairs)),
            "sections": calibrate(section_scores(self.pairs)),
        }

    def _sources(self) -> dict[str, str]:
        """Decoded text of the reports that are plain text; offsets of blocks count in it."""
        found = {}
        for report in self.workspace.reports():
            file = self.workspace.corpus / report.file
            if file.suffix == ".txt" and file.is_file():
                try:
                    found[report.id] = file.read_text(encoding="utf-8-sig")
                except UnicodeDecodeError:
                    continue
        return found


def example(pair: Pair, mistake: Mistake, *, context: int = 12) -> tuple[str, str, str]:
    """(gold, predicted, context) of a mistake as text: spans with their labels, "–" for none."""
    text = pair.gold.text
    spans = [span for span in (mistake.gold, mistake.predicted) if span]
    if not spans:
        raise InputError("a mistake has a gold or a predicted span")
    start, end = min(s.start for s in spans), max(s.end for s in spans)
    before, after = max(0, start - context), end + context
    around = ("…" if before else "") + text[before:after] + ("…" if after < len(text) else "")
    gold, predicted = (
        f"{text[s.start : s.end]} {s.label}" if s else "–" for s in (mistake.gold, mistake.predicted)
    )
    return gold, predicted, around
