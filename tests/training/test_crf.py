"""The CRF against every path written out."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest

from baogao.training.crf import Tags, forward_backward, path_score

TAGS = Tags(["A", "B"])
LENGTHS = [4, 1, 3]


@pytest.fixture
def batch():
    rng = np.random.default_rng(0)
    emissions = rng.standard_normal((sum(LENGTHS), len(TAGS))).astype(np.float32)
    transitions = rng.standard_normal((len(TAGS), len(TAGS))).astype(np.float32)
    return emissions, transitions


def decode(ids):
    """The spans that a path spells, None where it breaks one."""
    text = "".join("__" if i == 0 else TAGS.names[i][2] + TAGS.names[i][0] for i in ids)
    spans, place = [], 0
    for match in re.finditer(r"__|([AB])(?:S|B(?:\1I)*\1E)", text):
        if match.start() != place:
            return None
        place = match.end()
        if match[1]:
            spans.append((match.start() // 2, place // 2, match[1]))
    return spans if place == len(text) else None


def paths(length):
    """Every path the constraints allow, found without them."""
    for path in itertools.product(range(len(TAGS)), repeat=length):
        if decode(path) is not None:
            yield np.array(path)


def brute(emissions, transitions):
    found = [
        (emissions[range(len(path)), path].sum() + transitions[path[:-1], path[1:]].sum(), path)
        for path in paths(len(emissions))
    ]
    weights = np.exp([score for score, _ in found])
    return np.log(weights.sum()), weights / weights.sum(), [path for _, path in found]


def sequences(emissions):
    return np.split(emissions, np.cumsum(LENGTHS)[:-1])


def test_partition_and_marginals_are_those_of_all_paths(batch):
    emissions, transitions = batch
    lattice = forward_backward(emissions, LENGTHS, transitions, TAGS)
    marginals = []
    for index, rows in enumerate(sequences(emissions)):
        log_z, weights, found = brute(rows, transitions)
        assert lattice.log_z[index] == pytest.approx(log_z, abs=1e-5)
        table = np.zeros_like(rows)
        for weight, path in zip(weights, found, strict=True):
            table[range(len(path)), path] += weight
        marginals.append(table)
    np.testing.assert_allclose(lattice.marginals, np.concatenate(marginals), atol=1e-6)


def test_expected_transitions_are_those_of_all_paths(batch):
    emissions, transitions = batch
    expected = np.zeros_like(transitions)
    for rows in sequences(emissions):
        _, weights, found = brute(rows, transitions)
        for weight, path in zip(weights, found, strict=True):
            np.add.at(expected, (path[:-1], path[1:]), weight)
    lattice = forward_backward(emissions, LENGTHS, transitions, TAGS)
    np.testing.assert_allclose(lattice.expected_transitions, expected, atol=1e-5)


def test_span_probability_is_that_of_all_paths_with_the_span(batch):
    emissions, transitions = batch
    lattice = forward_backward(emissions, LENGTHS, transitions, TAGS)
    for index, rows in enumerate(sequences(emissions)):
        _, weights, found = brute(rows, transitions)
        sums: dict = {}
        for weight, path in zip(weights, found, strict=True):
            for span in decode(path):
                sums[span] = sums.get(span, 0.0) + weight
        for span, probability in sums.items():
            found = lattice.span_probability(index, span)
            assert found == pytest.approx(probability, abs=1e-5)
            assert type(found) is float  # numpy's own does not go into JSON


@pytest.mark.parametrize("least", [0.0, 0.05, 0.3, 0.6])
def test_probable_spans_are_all_that_are_probable_enough_and_do_not_overlap(batch, least):
    emissions, transitions = batch
    lattice = forward_backward(emissions, LENGTHS, transitions, TAGS)
    for index, spans in enumerate(lattice.probable_spans(least)):
        assert all(a[1] <= b[0] for a, b in itertools.pairwise(spans))
        kept = {span[:3]: span[3] for span in spans}
        every = {
            (start, end, label): lattice.span_probability(index, (start, end, label))
            for start, end in itertools.combinations(range(LENGTHS[index] + 1), 2)
            for label in TAGS.labels
        }
        for span, probability in every.items():
            if span in kept:
                assert kept[span] == pytest.approx(probability, abs=1e-6) and probability >= least
            elif probability > max(least, 0.01):
                overlapping = [p for other, p in kept.items() if other[0] < span[1] and span[0] < other[1]]
                assert max(overlapping) >= probability


def test_gradient_of_the_log_likelihood_is_marginals_less_gold(batch):
    emissions, transitions = batch
    gold = np.concatenate([
        TAGS.encode(4, [(0, 2, "A"), (3, 4, "B")]), TAGS.encode(1, []), TAGS.encode(3, [(0, 3, "B")])
    ])  # fmt: skip

    def loss(e, t):
        return forward_backward(e, LENGTHS, t, TAGS).log_z.sum() - path_score(e, gold, LENGTHS, t)[0]

    lattice = forward_backward(emissions, LENGTHS, transitions, TAGS)
    by_emission = lattice.marginals.copy()
    by_emission[range(len(gold)), gold] -= 1
    by_transition = lattice.expected_transitions - path_score(emissions, gold, LENGTHS, transitions)[1]
    step = 1e-2
    for place in [(0, 0), (2, 3), (4, 8), (7, 5)]:
        bump = np.zeros_like(emissions)
        bump[place] = step
        slope = (loss(emissions + bump, transitions) - loss(emissions - bump, transitions)) / (2 * step)
        assert by_emission[place] == pytest.approx(slope, abs=1e-3)
    for place in [(0, 0), (1, 2), (1, 3), (3, 5)]:
        bump = np.zeros_like(transitions)
        bump[place] = step
        slope = (loss(emissions, transitions + bump) - loss(emissions, transitions - bump)) / (2 * step)
        assert by_transition[place] == pytest.approx(slope, abs=1e-3)


def test_no_path_breaks_a_span_however_strong_the_emissions():
    rng = np.random.default_rng(1)
    emissions = (rng.standard_normal((50, len(TAGS))) * 200).astype(np.float32)
    transitions = np.zeros((len(TAGS), len(TAGS)), dtype=np.float32)
    lattice = forward_backward(emissions, [50], transitions, TAGS)
    spans = lattice.probable_spans(0.5)[0]
    assert spans and all(a[1] <= b[0] for a, b in itertools.pairwise(spans))
    assert np.isfinite(lattice.log_z).all()
    np.testing.assert_allclose(lattice.marginals.sum(axis=1), 1, atol=1e-4)


def test_a_sequence_scores_the_same_alone_and_in_a_batch(batch):
    emissions, transitions = batch
    together = forward_backward(emissions, LENGTHS, transitions, TAGS).marginals
    alone = [
        forward_backward(rows, [len(rows)], transitions, TAGS).marginals for rows in sequences(emissions)
    ]
    np.testing.assert_allclose(together, np.concatenate(alone), atol=1e-6)
