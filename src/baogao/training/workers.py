"""Several trainings side by side, each in a process of its own with one BLAS thread."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from baogao.errors import ServiceError
from baogao.processes import start_worker

Task = TypeVar("Task")
Result = TypeVar("Result")
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def run_tasks(work: Callable[[Task], Result], tasks: Sequence[Task], *, jobs: int = 1) -> Iterator[Result]:
    """Yield `work(task)` of every task as it is done, `jobs` at once; with one job in this process, in order.

    `work` and tasks must be importable and picklable. The first error ends the rest. Raises ServiceError
    when a process dies.
    """
    if jobs <= 1 or len(tasks) <= 1:
        yield from map(work, tasks)
        return
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
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
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
