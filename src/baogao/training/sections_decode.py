"""The order of sections in a report: transitions learned from training, and joint decoding of a report."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from scipy.special import logsumexp

from baogao.records import Block


class Step(IntEnum):
    """How a paragraph follows the one before it; each kind of step has its own transition matrix."""

    FIRST = 0  # the first paragraph of a report
    NEW_PATH = 1  # stands under another heading than the paragraph before
    NEW_ITEM = 2  # same heading, but opens with a heading or a number of its own: (二)加强领导。…
    GOES_ON = 3  # same heading, none of its own
    UNKNOWN = 4  # nothing in this report has a heading


def steps(paragraphs: Sequence[Block]) -> np.ndarray:
    """The Step of every paragraph of one report, in order."""
    bare = not any(block.path or block.lead for block in paragraphs)
    found = []
    for previous, block in zip([None, *paragraphs], paragraphs, strict=False):
        if previous is None:
            found.append(Step.FIRST)
        elif bare:
            found.append(Step.UNKNOWN)
        elif block.path != previous.path:
            found.append(Step.NEW_PATH)
        else:
            found.append(Step.NEW_ITEM if block.lead else Step.GOES_ON)
    return np.array(found, dtype=np.int8)


def learn_transitions(labels: Sequence[np.ndarray], kinds: Sequence[np.ndarray], count: int) -> np.ndarray:
    """Log-probabilities (len(Step), count, count) of a label after a label, a matrix for each kind of step;
    row 0 of Step.FIRST holds those of a report's first label.

    `labels` and `kinds` are int arrays of equal length, a pair a report. Rarely seen pairs lean on what is
    known of the label over all steps (additive smoothing), so none has probability 0.
    """
    seen = np.zeros((len(Step), count, count))
    for report, kind in zip(labels, kinds, strict=True):
        for step, before, after in zip(kind[1:], report[:-1], report[1:], strict=True):
            seen[step, before, after] += 1
        seen[Step.FIRST, :, report[0]] += 1
    same = np.eye(count, dtype=bool)
    changes = np.where(same, 0.0, seen[1:].sum(axis=0))
    arrivals = changes.sum(axis=0) + 0.5
    leave = changes + 2 * np.where(same, 0.0, arrivals / arrivals.sum())
    leave /= leave.sum(axis=1, keepdims=True)
    table = np.empty_like(seen)
    for step in range(len(Step)):
        if step == Step.FIRST:
            first = seen[step] + 0.1
            table[step] = first / first.sum(axis=1, keepdims=True)
            continue
        total = seen[step].sum(axis=1)
        stays = np.diagonal(seen[step])
        stay = (stays + 4 * (stays.sum() + 0.5) / (total.sum() + 1)) / (total + 4)
        moves = np.where(same, 0.0, seen[step]) + 4 * leave
        moves /= moves.sum(axis=1, keepdims=True)
        table[step] = np.where(same, stay[:, None], moves * (1 - stay)[:, None])
    return np.log(table)


def posteriors(emissions: np.ndarray, kinds: np.ndarray, transitions: np.ndarray) -> np.ndarray:
    """Probability of every label for every paragraph given the whole report (forward-backward).

    emissions: (n, labels) log-scores of the paragraphs, reports one after another, each begun by a
    Step.FIRST; kinds: (n,); transitions: as learn_transitions gives them. Returns (n, labels), rows sum to 1.
    Reports are decoded side by side, so the loop is as long as the longest report.
    """
    if len(emissions) == 0:
        return emissions
    starts = np.flatnonzero(kinds == Step.FIRST)
    lengths = np.diff([*starts, len(kinds)])
    order = np.argsort(-lengths, kind="stable")  # longest first: those still running are a prefix
    starts, lengths = starts[order], lengths[order]
    forward = np.empty_like(emissions)
    forward[starts] = emissions[starts] + transitions[Step.FIRST, 0]
    for t in range(1, lengths[0]):
        here = starts[: np.searchsorted(-lengths, -t, side="left")] + t
        step = transitions[kinds[here]]
        forward[here] = logsumexp(forward[here - 1][:, :, None] + step, axis=1) + emissions[here]
    backward = np.zeros_like(emissions)
    for t in range(lengths[0] - 1, 0, -1):
        here = starts[: np.searchsorted(-lengths, -t, side="left")] + t
        step = transitions[kinds[here]]
        backward[here - 1] = logsumexp(step + (emissions[here] + backward[here])[:, None, :], axis=2)
    joint = forward + backward
    return np.exp(joint - logsumexp(joint, axis=1, keepdims=True))
