"""Worker processes that end with the process that started them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from multiprocessing.connection import wait


def start_worker() -> None:
    """Initializer of a worker process: dies of Ctrl-C in silence, and at once when its parent is gone.

    The parent's trace is the one that matters. A parent that was killed has let go of its lock: a worker
    that lived on would write while the same command, started again, does too.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    parent = multiprocessing.parent_process()
    assert parent is not None, "start_worker is for worker processes"
    threading.Thread(target=_end_after, args=(parent.sentinel,), daemon=True).start()


def _end_after(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
