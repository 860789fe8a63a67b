"""An environment for doccano alone: its pins (pandas 1.5, numpy 1, Django 4) fit nothing else."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib import resources
from pathlib import Path

from baogao.errors import InputError, ServiceError
from baogao.files import sha256

Say = Callable[[str], None]


def environment_folder(home: Path) -> Path:
    """Where doccano's own environment is: $BAOGAO_DOCCANO_VENV, else venv/ beside the data."""
    return Path(os.environ.get("BAOGAO_DOCCANO_VENV") or home / "venv").absolute()


def install_doccano(venv: Path, *, say: Say = lambda _: None) -> Path:
    """Make the environment `venv` with the locked doccano unless it is there; returns its python.

    Two processes may ask at once; the second waits. Raises ServiceError when it cannot be installed.
    """
    lock_text = resources.files("baogao.annotations").joinpath("doccano.lock").read_text(encoding="utf-8")
    python, ready = venv / "bin" / "python", venv / ".baogao-ready"
    venv.parent.mkdir(parents=True, exist_ok=True)
    with open(venv.parent / f".{venv.name}.lock", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if ready.is_file() and ready.read_text() == sha256(lock_text.encode()) and python.exists():
            return python
        if venv.exists() and any(venv.iterdir()) and not ready.exists():
            raise InputError(
                "is not an environment that baogao made", file=venv, field="BAOGAO_DOCCANO_VENV",
                todo="name a folder that is empty or not there yet",
            )  # fmt: skip
        say(f"installing doccano into {venv} (once, about a minute)")
        interpreter = _python311()
        shutil.rmtree(venv, ignore_errors=True)
        venv.mkdir(parents=True)
        ready.touch()  # ours from here on, and not ready before it names the lock
        with resources.as_file(resources.files("baogao.annotations").joinpath("doccano.lock")) as lock:
            check_run([interpreter, "-m", "venv", str(venv)], "make an environment")
            uv = Path(sys.executable).with_name("uv")
            found = str(uv) if uv.exists() else shutil.which("uv")
            pip = (
                [found, "pip", "install", "--quiet", "--python", str(python)]
                if found
                else [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            )
            check_run([*pip, "--requirement", str(lock)], "install doccano")
        ready.write_text(sha256(lock_text.encode()))
    return python


def _python311() -> str:
    if sys.version_info[:2] == (3, 11):
        return sys.executable
    found = shutil.which("python3.11")
    if found is None:
        raise ServiceError(
            "doccano 1.8.4 needs Python 3.11, and there is no python3.11 on the PATH",
            todo="install it, or use a doccano that runs elsewhere with --url",
        )
    return found


def check_run(command: list[str], what: str, env: dict[str, str] | None = None) -> None:
    """Run a command quietly; ServiceError "cannot WHAT: its last line" where it fails."""
    result = subprocess.run(command, capture_output=True, text=True, env=env, stdin=subprocess.DEVNULL)
    if result.returncode:
        last = (result.stderr.strip() or result.stdout.strip() or "no message").splitlines()[-1]
        raise ServiceError(f"cannot {what}: {last}", todo="mend that and run the same command again")
