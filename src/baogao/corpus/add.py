"""New report files taken into a workspace: copied unchanged, described in the manifest, compared."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from baogao.corpus.duplicates import near_duplicates
from baogao.corpus.metadata import read_metadata
from baogao.corpus.page import LARGEST, Page, make_page
from baogao.corpus.paragraphs import make_paragraphs
from baogao.corpus.parallel import parallel
from baogao.errors import BaogaoError, InputError
from baogao.files import hold_lock, read_bytes, sha256, write_atomic
from baogao.log import logger
from baogao.records import Report, write_jsonl
from baogao.workspace import Workspace

#: Names of files that a folder is searched for, and of those that may be reports nobody here can read.
SUFFIXES = frozenset([".txt", ".html", ".htm", ".shtml", ".xhtml", ".mhtml", ".docx", ".pdf"])
_OTHER_SUFFIXES = frozenset([".doc", ".wps", ".rtf", ".odt", ".ofd", ".ceb", ".xls", ".xlsx", ".et", ""])
_NAMES = {"text": ".txt", "html": ".html", "docx": ".docx", "pdf": ".pdf"}
#: Two reports this alike are the same report from two sites, or one copied from another.
ALIKE = 0.6
_SAVED_FROM = re.compile(
    r"<!--\s*saved from url=\(\d+\)(\S{1,500})\s*-->"
    r"|<link[^<>]{0,200}rel=[\"']canonical[\"'][^<>]{0,200}href=[\"']([^\"'<>]{1,500})"
)


@dataclass
class Added:
    """What `add_reports` did: reports added, files skipped with the reason, pairs of near-duplicates as
    (report, the earlier report, similarity)."""

    reports: list[Report] = field(default_factory=list)
    skipped: list[BaogaoError] = field(default_factory=list)
    alike: list[tuple[str, str, float]] = field(default_factory=list)


@dataclass
class _Read:
    data: bytes
    page: Page
    digest: str


def add_reports(
    workspace: Workspace, paths: Iterable[str | Path], *, jobs: int = 1, keep_going: bool = False
) -> Added:
    """Copy report files, and those in folders, into corpus/reports and describe them in the manifest.

    Nothing is added when a file is bad or is in the corpus already, unless `keep_going` skips such files.
    Raises InputError naming the first one.
    """
    result = Added()
    with hold_lock(workspace.root / ".baogao" / "corpus.lock", "baogao corpus add"):
        known = workspace.reports()
        ids = {report.id for report in known}
        digests = {report.sha256 or _digest(workspace, report): report.id for report in known}
        written: list[Path] = []
        bodies: dict[str, str] = {}
        try:
            files = [(path,) for path in find_files(paths, skipped=result.skipped if keep_going else None)]
            for read in parallel(_try_read, files, jobs=jobs, what="reading"):
                try:
                    if isinstance(read, BaogaoError):
                        raise read
                    path, read = read
                    if read.digest in digests:
                        raise InputError(
                            f"is the same file as report {digests[read.digest]}", file=path,
                            todo="leave it out, or add the rest with --keep-going",
                        )  # fmt: skip
                except BaogaoError as error:
                    if not keep_going:
                        raise
                    result.skipped.append(error)
                    continue
                report = _describe(path, read, ids)
                target = workspace.corpus / report.file
                if not target.resolve().is_relative_to(workspace.root.resolve()):
                    raise InputError(
                        "leads out of the workspace", file=target.parent, todo="make it a plain folder"
                    )
                with write_atomic(target, "wb") as handle:
                    handle.write(read.data)
                written.append(target)
                ids.add(report.id)
                digests[read.digest] = report.id
                bodies[report.id] = _body(read.page)
                result.reports.append(report)
            if result.reports:
                result.alike = _alike(workspace, known, bodies)
                write_jsonl(workspace.corpus / "manifest.jsonl", [*known, *result.reports])
        except BaseException:
            for target in written:
                target.unlink(missing_ok=True)
            raise
    return result


def find_files(paths: Iterable[str | Path], *, skipped: list[BaogaoError] | None = None) -> Iterator[Path]:
    """The named files, and the report files below named folders in order of their names.

    Raises InputError for a folder without any, and for a link in one that leads out of it; with `skipped`,
    such links are left out and put there.
    """
    for each in paths:
        path = Path(each)
        if "\0" not in str(each) and path.is_dir():
            inside = [file for file in sorted(path.rglob("*")) if file.is_file() and file.name[0] != "."]
            found = [file for file in inside if file.suffix.lower() in SUFFIXES]
            for file in found:
                if not file.resolve().is_relative_to(path.resolve()):
                    error = InputError(
                        "is a link that leads out of the folder", file=file, todo="name the file itself"
                    )
                    if skipped is None:
                        raise error
                    skipped.append(error)
                else:
                    yield file
            others = [file.name for file in inside if file.suffix.lower() in _OTHER_SUFFIXES]
            if others:
                logger.warning(
                    "%s: left out %d of other kinds, such as %s; save them as docx or pdf",
                    path, len(others), others[0],
                )  # fmt: skip
            if not found:
                raise InputError(
                    "holds no report files", file=path, todo=f"put {', '.join(sorted(SUFFIXES))} there"
                )
        else:
            yield path


def _try_read(path: Path) -> tuple[Path, _Read] | BaogaoError:
    try:
        before = _state(path)
        data = read_bytes(path, limit=LARGEST)
        if before != _state(path):
            raise InputError(
                "changed while it was read", file=path, todo="wait until it is written and add it again"
            )
        page = make_page(data, file=path)
        if all(line.dropped for line in page.lines):
            raise InputError("holds no text of a report", file=path, todo="save the page with its text")
        return path, _Read(data, page, sha256(data))
    except BaogaoError as error:
        return error


def _state(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None  # read_bytes says why
    return found.st_size, found.st_mtime_ns


def _digest(workspace: Workspace, report: Report) -> str:
    path = workspace.corpus / report.file
    return sha256(read_bytes(path)) if path.is_file() else f"missing {report.id}"


def _describe(path: Path, read: _Read, ids: set[str]) -> Report:
    name = re.sub(r"[^\w\u4e00-\u9fff-]+", "-", path.stem).strip("-_")[:80] or "report"
    unique, number = name, 2
    while unique in ids:
        unique, number = f"{name}-{number}", number + 1
    found = _SAVED_FROM.search(read.page.source[:20_000]) if read.page.format == "html" else None
    return Report(
        id=unique, file=f"reports/{unique}{_NAMES[read.page.format]}", sha256=read.digest,
        source=(found.group(1) or found.group(2)) if found else None, **read_metadata(read.page),
    )  # fmt: skip


def _body(page: Page) -> str:
    return "\n".join(paragraph.text.text for paragraph in make_paragraphs(page.lines))


def _alike(workspace: Workspace, known: list[Report], bodies: dict[str, str]) -> list[tuple[str, str, float]]:
    """Pairs with one of the new reports."""

    def texts() -> Iterator[tuple[str, str]]:
        for report in known:
            path = workspace.corpus / report.file
            try:
                yield report.id, _body(make_page(read_bytes(path, limit=LARGEST), file=path))
            except InputError:
                continue  # an old report that cannot be read is no reason not to add a new one
        yield from bodies.items()

    return [
        (pair.key, pair.other, pair.similarity)
        for pair in near_duplicates(texts(), threshold=ALIKE)
        if pair.key in bodies
    ]
