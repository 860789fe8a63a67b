"""A report on the terminal: its outline as a tree, or its source lines beside what became of them."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from baogao.corpus.page import Page
from baogao.corpus.scramble import MARK
from baogao.records import Block


def outline_tree(name: str, blocks: list[Block]) -> RenderableType:
    """The headings of a report as a tree, each with the number of paragraphs right under it."""
    tree = Tree(Text(name, style="bold"))
    branches: list[tuple[str, Tree, list[int]]] = []
    counts = [0]
    rows: list[tuple[Tree, str, list[int]]] = [(tree, name, counts)]
    for block in blocks:
        depth = len(block.path)
        del branches[depth:]
        parent, count = (branches[-1][1], branches[-1][2]) if branches else (tree, counts)
        if block.kind == "heading":
            mine = [0]
            branch = parent.add(Text(block.text))
            branches.append((block.text, branch, mine))
            rows.append((branch, block.text, mine))
        elif block.kind == "closing":
            tree.add(Text(block.text, style="italic"))
        else:
            count[0] += 1
            if block.lead:
                parent.add(Text(f"{block.number or ''}{block.lead}", style="dim"))
    for branch, text, count in rows:
        branch.label = Text(text) + Text(f"  {count[0] or ''}", style="cyan")
    kinds = {
        kind: sum(block.kind == kind for block in blocks) for kind in ("heading", "paragraph", "closing")
    }
    lost = sum(block.text.count(MARK) for block in blocks)
    summary = (
        f"{kinds['heading']} headings, {kinds['paragraph']} paragraphs, {kinds['closing']} closing lines"
    )
    if lost:
        summary += f", {lost} lost characters marked {MARK}"
    return Group(tree, Text(summary))


def source_table(page: Page, blocks: list[Block]) -> RenderableType:
    """Each line of the source beside the blocks that came from it, or why it was dropped."""
    table = Table("line", "source", "block", show_lines=False, pad_edge=False)
    at = 0
    for number, raw in enumerate(page.source.splitlines(keepends=True), 1):
        end = at + len(raw)
        if raw.strip():
            here = [b for b in blocks if (b.start or 0) < end and (b.end or 0) > at]
            what = Text("\n".join(f"{b.index:04d} {b.kind} {b.number or ''} {b.text[:40]}" for b in here))
            dropped = [x for x in page.lines if x.dropped and x.text.start < end and x.text.end > at]
            for reason in dict.fromkeys(x.dropped or "" for x in dropped):
                parts = " | ".join(x.text.text for x in dropped if x.dropped == reason)
                shown = f": {parts[:60]}" if here else ""
                what.append(("\n" if what else "") + f"dropped: {reason}{shown}", style="yellow")
            if not what:
                what = Text("dropped: markup", style="yellow")
            table.add_row(str(number), Text(raw.strip()[:60]), what)
        at = end
    return table
