"""How many METRIC spans are read as they were by hand, and how fast values and tables are made.

    .venv/bin/python evaluate/bench_values.py

The expected values (tests/models/metric_values.jsonl) were read by hand before the grammar was written, by
the hand that wrote it: the figure says that the grammar does what was meant, not how it does on reports
nobody has seen. The same hand wrote what a row of the figures table (indicators.jsonl) and the full names of
institutions (institution_names.jsonl) should be. The rules for indicators were mended with the reports
xishan-2018 and dongchangfu-2023 in view; pengshan-2023 was read after that and nothing was changed for it.
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


def expected(name: str) -> list[dict]:
    lines = (ROOT / "tests/models" / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def print_table_rows(gold: dict, kinds: dict, reports: dict) -> None:
    """Rows of the figures table against those read by hand, and each indicator that is not as expected."""
    wanted = {(row["block"], row["start"]): row for row in expected("indicators.jsonl")}
    for report in dict.fromkeys(block.partition(":")[0] for block, _ in wanted):
        rows = figures(gold[report], kinds, reports)
        pairs = [(row, wanted[row.block, row.start]) for row in rows]
        right = {
            field: sum(getattr(row, field) == want[field] for row, want in pairs)
            for field in ("indicator", "value", "unit", "body")
        }
        cells = ", ".join(f"{field} {count} ({count / len(pairs):.1%})" for field, count in right.items())
        print(f"{report}: table rows as read by hand, of {len(pairs)}: {cells}")
        for row, want in pairs:
            if row.indicator != want["indicator"]:
                print(f"    {row.block} {row.text}: {row.indicator} (by hand: {want['indicator']})")


def print_institutions(reports: dict) -> None:
    """Full names of the institutions of gold: how many there should be, and how many are right."""
    mentions = should = known = right = 0
    for row in expected("institution_names.jsonl"):
        name = read_institution(row["text"], read_place(reports[row["report"]])).full_name
        mentions += row["mentions"]
        should += row["mentions"] * (row["full_name"] is not None)
        known += row["mentions"] * (name is not None)
        right += row["mentions"] * (name == row["full_name"])
    print(
        f"gold: {known} of {mentions} institutions get a full name, where text and issuer tell {should}; "
        f"{right} of {mentions} ({right / mentions:.1%}) are as read by hand"
    )


def main() -> None:
    workspace = Workspace(ROOT)
    kinds = value_kinds(workspace.labels())
    right: collections.Counter[str] = collections.Counter()
    total: collections.Counter[str] = collections.Counter()
    for row in expected("metric_values.jsonl"):
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
    print()
    print_table_rows(gold, kinds, reports)
    print_institutions(reports)
    print()

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
