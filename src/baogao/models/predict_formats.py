"""Labelled blocks as files: JSONL, CSV, Parquet and spaCy's DocBin, written as they come."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from baogao.errors import InputError
from baogao.files import write_atomic
from baogao.records import LabelledBlock, write_jsonl

COLUMNS = (
    "report", "id", "index", "kind", "level", "number", "lead", "path", "text", "start", "end", "section",
    "section_score", "entities",
)  # fmt: skip
_FORMULA_STARTS = tuple("=+-@\t\r\n=+-@")
_ROWS = 5000  # a Parquet row group; what is held in memory at a time


def writer_for(output: str | Path, name: str | None = None) -> Callable[[str | Path, Iterable], Any]:
    """The function that writes (output, blocks), by the `name` of a format or the ending of `output`
    (`-`: jsonl). Raises InputError where neither tells."""
    writers = {"jsonl": write_jsonl, "csv": write_csv, "parquet": write_parquet, "spacy": _write_docbin}
    ending = "jsonl" if str(output) == "-" else Path(output).suffix.lower().removeprefix(".")
    chosen = writers.get(name or ending)
    if chosen is None:
        raise InputError(
            f"does not tell the format by its ending {ending!r}" if name is None else f"no format {name!r}",
            file=output, todo=f"end it in one of .{', .'.join(writers)}, or say --format",
        )  # fmt: skip
    return chosen


def write_csv(output: str | Path, blocks: Iterable[LabelledBlock]) -> None:
    """One row a block; path and entities as JSON. Text that a spreadsheet would run as a formula gets an
    apostrophe before it. A file begins with a byte order mark, without which Excel garbles Chinese."""
    with write_atomic(output) as handle:
        if str(output) != "-":
            handle.write("\N{BYTE ORDER MARK}")
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in map(_row, blocks):
            for column in ("path", "entities"):
                row[column] = msgspec.json.encode(row[column]).decode()
            writer.writerow([safe_cell(row[column]) for column in COLUMNS])


def block_schema(*extra: str) -> Any:
    """The pyarrow schema of a row a block; `extra` are further columns of text before it."""
    import pyarrow as pa

    entity = pa.struct(
        [("start", pa.int32()), ("end", pa.int32()), ("label", pa.string()), ("text", pa.string()),
         ("score", pa.float32())]
    )  # fmt: skip
    types: dict[str, Any] = {
        **dict.fromkeys((*extra, *COLUMNS), pa.string()),
        **dict.fromkeys(("index", "start", "end"), pa.int32()),
        "level": pa.int8(),
        "path": pa.list_(pa.string()),
        "section_score": pa.float32(),
        "entities": pa.list_(entity),
    }
    return pa.schema(list(types.items()))


def write_parquet(output: str | Path, blocks: Iterable[LabelledBlock]) -> None:
    """One row a block, typed; entities as a list of structs."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = block_schema()
    rows = map(_row, blocks)
    with (
        write_atomic(output, "wb") as handle,
        pq.ParquetWriter(handle, schema, compression="zstd") as writer,
    ):
        while group := list(itertools.islice(rows, _ROWS)):
            writer.write_table(pa.Table.from_pylist(group, schema=schema))


def _write_docbin(output: str | Path, blocks: Iterable[LabelledBlock]) -> None:
    from baogao.annotations.formats.docbin import write_docbin

    write_docbin(output, blocks)


def _row(block: LabelledBlock) -> dict[str, Any]:
    return dict.fromkeys(COLUMNS) | msgspec.to_builtins(block)


def safe_cell(cell: Any) -> Any:
    """A cell of CSV. Text that a spreadsheet would run as a formula gets an apostrophe before it; a lone mark
    (the = of a comparator) runs nothing."""
    if isinstance(cell, str) and len(cell) > 1 and cell.lstrip(" ").startswith(_FORMULA_STARTS):
        return "'" + cell
    return cell
