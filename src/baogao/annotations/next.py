"""Which paragraphs to label next: those a model is least sure of, and not one like another.

Entities and section count alike, each by rank, because their probabilities are not on one scale. The order is
greedy: the next paragraph has the highest product of uncertainty and distance from everything labelled or
chosen before (informativeness and diversity as in Shen et al., Multi-Criteria-based Active Learning for Named
Entity Recognition, ACL 2004).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from baogao.errors import InputError
from baogao.progress import track
from baogao.records import LabelledBlock, read_labelled
from baogao.workspace import Workspace

NGRAMS = (2, 3)  # characters; what a paragraph is about shows in its words of two and three
CHUNK = 512  # rows compared with what is labelled at a time


@dataclass(frozen=True)
class Ranked:
    """A paragraph in the order to label: its uncertainty (0 to 1, by rank) and its novelty (1 − the highest
    cosine similarity with what is labelled or stands before it)."""

    block: LabelledBlock
    uncertainty: float
    novelty: float

    def as_block(self) -> LabelledBlock:
        """The block with both in `meta`."""
        old = self.block.meta if isinstance(self.block.meta, dict) else {}
        meta = {"uncertainty": round(self.uncertainty, 4), "novelty": round(self.novelty, 4)}
        return msgspec.structs.replace(self.block, meta=old | meta)


def order_next(
    predicted: Sequence[LabelledBlock], labelled: Iterable[LabelledBlock] = (), *, count: int | None = None
) -> list[Ranked]:
    """The `count` paragraphs of `predicted` to label first (None: all), the best first.

    predicted: with scores on sections, entities or both; paragraphs that are in `labelled` are left out.
    Raises InputError where there is nothing to order or no score to order by.
    """
    done = [block for block in labelled if block.kind == "paragraph" and block.text.strip()]
    known = {block.id for block in done}
    left = [
        block
        for block in predicted
        if block.kind == "paragraph" and block.text.strip() and block.id not in known
    ]
    if not left:
        raise InputError("no paragraph is left to label", todo="segment more reports with: baogao run")
    uncertainty = combined_uncertainty(left)
    chosen = _greedy(uncertainty, [b.text for b in left], [b.text for b in done], count or len(left))
    return [Ranked(left[index], float(uncertainty[index]), novelty) for index, novelty in chosen]


def combined_uncertainty(blocks: Sequence[LabelledBlock]) -> np.ndarray:
    """One value a paragraph in (0, 1]: the mean of its ranks by entities and by section, where there are
    scores of either. A paragraph without a scored entity gets the mean of all entities there.

    Raises InputError where no block has a score.
    """
    spans = [[1 - span.score for span in block.entities if span.score is not None] for block in blocks]
    everything = [value for of_block in spans for value in of_block]
    sections = [
        1 - block.section_score if isinstance(block.section_score, float | int) else None for block in blocks
    ]
    parts = []
    if everything:
        # The mean and not the sum: a long paragraph takes longer to label, too.
        neutral = float(np.mean(everything))
        parts.append([float(np.mean(of_block)) if of_block else neutral for of_block in spans])
    if any(value is not None for value in sections):
        neutral = float(np.mean([value for value in sections if value is not None]))
        parts.append([neutral if value is None else value for value in sections])
    if not parts:
        raise InputError(
            "the predictions have no scores", todo="predict with a trained pipeline: baogao predict"
        )
    return np.mean([_ranks(np.array(part)) / len(blocks) for part in parts], axis=0)


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1, equal values sharing the mean of theirs (scipy.stats.rankdata, without its import)."""
    ordered = np.sort(values)
    return (np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right") + 1) / 2


def _greedy(
    uncertainty: np.ndarray, texts: Sequence[str], labelled: Sequence[str], count: int
) -> list[tuple[int, float]]:
    """(index, novelty) of the texts chosen, in order."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=NGRAMS, sublinear_tf=True, dtype=np.float32)
    try:
        rows = vectorizer.fit_transform(texts).tocsr()
    except ValueError:  # every text shorter than an n-gram
        order = np.argsort(-uncertainty, kind="stable")[:count]
        return [(int(index), 1.0) for index in order]
    nearest = np.zeros(len(texts), dtype=np.float32)
    if labelled:
        others = vectorizer.transform(labelled).tocsr().T
        for start in range(0, len(texts), CHUNK):
            similar = rows[start : start + CHUNK] @ others
            nearest[start : start + CHUNK] = np.asarray(similar.max(axis=1).todense()).ravel()
    chosen: list[tuple[int, float]] = []
    free = np.ones(len(texts), dtype=bool)
    for _ in track(range(min(count, len(texts))), "ordering"):
        novelty = np.clip(1 - nearest, 0, 1)
        # -1 keeps what is chosen out, and lets a free copy of something labelled still have its turn.
        best = int(np.argmax(np.where(free, uncertainty * novelty, -1)))
        chosen.append((best, float(novelty[best])))
        free[best] = False
        similar = (rows @ rows[best].T).toarray().ravel()
        nearest = np.maximum(nearest, similar)
    return chosen


def labelled_so_far(workspace: Workspace) -> list[LabelledBlock]:
    """What needs no labelling: gold, and what has gone out in a round."""
    blocks = [block for of_report in workspace.labelled("gold").values() for block in of_report]
    for path in sorted((workspace.annotations / "rounds").glob("*.jsonl")):
        blocks += read_labelled(path)
    return blocks
