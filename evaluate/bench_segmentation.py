"""Quality of segmentation: blocks against gold, per report.

On the reference reports and on the fixture pages of tests/corpus/pages, which the project wrote itself. The
rules were written with all of them in sight, so none of these figures says how the rules do elsewhere; give
--gold and --reports for pages of your own.

    python evaluate/bench_segmentation.py
    python evaluate/bench_segmentation.py --gold my/annotations/gold --reports my/corpus/reports
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path

from baogao.corpus.segment import segment_file
from baogao.errors import BaogaoError
from baogao.records import Block, read_blocks
from baogao.spans import Counts

ROOT = Path(__file__).parents[1]


@dataclass
class Quality:
    """Counts of one report or of many.

    `blocks`: a block is right when kind and text are exactly those of a gold block. `levels` and `paths`:
    right of gold headings found. `furniture`: characters of blocks that no gold block has; `lost`: characters
    of gold blocks that no block has.
    """

    blocks: Counts = field(default_factory=lambda: Counts(0, 0, 0))
    headings: int = 0
    levels: int = 0
    paths: int = 0
    numbers: int = 0
    furniture: int = 0
    lost: int = 0

    def __add__(self, other: Quality) -> Quality:
        return Quality(
            self.blocks + other.blocks,
            *(
                getattr(self, name) + getattr(other, name)
                for name in ("headings", "levels", "paths", "numbers", "furniture", "lost")
            ),
        )


def compare(gold: list[Block], found: list[Block]) -> Quality:
    """How the blocks found agree with those of gold, aligned in order by kind and text."""
    ours, theirs = [(b.kind, b.text) for b in found], [(b.kind, b.text) for b in gold]
    quality = Quality()
    right = 0
    for tag, a, b, c, d in SequenceMatcher(None, theirs, ours, autojunk=False).get_opcodes():
        if tag == "equal":
            right += b - a
            for one, two in zip(gold[a:b], found[c:d], strict=True):
                if one.kind == "heading":
                    quality.headings += 1
                    quality.levels += one.level == two.level
                    quality.paths += one.path == two.path
                quality.numbers += one.number == two.number and one.lead == two.lead
        else:
            missing, extra = "".join(x.text for x in gold[a:b]), "".join(x.text for x in found[c:d])
            kept = sum(
                m.size for m in SequenceMatcher(None, missing, extra, autojunk=False).get_matching_blocks()
            )
            quality.lost += len(missing) - kept
            quality.furniture += len(extra) - kept
    quality.blocks = Counts(right, len(found) - right, len(gold) - right)
    return quality


def measure(gold: Path, reports: Path) -> dict[str, Quality]:
    """Quality by report: gold/REPORT.jsonl against the report file of that name."""
    found = {}
    for path in sorted(gold.glob("*.jsonl")):
        sources = [p for p in sorted(reports.glob(f"{path.stem}.*")) if p.suffix != ".jsonl"]
        if sources:
            found[path.stem] = compare(read_blocks(path), segment_file(sources[0]))
    return found


def show(name: str, found: dict[str, Quality]) -> dict[str, float]:
    """Print a table and return its last line."""
    print(f"\n{name}")
    print(
        f"{'report':<36}{'P':>7}{'R':>7}{'F1':>7}{'level':>7}{'path':>7}{'number':>8}{'furniture':>11}{'lost':>6}"
    )
    total = sum(found.values(), Quality())
    line = {}
    for report, q in [*found.items(), ("all", total)]:
        right, headings = q.blocks.tp or 1, q.headings or 1
        line = {
            "precision": q.blocks.precision, "recall": q.blocks.recall, "f1": q.blocks.f1,
            "level": q.levels / headings, "path": q.paths / headings, "number": q.numbers / right,
            "furniture": q.furniture, "lost": q.lost,
        }  # fmt: skip
        shares = "".join(f"{line[key]:>7.3f}" for key in ("precision", "recall", "f1", "level", "path"))
        print(f"{report:<36}{shares}{line['number']:>8.3f}{q.furniture:>11}{q.lost:>6}")
    return line


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gold", type=Path, help="folder of blocks as they should be, a JSONL file a report")
    parser.add_argument("--reports", type=Path, help="folder of the report files, named as the JSONL files")
    parser.add_argument("--json", type=Path, help="write the figures there")
    arguments = parser.parse_args()
    sets = {
        "reference reports (the rules were made with them)": (
            ROOT / "annotations" / "gold",
            ROOT / "corpus" / "reports",
        ),
        "fixture pages written by the project": (ROOT / "tests" / "corpus" / "pages",) * 2,
    }
    if arguments.gold:
        sets = {str(arguments.gold): (arguments.gold, arguments.reports or arguments.gold)}
    results = {}
    for name, (gold, reports) in sets.items():
        if not (found := measure(gold, reports)):
            print(f"no pairs of blocks and reports in {gold} and {reports}", file=sys.stderr)
            return 2
        results[name] = show(name, found)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BaogaoError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_status)
