"""Figures of reports as a table file: CSV, Parquet or XLSX.

Text of a report may begin like a formula (=, +, -, @): CSV cells that do get a ' before them, the way
spreadsheets mark text, and XLSX cells are typed as text. CSV files start with a byte order mark, without
which Excel shows Chinese as noise; standard output does not.
"""

from __future__ import annotations

import csv
import functools
import io
import types
import typing
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import IO, Any

import msgspec

from baogao.errors import InputError
from baogao.files import write_atomic
from baogao.models.figures import Figure, figures
from baogao.models.predict_formats import safe_cell
from baogao.models.values import value_kinds
from baogao.progress import track
from baogao.records import LabelledBlock, Report, read_labelled
from baogao.workspace import Labels

COLUMNS: tuple[str, ...] = Figure.__struct_fields__


def make_table(
    paths: Sequence[str | Path],
    output: str | Path,
    *,
    labels: Labels,
    reports: Iterable[Report] = (),
    predict: Callable[[Path], tuple[Report, list[LabelledBlock]]] | None = None,
) -> int:
    """Write the figures of `paths` to `output` (.csv, .parquet, .xlsx, `-` for CSV on standard output) and
    return how many there are.

    A path is a JSONL file of labelled blocks (`-`: on standard input) or, where `predict` is given, a raw
    report. `reports` (a manifest) give year and place; of a raw report that is not among them, its own page
    does. Nothing is written when one of the paths fails.
    """
    writer = _writer(output)
    known = {report.id: report for report in reports}
    rows: list[Figure] = []
    for path in track(paths, "figures"):
        if str(path) == "-" or Path(path).suffix == ".jsonl":
            blocks = read_labelled(path, labels=labels.entities)
        elif predict is not None:
            report, blocks = predict(Path(path))
            known.setdefault(report.id, report)
        else:
            raise InputError(
                "is a raw report, and no model is given", file=path,
                todo="name a pipeline with --model, or pass labelled blocks (.jsonl)",
            )  # fmt: skip
        rows += figures(blocks, value_kinds(labels), known)
    with write_atomic(output, "w" if writer is _write_csv else "wb") as handle:
        if writer is _write_csv and str(output) != "-":
            handle.write("\N{BYTE ORDER MARK}")
        writer(handle, rows)
    return len(rows)


def predictor(model: str | Path) -> Callable[[Path], tuple[Report, list[LabelledBlock]]]:
    """A function that labels a raw report with the pipeline in `model`, loaded when the first one comes, and
    gives what its page says of it."""
    # spaCy takes seconds to import, and a table of labelled blocks needs none of it.
    from baogao.corpus.metadata import read_metadata
    from baogao.corpus.page import read_page
    from baogao.corpus.segment import page_blocks
    from baogao.models.pipeline import load_pipeline
    from baogao.models.predict import label_blocks

    load = functools.cache(load_pipeline)

    def predict(path: Path) -> tuple[Report, list[LabelledBlock]]:
        nlp = load(model)
        page = read_page(path)
        report = Report(id=path.stem, file=path.name, **read_metadata(page))
        return report, label_blocks(nlp, page_blocks(page, report=report.id))

    return predict


def csv_text(rows: Iterable[Figure]) -> str:
    """The table as CSV text, with a header, safe to open in a spreadsheet."""
    buffer = io.StringIO(newline="")
    _write_csv(buffer, rows)
    return buffer.getvalue()


def _writer(output: str | Path) -> Callable[[IO[Any], Iterable[Figure]], None]:
    suffix = ".csv" if str(output) == "-" else Path(output).suffix.lower()
    writers: dict[str, Callable[[IO[Any], Iterable[Figure]], None]]
    writers = {".csv": _write_csv, ".parquet": _write_parquet, ".xlsx": _write_xlsx}
    if suffix not in writers:
        raise InputError(
            f"does not tell the format by its ending {suffix!r}",
            file=output,
            todo="end it in .csv, .parquet or .xlsx, or use - for CSV on standard output",
        )
    if suffix == ".xlsx":
        try:
            import openpyxl  # noqa: F401
        except ImportError as error:
            raise InputError(
                "needs openpyxl", file=output, todo="run: pip install 'baogao[xlsx]', or write .csv"
            ) from error
    return writers[suffix]


def _cells(row: Figure) -> list[Any]:
    return [getattr(row, column) for column in COLUMNS]


def _safe(cell: Any) -> Any:
    """A cell as CSV holds it: 17, not 17.0, and nothing that a spreadsheet would run."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    return safe_cell(cell)


def _write_csv(handle: IO[str], rows: Iterable[Figure]) -> None:
    writer = csv.writer(handle, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_safe(cell) for cell in _cells(row)])


def _write_parquet(handle: IO[bytes], rows: Iterable[Figure]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrow = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    hints = typing.get_type_hints(Figure)
    schema = pa.schema([(column, arrow[_plain(hints[column])]) for column in COLUMNS])
    pq.write_table(pa.Table.from_pylist([msgspec.to_builtins(row) for row in rows], schema=schema), handle)


def _plain(hint: Any) -> type:
    """The type of an optional field."""
    if isinstance(hint, types.UnionType):
        return next(part for part in typing.get_args(hint) if part is not type(None))
    return hint


def _write_xlsx(handle: IO[bytes], rows: Iterable[Figure]) -> None:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    sheet = book.create_sheet("figures")
    sheet.freeze_panes = "A2"
    for index, column in enumerate(COLUMNS, 1):
        sheet.column_dimensions[get_column_letter(index)].width = {"sentence": 60, "indicator": 32}.get(
            column, 14
        )

    def cell(value: Any, *, bold: bool = False) -> Any:
        if not isinstance(value, str):
            return value
        made = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub("", value)[:32767])
        made.data_type = "s"  # openpyxl takes a leading = for a formula
        if bold:
            made.font = Font(bold=True)
        return made

    sheet.append([cell(column, bold=True) for column in COLUMNS])
    for row in rows:
        sheet.append([cell(value) for value in _cells(row)])
    book.save(handle)
