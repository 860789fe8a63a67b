"""The parts of a run over very many reports: which inputs there are, and where their results lie."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

import msgspec

from baogao.corpus.page import LARGEST, Page, make_page, page_of_text, read_page
from baogao.errors import InputError
from baogao.files import sha256, write_atomic


class Item(msgspec.Struct, frozen=True, omit_defaults=True):
    """One input: a report file, or a row group of a Parquet file with columns `text` (decoded) or `content`
    (bytes) and, if it likes, `id`."""

    url: str
    row_group: int | None = None


class Part(msgspec.Struct, frozen=True):
    """Some inputs and their number in the run."""

    number: int
    items: tuple[Item, ...]

    @property
    def name(self) -> str:
        return f"{self.number:06d}"


class Failure(msgspec.Struct, frozen=True):
    """A report that could not be labelled, and why."""

    file: str
    error: str


class Done(msgspec.Struct):
    """What a finished part left: files written, rows, reports, failures."""

    part: int
    files: list[str]
    reports: int = 0
    rows: int = 0
    characters: int = 0
    failures: list[Failure] = []


def find_inputs(inputs: Iterable[str]) -> list[Item]:
    """The files that `inputs` name, each once, sorted; a Parquet file as its row groups."""
    from fsspec.core import url_to_fs

    urls: set[str] = set()
    for given in inputs:
        try:
            fs, path = url_to_fs(given)
            if fs.isdir(path):
                found = [name for name in fs.find(path) if not _hidden(name[len(path) :])]
            elif "*" in path or "?" in path or "[" in path:
                found = [name for name in fs.glob(path) if fs.isfile(name)]
            else:
                found = [path] if fs.exists(path) else []
        except (ValueError, ImportError, OSError) as error:
            raise InputError(f"cannot be listed ({error})", file=given, todo="check the address") from error
        if not found:
            raise InputError("no file there", file=given, todo="name files, folders or globs")
        urls.update(str(fs.unstrip_protocol(name)) for name in found)
    items: list[Item] = []
    for url in sorted(urls):
        if url.endswith(".parquet"):
            items += [Item(url, group) for group in range(_parquet(url).metadata.num_row_groups)]
        else:
            items.append(Item(url))
    return items


def plan(items: Sequence[Item], part_size: int) -> list[Part]:
    """Files in parts of `part_size`; a row group is a part of its own."""
    if part_size < 1:
        raise InputError(f"a part of {part_size} reports", todo="give at least 1")
    parts: list[Part] = []
    files = [item for item in items if item.row_group is None]
    for start in range(0, len(files), part_size):
        parts.append(Part(len(parts), tuple(files[start : start + part_size])))
    for item in items:
        if item.row_group is not None:
            parts.append(Part(len(parts), (item,)))
    return parts


def read_pages(items: Iterable[Item]) -> Iterator[tuple[str, str, Callable[[], Page]]]:
    """(address, report id, function that reads its page) of every report of some inputs."""
    from pyarrow.lib import ArrowException

    for item in items:
        if item.row_group is None:
            stem = item.url.rsplit("/", 1)[-1].rsplit(".", 1)[0]
            yield item.url, f"{stem}-{sha256(item.url.encode())[:8]}", partial(_read_page, item.url)
            continue
        try:
            table = _parquet(item.url).read_row_group(item.row_group)
            rows = table.to_pylist()
        except (ArrowException, OSError, ValueError) as error:
            found = InputError(f"is not readable ({error})", file=item.url, todo="mend or remove it")
            yield f"{item.url}#{item.row_group}", "", partial(_refuse, found)
            continue
        names = set(table.column_names)
        if not names & {"text", "content"}:
            raise InputError(
                "no column text or content", file=item.url, field=", ".join(sorted(names)), todo="rename one"
            )
        for index, row in enumerate(rows):
            place = f"{item.url}#{item.row_group}.{index}"
            report = str(row.get("id") or sha256(place.encode())[:16])
            text, content = row.get("text"), row.get("content") or b""
            if isinstance(text, str):
                yield place, report, partial(page_of_text, text)
            elif text is None and isinstance(content, bytes):
                yield place, report, partial(make_page, content, file=place)
            else:
                found = InputError(
                    "text is not text or content not bytes", file=place, todo="mend the column"
                )
                yield place, report, partial(_refuse, found)


def _refuse(error: InputError) -> Page:
    raise error


def _read_page(url: str) -> Page:
    from fsspec.core import url_to_fs

    fs, path = url_to_fs(url)
    if "file" in _protocols(fs):
        return read_page(path)
    try:
        if (fs.size(path) or 0) > LARGEST:
            raise InputError(f"is larger than {LARGEST / 1e6:g} MB", file=url, todo="split it")
        return make_page(fs.cat_file(path), file=url)
    except OSError as error:
        raise InputError(
            f"cannot read: {error}", file=url, todo="check the address and its rights"
        ) from error


def _parquet(url: str):
    import pyarrow.parquet as pq
    from fsspec.core import url_to_fs
    from pyarrow.lib import ArrowException

    fs, path = url_to_fs(url)
    try:
        return pq.ParquetFile(path, filesystem=fs)
    except (ArrowException, OSError, ValueError) as error:
        raise InputError(f"is not a Parquet file ({error})", file=url, todo="mend or remove it") from error


def _hidden(path: str) -> bool:
    return any(part.startswith((".", "_")) for part in path.split("/") if part)


def _protocols(fs) -> tuple[str, ...]:
    return (fs.protocol,) if isinstance(fs.protocol, str) else tuple(fs.protocol)


def put(output: str, name: str, data: bytes) -> None:
    """Write a file below `output`, whole or not at all."""
    from fsspec.core import url_to_fs

    fs, root = url_to_fs(output)
    if "file" in _protocols(fs):
        with write_atomic(Path(root) / name, "wb") as handle:
            handle.write(data)
        return
    try:
        fs.pipe_file(f"{root}/{name}", data)  # object stores show a file when it is whole
    except OSError as error:
        raise InputError(
            f"cannot write: {error}", file=f"{output}/{name}", todo="check its rights"
        ) from error


def get(output: str, name: str) -> bytes | None:
    """A file below `output`, None where it is not there."""
    from fsspec.core import url_to_fs

    fs, root = url_to_fs(output)
    try:
        return fs.cat_file(f"{root}/{name}")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"cannot read: {error}", file=f"{output}/{name}", todo="check its rights") from error


def read_done(output: str, part: Part) -> Done | None:
    """The mark of a finished part, None where it is not finished."""
    data = get(output, f"_parts/{part.name}.json")
    if data is None:
        return None
    try:
        return msgspec.json.decode(data, type=Done)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(
            f"not the mark of a finished part ({error})", file=f"{output}/_parts/{part.name}.json",
            todo="remove it; the part is then done again",
        ) from error  # fmt: skip
