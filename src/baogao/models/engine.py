"""Very many reports: labelled in parts, on this machine or a Ray cluster, into a folder of Parquet files.

A part is some hundred reports. It is labelled in one process, written as one file a year and province
(OUTPUT/year=2023/province=…/part-000012.parquet), and only then marked done (OUTPUT/_parts/000012.json).
File names follow from the part, so a part that is done twice, after a kill or by a Ray worker that died,
overwrites itself: every row is there once. Both engines run the same code on the same parts.
"""

from __future__ import annotations

import io
import logging
import multiprocessing
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import msgspec

from baogao.errors import BaogaoError, Findings, InputError, ServiceError
from baogao.files import sha256
from baogao.log import logger, versions
from baogao.models.parts import Done, Failure, Part, find_inputs, get, plan, put, read_done, read_pages
from baogao.models.predict_formats import block_schema
from baogao.processes import one_blas_thread, start_worker
from baogao.progress import track
from baogao.records import LabelledBlock

LARGEST_PART = 200


class Total(msgspec.Struct):
    """What a run came to: the sums of its parts; `skipped` parts were done before."""

    parts: int = 0
    skipped: int = 0
    reports: int = 0
    rows: int = 0
    characters: int = 0
    failures: list[Failure] = []

    def add(self, done: Done) -> None:
        self.parts += 1
        self.reports += done.reports
        self.rows += done.rows
        self.characters += done.characters
        self.failures += done.failures


def predict_many(
    inputs: Sequence[str],
    output: str,
    *,
    model: str,
    engine: Literal["local", "ray"] = "local",
    address: str | None = None,
    jobs: int = 1,
    part_size: int | None = None,
    keep_going: bool = False,
) -> Total:
    """Label `inputs` into the folder `output`; parts that are done there already are passed over.

    `inputs`: files, folders, globs, Parquet files, local or at any address fsspec knows (s3://…). `jobs`:
    processes, or Ray actors. `address`: a Ray cluster; its nodes must reach inputs, model and output.
    `part_size`: reports a part; by default what gives some sixty parts, at most 200. Writes
    OUTPUT/_summary.json at the end. Raises InputError for no inputs or an output of another run, at the first
    bad report unless `keep_going`; with it, Findings at the end.
    """
    started = time.perf_counter()
    items = find_inputs(inputs)
    # By the inputs alone: a run that goes on with other processes must find the same parts.
    if part_size is None:
        part_size = min(LARGEST_PART, -(-len(items) // 64))
    parts = plan(items, part_size)
    _claim(output, parts, model)
    total = Total()
    todo = []
    for part in parts:
        done = read_done(output, part)
        if done is None:
            todo.append(part)
        else:
            total.skipped += 1
            total.add(done)
    logger.debug("%d parts, %d of them done before", len(parts), total.skipped)
    runs = (
        _on_ray(todo, model, output, address, jobs) if engine == "ray" else _here(todo, model, output, jobs)
    )
    for done in track(runs, "labelling", total=len(todo)):
        if done.failures and not keep_going:
            first = done.failures[0]
            raise InputError(first.error, todo="mend or remove it, or pass over such files with --keep-going")
        put(output, f"_parts/{done.part:06d}.json", msgspec.json.encode(done))
        total.add(done)
    settings = {"engine": engine, "model": model, "part_size": part_size, "jobs": jobs}
    summary = msgspec.to_builtins(total) | {
        "settings": settings,
        "versions": versions(),
        "seconds": round(time.perf_counter() - started, 1),
    }
    put(output, "_summary.json", msgspec.json.format(msgspec.json.encode(summary), indent=1))
    if total.failures:
        raise Findings(
            f"{len(total.failures)} of {total.reports + len(total.failures)} reports could not be read",
            file=output, todo="they are listed in _summary.json",
        )  # fmt: skip
    return total


class Labeller:
    """A loaded pipeline that labels parts; one a process."""

    def __init__(self, model: str, output: str) -> None:
        from baogao.models.pipeline import load_pipeline

        self.nlp = load_pipeline(model)
        self.output = output

    def __call__(self, part: Part) -> Done:
        """Label and write one part."""
        from baogao.corpus.metadata import read_metadata
        from baogao.corpus.segment import page_blocks
        from baogao.models.predict import label_blocks

        done = Done(part.number, [])
        rows: dict[tuple[int | None, str | None], list[dict[str, Any]]] = {}
        for url, report, read in read_pages(part.items):
            try:
                page = read()
                about = read_metadata(page)
                blocks = label_blocks(self.nlp, page_blocks(page, report=report))
            except BaogaoError as error:
                done.failures.append(Failure(url, str(error)))
                continue
            done.reports += 1
            done.characters += sum(len(block.text) for block in blocks)
            key = (about["year"], about["province"])
            facts = {"file": url, "title": about["title"], "issuer": about["issuer"]}
            rows.setdefault(key, []).extend(_row(block) | facts for block in blocks)
        for (year, province), found in rows.items():
            name = f"year={_cell(year)}/province={_cell(province)}/part-{part.name}.parquet"
            put(self.output, name, _parquet_bytes(found))
            done.files.append(name)
            done.rows += len(found)
        return done


def _here(parts: Sequence[Part], model: str, output: str, jobs: int) -> Iterator[Done]:
    if not parts:
        return
    if jobs <= 1:
        yield from map(Labeller(model, output), parts)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(jobs, len(parts)), context, initializer=_load, initargs=(model, output))
    with one_blas_thread():
        try:
            rest = iter(parts)
            waiting: deque[Future[Done]] = deque(pool.submit(_label, part) for part in islice(rest, 2 * jobs))
            while waiting:
                yield waiting.popleft().result()
                waiting.extend(pool.submit(_label, part) for part in islice(rest, 1))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


_labeller: Labeller | None = None


def _load(model: str, output: str) -> None:
    global _labeller
    start_worker()
    _labeller = Labeller(model, output)


def _label(part: Part) -> Done:
    assert _labeller is not None
    return _labeller(part)


def _on_ray(parts: Sequence[Part], model: str, output: str, address: str | None, jobs: int) -> Iterator[Done]:
    """Ray Data streams the parts through a pool of actors: it holds back what the actors cannot take yet,
    and gives a part whose actor or node died to another."""
    if not parts:
        return
    try:
        import ray
    except ImportError as error:
        raise ServiceError("Ray is not installed", todo="pip install 'baogao[cluster]'") from error
    if not ray.is_initialized():
        local: dict[str, Any] = {} if address else {"num_cpus": jobs, "include_dashboard": False}
        try:
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **local)
        except ConnectionError as error:
            raise ServiceError(f"no Ray cluster at {address}", todo="start one: ray start --head") from error
    ray.data.DataContext.get_current().enable_progress_bars = False
    rows = [{"part": msgspec.json.encode(part)} for part in parts]
    data = ray.data.from_items(rows, override_num_blocks=len(rows)).map_batches(
        RayLabeller,
        fn_constructor_kwargs={"model": model, "output": output},
        batch_size=1,
        concurrency=(1, jobs),
        num_cpus=1,
    )
    for row in data.iter_rows():
        yield msgspec.json.decode(row["done"], type=Done)


