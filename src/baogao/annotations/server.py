"""A private doccano: installed into an environment of its own, started on loopback, stopped cleanly.

Its data (database, uploads, secrets) stay in annotations/doccano/ of the workspace, which git passes over.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import json
import os
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from baogao.annotations.install import Say, check_run, environment_folder, install_doccano
from baogao.errors import InputError, ServiceError
from baogao.files import sha256, write_atomic

START_SECONDS = 120  # the slowest first answer seen on two busy cores is 40 s
STOP_SECONDS = 10
SETTINGS_MODULE = "baogao_doccano_settings"
# On top of doccano's own: only names of this machine (and of a proxy before it), a task queue that looks ten
# times a second instead of once, and a writer that waits for another instead of answering 500 after 5 s.
SETTINGS = """\
import os
from kombu.transport.sqlalchemy import Transport
from config.settings.production import *
ALLOWED_HOSTS = ["127.0.0.1", "localhost", *os.environ.get("BAOGAO_DOCCANO_HOSTS", "").split(",")]
Transport.polling_interval = 0.1
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"].setdefault("OPTIONS", {})["timeout"] = 30
"""


@dataclass(frozen=True)
class Server:
    """A running doccano: its web server and its task worker, each with its own process group."""

    url: str
    user: str
    password: str
    home: Path
    web: subprocess.Popen[bytes]
    task: subprocess.Popen[bytes]
    environment: dict[str, str]


def read_secrets(home: Path) -> dict[str, str]:
    """The secret key and the admin's password of a private server, made on first use, readable by its
    owner only."""
    path = home / "secrets.json"
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        fresh = {
            "secret_key": secrets.token_urlsafe(48),
            "user": "admin",
            "password": secrets.token_urlsafe(12),
        }
        write_private(path, fresh)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(
            f"not JSON ({error})", file=path, todo="mend it; its password opens the database beside it"
        ) from error


def write_private(path: Path, value: dict) -> None:
    """A JSON file that only its owner can read, in a folder that git passes over."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with write_atomic(path.parent / ".gitignore") as handle:
        handle.write("*\n")
    old = os.umask(0o177)
    try:
        with write_atomic(path) as handle:
            json.dump(value, handle, ensure_ascii=False, indent=1)
    finally:
        os.umask(old)


@contextlib.contextmanager
def start_server(
    home: Path,
    *,
    port: int = 0,
    venv: Path | None = None,
    database_url: str | None = None,
    say: Say = lambda _: None,
) -> Iterator[Server]:
    """Run doccano on 127.0.0.1 with its data in `home` while the block runs, then stop it.

    port: 0 takes a free one. database_url: else $DATABASE_URL, else SQLite in `home`.
    The data stay; the next start finds them. Raises ServiceError when it does not come up, InputError when
    a server already runs on this data or the port is taken.
    """
    home = home.absolute()
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o700)  # the database holds sessions, the folder the secret key
    python = install_doccano(venv or environment_folder(home), say=say)
    with _only_one(home):
        port = _free_port(port)
        private = read_secrets(home)
        database = database_url or os.environ.get("DATABASE_URL") or f"sqlite:///{home}/db.sqlite3"
        env = _server_env(home, database, private)
        with write_atomic(home / "settings" / f"{SETTINGS_MODULE}.py") as handle:
            handle.write(SETTINGS)
        _set_up_once(home, python, env, database, private, say)
        url = f"http://127.0.0.1:{port}"
        with contextlib.ExitStack() as stack:
            web = stack.enter_context(_process(_web_command(python, port), home / "web.log", env))
            task = stack.enter_context(_process(_task_command(python), home / "task.log", env))
            say("waiting for doccano to answer")
            _wait_until_healthy(url, {web: home / "web.log", task: home / "task.log"})
            server = Server(url, private["user"], private["password"], home, web, task, env)
            write_private(home / "server.json", {"url": url, "pid": os.getpid()})
            stack.callback((home / "server.json").unlink, missing_ok=True)
            stack.callback(task.terminate)  # both end at once, so that stopping takes half as long
            stack.callback(web.terminate)
            # Exports lie in media/ where no login is asked for, and doccano never removes them.
            stack.callback(_remove_exports, home / "media")
            yield server


