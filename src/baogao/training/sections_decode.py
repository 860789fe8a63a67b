"""The order of sections in a report: transitions learned from training, and joint decoding of a report."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

import numpy as np

from baogao.records import Block


class Step(IntEnum):
    """How a paragraph follows the one before it; each kind of step has its own transition matrix."""

    FIRST = 0  # the first paragraph of a report
    NEW_PATH = 1  # stands under another heading than the paragraph before
    NEW_ITEM = 2  # same heading, but opens with a heading of its own: (二)加强领导。…
    GOES_ON = 3  # same heading, none of its own
    UNKNOWN = 4  # nothing in this report has a heading
    ALONE = 5  # the only paragraph: its place in a report is not known


def steps(paragraphs: Sequence[Block]) -> list[int]:
    """The Step of every paragraph of one report, in order."""
    if len(paragraphs) == 1:
        return [Step.ALONE]
    bare = not any(block.path or block.lead for block in paragraphs)
    found: list[int] = []
    path: list[str] = []
    for block in paragraphs:
        if not found:
            found.append(Step.FIRST)
        elif bare:
            found.append(Step.UNKNOWN)
        elif block.path != path:
            found.append(Step.NEW_PATH)
        else:
            found.append(Step.NEW_ITEM if block.lead else Step.GOES_ON)
        path = block.path
    return found


def learn_transitions(labels: Sequence[np.ndarray], kinds: Sequence[Sequence[int]], count: int) -> np.ndarray:
    """Probabilities (len(Step), count, count) of a label after a label, a matrix for each kind of step; each
    row of Step.FIRST holds those of a report's first label; those of Step.ALONE are all the same.

    `labels` and `kinds` are sequences of equal length, a pair a report. Rarely seen pairs lean on what is
    known of the label over all steps (additive smoothing), so none has probability 0.
    """
    seen = np.zeros((len(Step), count, count))
    for report, kind in zip(labels, kinds, strict=True):
        for step, before, after in zip(kind[1:], report[:-1], report[1:], strict=True):
            seen[step, before, after] += 1
        if kind[0] == Step.FIRST:
            seen[Step.FIRST, :, report[0]] += 1
    same = np.eye(count, dtype=bool)
    changes = np.where(same, 0.0, seen[1:].sum(axis=0))
    arrivals = changes.sum(axis=0) + 0.5
    leave = changes + 2 * np.where(same, 0.0, arrivals / arrivals.sum())
    leave /= leave.sum(axis=1, keepdims=True)
    table = np.full_like(seen, 1 / count)
    first = seen[Step.FIRST] + 0.1
    table[Step.FIRST] = first / first.sum(axis=1, keepdims=True)
    for step in (Step.NEW_PATH, Step.NEW_ITEM, Step.GOES_ON, Step.UNKNOWN):
        total = seen[step].sum(axis=1)
        stays = np.diagonal(seen[step])
        stay = (stays + 4 * (stays.sum() + 0.5) / (total.sum() + 1)) / (total + 4)
        moves = np.where(same, 0.0, seen[step]) + 4 * leave
        moves /= moves.sum(axis=1, keepdims=True)
        table[step] = np.where(same, stay[:, None], moves * (1 - stay)[:, None])
    return table


def posteriors(emissions: np.ndarray, kinds: np.ndarray, transitions: np.ndarray) -> np.ndarray:
    """Probability of every label for every paragraph given the whole report (forward-backward, scaled at each
    step; Rabiner 1989).

    emissions: (n, labels) positive weights of the paragraphs, reports one after another, each begun by a
    Step.FIRST or ALONE; kinds: (n,); transitions: (len(Step), labels, labels), positive, as
    learn_transitions gives them. Returns (n, labels), rows sum to 1. Reports are decoded side by side, so the
    loop is as long as the longest report.
    """
    if len(emissions) == 0:
        return emissions
    starts = np.flatnonzero((kinds == Step.FIRST) | (kinds == Step.ALONE))
    lengths = np.diff([*starts, len(kinds)])
    order = np.argsort(-lengths, kind="stable")  # longest first: those still running are a prefix
    starts, lengths = starts[order], lengths[order]
    running = [np.searchsorted(-lengths, -t, side="left") for t in range(lengths[0])]
    forward = np.empty_like(emissions)
    forward[starts] = _scaled(emissions[starts] * transitions[kinds[starts], 0])
    for t in range(1, lengths[0]):
        here = starts[: running[t]] + t
        reached = np.matmul(forward[here - 1][:, None, :], transitions[kinds[here]])[:, 0]
        forward[here] = _scaled(reached * emissions[here])
    backward = np.ones_like(emissions)
    for t in range(lengths[0] - 1, 0, -1):
        here = starts[: running[t]] + t
        ahead = (emissions[here] * backward[here])[:, :, None]
        backward[here - 1] = _scaled(np.matmul(transitions[kinds[here]], ahead)[:, :, 0])
    return _scaled(forward * backward)


def _scaled(rows: np.ndarray) -> np.ndarray:
    return rows / rows.sum(axis=1, keepdims=True)
