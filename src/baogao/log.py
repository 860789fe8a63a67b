"""Messages on standard error, for people or as JSON lines, and the summary that lies beside an output."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from baogao.files import is_stream, write_atomic

logger = logging.getLogger("baogao")
PACKAGES = ("baogao", "spacy", "spacy-pkuseg", "doccano-client", "scikit-learn", "datasets", "numpy")


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(record.created))
        fields = {"time": moment, "level": record.levelname.lower(), "message": record.getMessage()}
        return json.dumps(fields | getattr(record, "fields", {}), ensure_ascii=False, default=str)


class _StandardError(logging.StreamHandler):
    """Writes to what standard error is at that moment."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self):
        return sys.stderr


def configure(*, verbose: bool = False, quiet: bool = False, log_json: bool = False) -> None:
    """Send baogao's messages to standard error: information and worse, with `verbose` details too, with
    `quiet` only warnings and worse and no progress bars; with `log_json` one JSON object a line."""
    from baogao import progress

    handler = _StandardError()
    handler.setFormatter(_JsonLines() if log_json else logging.Formatter("%(message)s"))
    logger.handlers[:] = [handler]
    if log_json:  # what libraries warn of comes in the same shape
        logging.captureWarnings(True)
        logging.getLogger("py.warnings").handlers[:] = [handler]
    logger.setLevel(logging.WARNING if quiet else logging.DEBUG if verbose else logging.INFO)
    logger.propagate = False
    progress.enabled = not quiet and not log_json


def versions(packages: Iterable[str] = PACKAGES) -> dict[str, str | None]:
    """Version of Python and of each package, None where it is not installed."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    found: dict[str, str | None] = {"python": platform.python_version()}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def write_summary(output: str | Path, command: str, started: float, **facts: Any) -> Path | None:
    """Write OUTPUT.run.json beside `output`: command, versions, seconds since `started`
    (time.perf_counter(), which no change of the clock moves) and `facts` (settings, counts, skipped files; no
    secrets). Nothing for standard output, a device or a pipe; returns the path."""
    if is_stream(output):
        return None
    path = Path(os.path.abspath(output) + ".run.json")  # of the folder `.` too
    seconds = time.perf_counter() - started
    summary = {
        "command": command,
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(time.time() - seconds)),
        "seconds": round(seconds, 1),
        "versions": versions(),
        **facts,
    }
    with write_atomic(path) as handle:
        json.dump(summary, handle, ensure_ascii=False, indent=1, default=str)
        handle.write("\n")
    return path
