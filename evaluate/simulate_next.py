"""Does `baogao annotations next` save labels? Label the practice reports as if from nothing, in its order and
at random, and score both on gold after each batch.

    python evaluate/simulate_next.py --batches 4 --batch 40 --seeds 0 1 2

Entities are found by the linear CRF of peers.py and sections by the workspace's classifier, both trained on
what is labelled so far. The reports of the pool are invented and the gold ones were labelled by a language
model (annotations/guidelines.zh.md), so this says how the order works, not how much it saves elsewhere.
"""

from __future__ import annotations

import argparse
import functools
import random
import statistics
from collections.abc import Sequence

import msgspec

import peers
from baogao.annotations.next import order_next
from baogao.errors import InputError
from baogao.progress import track
from baogao.records import LabelledBlock
from baogao.spans import Counts, add_counts, exact_counts
from baogao.training.sections import SectionsConfig, fit_sections
from baogao.workspace import Workspace


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--workspace", help="else the one around you")
    parser.add_argument("--batches", type=int, default=4)
    parser.add_argument("--batch", type=int, default=40, help="paragraphs labelled at a time (and at first)")
    parser.add_argument("--pool", type=int, default=500, help="paragraphs to choose from")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options = parser.parse_args()
    workspace = Workspace.find(options.workspace)
    pool = paragraphs(workspace, "practice")
    pool = random.Random(0).sample(pool, min(options.pool, len(pool)))
    gold = paragraphs(workspace, "gold")
    peers.features = functools.cache(peers.features)  # the same texts come in every batch
    runs = [(order, seed) for seed in options.seeds for order in ("next", "random")]
    found = {
        (order, seed): simulate(pool, gold, order, seed, options.batches, options.batch)
        for order, seed in track(runs, "simulating")
    }
    print(f"{len(pool)} paragraphs in the pool, scored on {len(gold)} of gold; mean of seeds {options.seeds}")
    print(f"{'labelled':>10}{'entity F1: next':>18}{'random':>9}{'section accuracy: next':>25}{'random':>9}")
    for step in range(options.batches):
        cells = [
            statistics.mean(found[order, seed][step][part] for seed in options.seeds)
            for part in (0, 1)
            for order in ("next", "random")
        ]
        print(
            f"{(step + 1) * options.batch:>10}{100 * cells[0]:>18.1f}{100 * cells[1]:>9.1f}"
            f"{100 * cells[2]:>25.1f}{100 * cells[3]:>9.1f}"
        )


def paragraphs(workspace: Workspace, folder: str) -> list[LabelledBlock]:
    blocks = [block for of_report in workspace.labelled(folder).values() for block in of_report]
    return [block for block in blocks if block.kind == "paragraph"]


def simulate(
    pool: Sequence[LabelledBlock],
    gold: Sequence[LabelledBlock],
    order: str,
    seed: int,
    batches: int,
    batch: int,
) -> list[tuple[float, float]]:
    """(entity F1, section accuracy) on gold after each batch; the first batch is random in either order."""
    left = {block.id: block for block in random.Random(seed).sample(pool, len(pool))}
    labelled = [left.pop(key) for key in list(left)[:batch]]
    scores = []
    for step in range(batches):
        model = Model(labelled)
        scores.append(score(gold, model.predict(gold)))
        if step == batches - 1:
            break
        if order == "next":
            ranked = order_next(model.predict(list(left.values())), labelled, count=batch)
            chosen = [item.block.id for item in ranked]
        else:
            chosen = list(left)[:batch]
        labelled += [left.pop(key) for key in chosen]
    return scores


class Model:
    """Entities and sections with probabilities, from few paragraphs."""

    def __init__(self, labelled: Sequence[LabelledBlock]) -> None:
        self.entities = peers.LinearCRF(iterations=50).fit(labelled)
        try:
            self.sections = fit_sections(labelled, SectionsConfig())
        except InputError:  # too few labels of a kind: nothing is known of sections yet
            self.sections = None

    def predict(self, blocks: Sequence[LabelledBlock]) -> list[LabelledBlock]:
        marginals = self.entities.model.predict_marginals([peers.features(b.text) for b in blocks])
        found = self.entities.predict(blocks)
        sections = [(None, 0.0)] * len(blocks) if self.sections is None else self.sections.predict(blocks)
        return [
            msgspec.structs.replace(
                block,
                section=section,
                section_score=msgspec.UNSET if section is None else score,
                entities=[
                    msgspec.structs.replace(span, score=weakest(rows, span.start, span.end))
                    for span in block.entities
                ],
            )
            for block, rows, (section, score) in zip(found, marginals, sections, strict=True)
        ]


def weakest(rows: Sequence[dict[str, float]], start: int, end: int) -> float:
    """The lowest probability of the likeliest tag within a span."""
    return min(max(row.values()) for row in rows[start:end])


def score(gold: Sequence[LabelledBlock], found: Sequence[LabelledBlock]) -> tuple[float, float]:
    pairs = list(zip(gold, found, strict=True))
    counts = add_counts(exact_counts(a.entities, b.entities) for a, b in pairs)
    right = sum(a.section == b.section for a, b in pairs)
    return sum(counts.values(), Counts()).f1, right / len(pairs)


if __name__ == "__main__":
    main()
