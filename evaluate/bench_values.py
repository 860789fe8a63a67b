"""How many METRIC spans are read as they were by hand, and how fast values and tables are made.

    .venv/bin/python evaluate/bench_values.py

The expected values (tests/models/metric_values.jsonl) were read by hand before the grammar was written, by
the hand that wrote it: the figure says that the grammar does what was meant, not how it does on reports
nobody has seen.
"""

from __future__ import annotations

import collections
import json
import time
from pathlib import Path

from baogao.models.figures import figures
from baogao.models.institutions import read_institution, read_place
from baogao.models.quantities import read_quantity
from baogao.models.values import value_kinds
from baogao.workspace import Workspace

ROOT = Path(__file__).resolve().parents[1]
FIELDS = ("number", "unit", "comparator", "approximate", "value", "base_unit")


def main() -> None:
    workspace = Workspace(ROOT)
    kinds = value_kinds(workspace.labels())
    lines = (ROOT / "tests/models/metric_values.jsonl").read_text(encoding="utf-8").splitlines()
    right: collections.Counter[str] = collections.Counter()
    total: collections.Counter[str] = collections.Counter()
    for line in lines:
        row = json.loads(line)
        report = row["id"].partition(":")[0]
        quantity = read_quantity(row["text"])
        total[report] += 1
        right[report] += quantity is not None and all(getattr(quantity, f) == row[f] for f in FIELDS)
    for report, count in total.items():
        print(f"{report}: {right[report]} of {count} quantities as read by hand")
    print(f"all: {right.total()} of {total.total()} ({right.total() / total.total():.1%})")

    spans = collections.defaultdict(list)
    practice = workspace.labelled("practice")
    for block in (block for blocks in practice.values() for block in blocks):
        for entity in block.entities:
            spans[kinds.get(entity.label)].append(block.text[entity.start : entity.end])
    read = sum(read_quantity(text) is not None for text in spans["quantity"])
    print(f"practice: {read} of {len(spans['quantity'])} quantities give a value (not checked by hand)")

    gold = workspace.labelled("gold")
    reports = {report.id: report for report in workspace.reports()}
    named = known = 0
    for report, blocks in gold.items():
        place = read_place(reports[report])
        for block in blocks:
            for entity in block.entities:
                if kinds.get(entity.label) == "institution":
                    named += 1
                    known += (
                        read_institution(block.text[entity.start : entity.end], place).full_name is not None
                    )
    print(f"gold: {known} of {named} institutions get a full name (the others' text does not tell one)")

    start = time.perf_counter()
    for text in spans["quantity"]:
        read_quantity(text)
    print(
        f"speed: {len(spans['quantity']) / (time.perf_counter() - start):,.0f} quantities a second, one core"
    )
    start = time.perf_counter()
    rows = figures([block for blocks in gold.values() for block in blocks], kinds, reports)
    seconds = time.perf_counter() - start
    print(f"speed: {len(rows) / seconds:,.0f} rows of the table a second, {len(gold) / seconds:,.0f} reports")


if __name__ == "__main__":
    main()
