"""Speed of the corpus stage on one core, beside opencc converting the same text.

Segmentation is compared with both directions of opencc: t2s, which has little to do on simplified text, and
s2t, which has much. Near-duplicates are searched among 100,000 paragraphs of the text; where it has fewer,
the rest are made of its sentences, shuffled.

    python evaluate/bench_corpus_speed.py [--text FILE.jsonl[.gz]] [--paragraphs 100000]

FILE holds an object with the key "text" a line. Without it the text is what annotations/practice holds,
twenty times over.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

import opencc

from baogao.corpus.duplicates import near_duplicates
from baogao.corpus.segment import segment_text
from baogao.records import read_blocks

ROOT = Path(__file__).parents[1]


def read_texts(path: Path | None) -> list[str]:
    """The texts of a JSONL file, or a made one."""
    if path is None:
        files = sorted((ROOT / "annotations" / "practice").glob("practice-*.jsonl"))
        return ["\n".join(block.text for block in read_blocks(file)) for file in files] * 20
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as handle:
        return [json.loads(line)["text"] for line in handle]


def side_by_side(works: list[Callable[[str], object]], texts: list[str], times: int = 5) -> list[float]:
    """Seconds of processor time of each work over all texts: one text by all of them, then the next, so that
    a busy machine slows them alike; of each text the quickest run counts."""
    total = [0.0] * len(works)
    for text in texts:
        quickest = [float("inf")] * len(works)
        for _ in range(times):
            for number, work in enumerate(works):
                start = time.process_time()
                work(text)
                quickest[number] = min(quickest[number], time.process_time() - start)
        total = [a + b for a, b in zip(total, quickest, strict=True)]
    return total


def make_paragraphs(texts: list[str], count: int) -> list[tuple[int, str]]:
    """`count` paragraphs: those of the texts, then shuffled sentences of them."""
    found = [line.strip() for text in texts for line in text.split("\n") if len(line.strip()) >= 20]
    found = list(dict.fromkeys(found))[:count]
    sentences = [sentence for line in found for sentence in line.split("。") if len(sentence) >= 10]
    chance = random.Random(0)
    while len(found) < count:
        found.append("。".join(chance.choices(sentences, k=4)))
    return list(enumerate(found))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--text", type=Path)
    parser.add_argument("--paragraphs", type=int, default=100_000)
    arguments = parser.parse_args()
    texts = read_texts(arguments.text)
    size = sum(map(len, texts))
    segment_text(texts[0], report="warm")
    works: list[Callable[[str], object]] = [lambda text: segment_text(text, report="x")]
    works += [opencc.OpenCC(config).convert for config in ("s2t", "t2s")]
    segmenting, *convertings = side_by_side(works, texts)
    print(f"{len(texts)} texts, {size / 1e6:.1f} million characters; processor time, best of five a text")
    print(f"segmentation      {size / segmenting / 1e6:8.2f} million characters/s")
    for config, converting in zip(("s2t", "t2s"), convertings, strict=True):
        print(
            f"opencc {config}        {size / converting / 1e6:8.2f} million characters/s; "
            f"segmentation has {converting / segmenting:.3f} of its speed (aim: 0.2)"
        )
    paragraphs = make_paragraphs(texts, arguments.paragraphs)
    start = time.process_time()
    pairs = sum(1 for _ in near_duplicates(paragraphs))
    spent = time.process_time() - start
    print(
        f"near-duplicates   {spent:8.1f} s for {len(paragraphs)} paragraphs, {pairs} pairs (aim: under 30 s)"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