class RayLabeller:
    """A Labeller as Ray Data calls it: a batch of one encoded part in, a batch of one encoded Done out."""

    def __init__(self, model: str, output: str) -> None:
        self.label = Labeller(model, output)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[bytes]]:
        parts = (msgspec.json.decode(part, type=Part) for part in batch["part"])
        return {"done": [msgspec.json.encode(self.label(part)) for part in parts]}


def _row(block: LabelledBlock) -> dict[str, Any]:
    row = msgspec.to_builtins(block)
    row.pop("meta", None)
    return row


def _cell(value: object) -> str:
    """A value in a folder's name as Hive and pyarrow read it; what a page says is never a path."""
    return "__HIVE_DEFAULT_PARTITION__" if value is None else quote(str(value), safe="")


def _parquet_bytes(rows: list[dict[str, Any]]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(
        pa.Table.from_pylist(rows, schema=block_schema("file", "title", "issuer")), buffer, compression="zstd"
    )
    return buffer.getvalue()


def _claim(output: str, parts: Sequence[Part], model: str) -> None:
    """Write what this run is into the output, or check that what is there is the same run."""
    key = sha256(msgspec.json.encode([parts, _model_key(model)])).encode()
    known = get(output, "_run")
    if known is not None and known != key:
        raise InputError(
            "holds the results of other inputs, another model or other parts", file=output,
            todo="name a new folder",
        )  # fmt: skip
    if known is None:
        put(output, "_run", key)


def _model_key(model: str) -> str:
    """What tells one model from another: the meta of its folder, or the name of its package."""
    meta = Path(model) / "meta.json"
    return sha256(meta.read_bytes()) if meta.is_file() else model
