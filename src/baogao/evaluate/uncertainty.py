"""How sure a figure is: intervals and paired tests that resample reports, never single sentences.

Paragraphs of one report share their author and their phrases, so only whole reports are exchangeable. All
functions work on a Tally: the counts of one system, report by report, as arrays that sum quickly.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from baogao.errors import InputError
from baogao.evaluate.pairs import Pair
from baogao.spans import exact_counts

# Below this many reports a percentile interval is too narrow: it cannot contain what no report showed.
FEW_REPORTS = 10


@dataclass(frozen=True)
class Tally:
    """Counts of one system by report. ner[r, l]: tp, fp, fn of label l; sections[r, s, t]: paragraphs of gold
    section s that got t, the last column for none. Arrays of counts (int)."""

    reports: list[str]
    labels: list[str]
    section_labels: list[str]
    ner: np.ndarray
    sections: np.ndarray

    @classmethod
    def of(cls, pairs: Sequence[Pair]) -> Tally:
        """Count the exact matches and the section confusions of each report."""
        reports = list(dict.fromkeys(p.gold.report for p in pairs))
        spans = (span for p in pairs for block in p for span in block.entities)
        labels = sorted({span.label for span in spans})
        judged = [p for p in pairs if p.gold.section is not None]
        names = sorted({block.section for p in judged for block in p if block.section is not None})
        ner = np.zeros((len(reports), len(labels), 3), dtype=np.int64)
        sections = np.zeros((len(reports), len(names), len(names) + 1), dtype=np.int64)
        row, column = _index(reports), _index(labels)
        for p in pairs:
            for label, counts in exact_counts(p.gold.entities, p.predicted.entities).items():
                ner[row[p.gold.report], column[label]] += (counts.tp, counts.fp, counts.fn)
        cell = _index(names)
        for p in judged:
            got = len(names) if p.predicted.section is None else cell[p.predicted.section]
            sections[row[p.gold.report], cell[p.gold.section], got] += 1
        return cls(reports, labels, names, ner, sections)

    def names(self) -> list[str]:
        """The figures that can be given: none of entities where no entity was predicted, none of sections
        where no section was, for then the system was not made for them."""
        names = []
        if self.ner[:, :, :2].any():
            names += [f"ner.{what}" for what in ("precision", "recall", "f1", "macro_f1")]
            names += [
                f"ner.labels.{label}.{what}"
                for label in self.labels
                for what in ("precision", "recall", "f1")
            ]
        if self.sections[:, :, :-1].any():
            names += ["sections.accuracy", "sections.macro_f1"]
            names += [f"sections.labels.{label}.f1" for label in self.section_labels]
        return names

    def value(self, name: str) -> float:
        """The figure `name` over all reports."""
        return float(self.values(name, np.ones((1, len(self.reports)), dtype=np.int64))[0])

    def values(self, name: str, weights: np.ndarray) -> np.ndarray:
        """The figure `name` for each row of `weights`: (draws, reports), how often each report counts."""
        kind, _, rest = name.partition(".")
        label, _, what = rest.removeprefix("labels.").rpartition(".")
        weights = weights.astype(np.float64)  # products of floats are BLAS's; counts stay exact below 2**53
        if kind == "ner":
            tp, fp, fn = np.moveaxis(np.tensordot(weights, self.ner, axes=1), -1, 0)
            names = self.labels
        else:
            table = np.tensordot(weights, self.sections, axes=1)
            names = self.section_labels
            tp = np.diagonal(table[:, :, : len(names)], axis1=1, axis2=2)
            fp, fn = table[:, :, : len(names)].sum(axis=1) - tp, table.sum(axis=2) - tp
        if label:
            at = names.index(label)
            return _rate(what, tp[:, at], fp[:, at], fn[:, at])
        if what == "macro_f1":
            present = (tp + fp + fn) > 0
            return _rate("f1", tp, fp, fn).sum(axis=1) / np.maximum(present.sum(axis=1), 1)
        if what == "accuracy":  # every judged paragraph is found or missed
            return _rate("recall", tp.sum(axis=1), fp.sum(axis=1), fn.sum(axis=1))
        return _rate(what, tp.sum(axis=1), fp.sum(axis=1), fn.sum(axis=1))


def _index(names: Sequence) -> dict:
    return {name: index for index, name in enumerate(names)}


def _rate(what: str, tp, fp, fn):
    top, bottom = {
        "precision": (tp, tp + fp),
        "recall": (tp, tp + fn),
        "f1": (2 * tp, 2 * tp + fp + fn),
    }[what]
    return np.divide(top, np.maximum(bottom, 1))


class Interval(msgspec.Struct, kw_only=True):
    """A figure, the mean over seeds where there are several, with its 95% interval over reports."""

    value: float
    low: float
    high: float
    seeds: list[float] = []


def intervals(
    tallies: Sequence[Tally], *, names: Sequence[str] | None = None, samples: int = 1000, seed: int = 0
) -> dict[str, Interval]:
    """Interval of each figure for one system: one Tally a training seed, of the same reports."""
    weights = _draws(len(tallies[0].reports), samples, seed)
    found = {}
    for name in tallies[0].names() if names is None else names:
        known = [tally for tally in tallies if name in tally.names()]
        low, high = _percentiles(_mean(known, name, weights))
        values = [tally.value(name) for tally in known]
        found[name] = Interval(
            value=float(np.mean(values)), low=low, high=high, seeds=values if len(values) > 1 else []
        )
    return found


def _draws(count: int, samples: int, seed: int) -> np.ndarray:
    """(samples, count): how often each of `count` reports is drawn. The draws are those of
    `baogao.resampling.bootstrap_interval`; as weights, one product gives the counts of all of them."""
    drawn = np.random.default_rng(seed).integers(count, size=(samples, count))
    weights = np.zeros((samples, count), dtype=np.int64)
    np.add.at(weights, (np.arange(samples)[:, None], drawn), 1)
    return weights


def _percentiles(values: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _mean(tallies: Sequence[Tally], name: str, weights: np.ndarray) -> np.ndarray:
    """Mean over seeds for each row of weights."""
    return np.mean([tally.values(name, weights) for tally in tallies], axis=0)


class Difference(msgspec.Struct, kw_only=True):
    """b - a on one figure: paired bootstrap interval, two-sided p of approximate randomisation."""

    name: str
    a: float
    b: float
    difference: float
    low: float
    high: float
    p: float
    smallest_p: float
    reports: int


def difference(
    a: Sequence[Tally], b: Sequence[Tally], name: str, *, samples: int = 2000, seed: int = 0
) -> Difference:
    """Compare two systems on the same reports.

    Interval: paired bootstrap over reports (Koehn 2004). p: the systems' outputs are swapped report by
    report, all 2^n ways where there are few enough, else `samples` random ones (Noreen 1989; Yeh 2000).
    `smallest_p` is the least p that so many reports can give. Raises InputError on different reports.
    """
    reports = a[0].reports
    if any(set(tally.reports) != set(reports) for tally in (*a, *b)):
        raise InputError("the two systems were not run on the same reports", todo="predict the same reports")
    a, b = [_ordered(t, reports) for t in a], [_ordered(t, reports) for t in b]
    count = len(reports)
    weights = _draws(count, samples, seed)
    low, high = _percentiles(_mean(b, name, weights) - _mean(a, name, weights))
    every = np.ones((1, count), dtype=np.int64)
    values = float(_mean(a, name, every)[0]), float(_mean(b, name, every)[0])
    exhaustive = 2**count <= samples
    swaps = (
        np.array(list(itertools.product([0, 1], repeat=count)))
        if exhaustive
        else np.random.default_rng(seed).integers(2, size=(samples, count))
    )
    # Both systems' reports one after the other; a swap takes each report from one or the other.
    mixed = [_stacked(one, other) for one, other in zip(_match(a, b), _match(b, a), strict=True)]
    left, right = np.hstack([1 - swaps, swaps]), np.hstack([swaps, 1 - swaps])
    gaps = np.abs(_mean(mixed, name, right) - _mean(mixed, name, left))
    extreme = int((gaps >= abs(values[1] - values[0]) - 1e-12).sum())
    p = extreme / len(swaps) if exhaustive else (extreme + 1) / (len(swaps) + 1)
    return Difference(
        name=name, a=values[0], b=values[1], difference=values[1] - values[0], low=low, high=high, p=float(p),
        smallest_p=2 / 2**count if exhaustive else 1 / (samples + 1), reports=count,
    )  # fmt: skip


def _match(these: Sequence[Tally], others: Sequence[Tally]) -> list[Tally]:
    """`these`, repeated to a number of seeds that both systems divide."""
    size = int(np.lcm(len(these), len(others)))
    return [these[i % len(these)] for i in range(size)]


def _ordered(tally: Tally, reports: Sequence[str]) -> Tally:
    rows = [tally.reports.index(report) for report in reports]
    return Tally(list(reports), tally.labels, tally.section_labels, tally.ner[rows], tally.sections[rows])


def _stacked(one: Tally, other: Tally) -> Tally:
    """Both tallies under a common set of labels, the reports of `other` after those of `one`."""
    labels = sorted({*one.labels, *other.labels})
    names = sorted({*one.section_labels, *other.section_labels})
    count = len(one.reports)
    ner = np.zeros((2 * count, len(labels), 3), dtype=np.int64)
    sections = np.zeros((2 * count, len(names), len(names) + 1), dtype=np.int64)
    for offset, tally in ((0, one), (count, other)):
        rows = slice(offset, offset + count)
        ner[rows, [labels.index(label) for label in tally.labels]] = tally.ner
        cells = [names.index(name) for name in tally.section_labels]
        if cells:
            sections[rows][:, np.ix_(cells)[0][:, None], np.array([*cells, len(names)])[None]] = (
                tally.sections
            )
    return Tally(one.reports + other.reports, labels, names, ner, sections)


def few_reports(count: int) -> str | None:
    """The warning to print beside intervals over `count` reports; None when there are enough."""
    if count < 2:
        return "one report only: no interval can be given"
    if count < FEW_REPORTS:
        return (
            f"{count} reports are too few for a sure interval: read it as the spread between them "
            f"(from {FEW_REPORTS} reports on it begins to mean 95%)"
        )
    return None
