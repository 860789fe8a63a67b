import numpy as np
import pytest

from baogao.records import Entity
from baogao.resampling import bootstrap_interval
from baogao.spans import Counts, add_counts, exact_counts


def spans(*triples):
    return [Entity(start=a, end=b, label=c) for a, b, c in triples]


def test_counts_by_hand():
    gold = spans((0, 3, "INST"), (5, 9, "DOC"), (9, 12, "DOC"))
    predicted = spans((9, 12, "DOC"), (0, 3, "DOC"), (5, 8, "DOC"), (9, 12, "DOC"))
    counts = exact_counts(gold, predicted)
    assert counts == {"INST": Counts(0, 0, 1), "DOC": Counts(1, 2, 1)}
    total = sum(counts.values(), Counts())
    assert (total.precision, total.recall, total.f1) == (1 / 3, 1 / 3, 1 / 3)
    assert add_counts([counts, counts])["DOC"] == Counts(2, 4, 2)


def test_nothing_to_find_scores_zero():
    assert (Counts().precision, Counts().recall, Counts().f1) == (0, 0, 0)


def test_the_interval_of_a_mean_is_that_of_normal_theory():
    values = list(np.random.default_rng(1).normal(size=400))
    low, high = bootstrap_interval(values, lambda sample: float(np.mean(sample)))
    error = np.std(values) / 20
    assert low == pytest.approx(np.mean(values) - 1.96 * error, abs=0.02)
    assert high == pytest.approx(np.mean(values) + 1.96 * error, abs=0.02)


def test_one_cluster_says_nothing_about_spread():
    assert bootstrap_interval([0.5], lambda sample: sample[0]) == (0.5, 0.5)
    with pytest.raises(ValueError, match="at least one"):
        bootstrap_interval([], len)
