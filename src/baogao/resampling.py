"""Uncertainty by resampling whole reports: paragraphs of one report are not independent of each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

Cluster = TypeVar("Cluster")


def bootstrap_interval(
    clusters: Sequence[Cluster],
    statistic: Callable[[Sequence[Cluster]], float],
    *,
    samples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile interval of `statistic` over `samples` draws of the clusters with replacement.

    Efron and Tibshirani, An Introduction to the Bootstrap (1993), section 13.3, on clusters. With one
    cluster both ends are the statistic itself; no cluster is a ValueError.
    """
    if not clusters:
        raise ValueError("bootstrap_interval needs at least one cluster")
    generator = np.random.default_rng(seed)
    draws = generator.integers(len(clusters), size=(samples, len(clusters)))
    values = [statistic([clusters[i] for i in draw]) for draw in draws]
    low, high = np.nanquantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
