"""Raw report in, blocks out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from baogao.corpus.breaks import split_headings
from baogao.corpus.outline import build_blocks
from baogao.corpus.page import Page, page_of_text, read_page
from baogao.corpus.paragraphs import make_paragraphs
from baogao.corpus.parallel import parallel
from baogao.errors import BaogaoError, InputError
from baogao.files import write_folder
from baogao.records import Block, Report, write_jsonl
from baogao.workspace import Workspace


def segment_text(source: str, *, report: str) -> list[Block]:
    """The blocks of a report given as decoded text, plain or HTML: page furniture dropped, scrambled text
    repaired, outline rebuilt. Offsets of the blocks are characters of `source`."""
    return page_blocks(page_of_text(source), report=report)


def page_blocks(page: Page, *, report: str) -> list[Block]:
    """The blocks of a page that has been read."""
    paragraphs = split_headings(make_paragraphs(page.lines), page.lines)
    return build_blocks(report, paragraphs, [line.text for line in page.lines if line.closing])


def segment_file(path: str | Path, *, report: str | None = None) -> list[Block]:
    """The blocks of a report file; its id is the file's stem unless `report` names one.

    Raises InputError where the file cannot be read, is empty, too large, encrypted, scanned, or no text.
    """
    blocks = page_blocks(read_page(path), report=report or Path(path).stem)
    if not blocks:
        raise InputError("holds no text of a report", file=path, todo="save the page that has its text")
    return blocks


def segment_files(
    paths: Iterable[str | Path], *, jobs: int = 1, skipped: list[BaogaoError] | None = None
) -> Iterator[Block]:
    """The blocks of several report files, one after the other; no two files may share a stem.

    With `skipped`, files that cannot be read are left out and their errors put there; else the first one is
    raised.
    """
    seen: dict[str, str | Path] = {}
    work = []
    for path in paths:
        name = "stdin" if str(path) == "-" else Path(path).stem
        if name in seen:
            raise InputError(
                f"would give the report id {name!r}, which {seen[name]} has already", file=path,
                todo="rename one of the two",
            )  # fmt: skip
        seen[name] = path
        work.append((path, name))
    for blocks in parallel(_try_segment, work, jobs=jobs, what="segmenting"):
        if not isinstance(blocks, BaogaoError):
            yield from blocks
        elif skipped is None:
            raise blocks
        else:
            skipped.append(blocks)


def _try_segment(path: str | Path, name: str) -> list[Block] | BaogaoError:
    try:
        return segment_file(path, report=name)
    except BaogaoError as error:
        return error


def segment_workspace(workspace: Workspace, *, jobs: int = 1) -> list[Path]:
    """Write corpus/blocks/REPORT.jsonl for each report of the manifest, with `jobs` processes; the same
    bytes whatever their number. The folder is replaced as a whole, or left as it was on any error.

    Raises InputError for a report that cannot be read, or that lies outside the workspace.
    """
    target = workspace.corpus / "blocks"
    with write_folder(target) as folder:
        work = [(report_path(workspace, report), report.id, folder) for report in workspace.reports()]
        names = list(parallel(_write_blocks, work, jobs=jobs, what="segmenting"))
    return [target / name for name in names]


def report_path(workspace: Workspace, report: Report) -> Path:
    """Where a report of the manifest lies. Raises InputError where it points out of the workspace."""
    manifest = workspace.corpus / "manifest.jsonl"
    if Path(report.id).name != report.id or not report.id.isprintable():
        raise InputError(
            f"the id {report.id!r} is no file name", file=manifest, field="id", todo="choose a plain name"
        )
    path = workspace.corpus / report.file
    if not path.resolve().is_relative_to(workspace.root.resolve()):
        raise InputError(
            f"{report.file!r} of report {report.id} lies outside the workspace", file=manifest, field="file",
            todo="add the file itself with: baogao corpus add FILE",
        )  # fmt: skip
    return path


def _write_blocks(path: Path, report: str, folder: Path) -> str:
    name = f"{report}.jsonl"
    write_jsonl(folder / name, segment_file(path, report=report))
    return name
