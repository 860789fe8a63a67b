"""A linear-chain conditional random field over BIOES tags, in NumPy, a batch at a time.

Lafferty, McCallum and Pereira (ICML 2001); tags that no span can produce are forbidden, so every path is a
set of spans that do not overlap. Emissions of several sequences come packed, one after the other: shape
(characters, tags), float32, with `lengths` saying where each ends. Transitions: shape (tags, tags), from
row to column.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Span = tuple[int, int, str]  # start, end (half-open), label

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

    def decode(self, ids: Ints) -> list[Span]:
        """Spans of a path that the constraints allow, in order."""
        spans = []
        start = 0
        for place in np.flatnonzero(ids):
            kind, part = divmod(int(ids[place]) - 1, 4)
            if part in (0, 3):
                start = int(place)
            if part in (2, 3):
                spans.append((start, int(place) + 1, self.labels[kind]))
        return spans


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
            probability *= self.steps[path[t - 1], path[t]] * float(
                self.scores[t, sequence, path[t]] / self.norms[t, sequence]
            )
        return min(1.0, probability * float(self.beta[end - 1, sequence, path[end - 1]]))


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


def viterbi(emissions: Floats, lengths: Sequence[int], transitions: Floats, tags: Tags) -> Ints:
    """The best allowed path of each sequence, packed: (characters,)."""
    sizes = np.asarray(lengths, dtype=np.int64)
    padded, time, sequence = _pad(emissions, sizes)
    padded = np.ascontiguousarray(padded.transpose(0, 2, 1))  # (longest, tags, sequences)
    steps = np.where(tags.allowed, transitions, -np.inf).astype(np.float32)
    best = np.empty_like(padded)  # the score of the best path to each tag
    best[0] = np.where(tags.starts[:, None], padded[0], -np.inf)
    real = np.arange(len(padded))[:, None] < sizes[None, :]
    for t in range(1, len(padded)):
        np.max(best[t - 1][:, None] + steps[:, :, None], axis=0, out=best[t])
        best[t] += padded[t]
        if not real[t].all():  # a sequence that has ended keeps its last scores
            best[t] = np.where(real[t], best[t], best[t - 1])
    state = np.where(tags.ends[:, None], best[-1], -np.inf).argmax(axis=0)
    path = np.empty(real.shape, dtype=np.int64)
    for t in range(len(padded) - 1, -1, -1):
        path[t] = state
        if t:
            before = (best[t - 1] + steps[:, state]).argmax(axis=0)
            state = np.where(real[t], before, state)
    return path[time, sequence]


def _pad(packed: Floats, sizes: Ints) -> tuple[Floats, Ints, Ints]:
    """Packed rows as (longest, sequences, tags), and where each row went."""
    starts = np.cumsum(sizes) - sizes
    sequence = np.repeat(np.arange(len(sizes)), sizes)
    time = np.arange(len(packed)) - starts[sequence]
    padded = np.zeros((int(sizes.max()), len(sizes), packed.shape[1]), dtype=np.float32)
    padded[time, sequence] = packed
    return padded, time, sequence
