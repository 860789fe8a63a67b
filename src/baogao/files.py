"""Files written whole or not at all, and read without surprises."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import re
import secrets
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from baogao.errors import InputError, ReaderGone

logger = logging.getLogger("baogao")
LEFTOVER = re.compile(r"\..+\.[0-9a-f]{8}\.(tmp|old)")


@contextlib.contextmanager
def write_atomic(path: str | Path, mode: str = "w") -> Iterator[IO[Any]]:
    """Open a temporary file beside `path` and rename it over `path` when the block ends well.

    On any error the temporary file goes and `path` stays as it was. `-` writes to standard output; a device
    or a pipe (/dev/null, a shell's >(…)) is written to as it is. Text is UTF-8 with `\\n` line ends. Raises
    InputError when the place cannot be written.
    """
    if str(path) == "-":
        try:
            yield sys.stdout if "b" not in mode else sys.stdout.buffer
            sys.stdout.flush()
        except BrokenPipeError as error:  # click would make it status 1, which means findings
            raise ReaderGone("the reader of the pipe had enough") from error
        except OSError as error:
            raise InputError(
                f"cannot write: {error.strerror or error}", file=path, todo="free space or write to a file"
            ) from error
        return
    target = Path(path)
    temporary = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.tmp")
    text = {} if "b" in mode else {"encoding": "utf-8", "newline": "\n"}
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir():
            raise IsADirectoryError(None, "Is a directory")
        if is_stream(target):
            with open(target, mode, **text) as handle:  # type: ignore[call-overload]
                yield handle
            return
        with open(temporary, mode, **text) as handle:  # type: ignore[call-overload]
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(temporary, target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise InputError(
            f"cannot write: {error.strerror or error}", file=path, todo="free space or choose another place"
        ) from error
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def is_stream(path: str | Path) -> bool:
    """Whether `path` is standard output, a device or a pipe: nothing that can be replaced or stand beside."""
    if str(path) in ("-", "/dev/stdout", "/dev/stderr") or str(path).startswith("/dev/fd/"):
        return True
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


@contextlib.contextmanager
def write_folder(path: str | Path, *, known_by: str | None = None) -> Iterator[Path]:
    """Yield an empty temporary folder beside `path`; rename it to `path` when the block ends well.

    What stood at `path` before is replaced only then, and removed. `known_by`: see `refuse_foreign_folder`.
    """
    target = Path(os.path.abspath(path))  # "." has no name that another could stand beside
    if known_by is not None:
        refuse_foreign_folder(path, known_by)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        temporary.mkdir(parents=True)
        yield temporary
        _put_in_place(temporary, target)
    except OSError as error:
        raise InputError(
            f"cannot write: {error.strerror or error}", file=path, todo="free space or choose another place"
        ) from error
    finally:
        _remove(temporary)


def refuse_foreign_folder(path: str | Path, known_by: str) -> None:
    """Raise InputError where a folder that is to be replaced holds other things than what the same command
    wrote before: it is not empty and has no entry `known_by`. Also where it is a file."""
    target = Path(path)
    if target.is_dir():
        if any(target.iterdir()) and not (target / known_by).exists():
            raise InputError(
                f"is a folder with other things in it (no {known_by})", file=path, todo="name a new folder"
            )
    elif target.exists():
        raise InputError("is no folder", file=path, todo="name a new folder")


def _put_in_place(new: Path, target: Path) -> None:
    """Rename the folder `new` to `target`; a folder that stands there is then at `new`, or removed."""
    if not os.path.lexists(target):
        os.replace(new, target)
        return
    if not target.is_dir():
        raise NotADirectoryError(None, "Is not a folder")
    if _exchange(new, target):
        return
    # Without that call a kill between the two renames leaves the old folder under its hidden name.
    old = target.with_name(f".{target.name}.{secrets.token_hex(4)}.old")
    os.replace(target, old)
    try:
        os.replace(new, target)
    except OSError:
        os.replace(old, target)
        raise
    _remove(old)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two names in one step, so that there is no moment without either; False where the system
    (renameat2 of Linux) or the file system cannot."""
    import ctypes

    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return False
    return rename(here, os.fsencode(one), here, os.fsencode(other), exchange) == 0


def _remove(folder: Path) -> None:
    import shutil

    if folder.is_symlink():
        folder.unlink()
    else:
        shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers(*folders: Path, older: float = 86400) -> None:
    """Remove what killed writers left in `folders`: hidden temporary files and folders, not touched for
    `older` seconds, so that nothing goes that somebody is still writing. One from the future stays: it may
    be new, and the clock was set back meanwhile."""
    now = time.time()
    for folder in folders:
        for path in folder.glob(".*"):
            if not LEFTOVER.fullmatch(path.name):
                continue
            with contextlib.suppress(OSError):
                if now - path.lstat().st_mtime > older:
                    _remove(path) if path.is_dir() else path.unlink()


def read_bytes(path: str | Path, *, limit: int | None = None) -> bytes:
    """The bytes of a regular file (`-`: standard input). Raises InputError for a missing file, a folder,
    a device, or more than `limit` bytes."""
    if str(path) == "-":
        data = sys.stdin.buffer.read() if limit is None else sys.stdin.buffer.read(limit + 1)
    else:
        try:
            if "\0" not in str(path) and Path(path).exists() and not Path(path).is_file():
                raise InputError("is not a regular file", file=path, todo="name a file")
            with open(path, "rb") as handle:
                data = handle.read() if limit is None else handle.read(limit + 1)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise InputError(
                f"cannot read: {reason}", file=path, todo="check the path and its rights"
            ) from error
    if limit is not None and len(data) > limit:
        raise InputError(f"is larger than {limit / 1e6:g} MB", file=path, todo="split it or raise the limit")
    return data


def sha256(data: bytes) -> str:
    """Hex digest of some bytes."""
    return hashlib.sha256(data).hexdigest()


def sha256_tree(*paths: Path) -> str:
    """One digest over the names and contents of files and of all files below folders; missing ones count."""
    digest = hashlib.sha256()
    for path in paths:
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in files:
            digest.update(str(file.relative_to(path.parent)).encode() + b"\0")
            digest.update(hashlib.sha256(file.read_bytes()).digest() if file.is_file() else b"missing")
    return digest.hexdigest()


@contextlib.contextmanager
def hold_lock(path: Path, who: str) -> Iterator[None]:
    """Hold the lock file `path`; when another process holds it, say who and wait.

    The kernel keeps the lock, so that of a process that died is free at once. A lock is not held twice by
    one process: call this where a command begins, not in what it calls.
    """
    import fcntl

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise InputError(
            f"cannot write: {error.strerror or error}", file=path, todo="check the rights of the workspace"
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 1000).decode(errors="replace").strip()
            logger.warning("waiting for %s", holder or "another command")
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError as error:
            raise InputError(
                f"cannot be locked: {error.strerror}", file=path, todo="use a file system with locks"
            ) from error
        with contextlib.suppress(OSError):  # on a full disk the lock holds all the same
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{who} (process {os.getpid()})\n".encode(), 0)
        yield
    finally:
        os.close(handle)