@contextlib.contextmanager
def until_stopped() -> Iterator[None]:
    """Run the block until Ctrl-C or SIGTERM, which then ends it as Ctrl-C does and goes no further."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, stop)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def serve_until_stopped(home: Path, *, port: int, say: Say) -> None:
    """Run a server until Ctrl-C or SIGTERM; returns when it has stopped. Raises ServiceError when one of its
    processes dies."""
    with until_stopped(), start_server(home, port=port, say=say) as server:
        say(f"doccano runs at {server.url}")
        say(f"log in as {server.user}; the password is in {home / 'secrets.json'}; Ctrl-C stops it")
        for process in itertools.cycle((server.web, server.task)):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(1)
                log = home / ("web.log" if process is server.web else "task.log")
                raise ServiceError(f"doccano stopped: {_last_line(log)}", todo=f"read {log}, start it again")
    say("doccano stopped; its data stay")


def running_url(home: Path) -> str | None:
    """The address of the server that runs on `home` now, or None."""
    try:
        return json.loads((home / "server.json").read_text(encoding="utf-8"))["url"]
    except (OSError, ValueError, KeyError):
        return None


@contextlib.contextmanager
def _only_one(home: Path) -> Iterator[None]:
    with open(home / "lock", "a") as handle:
        # The children inherit the lock, so it also holds after a killed parent that left them behind.
        os.set_inheritable(handle.fileno(), True)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            at = running_url(home)
            raise InputError(
                f"a doccano already runs on these data{f' at {at}' if at else ''}", file=home,
                todo="use it, or stop it: Ctrl-C where it runs, or end its gunicorn and celery",
            ) from None  # fmt: skip
        yield


@contextlib.contextmanager
def bound_socket(port: int) -> Iterator[socket.socket]:
    """A socket on 127.0.0.1:`port` (0: a free one); InputError where the port is taken."""
    with socket.socket() as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            raise InputError(
                f"port {port} on 127.0.0.1 is taken or not allowed", field="--port",
                todo="choose another, or 0 for a free one",
            ) from error  # fmt: skip
        yield bound


def _free_port(port: int) -> int:
    with bound_socket(port) as probe:
        return probe.getsockname()[1]


def _server_env(home: Path, database: str, private: dict[str, str]) -> dict[str, str]:
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "DJANGO", "VIRTUAL_ENV"))}
    return keep | {
        "DOCCANO_HOME": str(home),
        "DJANGO_SETTINGS_MODULE": SETTINGS_MODULE,
        "PYTHONPATH": str(home / "settings"),
        "STANDALONE": "True",
        "DATABASE_URL": database,
        "MEDIA_ROOT": str(home / "media"),
        "SECRET_KEY": private["secret_key"],
        "NO_PROXY": "127.0.0.1,localhost",  # auto-labelling asks an endpoint on this machine
        "PYTHONUNBUFFERED": "1",
    }


def _backend(python: Path) -> Path:
    return next(python.parent.parent.glob("lib/python3*/site-packages/backend"))


def _set_up_once(
    home: Path, python: Path, env: dict[str, str], database: str, private: dict[str, str], say: Say
) -> None:
    marker = home / ".set-up"
    stamp = sha256(database.encode())
    if (
        marker.is_file()
        and marker.read_text() == stamp
        and (not database.startswith("sqlite") or (home / "db.sqlite3").exists())
    ):
        return
    say("setting up its database (once)")
    sqlite, empty = database == f"sqlite:///{home}/db.sqlite3", python.parent.parent / ".baogao-empty.sqlite3"
    if sqlite and empty.exists() and not (home / "db.sqlite3").exists():
        shutil.copyfile(empty, home / "db.sqlite3")  # what init makes, in a tenth of a second
    else:
        check_run([str(python.with_name("doccano")), "init"], "set up doccano's database", env)
        if sqlite and not empty.exists() and not marker.exists():
            with write_atomic(empty, "wb") as handle:
                handle.write((home / "db.sqlite3").read_bytes())
    # By the environment, so that the password never shows in the list of processes.
    account = {"DJANGO_SUPERUSER_PASSWORD": private["password"]}
    create = [str(python), str(_backend(python) / "manage.py"), "createsuperuser", "--noinput"]
    try:
        check_run([*create, "--username", private["user"], "--email", "admin@localhost.invalid"],
                   "create doccano's admin", env | account)  # fmt: skip
    except ServiceError as error:
        if "already taken" not in error.what:
            raise
    if database.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(home / "db.sqlite3")) as opened:
            opened.execute("PRAGMA journal_mode=WAL")  # readers and a writer do not wait for each other
    marker.write_text(stamp)


def _web_command(python: Path, port: int) -> list[str]:
    # `doccano webserver` binds 0.0.0.0 whatever one says.
    return [
        str(python.with_name("gunicorn")), "--bind", f"127.0.0.1:{port}", "--preload", "--workers", "2",
        "--threads", "4", "--timeout", "120", "--graceful-timeout", "2", "--chdir", str(_backend(python)),
        "config.wsgi",
    ]  # fmt: skip


def _task_command(python: Path) -> list[str]:
    # Two, so that the health check is answered while an import runs.
    return [str(python.with_name("doccano")), "task", "--concurrency", "2"]


@contextlib.contextmanager
def _process(command: list[str], log: Path, env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A child in a process group of its own (Ctrl-C reaches it through us only), ended with the block."""
    with open(log, "ab") as output:
        process = subprocess.Popen(
            command, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            start_new_session=True, close_fds=False,
        )  # fmt: skip
    try:
        yield process
    finally:
        stop_group(process)


def stop_group(process: subprocess.Popen[bytes]) -> None:
    """End a process, which ends its children; what is left of its group after STOP_SECONDS is killed."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _wait_until_healthy(url: str, logs: dict[subprocess.Popen[bytes], Path]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        for process, log in logs.items():
            if process.poll() is not None:
                raise ServiceError(f"doccano stopped while starting: {_last_line(log)}", todo=f"read {log}")
        if health(url, timeout=15) == "ok":
            return
        if time.monotonic() > deadline:
            log = next(iter(logs.values()))
            raise ServiceError(
                f"doccano did not answer within {START_SECONDS} s: {_last_line(log)}", todo=f"read {log}"
            )
        time.sleep(0.2)


def is_loopback(url: str) -> bool:
    """Whether an address is of this machine only."""
    host = urlsplit(url).hostname or ""
    with contextlib.suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost"


def health(url: str, *, timeout: float) -> str:
    """`ok`, `unwell` (it answers, but its task worker or database does not) or `away`."""
    # A proxy of the environment cannot reach this machine's loopback.
    opener = urllib.request.build_opener(*[urllib.request.ProxyHandler({})] if is_loopback(url) else [])
    try:
        with opener.open(f"{url}/v1/health/?format=json", timeout=timeout):
            return "ok"
    except urllib.error.HTTPError:
        return "unwell"
    except (OSError, ValueError):
        return "away"


def _last_line(log: Path) -> str:
    lines = log.read_bytes()[-4000:].decode("utf-8", "replace").strip().splitlines() if log.exists() else []
    return lines[-1] if lines else "no message"


def _remove_exports(media: Path) -> None:
    for path in media.glob("*.zip"):
        path.unlink(missing_ok=True)
