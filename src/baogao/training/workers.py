"""Several trainings side by side, each in a process of its own with one BLAS thread."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from baogao.errors import ServiceError
from baogao.processes import one_blas_thread, start_worker

Task = TypeVar("Task")
Result = TypeVar("Result")


def run_tasks(work: Callable[[Task], Result], tasks: Sequence[Task], *, jobs: int = 1) -> Iterator[Result]:
    """Yield `work(task)` of every task as it is done, `jobs` at once; with one job in this process, in order.

    `work` and tasks must be importable and picklable. The first error ends the rest. Raises ServiceError
    when a process dies.
    """
    if jobs <= 1 or len(tasks) <= 1:
        yield from map(work, tasks)
        return
    with one_blas_thread():
        yield from _side_by_side(work, tasks, jobs)


def _side_by_side(work: Callable[[Task], Result], tasks: Sequence[Task], jobs: int) -> Iterator[Result]:
    others = set(multiprocessing.active_children())
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(jobs, len(tasks)), mp_context=context, initializer=start_worker)
    try:
        for future in as_completed([pool.submit(work, task) for task in tasks]):
            yield future.result()
    except BrokenProcessPool as error:
        raise ServiceError(
            "a training process died (out of memory?)", todo="try again with --jobs 1; what was done is kept"
        ) from error
    except BaseException:  # else the interpreter would wait, for minutes, until running tasks are done
        for child in set(multiprocessing.active_children()) - others:
            child.terminate()
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
