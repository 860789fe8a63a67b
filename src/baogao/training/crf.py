"""A linear-chain conditional random field over BIOES tags, in NumPy, a batch at a time.

Lafferty, McCallum and Pereira (ICML 2001); tags that no span can produce are forbidden, so every path is a
set of spans that do not overlap. Emissions of several sequences come packed, one after the other: shape
(characters, tags), float32, with `lengths` saying where each ends. Transitions: shape (tags, tags), from
row to column.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Span = tuple[int, int, str]  # start, end (half-open), label
ScoredSpan = tuple[int, int, str, float]  # and its probability

_FLOOR = -60.0  # emissions further below the best of their character count as this: exp stays in float32


class Tags:
    """The BIOES tags of some labels: O, then B- I- E- S- of each label in order."""

    def __init__(self, labels: Sequence[str]) -> None:
        self.labels = tuple(labels)
        self.names = ["O", *(f"{part}-{label}" for label in self.labels for part in "BIES")]
        parts = [name[0] for name in self.names]
        kinds = [name[2:] for name in self.names]
        self.starts = np.array([part in "OBS" for part in parts])
        self.ends = np.array([part in "OES" for part in parts])
        inside = np.array([[part in "IE" and kind == other for part, kind in zip(parts, kinds, strict=True)]
                           for other in kinds])  # fmt: skip
        self.allowed = np.where(self.ends[:, None], self.starts[None, :], inside)

    def __len__(self) -> int:
        return len(self.names)

    def encode(self, length: int, spans: Iterable[Span]) -> Ints:
        """Tag ids, shape (length,), of spans that do not overlap."""
        ids = np.zeros(length, dtype=np.int64)
        for start, end, label in spans:
            first = 1 + 4 * self.labels.index(label)
            if end - start == 1:
                ids[start] = first + 3
            else:
                ids[start], ids[start + 1 : end - 1], ids[end - 1] = first, first + 1, first + 2
        return ids


@dataclass
class Lattice:
    """What one forward-backward pass knows. Time-major arrays: (longest, sequences, tags)."""

    tags: Tags
    lengths: Ints
    steps: NDArray[np.float64]  # exp(transitions), 0 where forbidden
    scores: Floats  # exp(emissions), each character's best as 1
    alpha: Floats
    beta: Floats
    norms: Floats  # (longest, sequences)
    log_z: NDArray[np.float64]  # (sequences,)
    time: Ints  # row of each packed character in the arrays above, and its column
    sequence: Ints

    @property
    def marginals(self) -> Floats:
        """Probability of each tag at each character: (characters, tags), rows sum to 1."""
        return (self.alpha * self.beta)[self.time, self.sequence]

    @property
    def expected_transitions(self) -> NDArray[np.float64]:
        """Expected count of each transition over the batch: (tags, tags)."""
        if len(self.alpha) < 2:
            return np.zeros(self.steps.shape)
        coming = self.scores[1:] * self.beta[1:] / self.norms[1:, :, None]
        coming *= self._real[1:, :, None]
        size = len(self.tags)
        pairs = self.alpha[:-1].reshape(-1, size).T @ coming.reshape(-1, size)
        return self.steps * pairs

    @property
    def _real(self) -> NDArray[np.bool_]:
        return np.arange(len(self.alpha))[:, None] < self.lengths[None, :]

    def span_probability(self, sequence: int, span: Span) -> float:
        """Probability, 0 to 1, that `span` with its label and both its edges is in the sequence."""
        start, end, label = span
        path = self.tags.encode(end, [span])
        probability = float(self.alpha[start, sequence, path[start]])
        for t in range(start + 1, end):
            probability *= float(self.steps[path[t - 1], path[t]]) * float(
                self.scores[t, sequence, path[t]] / self.norms[t, sequence]
            )
        return min(1.0, probability * float(self.beta[end - 1, sequence, path[end - 1]]))

    def probable_spans(self, least: float) -> list[list[ScoredSpan]]:
        """Of each sequence the spans that are at least `least` probable, with that probability, in order;
        where two overlap, the more probable one. `least` counts as 0.01 where it is less: below, there
        is a span at every character."""
        least = max(least, 0.01)
        found: list[list[ScoredSpan]] = [[] for _ in self.lengths]
        marginals = self.alpha * self.beta
        marginals[~self._real] = 0.0
        for kind, label in enumerate(self.tags.labels):
            begin = 1 + 4 * kind
            for t, row in np.argwhere(marginals[:, :, begin + 3] >= least).tolist():
                found[row].append((t, t + 1, label, min(1.0, float(marginals[t, row, begin + 3]))))
            for t, row in np.argwhere(marginals[:, :, begin] >= least).tolist():
                found[row] += self._spans_from(t, row, kind, least)
        return [_without_overlaps(spans) if len(spans) > 1 else spans for spans in found]

    def _spans_from(self, start: int, row: int, kind: int, least: float) -> Iterator[ScoredSpan]:
        """Spans of two characters or more that begin at `start`."""
        begin = 1 + 4 * kind
        inside, end = begin + 1, begin + 2
        probability, before = float(self.alpha[start, row, begin]), begin
        for t in range(start + 1, int(self.lengths[row])):
            probability /= float(self.norms[t, row])
            closed = probability * self.steps[before, end] * self.scores[t, row, end] * self.beta[t, row, end]
            if closed >= least:
                yield start, t + 1, self.tags.labels[kind], min(1.0, float(closed))
            probability *= self.steps[before, inside] * float(self.scores[t, row, inside])
            if probability * self.beta[t, row, inside] < least:  # of all spans that go on from here
                return
            before = inside


def forward_backward(emissions: Floats, lengths: Sequence[int], transitions: Floats, tags: Tags) -> Lattice:
    """Scaled forward-backward (Rabiner 1989) over a packed batch; every length is at least 1."""
    sizes = np.asarray(lengths, dtype=np.int64)
    padded, time, sequence = _pad(emissions, sizes)
    top = padded.max(axis=2)
    scores = np.exp(np.maximum(padded - top[:, :, None], _FLOOR))
    steps = np.where(tags.allowed, np.exp(transitions.astype(np.float64)), 0.0)
    forward, backward = steps.astype(np.float32), np.ascontiguousarray(steps.T.astype(np.float32))
    real = np.arange(len(padded))[:, None] < sizes[None, :]

    alpha = np.empty_like(padded)
    norms = np.ones(padded.shape[:2], dtype=np.float32)
    now = scores[0] * tags.starts
    norms[0] = now.sum(axis=1)
    now = now / norms[0][:, None]
    alpha[0] = now
    for t in range(1, len(padded)):
        new = (now @ forward) * scores[t]
        norm = new.sum(axis=1)
        if real[t].all():
            norms[t] = norm
            now = new / norm[:, None]
        else:  # a sequence that has ended keeps its last row
            norms[t] = np.where(real[t], norm, 1.0)
            now = np.where(real[t][:, None], new / norms[t][:, None], now)
        alpha[t] = now
    closing = tags.ends.astype(np.float32)
    final = now @ closing

    beta = np.empty_like(padded)
    now = closing[None, :] / final[:, None]
    beta[-1] = now
    for t in range(len(padded) - 1, 0, -1):
        new = ((now * scores[t]) / norms[t][:, None]) @ backward
        now = new if real[t].all() else np.where(real[t][:, None], new, now)
        beta[t - 1] = now
    log_z = np.log(norms.astype(np.float64)).sum(axis=0) + np.log(final) + (top * real).sum(axis=0)
    return Lattice(tags, sizes, steps, scores, alpha, beta, norms, log_z, time, sequence)


def path_score(
    emissions: Floats, path: Ints, lengths: Sequence[int], transitions: Floats
) -> tuple[float, NDArray[np.float64]]:
    """Score of a packed path, summed over the batch, and how often each transition is in it."""
    follows = np.ones(len(path), dtype=bool)
    follows[np.cumsum(lengths)[:-1]] = False
    follows[0] = False
    places = np.flatnonzero(follows)
    counts = np.zeros(transitions.shape)
    np.add.at(counts, (path[places - 1], path[places]), 1.0)
    score = float(emissions[np.arange(len(path)), path].sum(dtype=np.float64))
    return score + float((counts * transitions).sum()), counts


def _without_overlaps(spans: list[ScoredSpan]) -> list[ScoredSpan]:
    kept: list[ScoredSpan] = []
    taken = bytearray(max(end for _, end, _, _ in spans))
    for span in sorted(spans, key=lambda span: -span[3]):
        start, end = span[:2]
        if not any(taken[start:end]):
            taken[start:end] = b"\1" * (end - start)
            kept.append(span)
    return sorted(kept)


def _pad(packed: Floats, sizes: Ints) -> tuple[Floats, Ints, Ints]:
    """Packed rows as (longest, sequences, tags), and where each row went."""
    starts = np.cumsum(sizes) - sizes
    sequence = np.repeat(np.arange(len(sizes)), sizes)
    time = np.arange(len(packed)) - starts[sequence]
    padded = np.zeros((int(sizes.max()), len(sizes), packed.shape[1]), dtype=np.float32)
    padded[time, sequence] = packed
    return padded, time, sequence
