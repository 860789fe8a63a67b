"""Columns: a character (or word) and its tag a line, a blank line after each text.

Reads CoNLL-like files in any of BIO (IOB1, IOB2), BIOES, BILOU and BMES, separated by blanks or tabs, and
Weibo's, whose characters carry their position in the word (科0 技1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from baogao.annotations.formats.blocks import restored
from baogao.errors import InputError
from baogao.files import read_bytes, write_atomic
from baogao.records import LabelledBlock

# begin, inside, end, single
SCHEMES = {
    "bio": ("B", "I", "I", "B"),
    "bioes": ("B", "I", "E", "S"),
    "bilou": ("B", "I", "L", "U"),
    "bmes": ("B", "M", "E", "S"),
}
BLANK = "␠"  # a white character cannot be a column
_TAG = re.compile(r"([BIOESMLU])(?:[-_](.+))?", re.DOTALL)
_NUMBERED = re.compile(r"(\D++|.)\d+", re.DOTALL)
Row = tuple[int, str, str]  # line, token, tag


def read_columns(path: str | Path, scheme: str | None = None) -> list[LabelledBlock]:
    """Texts of a column file as paragraphs, with ids FILE:0000 and no section.

    scheme: one of bio, bioes, bilou, bmes, whose prefixes alone are then allowed; None takes all, and like
    conlleval lets an entity begin with an inside tag. Tokens are put together without blanks, the first
    column being the token and the last the tag. Raises InputError naming the line.
    """
    allowed = None if scheme is None else {*_prefixes(scheme), "O"}
    texts = list(_texts(path))
    # The first character of a text is the first of its word.
    numbered = bool(texts) and all(
        rows[0][1].endswith("0") and all(_NUMBERED.fullmatch(token) for _, token, _ in rows) for rows in texts
    )
    blocks = []
    for number, rows in enumerate(texts):
        tags = [_tag(path, line, tag, allowed) for line, _, tag in rows]
        tokens = [_NUMBERED.sub(r"\1", token) if numbered else token for _, token, _ in rows]
        tokens = [token.replace(BLANK, " ") for token in tokens]
        blocks.append(restored("".join(tokens), _spans(tokens, tags), None, None, path=path, number=number))
    return blocks


def write_columns(path: str | Path, blocks: Iterable[LabelledBlock], scheme: str = "bio") -> list[str]:
    """Write a character and its tag a line, a tab between. Returns what the format does not hold."""
    begin, inside, end, single = _prefixes(scheme)
    empty = white = other_white = count = sections = 0
    with write_atomic(path) as handle:
        for block in blocks:
            tags = ["O"] * len(block.text)
            for span in block.entities:
                last = span.end - 1
                tags[span.start : span.end] = [f"{inside}-{span.label}"] * (span.end - span.start)
                tags[span.start] = f"{begin}-{span.label}"
                if span.start == last:
                    tags[last] = f"{single}-{span.label}"
                elif end != inside:
                    tags[last] = f"{end}-{span.label}"
            rows = [
                f"{BLANK if c.isspace() else c}\t{tag}\n" for c, tag in zip(block.text, tags, strict=True)
            ]
            handle.write("".join(rows) + "\n" if rows else "")
            count += 1
            empty += not rows
            sections += block.section is not None
            white += sum(c.isspace() for c in block.text)
            other_white += sum(c.isspace() and c != " " or c == BLANK for c in block.text)
    return [
        note
        for number, note in (
            (count, f"ids, reports, headings and kinds of {count} blocks"),
            (sections, f"sections of {sections} blocks"),
            (empty, f"{empty} blocks without text"),
            (white, f"{white} white characters are written {BLANK} and read back as blanks"),
            (other_white, f"{other_white} of them (or {BLANK} itself) were no plain blank"),
        )
        if number
    ]


def _prefixes(scheme: str) -> tuple[str, str, str, str]:
    if scheme.lower() not in SCHEMES:
        raise InputError(f"unknown scheme {scheme!r}", todo=f"use one of {', '.join(SCHEMES)}")
    return SCHEMES[scheme.lower()]


def _texts(path: str | Path) -> Iterator[list[Row]]:
    try:
        content = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8 ({error})", file=path, todo="convert it to UTF-8") from error
    rows: list[Row] = []
    for number, line in enumerate(content.split("\n"), 1):
        line = line.removesuffix("\r")
        # U+3000 and its like are tokens: only an ASCII-blank line ends a text.
        if not line.strip(" \t"):
            if rows:
                yield rows
            rows = []
        elif not line.startswith("-DOCSTART-"):
            rows.append((number, *_cells(path, number, line)))
    if rows:
        yield rows


def _cells(path: str | Path, number: int, line: str) -> tuple[str, str]:
    cells = line.split("\t") if "\t" in line else [cell for cell in re.split(" +", line) if cell]
    if len(cells) == 1 and line[0] == " ":
        cells = [" ", *cells]  # the token is a blank, and so is what separates it
    if len(cells) < 2 or not cells[0]:
        raise InputError("has no tag", file=path, line=number, todo="write a token and a tag, a tab between")
    return cells[0], cells[-1].strip(" ")


def _tag(path: str | Path, line: int, tag: str, allowed: set[str] | None) -> tuple[str, str]:
    match = _TAG.fullmatch(tag)
    if match is None or (match[1] == "O") != (match[2] is None):
        raise InputError(
            f"{tag!r} is not a tag", file=path, line=line, todo="write O, or B-LABEL and its like"
        )
    if allowed is not None and match[1] not in allowed:
        raise InputError(
            f"{tag!r} is not of this scheme", file=path, line=line, todo="name the right one, or none"
        )
    return match[1], match[2] or ""


def _spans(tokens: Sequence[str], tags: Sequence[tuple[str, str]]) -> list[tuple[int, int, str]]:
    spans: list[tuple[int, int, str]] = []
    start, label, place = -1, "", 0  # start: -1 outside
    for token, (prefix, name) in zip(tokens, tags, strict=True):
        if start >= 0 and (prefix in "OBSU" or name != label):
            spans.append((start, place, label))
            start = -1
        if prefix != "O" and start < 0:
            start, label = place, name
        place += len(token)
        if start >= 0 and prefix in "ESLU":
            spans.append((start, place, label))
            start = -1
    if start >= 0:
        spans.append((start, place, label))
    return spans
