"""Write the fixture pages: reports of page_bodies in the page styles of page_styles, some of them scrambled
as copy sites do it, and the blocks that must come out of each.

Run it after a change of either: `python tests/corpus/make_pages.py`. It knows nothing of the segmenter: what
is expected is written down in page_bodies, and offsets are counted while a page is put together.
"""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import opencc
from page_bodies import BODIES
from page_styles import STYLES
from pypinyin import Style as Tone
from pypinyin import pinyin

FOLDER = Path(__file__).parent / "pages"
TITLES = {
    "classic": ("溪桥县2023年度法治政府建设情况报告", "溪桥县\n2023年度法治政府建设情况报告"),
    "parts": (
        "南浦市人民政府关于2022年度法治政府建设情况的报告",
        "南浦市人民政府\n关于2022年度法治政府建设情况的报告",
    ),
    "broken": ("关于柳荫乡2022年度法治政府建设工作的报告", "关于柳荫乡\n2022年度法治政府建设工作的报告"),
    "plain": ("东屏区市场监管局2021年法治政府建设年度报告", "东屏区市场监管局\n2021年法治政府建设年度报告"),
    "miscounted": ("石塘镇2020年法治政府建设工作总结", "石塘镇\n2020年法治政府建设工作总结"),
    "items": ("北湖街道2023年度法治政府建设工作总结", "北湖街道\n2023年度法治政府建设工作总结"),
}  # fmt: skip
# Each style meets three bodies, and each body several styles; wrapped: columns, or None.
PLAN = [
    (style, body, scrambled, wrap)
    for number, style in enumerate(STYLES)
    for body, scrambled, wrap in (
        (list(BODIES)[number % 6], False, None),
        (list(BODIES)[(number + 1) % 6], True, None),
        (list(BODIES)[(number + 2) % 6], False, 30 if number % 2 else None),
        (list(BODIES)[(number + 4) % 6], number % 2 == 0, None),
    )
]


def read_body(markup: str) -> list[dict]:
    """Blocks of a body, path from the depths written there."""
    blocks: list[dict] = []
    path: list[str] = []
    for line in markup.strip().splitlines():
        depth, kind, level, number, lead, text = (part.strip() for part in line.split(" | ", 5))
        text = re.sub(r"(?<=部分) (?=\d)", " ", text)
        if kind != "c":
            del path[int(depth) :]
        blocks.append({
            "kind": {"h": "heading", "p": "paragraph", "c": "closing"}[kind],
            "level": None if level == "-" else int(level), "number": None if number == "-" else number,
            "lead": None if lead == "-" else lead, "path": list(path), "text": text,
        })  # fmt: skip
        if kind == "h":
            path.append(text)
    return blocks


def scramble(text: str, density: float, chance: random.Random) -> str:
    """`text` as a copy site leaves it: traditional characters, the reading of some behind each, and
    full-width commas made half. The site replaces on the bytes of GBK, so a replacement also hits where
    the second byte of one character and the first of the next look like what it searches."""
    traditional = opencc.OpenCC("s2t").convert(text)
    if len(traditional) != len(text):
        traditional = text
    data = traditional.encode("gb18030").replace("，".encode("gbk"), b",")
    changed = sorted({char for simple, char in zip(text, traditional, strict=True) if simple != char})
    for char in changed:
        if chance.random() < density:
            reading = pinyin(char, style=Tone.TONE)[0][0]
            code = char.encode("gb18030")
            data = data.replace(code, code + f"({reading})".encode("gb18030"))
    return _decode(data)


def _decode(data: bytes) -> str:
    """As a lenient decoder does it: what makes no character becomes ?, a bracket behind it goes too."""
    text, at = [], 0
    while at < len(data):
        for width in (1, 2, 4):
            try:
                text.append(data[at : at + width].decode("gb18030"))
                at += width
                break
            except UnicodeDecodeError:
                continue
        else:
            text.append("?")
            at += 2 if data[at + 1 : at + 2] == b"(" else 1
    return "".join(text)


def make_page(style: str, body: str, scrambled: bool, wrap: int | None, seed: int) -> tuple[str, list[dict]]:
    chance = random.Random(seed)
    look = STYLES[style]
    title, split = TITLES[body]
    page = look.head.format(title=title, title_split=split)
    blocks = read_body(BODIES[body])
    name = f"{style}-{body}{'-scrambled' if scrambled else ''}{'-wrapped' if wrap else ''}"
    for index, block in enumerate(blocks):
        if index:
            page += look.gap
        if index or page.endswith("\n"):
            page += look.indent
        shown = block["text"]
        if scrambled:
            # The copy has half-width commas, and nothing says how the original was.
            for key in ("text", "lead"):
                block[key] = block[key] and block[key].replace("，", ",")
            block["path"] = [text.replace("，", ",") for text in block["path"]]
            shown = scramble(shown, chance.choice((0.2, 0.6, 1.0)), chance)
        if wrap and len(shown) > wrap:
            shown = "\n".join(shown[i : i + wrap] for i in range(0, len(shown), wrap))
        block.update(id=f"{name}:{index:04d}", report=name, index=index, start=len(page))
        page += shown
        block["end"] = len(page)
    return page + look.tail, blocks


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*"):
        old.unlink()
    for seed, (style, body, scrambled, wrap) in enumerate(PLAN):
        page, blocks = make_page(style, body, scrambled, wrap, seed)
        name = blocks[0]["report"]
        (FOLDER / f"{name}.txt").write_text(page, encoding="utf-8", newline="")
        with open(FOLDER / f"{name}.jsonl", "w", encoding="utf-8", newline="\n") as handle:
            for block in blocks:
                handle.write(json.dumps(block, ensure_ascii=False) + "\n")
    print(f"{len(PLAN)} pages in {FOLDER}")


if __name__ == "__main__":
    main()
