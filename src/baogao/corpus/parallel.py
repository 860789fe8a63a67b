"""The same function over many reports, in one process or several, results in order."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from typing import Any

from baogao.processes import one_blas_thread, start_worker
from baogao.progress import track


def parallel(function: Callable[..., Any], work: list[tuple], *, jobs: int, what: str) -> Iterator[Any]:
    """Yield `function(*arguments)` for each arguments of `work`, in order, under a progress bar.

    With `jobs` processes a few results wait at a time, so memory does not grow with the work. An error of
    one ends the iteration.
    """
    if jobs <= 1 or len(work) < 2:
        yield from (function(*arguments) for arguments in track(work, what))
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(jobs, len(work)), mp_context=context, initializer=start_worker)
    with one_blas_thread(), pool:
        rest = iter(work)
        waiting: deque[Future] = deque(pool.submit(function, *each) for each in islice(rest, 4 * jobs))

        def results() -> Iterable[Any]:
            while waiting:
                yield waiting.popleft().result()
                waiting.extend(pool.submit(function, *each) for each in islice(rest, 1))

        yield from track(results(), what, total=len(work))
