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


def best(work: Callable[[], object], times: int = 3) -> float:
    """Seconds of processor time of the quickest of a few runs."""
    found = []
    for _ in range(times):
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return min(found)


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
    segmenting = best(lambda: [segment_text(text, report="x") for text in texts])
    print(f"{len(texts)} texts, {size / 1e6:.1f} million characters; processor time, best of three")
    print(f"segmentation      {size / segmenting / 1e6:8.2f} million characters/s")
    for config in ("s2t", "t2s"):
        convert = opencc.OpenCC(config).convert
        converting = best(lambda convert=convert: [convert(text) for text in texts])
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
