"""evaluate/benchmark.toml: what a workspace's own benchmark is."""

from __future__ import annotations

import msgspec

from baogao.workspace import Workspace


class Folds(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """[leave_one_report_out]: training seeds, and how many folds run at once."""

    seeds: tuple[int, ...] = (0,)
    jobs: int = 2


class Leakage(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """[leakage]: clauses are near-duplicates from this Jaccard similarity of character n-grams on; a split
    in which more than `max_share` of the test characters have one in training fails."""

    ngram: int = 5
    threshold: float = 0.8
    min_length: int = 8
    max_share: float = 0.05


class Slices(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """[slices]: fewer gold spans than `few` are marked, paragraphs over `long` characters are long."""

    few: int = 20
    long: int = 300


class Benchmark(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The whole file; every table may be left out."""

    samples: int = 1000  # bootstrap samples
    seed: int = 0  # of the resampling
    # systems of evaluate/compare_ner.py that stand beside ours, once it has run
    peers: tuple[str, ...] = ("crf", "spacy-characters")
    leave_one_report_out: Folds = msgspec.field(default_factory=Folds)
    leakage: Leakage = msgspec.field(default_factory=Leakage)
    slices: Slices = msgspec.field(default_factory=Slices)


def read_benchmark(workspace: Workspace) -> Benchmark:
    """The workspace's benchmark.toml, or the defaults where it has none."""
    file = "evaluate/benchmark.toml"
    return workspace.config(file, Benchmark) if (workspace.root / file).exists() else Benchmark()
